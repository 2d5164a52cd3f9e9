"""What is wrong in programs, files and arguments is told once, as a NesyError that names the remedy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nesy.errors import NesyError
from nesy.reasoners import scallopy

SUM = "type d(i32), e(i32)\nrel s(a + b) = d(a), e(b)"


def module(**changes: Any) -> Any:
    options: dict[str, Any] = {
        "program": SUM, "input_mappings": {"d": range(3), "e": range(3)}, "output_relation": "s",
        "output_mapping": list(range(5)), "provenance": "exact", **changes,
    }  # fmt: skip
    return scallopy.Module(**options)


def context(provenance: str = "unit", program: str = "type a(i32)", **options: Any) -> Any:
    ctx = scallopy.Context(provenance, **options)
    ctx.add_program(program)
    return ctx


P = torch.full((2, 3), 0.25)
LISTS = [[(0.5, 1), (0.4, 2)], [(0.5, 0)]]


class Lacking:
    def zero(self) -> int:
        return 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: module()(d=5, e=P), "expected a tensor or a list"),
        (lambda: module()(d=None, e=P), "expected a tensor or a list"),
        (lambda: module()(d=np.zeros((2, 3)), e=P), "got `ndarray`"),
        (lambda: module()(d=[1, 2], e=P), "expected a list of facts of `d`"),
        (lambda: module()(d=torch.tensor(0.5), e=P), "no batch dimension"),
        (lambda: module()(d=P.to(torch.complex64), e=P), "is complex"),
        (lambda: module()(d=P, e=LISTS, disjunctions={"e": [[[0, 1]]]}), "for 1 samples"),
        (lambda: module()(d=P, e=LISTS, disjunctions={"e": [[0], [1]]}), "expected a list of positions"),
        (lambda: module()(d=P, e=LISTS, disjunctions=[[[0, 1]], []]), "expected a dict"),
        (lambda: module()(d=P, e=LISTS, disjunctions={"x": [[], []]}), "which is no input"),
        (lambda: module()(d=P, e=LISTS, disjunctions={"d": [[], []]}), "given as a tensor"),
        (lambda: module()(d=P, e=LISTS, disjunctions={"e": [[[0, 1], [1]], []]}), "in two exclusive groups"),
        (lambda: module(output_mapings={"s": [1]}), "no option `output_mapings`"),
        (lambda: module(provenance=None), "no name of a provenance"),
        (lambda: module(k=True), "k must be a positive integer"),
        (lambda: module(k=None), "k must be a positive integer"),
        (lambda: module(retain_topk={"d": -1}), "at least 0"),
        (lambda: module(retain_topk={"d": "2"}), "at least 0"),
        (lambda: module(retain_topk={"dd": 2}), "Unknown relation `dd`"),
        (lambda: module(non_probabilistic=["dd"]), "Unknown relation `dd`"),
        (lambda: module(non_probabilistic=["d"])(d=P, e=P), "more than zeros and ones"),
        (lambda: module(iter_limit="a"), "iter_limit"),
        (lambda: scallopy.Map([1, 2], retain_k="x"), "retain_k"),
        (lambda: scallopy.Map([1, 2], retain_k=1.5), "retain_k"),
        (lambda: scallopy.Map([1, 2], retain_threshold="x"), "retain_threshold"),
        (lambda: context().add_facts("a", 5), "expected a list of facts"),
        (lambda: context().add_facts("a", "12"), "expected a list of facts"),
        (lambda: context("topkproofs").add_facts("a", [(0.5, 1)], disjunctions=[0]), "expected a list of positions"),
        (lambda: context("tropical").add_facts("a", [(-1, 1)]), "not the cost"),
        (lambda: context("tropical").add_facts("a", [(0.5, 1)]), "not the cost"),
        (lambda: context("tropical").add_facts("a", [("x", 1)]), "not the cost"),
        (lambda: context().add_relation("a b", int), "no name of a relation"),
        (lambda: context().add_relation(5, int), "no name of a relation"),
        (lambda: context().add_relation("t", scallopy.Tensor), "not supported yet"),
        (lambda: context().add_program(5), "a program is a text"),
        (lambda: context().import_file(None), "not the path"),
        (lambda: context().relation(5), "no name of a relation"),
        (lambda: context().set_non_probabilistic(5), "expected a list of relations"),
        (lambda: context().set_input_mapping("a", [1, 2], retain=3), "no option `retain`"),
        (lambda: context().clone(kk=3), "no option `kk`"),
        (lambda: context().add_rule("b(x) = a(x)", tag="x"), "not a probability"),
        (lambda: context().add_rule("b(x) = a(x)", tag=1.5), "not between 0 and 1"),
        (lambda: context().add_rule("rel 0.5::b(x) = a(x)", tag=0.5), "has a tag already"),
        (lambda: context().add_rule("b(x) = a(x)", tag=torch.tensor(0.5, requires_grad=True)), "no gradient"),
        (lambda: scallopy.Context("custom"), "needs `custom_provenance`"),
        (lambda: scallopy.Context("custom", custom_provenance=Lacking), "is the class"),
        (lambda: scallopy.Context("custom", custom_provenance=Lacking()), "has no method `one`"),
        (lambda: scallopy.foreign_function(5), "is not a function"),
        (lambda: scallopy.foreign_predicate(5), "is not a function"),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(NesyError, match=message):
        call()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("type r(x: i32, x: i32)", "two columns `x`"),
        ("const X = 1\nconst X = 2", "already defined"),
        ("type A = usize\ntype A = u8", "already defined"),
        ("type A = X | Y\ntype B = X | Z", "already defined"),
        ("type A = X = 3 | Y | Z = 4", "are both 4"),
        ("const C: String = 3", "constant `C`: expected a `String`"),
        ("const C: usize = -5", "does not fit"),
        ("type a(f32)\nrel r(x as char) = a(x)", "cannot cast `f32` to `char`"),
        ("rel r('5' as f32)", "cannot cast `char` to `f32`"),
        ("type A = C(i32) | D(i32)\ntype B = C(bool) | E(i32)", "already defined"),
        ("type i32 = usize", "is a type of the language"),
        ("@foo\ntype A = X | Y", "Unknown attribute `@foo`"),
        ('rel a = {1}\n@demand("b")\nquery a', "cannot stand here"),
        ('@file("x.csv", foo=5)\ntype r(i32)', "no option `foo`"),
        ('@file("x.csv", deliminator=";;")\ntype r(i32)', "one character"),
        ('@file("x.csv", has_header="no")\ntype r(i32)', "true or false"),
        ('@file("x.csv", keys=5)\ntype r(i32)', "names columns"),
        ("rel a = {1}\nrel r(n) = n := count<3>(x: a(x))", "has no parameters `3`"),
        ("rel a = {1}\nrel r(i, x) = (i, x) := sort<up>(y: a(y))", "has no parameters `up`"),
        ('type E = C(i32) | D(i32)\nrel r($parse_entity("C(x)"))', "not a term of constants"),
        ("rel r(x) = x == " + " + ".join(["1"] * 4000), "nested too deeply"),
    ],
)
def test_wrong_programs(program: str, message: str) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(min(before, 1000))  # libraries raise it
    try:
        with pytest.raises(NesyError, match=message):
            context(program=program).run()
    finally:
        sys.setrecursionlimit(before)


def test_what_a_custom_provenance_raises_is_told() -> None:
    class Broken(scallopy.Provenance):
        def zero(self) -> int:
            return 0

        def one(self) -> int:
            return 1

        def add(self, a: int, b: int) -> int:
            raise RuntimeError("no sums today")

        def mult(self, a: int, b: int) -> int:
            return a * b

    ctx = context("custom", "type a(i32)\nrel r() = a(_)", custom_provenance=Broken())
    ctx.add_facts("a", [(1, 1), (1, 2)])
    ctx.run()
    with pytest.raises(NesyError, match="no sums today"):
        list(ctx.relation("r"))


def test_nan_is_no_value() -> None:
    ctx = context(program="type a(f32)\nrel r(s) = s := sum[x](y: a(x), y == x)")
    with pytest.raises(NesyError, match="NaN is no value"):
        ctx.add_facts("a", [float("nan")])
    ctx.add_facts("a", [float("inf"), float("-inf")])
    ctx.run()
    assert list(ctx.relation("r")) == []


def test_a_definition_may_come_again_unchanged() -> None:
    ctx = context(program="type A = X | Y\nconst C = 3")
    ctx.add_program("type A = X | Y\nconst C = 3\nrel r(X, C)")
    ctx.run()
    assert list(ctx.relation("r")) == [(0, 3)]


def test_long_bodies_are_not_deep() -> None:
    ctx = context(program="rel a = {1}\nrel r() = " + ", ".join(["a(1)"] * 1500))
    ctx.run()
    assert list(ctx.relation("r")) == [()]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("(float('nan'), (x,))", "not a probability"),
        ("(1.5, (x,))", "not a probability"),
        ("(-0.5, (x,))", "not a probability"),
        ("('a', (x,))", "not a probability"),
        ("((0.5,), (x,))", "not a probability"),
        ("(0.5, (x, 1))", "expected 1 values"),
        ("(0.5, ())", "expected 1 values"),
        ("(0.5, ('s',))", "expected an integer"),
        ("x", "expected \\(tag, tuple\\)"),
        ("(0.5, 0.5, x)", "expected \\(tag, tuple\\)"),
    ],
)
def test_wrong_answers_of_predicates(answer: str, message: str) -> None:
    def q(x: int) -> scallopy.Facts[float, tuple[int]]:  # type: ignore[type-arg]
        yield eval(answer, {"x": x})

    ctx = scallopy.Context("exact")
    ctx.register_foreign_predicate(scallopy.foreign_predicate(q))
    ctx.add_program("rel a = {1}\nrel r(x, y) = a(x), q(x, y)")
    with pytest.raises(NesyError, match=message) as error:
        ctx.run()
    assert error.value.span is not None


@pytest.mark.parametrize("given", [None, 5, "text"])
def test_a_predicate_gives_a_sequence(given: Any) -> None:
    def q(x: int) -> scallopy.Facts[float, tuple[int]]:  # type: ignore[type-arg]
        return given  # type: ignore[no-any-return]

    ctx = scallopy.Context()
    ctx.register_foreign_predicate(scallopy.foreign_predicate(q))
    ctx.add_program("rel a = {1}\nrel r(x, y) = a(x), q(x, y)")
    with pytest.raises(NesyError, match="expected a generator or a list"):
        ctx.run()


@pytest.mark.parametrize("value", [[], "abc", torch.tensor([1.0, 2.0])])
def test_wrong_results_of_functions(value: Any) -> None:
    def f(x: int) -> scallopy.f32:  # type: ignore[valid-type]
        return value  # type: ignore[no-any-return]

    ctx = scallopy.Context()
    ctx.register_foreign_function(scallopy.foreign_function(f))
    ctx.add_program("rel a = {1}\nrel r($f(x)) = a(x)")
    with pytest.raises(NesyError, match="function `\\$f` returned"):
        ctx.run()


def test_keyword_arguments_have_no_place_in_programs() -> None:
    def f(x: int, *, y: int) -> int:
        return x + y

    with pytest.raises(NesyError, match="`y` of `\\$f` is a keyword"):
        scallopy.foreign_function(f)
    with pytest.raises(NesyError, match="no name of a function"):
        scallopy.Context().register_foreign_function(
            scallopy.foreign_function(name="a b", return_type=scallopy.i32)(lambda: 1)
        )


def test_cells_of_files(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    program = f'@file("{path}")\ntype r(String, f32)'
    path.write_text("x" * 200_000 + ",1.5\n", encoding="utf-8-sig")
    ctx = context(program=program)
    ctx.run()
    assert [(len(t[0]), t[1]) for t in ctx.relation("r")] == [(200_000, 1.5)]
    for cell in ("nan", "1_0", "٣", "z" * 500):
        path.write_text(f"x,{cell}\n", encoding="utf-8")
        with pytest.raises(NesyError, match="cannot read") as error:
            context(program=program).run()
        assert len(str(error.value)) < 300 + len(str(path))


def test_a_batch_without_samples_has_a_result_without_rows() -> None:
    none = torch.zeros(0, 3)
    assert module()(d=none, e=none).shape == (0, 5)
    assert module()(d=[], e=[]).shape == (0, 5)
    tuples, values = module(output_mapping=None)(d=none, e=none)
    assert tuples == [] and values.shape == (0, 0)


def test_a_tensor_of_zeros_and_ones_says_what_is_there() -> None:
    m = module(non_probabilistic=["d"])
    out = m(d=torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]), e=torch.tensor([[0.5, 0.0, 0.0], [0.0, 0.25, 0.0]]))
    assert out.tolist() == [[0, 0.5, 0, 0, 0], [0, 0.25, 0, 0.25, 0]]
