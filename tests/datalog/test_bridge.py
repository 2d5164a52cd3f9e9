"""Formulas of the temporal language compiled to programs: the Datalog engine and the temporal reasoner agree."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from nesy.dsl import ast
from nesy.dsl.check import check_module
from nesy.dsl.elaborate import elaborate
from nesy.dsl.parser import parse_module
from nesy.dsl.signature import Signature
from nesy.errors import GroundingError
from nesy.reasoners.datalog.bridge import probability
from nesy.reasoners.temporal.exact import exact
from tests.temporal.strategies import VOCABULARY, random_formula, random_graph

SIGNATURE = Signature.of(classes=VOCABULARY.classes, unary=VOCABULARY.unary, binary=VOCABULARY.binary)


def test_random_formulas_agree_with_the_temporal_reasoner() -> None:
    rng, uncertain = random.Random(7), 0
    for _ in range(240):
        graph = random_graph(rng, rng.randint(1, 4), rng.randint(1, 2))
        formula = random_formula(rng, rng.randint(1, 3))
        want = float(exact(formula, graph))
        got = float(probability(formula, graph, SIGNATURE))
        uncertain += 0.001 < want < 0.999
        assert got == pytest.approx(want, abs=1e-9), (formula, graph)
    assert uncertain >= 60  # enough of them say something


RULES = """
class cat, dog
unary p, q
binary r
rule meets(a, b) :- r(a, b), p(a).
rule meets(a, b) :- r(b, a), next q(b).
rule chased(a) :- exists b: dog { meets(b, a) }.
constraint always forall a { not (p(a) and q(a)) }
constraint forall a: cat { eventually visible(a) }
spec one: exists a: cat { eventually chased(a) }
spec two: exists a: cat, b: dog { p(a) then meets(a, b) }
spec three: forall a { always (q(a) -> not chased(a)) }
spec four: exists at least 2 a { once meets(a, a) or eventually meets(a, a) }
"""


def test_rules_constraints_and_specs_of_a_file() -> None:
    """Rules stay relations here and are unfolded there; a constraint is a formula of which one can ask P(spec | it)."""
    checked = check_module(parse_module(RULES))
    constraints = [c.formula for c in checked.module.statements if isinstance(c, ast.Constraint)]
    assert len(constraints) == 2 and len(checked.specs) == 4
    rng = random.Random(3)
    for _ in range(12):
        graph = random_graph(rng, rng.randint(1, 3), 2, uncertain=0.5)
        for f in [s.formula for s in checked.module.statements if isinstance(s, ast.Spec)]:
            for formula in (f, ast.And((f, *constraints))):
                want = float(exact(elaborate(formula, checked.signature), graph))
                got = float(probability(formula, graph, checked.signature))
                assert got == pytest.approx(want, abs=1e-9), (formula, graph)


def test_recursive_rules_run_here() -> None:
    """``linked`` is the closure of ``r`` over frames; compared with paths through all worlds of its facts."""
    text = """
    class cat
    unary p
    binary r
    rule linked(a, b) :- r(a, b).
    rule linked(a, b) :- r(a, c), linked(c, b).
    spec s: exists a, b { p(a) and p(b) and a != b and linked(a, b) }
    """
    module = parse_module(text)
    (spec,) = [s.formula for s in module.statements if isinstance(s, ast.Spec)]
    rng = random.Random(5)
    vocabulary = replace(VOCABULARY, classes=("cat",), unary=("p",))
    graph = random_graph(rng, 1, 3, uncertain=1.0)
    graph = replace(
        graph, vocabulary=vocabulary, classes=graph.classes[..., :1], unary=graph.unary[..., :1],
        present=torch.ones_like(graph.present),
    )  # fmt: skip
    p, r = graph.unary[0, 0, :, 0].sigmoid(), graph.binary[0, 0, :, :, 0].sigmoid()
    want = 0.0
    for world in range(2**12):
        bit = [world >> i & 1 for i in range(12)]
        edge = torch.tensor(bit[3:], dtype=torch.bool).reshape(3, 3)
        marked = torch.tensor(bit[:3], dtype=torch.bool)
        reach = edge
        for _ in range(3):
            reach = reach | (reach.double() @ edge.double() > 0)
        if any(marked[a] and marked[b] and reach[a, b] for a in range(3) for b in range(3) if a != b):
            weight = torch.where(marked, p, 1 - p).prod() * torch.where(edge, r, 1 - r).prod()
            want += float(weight)
    assert float(probability(spec, graph, Signature.from_module(module))) == pytest.approx(want, abs=1e-9)


def test_gradients_agree() -> None:
    rng = random.Random(11)
    for _ in range(15):
        graph = random_graph(rng, 3, 2, uncertain=1.0)
        formula = random_formula(rng, 2)
        grads = []
        for ask in (lambda f, g: exact(f, g), lambda f, g: probability(f, g, SIGNATURE)):
            unary = graph.unary.clone().requires_grad_()
            value = ask(formula, replace(graph, unary=unary)).sum()
            grads.append(torch.autograd.grad(value, unary, allow_unused=True)[0] if value.requires_grad else None)
        a, b = (torch.zeros_like(graph.unary) if g is None else g for g in grads)
        assert torch.allclose(a, b, atol=1e-8), formula


def test_a_clip_without_frames_is_an_error() -> None:
    graph = random_graph(random.Random(0), 0, 1)
    formula = random_formula(random.Random(0), 1)
    with pytest.raises(GroundingError, match="without frames"):
        probability(formula, graph, SIGNATURE)
