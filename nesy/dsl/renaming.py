"""Whether two formulas say the same in other names or in another order, decided without looking at any trace.

Two captions may differ in what they call an object and in the order of what happens at once; and ``p(m, c) then p(m, d)
and c != d`` with its two events exchanged is itself again, with c and d exchanged. A spec must not be contrasted with
such a twin. :func:`shape` tells nearly all other pairs apart in microseconds, so the search for a renaming is rare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.depth import depth

STEPS = 5_000
"""Comparisons of two subformulas after which a search for a renaming ends."""

DEEP = 60
"""Levels of formulas in which a renaming is searched for; deeper ones are compared as they are."""

Names = Mapping[str, str]


def same(f: Formula, g: Formula) -> bool:
    """Whether ``g`` is ``f`` up to names of bound variables of one class and the order of what ``and`` and ``or`` join.

    ``c != d`` does not depend on time, so it may stand at any event of a ``then``. When this is true the two mean the
    same; also pairs whose comparison would take too long count as the same.

    >>> from nesy.dsl.parser import parse_formula
    >>> a = parse_formula("exists c: coin, d: coin { taken(c) then taken(d) and c != d }")
    >>> b = parse_formula("exists x: coin, y: coin { y != x and taken(y) then taken(x) }")
    >>> same(a, b), same(a, parse_formula("exists c: coin, d: coin { taken(c) then taken(d) }"))
    (True, False)
    """
    return shape(f) == shape(g) and (f == g or _renamed(f, g))


def shape(f: Formula) -> int:
    """A number that formulas which are the :func:`same` share: what is left of ``f`` without its variables.

    Every formula remembers its own, so the parts of a spec that is written in another order cost nothing.
    """
    if not hasattr(f, "_shape"):
        object.__setattr__(f, "_shape", _shape(f))
    return f._shape


def _shape(f: Formula) -> int:
    match f:
        case ast.Atom(name, args):
            return hash((name, len(args)))
        case ast.Equal() | ast.Distinct() | ast.Not(ast.Equal() | ast.Distinct()):
            return _TIMELESS
        case ast.And() | ast.Or():
            kind = type(f)
            parts = sorted(s for g in _joined(f, kind) if (s := shape(g)) != _TIMELESS or kind is ast.Or)
            return hash((kind, *parts)) if len(parts) > 1 else parts[0] if parts else _TIMELESS
        case ast.Exists():
            body, sorts = _leading(f)
            return hash((ast.Exists, *sorted(sorts), shape(body)))
        case ast.Forall() | ast.ExistsAtLeast() | ast.Count():
            return hash((type(f), *_number(f), *sorted(b.sort or "" for b in f.bindings), shape(f.body)))
    return hash((type(f), ast.own(f), *[shape(g) for g in ast.children(f)]))


_TIMELESS = hash("what does not depend on time")


def _joined(f: Formula, kind: type[Formula]) -> list[Formula]:
    """The parts of nested ``and``, or of nested ``or``."""
    if not isinstance(f, kind):
        return [f]
    return [h for g in ast.children(f) for h in _joined(g, kind)]


def _leading(f: Formula) -> tuple[Formula, list[str]]:
    """What ``exists`` right inside of ``exists`` bind: the body of the innermost, and all classes."""
    sorts: list[str] = []
    while isinstance(f, ast.Exists):
        sorts += [b.sort or "" for b in f.bindings]
        f = f.body
    return f, sorts


def _number(f: Formula) -> tuple[object, ...]:
    """With what a quantifier compares."""
    match f:
        case ast.ExistsAtLeast(count):
            return (count,)
        case ast.Count(comparison, number):
            return comparison, number
    return ()


@lru_cache(maxsize=1 << 12)
def _renamed(f: Formula, g: Formula) -> bool:
    if max(depth(f), depth(g)) > DEEP:
        return False
    search = _Search()
    try:
        return next(search.pair(search.standard(f, {}, 0), search.standard(g, {}, 0), {}), None) is not None
    except _TooLong:
        return True


class _TooLong(Exception):
    """The search takes more than STEPS."""


class _Search:
    """A search for a one-to-one renaming by backtracking."""

    def __init__(self) -> None:
        self.steps = 0
        self.bound: dict[
            str, tuple[str | None, int]
        ] = {}  # of each bound variable the class and the quantifiers outside

    # -- one way to write it -----------------------------------------------------------------------------------------

    def standard(self, f: Formula, names: Names, level: int) -> Formula:
        """``f`` with every bound variable named differently, flat, what is timeless in front of ``then``."""
        match f:
            case ast.Atom(p, args):
                return ast.Atom(p, tuple(names.get(a, a) for a in args))
            case ast.Equal(a, b):
                return ast.Equal(names.get(a, a), names.get(b, b))
            case ast.Distinct(args):
                pairs = combinations([names.get(a, a) for a in args], 2)
                return _all([ast.Not(ast.Equal(a, b)) for a, b in pairs])
            case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                return self._quantified(f, names, level)
        parts = [self.standard(g, names, level) for g in ast.children(f)]
        match f:
            case ast.And():
                return _all(parts)
            case ast.Or():
                return ast.Or(tuple(h for g in parts for h in _joined(g, ast.Or)))
            case ast.Then(_, gaps):
                rows = [_joined(p, ast.And) for p in parts]
                timeless = dict.fromkeys(c for row in rows for c in row if _is_timeless(c))
                events = tuple(_all([c for c in row if not _is_timeless(c)]) for row in rows)
                return _all([*timeless, ast.Then(events, gaps)])
        return ast.replace_children(f, tuple(parts))

    def _quantified(
        self, f: ast.Exists | ast.Forall | ast.ExistsAtLeast | ast.Count, names: Names, level: int
    ) -> Formula:
        new, bindings = dict(names), []
        inner: Formula = f
        while isinstance(inner, ast.Exists | ast.Forall | ast.ExistsAtLeast | ast.Count):
            for b in inner.bindings:
                new[b.var] = f"#{len(self.bound)}"
                self.bound[new[b.var]] = b.sort, level
                bindings.append(ast.Binding(new[b.var], b.sort))
            inner = inner.body
            if not isinstance(f, ast.Exists) or not isinstance(inner, ast.Exists):
                break
        body = self.standard(inner, new, level + 1)
        match f:
            case ast.ExistsAtLeast(count):
                return ast.ExistsAtLeast(count, tuple(bindings), body)
            case ast.Count(comparison, number):
                return ast.Count(comparison, number, tuple(bindings), body)
        return type(f)(tuple(bindings), body)

    # -- pairs -------------------------------------------------------------------------------------------------------

    def pair(self, f: Formula, g: Formula, names: Names) -> Iterator[Names]:
        """Every extension of ``names`` that makes ``g`` of ``f``."""
        self.steps += 1
        if self.steps > STEPS:
            raise _TooLong
        if type(f) is not type(g):
            return
        match f, g:
            case (ast.Atom(p, xs), ast.Atom(q, ys)):
                if p == q and len(xs) == len(ys):
                    yield from self._named(xs, ys, names)
            case (ast.Equal(a, b), ast.Equal(c, d)):
                yield from self._named((a, b), (c, d), names)
                yield from self._named((a, b), (d, c), names)
            case (ast.And(xs), ast.And(ys)) | (ast.Or(xs), ast.Or(ys)):
                if len(xs) == len(ys):
                    yield from self._in_any_order(xs, ys, names)
            case _:
                if isinstance(f, ast.QUANTIFIERS) and isinstance(g, ast.QUANTIFIERS):
                    equal = _number(f) == _number(g) and _sorts(f.bindings) == _sorts(g.bindings)
                else:
                    equal = ast.own(f) == ast.own(g)
                if equal:
                    yield from self._in_order(ast.children(f), ast.children(g), names)

    def _in_order(self, fs: Sequence[Formula], gs: Sequence[Formula], names: Names) -> Iterator[Names]:
        if not fs and not gs:
            yield names
        elif fs and gs:
            for more in self.pair(fs[0], gs[0], names):
                yield from self._in_order(fs[1:], gs[1:], more)

    def _in_any_order(self, fs: Sequence[Formula], gs: Sequence[Formula], names: Names) -> Iterator[Names]:
        if not fs:
            yield names
        for k, g in enumerate(gs):
            for more in self.pair(fs[0], g, names):
                yield from self._in_any_order(fs[1:], (*gs[:k], *gs[k + 1 :]), more)

    def _named(self, xs: Sequence[str], ys: Sequence[str], names: Names) -> Iterator[Names]:
        """``names`` with each of ``xs`` called as the one of ``ys``; nothing where that is not one to one."""
        new = dict(names)
        for x, y in zip(xs, ys, strict=True):
            if x in new:
                if new[x] != y:
                    return
            elif self.bound.get(x, x) != self.bound.get(y, y) or y in new.values():
                return
            new[x] = y
        yield new


def _is_timeless(f: Formula) -> bool:
    return isinstance(f, ast.Equal) or (isinstance(f, ast.Not) and isinstance(f.body, ast.Equal))


def _all(parts: Sequence[Formula]) -> Formula:
    """Their conjunction, flat."""
    flat = [h for g in parts for h in _joined(g, ast.And)]
    return ast.And(tuple(flat)) if len(flat) > 1 else flat[0] if flat else ast.Truth(True)


def _sorts(bindings: Sequence[ast.Binding]) -> Counter[str | None]:
    return Counter(b.sort for b in bindings)
