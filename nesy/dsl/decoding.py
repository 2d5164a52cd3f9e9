"""The grammar of formulas for constrained decoding (llguidance): what a model can say, the parser can read.

It is the formula part of ``grammar.lark`` with the changes that a decoder needs, because it has no notion of whole
words: word operators end in a space (else ``p(x) andq(x)`` could be said), names are not keywords, and there are no
comments.
"""

from __future__ import annotations

import re

from nesy.dsl.parser import grammar_text
from nesy.dsl.signature import Signature
from nesy.dsl.words import QUANTIFIER_DETAILS, RESERVED


def formula_grammar(signature: Signature | None = None, *, end: str = "") -> str:
    """A Lark grammar in llguidance's dialect whose start rule is one formula followed by ``end``.

    signature: the vocabulary; predicates then have its names with the right number of arguments and variables its
        classes. Without it, any names.
    end: a text to stop at, for example ``"\\n"``.
    """
    text = grammar_text()
    text = text[text.index("// Formulas") :]
    text = _with_spaces(text)
    text = re.sub(r"^%ignore .*$", "", text, flags=re.MULTILINE) + "%ignore / /\n"
    words = "|".join(sorted({*RESERVED, *QUANTIFIER_DETAILS}))
    text = re.sub(r"^NAME: (/.*/)$", rf"NAME: \1 & ~/({words})/", text, flags=re.MULTILINE)
    if signature is not None:
        text = _with_vocabulary(text, signature)
    stop = f' "{end}"'.replace("\n", "\\n") if end else ""
    return f"start: formula{stop}\n{text}"


def _with_spaces(text: str) -> str:
    """Every word ends in a space, but for an operator before the bracket of its window: ``eventually[2,10]``."""
    spaced = re.sub(r'"([A-Za-z]+)"', r'"\1 "', text)
    spaced = spaced.replace('"distinct " "("', '"distinct" "("')
    spaced = spaced.replace('"then " window?', '"then " | "then" window')
    windowed = dict.fromkeys(re.findall(r"(_\w+) window\?", spaced))
    spaced = re.sub(r"(_\w+) window\?", r"(\1 | \1_at window)", spaced)
    rules = dict(re.findall(r"^(_\w+): (.*)$", text, flags=re.MULTILINE))
    for name in windowed:
        body = rules[name].replace('"weak" _until', '"weak " _until_at')
        spaced += f"\n{name}_at: {body}"
    return spaced + "\n"


def _with_vocabulary(text: str, signature: Signature) -> str:
    by_arity: dict[int, list[str]] = {}
    for name in signature.names():
        by_arity.setdefault(len(signature.parameters(name) or ()), []).append(name)
    atoms = [
        f'{_one_of(names)} "(" {" ".join(["NAME", *[chr(34) + "," + chr(34) + " NAME"] * (n - 1)]) if n else ""} ")"'
        for n, names in sorted(by_arity.items())
    ]
    text = re.sub(r"^atom: .*$", lambda _: "atom: " + "\n    | ".join(atoms), text, flags=re.MULTILINE)
    classes = f'NAME ":" {_one_of(list(signature.classes))} | NAME' if signature.classes else "NAME"
    return re.sub(r"^binding: .*$", lambda _: f"binding: {classes}", text, flags=re.MULTILINE)


def _one_of(names: list[str]) -> str:
    return "(" + " | ".join(f'"{n}"' for n in names) + ")"
