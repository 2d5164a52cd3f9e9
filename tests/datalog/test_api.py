"""scallopy's methods and names that programs rely on beyond running a context."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from nesy.reasoners import scallopy


def test_run_batch_runs_each_sample_and_leaves_the_context_alone() -> None:
    ctx = scallopy.Context("topkproofs")
    ctx.add_program("type a(i32)\nrel b(x + 1) = a(x)\nrel both() = a(1), a(2)")
    inputs = {"a": [[(0.5, 1)], ([(0.4, 1), (0.6, 2)], [[0, 1]])]}
    assert [list(r) for r in ctx.run_batch(inputs, "b")] == [[(0.5, (2,))], [(0.4, (2,)), (0.6, (3,))]]
    assert [list(r) for r in ctx.run_batch(inputs, ["b", "both"])] == [[(0.5, (2,))], []]
    ctx.run()
    assert list(ctx.relation("b")) == []


def test_relations_can_be_read_twice_and_stepped_through() -> None:
    ctx = scallopy.Context()
    ctx.add_program("rel a = {1, 2}")
    ctx.run()
    found = ctx.relation("a")
    assert list(found) == list(found) == [(1,), (2,)]
    assert [next(found), next(found)] == [(1,), (2,)]


@pytest.mark.parametrize("rule", ["b(x) = a(x)", "rel b(x) = a(x)", "@hidden rel b(x) = a(x)"])
@pytest.mark.parametrize("tag", [0.5, torch.tensor(0.5)])
def test_a_rule_from_python_gets_its_tag(rule: str, tag: Any) -> None:
    ctx = scallopy.Context("topkproofs")
    ctx.add_program("rel a = {1}")
    ctx.add_rule(rule, tag=tag)
    ctx.run()
    assert list(ctx.relation("b")) == [(0.5, (1,))]


def test_mappings_take_their_options_by_keyword() -> None:
    ctx = scallopy.Context("difftopkproofs")
    ctx.add_relation("a", int)
    ctx.set_input_mapping("a", range(3), retain_k=1)
    ctx.add_rule("b(x) = a(x)")
    out = ctx.forward_function("b", [0, 1, 2])(a=torch.tensor([[0.1, 0.6, 0.3]]))
    assert out[0].tolist() == pytest.approx([0, 0.6, 0])


def test_what_is_probabilistic() -> None:
    ctx = scallopy.Context("topkproofs")
    ctx.add_relation("a", int)
    ctx.add_relation("b", int, non_probabilistic=True)
    assert [ctx.is_probabilistic(r) for r in "ab"] == [True, False]
    assert [ctx.relation_is_non_probabilistic(r) for r in "ab"] == [False, True]


def test_decorated_functions_stay_callable() -> None:
    @scallopy.foreign_function
    def double(x: int) -> scallopy.i32:  # type: ignore[valid-type]
        return 2 * x

    @scallopy.foreign_predicate
    def near(x: int) -> scallopy.Facts[None, tuple[int]]:  # type: ignore[type-arg]
        yield (x + 1,)

    assert double(4) == 8
    assert list(near(4)) == [(5,)]


def test_types_may_be_given_to_the_decorator() -> None:
    f = scallopy.foreign_function(name="f", arg_types=[scallopy.u8], ret_type=scallopy.usize)(lambda x: x + 1)
    ctx = scallopy.Context()
    ctx.register_foreign_function(f)
    ctx.add_program("type a(u8)\nrel a = {1}\nrel r($f(x)) = a(x)")
    ctx.run()
    assert ctx.kinds("r") == ("usize",) and list(ctx.relation("r")) == [(2,)]


def test_exists_and_count_bind_nothing_or_something() -> None:
    ctx = scallopy.Context()
    ctx.add_program(
        "rel e = {(0, 1)}\nrel r(b) = b := exists(e(0, 1))\nrel n(b) = b := exists(e(1, 0) or e(2, 2))\n"
        "rel yes() = exists(e(0, _))\nrel no() = not exists(e(0, 1))"
    )
    ctx.run()
    assert [list(ctx.relation(r)) for r in ("r", "n", "yes", "no")] == [[(True,)], [(False,)], [()], []]


def test_a_string_spells_a_term() -> None:
    ctx = scallopy.Context()
    ctx.add_program('type E = C(i32) | Add(E, E)\nrel e($parse_entity("Add(C(1), C(3))"))')
    ctx.add_program("rel v(e, x) = case e is C(x)\nrel v(e, x + y) = case e is Add(a, b), v(a, x), v(b, y)")
    ctx.add_program("rel r(x) = e(e), v(e, x)")
    ctx.run()
    assert list(ctx.relation("r")) == [(4,)]


def test_sort_begins_with_the_greatest_as_in_scallop() -> None:
    def found(text: str) -> list[Any]:
        ctx = scallopy.Context()
        ctx.add_program(f"rel a = {{3, 1, 2}}\nrel r(i, x) = (i, x) := {text}(y: a(y))")
        ctx.run()
        return [x for _, x in ctx.relation("r")]

    for text in ("sort", "sort<desc>", "sort<desc=true>", "sort<asc=false>"):
        assert found(text) == [3, 2, 1]
    for text in ("sort<asc>", "sort<asc=true>", "sort<desc = false>", "rank", "rank<asc>"):
        assert found(text) == [1, 2, 3]


def test_names_that_scallopy_exports() -> None:
    for name in scallopy.__all__:
        assert getattr(scallopy, name) is not None
    assert scallopy.Provenance is scallopy.ScallopProvenance
    assert isinstance(
        scallopy.foreign_function(name="f", return_type=scallopy.bool)(lambda: True), scallopy.ForeignFunction
    )


COSTS = [(3, (1,)), (2, (2,)), (2, (5,))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("b := exists(x: a(x))", [(2, (True,))]),
        ("b := exists(x: a(x), x > 9)", [(0, (False,))]),
        ("b := max(x: a(x))", [(2, (5,))]),
        ("b := min(x: a(x))", [(3, (1,))]),
        ("b := count(x: a(x))", [(7, (3,))]),
        ("b := count!(x: a(x))", [(0, (3,))]),
    ],
)
def test_aggregates_of_costs(body: str, expected: Any) -> None:
    """Without negation of tags there is one world: ``exists`` is the cheapest witness, ``max`` costs itself."""
    ctx = scallopy.Context("tropical")
    ctx.add_program(f"type a(i32)\nrel r(b) = {body}")
    ctx.add_facts("a", COSTS)
    ctx.run()
    assert list(ctx.relation("r")) == expected


def test_a_custom_provenance_without_negation_aggregates_by_presence() -> None:
    class Counting:
        def zero(self) -> int:
            return 0

        def one(self) -> int:
            return 1

        def add(self, a: int, b: int) -> int:
            return a + b

        def mult(self, a: int, b: int) -> int:
            return a * b

    ctx = scallopy.Context("custom", custom_provenance=Counting())
    ctx.add_program("type a(i32)\nrel r(b) = b := exists(x: a(x))\nrel m(b) = b := max(x: a(x))")
    ctx.add_facts("a", COSTS)
    ctx.run()
    assert [list(ctx.relation(r)) for r in "rm"] == [[(7, (True,))], [(2, (5,))]]


def test_the_floats_of_a_program_cost_nothing() -> None:
    ctx = scallopy.Context("tropical")
    ctx.add_program("rel a = {0.5::1, 1.0::2}\nrel r(x) = a(x)")
    ctx.run()
    assert list(ctx.relation("r")) == [(0, (1,)), (0, (2,))]


def test_exact_counts_a_hundred_derived_facts() -> None:
    ctx = scallopy.Context("exact")
    ctx.add_program("rel 0.5::b(x) = x in 0..100\nrel c(n) = n := count(x: b(x))")
    ctx.run()
    found = {n: p for p, (n,) in ctx.relation("c")}
    assert found[50] == pytest.approx(math.comb(100, 50) / 2**100)
