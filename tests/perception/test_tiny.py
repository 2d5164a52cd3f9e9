"""The smallest backend: tasks with only classes, only unary or only binary predicates train too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nesy.perception.base import batch_views
from nesy.perception.head import Head, pairs_of
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


@pytest.mark.parametrize("temporal", ["none", "transformer", "recurrent"])
def test_a_clip_is_seen_alone_as_in_a_batch_of_longer_ones(temporal: str) -> None:
    torch.manual_seed(0)
    vocabulary = Vocabulary(("cat", "dog"), ("runs", "sits"), ("near",))
    model, head = Tiny(vocabulary, width=16, temporal=temporal).eval(), Head(vocabulary, 8, 6, temporal=temporal).eval()
    rng = np.random.default_rng(0)
    views = []
    for t, n in ((3, 2), (7, 3), (1, 1)):
        boxes = np.tile(np.array([4, 4, 20, 20], np.float32), (t, n, 1)) + rng.random((t, n, 1), np.float32) * 8
        views.append(model.look(rng.integers(0, 255, (t, 32, 32, 3), np.uint8), boxes, rng.random((t, n)) < 0.8))
    together = batch_views(views, [8.0] * 3)
    features = torch.randn(*together.view.present.shape, 8) * together.view.present[..., None]
    with torch.no_grad():
        graph = model(together)
        unary = head(features, torch.randn(int(pairs_of(together.view.present).sum()), 6),
                     pairs_of(together.view.present), together)[1]  # fmt: skip
        for k, view in enumerate(views):
            alone, one, both = model(batch_views([view], [8.0])), graph.clip(k), pairs_of(view.present)
            torch.testing.assert_close(alone.unary[0][view.present], one.unary[0][view.present])
            torch.testing.assert_close(alone.binary[0][both], one.binary[0][both])
            t, n = view.present.shape
            single = batch_views([view], [8.0])
            mine = head(features[k : k + 1, :t, :n], torch.randn(int(both.sum()), 6), both[None], single)[1]
            torch.testing.assert_close(mine[0][view.present], unary[k, :t, :n][view.present])
