"""The compiled loops against the tensor code that says the same, values and gradients."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal import fused, somes
from nesy.reasoners.temporal.automata import Automata
from nesy.reasoners.temporal.binding import bind
from nesy.reasoners.temporal.exclusive import Rule
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.layout import Distinct, Layout
from nesy.reasoners.temporal.logspace import FLOOR
from nesy.reasoners.temporal.loops.breaches import cost_of_rules
from nesy.reasoners.temporal.noisy import noisy_or
from nesy.reasoners.temporal.shape import cases
from nesy.reasoners.temporal.transitions import Transitions
from nesy.scenegraph import SceneGraph, collate
from nesy.training.losses import CAP, breach_by_tensors

from .strategies import random_graph
from .test_lifted import random_spec, try_align


def leaves_of(graph: SceneGraph) -> tuple[SceneGraph, list[torch.Tensor]]:
    leaves = [x.detach().clone().requires_grad_() for x in (graph.classes, graph.unary, graph.binary)]
    # normalised again: an object has one class, and only gradients within that say anything
    return replace(graph, classes=leaves[0].clamp_min(-1e3).log_softmax(-1), unary=leaves[1], binary=leaves[2]), leaves


def gradients(value: torch.Tensor, leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    found = torch.autograd.grad(value, leaves, allow_unused=True, retain_graph=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True)]


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_scan_in_one_loop_equals_scan_by_tensors(seed: int, dtype: torch.dtype):
    rng = random.Random(seed)
    clips = [random_graph(rng, rng.randint(1, 6), rng.randint(1, 4)) for _ in range(3)]
    graph, leaves = leaves_of(collate(clips))
    graph = replace(graph, **{k: getattr(graph, k).to(dtype) for k in ("classes", "unary", "binary")})
    items = []
    while len(items) < 8:
        spec, clip = random_spec(rng), rng.randrange(3)
        if try_align([spec], clips[clip]) is not None:
            with suppress(GroundingError):  # not every spec can be miniscoped
                items += [(clip, case) for case in cases(spec, graph.vocabulary.classes, 8.0, rng.random() < 0.5)]
    table, distinct = FactTable(graph), Distinct(items)
    bound = bind(distinct, table, rng.choice([2, 64]))
    layout = Layout(distinct, bound.objects, bound.live, table)
    weight = torch.rand(bound.live.shape, dtype=dtype) * bound.live
    for accept, by_tensors in zip((True, False), Transitions(layout).run(True, True), strict=True):
        loop = fused.run(layout, Automata(distinct.cases), bound.live, accept)
        near = {"atol": 1e-9, "rtol": 1e-9} if dtype == torch.float64 else {"atol": 1e-4, "rtol": 1e-4}
        deep = 10 * FLOOR  # from there down only the order of magnitude is kept
        ours, theirs = (x[bound.live].clamp_min(deep) for x in (loop, by_tensors))
        torch.testing.assert_close(ours, theirs, **near)
        # where the other outcome is certain the logarithm is FLOOR, give or take the clamps on the way
        sure = weight * (by_tensors.detach() > FLOOR / 2)
        for ours, theirs in zip(
            gradients((loop * sure).sum(), leaves), gradients((by_tensors * sure).sum(), leaves), strict=True
        ):
            torch.testing.assert_close(ours, theirs, atol=10 * near["atol"], rtol=10 * near["rtol"])


@pytest.mark.parametrize("seed", range(30))
def test_noisy_or_in_one_loop_equals_noisy_or_by_tensors(seed: int):
    g = torch.Generator().manual_seed(seed)
    u, n, width, t = (int(torch.randint(1, 5, (1,), generator=g)) for _ in range(4))
    logs = -torch.rand(7, t, generator=g, dtype=torch.float64) * 10.0 ** float(torch.randint(-4, 3, (1,), generator=g))
    weight = torch.where(torch.rand(u, n, generator=g) < 0.2, FLOOR, -torch.rand(u, n, generator=g)).double()
    row = torch.randint(7, (u, n, width), generator=g)
    logs, weight = logs.requires_grad_(), weight.requires_grad_()
    ours = noisy_or(logs, weight, row.numpy(), torch.full((u,), width).numpy())
    theirs = somes.by_tensors(logs, weight, row)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=1e-7)
        up = torch.rand(a.shape, generator=g, dtype=torch.float64) * (b.detach() > FLOOR / 2)
        for x, y in zip(
            gradients((a * up).sum(), [logs, weight]), gradients((b * up).sum(), [logs, weight]), strict=True
        ):
            torch.testing.assert_close(x, y, atol=1e-9, rtol=1e-6)


RULES = [
    "p(x) -> not q(x)", "cat(x) and p(x) -> q(x) or not visible(x)", "r(x, y) <-> r(y, x)",
    "r(x, y) -> cat(x) and dog(y)",
    "p(x)", "not r(x, x) or q(y)", "r(x, y) and q(x) -> p(y) or cat(y)", "p(x) and not p(x)", "p(x) or not p(x)",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(30))
def test_rules_in_one_loop_cost_what_they_cost_by_tensors(seed: int):
    rng = random.Random(seed)
    graph, leaves = leaves_of(collate([random_graph(rng, rng.randint(1, 6), rng.randint(1, 4)) for _ in range(3)]))
    sharp = replace(graph, unary=graph.unary * rng.choice([1, 10, 300]), binary=graph.binary * rng.choice([1, 300]))
    rules = []
    for text in rng.sample(RULES, 4):
        body = parse_formula(text)
        rules.append(Rule(("x", "y") if "y" in text else ("x",), body))
    ours = cost_of_rules(rules, FactTable(sharp), CAP) / sharp.lengths.sum()
    theirs = breach_by_tensors(rules, sharp)
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)
    for x, y in zip(gradients(ours, leaves), gradients(theirs, leaves), strict=True):
        torch.testing.assert_close(x, y, atol=1e-9, rtol=1e-7)
