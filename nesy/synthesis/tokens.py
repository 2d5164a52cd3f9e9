"""Captions to words: contractions, punctuation, and slips of the fingers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from nesy.synthesis.english import PLAIN

END = "."
MAX_WORDS = 400
"""Words of a caption that are read; a longer one is cut with a note."""

WORD = re.compile(r"->|=>|→|[^\W\d_]+(?:[-'][^\W\d_]+)*|\d+|[.,;:!?()&/\n>–—-]")
CONTRACTIONS = {"can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not", "ain't": "is not",
                "let's": "let us", "i'm": "i am"}  # fmt: skip
TAILS = {"'re": "are", "'ve": "have", "'ll": "will", "'d": "would"}
PRONOUN_IS = frozenset({"it's", "he's", "she's", "that's", "there's", "who's", "here's"})


def tokenize(text: str) -> list[str]:
    """Lower-case words and punctuation: sentence ends become ``.``, other pauses ``,``; ``'s`` stands alone."""
    out: list[str] = []
    for raw in WORD.findall(text.lower().replace("’", "'").replace("`", "'").replace("…", ".")):
        word = raw.strip("'-") if len(raw) > 1 and raw[0] not in "-=" else raw
        if word in (".", ";", "!", "?", "\n"):
            out.append(END)
        elif word in (",", ":", "(", ")", "-", "–", "—"):
            out.append(",")
        elif word == "/":
            out.append("or")
        elif word in CONTRACTIONS:
            out += CONTRACTIONS[word].split()
        elif word.endswith("n't"):
            out += [word[:-3], "not"]
        elif word in PRONOUN_IS:
            out += [word[:-2], "is"]
        elif word.endswith("'s"):
            out += [word[:-2], "'s"]
        else:
            tail = next((t for t in TAILS if word.endswith(t)), None)
            out += [word[: -len(tail)], TAILS[tail]] if tail else [word]
    return out


def one_slip(typed: str, meant: str) -> bool:
    """Whether one slip makes ``meant`` into ``typed``: a letter too many, too few, wrong, or two letters swapped.

    The first letter is always right, and in short words no letter is wrong or missing: such slips make other words.
    """
    if typed == meant or typed[:1] != meant[:1] or abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    a, b = typed[start:], meant[start:]
    if len(a) == len(b):
        swapped = len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
        return swapped or (len(typed) >= 7 and a[1:] == b[1:])
    return a[1:] == b if len(a) > len(b) else len(meant) >= 5 and a == b[1:]


class Speller:
    """Turns unknown words into the one known word that is a slip away.

    Args:
        known: every word that is understood; only those of four letters and more are corrected to.
        meaning: what a word stands for; several candidates with one meaning are no doubt.
        plain: words of English that are not understood, and no slips either.
    """

    def __init__(self, known: Iterable[str], meaning: Callable[[str], object] = str, plain: Iterable[str] = ()) -> None:
        self.known = frozenset(known)
        self._plain = PLAIN.union(plain)
        self._meaning = meaning
        self._long = sorted(w for w in self.known if len(w) >= 4 and w.isalpha())

    def correct(self, word: str) -> str | None:
        """The word that was meant; None when ``word`` is known, plain English, too short, or could be several."""
        if word in self.known or word in self._plain or len(word) < 4 or not word.isalpha():
            return None
        found = [w for w in self._long if abs(len(w) - len(word)) <= 1 and one_slip(word, w)]
        return found[0] if len({self._meaning(w) for w in found}) == 1 else None
