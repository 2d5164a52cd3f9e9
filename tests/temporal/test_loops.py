"""The loops over probabilities on a CPU against the tensor code for any device: values, gradients, tiny numbers."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch

from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal import fused, lifted
from nesy.reasoners.temporal.binding import bind, promise
from nesy.reasoners.temporal.exact import exact
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.layout import Distinct
from nesy.reasoners.temporal.lifted import align
from nesy.reasoners.temporal.logspace import FLOOR
from nesy.reasoners.temporal.loops import run
from nesy.reasoners.temporal.shape import cases
from nesy.scenegraph import SceneGraph, collate

from .strategies import random_graph
from .test_fused import gradients, leaves_of
from .test_lifted import random_spec, try_align

DEEP = 0.9 * FLOOR  # from there down only the order of magnitude is kept


def both_ways(monkeypatch: pytest.MonkeyPatch, specs, graph: SceneGraph, **options):
    loops = align(specs, graph, **options)
    with monkeypatch.context() as m:
        m.setattr(lifted, "_by_loops", lifted._by_tensors)
        return loops, align(specs, graph, **options)


@pytest.mark.parametrize("seed", range(60))
def test_loops_say_what_tensors_say(seed: int, monkeypatch: pytest.MonkeyPatch):
    rng = random.Random(seed)
    clips = [
        random_graph(rng, rng.randint(0, 6), rng.randint(0, 4), uncertain=rng.choice([0.5, 1.0])) for _ in range(3)
    ]
    graph, leaves = leaves_of(collate(clips))
    scale = rng.choice([1, 1, 30])
    graph = replace(graph, unary=graph.unary * scale, binary=graph.binary * scale)
    options = {"assignments": 64, "union": rng.choice(["max", "sum", "noisy_or"])}
    pairs = []
    while len(pairs) < 6:
        spec, clip = random_spec(rng), rng.randrange(3)
        if try_align([spec], clips[clip], **options) is not None:
            pairs.append((spec, clip))
    specs, at = [s for s, _ in pairs], [c for _, c in pairs]
    sides = [rng.choice(["yes", "no", "both"]) for _ in pairs]
    options["clips"] = at
    loops, tensors = both_ways(monkeypatch, specs, graph, side=sides, **options)
    assert loops.truncated.tolist() == tensors.truncated.tolist()
    for name, unwanted in (("log_prob", "no"), ("log_not", "yes")):
        ours, theirs = getattr(loops, name), getattr(tensors, name)
        counts = torch.tensor([s != unwanted for s in sides]) & (theirs.detach() > DEEP)
        torch.testing.assert_close(ours[counts], theirs[counts], atol=1e-6, rtol=1e-6)
        low = torch.tensor([s != unwanted for s in sides]) & ~counts
        assert bool((ours[low] < DEEP / 2).all())
        weight = torch.rand(len(pairs), dtype=torch.float64) * counts
        for a, b in zip(
            gradients((ours * weight).sum(), leaves), gradients((theirs * weight).sum(), leaves), strict=True
        ):
            torch.testing.assert_close(a, b, atol=2e-6, rtol=2e-6)


@pytest.mark.parametrize("seed", range(20))
def test_loops_choose_as_good_bindings_as_tensors(seed: int):
    """Equally promising ones may be others."""
    rng = random.Random(seed)
    graph = collate([random_graph(rng, rng.randint(0, 5), rng.randint(0, 5)) for _ in range(3)])
    table, items = FactTable(graph), []
    while len(items) < 6:
        with suppress(GroundingError):
            items += [(rng.randrange(3), c) for c in cases(random_spec(rng), graph.vocabulary.classes, 8.0)]
    distinct, limit = Distinct(items), rng.choice([1, 2, 3, 7])
    theirs = bind(distinct, table, limit)
    ours, _, _ = run.run(distinct, table, limit, *np.ones((2, len(items)), bool))
    assert ours.truncated.tolist() == theirs.truncated.tolist()
    assert ours.live.sum(1).tolist() == theirs.live.sum(1).tolist()
    for i, (clip, case) in enumerate(items):
        blocks = len(case.sorts)
        ranks = []
        for found in (ours, theirs):
            ways = found.objects[i][found.live[i]][:, :blocks]
            hope = promise([case], np.zeros(1, int), torch.tensor([clip]), table, ways)[0]
            ranks.append(sorted((found.weight[i][found.live[i]] + hope).tolist()))
        assert ranks[0] == pytest.approx(ranks[1], abs=1e-9)


def test_what_is_too_small_for_a_double_is_worked_out_with_logarithms(monkeypatch: pytest.MonkeyPatch):
    """e^-2000, beside a clip where the same spec has 1/4 and one where it is impossible."""
    spec = parse_formula("exists x: cat { always p(x) }")
    rng = random.Random(1)
    odds = torch.full((3, 40, 2, 2), -50.0, dtype=torch.float64)
    odds[1, :, 0] = 0.0
    odds[1, 2:, 0] = torch.inf
    odds[2] = -torch.inf
    odds = odds.requires_grad_()
    base = collate([random_graph(rng, 40, 2, uncertain=1.0) for _ in range(3)])
    graph = replace(
        base,
        classes=torch.tensor([1.0, 0.0]).double().log().expand(3, 2, 2),
        unary=odds,
        present=torch.ones_like(base.present),
    )
    calls = []
    monkeypatch.setattr(fused, "run", lambda *a, run=fused.run: (calls.append(len(a[0].distinct.items)), run(*a))[1])
    out = align([spec] * 3, graph, side="yes")
    assert calls == [2]  # not the one in the middle
    assert float(out.log_prob[0].detach()) == pytest.approx(-2000 + np.log(2), rel=1e-6)
    assert float(out.log_prob[1].detach().exp()) == pytest.approx(0.25 + 0.75 * np.exp(-2000))
    assert float(out.log_prob[2].detach().exp()) == 0
    out.log_prob.sum().backward()
    assert odds.grad is not None and bool(odds.grad.isfinite().all())
    assert float(odds.grad[0, :, :, 0].sum()) == pytest.approx(40, rel=1e-6)  # each frame counts, shared by the objects


def test_half_precision_is_computed_in_single(monkeypatch: pytest.MonkeyPatch):
    spec = parse_formula("exists x: cat, y { p(x) then r(x, y) }")
    graph = random_graph(random.Random(3), 6, 3, uncertain=1.0)
    want = exact(spec, replace(graph, **{k: getattr(graph, k).bfloat16().double() for k in ("unary", "binary")}))
    for dtype in (torch.bfloat16, torch.float16):
        unary, binary = (x.to(dtype).requires_grad_() for x in (graph.unary, graph.binary))
        out = align([spec], replace(graph, classes=graph.classes.to(dtype), unary=unary, binary=binary), union="max")
        assert out.log_prob.dtype == torch.float32
        assert float(out.log_prob.detach().exp()) <= float(want) + 0.02
        out.log_prob.sum().backward()
        assert unary.grad is not None and unary.grad.dtype == dtype and bool(unary.grad.isfinite().all())


def test_the_most_probable_assignment():
    spec = parse_formula("exists x: cat, y: dog { eventually r(x, y) }")
    graph = random_graph(random.Random(4), 3, 4, uncertain=1.0)
    out = align([spec], graph)
    cats, dogs = graph.classes[0, :, 0], graph.classes[0, :, 1]
    eventually = 1 - torch.sigmoid(-graph.binary[0, :, :, :, 0]).where(
        graph.present[0, :, :, None] & graph.present[0, :, None], torch.tensor(1.0).double()
    ).prod(0)
    joint = (cats[:, None] + dogs).exp() * eventually
    joint.fill_diagonal_(0)
    assert out.assignment == (tuple(divmod(int(joint.argmax()), 4)),)
