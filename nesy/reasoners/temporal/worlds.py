"""Brute force: the probability of a formula as the sum over all possible worlds in which it holds.

The slowest and plainest definition of the distribution semantics; tests hold every faster path against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from nesy.dsl.ast import Formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.definition import World, holds
from nesy.scenegraph import SceneGraph


def worlds(graph: SceneGraph, budget: int = 1 << 22) -> Iterator[tuple[World, float]]:
    """Every possible world of one clip (B = 1) with its probability.

    Raises:
        GroundingError: more than ``budget`` worlds.
    """
    g = graph.clip(0)
    v, (frames, n) = g.vocabulary, g.present.shape[1:]
    classes = g.classes[0].double().exp()
    class_ways: list[list[tuple[str | None, float]]] = []
    for o in range(n):
        ways: list[tuple[str | None, float]] = [(c, float(classes[o, k])) for k, c in enumerate(v.classes)]
        ways.append((None, max(0.0, 1.0 - sum(p for _, p in ways))))
        class_ways.append([(c, p) for c, p in ways if p > 1e-12])
    unary, binary = g.unary[0].double().sigmoid(), g.binary[0].double().sigmoid()
    facts: list[tuple[tuple[str | int, ...], float]] = []
    for t in range(frames):
        here = [o for o in range(n) if g.present[0, t, o]]
        facts += [((p, t, o), float(unary[t, o, k])) for o in here for k, p in enumerate(v.unary)]
        facts += [((p, t, a, b), float(binary[t, a, b, k])) for a in here for b in here for k, p in enumerate(v.binary)]
    certain = frozenset(f for f, p in facts if p == 1)
    open_facts = [(f, p) for f, p in facts if 0 < p < 1]
    count = 2 ** len(open_facts)
    for way in class_ways:
        count *= len(way)
    if count > budget:
        raise GroundingError(f"{count} possible worlds are too many to enumerate (the budget is {budget})")
    absent = frozenset((t, o) for t in range(frames) for o in range(n) if not g.present[0, t, o])
    for classes_of in product(*class_ways):
        for truth in product((False, True), repeat=len(open_facts)):
            weight = 1.0
            for _, p in classes_of:
                weight *= p
            for (_, p), t in zip(open_facts, truth, strict=True):
                weight *= p if t else 1 - p
            true = frozenset(f for (f, _), t in zip(open_facts, truth, strict=True) if t)
            names = tuple(c for c, _ in classes_of)
            yield World(frames, names, certain | true, absent, g.fps[0], frozenset(v.classes)), weight


def probability_by_worlds(formula: Formula, graph: SceneGraph) -> float:
    """P(formula) at the first frame, by enumeration."""
    return sum(weight for world, weight in worlds(graph) if holds(formula, world))
