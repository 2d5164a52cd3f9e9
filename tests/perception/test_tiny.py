"""The smallest backend: tasks with only classes, only unary or only binary predicates train too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nesy.perception.base import batch_views
from nesy.perception.tiny import Tiny
from nesy.scenegraph import Vocabulary


@pytest.mark.parametrize(("unary", "binary"), [((), ("near",)), (("runs",), ()), ((), ())])
def test_a_task_may_lack_a_kind_of_predicate(unary: tuple[str, ...], binary: tuple[str, ...]) -> None:
    model = Tiny(Vocabulary(("cat", "dog"), unary, binary), width=16)
    rng = np.random.default_rng(0)
    boxes = np.tile(np.array([4, 4, 20, 20], np.float32), (3, 2, 1)) + rng.random((3, 2, 1), np.float32) * 8
    view = model.look(rng.integers(0, 255, (3, 32, 32, 3), np.uint8), boxes, np.ones((3, 2), bool))
    graph = model(batch_views([view], [8.0]))
    assert graph.unary.shape == (1, 3, 2, len(unary)) and graph.binary.shape == (1, 3, 2, 2, len(binary))
    (graph.classes.sum() + graph.unary.sum() + graph.binary.sum()).backward()
    weight = model.classify.weight.grad
    assert weight is not None and bool(torch.isfinite(weight).all())
