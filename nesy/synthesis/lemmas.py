"""The base forms that an English word can be an inflection of; a set, because spelling alone does not decide."""

from __future__ import annotations

import re
from functools import lru_cache

from nesy.synthesis.morphology import ALSO_PAST, IRREGULAR, IRREGULAR_PLURALS

_ODD: dict[str, set[str]] = {
    "is": {"be"},
    "are": {"be"},
    "was": {"be"},
    "were": {"be"},
    "been": {"be"},
    "has": {"have"},
}
for _verb, (_past, _participle) in IRREGULAR.items():
    _ODD.setdefault(_past, set()).add(_verb)
    _ODD.setdefault(_participle, set()).add(_verb)
for _verb, _past in ALSO_PAST.items():
    _ODD.setdefault(_past, set()).add(_verb)
for _noun, _plural in IRREGULAR_PLURALS.items():
    _ODD.setdefault(_plural, set()).add(_noun)
_SUFFIXES = (("ying", "ie"), ("ing", ""), ("ing", "e"), ("ied", "y"), ("ed", ""), ("ed", "e"))
_PLURALS = (("ies", "y"), ("es", ""), ("s", ""), ("ves", "f"))


@lru_cache(maxsize=10_000)
def lemmas(word: str) -> frozenset[str]:
    """``word`` itself and the words that it may be a form of.

    >>> sorted(lemmas("stopped"))
    ['stop', 'stopp', 'stoppe', 'stopped']
    """
    word = word.lower()
    found = {word, *_ODD.get(word, ())}
    for suffix, base in (*_SUFFIXES, *_PLURALS):
        stem = word[: -len(suffix)]
        if (
            not word.endswith(suffix)
            or len(stem) < (1 if suffix == "ying" else 2)
            or (suffix == "s" and stem[-1] in "su")
        ):
            continue
        found.add(stem + base)
        if suffix in ("ing", "ed") and not base and len(stem) > 2 and stem[-1] == stem[-2]:
            found.add(stem[:-1])
    return frozenset(found)


_SILENT = frozenset(("be", "being", "is", "are", "was", "were", "the", "a", "an"))


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name or phrase without articles and forms of be: ``is_standingOn`` is standing, on."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = [w.lower() for w in re.findall(r"[^\W_]+", spaced)]
    return tuple(w for w in words if w not in _SILENT) or tuple(words)


def alike(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether two phrases have the same words, each in any inflection."""
    return len(a) == len(b) and all(lemmas(x) & lemmas(y) for x, y in zip(a, b, strict=True))
