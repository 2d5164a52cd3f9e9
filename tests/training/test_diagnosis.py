"""Confusion and calibration against their definitions, written out fact by fact."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from nesy.datasets.base import GroundTruth
from nesy.scenegraph import SceneGraph, Vocabulary
from nesy.training.diagnosis import BINS, diagnose

NAMES = Vocabulary(("cat", "dog", "cow"), ("runs", "sits"), ("near", "above"))


def clips(count: int, seed: int) -> list[tuple[Any, SceneGraph]]:
    rng, draw = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    out: list[tuple[Any, SceneGraph]] = []
    for i in range(count):
        t, n = 3 + i, 2 + i
        present = torch.rand((1, t, n), generator=draw) < 0.7
        graph = SceneGraph(
            NAMES,
            torch.randn((1, n, 3), generator=draw).log_softmax(-1),
            3 * torch.randn((1, t, n, 2), generator=draw),
            3 * torch.randn((1, t, n, n, 2), generator=draw),
            present,
            torch.tensor([t]),
            torch.tensor([n]),
            (8.0,),
        )
        truth = GroundTruth(
            NAMES, rng.integers(0, 3, n), rng.random((t, n, 2)) < 0.4, rng.random((t, n, n, 2)) < 0.3
        )  # fmt: skip
        out.append((SimpleNamespace(truth=truth), graph))
    return out


def unary_facts(found: list[tuple[Any, SceneGraph]]) -> list[tuple[list[float], list[bool]]]:
    """Probabilities and truths of each present object and frame."""
    facts = []
    for example, graph in found:
        for t, n in graph.present[0].nonzero().tolist():
            facts.append((graph.unary[0, t, n].sigmoid().tolist(), example.truth.unary[t, n].tolist()))
    return facts


@pytest.mark.parametrize("seed", range(3))
def test_unary_confusion_and_calibration_are_what_they_say(seed: int) -> None:
    found = clips(4, seed)
    confusions, calibrations = diagnose(NAMES, found)
    facts = unary_facts(found)
    mine, bins = confusions[1], calibrations[1]
    for i in range(2):
        for j in range(2):
            cases = [p[j] for p, t in facts if t[i] and (i == j or not t[j])]
            assert mine.cells[i, j] == pytest.approx(np.mean(cases), abs=1e-6)
        assert mine.otherwise[i] == pytest.approx(np.mean([p[i] for p, t in facts if not t[i]]), abs=1e-6)
        assert mine.count[i] == sum(t[i] for _, t in facts)
    flat = [(p[k], t[k]) for p, t in facts for k in range(2)]
    assert bins.count.sum() == len(flat)
    gap = 0.0
    for b in range(BINS):
        inside = [(p, t) for p, t in flat if b / BINS <= p < (b + 1) / BINS]
        if inside:
            assert bins.predicted[b] == pytest.approx(np.mean([p for p, _ in inside]), abs=1e-6)
            assert bins.observed[b] == pytest.approx(np.mean([t for _, t in inside]))
            gap += abs(sum(p for p, _ in inside) - sum(t for _, t in inside))
    assert bins.error == pytest.approx(gap / len(flat), abs=1e-6)


def test_pairs_are_of_different_present_objects_and_tracks_count_once() -> None:
    found = clips(3, 7)
    confusions, _ = diagnose(NAMES, found)
    pairs = sum(int(h.sum()) * (int(h.sum()) - 1) for _, g in found for h in g.present[0])
    near = sum(
        e.truth.binary[t, a, b, 0] and g.present[0, t, a] and g.present[0, t, b] and a != b
        for e, g in found
        for t, a, b in np.ndindex(e.truth.binary.shape[:3])
    )
    assert confusions[2].count[0] == near <= pairs
    tracks = sum(int(g.present[0].any(0).sum()) for _, g in found)
    assert confusions[0].count.sum() == tracks


def test_perfect_predictions_and_none() -> None:
    ((example, graph),) = clips(1, 1)
    sure = SceneGraph(
        NAMES,
        torch.eye(3)[example.truth.classes][None].log(),
        torch.as_tensor(example.truth.unary)[None].float() * 100 - 50,
        torch.as_tensor(example.truth.binary)[None].float() * 100 - 50,
        graph.present,
        graph.lengths,
        graph.objects,
        graph.fps,
    )
    confusions, calibrations = diagnose(NAMES, [(example, sure)])
    for c in confusions:
        off = c.cells[~np.eye(len(c.labels), dtype=bool)]
        assert np.nanmax(np.diag(c.cells)) == pytest.approx(1) and np.nanmax(np.append(off, 0)) == pytest.approx(0)
    assert all(c.error == pytest.approx(0) for c in calibrations)
    assert diagnose(NAMES, [(SimpleNamespace(truth=None), graph)]) == ([], [])


def test_objects_of_classes_that_the_task_does_not_have_are_left_out() -> None:
    found = clips(3, 1)
    for example, _ in found:
        example.truth.classes[0] = -100
    shorter = []
    for example, graph in found:
        truth = example.truth
        kept = GroundTruth(NAMES, truth.classes[1:], truth.unary[:, 1:], truth.binary[:, 1:, 1:])
        part = SceneGraph(
            NAMES, graph.classes[:, 1:], graph.unary[:, :, 1:], graph.binary[:, :, 1:, 1:], graph.present[:, :, 1:],
            graph.lengths, graph.objects - 1, graph.fps,
        )  # fmt: skip
        shorter.append((SimpleNamespace(truth=kept), part))
    (mine, *_), (calibration, *_) = diagnose(NAMES, found)
    (theirs, *_), (other, *_) = diagnose(NAMES, shorter)
    assert mine.count.tolist() == theirs.count.tolist() and np.allclose(mine.cells, theirs.cells, equal_nan=True)
    assert calibration.error == pytest.approx(other.error)


def test_a_predicate_that_is_never_true_is_not_held_against_the_calibration() -> None:
    found = clips(3, 2)
    for example, _ in found:
        example.truth.unary[..., 1] = False  # as the reader fills in what the data does not label
    bins = diagnose(NAMES, found)[1][1]
    facts = [(p[0], t[0]) for p, t in unary_facts(found)]
    assert int(bins.count.sum()) == len(facts)
    assert bins.observed[bins.count > 0] @ bins.count[bins.count > 0] == sum(t for _, t in facts)
