"""Triplets whose objects were found: on the true tracks they score as on given ones, on others as they overlap."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from nesy.cli.app import run
from nesy.datasets import open_dataset
from nesy.datasets.base import Clip
from nesy.evaluation.protocols import triplet_scores
from nesy.perception.tracking.cache import write_tracks
from nesy.perception.tracking.detections import LabelledTracks
from nesy.training import run as runs

SPEC = """
domain game
class mugen, coin, gem, crate, ladder, snail, worm, mouse, frog, slime, bee, bat
unary jumping
binary near, above
data "platformer" { clips: 40, frames: 8, size: 64 }
train { epochs: 12, batch: 8, supervision: "labels", device: "cpu" }
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("found")
    (folder / "game.dsl").write_text(SPEC, "utf-8")
    assert run(["train", str(folder / "game.dsl"), "--out", str(folder / "run")]) == 0
    return folder / "run"


def tracks_of(trained: Path, folder: Path, shift: float = 0.0, drop: int = 0) -> list[Clip]:
    """Write the true boxes of the test clips, moved by a share of their width; of the last frames none."""
    task = runs.reopen(trained)
    clips = open_dataset(*task.data, runs.cache_folder()).splits["test"]
    folder.mkdir(exist_ok=True)
    for clip in clips:
        boxes = clip.tracks.boxes.copy()
        boxes[..., ::2] += shift * (boxes[..., 2:3] - boxes[..., :1])
        t = len(boxes) - drop
        tracks = type(clip.tracks)(boxes[:t], clip.tracks.present[:t], clip.tracks.ids)
        write_tracks(
            LabelledTracks(tracks, tuple({"thing": 1.0} for _ in tracks.ids), tuple(1.0 for _ in tracks.ids)),
            folder / f"{clip.video.stem}.json",
            clip.fps,
        )
    return clips


def scores(trained: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, float]]:
    capsys.readouterr()
    assert run(["eval", str(trained), "--protocols", "--tracks", str(folder), "--json"]) == 0
    return next(row for row in json.loads(capsys.readouterr().out) if "found_boxes" in row)


def test_true_boxes_score_as_given_ones(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    tracks_of(trained, tmp_path / "same")
    row = scores(trained, tmp_path / "same", capsys)
    assert row["protocols"]["triplet_r@100"] > 0.1
    for name, value in row["found_boxes"].items():
        assert value == pytest.approx(row["protocols"][name], abs=1e-6), name
    assert run(["eval", str(trained), "--tracks", str(tmp_path / "same")]) == 0
    assert "found triplet_r@20" in capsys.readouterr().out


def test_boxes_beside_the_objects_hit_nothing(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    tracks_of(trained, tmp_path / "beside", shift=0.9)
    row = scores(trained, tmp_path / "beside", capsys)
    assert row["found_boxes"]["triplet_r@100"] == 0 and row["found_boxes"]["detection_map"] == 0
    assert row["protocols"]["triplet_r@100"] > 0


def test_what_cannot_be_scored_is_told(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["eval", str(trained), "--tracks", str(tmp_path / "nowhere")]) == 2
    assert "nesy track" in capsys.readouterr().err
    clips = tracks_of(trained, tmp_path / "short", drop=1)
    assert run(["eval", str(trained), "--tracks", str(tmp_path / "short")]) == 2
    assert "has 7 frames, but frame 8" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "short" / f"{clips[0].video.stem}.json").unlink()
    assert run(["eval", str(trained), "--tracks", str(tmp_path / "short")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_a_clip_in_which_nothing_was_found_counts():
    """Its true relations are missed."""
    from nesy.datasets.base import GroundTruth, Tracks
    from nesy.scenegraph import SceneGraph, Vocabulary

    v = Vocabulary(("cat",), (), ("near",))
    nothing = SceneGraph.from_probabilities(v, torch.zeros(0, 1), torch.zeros(2, 0, 0), torch.zeros(2, 0, 0, 1))
    binary = np.zeros((2, 2, 2, 1), bool)
    binary[:, 0, 1] = True
    truth = GroundTruth(v, np.zeros(2, np.int64), np.zeros((2, 2, 0), bool), binary)
    box = np.tile(np.float32([0, 0, 4, 4]), (2, 2, 1))
    found = triplet_scores([(nothing, np.zeros((2, 0, 4)), truth, Tracks(box, np.ones((2, 2), bool), ("a", "b")))])
    assert found["triplet_r@20"] == 0 and found["detection_map"] == 0 and not math.isnan(found["tagging_p@1"])


def test_a_run_has_the_row_of_its_own_supervision(trained: Path, capsys: pytest.CaptureFixture[str]):
    capsys.readouterr()
    assert run(["eval", str(trained), "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == {"all labels"}
