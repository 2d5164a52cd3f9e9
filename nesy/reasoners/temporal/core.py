"""Ground formulas over numbered propositions: the few operators that the automaton construction knows.

:func:`ground` removes everything else: quantifiers become conjunctions and disjunctions over objects, ``then`` and the
derived operators are unfolded, windows become offsets in frames, and equality of objects is decided. Propositions are
facts of one frame, ``(predicate, object, ...)``, or a stretch of the clip (:class:`Part`), whose truth is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Any, TypeAlias

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.definition import offsets, unfold_then


@dataclass(frozen=True, slots=True)
class Part:
    """The proposition "this frame lies in the part ``lo``..``hi`` of the clip"."""

    lo: Fraction
    hi: Fraction


@dataclass(frozen=True, slots=True)
class Some:
    """The proposition "some object of a sort satisfies these literals in this frame".

    sort: a class, or the classes that the object does not have.
    literals: (predicate, arguments, positive); an argument is a block of variables, or LOCAL for the object itself.
    """

    sort: str | frozenset[str]
    literals: tuple[tuple[str, tuple[int, ...], bool], ...]


LOCAL = -1

Proposition: TypeAlias = "tuple[str | int, ...] | Part | Some"

# Core nodes are tuples, so that equality and hashing come for free:
#   ("true",) ("false",) ("prop", Proposition) ("not", f) ("and", f...) ("or", f...)
#   ("next", f) ("wnext", f) ("prev", f) ("wprev", f)
#   ("until", f, g, lo, hi) ("release", f, g, lo, hi) ("since", f, g, lo, hi) ("trigger", f, g, lo, hi)
Core: TypeAlias = tuple[Any, ...]
TRUE: Core = ("true",)
FALSE: Core = ("false",)

Ground: TypeAlias = Callable[[str, tuple[int, ...], ast.Atom], Core]


def neg(f: Core) -> Core:
    if f in (TRUE, FALSE):
        return FALSE if f == TRUE else TRUE
    return f[1] if f[0] == "not" else ("not", f)


def conj(fs: Sequence[Core]) -> Core:
    return _nary("and", fs, TRUE, FALSE)


def disj(fs: Sequence[Core]) -> Core:
    return _nary("or", fs, FALSE, TRUE)


def _nary(op: str, fs: Sequence[Core], unit: Core, zero: Core) -> Core:
    parts: dict[Core, None] = {}
    for f in fs:
        for g in f[1:] if f[0] == op else (f,):
            if g == zero:
                return zero
            if g != unit:
                parts[g] = None
    if not parts:
        return unit
    return next(iter(parts)) if len(parts) == 1 else (op, *parts)


def ground(
    f: Formula,
    objects: Sequence[int],
    atom: Ground,
    *,
    in_class: Callable[[int, str], bool],
    env: Mapping[str, int] | None = None,
    fps: float | None = None,
    budget: int = 100_000,
) -> Core:
    """``f`` as a core formula over the facts of ``objects``.

    Args:
        f: any formula whose atoms are classes, learned or custom predicates.
        objects: what untyped quantifiers range over.
        atom: gives the core formula of an atom on these objects (a proposition, or a constant where it is known).
        in_class: whether an object belongs to a class; decides which objects a typed quantifier ranges over.
        env: objects of the free variables.
        fps: frames a second, for windows in seconds.
        budget: the largest number of nodes visited.

    Raises:
        GroundingError: unbound variable, seconds without fps, or the budget exceeded.
    """
    visited = 0

    def windowed(w: Window | None) -> tuple[Core, int, int | None]:
        if w is not None and w.unit == "fraction":
            return ("prop", Part(w.lo, Fraction(1) if w.hi is None else w.hi)), 0, None
        lo, hi = offsets(w, fps)
        return TRUE, lo, hi

    def bodies(bindings: tuple[ast.Binding, ...], body: Formula, rho: Mapping[str, int]) -> list[Core]:
        ranges = [[o for o in objects if b.sort is None or in_class(o, b.sort)] for b in bindings]
        names = [b.var for b in bindings]
        return [go(body, {**rho, **dict(zip(names, objs, strict=True))}) for objs in product(*ranges)]

    def go(g: Formula, rho: Mapping[str, int]) -> Core:
        nonlocal visited
        visited += 1
        if visited > budget:
            raise GroundingError(
                f"the formula has more than {budget} ground parts over {len(objects)} objects",
                span=f.span,
                hint="use fewer quantified variables or fewer objects",
            )
        match g:
            case ast.Truth(v):
                return TRUE if v else FALSE
            case ast.Atom(p, args):
                return atom(p, tuple(bound(a, rho, g) for a in args), g)
            case ast.Equal(a, b):
                return TRUE if bound(a, rho, g) == bound(b, rho, g) else FALSE
            case ast.Distinct(args):
                objs = [bound(a, rho, g) for a in args]
                return TRUE if all(a != b for a, b in combinations(objs, 2)) else FALSE
            case ast.Not(a):
                return neg(go(a, rho))
            case ast.And(args):
                return conj([go(a, rho) for a in args])
            case ast.Or(args):
                return disj([go(a, rho) for a in args])
            case ast.Implies(a, b):
                return disj([neg(go(a, rho)), go(b, rho)])
            case ast.Iff(a, b):
                x, y = go(a, rho), go(b, rho)
                return disj([conj([x, y]), conj([neg(x), neg(y)])])
            case ast.Next(a):
                return ("next", go(a, rho))
            case ast.WeakNext(a):
                return ("wnext", go(a, rho))
            case ast.Previous(a):
                return ("prev", go(a, rho))
            case ast.WeakPrevious(a):
                return ("wprev", go(a, rho))
            case ast.Eventually(a, w):
                part, lo, hi = windowed(w)
                return ("until", TRUE, conj([part, go(a, rho)]), lo, hi)
            case ast.Always(a, w):
                part, lo, hi = windowed(w)
                return ("release", FALSE, disj([neg(part), go(a, rho)]), lo, hi)
            case ast.Until(a, b, w):
                part, lo, hi = windowed(w)
                return ("until", go(a, rho), conj([part, go(b, rho)]), lo, hi)
            case ast.Release(a, b, w):
                part, lo, hi = windowed(w)
                return ("release", go(a, rho), disj([neg(part), go(b, rho)]), lo, hi)
            case ast.WeakUntil(a, b, w):
                part, lo, hi = windowed(w)
                left, right = go(a, rho), go(b, rho)
                if part == TRUE:  # left to the window's end
                    covered: Core = ("release", FALSE, left, 0, hi)
                else:  # the stretch before the end of that part of the clip
                    before = ("prop", Part(Fraction(0), part[1].hi))
                    covered = ("release", FALSE, disj([neg(before), left]), 0, None)
                return disj([("until", left, conj([part, right]), lo, hi), covered])
            case ast.Once(a, w):
                part, lo, hi = windowed(w)
                return ("since", TRUE, conj([part, go(a, rho)]), lo, hi)
            case ast.Historically(a, w):
                part, lo, hi = windowed(w)
                return ("trigger", FALSE, disj([neg(part), go(a, rho)]), lo, hi)
            case ast.Since(a, b, w):
                part, lo, hi = windowed(w)
                return ("since", go(a, rho), conj([part, go(b, rho)]), lo, hi)
            case ast.Then(parts, gaps):
                return go(unfold_then(parts, gaps), rho)
            case ast.Hinted(a):
                return go(a, rho)
            case ast.Exists(bindings, body):
                return disj(bodies(bindings, body, rho))
            case ast.Forall(bindings, body):
                return conj(bodies(bindings, body, rho))
            case ast.ExistsAtLeast(count, bindings, body):
                return at_least(count, bodies(bindings, body, rho))
        raise GroundingError(f"cannot evaluate a {type(g).__name__}", span=g.span)

    return go(f, dict(env or {}))


def of_frame(
    f: Formula, atom: Ground, env: Mapping[str, int], inner: Callable[[Formula, Mapping[str, int]], Core]
) -> Core:
    """:func:`ground` of a formula about one frame, at a fraction of its price; ``inner`` is asked of its quantifiers.

    Raises:
        GroundingError: unbound variable.
    """
    if isinstance(f, ast.Atom):
        return atom(f.predicate, tuple([bound(a, env, f) for a in f.args]), f)
    if isinstance(f, ast.QUANTIFIERS):
        return inner(f, env)
    kind = type(f)
    parts = [of_frame(g, atom, env, inner) for g in ast.children(f)]
    if kind is ast.And:
        return conj(parts)
    if kind is ast.Not:
        return neg(parts[0])
    if kind is ast.Or:
        return disj(parts)
    if kind is ast.Implies:
        return disj([neg(parts[0]), parts[1]])
    if kind is ast.Iff:
        x, y = parts
        return disj([conj([x, y]), conj([neg(x), neg(y)])])
    if kind is ast.Hinted:
        return parts[0]
    return ground(f, (), atom, in_class=lambda o, c: True, env=env)


def bound(name: str, env: Mapping[str, int], f: Formula) -> int:
    """The object of a variable."""
    try:
        return env[name]
    except KeyError:
        hint = did_you_mean(name, env)
        raise GroundingError(f"variable `{name}` is not bound", span=f.span, hint=hint) from None


def at_least(count: int, fs: Sequence[Core]) -> Core:
    """At least ``count`` of ``fs`` hold, as a shared decision table: O(count * len(fs)) distinct nodes."""
    table: list[Core] = [TRUE] + [FALSE] * max(count, 0)  # table[k]: at least k of the formulas seen so far
    for f in fs:
        table = [TRUE] + [disj([table[k], conj([f, table[k - 1]])]) for k in range(1, len(table))]
    return table[max(count, 0)]
