"""Degrees in every algebra: laws, the definition on deterministic graphs, scans against definitions, gradients."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.algebra import LAWS, algebras
from nesy.reasoners.temporal.definition import holds
from nesy.reasoners.temporal.degrees import degree, degrees
from nesy.reasoners.temporal.windows import since, sliding, until
from nesy.scenegraph import collate

from .strategies import VOCABULARY, random_formula, random_graph
from .test_exact import world_of

NAMES = list(algebras)
odds = st.one_of(st.floats(-8, 8), st.sampled_from([float("inf"), float("-inf"), 0.0]))


def degree_of(algebra, x: float) -> torch.Tensor:
    return algebra.embed(torch.tensor(x, dtype=torch.float64))


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(torch.isclose(a, b, rtol=1e-7, atol=1e-9)) or float(a) == float(b)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(x=odds, y=odds, z=odds)
def test_laws_that_are_claimed_hold(name: str, x: float, y: float, z: float):
    a = algebras[name]
    p, q, r = (degree_of(a, v) for v in (x, y, z))
    top, bottom = torch.tensor(a.top, dtype=p.dtype), torch.tensor(a.bottom, dtype=p.dtype)
    close = same if name != "log" else lambda u, v: same(u.exp(), v.exp())  # 1 - exp loses digits near certainty
    law = {
        "associative": lambda: close(a.conj(p, a.conj(q, r)), a.conj(a.conj(p, q), r)),
        "commutative": lambda: close(a.conj(p, q), a.conj(q, p)) and close(a.disj(p, q), a.disj(q, p)),
        "unit": lambda: close(a.conj(p, top), p) and close(a.disj(p, bottom), p),
        "absorbing": lambda: close(a.conj(p, bottom), bottom) and close(a.disj(p, top), top),
        "involution": lambda: close(a.neg(a.neg(p)), p),
        "de morgan": lambda: close(a.neg(a.conj(p, q)), a.disj(a.neg(p), a.neg(q))),
        "monotone": lambda: bool(a.conj(torch.minimum(p, q), r) <= a.conj(torch.maximum(p, q), r) + 1e-12),
        "idempotent": lambda: close(a.conj(p, p), p) and close(a.disj(p, p), p),
        "distributive": lambda: close(a.conj(p, a.disj(q, r)), a.disj(a.conj(p, q), a.conj(p, r))),
        "excluded middle": lambda: close(a.disj(p, a.neg(p)), top),
    }
    assert set(law) == set(LAWS)
    for claimed in a.laws:
        assert law[claimed](), (claimed, p, q, r)


@pytest.mark.parametrize("name", NAMES)
def test_laws_that_are_not_claimed_fail_somewhere(name: str):
    a = algebras[name]
    p, q, r = (degree_of(a, v) for v in (0.3, -0.4, 1.1))
    if "idempotent" not in a.laws:
        assert not same(a.conj(p, p), p)
    if "distributive" not in a.laws:
        assert not same(a.conj(p, a.disj(q, r)), a.disj(a.conj(p, q), a.conj(p, r)))
    if "excluded middle" not in a.laws:
        assert not same(a.disj(p, a.neg(p)), torch.tensor(a.top, dtype=torch.float64))


@pytest.mark.parametrize("name", NAMES)
def test_on_certain_facts_every_algebra_is_the_definition(name: str):
    rng = random.Random(11)
    for _ in range(700):
        formula = random_formula(rng, rng.randint(1, 4))
        graph = random_graph(rng, rng.randint(0, 6), rng.randint(0, 3), uncertain=0.0)
        world = world_of(graph)
        got = algebras[name].probability(degrees(formula, graph, name)[0])
        want = [float(holds(formula, world, t)) for t in range(max(1, world.frames))]
        assert got.tolist() == pytest.approx(want, abs=1e-6), (formula, world)


@pytest.mark.parametrize("name", ["minmax", "boolean", "robustness"])
def test_scans_equal_definitions(name: str):
    rng = random.Random(12)
    for _ in range(300):
        formula = random_formula(rng, rng.randint(1, 4))
        graph = random_graph(rng, rng.randint(0, 7), rng.randint(1, 3))
        fast, slow = degrees(formula, graph, name), degrees(formula, graph, name, definition=True)
        assert torch.equal(fast, slow) or torch.allclose(fast, slow, atol=1e-9), formula


def test_minmax_is_decided_cut_by_cut():
    """A min-max degree is at least c exactly when the formula holds of the facts that are (without negation)."""
    rng = random.Random(13)
    for _ in range(200):
        formula = random_formula(rng, 3)
        graph = random_graph(rng, rng.randint(1, 5), rng.randint(1, 2))
        value = float(degree(formula, graph, "robustness")[0])
        if value not in (0.0,) and not bool((graph.classes.exp() == 0.5).any()):
            sign = float(degree(formula, graph, "boolean")[0])
            assert (value > 0) == (sign == 1), formula


def sequence(n: int) -> st.SearchStrategy:
    return st.lists(st.floats(-4, 4), min_size=n, max_size=n)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(1, 12), lo=st.integers(0, 5), width=st.integers(0, 8))
def test_sliding_windows_equal_the_sum_over_each_window(name: str, data, n: int, lo: int, width: int):
    a = algebras[name]
    x = a.embed(torch.tensor(data.draw(sequence(n)), dtype=torch.float64))[None]
    for hi in (lo + width, lo - 1, None):
        got = sliding(x, lo, hi, a)[0]
        for i in range(n):
            window = x[:, i + lo : n if hi is None else min(n, i + hi + 1)]
            assert float(got[i]) == pytest.approx(float(a.any(window, 1)[0]), abs=1e-9, rel=1e-9)


@pytest.mark.parametrize("name", ["minmax", "robustness"])
@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(1, 10), lo=st.integers(0, 4), width=st.integers(0, 6))
def test_until_and_since_scans(name: str, data, n: int, lo: int, width: int):
    a = algebras[name]
    p, q = (a.embed(torch.tensor(data.draw(sequence(n)), dtype=torch.float64))[None] for _ in range(2))
    for hi in (lo + width, None):
        for operator in (until, since):
            assert torch.allclose(operator(p, q, lo, hi, a), operator(p, q, lo, hi, a, scan=False))


@pytest.mark.parametrize("name", [n for n in NAMES if n != "boolean"])
def test_gradients_in_float64(name: str):
    rng = random.Random(14)
    torch.manual_seed(0)
    done = 0
    while done < 12:
        formula = random_formula(rng, 2)
        graph = random_graph(rng, 4, 2)
        u, b = torch.randn_like(graph.unary.double()), torch.randn_like(graph.binary.double())

        def value(u, b, graph=graph, formula=formula):
            classes = torch.full_like(graph.classes.double(), 0.4).log()
            return degree(formula, replace(graph, unary=u, binary=b, classes=classes), name)

        u.requires_grad_(), b.requires_grad_()
        out = value(u, b)
        if out.requires_grad and bool(out.isfinite().all()):  # a robustness of infinity has no derivative
            assert torch.autograd.gradcheck(value, (u, b), eps=1e-7, atol=1e-4), formula
            done += 1


@pytest.mark.parametrize("name", NAMES)
def test_batches_of_different_clips_are_the_clips(name: str):
    rng = random.Random(15)
    for _ in range(60):
        formula = random_formula(rng, 3)
        graphs = [random_graph(rng, rng.randint(0, 6), rng.randint(0, 3)) for _ in range(3)]
        together = degree(formula, collate(graphs), name)
        assert together.tolist() == pytest.approx([float(degree(formula, g, name)[0]) for g in graphs], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_no_nan_at_certainty(name: str):
    rng = random.Random(16)
    for _ in range(60):
        formula, graph = random_formula(rng, 3), random_graph(rng, rng.randint(0, 4), 2, uncertain=0.3)
        graph.unary.requires_grad_()
        out = degree(formula, graph, name)
        assert not out.isnan().any()
        if out.requires_grad and bool(out.isfinite().all()):
            out.sum().backward()
            assert graph.unary.grad is None or not graph.unary.grad.isnan().any(), formula


def test_wrong_names_are_errors_with_a_remedy():
    graph = random_graph(random.Random(0), 3, 2)
    with pytest.raises(GroundingError, match="no predicate `nothing`"):
        degrees(parse_formula("exists x { eventually nothing(x) }"), graph)
    with pytest.raises(GroundingError, match="`y` is not bound"):
        degrees(parse_formula("exists x { eventually p(y) }"), graph)
    with pytest.raises(Exception, match="did you mean `minmax`"):
        degrees(parse_formula("true"), graph, "minmx")
    assert VOCABULARY.unary
