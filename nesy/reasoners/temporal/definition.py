"""The meaning of every operator, in plain Python on boolean traces: the oracle for everything faster.

A :class:`World` is one possible world: a finite trace in which every fact is simply true or false. :func:`holds`
follows the definitions of linear temporal logic on finite traces word by word and is as slow as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, product
from math import ceil, floor

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.errors import GroundingError, did_you_mean

VISIBLE = "visible"
"""The built-in unary predicate: the object is present in this frame."""


@dataclass(frozen=True)
class World:
    """One boolean trace.

    frames: n, positions 0..n-1.
    classes: the class of each object, one an object (its length is the number of objects).
    facts: the true facts, as (predicate, frame, object) and (predicate, frame, subject, object).
    absent: (frame, object) pairs at which the object is not there; its frame facts are false, whatever ``facts`` says.
    fps: frames a second, needed only by windows in seconds.
    """

    frames: int
    classes: tuple[str | None, ...]
    facts: frozenset[tuple[str | int, ...]]
    absent: frozenset[tuple[int, int]] = frozenset()
    fps: float | None = None
    class_names: frozenset[str] = field(default=frozenset(), compare=False)


def offsets(window: Window | None, fps: float | None) -> tuple[int, int | None]:
    """A window of frames or seconds as inclusive offsets in frames, ``(lo, hi)``; ``hi`` None means no end.

    Raises:
        GroundingError: seconds without a frame rate.
    """
    if window is None or window.unit == "fraction":
        return 0, None
    if window.unit == "seconds":
        if not fps:
            raise GroundingError(
                "a window in seconds needs the frame rate of the clip",
                span=window.span,
                hint="give the scene graph an `fps`, or write the window in frames: [2,10]",
            )
        # 1e-9: 0.3 s at 10 fps is frame 3, although 0.3 * 10 < 3 in binary floating point
        lo = ceil(float(window.lo) * fps - 1e-9)
        return lo, None if window.hi is None else floor(float(window.hi) * fps + 1e-9)
    return int(window.lo), None if window.hi is None else int(window.hi)


def inside(window: Window | None, frame: int, frames: int) -> bool:
    """Whether ``frame`` lies in a fraction window: its middle (j + 1/2)/n does. Other windows contain every frame."""
    if window is None or window.unit != "fraction":
        return True
    hi = 1 if window.hi is None else window.hi
    return window.lo * 2 * frames <= 2 * frame + 1 <= hi * 2 * frames


def reach(window: Window | None, at: int, frames: int, fps: float | None) -> int:
    """One past the last position that a weak until at position ``at`` obliges its left side to cover."""
    if window is not None and window.unit == "fraction":
        end = 1 if window.hi is None else window.hi
        return sum(1 for j in range(frames) if 2 * j + 1 <= end * 2 * frames)
    _, hi = offsets(window, fps)
    return frames if hi is None else min(frames, at + hi + 1)


def holds(f: Formula, world: World, at: int = 0, env: Mapping[str, int] | None = None) -> bool:
    """Whether ``f`` is true of ``world`` at position ``at`` when its variables denote the objects ``env``.

    On the empty trace atoms, ``next``, ``eventually`` and ``until`` are false; ``weak next``, ``always`` are true.
    """
    n, rho = world.frames, dict(env or {})

    def ahead(i: int, w: Window | None) -> range | list[int]:
        lo, hi = offsets(w, world.fps)
        last = n - 1 if hi is None else min(n - 1, i + hi)
        return [j for j in range(i + lo, last + 1) if inside(w, j, n)]

    def behind(i: int, w: Window | None) -> list[int]:
        lo, hi = offsets(w, world.fps)
        first = 0 if hi is None else max(0, i - hi)
        return [j for j in range(min(i - lo, n - 1), first - 1, -1) if inside(w, j, n)]

    def value(g: Formula, i: int) -> bool:
        match g:
            case ast.Truth(v):
                return v
            case ast.Atom(p, args):
                return atom(p, tuple(lookup(a, g) for a in args), i, g)
            case ast.Equal(a, b):
                return lookup(a, g) == lookup(b, g)
            case ast.Distinct(args):
                return all(lookup(a, g) != lookup(b, g) for a, b in combinations(args, 2))
            case ast.Not(a):
                return not value(a, i)
            case ast.And(args):
                return all(value(a, i) for a in args)
            case ast.Or(args):
                return any(value(a, i) for a in args)
            case ast.Implies(a, b):
                return not value(a, i) or value(b, i)
            case ast.Iff(a, b):
                return value(a, i) == value(b, i)
            case ast.Next(a):
                return i + 1 < n and value(a, i + 1)
            case ast.WeakNext(a):
                return i + 1 >= n or value(a, i + 1)
            case ast.Previous(a):
                return i > 0 and value(a, i - 1)
            case ast.WeakPrevious(a):
                return i == 0 or value(a, i - 1)
            case ast.Eventually(a, w):
                return any(value(a, j) for j in ahead(i, w))
            case ast.Always(a, w):
                return all(value(a, j) for j in ahead(i, w))
            case ast.Once(a, w):
                return any(value(a, j) for j in behind(i, w))
            case ast.Historically(a, w):
                return all(value(a, j) for j in behind(i, w))
            case ast.Until(a, b, w):
                return any(value(b, j) and all(value(a, k) for k in range(i, j)) for j in ahead(i, w))
            case ast.Release(a, b, w):
                return all(value(b, j) or any(value(a, k) for k in range(i, j)) for j in ahead(i, w))
            case ast.WeakUntil(a, b, w):
                return value(ast.Until(a, b, w), i) or all(value(a, k) for k in range(i, reach(w, i, n, world.fps)))
            case ast.Since(a, b, w):
                return any(value(b, j) and all(value(a, k) for k in range(j + 1, i + 1)) for j in behind(i, w))
            case ast.Then(parts, gaps):
                return value(unfold_then(parts, gaps), i)
            case ast.Hinted(a):
                return value(a, i)
            case ast.Exists(bindings, body):
                return any(witness(bindings, body, i))
            case ast.Forall(bindings, body):
                return not any(witness(bindings, ast.Not(body), i))
            case ast.ExistsAtLeast(count, bindings, body):
                return sum(witness(bindings, body, i)) >= count
        raise GroundingError(f"cannot evaluate a {type(g).__name__}", span=g.span)

    def lookup(name: str, g: Formula) -> int:
        if name not in rho:
            raise GroundingError(f"variable `{name}` is not bound", span=g.span, hint=did_you_mean(name, rho))
        return rho[name]

    def atom(p: str, objects: tuple[int, ...], i: int, g: Formula) -> bool:
        if len(objects) == 1 and (p in world.class_names or p in world.classes):
            return world.classes[objects[0]] == p
        if i >= n or any((i, o) in world.absent for o in objects):
            return False
        return (p == VISIBLE and len(objects) == 1) or (p, i, *objects) in world.facts

    def witness(bindings: tuple[ast.Binding, ...], body: Formula, i: int) -> list[bool]:
        outcomes = []
        ranges = [[o for o, c in enumerate(world.classes) if b.sort in (None, c)] for b in bindings]
        saved = dict(rho)
        for objects in product(*ranges):
            rho.update({b.var: o for b, o in zip(bindings, objects, strict=True)})
            outcomes.append(value(body, i))
            rho.clear()
            rho.update(saved)
        return outcomes

    return value(f, at)


def unfold_then(parts: tuple[Formula, ...], gaps: tuple[Window | None, ...]) -> Formula:
    """``a then b then c`` as ``F (a and X F (b and X F c))``; a gap ``[l,u]`` turns ``X F`` into ``F[max(l,1),u]``."""
    tail = parts[-1]
    for part, gap in zip(reversed(parts[:-1]), reversed(gaps), strict=True):
        if gap is None or gap.unit == "fraction":
            later: Formula = ast.Next(ast.Eventually(tail, gap))
        else:
            # In seconds the frame rate is unknown here: a lower end just above zero starts at the next frame at any.
            least = Fraction(1) if gap.unit == "frames" else Fraction(1, 10**6)
            later = ast.Eventually(tail, ast.Window(max(gap.lo, least), gap.hi, gap.unit, span=gap.span))
        tail = ast.And((part, later))
    return ast.Eventually(tail)
