"""From a parser's state to a sentence: what was found, what was expected, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lark import UnexpectedInput, UnexpectedToken

from nesy.dsl.recovery import Chunk
from nesy.errors import Span, SpecSyntaxError


@dataclass(frozen=True)
class Mistake:
    """An unexpected character or token in a chunk that was parsed from ``start``."""

    cause: UnexpectedInput
    chunk: Chunk
    start: str

    @property
    def position(self) -> int:
        """Offset of the fault in the chunk; its length when the chunk ends too early."""
        pos = self.cause.pos_in_stream
        if isinstance(self.cause, UnexpectedToken) and self.cause.token.type == "$END":
            return len(self.chunk.text.rstrip())
        return len(self.chunk.text) if pos is None else pos

    def split(self) -> tuple[str, str]:
        """The complete statements before the fault, and the rest."""
        text, at = self.chunk.text, self.position
        ended = isinstance(self.cause, UnexpectedToken) and "$END" in self.accepted()
        return (text[:at], text[at:]) if ended else ("", text)

    def accepted(self) -> frozenset[str]:
        """The terminals that could stand here."""
        if isinstance(self.cause, UnexpectedToken):
            return frozenset(self.cause.accepts or self.cause.expected)
        return frozenset(getattr(self.cause, "allowed", None) or ())


def explain_mistake(mistake: Mistake, file: str, source: str) -> SpecSyntaxError:
    """The error that a reader of the text can act on."""
    text, at = mistake.chunk.text, mistake.position
    found = re.match(r"[A-Za-z_]\w*|\S", text[at:])
    word = found.group() if found else ""
    before = text[:at]
    line = mistake.chunk.line + before.count("\n") + 1
    column = at - (before.rfind("\n") + 1) + 1
    span = Span(file, line, column, line, column + max(1, len(word)))
    what = f"unexpected `{word}`" if word else "unexpected end of the text"
    return SpecSyntaxError(what, span=span, source=source, code="E001")
