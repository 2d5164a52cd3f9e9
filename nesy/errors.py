"""The one family of exceptions that nesy raises for a user's mistake.

Every error says what is wrong, where (when a place exists), what was expected and what to do. The command line prints
``str(error)`` and nothing else; library code never uses ``assert`` or a bare ``Exception`` for bad input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text; lines and columns count from 1, the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class NesyError(Exception):
    """A user's mistake, told once.

    Args:
        message: what is wrong, one sentence.
        span: where, if the input was text.
        source: the whole source text that ``span`` points into, for the line with a caret.
        expected: what would have been accepted, in words.
        hint: the remedy, one line.
        code: a stable identifier such as ``E012``.
    """

    def __init__(
        self,
        message: str,
        *,
        span: Span | None = None,
        source: str | None = None,
        expected: Iterable[str] = (),
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.source = source
        self.expected = tuple(expected)
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return told(f"error[{self.code}]" if self.code else "error", self)


class SpecSyntaxError(NesyError):
    """The text of a ``.dsl`` file or formula does not parse."""


class SpecTypeError(NesyError):
    """The text parses, but a name, an arity, a sort or a window is wrong."""


class GroundingError(NesyError):
    """A formula or program cannot be evaluated on this data (missing predicate, budget exceeded, no fps)."""


class DataError(NesyError):
    """A file or sample of the user's data is missing, broken or inconsistent."""


class CheckpointError(NesyError):
    """A saved run is missing, incomplete or does not fit the configuration."""


class ErrorGroup(NesyError):
    """Several independent errors of one input, reported together."""

    def __init__(self, errors: Iterable[NesyError]) -> None:
        self.errors = tuple(errors)
        super().__init__(f"{len(self.errors)} errors")

    def __str__(self) -> str:
        return "\n\n".join(str(e) for e in self.errors)


class Fault(Protocol):
    """What is told of a mistake: see :class:`NesyError`."""

    @property
    def message(self) -> str: ...
    @property
    def span(self) -> Span | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def expected(self) -> tuple[str, ...]: ...
    @property
    def hint(self) -> str | None: ...


def told(kind: str, fault: Fault) -> str:
    """A mistake as text: place, kind, message, the line with a caret, what was expected, the remedy."""
    lines = [f"{f'{fault.span}: ' if fault.span else ''}{kind}: {fault.message}"]
    if fault.span and fault.source is not None:
        lines += excerpt(fault.source, fault.span)
    if fault.expected:
        lines.append("  expected: " + ", ".join(fault.expected))
    if fault.hint:
        lines.append(f"  help: {fault.hint}")
    return "\n".join(lines)


def excerpt(source: str, span: Span) -> list[str]:
    """The source line of ``span`` with a caret line below it."""
    lines = source.split("\n")  # as places are counted: other line ends of Unicode are not ends here
    if not 1 <= span.line <= len(lines):
        return []
    text = re.sub(r"[\t\r\x0b\x0c\x85\u2028\u2029]", " ", lines[span.line - 1]).rstrip()
    end = span.end_column if span.end_line == span.line else len(text) + 1
    width = max(1, min(end, len(text) + 1) - span.column)
    gutter = f"{span.line:>5} | "
    if len(text) > 160:  # keep a very long line readable: show the neighbourhood of the fault
        start = max(0, span.column - 60)
        text, column = text[start : start + 160], span.column - start
        width = min(width, 160 - column + 1)
    else:
        column = span.column
    return [gutter + text, " " * len(gutter) + " " * (column - 1) + "^" * max(1, width)]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``did you mean `x`?`` for the nearest known name, else None."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None
