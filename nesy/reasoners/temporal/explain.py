"""Why a formula holds: the most probable world that satisfies it, and the facts of that world that prove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import inf, log

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.automaton import Progression
from nesy.reasoners.temporal.core import Core
from nesy.reasoners.temporal.definition import World, holds, inside, offsets, reach, unfold_then
from nesy.reasoners.temporal.exact import Facts, classes_in, configurations, ground_in

MOST_STEPS = 400


@dataclass(frozen=True, slots=True)
class Step:
    """One fact of a proof: ``predicate`` of these objects (by number) is true, or false, in ``frame``."""

    frame: int
    predicate: str
    objects: tuple[int, ...]
    holds: bool


def most_probable_world(formula: Formula, facts: Facts, ways: int = 64) -> World | None:
    """The most probable world that satisfies ``formula``; None when none does.

    Objects whose class the formula does not mention have None for it. The ``ways`` likeliest class configurations are
    looked at, and fewer when no later one can be better: what a configuration's classes are worth bounds its worlds.

    Raises:
        GroundingError: the search exceeds its budget before any world is found.
    """
    best, found = -inf, None
    for classes, weight in islice(configurations(formula, facts), ways):
        bound = log(w) if (w := float(weight)) > 0 else -inf
        if found is not None and bound <= best:
            break
        own = _class_score(formula, facts, classes)
        if found is not None and own <= best:
            continue
        try:
            way = _best_path(ground_in(formula, facts, classes, {}), facts, -inf if found is None else best - own)
        except GroundingError:
            if found is None:
                raise
            break
        if way is None:
            continue
        best, found = way[0] + own, (classes, way[1])  # only better ones are found
    return None if found is None else _world(*found, facts)


def world_of_classes(formula: Formula, facts: Facts, classes: tuple[str | None, ...]) -> World | None:
    """The most probable world that satisfies ``formula`` among those with these classes; None when none does."""
    way = _best_path(ground_in(formula, facts, classes, {}), facts)
    return None if way is None else _world(classes, way[1], facts)


def _class_score(formula: Formula, facts: Facts, classes: tuple[str | None, ...]) -> float:
    """The logarithm of the probability of ``classes``; where one is None, the likeliest that is not mentioned."""
    names = facts.vocabulary.classes
    mentioned = classes_in(formula, names)
    total = 0.0
    for row, name in zip(facts.classes.tolist(), classes, strict=True):
        if name is None:
            others = [p for c, p in zip(names, row, strict=True) if c not in mentioned]
            p = max([*others, 1 - sum(row)])
        else:
            p = row[names.index(name)]
        total += log(p) if p > 0 else -inf
    return total


def _world(classes: tuple[str | None, ...], path: Sequence[Mapping[object, bool]], facts: Facts) -> World:
    """The world of these classes and decided facts; the others take their more probable value."""
    v = facts.vocabulary
    true: set[tuple[str | int, ...]] = set()
    for k, name in enumerate(v.unary):
        true |= {(name, int(t), int(o)) for t, o in (facts.unary[..., k] >= 0.5).nonzero().tolist()}
    for k, name in enumerate(v.binary):
        true |= {(name, int(t), int(a), int(b)) for t, a, b in (facts.binary[..., k] >= 0.5).nonzero().tolist()}
    for t, decided in enumerate(path):
        for proposition, value in decided.items():
            if isinstance(proposition, tuple):
                name, *objects = proposition
                (true.add if value else true.discard)((name, t, *objects))
    absent = frozenset((int(t), int(o)) for t, o in (~facts.present).nonzero().tolist())
    return World(facts.frames, classes, frozenset(true), absent, facts.fps, frozenset(v.classes))


def _best_path(core: Core, facts: Facts, above: float = -inf) -> tuple[float, list[dict[object, bool]]] | None:
    """The most probable accepting path (Viterbi): per frame the truth of the propositions that it decides.

    Its score is the logarithm of its probability, relative to that of the likeliest world of the same classes. A path
    only loses on its way, so those that are not ``above`` a score any more are left: None when none remains.
    """
    automaton = Progression(core, states=20_000, nodes=400_000)
    series = [facts.series(p).tolist() for p in automaton.propositions]
    best: dict[int, float] = {0: 0.0}
    back: list[dict[int, tuple[int, dict[object, bool]]]] = []
    for t in range(facts.frames):
        reached: dict[int, float] = {}
        origin: dict[int, tuple[int, dict[object, bool]]] = {}
        for state, value in best.items():
            stack: list[tuple[int, float, dict[object, bool]]] = [(automaton.root(state), value, {})]
            while stack:
                target, score, decided = stack.pop()
                if score <= above:
                    continue
                if target < 0:
                    if score > reached.get(-1 - target, -inf):
                        reached[-1 - target] = score
                        origin[-1 - target] = (state, decided)
                    continue
                k, low, high = automaton.branches[target]
                p = series[k][t]
                proposition = automaton.propositions[k]
                # Relative to the likelier value, which the facts that are not decided here will take.
                free = log(max(p, 1 - p))
                if p < 1:
                    stack.append((low, score + log(1 - p) - free, {**decided, proposition: False}))
                if p > 0:
                    stack.append((high, score + log(p) - free, {**decided, proposition: True}))
        best = reached
        back.append(origin)
    accepted = [(value, s) for s, value in best.items() if automaton.accepts(s)]
    if not accepted:
        return None
    score, state = max(accepted)
    path: list[dict[object, bool]] = []
    for origin in reversed(back):
        state, decided = origin[state]
        path.append(decided)
    return score, path[::-1]


def prove(formula: Formula, world: World) -> tuple[dict[str, int], list[Step]]:
    """The objects that the leading ``exists`` binds and the facts that make ``formula`` true of ``world``.

    ``formula`` must hold in ``world``. Each disjunction is proved by its first true part, each ``eventually`` by its
    earliest frame; the list is in order of time and stops at MOST_STEPS facts.
    """
    bound: dict[str, int] = {}
    steps: dict[Step, None] = {}
    _Proof(world, bound, steps).show(formula, 0, {}, True)
    ordered = sorted(steps, key=lambda s: (s.frame, s.predicate, s.objects))
    return bound, ordered[:MOST_STEPS]


class _Proof:
    def __init__(self, world: World, bound: dict[str, int], steps: dict[Step, None]) -> None:
        self.world, self.bound, self.steps = world, bound, steps

    def show(self, f: Formula, i: int, env: dict[str, int], want: bool) -> None:
        """Record facts from which it follows that ``f`` at ``i`` is ``want``, which it is."""
        if len(self.steps) >= MOST_STEPS:
            return

        def true(g: Formula, at: int) -> bool:
            return holds(g, self.world, at, env)

        def one(pairs: Sequence[tuple[Formula, int]], value: bool) -> None:
            """The first of these that has the value proves it."""
            for g, at in pairs:
                if true(g, at) is value:
                    self.show(g, at, env, value)
                    return

        def every(pairs: Sequence[tuple[Formula, int]], value: bool) -> None:
            for g, at in pairs:
                self.show(g, at, env, value)

        match f:
            case ast.Atom(p, args):
                if i < self.world.frames and p not in self.world.class_names:
                    self.steps[Step(i, p, tuple(env[a] for a in args), want)] = None
            case ast.Not(a):
                self.show(a, i, env, not want)
            case ast.And(args):
                (every if want else one)([(a, i) for a in args], want)
            case ast.Or(args):
                (one if want else every)([(a, i) for a in args], want)
            case ast.Implies(a, b):
                self.show(ast.Or((ast.Not(a), b)), i, env, want)
            case ast.Iff(a, b):
                every([(g, i) for g in (a, b) if true(g, i)], True)
                every([(g, i) for g in (a, b) if not true(g, i)], False)
            case ast.Next(a) | ast.WeakNext(a):
                every([(a, i + 1)] if i + 1 < self.world.frames else [], want)
            case ast.Previous(a) | ast.WeakPrevious(a):
                every([(a, i - 1)] if i > 0 else [], want)
            case ast.Eventually(a, w):
                (one if want else every)([(a, j) for j in self.frames(i, w, 1)], want)
            case ast.Always(a, w):
                (every if want else one)([(a, j) for j in self.frames(i, w, 1)], want)
            case ast.Once(a, w):
                (one if want else every)([(a, j) for j in self.frames(i, w, -1)], want)
            case ast.Historically(a, w):
                (every if want else one)([(a, j) for j in self.frames(i, w, -1)], want)
            case ast.Until(a, b, w) | ast.Since(a, b, w):
                self.hold_to(a, b, i, self.frames(i, w, 1 if isinstance(f, ast.Until) else -1), env, want)
            case ast.Release(a, b, w):
                self.hold_to(ast.Not(a), ast.Not(b), i, self.frames(i, w, 1), env, not want)
            case ast.WeakUntil(a, b, w):
                held = range(i, reach(w, i, self.world.frames, self.world.fps))
                if not want:  # where a first fails, the ends behind it are out of reach: b must fail at the others
                    fails = next(k for k in held if not true(a, k))
                    every([(b, j) for j in self.frames(i, w, 1) if j <= fails], False)
                    every([(a, fails)], False)
                elif true(ast.Until(a, b, w), i):
                    self.show(ast.Until(a, b, w), i, env, True)
                else:
                    every([(a, j) for j in held], True)
            case ast.Then(parts, gaps):
                self.show(unfold_then(parts, gaps), i, env, want)
            case ast.Hinted(a):
                self.show(a, i, env, want)
            case ast.Exists(bindings, body):
                self.choose(bindings, body, i, env, want, 1 if want else None)
            case ast.Forall(bindings, body):
                self.choose(bindings, body, i, env, want, None if want else 1)
            case ast.ExistsAtLeast(count, bindings, body):
                self.choose(bindings, body, i, env, want, count if want else None)

    def frames(self, i: int, w: ast.Window | None, way: int) -> list[int]:
        """The frames of a window, nearest first, looking forwards (1) or backwards (-1)."""
        lo, hi = offsets(w, self.world.fps)
        n = self.world.frames
        end = n if hi is None else hi
        steps = (i + way * d for d in range(lo, min(end, n) + 1))
        return [j for j in steps if 0 <= j < n and inside(w, j, n)]

    def hold_to(self, a: Formula, b: Formula, i: int, ends: list[int], env: dict[str, int], want: bool) -> None:
        def between(j: int) -> Sequence[int]:
            return range(i, j) if j >= i else range(j + 1, i + 1)

        for j in ends:
            if holds(b, self.world, j, env) and all(holds(a, self.world, k, env) for k in between(j)):
                for k in between(j):
                    self.show(a, k, env, True)
                self.show(b, j, env, True)
                return
        if not want:
            for j in ends:
                if not holds(b, self.world, j, env):
                    self.show(b, j, env, False)
                else:
                    failing = next(k for k in between(j) if not holds(a, self.world, k, env))
                    self.show(a, failing, env, False)

    def choose(
        self,
        bindings: tuple[ast.Binding, ...],
        body: Formula,
        i: int,
        env: dict[str, int],
        want: bool,
        most: int | None,
    ) -> None:
        """Show the body for ``most`` bindings that have the value (all of them for None)."""
        ranges = [[o for o, c in enumerate(self.world.classes) if b.sort in (None, c)] for b in bindings]
        shown = 0
        for objects in product(*ranges):
            inner = {**env, **{b.var: o for b, o in zip(bindings, objects, strict=True)}}
            if holds(body, self.world, i, inner) is want and (most is None or shown < most):
                shown += 1
                if most == 1 and want:
                    for b, o in zip(bindings, objects, strict=True):
                        self.bound.setdefault(b.var, o)
                self.show(body, i, inner, want)


Name = Callable[[int], str]
