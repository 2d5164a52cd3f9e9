"""Colours for the text of specifications. It only marks words, so that any text, even a broken one, is shown."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from nesy.viz.html import Html, join, tag

if TYPE_CHECKING:
    from nesy.scenegraph.vocabulary import Vocabulary

_WORDS = {
    "kw": "domain class unary binary predicate rule constraint define spec import data captions perception train from",
    "op": "eventually always until release weak next previous once historically since then "
    "early mid late short medium long F G X U R W",
    "bool": "not and or true false distinct",
    "quant": "exists forall at least",
}
_KIND = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<number>\d+(?:\.\d+)?(?:%|ms|s)?)
      | (?P<symbol>:-|<->|->|!=|[&|!=@])
      | (?P<word>[^\W\d]\w*)""",
    re.VERBOSE,
)
_DECLARED = re.compile(r"^[ \t]*(class|unary|binary)[ \t]+(\w+(?:\s*,\s*\w+)*)", re.MULTILINE)


def colour(text: str, vocabulary: Vocabulary | None = None) -> Html:
    """``text``, unchanged but for ``<span class="t-...">`` around its tokens.

    Names are coloured as classes or predicates when the vocabulary, or a declaration in ``text`` itself, has them.
    """
    kinds = dict(_KIND)
    for kind, names in _DECLARED.findall(text):
        kinds |= {n: "cls" if kind == "class" else "pred" for n in re.findall(r"\w+", names)}
    if vocabulary is not None:
        kinds |= dict.fromkeys([*vocabulary.unary, *vocabulary.binary], "pred")
        kinds |= dict.fromkeys(vocabulary.classes, "cls")
    out: list[str] = []
    end = 0
    for m in _TOKEN.finditer(text):
        out.append(text[end : m.start()])
        out.append(_token(m, kinds, text))
        end = m.end()
    out.append(text[end:])
    return join(*out)


def _token(m: re.Match[str], kinds: dict[str, str], text: str) -> str:
    kind, word = m.lastgroup or "", m.group()
    if kind == "word":
        kind = kinds.get(word, "")
        if not kind and text[m.end() : m.end() + 1] == "(":
            kind = "pred"  # a rule's head, a macro or a custom predicate
        if word in _KIND and len(word) == 1 and text[m.end() : m.end() + 1] in _ARGUMENT:
            kind = ""  # a variable named like a textbook operator
    elif kind == "symbol":
        kind = "bool"
    return tag("span", word, class_=f"t-{kind}") if kind else word


_ARGUMENT: Collection[str] = (",", ")", ":")
