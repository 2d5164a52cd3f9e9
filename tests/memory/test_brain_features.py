"""The vector of a clip against its definition, frame by frame."""

from __future__ import annotations

import pytest
import torch

from nesy.errors import DataError
from nesy.memory.brain.features import graph_features
from nesy.scenegraph import SceneGraph, Vocabulary
from nesy.scenegraph.tensors import collate

WORDS = Vocabulary(("cat", "dog"), ("sits",), ("chases", "above"))


def clip(seed: int, frames: int = 5, objects: int = 3) -> SceneGraph:
    g = torch.Generator().manual_seed(seed)
    classes = torch.rand(objects, 2, generator=g, dtype=torch.float64)
    return SceneGraph.from_probabilities(
        WORDS,
        classes / classes.sum(-1, keepdim=True),
        torch.rand(frames, objects, 1, generator=g, dtype=torch.float64),
        torch.rand(frames, objects, objects, 2, generator=g, dtype=torch.float64),
        torch.rand(frames, objects, generator=g) > 0.3,
    )


@pytest.mark.parametrize("seed", range(4))
def test_features_are_expected_counts(seed: int):
    g = clip(seed)
    found = graph_features(g, parts=2).reshape(2, -1)
    kinds, there = g.classes[0].exp(), g.present[0]
    for part, frames in enumerate((range(3), range(3, 5))):
        expected = torch.zeros(2 + 2 * 1 + 2 * 2 * 2, dtype=torch.float64)
        for t in frames:
            for n in range(3):
                for c in range(2):
                    expected[c] += there[t, n] * kinds[n, c]
                    expected[2 + c] += there[t, n] * kinds[n, c] * g.unary[0, t, n, 0].sigmoid()
                    for m in range(3):
                        for d in range(2):
                            for r in range(2):
                                fact = there[t, n] * there[t, m] * g.binary[0, t, n, m, r].sigmoid()
                                expected[4 + (c * 2 + d) * 2 + r] += kinds[n, c] * kinds[m, d] * fact
        torch.testing.assert_close(found[part].double(), expected / len(frames), atol=1e-5, rtol=1e-5)


def test_padding_and_short_clips():
    short = clip(1, frames=2)
    padded = collate([short, clip(2, frames=7, objects=4)]).clip(0)
    torch.testing.assert_close(graph_features(padded), graph_features(short))
    assert graph_features(short, parts=4).shape == (4 * 12,)
    with pytest.raises(DataError, match="one clip"):
        graph_features(collate([short, short]))
