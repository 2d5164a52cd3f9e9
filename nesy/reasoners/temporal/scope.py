"""Miniscoping: push existential quantifiers down to the single events that need them.

``exists m, c { walk(m) then take(m, c) }`` says the same as ``exists m { walk(m) then exists c { take(m, c) } }``. A
variable that serves one event only need not take part in the enumeration of assignments: a spec over eight variables
is evaluated for as many assignments as the two or three variables that tie several events together have.
"""

from __future__ import annotations

from functools import lru_cache

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.variables import free


def miniscope(formula: Formula) -> Formula:
    """An equivalent formula in which leading existential variables stand as deep as they can.

    A variable moves only where nothing but conjunctions of literals about one frame is left under it.
    """
    bindings: tuple[ast.Binding, ...] = ()
    body = formula
    while isinstance(body, ast.Exists):
        bindings += body.bindings
        body = body.body
    if len({b.var for b in bindings}) < len(bindings):
        return formula  # a shadowed name: leave it alone
    parts = [body]
    several = isinstance(body, ast.Then) or (isinstance(body, ast.And) and literals(body) is None)
    if several:  # what `_push` does for one variable, for all of them at once
        parts = list(ast.children(body))
    users: dict[str, list[int]] = {}
    for i, part in enumerate(parts):
        for v in free(part):
            users.setdefault(v, []).append(i)
    kept: list[ast.Binding] = []
    for b in reversed(bindings):  # later variables are the more local ones
        where = users.get(b.var, [])
        pushed = _push(b, parts[where[0]]) if len(where) == 1 else None
        if pushed is None:
            kept.insert(0, b)
        else:
            parts[where[0]] = pushed
    if len(kept) < len(bindings):
        body = ast.replace_children(body, tuple(parts)) if several else parts[0]
    return ast.Exists(tuple(kept), body) if kept else body


def literals(f: Formula) -> list[tuple[ast.Atom, bool]] | None:
    """``f`` as a conjunction of literals, (atom, positive) each; None when it is something else."""
    match f:
        case ast.Atom():
            return [(f, True)]
        case ast.Not(ast.Atom() as a):
            return [(a, False)]
        case ast.Hinted(body):
            return literals(body)
        case ast.And(args):
            parts = [literals(a) for a in args]
            return None if any(p is None for p in parts) else [x for p in parts if p is not None for x in p]
    return None


def _push(b: ast.Binding, f: Formula) -> Formula | None:
    if literals(f) is not None:
        return _push_into_event(b, f)
    match f:
        case ast.And(args):
            return _only(b, f, args)
        case ast.Or(args) if all(b.var in free(g) for g in args):  # else: no object at all would make a difference
            new = [_push(b, g) for g in args]
            return None if any(g is None for g in new) else ast.replace_children(f, tuple(new))  # type: ignore[arg-type]
        case ast.Then(parts):
            return _only(b, f, parts)
        case ast.Eventually() | ast.Next() | ast.Once() | ast.Previous() | ast.Hinted():
            return _only(b, f, ast.children(f))
        case ast.Until(left, right) | ast.Since(left, right) if b.var not in free(left):
            return _only(b, f, (left, right))
    return None


@lru_cache(maxsize=1 << 15)
def _push_into_event(b: ast.Binding, f: Formula) -> Formula | None:
    """Push into a conjunction of literals; kept, as windows and orders of a caption share its events."""
    conjuncts = _conjuncts(f)
    mine = [g for g in conjuncts if b.var in free(g)]
    others = [g for g in conjuncts if b.var not in free(g)]
    if any(isinstance(g, ast.Exists) for g in mine):
        return None
    some = ast.Exists((b,), mine[0] if len(mine) == 1 else ast.And(tuple(mine)))
    return _rewrap(f, ast.And((*others, some)) if others else some)


def _conjuncts(f: Formula) -> list[Formula]:
    match f:
        case ast.Hinted(body):
            return _conjuncts(body)
        case ast.And(args):
            return [h for g in args for h in _conjuncts(g)]
    return [f]


def _rewrap(f: Formula, new: Formula) -> Formula:
    return ast.replace_children(f, (_rewrap(f.body, new),)) if isinstance(f, ast.Hinted) else new


def _only(b: ast.Binding, f: Formula, args: tuple[Formula, ...]) -> Formula | None:
    """Push into the one child that mentions the variable; None when several do, or when that child refuses."""
    users = [i for i, g in enumerate(args) if b.var in free(g)]
    if len(users) != 1:
        return None
    pushed = _push(b, args[users[0]])
    if pushed is None:
        return None
    return ast.replace_children(f, (*args[: users[0]], pushed, *args[users[0] + 1 :]))
