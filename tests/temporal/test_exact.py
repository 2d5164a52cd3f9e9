"""Exact probability against enumeration of possible worlds, and the automaton against the definition."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from nesy.dsl.ast import Window
from nesy.errors import GroundingError
from nesy.reasoners.temporal.automaton import build
from nesy.reasoners.temporal.core import Part
from nesy.reasoners.temporal.definition import World, holds, inside
from nesy.reasoners.temporal.exact import Facts, exact, forward, forward_lazily, ground_in
from nesy.reasoners.temporal.worlds import probability_by_worlds

from .strategies import VOCABULARY, random_formula, random_graph


def world_of(graph) -> World:
    """The only world of a deterministic graph."""
    frames, n = graph.present.shape[1:]
    classes = graph.classes[0].exp()
    names = tuple(next((c for k, c in enumerate(VOCABULARY.classes) if classes[o, k] == 1), None) for o in range(n))
    facts = {(p, t, o) for t in range(frames) for o in range(n)
             for k, p in enumerate(VOCABULARY.unary) if graph.unary[0, t, o, k] > 0}  # fmt: skip
    facts |= {
        ("r", t, a, b) for t in range(frames) for a in range(n) for b in range(n) if graph.binary[0, t, a, b, 0] > 0
    }
    absent = frozenset((t, o) for t in range(frames) for o in range(n) if not graph.present[0, t, o])
    return World(frames, names, frozenset(facts), absent, graph.fps[0], frozenset(VOCABULARY.classes))


def test_automaton_accepts_exactly_the_traces_on_which_the_formula_holds():
    rng, large = random.Random(1), 0
    for _ in range(3000):
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(0, 6), rng.randint(0, 2), uncertain=0.0)
        world, facts = world_of(graph), Facts(graph)
        try:
            automaton = build(ground_in(formula, facts, world.classes))
        except GroundingError:  # over the budget of states: the path of test_large_formulas
            large += 1
            continue
        state = automaton.initial
        for t in range(world.frames):
            true = {i for i, p in enumerate(automaton.propositions) if float(facts.series(p)[t]) == 1}
            state = automaton.step(state, true)
        assert automaton.accepting[state] == holds(formula, world), (formula, world)
    assert large < 30


def test_state_by_state_equals_the_definition_on_deterministic_graphs():
    rng = random.Random(5)
    for _ in range(2000):
        formula = random_formula(rng, rng.randint(1, 4))
        graph = random_graph(rng, rng.randint(0, 6), rng.randint(0, 3), uncertain=0.0)
        world, facts = world_of(graph), Facts(graph)
        core = ground_in(formula, facts, world.classes)
        assert float(forward_lazily(core, facts)) == float(holds(formula, world)), (formula, world)


def test_state_by_state_equals_the_whole_automaton():
    rng = random.Random(6)
    for _ in range(300):
        graph = random_graph(rng, rng.randint(1, 5), 2)
        facts = Facts(graph)
        core = ground_in(random_formula(rng, 2), facts, ("cat", "dog"))
        assert float(forward_lazily(core, facts)) == pytest.approx(float(forward(build(core), facts)), abs=1e-12)


def test_fraction_windows_cover_the_clip_without_gap_or_overlap():
    for n in range(1, 30):
        thirds = [Window(Fraction(a, 3), Fraction(b, 3), "fraction") for a, b in ((0, 1), (1, 2), (2, 3))]
        for t in range(n):
            covered = sum(inside(w, t, n) for w in thirds)
            assert covered == 1 or (covered == 2 and (2 * t + 1) * 3 % (2 * n) == 0)


def test_exact_equals_the_sum_over_worlds():
    rng = random.Random(2)
    checked = 0
    while checked < 2000:
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(0, 3), rng.randint(0, 2), uncertain=0.3)
        try:
            want = probability_by_worlds(formula, graph) if _cheap(graph) else None
        except GroundingError:
            continue
        if want is None:
            continue
        assert float(exact(formula, graph)) == pytest.approx(want, abs=1e-9), formula
        checked += 1


def _cheap(graph) -> bool:
    open_facts = ((graph.unary.abs() < 40).sum() + (graph.binary.abs() < 40).sum()).item()
    return open_facts <= 9


def test_exact_gradient_is_right_by_finite_differences():
    rng = random.Random(3)
    for _ in range(40):
        formula = random_formula(rng, 2)
        base = random_graph(rng, 3, 2, uncertain=1.0)
        unary = base.unary.clone().requires_grad_()

        def value(x: torch.Tensor, formula=formula, base=base) -> torch.Tensor:
            return exact(formula, replace(base, unary=x))

        out = value(unary)
        if out.requires_grad:
            assert torch.autograd.gradcheck(value, (unary,), eps=1e-6, atol=1e-6)


def test_propositions_name_frame_facts_or_parts_of_the_clip():
    rng = random.Random(4)
    graph = random_graph(rng, 4, 2)
    for _ in range(200):
        core = ground_in(random_formula(rng, 2), Facts(graph), ("cat", "dog"))
        for p in build(core).propositions:
            assert isinstance(p, Part) or p[0] in ("p", "q", "r", "visible")
