"""Small boolean traces on which two specs are likely to differ if they differ at all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.definition import VISIBLE, World
from nesy.scenegraph import SceneGraph, Vocabulary

Facts = set[tuple[str | int, ...]]
FRAMES, OBJECTS, MOST_OBJECTS, FPS = 8, 4, 7, 4.0


@dataclass(frozen=True)
class Names:
    """What some formulas mention: classes, and predicates of one and two objects."""

    classes: tuple[str, ...]
    unary: tuple[str, ...]
    binary: tuple[str, ...]

    @staticmethod
    def of(formulas: Sequence[Formula], classes: Sequence[str]) -> Names:
        """The names of unfolded formulas; ``classes`` are those of the domain."""
        atoms = {(f.predicate, len(f.args)) for g in formulas for f in ast.walk(g) if isinstance(f, ast.Atom)}
        sorts = {b.sort for g in formulas for f in ast.walk(g) for b in bindings_of(f) if b.sort}
        sorts |= {p for p, _ in atoms if p in classes}
        if len(sorts) < len(classes):  # one class that nobody mentions, for variables without a class
            sorts.add(next(c for c in classes if c not in sorts))
        return Names(
            tuple(sorted(sorts)) or ("object",),
            tuple(sorted(p for p, n in atoms if n == 1 and p not in classes and p != VISIBLE)),
            tuple(sorted(p for p, n in atoms if n == 2)),
        )


def bindings_of(f: Formula) -> tuple[ast.Binding, ...]:
    """The variables that ``f`` itself binds."""
    match f:
        case ast.Exists(b) | ast.Forall(b) | ast.ExistsAtLeast(_, b) | ast.Count(_, _, b):
            return b
    return ()


def sample(formulas: Sequence[Formula], names: Names, count: int, seed: int = 0) -> list[World]:
    """``count`` worlds: a third with random facts, the others made for one of the formulas and then changed."""
    rng = random.Random(seed)
    worlds = []
    for n in range(count):
        model = formulas[n % len(formulas)] if n % 3 else None
        needed = [b.sort or rng.choice(names.classes) for f in ast.walk(model) for b in bindings_of(f)] if model else []
        more = max(0, rng.randint(2, OBJECTS) - len(needed))
        classes = [*needed, *(rng.choice(names.classes) for _ in range(more))][:MOST_OBJECTS]
        if model and rng.random() < 0.3 and len(classes) > 1:  # one object less than the formula has variables
            classes.pop(rng.randrange(len(classes)))
        frames = rng.randint(3, FRAMES)
        density = rng.choice((0.0, 0.05, 0.15) if model else (0.05, 0.2, 0.5, 0.8))
        possible = _possible(names, frames, len(classes))
        facts = {f for f in possible if rng.random() < density}
        if model is not None:
            _plant(model, frames, classes, facts, names, rng)
            for _ in range(rng.choice((0, 0, 1, 2, 3))):
                if possible:
                    facts ^= {rng.choice(possible)}
        absent = set()
        if any(isinstance(f, ast.Atom) and f.predicate == VISIBLE for g in formulas for f in ast.walk(g)):
            absent = {(t, o) for t in range(frames) for o in range(len(classes)) if rng.random() < 0.2}
        worlds.append(
            World(frames, tuple(classes), frozenset(facts), frozenset(absent), FPS, frozenset(names.classes))
        )  # fmt: skip
    return worlds


def _possible(names: Names, frames: int, objects: int) -> list[tuple[str | int, ...]]:
    """Every fact that could be true; nothing stands in a relation to itself."""
    facts: list[tuple[str | int, ...]] = []
    for t in range(frames):
        for o in range(objects):
            facts += [(p, t, o) for p in names.unary]
            facts += [(p, t, o, q) for p in names.binary for q in range(objects) if q != o]
    return facts


def _plant(f: Formula, frames: int, classes: Sequence[str], facts: Facts, names: Names, rng: random.Random) -> None:
    """Change ``facts`` so that ``f`` is likely to hold at the first frame."""

    def put(g: Formula, i: int, positive: bool, env: dict[str, int]) -> None:
        i = min(i, frames - 1)
        match g:
            case ast.Atom(p, args) if p in names.unary or p in names.binary:
                fact: tuple[str | int, ...] = (p, i, *(env[a] for a in args if a in env))
                if len(fact) == 2 + len(args) == len(set(fact[2:])) + 2:  # never of an object and itself
                    (facts.add if positive else facts.discard)(fact)
            case ast.Not(body):
                put(body, i, not positive, env)
            case ast.And(parts) | ast.Or(parts):
                for part in parts if isinstance(g, ast.And) == positive else [rng.choice(parts)]:
                    put(part, i, positive, env)
            case ast.Eventually(body) | ast.Always(body):
                every = isinstance(g, ast.Always) == positive
                for j in range(i, frames) if every else [rng.randrange(i, frames)]:
                    put(body, j, positive, env)
            case ast.Until(left, right) | ast.WeakUntil(left, right):
                j = rng.randrange(i, frames)
                for k in range(i, j):
                    put(left, k, positive, env)
                put(right, j, positive, env)
            case ast.Then(parts) if positive and len(parts) <= frames - i:
                for part, j in zip(parts, sorted(rng.sample(range(i, frames), len(parts))), strict=True):
                    put(part, j, True, env)
            case ast.Then(parts):
                for j in range(i, frames):
                    put(parts[-1], j, positive, env)
            case ast.Exists(b, body) | ast.Forall(b, body) | ast.ExistsAtLeast(_, b, body):
                chosen = dict(env)
                for v in b:
                    fit = [o for o, c in enumerate(classes) if v.sort in (None, c)]
                    free = [o for o in fit if o not in chosen.values()] or fit
                    if not free:
                        return
                    chosen[v.var] = rng.choice(free)
                put(body, i, positive, chosen)
            case ast.Next(body) | ast.WeakNext(body):
                put(body, i + 1, positive, env)
            case ast.Hinted(body):
                put(body, i, positive, env)

    put(f, 0, True, {})


def scene_graphs(worlds: Sequence[World], names: Names) -> SceneGraph:
    """The same worlds as one batch of certain scene graphs."""
    vocabulary = Vocabulary(names.classes, names.unary, names.binary)
    c, u, r = vocabulary.sizes()
    frames, objects = max(w.frames for w in worlds), max(len(w.classes) for w in worlds)
    count = len(worlds)
    classes = torch.full((count, objects, c), -torch.inf)
    unary = torch.full((count, frames, objects, u), -torch.inf)
    binary = torch.full((count, frames, objects, objects, r), -torch.inf)
    present = torch.zeros(count, frames, objects, dtype=torch.bool)
    for n, w in enumerate(worlds):
        for o, name in enumerate(w.classes):
            classes[n, o, names.classes.index(str(name))] = 0.0
        present[n, : w.frames, : len(w.classes)] = True
        for frame, o in w.absent:
            present[n, frame, o] = False
        for p, *at in w.facts:
            t, *who = (int(x) for x in at)
            if len(who) == 1:
                unary[n, t, who[0], names.unary.index(str(p))] = torch.inf
            else:
                binary[n, t, who[0], who[1], names.binary.index(str(p))] = torch.inf
    lengths = torch.tensor([w.frames for w in worlds])
    sizes = torch.tensor([len(w.classes) for w in worlds])
    return SceneGraph(vocabulary, classes, unary, binary, present, lengths, sizes, (FPS,) * count)
