"""The scan's own gradient against finite differences and autograd; one side against both; groups of similar cases."""

from __future__ import annotations

import random

import pytest
import torch

from nesy.errors import GroundingError
from nesy.reasoners.temporal.lifted import align, similar
from nesy.reasoners.temporal.logspace import DEEP
from nesy.reasoners.temporal.scan import scan
from nesy.reasoners.temporal.shape import cases

from .strategies import random_graph
from .test_lifted import random_spec, try_align


def problem(seed: int, floor: float = -30.0):
    g = torch.Generator().manual_seed(seed)
    t, i, s, w, a = (int(torch.randint(1, 5, (1,), generator=g)) for _ in range(5))
    guards = torch.rand(t, i, s, w, a, generator=g, dtype=torch.float64) * floor
    target = torch.randint(s, (i, s, w), generator=g)
    return guards, target, torch.rand(i, s, generator=g) < 0.5, torch.randint(t + 1, (i,), generator=g)


def by_autograd(guards, target, end, lengths):
    """The same recursion, item by item and state by state."""
    frames, items, states, width, _ = guards.shape
    rows = []
    for i in range(items):
        value = [torch.where(e, 0.0, DEEP).to(guards).expand(guards.shape[-1]) for e in end[i]]
        for t in reversed(range(min(frames, int(lengths[i])))):
            value = [
                torch.stack([guards[t, i, s, w] + value[target[i, s, w]] for w in range(width)])
                .logsumexp(0)
                .clamp_min(DEEP)
                for s in range(states)
            ]
        rows.append(value[0])
    return torch.stack(rows)


@pytest.mark.parametrize("seed", range(40))
def test_values_and_gradients_are_those_of_the_recursion(seed: int):
    guards, *rest = problem(seed)
    ours, theirs = guards.clone().requires_grad_(), guards.clone().requires_grad_()
    got, want = scan(ours, *rest), by_autograd(theirs, *rest)
    torch.testing.assert_close(got, want)
    weight = torch.rand_like(got)
    (got * weight).sum().backward()
    if want.requires_grad:  # not if no item has a frame
        (want * weight).sum().backward()
    wanted = torch.zeros_like(guards) if theirs.grad is None else theirs.grad
    torch.testing.assert_close(ours.grad, wanted)


def test_finite_differences():
    guards, target, _, lengths = problem(3)
    end = torch.ones(target.shape[:2], dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda x: scan(x, target, end, lengths), (guards.requires_grad_(),))


def test_no_gradient_is_lost_where_a_spec_is_nearly_impossible():
    """Twenty frames at log P = -900 each: far below what a float can hold as a probability."""
    guards = torch.full((20, 1, 1, 1, 1), -900.0, requires_grad=True)
    out = scan(guards, torch.zeros(1, 1, 1, dtype=torch.long), torch.tensor([[True]]), torch.tensor([20]))
    out.sum().backward()
    assert float(out.detach()) == -18_000 and bool((guards.grad == 1).all())


@pytest.mark.parametrize("union", ["max", "sum", "noisy_or"])
def test_one_side_alone_is_the_same(union: str):
    rng, checked = random.Random(5), 0
    while checked < 60:
        spec, graph = random_spec(rng), random_graph(rng, rng.randint(0, 5), rng.randint(0, 3))
        both = try_align([spec], graph, union=union)
        if both is None:
            continue
        yes, no = (align([spec], graph, union=union, side=s) for s in ("yes", "no"))
        torch.testing.assert_close(yes.log_prob.exp(), both.log_prob.exp(), atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(no.log_not.exp(), both.log_not.exp(), atol=1e-6, rtol=1e-5)
        checked += 1


def test_groups_are_a_partition_and_small_batches_stay_together():
    rng = random.Random(0)
    found = []
    while len(found) < 300:
        try:
            found += cases(random_spec(rng), ("cat", "dog"), 8.0)
        except GroundingError:
            continue
    groups = similar(found, 6, 64)
    assert sorted(k for g in groups for k in g) == list(range(len(found))) and 1 < len(groups) <= 3
    assert len(similar([found[0]] * 2, 6, 64)) == 1 and similar([], 6, 64) == []
