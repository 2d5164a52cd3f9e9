"""Where statements begin, found without parsing: one broken statement does not hide the errors of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nesy.dsl.scan import CLOSERS, OPENERS, pieces
from nesy.dsl.words import STATEMENTS


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a text, usually one statement: its first line (from 0) and its offset in characters."""

    text: str
    line: int
    offset: int


_UNFINISHED = frozenset((
    *STATEMENTS[:10], "from", "not", "and", "or", "then", "until", "release", "since", "weak", "next", "eventually",
    "always", "previous", "once", "historically", "exists", "forall", "count",
    ",", ":", ":-", "=", "->", "<->", "&", "|", "!", "(", "[", "@",
))  # fmt: skip
"""Words and symbols after which a statement goes on."""


def chunks(source: str) -> Iterator[Chunk]:
    """Cut ``source`` in front of every statement.

    A statement begins with its keyword as the first word of a line: anywhere outside of brackets when the line before
    is not visibly unfinished, and in the first column even inside of brackets (then a bracket was never closed).
    """
    begin = first_line = line = depth = 0
    line_start, previous, fresh = 0, "", True
    for p in pieces(source):
        if p.kind == "newline":
            line += 1
            line_start, fresh = p.end, True
            continue
        if p.kind in ("space", "comment"):
            continue
        if fresh and p.text in STATEMENTS:
            called = source[p.end : p.end + 1] == "("
            outside = depth == 0 and previous not in _UNFINISHED
            margin = p.start == line_start and previous != ","
            if (outside or margin) and not called and line_start > begin:
                yield Chunk(source[begin:line_start], first_line, begin)
                begin, first_line, depth = line_start, line, 0
        depth = max(0, depth + (p.text in OPENERS) - (p.text in CLOSERS))
        previous, fresh = p.text, False
    yield Chunk(source[begin:], first_line, begin)
