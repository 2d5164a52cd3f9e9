"""Smaller formulas of the same meaning, and equal subformulas as one object."""

from __future__ import annotations

from collections.abc import Sequence

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.dsl.fold import fold

TRUE, FALSE = ast.Truth(True), ast.Truth(False)


def share(f: Formula) -> Formula:
    """``f`` as a graph in which equal subformulas are one object."""
    return fold(f, _Interned().of)


def nodes(f: Formula) -> int:
    """The number of different subformula objects of ``f``."""
    seen: set[int] = set()
    stack = [f]
    while stack:
        g = stack.pop()
        if id(g) not in seen:
            seen.add(id(g))
            stack.extend(ast.children(g))
    return len(seen)


def simplify(f: Formula) -> Formula:
    """An equivalent formula, never larger, with equal parts shared.

    Constants, repeated and complementary parts are removed, nested operators of one kind merged, equal operators under
    ``and`` and ``or`` collected. Nothing is assumed of the trace; on the empty one ``eventually true`` is false, for
    example, so it stays.
    """
    interned = _Interned()
    return fold(f, lambda g, parts: interned.of(_rule(g, list(parts), interned)))


class _Interned:
    """Gives equal formulas one object."""

    def __init__(self) -> None:
        self._table: dict[Formula, Formula] = {}

    def of(self, f: Formula, parts: Sequence[Formula] | None = None) -> Formula:
        if parts is not None and any(a is not b for a, b in zip(parts, ast.children(f), strict=True)):
            f = ast.replace_children(f, tuple(parts))
        return self._table.setdefault(f, f)


def _rule(f: Formula, parts: list[Formula], interned: _Interned) -> Formula:
    """``f`` over its simplified operands, simplified."""
    match f:
        # Before windows are added up: beside another one, an empty window would no longer be seen to be empty.
        case (
            ast.Eventually(_, Window(empty=True)) | ast.Once(_, Window(empty=True))
            | ast.Until(_, _, Window(empty=True)) | ast.Since(_, _, Window(empty=True))
        ):  # fmt: skip
            return FALSE
        case (
            ast.Always(_, Window(empty=True)) | ast.Historically(_, Window(empty=True))
            | ast.Release(_, _, Window(empty=True))
        ):  # fmt: skip
            return TRUE
        case ast.Not():
            return _negated(parts[0])
        case ast.And() | ast.Or():
            return _joined(f, parts, interned)
        case ast.Implies():
            return _joined(ast.Or((f, f)), [interned.of(_negated(parts[0])), parts[1]], interned)
        case ast.Iff():
            return _iff(parts[0], parts[1])
        case ast.Equal(a, b):
            return TRUE if a == b else ast.Equal(min(a, b), max(a, b), span=f.span)
        case ast.Distinct(args):
            return FALSE if len(set(args)) < len(args) else ast.Distinct(tuple(sorted(args)), span=f.span)
        case ast.Next() | ast.Previous() | ast.Eventually() | ast.Once() | ast.Exists() if parts[0] == FALSE:
            return FALSE
        case ast.WeakNext() | ast.WeakPrevious() | ast.Always() | ast.Historically() | ast.Forall() if parts[0] == TRUE:
            return TRUE
        case ast.Eventually() | ast.Always() | ast.Once() | ast.Historically():
            return _merged(f, parts[0])
        case ast.Until(_, _, w) | ast.Since(_, _, w):
            if parts[1] == FALSE:
                return FALSE
            if parts[0] == TRUE:
                one = ast.Eventually if isinstance(f, ast.Until) else ast.Once
                return _merged(one(parts[1], w, span=f.span), parts[1])
        case ast.Release(_, _, w):
            if parts[1] == TRUE:
                return TRUE
            if parts[0] == FALSE:
                return _merged(ast.Always(parts[1], w, span=f.span), parts[1])
        case ast.WeakUntil(_, _, None):
            if parts[0] == TRUE or parts[1] == TRUE:
                return TRUE
            if parts[1] == FALSE:
                return _merged(ast.Always(parts[0], None, span=f.span), parts[0])
        case ast.ExistsAtLeast(n, bindings):
            if n <= 0:
                return TRUE
            if parts[0] == FALSE:
                return FALSE
            if n == 1:
                return ast.Exists(bindings, parts[0], span=f.span)
    same = all(a is b for a, b in zip(parts, ast.children(f), strict=True))
    return f if same else ast.replace_children(f, tuple(parts))


