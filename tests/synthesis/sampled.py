"""Whether two specs say the same, judged on random scene graphs and on graphs near either spec."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.degrees import degree
from nesy.scenegraph import SceneGraph, Vocabulary

FRAMES, OBJECTS = 8, 4
Facts = set[tuple[str | int, ...]]


class _Draw:
    """Worlds over the names that some formulas mention."""

    def __init__(self, formulas: Sequence[Formula], classes: Sequence[str], rng: random.Random) -> None:
        self.rng = rng
        atoms = {(f.predicate, len(f.args)) for g in formulas for f in ast.walk(g) if isinstance(f, ast.Atom)}
        sorts = {b.sort for g in formulas for f in ast.walk(g) for b in getattr(f, "bindings", ()) if b.sort}
        self.sorts = sorted(sorts | {p for p, _ in atoms if p in classes}) or sorted(classes)[:1]
        self.unary = sorted(p for p, n in atoms if n == 1 and p not in classes)
        self.binary = sorted(p for p, n in atoms if n == 2)

    def objects(self, needed: Sequence[str]) -> list[str]:
        """Classes of up to OBJECTS objects; ``needed`` first."""
        extra = max(0, self.rng.randint(2, OBJECTS) - len(needed))
        return [*needed, *(self.rng.choice(self.sorts) for _ in range(extra))]

    def facts(self, frames: int, objects: int, density: float) -> Facts:
        out: Facts = set()
        for t in range(frames):
            for o in range(objects):
                out |= {(p, t, o) for p in self.unary if self.rng.random() < density}
                for q in range(objects):
                    if q != o:  # nothing stands in a relation to itself
                        out |= {(p, t, o, q) for p in self.binary if self.rng.random() < density}
        return out

    def flip(self, facts: Facts, frames: int, objects: int) -> None:
        t, o = self.rng.randrange(frames), self.rng.randrange(objects)
        others = [q for q in range(objects) if q != o]
        choices: list[tuple[str | int, ...]] = [(p, t, o) for p in self.unary]
        choices += [(p, t, o, q) for p in self.binary for q in others]
        if choices:
            facts ^= {self.rng.choice(choices)}


def plant(f: Formula, at: int, frames: int, env: dict[str, int], classes: list[str], facts: Facts, draw: _Draw) -> None:
    """Change ``facts`` so that ``f`` is likely to hold at frame ``at``."""
    rng = draw.rng

    def go(g: Formula, i: int, positive: bool, env: dict[str, int]) -> None:
        i = min(i, frames - 1)
        match g:
            case ast.Atom(p, args) if len(args) == 1 and p in draw.sorts:
                pass
            case ast.Atom(p, args):
                fact = (p, i, *(env[a] for a in args))
                (facts.add if positive else facts.discard)(fact)
            case ast.Not(body):
                go(body, i, not positive, env)
            case ast.And(parts) | ast.Or(parts):
                every = isinstance(g, ast.And) == positive
                for part in parts if every else [rng.choice(parts)]:
                    go(part, i, positive, env)
            case ast.Eventually(body):
                for j in [rng.randrange(i, frames)] if positive else range(i, frames):
                    go(body, j, positive, env)
            case ast.Always(body):
                for j in range(i, frames) if positive else [rng.randrange(i, frames)]:
                    go(body, j, positive, env)
            case ast.Next(body):
                go(body, i + 1, positive, env)
            case ast.Until(left, right):
                j = rng.randrange(i, frames)
                for k in range(i, j):
                    go(left, k, positive, env)
                go(right, j, positive, env)
            case ast.Then(parts) if positive:
                if len(parts) <= frames - i:
                    for part, j in zip(parts, sorted(rng.sample(range(i, frames), len(parts))), strict=True):
                        go(part, j, True, env)
            case ast.Then(parts):
                for j in range(frames):
                    go(parts[-1], j, False, env)
            case ast.Exists(bindings, body) | ast.Forall(bindings, body) | ast.ExistsAtLeast(_, bindings, body):
                chosen = dict(env)
                for b in bindings:
                    fit = [o for o, c in enumerate(classes) if b.sort in (None, c)]
                    free = [o for o in fit if o not in chosen.values()] or fit
                    if not free:
                        return
                    chosen[b.var] = rng.choice(free)
                go(body, i, positive, chosen)
            case _:
                pass

    go(f, at, True, env)


def graphs(formulas: Sequence[Formula], classes: Sequence[str], count: int, seed: int = 0) -> SceneGraph:
    """A batch of worlds: a third random, the others made to satisfy one of the formulas, then changed a little."""
    rng = random.Random(seed)
    draw = _Draw(formulas, classes, rng)
    names = Vocabulary(tuple(draw.sorts), tuple(draw.unary), tuple(draw.binary))
    c, u, r = names.sizes()
    many, longest = max(OBJECTS, 6), FRAMES
    one_hot = torch.full((count, many, c), -torch.inf)
    unary = torch.full((count, longest, many, u), -torch.inf)
    binary = torch.full((count, longest, many, many, r), -torch.inf)
    present = torch.zeros(count, longest, many, dtype=torch.bool)
    lengths, objects = torch.zeros(count, dtype=torch.long), torch.zeros(count, dtype=torch.long)
    for n in range(count):
        model = formulas[n % len(formulas)]
        planted = n % 3 != 0
        needed = [b.sort for f in ast.walk(model) for b in getattr(f, "bindings", ()) if b.sort] if planted else []
        kinds = draw.objects(needed[:many])
        frames = rng.randint(3, longest)
        facts = draw.facts(frames, len(kinds), rng.choice([0.0, 0.05, 0.15] if planted else [0.05, 0.2, 0.5, 0.8]))
        if planted:
            plant(model, 0, frames, {}, kinds, facts, draw)
            for _ in range(rng.choice([0, 0, 1, 2, 3])):
                draw.flip(facts, frames, len(kinds))
        for o, kind in enumerate(kinds):
            one_hot[n, o, names.classes.index(kind)] = 0.0
        present[n, :frames, : len(kinds)] = True
        lengths[n], objects[n] = frames, len(kinds)
        for p, t, *who in facts:
            if len(who) == 1:
                unary[n, t, who[0], names.unary.index(p)] = torch.inf
            elif who[0] != who[1]:
                binary[n, t, who[0], who[1], names.binary.index(p)] = torch.inf
    return SceneGraph(names, one_hot, unary, binary, present, lengths, objects, (None,) * count)


def same_meaning(f: Formula, g: Formula, classes: Sequence[str], count: int = 240) -> bool:
    """Whether ``f`` and ``g`` agree on all sampled worlds."""
    batch = graphs((f, g), classes, count)
    return bool((degree(f, batch, "boolean") > 0.5).eq(degree(g, batch, "boolean") > 0.5).all())
