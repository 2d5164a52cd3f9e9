"""Where statements begin, found without parsing: one broken statement does not hide the errors of the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nesy.dsl.words import STATEMENTS


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a text, usually one statement: its first line (from 0) and its offset in characters."""

    text: str
    line: int
    offset: int


_SCAN = re.compile(
    r"""(?P<skip>//[^\n]*|[ \t]+)
      | (?P<newline>\n)
      | (?P<string>"(?:[^"\\\n]|\\.)*"?)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<other>:-|<->|->|.)""",
    re.VERBOSE | re.DOTALL,
)
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
    for m in _SCAN.finditer(source):
        kind, text = m.lastgroup, m.group()
        if kind == "newline":
            line += 1
            line_start, fresh = m.end(), True
            continue
        if kind == "skip":
            continue
        if kind == "word" and fresh and text in STATEMENTS:
            called = source[m.end() : m.end() + 1] == "("
            outside = depth == 0 and previous not in _UNFINISHED
            margin = m.start() == line_start and previous != ","
            if (outside or margin) and not called and line_start > begin:
                yield Chunk(source[begin:line_start], first_line, begin)
                begin, first_line, depth = line_start, line, 0
        if text in ("(", "{", "["):
            depth += 1
        elif text in (")", "}", "]"):
            depth = max(depth - 1, 0)
        previous, fresh = text, False
    yield Chunk(source[begin:], first_line, begin)
