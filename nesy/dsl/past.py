"""Past operators said with future ones, where a formula of about the same size exists.

Every linear-time formula has an equivalent without past operators at the first frame (Gabbay, 1987), but in general it
is far larger. :func:`remove_past` knows the shapes that people write: past operators at the first frame itself, and one
of them beside other conditions under an ``eventually`` or ``always`` of the whole clip, such as
``always (landing(x) -> once jumping(x))``.
"""

from __future__ import annotations

from collections.abc import Sequence

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.fold import fold
from nesy.dsl.normalize import nnf
from nesy.dsl.simplify import simplify

PAST = ast.Previous | ast.WeakPrevious | ast.Once | ast.Historically | ast.Since

_SOME_FRAME = ast.Eventually(ast.Truth(True))
_NO_FRAME = ast.Always(ast.Truth(False))


def has_past(f: Formula) -> bool:
    """Whether a past operator occurs in ``f``."""
    found: bool = fold(f, lambda g, parts: isinstance(g, PAST) or any(parts))
    return found


def remove_past(f: Formula) -> Formula:
    """A formula that has the same truth value at the first frame of every clip, with fewer or no past operators.

    >>> from nesy.dsl.parser import parse_formula
    >>> from nesy.dsl.printer import to_text
    >>> to_text(remove_past(parse_formula("always (q(x) -> once p(x))")))
    'not q(x) weak until p(x)'
    """
    if not has_past(f):
        return f
    return simplify(_at_start(nnf(f)))


def _at_start(f: Formula) -> Formula:
    """``f``, in negation normal form, at the first frame."""
    if not has_past(f):
        return f
    match f:
        case ast.And() | ast.Or() | ast.Exists() | ast.Forall() | ast.ExistsAtLeast():
            parts = []
            for g in ast.children(f):
                parts.append(_at_start(g))
            return ast.replace_children(f, tuple(parts))
        case ast.Not(body):
            return ast.Not(_at_start(body), span=f.span)
        case ast.Previous():
            return ast.Truth(False, span=f.span)
        case ast.WeakPrevious():
            return ast.Truth(True, span=f.span)
        case ast.Once(body, w) if w is None or w.unit == "frames":
            return ast.And((_at_start(body), _SOME_FRAME)) if w is None or w.lo == 0 else ast.Truth(False)
        case ast.Historically(body, w) if w is None or w.unit == "frames":
            return ast.Or((_at_start(body), _NO_FRAME)) if w is None or w.lo == 0 else ast.Truth(True)
        case ast.Since(_, body, w) if w is None or w.unit == "frames":
            return ast.And((_at_start(body), _SOME_FRAME)) if w is None or w.lo == 0 else ast.Truth(False)
        case ast.Eventually(body, None):
            return _sometime(body) or f
        case ast.Always(body, None):
            return _everywhere(body) or f
    return f


def _sometime(body: Formula) -> Formula | None:
    """``eventually body`` from the first frame, None where no rule applies."""
    if not has_past(body):
        return ast.Eventually(body)
    body = _distributed(body, ast.And, ast.Or)
    if isinstance(body, ast.Or):
        parts = [_sometime(g) for g in body.args]
        known = [p for p in parts if p is not None]
        return ast.Or(tuple(known)) if len(known) == len(parts) else None
    split = _one_past(body.args if isinstance(body, ast.And) else (body,), ast.And, True)
    if split is None:
        return None
    past, p = split
    match past:
        case ast.Previous(q):
            return ast.Eventually(ast.And((q, ast.Next(p))))
        case ast.WeakPrevious(q):
            return ast.Or((ast.And((p, _SOME_FRAME)), ast.Eventually(ast.And((q, ast.Next(p))))))
        case ast.Once(q, None):
            return ast.Eventually(ast.And((q, ast.Eventually(p))))
        case ast.Historically(q, None):
            return ast.Until(q, ast.And((p, q)))
        case ast.Since(a, b, None):
            return ast.Eventually(ast.And((b, ast.Or((p, ast.Next(ast.Until(a, ast.And((a, p)))))))))
    return None


def _everywhere(body: Formula) -> Formula | None:
    """``always body`` from the first frame, None where no rule applies."""
    if not has_past(body):
        return ast.Always(body)
    body = _distributed(body, ast.Or, ast.And)
    if isinstance(body, ast.And):
        parts = [_everywhere(g) for g in body.args]
        known = [p for p in parts if p is not None]
        return ast.And(tuple(known)) if len(known) == len(parts) else None
    split = _one_past(body.args if isinstance(body, ast.Or) else (body,), ast.Or, False)
    if split is None:
        return None
    past, p = split  # wherever p fails, the past must have been so
    match past:
        case ast.Once(q, None):
            return ast.WeakUntil(p, q)
        case ast.Previous() | ast.WeakPrevious() | ast.Historically(_, None) | ast.Since(_, _, None):
            failing = _sometime(nnf(ast.And((ast.Not(past), ast.Not(p)))))
            return None if failing is None else nnf(ast.Not(failing))
    return None


Junction = type[ast.And] | type[ast.Or]


def _distributed(f: Formula, outer: Junction, inner: Junction) -> Formula:
    """``p and (q or r)`` as ``p and q or p and r`` where only the ``or`` speaks of the past (or dually)."""
    if not isinstance(f, outer):
        return f
    past = [g for g in f.args if has_past(g)]
    if len(past) != 1 or not isinstance(past[0], inner):
        return f
    rest = tuple(g for g in f.args if g is not past[0])
    return inner(tuple(outer((*rest, g)) for g in past[0].args))


def _one_past(parts: Sequence[Formula], kind: Junction, unit: bool) -> tuple[Formula, Formula] | None:
    """The only part with past operators, and the others together; None when there are several or it lies deeper."""
    past = [g for g in parts if has_past(g)]
    rest = [g for g in parts if not has_past(g)]
    if len(past) != 1 or not isinstance(past[0], PAST) or any(has_past(g) for g in ast.children(past[0])):
        return None
    if len(rest) == 1:
        return past[0], rest[0]
    return past[0], kind(tuple(rest)) if rest else ast.Truth(unit)
