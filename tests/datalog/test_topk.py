"""The batched top-k against its definition, one sample at a time."""

import numpy as np
import pytest
import torch

from nesy.errors import GroundingError
from nesy.reasoners import scallopy
from nesy.reasoners.datalog.builtins import FUNCTIONS, PREDICATES
from nesy.reasoners.datalog.compile import compile_texts
from nesy.reasoners.datalog.forward import ScallopForwardFunction
from nesy.reasoners.datalog.ground import ground
from nesy.reasoners.datalog.grounding import Mode
from nesy.reasoners.datalog.provenance.sampled import PerSample
from nesy.reasoners.datalog.provenance.topk import BatchedTopK
from nesy.reasoners.datalog.values import Symbols
from tests.datalog.random_programs import arities, random_program


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_batched_equals_per_sample(k: int) -> None:
    torch.manual_seed(k)
    for seed in range(25):
        program = random_program(seed + 100 * k)
        compiled = compile_texts([(program.scallop(), "p.scl")], FUNCTIONS, PREDICATES)
        grounding = ground(compiled, [], Mode(record=True, hard_negation=False), Symbols())
        assert grounding.circuit is not None
        roots = np.concatenate([grounding.tables[n].nodes for n in arities()])
        fast, slow = BatchedTopK(grounding.circuit, roots, k), PerSample(grounding.circuit, roots, k, False)
        leaves = torch.rand(len(fast.circuit.leaf_node), 3, dtype=torch.float64) * 0.5
        a, b = leaves.clone().requires_grad_(), leaves.clone().requires_grad_()
        (x, there), (y, here) = fast(a), slow(b)
        assert torch.equal(there, here)
        assert torch.allclose(x, y), (seed, program.scallop())
        if x.requires_grad and y.requires_grad and len(leaves):
            weights = torch.rand_like(x)
            (x * weights).sum().backward()
            (y * weights).sum().backward()
            assert a.grad is not None and b.grad is not None
            assert torch.allclose(a.grad, b.grad), seed


def test_more_than_one_word_of_facts() -> None:
    from nesy.reasoners.datalog.forward import ScallopForwardFunction

    n = 100
    forward = ScallopForwardFunction(
        program="type e(i32, i32)\nrel p(x, y) = e(x, y) or (p(x, z) and e(z, y))", output_relation="p",
        input_mappings={"e": [(i, i + 1) for i in range(n)]}, output_mapping=[(0, n)], k=1,
    )  # fmt: skip
    p = torch.full((2, n), 0.99, dtype=torch.float64, requires_grad=True)
    out = forward(e=p)
    assert out[:, 0].tolist() == pytest.approx([0.99**n] * 2)
    out.sum().backward()
    assert p.grad is not None and p.grad.flatten().tolist() == pytest.approx([0.99 ** (n - 1)] * 2 * n)


def test_sampled_proofs_follow_their_weights() -> None:
    """With k = 1 the proof of `r` is one of three, drawn in proportion to its probability."""
    forward = ScallopForwardFunction(
        program="type a(i32)\nrel r() = a(x)\nrel p(x, y) = a(x), a(y)\nrel p(x, z) = p(x, y), p(y, z)",
        provenance="diffsamplekproofs", k=1, input_mappings={"a": range(3)}, output_relation="r", output_mapping=(),
    )  # fmt: skip
    x = torch.tensor([[0.6, 0.3, 0.1]]).expand(3000, 3).clone().requires_grad_()
    out = forward(a=x)
    drawn = [float((out - p).abs().lt(1e-6).float().mean()) for p in (0.6, 0.3, 0.1)]
    assert drawn == pytest.approx([0.6, 0.3, 0.1], abs=0.04)
    (grad,) = torch.autograd.grad(out.sum(), x)
    assert torch.equal(grad.sum(dim=1), torch.ones(3000))
    every = ScallopForwardFunction(
        program="type a(i32)\nrel r() = a(x)", provenance="diffsamplekproofs", k=5, input_mappings={"a": range(3)},
        output_relation="r", output_mapping=(),
    )  # fmt: skip
    assert every(a=x[:2]).tolist() == pytest.approx([1 - 0.4 * 0.7 * 0.9] * 2)
    negated = ScallopForwardFunction(
        program="type a(i32)\nrel b(x) = a(x)\nrel r() = not b(1)", provenance="diffsamplekproofs",
        input_mappings={"a": range(3)}, output_relation="r", output_mapping=(),
    )  # fmt: skip
    with pytest.raises(GroundingError, match="no negation"):
        negated(a=x[:2])


@pytest.mark.parametrize("n", [3, 4])
def test_equally_heavy_proofs_do_not_chase_each_other(n: int) -> None:
    """A grid whose edges all have the same probability: many proofs tie, and the fixpoint is reached all the same."""
    edges = [((x, y), (x + dx, y + dy)) for x in range(n) for y in range(n) for dx, dy in ((1, 0), (0, 1))]
    facts = [(0.7, (x * n + y, u * n + v)) for (x, y), (u, v) in edges if u < n and v < n]

    def far(provenance: str, k: int) -> float:
        ctx = scallopy.ScallopContext(provenance=provenance, k=k)
        ctx.add_relation("edge", (int, int))
        ctx.add_facts("edge", facts)
        ctx.add_rule("path(a, b) = edge(a, b) or (path(a, c) and edge(c, b))")
        ctx.run()
        return next(float(p) for p, t in ctx.relation("path") if t == (0, n * n - 1))

    best, three, exact = far("topkproofs", 1), far("topkproofs", 3), far("exact", 1)
    assert best == pytest.approx(0.7 ** (2 * n - 2)) and best < three <= exact + 1e-9
    if n == 3:
        assert far("topkproofs", 40) == pytest.approx(exact)
