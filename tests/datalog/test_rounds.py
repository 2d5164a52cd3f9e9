"""Tuples that get their tag later than the recorded rounds say: exclusive facts, contradictions, zeros."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from nesy.reasoners import scallopy
from nesy.reasoners.datalog.builtins import FUNCTIONS, PREDICATES
from nesy.reasoners.datalog.compile import compile_texts
from nesy.reasoners.datalog.ground import ground
from nesy.reasoners.datalog.grounding import Mode
from nesy.reasoners.datalog.provenance.algebra import ALGEBRAS, Batched
from nesy.reasoners.datalog.provenance.base import Provenance, interpret
from nesy.reasoners.datalog.provenance.plain import AddMultProb, MinMaxProb, NandMinProb, NandMultProb
from nesy.reasoners.datalog.values import Symbols
from tests.datalog.random_programs import arities, random_program

LATE = """
rel s = {0.5::1; 0.5::2}
rel t = {0.5::0}
rel e = {(9, 0), (0, 1)}
rel p(9) = t(0)
rel p(0) = BODY
rel p(y) = p(x), e(x, y)
"""


@pytest.mark.parametrize("body", ["s(1), s(2)", "t(x), not t(x)"])
@pytest.mark.parametrize("provenance", ["exact", "topkproofs", "topbottomkclauses", "diffsamplekproofs", "proofs"])
def test_a_false_first_derivation_does_not_end_a_recursion(provenance: str, body: str) -> None:
    if provenance in ("proofs", "diffsamplekproofs") and "not" in body:
        pytest.skip("no negation of proofs")
    ctx = scallopy.Context(provenance)
    ctx.add_program(LATE.replace("BODY", body))
    ctx.run()
    found = list(ctx.relation("p"))
    if provenance == "proofs":
        assert found == [(0,), (1,), (9,)]
    else:
        assert {t: float(p) for p, t in found} == pytest.approx({(0,): 0.5, (1,): 0.5, (9,): 0.5})


def test_no_firing_is_added_twice() -> None:
    """A sum over derivations that never discards: the tag that came late is added once to what it derives."""

    class Count(scallopy.ScallopProvenance):
        always_saturated = True

        def zero(self) -> int:
            return 0

        def one(self) -> int:
            return 1

        def add(self, a: int, b: int) -> int:
            return a + b

        def mult(self, a: int, b: int) -> int:
            return a * b

        def discard(self, a: int) -> bool:
            return a == 0

    ctx = scallopy.Context("custom", custom_provenance=Count())
    ctx.add_program(
        "type e(i32, i32), z(i32)\nrel p(0) = z(_)\nrel p(0) = q(_)\nrel q(1) = e(0, _)\n"
        "rel p(y) = p(x), e(x, y)\nrel q(x) = p(x), x > 5"
    )
    ctx.add_facts("z", [(0, (1,))])
    ctx.add_facts("e", [(1, (0, 1)), (1, (1, 2))])
    ctx.run()
    assert {t: n for n, t in ctx.relation("p")} == {(0,): 1, (1,): 1, (2,): 1}


PLAIN: dict[str, Callable[[], Provenance]] = {
    "addmultprob": AddMultProb, "minmaxprob": MinMaxProb, "diffnandmultprob": NandMultProb,
    "diffnandminprob": NandMinProb,
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("early_discard", [True, False])
def test_batches_with_zeros_equal_the_definition(name: str, early_discard: bool) -> None:
    rng = random.Random(name)
    for seed in range(40):
        program = random_program(seed + 500, exclusive=False)
        compiled = compile_texts([(program.scallop(), "p.scl")], FUNCTIONS, PREDICATES)
        circuit = ground(compiled, [], Mode(record=True, hard_negation=False), Symbols()).circuit
        assert circuit is not None
        tables = ground(compiled, [], Mode(record=True, hard_negation=False), Symbols()).tables
        roots = np.concatenate([tables[n].nodes for n in arities()])
        batched = Batched(circuit, roots, ALGEBRAS[name], early_discard)
        n = len(batched.circuit.leaf_node)
        rows = [[rng.choice([0.0, 0.0, 0.3, 0.7, 1.0]) for _ in range(5)] for _ in range(n)]
        leaves = torch.tensor(rows, dtype=torch.float64).reshape(n, 5)
        values, _ = batched(leaves)
        for b in range(5):
            tags = interpret(batched.circuit, PLAIN[name](), leaves[:, b].tolist(), early_discard)
            want = [0.0 if tags[r] is None else tags[r] for r in roots]
            assert values[:, b].tolist() == pytest.approx(want), (seed, program.scallop(), leaves[:, b])


def rounds(edges: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """The closure of a graph in Scallop's rounds: a zero is discarded, a new tuple goes on once."""
    every = {pair: p for pair, p in edges.items() if p > 0}
    recent = dict(every)
    while recent:
        found: dict[tuple[int, int], float] = {}
        for (a, c), p in recent.items():
            for (d, b), q in edges.items():
                if c == d and p * q > 0:
                    found[a, b] = min(1.0, found.get((a, b), 0.0) + p * q)
        recent = {pair: p for pair, p in found.items() if pair not in every}
        every |= {pair: min(1.0, every.get(pair, 0.0) + p) for pair, p in found.items()}
    return every


def test_one_hot_graphs_go_on_from_what_is_there() -> None:
    pairs = [(a, b) for a in range(4) for b in range(4)]
    forward = scallopy.Module(
        program="type e(i32, i32)\nrel p(a, b) = e(a, b)\nrel p(a, b) = p(a, c), e(c, b)", provenance="diffaddmultprob",
        input_mappings={"e": pairs}, output_relation="p", output_mapping=pairs,
    )  # fmt: skip
    rng = random.Random(0)
    rows = [[rng.choice([0.0, 0.0, 0.5, 0.3, 1.0]) for _ in pairs] for _ in range(64)]
    x = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    out = forward(e=x)
    for row, got in zip(rows, out.tolist(), strict=True):
        want = rounds(dict(zip(pairs, row, strict=True)))
        assert got == pytest.approx([want.get(pair, 0.0) for pair in pairs])
    out.sum().backward()
    assert x.grad is not None and bool(x.grad.isfinite().all())
    ctx = scallopy.Context("addmultprob")
    ctx.add_program("rel e = {0.0::(0, 2), 1.0::(0, 1), 1.0::(1, 2), 1.0::(2, 3)}")
    ctx.add_program("rel path(a, b) = e(a, b) or (path(a, c) and e(c, b))")
    ctx.run()
    assert {t: p for p, t in ctx.relation("path")}[0, 3] == 1.0
