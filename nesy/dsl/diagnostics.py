"""What is wrong with a text, as data: one table of codes, one class for errors and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from nesy.errors import ErrorGroup, NesyError, Span, told

CODES = {
    "E001": "something else was expected here",
    "E002": "a character that the language does not have",
    "E003": "a string that never ends",
    "E004": "a keyword used as a name",
    "E005": "a bracket that is never closed, or closes nothing",
    "E006": "not the beginning of a statement",
    "E007": "a window with two different units",
    "E008": "a number that cannot stand here",
    "E009": "an unknown escape in a string",
    "E010": "a hint that is not a part of the clip",
    "E011": "a file that cannot be read",
    "E012": "a text larger than the limit",
    "E013": "a formula, or settings, nested deeper than the limit",
    "E014": "an unknown word where an operator belongs",
    "E020": "an unknown predicate",
    "E021": "a wrong number of arguments",
    "E022": "a variable that no quantifier binds",
    "E023": "an unknown class",
    "E024": "a name declared twice",
    "E025": "a variable bound twice by one quantifier",
    "E026": "a predicate where a class belongs, or the other way round",
    "E027": "an object of the wrong class",
    "E028": "a block or a setting given twice",
    "E029": "`distinct` of fewer than two objects",
    "E030": "`captions from data` without a `data` block",
    "E040": "a window whose end is before its beginning",
    "E041": "a window beyond the clip",
    "E042": "a window in which no frame of the clip lies",
    "E060": "a variable twice in the head of a rule or macro",
    "E061": "a variable of a rule's head that its body does not bind",
    "E062": "a variable of a rule that occurs only under negation",
    "E063": "a rule that depends on its own negation",
    "E064": "a macro that uses itself",
    "E065": "a recursive rule where it would have to be unfolded",
    "E070": "an imported file that cannot be read",
    "E071": "files that import each other",
    "E072": "an import that is not a relative path",
    "E080": "more quantified variables than the limit",
    "E081": "a formula that is too large once macros and rules are unfolded",
    "E090": "a block that names something there is not",
    "E091": "a setting that a block does not have, or a value that it cannot have",
    "E092": "a predicate with code that is not known, or has other parameters",
    "W001": "a variable that is never used",
    "W002": "a variable that hides another one",
    "W003": "a condition that is always false or always true",
    "W004": "an `eventually` that undoes the order of `then`",
    "W005": "a variable without class beside one with a class",
}
"""Every code with what it stands for. Codes never change their meaning."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning with its place, what was expected and the remedy."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    span: Span | None = None
    source: str | None = None
    expected: tuple[str, ...] = ()
    hint: str | None = None

    def __str__(self) -> str:
        return told(f"{self.severity}[{self.code}]", self)

    def to_json(self) -> dict[str, Any]:
        """For editors: lines and columns count from 1, the end column is exclusive."""
        place = self.span and {
            "file": self.span.file,
            "line": self.span.line,
            "column": self.span.column,
            "end_line": self.span.end_line,
            "end_column": self.span.end_column,
        }
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "place": place,
            "expected": list(self.expected),
            "help": self.hint,
        }

    @classmethod
    def of(cls, error: NesyError) -> Diagnostic:
        """The same as data."""
        return cls(error.code or "E000", "error", error.message, error.span, error.source, error.expected, error.hint)


def flatten(error: NesyError) -> Iterator[NesyError]:
    """The single errors of an error or of a (nested) group."""
    if isinstance(error, ErrorGroup):
        for e in error.errors:
            yield from flatten(e)
    else:
        yield error


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place, file by file in order of appearance; each said once."""
    unique = list(dict.fromkeys(diagnostics))
    files = list(dict.fromkeys(d.span.file for d in unique if d.span))
    return sorted(
        unique, key=lambda d: (files.index(d.span.file), d.span.line, d.span.column) if d.span else (-1, 0, 0)
    )
