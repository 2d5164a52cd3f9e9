from __future__ import annotations

from pathlib import Path

import pytest

from nesy.datasets import open_dataset
from nesy.evaluation.protocols import protocol_scores
from nesy.perception import backends, batch_views


def test_the_protocols_on_the_platformer_with_true_and_with_untrained_predictions(tmp_path: Path) -> None:
    import torch

    from nesy.scenegraph import SceneGraph

    dataset = open_dataset("platformer", {"clips": 12, "seed": 5}, tmp_path)
    perfect, untrained = [], []
    torch.manual_seed(0)
    model = backends["tiny"](dataset.vocabulary, {}).eval()
    for clip in dataset.splits["train"][:6]:
        assert clip.truth is not None
        classes = torch.nn.functional.one_hot(torch.from_numpy(clip.truth.classes), len(dataset.vocabulary.classes))
        graph = SceneGraph.from_probabilities(
            dataset.vocabulary,
            classes.float(),
            torch.from_numpy(clip.truth.unary).float(),
            torch.from_numpy(clip.truth.binary).float(),
            torch.from_numpy(clip.tracks.present),
        )
        perfect.append((graph, clip.truth, clip.tracks.boxes))
        with torch.no_grad():
            view = model.look(clip.frames(), clip.tracks.boxes, clip.tracks.present)
            untrained.append((model(batch_views([view], [clip.fps])), clip.truth, clip.tracks.boxes))
    best, worst = protocol_scores(perfect), protocol_scores(untrained)
    assert best["unary_r@1"] == 1 and best["binary_r@10"] == 1
    assert best["detection_map"] == pytest.approx(1)
    assert worst["unary_r@1"] < 0.5 and worst["triplet_r@20"] < best["triplet_r@20"] and worst["detection_map"] < 0.1
