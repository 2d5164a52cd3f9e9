"""Scores against their definitions, and what is not scored."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nesy.datasets.base import GroundTruth
from nesy.scenegraph import SceneGraph, Vocabulary
from nesy.training import evaluate as evaluation
from nesy.training import objective
from nesy.training.metrics import average_precision

NAMES = Vocabulary(("cat", "dog"), (), ())
SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0, float("inf"), float("-inf")])


@given(st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=12))
def test_average_precision_is_its_definition_also_where_scores_are_equal(facts: list[tuple[float, bool]]) -> None:
    score, truth = np.array([s for s, _ in facts]), np.array([t for _, t in facts])
    expected, before = 0.0, 0
    for threshold in sorted(set(score.tolist()), reverse=True):
        found = int((truth & (score >= threshold)).sum())
        expected += found / int((score >= threshold).sum()) * (found - before)
        before = found
    got = average_precision(score, truth)
    assert got == pytest.approx(expected / truth.sum()) if truth.any() else np.isnan(got)


def named(classes: list[int]) -> tuple[Any, SceneGraph]:
    """One frame of objects that are all said to be cats."""
    n = len(classes)
    empty = torch.zeros(1, n, 0), torch.zeros(1, n, n, 0)
    graph = SceneGraph.from_probabilities(NAMES, torch.tensor([[0.9, 0.1]] * n), *empty)
    truth = GroundTruth(NAMES, np.array(classes), np.zeros((1, n, 0), bool), np.zeros((1, n, n, 0), bool))
    return SimpleNamespace(truth=truth, captions=()), graph


def test_an_object_of_a_class_that_the_task_does_not_have_is_no_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "predictions", lambda model, data: data)
    model: Any = SimpleNamespace(vocabulary=NAMES)
    assert evaluation.evaluate(model, [named([0, -100, 1])]).class_accuracy == 0.5
    assert np.isnan(evaluation.evaluate(model, [named([-100])]).class_accuracy)


def test_a_batch_without_a_known_class_has_no_class_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    example, graph = named([-100, -100])
    truth = torch.tensor([[-100, -100]]), torch.zeros(1, 1, 2, 0).bool(), torch.zeros(1, 1, 2, 2, 0).bool()
    monkeypatch.setattr(objective, "truth_tensors", lambda batch: truth)
    assert objective.supervised(graph, example)["class"] == 0
