"""Aggregates that choose by weight, give new tags or order; attributes; negated foreign predicates."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import pytest
import torch

from nesy.errors import NesyError
from nesy.reasoners import scallopy

A = "type a(i32), b(i32, i32)\n"


def answer(provenance: str, program: str, facts: Any, relation: str = "r", k: int = 5) -> dict[tuple[Any, ...], float]:
    ctx = scallopy.Context(provenance, k=k)
    ctx.add_program(A + program)
    for name, rows in facts.items():
        ctx.add_facts(name, rows)
    ctx.run()
    found = list(ctx.relation(relation))
    return dict.fromkeys(found, 1.0) if provenance == "unit" else {t: float(p) for p, t in found}


WEIGHED = ["minmaxprob", "addmultprob", "topkproofs", "topbottomkclauses", "exact", "diffnandmultprob"]
FOUR = {"a": [(0.2, (1,)), (0.9, (2,)), (0.5, (3,)), (0.6, (4,))]}


@pytest.mark.parametrize("provenance", WEIGHED)
def test_top_keeps_the_best_with_their_tags(provenance: str) -> None:
    assert answer(provenance, "rel r(x) = x := top<2>(y: a(y))", FOUR) == pytest.approx({(2,): 0.9, (4,): 0.6})
    assert answer(provenance, "rel r(x) = x := unique(y: a(y))", FOUR) == pytest.approx({(2,): 0.9})
    assert answer(provenance, "rel r = top<9>(y: a(y))", FOUR) == pytest.approx({(i,): p for p, (i,) in FOUR["a"]})


@pytest.mark.parametrize("provenance", WEIGHED)
def test_top_per_group_over_derived_tuples_and_nested(provenance: str) -> None:
    rows = [(0.2, (0, 1)), (0.9, (0, 2)), (0.5, (1, 3)), (0.6, (1, 4)), (0.1, (2, 5))]
    got = answer(provenance, "rel r(g, x) = x := top<1>(y: b(g, y))", {"b": rows})
    assert got == pytest.approx({(0, 2): 0.9, (1, 4): 0.6, (2, 5): 0.1})
    text = "rel c(x) = b(_, x)\nrel d(x) = x := top<3>(y: c(y))\nrel r(x + 10) = x := top<2>(y: d(y)), x != 4"
    assert answer(provenance, text, {"b": rows}) == pytest.approx({(12,): 0.9})


def test_top_in_batches_chooses_for_each_sample_and_has_gradients() -> None:
    for provenance in ("difftopkproofs", "diffminmaxprob", "diffaddmultprob", "exact"):
        forward = scallopy.Module(
            program="type a(i32)\nrel c(x) = a(x)\nrel r(x) = x := top<2>(y: c(y))", provenance=provenance,
            input_mappings={"a": range(4)}, output_relation="r", output_mapping=list(range(4)),
        )  # fmt: skip
        x = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.9, 0.1, 0.8, 0.2]], requires_grad=True)
        out = forward(a=x)
        assert torch.allclose(out, torch.tensor([[0, 0, 0.3, 0.4], [0.9, 0, 0.8, 0]]))
        (grad,) = torch.autograd.grad(out.sum(), x)
        assert grad.tolist() == [[0, 0, 1, 1], [1, 0, 1, 0]]


def test_without_weights_the_first_tuples() -> None:
    facts = {"a": [(3,), (1,), (2,)]}
    assert answer("unit", "rel r = top<2>(y: a(y))", facts) == {(1,): 1.0, (2,): 1.0}
    assert len(answer("unit", "rel r = uniform<2>(y: a(y))", facts)) == 2


def test_new_distributions_are_exclusive() -> None:
    for provenance in ("exact", "topkproofs", "minmaxprob", "addmultprob"):
        got = answer(provenance, "rel r = normalize(y: a(y))", FOUR)
        assert got == pytest.approx({(x,): p / 2.2 for p, (x,) in FOUR["a"]})
        total = sum(math.exp(p) for p, _ in FOUR["a"])
        soft = answer(provenance, "rel r = softmax(y: a(y))", FOUR)
        assert soft == pytest.approx({(x,): math.exp(p) / total for p, (x,) in FOUR["a"]})
    both = "rel c = normalize(y: a(y))\nrel r() = c(1), c(2)"
    assert answer("exact", both, FOUR) in ({}, {(): 0.0}) and answer("topkproofs", both, FOUR) == {}
    half = {"a": [(0.5, (1,)), (0.25, (2,))]}
    either = "rel c = disjunct(y: a(y))\nrel r() = c(1) or c(2)"
    assert answer("exact", either, half) == pytest.approx({(): 0.75})
    assert answer("exact", either.replace("rel c = disjunct(y: a(y))", "rel c(y) = a(y)"), half) == {(): 0.625}


def test_samplers_follow_their_distributions() -> None:
    forward = scallopy.Module(
        program="type a(i32)\nrel r(x) = x := categorical<1>(y: a(y))\nrel s(x) = x := uniform<2>(y: a(y))",
        provenance="diffminmaxprob", input_mappings={"a": range(3)},
        output_mappings={"r": list(range(3)), "s": list(range(3))},
    )  # fmt: skip
    out = forward(a=torch.tensor([[0.7, 0.2, 0.1]]).expand(4000, 3))
    drawn = (out["r"] > 0).float().mean(dim=0).tolist()
    assert drawn == pytest.approx([0.7, 0.2, 0.1], abs=0.03)
    assert ((out["s"] > 0).sum(dim=1) == 2).all()
    assert (out["s"] > 0).float().mean(dim=0).tolist() == pytest.approx([2 / 3] * 3, abs=0.03)


def test_a_sample_is_the_same_for_all_relations_of_a_run() -> None:
    ctx = scallopy.Context("minmaxprob")
    ctx.add_program("type a(i32)\nrel r = uniform<1>(y: a(y))\nrel s(x + 1) = r(x)")
    ctx.add_facts("a", [(0.5, (i,)) for i in range(20)])
    ctx.run()
    ((_, (x,)),) = ctx.relation("r")
    assert [t for _, t in ctx.relation("s")] == [(x + 1,)]


def test_order() -> None:
    rows = {"b": [(0, 30), (1, 10), (2, 20), (3, 20)]}
    text = "rel r(i, x) = (i, x) := {}(y: b(_, y))"
    assert set(answer("unit", text.format("sort<asc>"), rows)) == {(0, 10), (1, 20), (2, 30)}
    assert set(answer("unit", text.format("enumerate"), rows)) == {(0, 10), (1, 20), (2, 30)}
    got = answer("unit", "rel r(i, a) = (i, a) := argsort<asc>[a](y: b(a, y))", rows)
    assert set(got) == {(0, 1), (1, 2), (2, 3), (3, 0)}
    got = answer("unit", "rel r(i, a, x) = (i, a, x) := rank[a](y: b(a, y))", rows)
    assert set(got) == {(0, 1, 10), (1, 2, 20), (1, 3, 20), (3, 0, 30)}
    got = answer("minmaxprob", "rel r = sort<asc>(y: a(y))", FOUR)
    assert got == pytest.approx({(i, x): p for i, (p, (x,)) in enumerate(FOUR["a"])})


def test_attributes_of_evaluation_change_nothing() -> None:
    text = (
        "@goal rel r(x, y) = b(x, y)\n"
        + '@scheduler("dfs") rel r(x, z) = r(x, y), b(y, z)\n@storage("x") rel s(x) = r(x, _)'
    )
    assert len(answer("unit", text, {"b": [(0, 1), (1, 2)]})) == 3
    with pytest.raises(NesyError, match="unknown scheduler"):
        answer("unit", text.replace("dfs", "quick"), {})


def test_negated_foreign_predicates() -> None:
    @scallopy.foreign_predicate
    def near(x: int) -> scallopy.Facts[float, tuple[int]]:  # type: ignore[type-arg]
        yield 0.25, (x + 1,)
        yield 0.5, (x + 1,)
        yield 1.0, (x,)

    def ask(provenance: str) -> dict[tuple[Any, ...], float]:
        ctx = scallopy.Context(provenance, k=20)
        ctx.register_foreign_predicate(near)
        ctx.add_program("type b(i32, i32)\nrel r(x, y) = b(x, y), not near(x, y)")
        rows = [(0, 0), (0, 1), (0, 5)]
        ctx.add_facts("b", rows if provenance == "unit" else [(0.8, t) for t in rows])
        ctx.run()
        found = list(ctx.relation("r"))
        return dict.fromkeys(found, 1.0) if provenance == "unit" else {t: p for p, t in found}

    assert set(ask("unit")) == {(0, 5)}
    for provenance in ("exact", "topkproofs"):
        assert ask(provenance) == pytest.approx({(0, 1): 0.8 * 0.75 * 0.5, (0, 5): 0.8})
    assert ask("minmaxprob") == pytest.approx({(0, 1): 0.5, (0, 5): 0.8})
    got = answer("unit", "rel r(x) = a(x), not range<i32>(2, 4, x)", {"a": [(i,) for i in range(6)]})
    assert set(got) == {(0,), (1,), (4,), (5,)}
    got = answer("unit", 'rel s = {"ab", ""}\nrel r(x) = s(x), not string_chars(x, _, _)', {})
    assert set(got) == {("",)}
    with pytest.raises(NesyError, match="unbounded"):
        answer("unit", "rel r(x) = a(x), not range<i32>(0, y, x)", {})


def test_top_against_its_definition_on_random_weights() -> None:
    torch.manual_seed(0)
    for _ in range(20):
        p = torch.rand(5, dtype=torch.float64).tolist()
        facts = {"a": [(q, (i,)) for i, q in enumerate(p)]}
        text = "rel t(x) = x := top<3>(y: a(y))\nrel r(n) = n := count(x: t(x))"
        best = sorted(p, reverse=True)[:3]
        want: Counter[int] = Counter()
        for bits in itertools.product([0, 1], repeat=3):
            want[sum(bits)] += math.prod(q if b else 1 - q for b, q in zip(bits, best, strict=True))  # type: ignore[assignment]
        got = answer("exact", text, facts)
        assert {n: got.get((n,), 0.0) for n in range(4)} == pytest.approx(dict(want))


@pytest.mark.parametrize("bad", ["top<0>(y: a(y))", "top<x>(y: a(y))", "weighted_sum(y: a(y))", "toop(y: a(y))"])
def test_mistakes(bad: str) -> None:
    with pytest.raises(NesyError, match=r"positive integer|not supported yet|unknown aggregate"):
        answer("minmaxprob", f"rel r = {bad}", FOUR)
