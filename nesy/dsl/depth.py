"""How deep formulas and settings are; everything that walks them relies on the limits checked here."""

from __future__ import annotations

from collections.abc import Iterable

from nesy.dsl.ast import Block, Formula, Settings, Value, children
from nesy.dsl.limits import NESTING, SETTINGS
from nesy.errors import Span, SpecSyntaxError


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


def settings_too_deep(block: Block, source: str | None = None) -> SpecSyntaxError | None:
    """An error when the settings of ``block`` are nested deeper than the limit; its place is the first that is."""
    row: list[tuple[Value, Span | None]] = [(block.settings, block.settings.span or block.span)]
    for _ in range(SETTINGS):  # row: the braces and brackets at one depth, each with its place
        row = [inner for value, place in row for inner in _nested(value, place)]
    if not row:
        return None
    return SpecSyntaxError(
        f"the settings are nested deeper than {SETTINGS} levels",
        span=row[0][1],
        source=source,
        hint="no setting of nesy needs more than a few levels: look for a bracket too many",
        code="E013",
    )


def _nested(value: Value, place: Span | None) -> list[tuple[Value, Span | None]]:
    """The braces and brackets directly inside of ``value``; one without a place stands where ``value`` does."""
    if isinstance(value, Settings):
        places = value.spans or (place,) * len(value.items)
        pairs: list[tuple[Value, Span | None]] = [(v, p) for (_, v), p in zip(value.items, places, strict=True)]
    else:
        pairs = [(v, place) for v in value] if isinstance(value, tuple) else []
    return [(v, p) for v, p in pairs if isinstance(v, Settings | tuple)]
