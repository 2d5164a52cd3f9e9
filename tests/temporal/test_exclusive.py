"""Exclusive facts: found in constraints, and conditioned on exactly."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.dsl.parser import parse_formula
from nesy.reasoners.temporal.exclusive import Groups, exclude, exclusive_groups, tie
from nesy.scenegraph import Vocabulary

NAMES = Vocabulary(("cat", "dog"), ("p", "q", "r", "s"), ("on", "near", "far"))


def groups(*constraints: str) -> Groups:
    return exclusive_groups([parse_formula(c) for c in constraints], NAMES)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-6, 6), min_size=2, max_size=5))
def test_conditioning_is_that_of_the_enumerated_worlds(odds):
    logits = torch.tensor(odds, dtype=torch.float64)
    p = logits.sigmoid()
    group = tuple(range(len(odds) - 1))  # the last fact is free
    weights = {}
    for world in product([0, 1], repeat=len(odds)):
        if sum(world[i] for i in group) <= 1:
            weights[world] = float(torch.stack([p[i] if w else 1 - p[i] for i, w in enumerate(world)]).prod())
    want = [sum(w for world, w in weights.items() if world[i]) / sum(weights.values()) for i in range(len(odds))]
    assert exclude(logits, [group]).sigmoid().tolist() == pytest.approx(want, rel=1e-9)


def test_gradient_in_float64():
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: exclude(z, [(0, 2, 3)]), (x,))
    assert exclude(x, []) is x


def test_extreme_odds_stay_finite():
    x = torch.tensor([[300.0, 290.0, -300.0, 0.0]], requires_grad=True)
    out = exclude(x, [(0, 1, 2)])
    assert out.tolist() == [[pytest.approx(10), pytest.approx(-10), pytest.approx(-600), 0]]
    out.sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()


def test_groups_come_from_one_frame_constraints():
    pairs = ("p(x) -> not (q(x) or r(x))", "not (q(x) and r(x))")
    assert groups(*(f"forall x {{ always ({c}) }}" for c in pairs)) == Groups(((0, 1, 2),))
    assert groups("forall x { always (p(x) -> q(x)) }") == Groups()
    assert groups("forall x { always (cat(x) -> not (p(x) and q(x))) }") == Groups()  # only of cats
    assert groups("forall x { eventually not (p(x) and q(x)) }") == Groups()
    assert groups("forall x { always (p(x) -> next not q(x)) }") == Groups()
    assert groups("forall x { always (p(x) <-> not q(x)) }") == Groups(((0, 1),))


def test_pairs_of_objects():
    assert groups("forall x, y { always not (on(x, y) and far(x, y)) }") == Groups((), ((0, 2),))
    assert groups("forall x, y { always not (on(y, x) and far(y, x)) }") == Groups((), ((0, 2),))
    assert groups("forall x, y { always not (on(x, y) and far(y, x)) }") == Groups()  # different facts
    assert groups("forall x, y { always not (p(x) and q(y)) }") == Groups()
    assert groups("forall x, y { always not (p(y) and q(y)) }") == Groups(((0, 1),))


def test_no_predicate_is_in_two_groups():
    assert groups(
        "forall x { always not (p(x) and q(x)) }", "forall x { always not (q(x) and r(x)) }",
        "forall x { always not (r(x) and s(x)) }",
    ) == Groups(((0, 1), (2, 3)))  # fmt: skip


def test_inverse_and_symmetric_relations():
    inverse = groups("forall x, y { always (on(x, y) <-> far(y, x)) }")
    assert inverse == Groups((), (), ((0, 2),))
    assert groups("forall x, y { always (near(y, x) <-> near(x, y)) }") == Groups((), (), ((1, 1),))
    assert groups("forall x, y { always (near(x, y) -> near(y, x)) }") == Groups()  # only one direction is said
    assert groups("forall x, y { always (on(x, y) <-> far(x, y)) }") == Groups()


def test_ties_are_conditional_probabilities():
    x = torch.randn(2, 2, 3, dtype=torch.float64)
    p = x.sigmoid()
    tied = tie(x, [(0, 2), (1, 1)]).sigmoid()
    a, b = p[0, 1, 0], p[1, 0, 2]
    assert float(tied[0, 1, 0]) == float(tied[1, 0, 2]) == pytest.approx(float(a * b / (a * b + (1 - a) * (1 - b))))
    a, b = p[0, 1, 1], p[1, 0, 1]
    assert float(tied[0, 1, 1]) == float(tied[1, 0, 1]) == pytest.approx(float(a * b / (a * b + (1 - a) * (1 - b))))
