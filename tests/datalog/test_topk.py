"""The batched top-k against its definition, one sample at a time."""

import numpy as np
import pytest
import torch

from nesy.reasoners.datalog.builtins import FUNCTIONS, PREDICATES
from nesy.reasoners.datalog.compile import compile_texts
from nesy.reasoners.datalog.ground import Mode, ground
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
