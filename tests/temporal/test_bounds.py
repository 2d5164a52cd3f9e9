"""Bounds of any formula contain its exact probability, and bringing quantifiers to the front changes nothing."""

from __future__ import annotations

import random

import pytest
import torch

from nesy.dsl import ast
from nesy.dsl.format import to_text
from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.bounds import bounds, prenex
from nesy.reasoners.temporal.definition import holds
from nesy.reasoners.temporal.exact import exact
from nesy.reasoners.temporal.query import query
from nesy.scenegraph import SceneGraph, Vocabulary

from .strategies import random_formula, random_graph
from .test_exact import world_of


def test_bounds_contain_the_exact_probability():
    rng, checked, inside = random.Random(5), 0, 0
    while checked < 300:
        parts = tuple(random_formula(rng, rng.randint(1, 2)) for _ in range(rng.randint(1, 2)))
        wrap = rng.choice([ast.Not, ast.Eventually, ast.Always, ast.And, ast.Or, ast.Then])
        if wrap in (ast.And, ast.Or):
            formula = wrap(parts)
        else:
            formula = ast.Then(parts, (None,) * (len(parts) - 1)) if wrap is ast.Then else wrap(parts[0])
        graph = random_graph(rng, rng.randint(1, 3), rng.randint(1, 2))
        try:
            low, high = bounds(formula, graph)
        except GroundingError:
            continue
        assert low - 1e-6 <= float(exact(formula, graph)) <= high + 1e-6, (to_text(formula), low, high)
        checked += 1
        inside += prenex(formula) is None
    assert inside > 30


def test_quantifiers_in_front_mean_the_same():
    rng, moved = random.Random(6), 0
    for _ in range(4000):
        formula = random_formula(rng, rng.randint(1, 4), quantify=3)
        front = prenex(formula)
        if front is None or front == formula:
            continue
        world = world_of(random_graph(rng, rng.randint(0, 5), rng.randint(0, 3), uncertain=0.0))
        assert holds(front, world) is holds(formula, world), (to_text(formula), to_text(front))
        moved += 1
    assert moved > 50


CATS = Vocabulary(("cat",), ("a", "b"), ())


@pytest.mark.parametrize(
    ("question", "low", "high"),
    [
        ("eventually exists x: cat { a(x) }", 0.5, 0.5),  # one object is a cat or is none in all frames
        ("not eventually exists x: cat { a(x) }", 0.5, 0.5),
        ("exists x: cat { a(x) } and exists y: cat { b(y) }", 0.5, 0.5),
        ("exists x: cat { a(x) } or exists y: cat { b(y) }", 0.5, 1.0),
        ("exists x: cat { a(x) and exists x { not b(x) } }", 0.0, 0.0),
    ],
)
def test_a_class_is_drawn_once(question: str, low: float, high: float):
    graph = SceneGraph.from_probabilities(CATS, torch.tensor([[0.5]]), torch.ones(2, 1, 2), torch.zeros(2, 1, 1, 0))
    answer = query(parse_formula(question), graph, method="bounds")
    assert (answer.lower, answer.upper) == pytest.approx((low, high), abs=1e-6)


def test_without_bounds_the_enclosure_is_the_answer_and_the_reason_is_given():
    text = "exists at least 2 x: cat { eventually a(x) }"
    graph = SceneGraph.from_probabilities(
        CATS, torch.full((14, 1), 0.5), torch.full((4, 14, 2), 0.5), torch.zeros(4, 14, 14, 0)
    )
    answer = query(parse_formula(text), graph, budget=50, witness=False)
    assert 0 <= answer.lower <= answer.upper <= 1 and answer.note
    with pytest.raises(GroundingError, match="no bounds are known"):
        query(parse_formula(text), graph, method="bounds")
