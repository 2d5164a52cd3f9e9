"""Specs written as items of LASER's first stage, for programs that read those."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.printer import to_text
from nesy.errors import SpecTypeError

_NESTED_REMEDY = "LASER's format knows existential objects and events that follow each other; keep this spec as .dsl"


def laser_item(name: str, formula: Formula) -> dict[str, Any]:
    """The item of one spec; reading it again gives an equal formula, but for the names of its variables.

    Raises:
        SpecTypeError: the spec is more than a sequence of events about existing objects.
    """
    bindings: tuple[ast.Binding, ...] = ()
    if isinstance(formula, ast.Exists):
        bindings, formula = formula.bindings, formula.body
    match formula:
        case ast.Then(parts, gaps) if not any(gaps):
            events = parts
        case ast.Eventually(body, None):
            events = (body,)
        case _:
            raise SpecTypeError(f"`{to_text(formula)}` is no sequence of events", hint=_NESTED_REMEDY)
    letters = {b.var: chr(ord("A") + i) for i, b in enumerate(bindings)}
    nouns = {b.var: b.sort or "object" for b in bindings}
    named = [f"name({letters[b.var]}, {_spaced(b.sort)})" for b in bindings if b.sort]
    stamps: dict[str, Any] = {}
    sentences: list[str] = []
    for i, event in enumerate(events, 1):
        hint = event if isinstance(event, ast.Hinted) else None
        body = hint.body if hint else event
        facts = body.args if isinstance(body, ast.And) else (body,)
        said = ", ".join(_sentence(f, letters, nouns) for f in facts)
        sentences.append(said)
        clauses = [_clause(f, letters) for f in facts]
        stamps[str(i)] = {
            "description": [said],
            "programmatic": [*(named if i == 1 else []), *clauses],
            **_places(hint),
        }
    return {"video_id": name, "sequential descriptions": sentences, "time stamps": stamps}


def _clause(f: Formula, letters: dict[str, str]) -> str:
    match f:
        case ast.Atom(predicate, args):
            return f"{_spaced(predicate)}({', '.join(letters[a] for a in args)})"
        case ast.Not(ast.Equal(a, b)):
            return f"neq({letters[a]}, {letters[b]})"
        case ast.Equal(a, b):
            return f"eq({letters[a]}, {letters[b]})"
        case ast.Not(body):
            return f"not({_clause(body, letters)})"
        case ast.And(args) | ast.Or(args):
            word = "and" if isinstance(f, ast.And) else "or"
            return f"{word}({', '.join(_clause(a, letters) for a in args)})"
    raise SpecTypeError(f"`{to_text(f)}` is no event without time", hint=_NESTED_REMEDY)


def _sentence(f: Formula, letters: dict[str, str], nouns: dict[str, str]) -> str:
    match f:
        case ast.Atom(predicate, (subject, *rest)):
            return " ".join(
                [_noun(subject, letters, nouns), _spaced(predicate), *(_noun(r, letters, nouns) for r in rest)]
            )
        case ast.Not(body):
            return f"not {_sentence(body, letters, nouns)}"
    return _clause(f, letters)


def _noun(variable: str, letters: dict[str, str], nouns: dict[str, str]) -> str:
    return f"{_spaced(nouns[variable])} {letters[variable]}"


def _spaced(name: str | None) -> str:
    return (name or "").replace("_", " ")


def _places(hint: ast.Hinted | None) -> dict[str, str]:
    """Duration and place in both of LASER's forms; where nothing is said, both are empty."""
    found = {"duration": "", "duration precise": "", "video location": "", "video location precise": ""}
    if hint is None:
        return found
    match hint.location:
        case str(word):
            found["video location"] = word
        case (lo, hi):
            found["video location precise"] = f"[{lo}, {hi}]"
            found["video location"] = ("early", "mid", "late")[min(2, int(3 * (lo + hi) / 2))]
    match hint.duration:
        case str(length):
            found["duration"] = length
        case Fraction() as share:
            found["duration precise"] = str(share)
            found["duration"] = "short" if share <= Fraction(1, 3) else "medium" if share <= Fraction(2, 3) else "long"
    return found
