"""Proposals on rendered clips: found boxes against true boxes, tracks against true tracks, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from nesy.datasets import open_dataset
from nesy.datasets.base import Tracks
from nesy.errors import CheckpointError, DataError
from nesy.perception.proposals import fit_proposer, load_proposer, save_proposer, targets, track


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    data = open_dataset("platformer", {"clips": 60, "seed": 5}, tmp_path_factory.mktemp("data"))
    return {split: [(c.frames(), c.tracks) for c in data.splits[split]] for split in ("train", "test")}


@pytest.fixture(scope="module")
def proposer(clips):
    return fit_proposer(clips["train"], steps=150)


def test_most_objects_are_found_in_clips_not_seen_before(clips, proposer):
    found = true = hit = 0
    for frames, tracks in clips["test"]:
        for t, (boxes, scores) in enumerate(proposer.propose(frames)):
            want = torch.from_numpy(tracks.boxes[t][tracks.present[t]])
            found, true = found + len(boxes), true + len(want)
            assert ((scores > 0) & (scores <= 1)).all()
            if len(boxes) and len(want):
                hit += int((box_iou(torch.from_numpy(boxes), want).amax(0) >= 0.5).sum())
    assert hit / true > 0.6 and hit / found > 0.6  # chance: a few per cent


def test_boxes_follow_the_size_of_the_video(clips, proposer):
    frames, _ = clips["test"][0]
    large = frames.repeat(3, axis=1).repeat(3, axis=2)
    small_boxes, large_boxes = proposer.propose(frames[:4]), proposer.propose(large[:4])
    for (a, _), (b, _) in zip(small_boxes, large_boxes, strict=True):
        if len(a) and len(b):
            assert (box_iou(torch.from_numpy(a) * 3, torch.from_numpy(b)).amax(1) > 0.5).float().mean() > 0.7


def test_targets_put_each_box_in_its_cell():
    heat, goal, mask = targets(torch.tensor([[10.0, 20.0, 18.0, 24.0]]), (32, 32))
    assert mask.nonzero().tolist() == [[11, 7]] and float(heat[11, 7]) == 1 and float(heat.max()) == 1
    width, height, dx, dy = goal[:, 11, 7].tolist()
    assert width == pytest.approx(np.log(8)) and height == pytest.approx(np.log(4))
    assert (7 + 0.5 + dx) * 2 == pytest.approx(14) and (11 + 0.5 + dy) * 2 == pytest.approx(22)


def moving(frames: int, *paths) -> list:
    """Boxes of 8 x 8 pixels at path(t), where that is not None."""
    out = []
    for t in range(frames):
        boxes = [[x - 4, y - 4, x + 4, y + 4] for path in paths if (xy := path(t)) is not None for x, y in [xy]]
        out.append((np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(boxes), np.float32)))
    return out


def test_crossing_objects_keep_their_names():
    found = moving(21, lambda t: (5.0 + 5 * t, 30.0), lambda t: (105.0 - 5 * t, 36.0))
    tracks = track(found)
    assert tracks.ids == ("o1", "o2") and tracks.present.all()
    steps = np.diff(tracks.boxes[:, :, 0], axis=0)
    assert (np.sign(steps) == np.sign(steps[0])).all()


def test_a_short_gap_is_bridged_a_long_one_is_not_and_noise_is_dropped():
    one = track(moving(12, lambda t: None if t == 5 else (10.0 + t, 20.0)))
    assert one.present.shape == (12, 1) and one.present.all() and one.boxes[5, 0].tolist() == [11, 16, 19, 24]
    assert track(moving(14, lambda t: None if 4 <= t < 9 else (10.0, 20.0))).present.shape[1] == 2
    assert track(moving(9, lambda t: (20.0, 20.0), lambda t: (60.0, 60.0) if t == 3 else None)).present.shape[1] == 1
    assert track([(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))] * 3).present.shape == (3, 0)


def test_file_round_trip_and_damage(tmp_path: Path, clips, proposer):
    path = tmp_path / "p.safetensors"
    save_proposer(proposer, path)
    again = load_proposer(path)
    frames, _ = clips["test"][0]
    for (a, s), (b, r) in zip(proposer.propose(frames), again.propose(frames), strict=True):
        assert (a == b).all() and (s == r).all()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="not readable as proposals"):
        load_proposer(path)
    assert [p.name for p in tmp_path.iterdir()] == ["p.safetensors"]


def test_no_box_is_an_error():
    nothing = Tracks(np.zeros((3, 0, 4), np.float32), np.zeros((3, 0), bool), ())
    with pytest.raises(DataError, match="no clip has a box"):
        fit_proposer([(np.zeros((3, 64, 64, 3), np.uint8), nothing)])
