from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from nesy.datasets import Dataset, open_dataset
from nesy.datasets.coinrun_state import read_state
from nesy.datasets.integrity import check_dataset
from nesy.dsl.parser import parse_formula
from nesy.errors import DataError
from nesy.reasoners.temporal.lifted import align
from nesy.scenegraph import SceneGraph

pytest.importorskip("procgen")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset("coinrun", {"clips": 24, "specs": True, "seed": 2}, tmp_path_factory.mktemp("cache"))


def test_clips_are_whole_and_repeatable(played: Dataset, tmp_path: Path) -> None:
    found = check_dataset(played, decode=True)
    assert not found.problems and found.clips == 24
    again = open_dataset("coinrun", {"clips": 4, "specs": True, "seed": 2}, tmp_path)
    ids = {c.id: c for c in played.clips}
    for clip in again.clips:
        assert np.array_equal(clip.tracks.boxes, ids[clip.id].tracks.boxes) and clip.captions == ids[clip.id].captions


def test_the_formula_of_a_caption_is_true_of_its_clip(played: Dataset) -> None:
    for clip in played.clips:
        assert clip.truth is not None
        said = {c.kind: c.text for c in clip.captions}
        n = len(played.vocabulary.classes)
        classes = torch.nn.functional.one_hot(torch.from_numpy(clip.truth.classes), n).float()
        unary = torch.from_numpy(clip.truth.unary).float().clamp(1e-6, 1 - 1e-6)
        binary = torch.from_numpy(clip.truth.binary).float().clamp(1e-6, 1 - 1e-6)
        present = torch.from_numpy(clip.tracks.present)
        graph = SceneGraph.from_probabilities(played.vocabulary, classes, unary, binary, present)
        out = align([parse_formula(said["spec"])], graph, clips=[0])
        assert float(out.log_prob.exp()) > 0.99, (clip.id, said)
        assert said["auto"].count(", then ") + 1 == said["spec"].count("eventually")


def test_boxes_lie_on_what_is_drawn(played: Dataset) -> None:
    """A crate looks the same wherever the camera puts it, and its surroundings do not: cut out at its box in two frames
    it differs less than when the second cut is moved by a few pixels."""
    moved: dict[tuple[int, int], list[float]] = {(0, 0): [], (3, 0): [], (-3, 0): [], (0, 3): [], (0, -3): []}
    for clip in played.clips:
        frames = clip.frames().astype(float)
        for n, name in enumerate(clip.tracks.ids):
            if not name.startswith("crate"):
                continue
            boxes = clip.tracks.boxes[:, n].round().astype(int)
            whole = (boxes[:, 2] - boxes[:, 0] >= 4) & (boxes[:, 3] - boxes[:, 1] >= 4)  # not cut by the picture's side
            seen = [t for t in np.flatnonzero(clip.tracks.present[:, n] & whole) if 4 < boxes[t].min() < 50]
            for t, u in zip(seen, seen[5:], strict=False):
                (x, y), (a, b) = boxes[t, :2], boxes[u, :2]
                if abs(x - a) + abs(y - b) < 4:
                    continue
                one = frames[t, y : y + 4, x : x + 4]
                for (dx, dy), found in moved.items():
                    two = frames[u, b + dy : b + dy + 4, a + dx : a + dx + 4]
                    if two.shape == one.shape:
                        found.append(float(abs(one - two).mean()))
    here = np.mean(moved.pop((0, 0)))
    assert len(moved[3, 0]) > 20 and all(here < 0.7 * np.mean(values) for values in moved.values())


def test_facts_keep_their_meaning(played: Dataset) -> None:
    v = played.vocabulary
    kinds = set()
    for clip in played.clips:
        assert clip.truth is not None
        unary = {name: clip.truth.unary[..., k] for k, name in enumerate(v.unary)}
        binary = {name: clip.truth.binary[..., k] for k, name in enumerate(v.binary)}
        player = clip.tracks.ids.index("player")
        poses = sum(unary[p][:, player].astype(int) for p in ("standing", "walking", "jumping", "falling"))
        assert (poses == 1).all() and (unary["facing_left"][:, player] ^ unary["facing_right"][:, player]).all()
        assert (binary["above"] == binary["below"].swapaxes(1, 2)).all()
        for name in ("near", "touching"):
            assert (binary[name] == binary[name].swapaxes(1, 2)).all()
        assert not binary["collecting"][:-1].any() and not binary["killing"][:-1].any()  # only as a level ends
        if binary["on"].any():
            t, a, b = np.argwhere(binary["on"])[0]
            assert a == player and v.classes[clip.truth.classes[b]] == "crate"
            assert clip.tracks.boxes[t, a, 3] == pytest.approx(clip.tracks.boxes[t, b, 1], abs=1)  # feet on its top
        kinds |= {v.classes[k] for k in clip.truth.classes}
    assert {"player", "coin", "saw", "crate"} <= kinds


def test_other_states_and_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="size 100 does not divide 512"):
        open_dataset("coinrun", {"size": 100}, tmp_path)
    for data in (b"", struct.pack("<ii", 0, 7) + b"maze___", struct.pack("<ii", 0, 7) + b"coinrun" + b"\0" * 40):
        with pytest.raises(ValueError):
            read_state(data)
