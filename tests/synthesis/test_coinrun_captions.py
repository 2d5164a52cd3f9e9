"""Captions of CoinRun by the rules extractor: what is read is true of the clip."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nesy.datasets import open_dataset
from nesy.dsl.printer import to_text
from nesy.reasoners.temporal.lifted import align
from nesy.scenegraph import SceneGraph
from nesy.synthesis import extractors
from nesy.synthesis.base import Domain

NAMES = Domain(
    ("player", "coin", "saw", "enemy", "crate", "lava"),
    ("standing", "walking", "jumping", "falling", "facing_left", "facing_right"),
    ("above", "below", "near", "touching", "on", "collecting", "killing"),
)


@pytest.mark.parametrize(
    ("caption", "spec"),
    [
        ("The player walks right, then jumps over a saw.",
         "exists p: player, s: saw { walking(p) and facing_right(p) then above(p, s) }"),
        ("The player lands on a crate, then jumps, then is killed by an enemy.",
         "exists p: player, c: crate, e: enemy { on(p, c) then jumping(p) then killing(e, p) }"),
        ("The player jumps over lava, then collects the coin.",
         "exists p: player, l: lava, c: coin { above(p, l) then collecting(p, c) }"),
    ],
)  # fmt: skip
def test_captions(caption: str, spec: str):
    (found,) = extractors["rules"](NAMES, {}).extract([caption])
    assert found.formula is not None and to_text(found.formula) == spec


def test_what_is_read_is_true_of_the_clip(tmp_path: Path):
    pytest.importorskip("procgen")
    data = open_dataset("coinrun", {"clips": 40, "seed": 3}, tmp_path)
    extractor = extractors["rules"](data.vocabulary, {})
    for clip in data.clips:
        truth = clip.truth
        assert truth is not None
        classes = torch.eye(len(truth.vocabulary.classes), dtype=torch.float64)[torch.from_numpy(truth.classes)]
        unary, binary = (torch.from_numpy(x).double() for x in (truth.unary, truth.binary))
        present = torch.from_numpy(clip.tracks.present)
        graph = SceneGraph.from_probabilities(truth.vocabulary, classes, unary, binary, present)
        (found,) = extractor.extract([clip.captions[0].text])
        assert found.formula is not None, clip.captions[0].text
        assert float(align([found.formula], graph, assignments=10_000).log_prob.exp()) > 0.999, clip.captions[0].text