def _negated(f: Formula) -> Formula:
    match f:
        case ast.Not(body):
            return body
        case ast.Truth(value):
            return ast.Truth(not value)
    return ast.Not(f)


def _iff(a: Formula, b: Formula) -> Formula:
    if a == b:
        return TRUE
    for x, y in ((a, b), (b, a)):
        if isinstance(x, ast.Truth):
            return y if x.value else _negated(y)
    return ast.Iff(a, b)


def _joined(f: Formula, parts: list[Formula], interned: _Interned) -> Formula:
    """A conjunction or disjunction: flat, without units, repetitions and complements, operators collected."""
    conjunction = isinstance(f, ast.And)
    kind, unit, zero = (ast.And, TRUE, FALSE) if conjunction else (ast.Or, FALSE, TRUE)
    row: dict[Formula, None] = {}
    for p in parts:
        for g in p.args if isinstance(p, ast.And | ast.Or) and isinstance(p, kind) else (p,):
            if g == zero:
                return zero
            if g != unit:
                row[g] = None
    row = dict.fromkeys(_collected(list(row), conjunction, interned))
    if any(_negated(g) in row for g in row if isinstance(g, ast.Not)):
        return zero
    if not row:
        return unit
    return next(iter(row)) if len(row) == 1 else kind(tuple(row), span=f.span)


def _collected(row: list[Formula], conjunction: bool, interned: _Interned) -> list[Formula]:
    """``always p and always q`` as ``always (p and q)``; the same for every operator that passes through."""
    through = (
        (ast.Next, ast.WeakNext, ast.Previous, ast.WeakPrevious, ast.Always, ast.Historically)
        if conjunction
        else (ast.Next, ast.WeakNext, ast.Previous, ast.WeakPrevious, ast.Eventually, ast.Once)
    )
    groups: dict[tuple[type[Formula], Window | None], list[Formula]] = {}
    for g in row:
        if isinstance(g, through):
            groups.setdefault((type(g), getattr(g, "window", None)), []).append(g)
    if all(len(members) < 2 for members in groups.values()):
        return row
    out: list[Formula] = []
    for g in row:
        members = groups.get((type(g), getattr(g, "window", None)), []) if isinstance(g, through) else []
        if len(members) < 2:
            out.append(g)
        elif g is members[0]:
            bodies = [ast.children(m)[0] for m in members]
            both = ast.And(tuple(bodies)) if conjunction else ast.Or(tuple(bodies))
            body = interned.of(_joined(both, bodies, interned))
            out.append(interned.of(_rule(ast.replace_children(g, (body,)), [body], interned)))
    return out


def _merged(f: ast.Eventually | ast.Always | ast.Once | ast.Historically, body: Formula) -> Formula:
    """``eventually[a,b] eventually[c,d] p`` as ``eventually[a+c,b+d] p``: frames, or no window at all."""
    if not isinstance(body, ast.Eventually | ast.Always | ast.Once | ast.Historically) or type(body) is not type(f):
        return f if body is f.body else type(f)(body, f.window, span=f.span)
    v, w = f.window, body.window
    if _frames(v) and _frames(w):
        if v is None or w is None:
            both = v or w
            total = None if both is None else Window(both.lo, None)
        else:
            total = Window(v.lo + w.lo, None if v.hi is None or w.hi is None else v.hi + w.hi)
        return type(f)(body.body, total, span=f.span)
    return f if body is f.body else type(f)(body, f.window, span=f.span)


def _frames(w: Window | None) -> bool:
    return w is None or w.unit == "frames"
