"""Questions to scene graphs: agreement with the definition, witnesses that prove, honest bounds."""

from __future__ import annotations

import random

import pytest
import torch

from nesy.dsl import ast
from nesy.dsl.ast import Atom, Binding
from nesy.errors import GroundingError
from nesy.reasoners.temporal.definition import World, holds
from nesy.reasoners.temporal.exact import Facts, exact
from nesy.reasoners.temporal.explain import most_probable_world, prove
from nesy.reasoners.temporal.query import bounds, query
from nesy.reasoners.temporal.worlds import worlds

from .strategies import random_formula, random_graph
from .test_exact import world_of


def test_agrees_with_the_definition_on_deterministic_graphs():
    rng = random.Random(1)
    for _ in range(5000):
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(0, 6), rng.randint(0, 3), uncertain=0.0)
        answer = query(formula, graph)
        assert answer.method == "exact"
        assert answer.probability == float(holds(formula, world_of(graph)))
        assert (answer.witness is not None) == (answer.probability == 1)


def test_the_facts_of_a_proof_suffice():
    """Whatever the facts outside the proof are, the formula holds."""
    rng, checked = random.Random(2), 0
    while checked < 400:
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(1, 5), rng.randint(1, 2), uncertain=0.0)
        world = world_of(graph)
        if not holds(formula, world):
            continue
        _, steps = prove(formula, world)
        fixed = {(s.predicate, s.frame, *s.objects): s.holds for s in steps}
        for fact, value in fixed.items():
            here = fact in world.facts or fact[0] == "visible"
            seen = all((fact[1], o) not in world.absent for o in fact[2:])
            assert (here and seen) is value
        every = [(p, t, o) for p in "pq" for t in range(world.frames) for o in range(len(world.classes))]
        every += [("r", t, a, b) for t in range(world.frames) for a in range(len(world.classes))
                  for b in range(len(world.classes))]  # fmt: skip
        others = frozenset(f for f in every if (fixed[f] if f in fixed else rng.random() < 0.5))
        changed = World(world.frames, world.classes, others, world.absent, world.fps, world.class_names)
        assert holds(formula, changed), (formula, steps)
        checked += 1


def test_the_most_probable_world_is_the_most_probable():
    rng, checked = random.Random(3), 0
    while checked < 60:
        formula = random_formula(rng, 2)
        graph = random_graph(rng, 2, 1, uncertain=0.9)
        classes = (rng.choice(["cat", "dog", None]),)
        row = torch.tensor([[[1.0, 0.0] if classes == ("cat",) else [0.0, 1.0] if classes == ("dog",) else [0.0, 0.0]]])
        graph = graph.__class__(**{**graph.__dict__, "classes": row.double().log()})
        weights = {w: p for w, p in worlds(graph) if holds(formula, w)}
        got = most_probable_world(formula, Facts(graph), classes, {})
        if not weights:
            assert got is None
        else:
            assert got is not None and holds(formula, got)
            mine = next(p for w, p in weights.items() if w.facts == got.facts)
            assert mine == pytest.approx(max(weights.values()), rel=1e-9)
        checked += 1


def test_over_budget_falls_back_to_bounds_that_hold_and_says_so():
    rng = random.Random(4)
    spec = ast.Exists((Binding("x", "cat"),), ast.Eventually(Atom("p", ("x",))))
    for _ in range(30):
        graph = random_graph(rng, 3, 3, uncertain=1.0)
        true = float(exact(spec, graph))
        answer = query(spec, graph, budget=1)
        if answer.method == "exact":
            continue
        assert answer.note is not None and answer.method == "lower bound"
        assert answer.lower - 1e-6 <= true <= answer.upper + 1e-6
        low, high = bounds(spec, graph)  # the work done before the budget ran out only tightens them
        assert low <= answer.lower <= answer.upper <= high + 1e-9
        with pytest.raises(GroundingError):
            query(spec, graph, budget=1, method="exact")
