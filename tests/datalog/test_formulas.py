"""Formulas in bodies: what `forall`, `implies`, patterns and ranges mean, also under negation, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nesy.errors import NesyError
from nesy.reasoners.scallopy import Module, ScallopContext


def answers(program: str, relation: str = "out", provenance: str = "unit") -> set[Any]:
    context = ScallopContext(provenance=provenance)
    context.add_program(program)
    context.run()
    return set(context.relation(relation))


PROGRAMS = {
    # every child of 1 is happy, not every child of 2 is
    "rel child = {(1, 3), (1, 4), (2, 4), (2, 5)}\nrel happy = {3, 4}\nrel p = {1, 2}\n"
    "rel out(x, b) = b := forall(c: child(x, c) implies happy(c) where x: p(x))": {(1, True), (2, False)},
    # not (a implies b) is a and not b
    "rel a = {1, 2}\nrel b = {2}\nrel n = {1, 2, 3}\nrel out(x) = n(x), not (a(x) implies b(x))": {(1,)},
    "rel a = {1, 2}\nrel b = {2, 3}\nrel out(x) = (a(x) or b(x)) and not (a(x) and b(x))": {(1,), (3,)},
    # ranges, open and closed, under negation
    "rel n = {1, 2, 3, 4}\nrel out(x) = n(x), not (x in 2..4)": {(1,), (4,)},
    "rel n = {1, 2, 3, 4}\nrel out(x) = n(x), not (x in 2..=3)": {(1,), (4,)},
    # nested patterns of an algebraic type
    "type E = Num(i32) | Add(E, E) | Neg(E)\n"
    "const A = Add(Neg(Num(1)), Num(2)), B = Add(Num(3), Num(4))\nrel e = {A, B}\n"
    "rel out(x, y) = e(t), case t is Add(Neg(Num(x)), Num(y))": {(1, 2)},
    "type E = Num(i32) | Add(E, E)\nconst A = Add(Num(1), Num(2))\nrel e = {A}\n"
    "rel val(t, n) = case t is Num(n)\nrel val(t, m + n) = case t is Add(a, b), val(a, m), val(b, n)\n"
    "rel out(n) = e(t), val(t, n)": {(3,)},
    # wildcards under negation: no edge to anywhere
    "rel edge = {(1, 2), (2, 3)}\nrel n = {1, 2, 3}\nrel out(x) = n(x), not edge(x, _)": {(3,)},
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_meaning(program: str):
    assert answers(program) == PROGRAMS[program]


REFUSED = {
    "rel a = {1}\nrel out(n + 1) = n := count(x: a(x)) + 1": "",
    "rel a = {1}\nrel out(x) = a(x), count(y: a(y))": "is not used",
    "rel a = {1}\nrel out(x) = a(x), x and 3": "",
    "rel a = {1}\nrel out(x) = a(x), nothing<i32>(x, y)": "unknown foreign predicate",
    "rel out(x) = range<i32>(0, x)": "arity mismatch",
    "type E = Num(i32)\nrel e = {1}\nrel out(x) = e(t), case t is Nun(x)": "Num",
    "type E = Num(i32)\nconst A = Num(1, 2)\nrel out(A)": "takes 1 argument",
    "rel a = {1}\nrel out(b) = b := forall(x: a(x))": "implication",
    'rel out = {"half"::(1)}': "is no probability",
    "rel out(x) = range<f64>(0.0, 1e18, x)": "more than the budget",  # and not a loop without end
}


@pytest.mark.parametrize("program", REFUSED)
def test_what_is_refused_is_told_with_its_place(program: str):
    with pytest.raises(NesyError) as error:
        answers(program)
    told = str(error.value)
    assert REFUSED[program] in told and "<program>:" in told and "internal" not in told


def test_a_module_may_be_asked_for_other_relations_by_each_sample():
    module = Module(
        program="type d(i32)\nrel low(x) = d(x), x < 2\nrel high(x) = d(x), x >= 2",
        provenance="difftopkproofs",
        input_mappings={"d": list(range(4))},
        output_relations=["low", "high"],
    )
    p = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]], requires_grad=True)
    found = module(d=p, output_relations=["low", ["low", "high"]])
    assert found["low"][0] == [(0,), (1,)] and found["high"][0] == [(2,), (3,)]
    assert torch.allclose(found["low"][1], torch.tensor([[0.1, 0.2], [0.4, 0.3]]))
    assert torch.allclose(found["high"][1], torch.tensor([[0.0, 0.0], [0.2, 0.1]]))
    found["high"][1].sum().backward()
    assert p.grad is not None and torch.equal(p.grad, torch.tensor([[0.0, 0, 0, 0], [0, 0, 1, 1]]))
    alone = module(d=p, output_relations=["low", "low"])
    assert alone[0] == [(0,), (1,)] and alone[1].shape == (2, 2)
    with pytest.raises(NesyError, match="does not match the batch size"):
        module(d=p, output_relations=["low"])
    with pytest.raises(NesyError, match="0 output relations"):
        module(d=p, output_relations=[[], "low"])


def test_options_of_a_module(tmp_path: Any):
    (tmp_path / "base.scl").write_text("type d(i32)\nrel next(x + 1) = d(x)\nrel next(x + 1) = next(x)\n")
    module = Module(
        file=str(tmp_path / "base.scl"),
        relations=[("seen", (int,))],
        rules=["seen(x) = next(x), x < 9"],
        facts={"seen": [(0.5, (100,))]},
        input_mappings={"d": list(range(4))},
        retain_topk={"d": 1},
        iter_limit=3,
        output_relation="seen",
    )
    tuples, values = module(d=torch.tensor([[0.1, 0.2, 0.7, 0.0]]))
    found = {t[0]: float(v) for t, v in zip(tuples, values[0], strict=True)}
    assert found == pytest.approx({100: 0.5, 3: 0.7, 4: 0.7, 5: 0.7})  # the most probable digit only, and three rounds
    with pytest.raises(NesyError, match="Unknown dispatch"):
        Module(program="rel a = {1}", output_relation="a", dispatch="magic")
    with pytest.raises(NesyError, match="jit"):
        Module(program="rel a = {1}", output_relation="a", jit=True)
    with pytest.raises(NesyError, match="differentiable"):
        Module(program="rel a = {1}", output_relation="a", provenance="minmaxprob")
    with pytest.raises(NesyError, match="Unknown relation"):
        Module(program="rel a = {1}", output_relation="b")
    with pytest.raises(NesyError, match="not probabilities"):
        module(d=torch.tensor([[1.5, 0.0, 0.0, 0.0]]))
