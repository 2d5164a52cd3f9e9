"""Bounds of P(formula) on one clip that hold for any clip: two sums over bindings, and what is known of and, or, not.

The most probable binding is a lower bound and the sum over all bindings an upper one, where all quantifiers stand in
front. So they are brought there if that changes nothing; parts for which it does are bounded each by itself and joined
by the inequalities of Fréchet, which hold however the parts depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.variables import all_variables, fresh, substitute
from nesy.errors import GroundingError
from nesy.reasoners.temporal.lifted import align
from nesy.scenegraph import SceneGraph

ASSIGNMENTS = 2_000
"""Bindings that the bounds look at; where a clip has more, the sum over all of them is not known."""


def bounds(formula: Formula, graph: SceneGraph) -> tuple[float, float]:
    """A lower and an upper bound of P(formula) on one clip (B = 1).

    Raises:
        GroundingError: a quantifier that can neither be moved to the front nor be bounded by itself; a spec that
            `align` refuses.
    """
    front = prenex(formula)
    if front is not None:
        with torch.no_grad():
            low = align([front], graph, union="max", assignments=ASSIGNMENTS)
            high = align([front], graph, union="sum", assignments=ASSIGNMENTS)
        upper = 1.0 if bool(high.truncated[0]) else math.exp(float(high.log_prob[0]))
        lower = math.exp(float(low.log_prob[0]))
        return lower, max(lower, upper)
    match formula:
        case ast.Hinted(body):
            return bounds(body, graph)
        case ast.Not(body):
            return _complement(bounds(body, graph))
        case ast.And(parts):
            return _both(bounds(p, graph) for p in parts)
        case ast.Or(parts):
            return _complement(_both(_complement(bounds(p, graph)) for p in parts))
        case ast.Implies(left, right):
            return bounds(ast.Or((ast.Not(left), right)), graph)
        case ast.Forall(bindings, body):
            return _complement(bounds(ast.Exists(bindings, ast.Not(body)), graph))
        case ast.Always(body, window):
            return _complement(bounds(ast.Eventually(ast.Not(body), window), graph))
    raise GroundingError(
        "no bounds are known for a quantifier in this place",
        span=formula.span,
        hint="move `exists` to the front of the formula, or ask for the exact probability with a larger budget",
    )


def _complement(p: tuple[float, float]) -> tuple[float, float]:
    return 1 - p[1], 1 - p[0]


def _both(parts: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Of events with these bounds all together."""
    lower, upper = zip(*parts, strict=True)
    return max(0.0, sum(lower) - len(lower) + 1), min(upper)


def prenex(formula: Formula) -> Formula | None:
    """An equivalent formula whose only quantifiers are leading ``exists``; None where none was found.

    ``exists`` commutes with ``and`` and with "at some moment", as objects are the same at all times; not with ``or``,
    which may hold without any object of the class.
    """
    taken = set(all_variables(formula))
    bindings: list[ast.Binding] = []

    def pulled(f: Formula) -> Formula | None:
        match f:
            case ast.Exists():
                names: dict[str, str] = {}
                for b in f.bindings:
                    names[b.var] = fresh(b.var, {*taken, *names.values()}) if b.var in used else b.var
                taken.update(names.values())
                used.update(names.values())
                bindings.extend(ast.Binding(names[b.var], b.sort) for b in f.bindings)
                return pulled(substitute(f.body, names))
            case ast.Not() | ast.Implies() | ast.Iff() | ast.Or() | ast.Always() | ast.Historically():
                return None if _quantified(f) else f
            case ast.And(parts) | ast.Then(parts):
                return _with(f, [pulled(p) for p in parts])
            case ast.Eventually() | ast.Once() | ast.Next() | ast.Previous() | ast.Hinted():
                return _with(f, [pulled(f.body)])
            case ast.Until(left, right) | ast.Since(left, right):
                return None if _quantified(left) else _with(f, [left, pulled(right)])
        return None if _quantified(f) else f

    used: set[str] = set()
    body = pulled(formula)
    if body is None:
        return None
    return ast.Exists(tuple(bindings), body) if bindings else body


def _with(f: Formula, parts: list[Formula | None]) -> Formula | None:
    known = [p for p in parts if p is not None]
    return ast.replace_children(f, tuple(known)) if len(known) == len(parts) else None


def _quantified(f: Formula) -> bool:
    return any(isinstance(g, ast.QUANTIFIERS) for g in ast.walk(f))
