"""All that is wrong with a text or file, as data and in one run: what editors and ``nesy check`` ask for."""

from __future__ import annotations

from pathlib import Path

from nesy.dsl.check import check_module, find_mistakes
from nesy.dsl.diagnostics import Diagnostic, flatten, in_order
from nesy.dsl.parser import Parsed, load_partially, parse_partially
from nesy.errors import ErrorGroup


def diagnose(path: str | Path) -> list[Diagnostic]:
    """Errors and warnings of a file and of what it imports, in order of place. Never raises."""
    return _diagnose(load_partially(path))


def diagnose_text(text: str, file: str = "<text>") -> list[Diagnostic]:
    """Errors and warnings of the text of a ``.dsl`` file; imports are not followed. Never raises.

    >>> [d.code for d in diagnose_text("class cat spec s: exists c: cta { jumping(c) }")]
    ['E023', 'E020']
    """
    return _diagnose(parse_partially(text, file))


def _diagnose(parsed: Parsed) -> list[Diagnostic]:
    syntax = [Diagnostic.of(e) for error in parsed.errors for e in flatten(error)]
    found = in_order([*syntax, *find_mistakes(parsed.module, parsed.lost)])
    if any(d.severity == "error" for d in found):
        return found
    try:
        check_module(parsed.module)
    except ErrorGroup as group:  # what only unfolding macros and rules brings to light
        return in_order([*found, *(Diagnostic.of(e) for e in flatten(group))])
    return found
