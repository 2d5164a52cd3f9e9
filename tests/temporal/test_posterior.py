"""Marginals given a formula, and bounds on unions, against the enumeration of possible worlds."""

from __future__ import annotations

import random
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.definition import holds
from nesy.reasoners.temporal.exact import EFFORT, enclose
from nesy.reasoners.temporal.posterior import posterior
from nesy.reasoners.temporal.unions import de_caen, hunter
from nesy.reasoners.temporal.worlds import probability_by_worlds, worlds

from .strategies import VOCABULARY, random_formula, random_graph


def test_marginals_are_those_of_the_worlds_in_which_the_formula_holds():
    rng, checked = random.Random(21), 0
    while checked < 60:
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(1, 2), rng.randint(1, 2), uncertain=0.5)
        kept = [(w, p) for w, p in worlds(graph) if holds(formula, w)]
        total = sum(p for _, p in kept)
        if total < 1e-6:
            continue
        got = posterior(formula, graph)
        assert got.probability == pytest.approx(total, abs=1e-9)
        frames, n = graph.present.shape[1:]
        for o, (k, c) in product(range(n), enumerate(VOCABULARY.classes)):
            want = sum(p for w, p in kept if w.classes[o] == c) / total
            assert float(got.classes[o, k]) == pytest.approx(want, abs=1e-7), (formula, c)
        for t, o, (k, name) in product(range(frames), range(n), enumerate(VOCABULARY.unary)):
            want = sum(p for w, p in kept if (name, t, o) in w.facts) / total
            assert float(got.unary[t, o, k]) == pytest.approx(want, abs=1e-7), formula
        for t, a, b in product(range(frames), range(n), range(n)):
            want = sum(p for w, p in kept if ("r", t, a, b) in w.facts) / total
            assert float(got.binary[t, a, b, 0]) == pytest.approx(want, abs=1e-7), formula
        checked += 1


def test_nothing_follows_from_the_impossible():
    graph = random_graph(random.Random(2), 3, 2)
    with pytest.raises(GroundingError, match="impossible on this clip"):
        posterior(parse_formula("false"), graph)
    assert posterior(parse_formula("true"), graph).probability == 1


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5), st.lists(st.floats(0, 1), min_size=8, max_size=8), st.data())
def test_pair_bounds_enclose_the_union(count: int, weights: list[float], data):
    """Events as random sets of outcomes of a space of eight."""
    mass = torch.tensor(weights, dtype=torch.float64) + 1e-3
    mass = mass / mass.sum()
    events = torch.tensor(
        data.draw(st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=count, max_size=count))
    )
    single = (events * mass).sum(1)
    pairs = ((events[:, None] & events[None, :]) * mass).sum(-1)
    union = float((events.any(0) * mass).sum())
    assert max(single.tolist()) - 1e-9 <= de_caen(single, pairs) <= union + 1e-9
    assert union - 1e-9 <= hunter(single, pairs) <= min(1.0, float(single.sum())) + 1e-9
    if count <= 2:
        assert hunter(single, pairs) == pytest.approx(union)


def test_a_small_budget_leaves_an_enclosure_that_holds():
    rng, loose = random.Random(23), 0
    for _ in range(150):
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, 2, 2, uncertain=0.7)
        try:
            true = probability_by_worlds(formula, graph)
        except GroundingError:
            continue
        for effort in (0, 60, 300, EFFORT):
            known, unknown, reason = enclose(formula, graph, effort=effort)
            assert float(known) - 1e-9 <= true <= float(known) + unknown + 1e-9, (formula, effort)
            loose += reason is not None
    assert loose > 50
