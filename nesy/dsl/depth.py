"""How deep and how large formulas are; everything that walks them relies on the limit checked here."""

from __future__ import annotations

from collections.abc import Iterable

from nesy.dsl.ast import Formula, children
from nesy.dsl.limits import NESTING
from nesy.errors import SpecSyntaxError


def depth(f: Formula) -> int:
    """The number of nodes on the longest way from ``f`` to an atom; iterative, and linear also on shared formulas."""
    known: dict[int, int] = {}
    stack = [f]
    while stack:
        g = stack[-1]
        below = children(g)
        waiting = [h for h in below if id(h) not in known]
        if waiting:
            stack.extend(waiting)
        else:
            known[id(g)] = 1 + max((known[id(h)] for h in below), default=0)
            stack.pop()
    return known[id(f)]


def too_deep(formulas: Iterable[Formula], source: str | None = None) -> list[SpecSyntaxError]:
    """An error for every formula that is nested deeper than the limit."""
    errors = []
    for f in formulas:
        level, row = 0, [f]
        while row and level < NESTING:  # row: the nodes at one depth
            level, row = level + 1, [h for g in row for h in children(g)]
        if row:
            errors.append(
                SpecSyntaxError(
                    f"the formula is nested deeper than {NESTING} levels",
                    span=row[0].span or f.span,
                    source=source,
                    hint="give parts of it a name with `define`, or split it into several specs",
                    code="E013",
                )
            )
    return errors
