"""From a parser's state to one error: what was found, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lark import UnexpectedInput, UnexpectedToken

from nesy.dsl.expected import in_words
from nesy.dsl.recovery import Chunk
from nesy.dsl.remedies import Fault, remedy
from nesy.dsl.scan import CLOSERS, OPENERS, Piece, open_brackets, tokens
from nesy.dsl.words import STATEMENTS
from nesy.errors import Span, SpecSyntaxError, did_you_mean


@dataclass(frozen=True)
class Mistake:
    """An unexpected character or token in a chunk.

    cause: the parser's exception.
    start: the rule of the grammar with which the chunk was parsed, ``module`` or ``formula``.
    literals: the literal text of each terminal that has one.
    """

    cause: UnexpectedInput
    chunk: Chunk
    start: str
    literals: Mapping[str, str]

    @property
    def at_end(self) -> bool:
        return isinstance(self.cause, UnexpectedToken) and self.cause.token.type == "$END"

    @cached_property
    def tokens(self) -> list[Piece]:
        return tokens(self.chunk.text)

    @cached_property
    def position(self) -> int:
        """Offset of the fault in the chunk; where the last token ends when the chunk ends too early."""
        if self.at_end:
            return self.tokens[-1].end if self.tokens else 0
        return self.cause.pos_in_stream or 0

    @cached_property
    def accepted(self) -> frozenset[str]:
        """What could stand here: literal texts, and NAME, STRING, INTEGER, NUMBER, QUANTITY, $END."""
        parser: Any = getattr(self.cause, "interactive_parser", None)
        names = () if parser is None else parser.accepts()
        return frozenset(self.literals.get(n, n) for n in names)

    def split(self) -> tuple[str, str]:
        """The complete statements before the fault, and the rest."""
        text, at = self.chunk.text, self.position
        return (text[:at], text[at:]) if "$END" in self.accepted and not self.at_end else ("", text)

    def span(self, start: int, end: int, file: str) -> Span:
        before = self.chunk.text[:start]
        line = self.chunk.line + before.count("\n") + 1
        column = start - (before.rfind("\n") + 1) + 1
        return Span(file, line, column, line, column + max(1, end - start))


def explain_mistake(mistake: Mistake, file: str, source: str) -> SpecSyntaxError:
    """The error that a reader of the text can act on."""
    before = [p for p in mistake.tokens if p.start < mistake.position]
    found = None if mistake.at_end else _found(mistake)
    fault = Fault(before, found, mistake.accepted, _fresh_line(mistake, found), mistake.start)

    def error(code: str, message: str, hint: str | None, at: Piece | None = found) -> SpecSyntaxError:
        start, end = (at.start, at.end) if at is not None else (mistake.position, mistake.position)
        expected = in_words(mistake.accepted) if code in ("E001", "E002", "E006") and at is found else ()
        span = mistake.span(start, end, file)
        return SpecSyntaxError(message, span=span, source=source, expected=expected, hint=hint, code=code)

    special = remedy(fault)
    if special is not None and special.code:
        return error(special.code, special.message, special.hint, special.at or found)
    hint = special.hint if special else None
    open_ = open_brackets(before)
    if found is None:
        if open_ and OPENERS[open_[-1].text] in mistake.accepted:
            return _never_closed(error, open_[-1])
        return error("E001", "the text ends too early" if before else "there is nothing here", hint, None)
    if found.text in CLOSERS:
        if not open_:
            return error("E005", f"`{found.text}` closes nothing", hint or "leave it out, or add what it should close")
        if open_[-1].text != CLOSERS[found.text] and OPENERS[open_[-1].text] in mistake.accepted:
            return _never_closed(error, open_[-1])
    if found.kind == "string" and not (len(found.text) > 1 and found.text.endswith('"')):
        return error("E003", "the string never ends", 'close it with `"` on the same line')
    if not isinstance(mistake.cause, UnexpectedToken):
        return error("E002", f"unexpected character `{found.text}`", hint)
    if fault.fresh_line and "spec" in mistake.accepted and found.kind == "word" and hint is None:
        near = did_you_mean(found.text, STATEMENTS)
        return error("E006", f"`{found.text}` does not begin a statement", near)
    return error("E001", f"unexpected {_called(found)}", hint)


def _never_closed(error: Any, opener: Piece) -> SpecSyntaxError:
    closer = OPENERS[opener.text]
    made: SpecSyntaxError = error("E005", f"`{opener.text}` is never closed", f"add the missing `{closer}`", opener)
    return made


def _found(mistake: Mistake) -> Piece:
    """The piece of text at the fault."""
    at = mistake.position
    for p in mistake.tokens:
        if p.start <= at < p.end:  # the parser may stop inside of what a reader sees as one word
            return p if p.start == at else Piece(p.kind, p.text[at - p.start :], at)
    return Piece("symbol", mistake.chunk.text[at : at + 1], at)


def _fresh_line(mistake: Mistake, found: Piece | None) -> bool:
    """Whether the fault is the first word of its line."""
    if found is None:
        return False
    begin = mistake.chunk.text.rfind("\n", 0, found.start) + 1
    return not mistake.chunk.text[begin : found.start].strip()


def _called(p: Piece) -> str:
    return p.text if p.kind == "string" else f"`{p.text}`"
