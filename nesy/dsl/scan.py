"""Words, strings, comments and brackets of any text, also of one that does not parse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PIECE = re.compile(
    r"""(?P<comment>//[^\n]*)
      | (?P<space>[ \t\r]+)
      | (?P<newline>\n)
      | (?P<string>"(?:[^"\\\n]|\\.)*"?)
      | (?P<number>[0-9]+(?:[./][0-9]+)?(?:[eE][+-]?[0-9]+|ms|s|%)?)
      | (?P<word>[^\W\d]\w*)
      | (?P<symbol><->|:-|->|!=|<=|>=|==|&&|\|\||=>|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text of one kind: comment, space, newline, string, number, word or symbol."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def pieces(text: str) -> Iterator[Piece]:
    """Cut ``text`` into pieces; together they are the whole text."""
    for m in _PIECE.finditer(text):
        yield Piece(m.lastgroup or "", m.group(), m.start())


def tokens(text: str) -> list[Piece]:
    """The pieces that mean something: no space, line ends or comments."""
    return [p for p in pieces(text) if p.kind not in ("space", "newline", "comment")]


CLOSERS = {")": "(", "]": "[", "}": "{"}
OPENERS = {opener: closer for closer, opener in CLOSERS.items()}


def open_brackets(row: Sequence[Piece]) -> list[Piece]:
    """The brackets of ``row`` that are still open at its end; a closer without its opener is passed over."""
    stack: list[Piece] = []
    for p in row:
        if p.text in OPENERS:
            stack.append(p)
        elif p.text in CLOSERS and stack and stack[-1].text == CLOSERS[p.text]:
            stack.pop()
    return stack
