"""The degree to which a formula holds at every frame, in any algebra: quantifiers are tensor axes, time is scanned.

A value has shape [B, T + 1, N, ..., N]: one object axis a quantified variable in scope, of size 1 where it does not
matter. The frame after the last one stands for the empty rest of a clip, so that lengths may differ within a batch.

Each temporal operator exists twice: by its definition, O(T^2), for every algebra; and by a scan or a sliding window,
O(T) whatever the width, which the laws of distributive algebras allow. Tests hold one against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

import torch
from torch import Tensor

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.algebra import Algebra, algebras
from nesy.reasoners.temporal.definition import VISIBLE, inside, offsets, unfold_then
from nesy.reasoners.temporal.windows import after, before, since, sliding, until
from nesy.scenegraph import SceneGraph


def degrees(formula: Formula, graph: SceneGraph, algebra: str = "minmax", *, definition: bool = False) -> Tensor:
    """The degree of a closed formula at every frame of every clip, [B, T]; frames of padding hold the empty clip's.

    Args:
        algebra: boolean, minmax, product, log, lukasiewicz or robustness (nesy.reasoners.temporal.algebra).
        definition: compute operators by their definition even where a scan is allowed.

    Raises:
        GroundingError: unknown predicate, unbound variable, seconds without a frame rate.
    """
    kind = algebras[algebra]
    timed = any(w is not None and w.unit == "seconds" for g in ast.walk(formula) for w in _windows(g))
    if timed and len(set(graph.fps)) > 1:  # windows are numbers of frames: one rate at a time
        rows = [degrees(formula, _row(graph, b), algebra, definition=definition) for b in range(graph.batch_size)]
        return torch.cat(rows)
    scope = _Scope(graph, kind, definition, graph.fps[0] if graph.fps else None)
    value = scope.value(formula, {}, 0)
    return value.expand(graph.batch_size, graph.present.shape[1] + 1)[:, : max(1, graph.present.shape[1])]


def degree(formula: Formula, graph: SceneGraph, algebra: str = "minmax") -> Tensor:
    """The degree of a closed formula at the first frame of every clip, [B]."""
    return degrees(formula, graph, algebra)[:, 0]


def _row(graph: SceneGraph, b: int) -> SceneGraph:
    one = slice(b, b + 1)
    return replace(
        graph, classes=graph.classes[one], unary=graph.unary[one], binary=graph.binary[one],
        present=graph.present[one], lengths=graph.lengths[one], objects=graph.objects[one], fps=graph.fps[one],
    )  # fmt: skip


def _windows(f: Formula) -> tuple[Window | None, ...]:
    return f.gaps if isinstance(f, ast.Then) else (getattr(f, "window", None),)


@dataclass
class _Scope:
    graph: SceneGraph
    algebra: Algebra
    definition: bool
    fps: float | None

    def __post_init__(self) -> None:
        g = self.graph
        wide = torch.promote_types(g.unary.dtype, torch.float32)  # half precision loses small margins
        b, t, n = g.present.shape
        later = torch.zeros(b, 1, n, dtype=torch.bool, device=g.present.device)
        self.present = torch.cat([g.present, later], 1)
        nothing = torch.full((), -torch.inf, dtype=wide, device=g.unary.device)
        self.unary = torch.where(self.present[..., None], _longer(g.unary.to(wide)), nothing)
        both = self.present[:, :, :, None] & self.present[:, :, None, :]
        self.binary = torch.where(both[..., None], _longer(g.binary.to(wide)), nothing)
        self.real = torch.arange(n, device=g.present.device) < g.objects[:, None].to(g.present.device)  # [B, N]
        self.clock = torch.arange(t + 1, device=g.present.device)
        self.inside = self.clock[None] < g.lengths[:, None].to(g.present.device)  # [B, T + 1]
        self.top = torch.full((1, 1), self.algebra.top, dtype=wide, device=g.unary.device)
        self.bottom = torch.full((1, 1), self.algebra.bottom, dtype=wide, device=g.unary.device)

    # -- shapes ------------------------------------------------------------------------------------------------------

    def constant(self, true: bool, depth: int) -> Tensor:
        return (self.top if true else self.bottom).reshape(1, 1, *(1,) * depth)

    def axes(self, x: Tensor, places: tuple[int, ...], depth: int) -> Tensor:
        """[B, T, N(, N)] with its object axes at ``places`` among ``depth``."""
        if len(places) == 2 and places[0] == places[1]:
            x, places = x.diagonal(dim1=2, dim2=3), places[:1]
        elif len(places) == 2 and places[0] > places[1]:
            x, places = x.transpose(2, 3), places[::-1]
        shape = [x.shape[0], x.shape[1], *(1,) * depth]
        for k, place in enumerate(places):
            shape[2 + place] = x.shape[2 + k]
        return x.reshape(shape)

    def over_time(self, mask: Tensor, x: Tensor) -> Tensor:
        """[B, T + 1] broadcast to the shape of ``x``."""
        return mask.reshape(*mask.shape, *(1,) * (x.ndim - 2))

    # -- formulas ----------------------------------------------------------------------------------------------------

    def value(self, f: Formula, env: Mapping[str, int], depth: int) -> Tensor:
        a, go = self.algebra, self.value
        match f:
            case ast.Truth(v):
                return self.constant(v, depth)
            case ast.Atom(name, args):
                return self.atom(name, tuple(self.place(x, env, f) for x in args), f, depth)
            case ast.Equal(left, right):
                return self.equal(self.place(left, env, f), self.place(right, env, f), depth)
            case ast.Distinct(args):
                places = [self.place(x, env, f) for x in args]
                out = self.constant(True, depth)
                for p, q in combinations(places, 2):
                    out = a.conj(out, a.neg(self.equal(p, q, depth)))
                return out
            case ast.Not(body):
                return a.neg(go(body, env, depth))
            case ast.And(parts):
                return self.fold(a.conj, [go(p, env, depth) for p in parts], True, depth)
            case ast.Or(parts):
                return self.fold(a.disj, [go(p, env, depth) for p in parts], False, depth)
            case ast.Implies(left, right):
                return a.disj(a.neg(go(left, env, depth)), go(right, env, depth))
            case ast.Iff(left, right):
                x, y = go(left, env, depth), go(right, env, depth)
                return a.disj(a.conj(x, y), a.conj(a.neg(x), a.neg(y)))
            case ast.Then(parts, gaps):
                return go(unfold_then(parts, gaps), env, depth)
            case ast.Hinted(body):
                return go(body, env, depth)
            case ast.Exists(bindings, body) | ast.Forall(bindings, body) | ast.ExistsAtLeast(_, bindings, body):
                return self.quantified(f, bindings, body, env, depth)
        return self.temporal(f, env, depth)

    def fold(self, op: Callable[[Tensor, Tensor], Tensor], xs: list[Tensor], unit: bool, depth: int) -> Tensor:
        out = self.constant(unit, depth)
        for k, x in enumerate(xs):
            out = x if k == 0 else op(out, x)
        return out

    def place(self, name: str, env: Mapping[str, int], f: Formula) -> int:
        if name not in env:
            raise GroundingError(f"variable `{name}` is not bound", span=f.span, hint=did_you_mean(name, env))
        return env[name]

    def equal(self, p: int, q: int, depth: int) -> Tensor:
        n = self.present.shape[2]
        if p == q:
            return self.constant(True, depth)
        same = torch.eye(n, dtype=torch.bool, device=self.present.device)[None, None]
        return torch.where(self.axes(same, (p, q), depth), self.constant(True, depth), self.constant(False, depth))

    def atom(self, name: str, places: tuple[int, ...], f: ast.Atom, depth: int) -> Tensor:
        v = self.graph.vocabulary
        if len(places) == 1 and name in v.classes:
            return self.member(name, places[0], depth)
        if len(places) == 1 and name in v.unary:
            x = self.unary[..., v.unary.index(name)]
        elif len(places) == 2 and name in v.binary:
            x = self.binary[..., v.binary.index(name)]
        elif len(places) == 1 and name == VISIBLE:
            x = torch.where(self.present, torch.inf, -torch.inf).to(self.unary.dtype)
        else:
            raise GroundingError(
                f"the scene graph has no predicate `{name}` with {len(places)} argument(s)",
                span=f.span,
                hint=did_you_mean(name, [*v.classes, *v.unary, *v.binary, VISIBLE]) or "check the spec: nesy check",
            )
        return self.axes(self.algebra.embed(x), places, depth)

    def member(self, sort: str, place: int, depth: int) -> Tensor:
        """The degree to which an object is of a class, the same in every frame."""
        names = self.graph.vocabulary.classes
        if sort not in names:
            return self.constant(False, depth)
        log_p = self.graph.classes[..., names.index(sort)].to(self.unary.dtype).clamp_max(0)
        log_odds = log_p - torch.log(-torch.expm1(log_p))  # log p - log (1 - p): -inf and +inf at 0 and 1
        return self.axes(self.algebra.embed(log_odds)[:, None], (place,), depth)

    def quantified(
        self, f: Formula, bindings: tuple[ast.Binding, ...], body: Formula, env: Mapping[str, int], depth: int
    ) -> Tensor:
        a, inner = self.algebra, depth + len(bindings)
        value = self.value(body, {**env, **{b.var: depth + k for k, b in enumerate(bindings)}}, inner)
        universal = isinstance(f, ast.Forall)
        for k, b in enumerate(bindings):
            mine = self.axes(self.real[:, None], (depth + k,), inner)
            among = torch.where(mine, self.constant(True, inner), self.constant(False, inner))
            if b.sort is not None:
                among = a.conj(among, self.member(b.sort, depth + k, inner))
            value = a.disj(a.neg(among), value) if universal else a.conj(among, value)
        n = self.present.shape[2]
        value = value.expand(*value.shape[: 2 + depth], *(n,) * len(bindings))
        every = value.flatten(2 + depth) if bindings else value[..., None]
        if isinstance(f, ast.ExistsAtLeast):
            return self.at_least(f.count, every)
        return a.all(every, -1) if universal else a.any(every, -1)

    def at_least(self, count: int, values: Tensor) -> Tensor:
        """At least ``count`` of the values along the last axis: a table of how many have been seen so far."""
        a = self.algebra
        shape = values[..., 0].shape if values.shape[-1] else values.shape[:-1]
        table = [values.new_full(shape, a.top)] + [values.new_full(shape, a.bottom) for _ in range(max(count, 0))]
        for x in values.unbind(-1):
            table = [table[0]] + [a.disj(table[k], a.conj(x, table[k - 1])) for k in range(1, len(table))]
        return table[max(count, 0)]

    # -- time --------------------------------------------------------------------------------------------------------

    def temporal(self, f: Formula, env: Mapping[str, int], depth: int) -> Tensor:
        a, go = self.algebra, self.value
        match f:
            case ast.Next(body):
                return self.shifted(after(self.all_frames(go(body, env, depth))), 1, a.bottom)
            case ast.WeakNext(body):
                return self.shifted(after(self.all_frames(go(body, env, depth))), 1, a.top)
            case ast.Previous(body):
                return before(self.all_frames(go(body, env, depth)), a.bottom)
            case ast.WeakPrevious(body):
                return before(self.all_frames(go(body, env, depth)), a.top)
            case ast.Eventually(body, w):
                return self.ahead(None, go(body, env, depth), w)
            case ast.Always(body, w):
                return a.neg(self.ahead(None, a.neg(go(body, env, depth)), w))
            case ast.Until(left, right, w):
                return self.ahead(go(left, env, depth), go(right, env, depth), w)
            case ast.Release(left, right, w):
                return a.neg(self.ahead(a.neg(go(left, env, depth)), a.neg(go(right, env, depth)), w))
            case ast.WeakUntil(left, right, w):
                x = go(left, env, depth)
                covered = a.neg(self.ahead(None, a.neg(x), _reach(w)))
                return a.disj(self.ahead(x, go(right, env, depth), w), covered)
            case ast.Once(body, w):
                return self.behind(None, go(body, env, depth), w)
            case ast.Historically(body, w):
                return a.neg(self.behind(None, a.neg(go(body, env, depth)), w))
            case ast.Since(left, right, w):
                return self.behind(go(left, env, depth), go(right, env, depth), w)
        raise GroundingError(f"cannot evaluate a {type(f).__name__}", span=f.span)

    def all_frames(self, x: Tensor) -> Tensor:
        """``x`` at each of the T + 1 positions, on each clip; objects' axes as they are."""
        b, t = self.inside.shape
        return x.expand(b, t, *x.shape[2:])

    def shifted(self, x: Tensor, by: int, otherwise: float) -> Tensor:
        """``x`` where the position ``by`` later is a frame of the clip, else a constant."""
        there = torch.cat([self.inside[:, by:], torch.zeros_like(self.inside[:, :by])], 1)
        return torch.where(self.over_time(there, x), x, torch.full((), otherwise, dtype=x.dtype, device=x.device))

    def masked(self, x: Tensor, w: Window | None) -> Tensor:
        """``x`` in the frames of the clip (and of the part of the clip that ``w`` names), bottom elsewhere."""
        x = self.all_frames(x)
        here = self.inside
        if w is not None and w.unit == "fraction":
            t = here.shape[1]
            part = [[inside(w, f, int(n)) for f in range(t)] for n in self.graph.lengths]
            here = here & torch.tensor(part, dtype=torch.bool, device=here.device).reshape(here.shape)
        return torch.where(self.over_time(here, x), x, torch.full((), self.algebra.bottom, dtype=x.dtype).to(x))

    def ahead(self, left: Tensor | None, right: Tensor, w: Window | None) -> Tensor:
        """``left until right`` within a window; ``eventually`` when left is None."""
        lo, hi = offsets(w, self.fps)
        right = self.masked(right, w)
        if left is None:
            return sliding(right, lo, hi, self.algebra)
        return until(self.all_frames(left), right, lo, hi, self.algebra, scan=not self.definition)

    def behind(self, left: Tensor | None, right: Tensor, w: Window | None) -> Tensor:
        """``left since right`` within a window; ``once`` when left is None. Bottom after the clip's end."""
        lo, hi = offsets(w, self.fps)
        right = self.masked(right, w)
        if left is None:
            out = sliding(right.flip(1), lo, hi, self.algebra).flip(1)
        else:
            out = since(self.all_frames(left), right, lo, hi, self.algebra, scan=not self.definition)
        return torch.where(self.over_time(self.inside, out), out, torch.full((), self.algebra.bottom).to(out))


def _reach(w: Window | None) -> Window | None:
    """The window that a weak until obliges its left side to cover: from here to the end of its own."""
    if w is None:
        return None
    return replace(w, lo=Fraction(0))


def _longer(x: Tensor) -> Tensor:
    """One more position in time, of zeros."""
    return torch.cat([x, x.new_zeros(x.shape[0], 1, *x.shape[2:])], 1)
