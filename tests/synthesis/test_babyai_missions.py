"""Missions of BabyAI by the rules extractor: what they ask, and in which order."""

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
    ("agent", "ball", "box", "door", "key"),
    ("red", "green", "blue", "purple", "yellow", "grey", "open", "closed", "locked", "carried"),
    ("facing", "carrying", "next_to", "ahead_of", "behind", "to_left", "to_right"),
)


@pytest.mark.parametrize(
    ("mission", "spec"),
    [
        ("go to the red ball", "exists a: agent, b: ball { eventually (facing(a, b) and red(b)) }"),
        ("go to a box and go to a key",
         "exists a: agent, b: box, k: key { eventually facing(a, b) and eventually facing(a, k) }"),
        ("pick up a key, then open the grey door",
         "exists a: agent, k: key, d: door { eventually (carrying(a, k) and eventually (open(d) and grey(d))) }"),
        ("open the door after you pick up a key",
         "exists a: agent, k: key, d: door { eventually (carrying(a, k) and eventually open(d)) }"),
        ("put the blue key next to a box",
         "exists k: key, b: box { eventually (next_to(k, b) and blue(k)) }"),
        ("go to a ball and go to a key, then pick up a box",
         "exists a: agent, b: ball, b2: box, k: key { eventually (facing(a, b) and eventually carrying(a, b2)) and "
         "eventually (facing(a, k) and eventually carrying(a, b2)) }"),
    ],
)  # fmt: skip
def test_missions(mission: str, spec: str):
    (found,) = extractors["rules"](NAMES, {}).extract([mission])
    assert found.formula is not None and to_text(found.formula) == spec


def test_what_is_read_is_true_of_the_clip(tmp_path: Path):
    pytest.importorskip("minigrid")
    data = open_dataset("babyai", {"clips": 40, "levels": "rooms", "frames": 32, "seed": 3}, tmp_path)
    extractor = extractors["rules"](data.vocabulary, {})
    for clip in data.clips:
        truth = clip.truth
        assert truth is not None
        classes = torch.eye(len(truth.vocabulary.classes), dtype=torch.float64)[torch.from_numpy(truth.classes)]
        unary, binary = (torch.from_numpy(x).double() for x in (truth.unary, truth.binary))
        graph = SceneGraph.from_probabilities(
            truth.vocabulary, classes, unary, binary, torch.from_numpy(clip.tracks.present)
        )
        (found,) = extractor.extract([clip.captions[0].text])
        assert found.formula is not None, clip.captions[0].text
        assert float(align([found.formula], graph, assignments=10_000).log_prob.exp()) > 0.999, clip.captions[0].text
