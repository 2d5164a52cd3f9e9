from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nesy.datasets import open_dataset
from nesy.datasets.integrity import check_dataset, split_overlaps
from nesy.datasets.masks import read_mask
from nesy.errors import DataError
from tests.datasets.films import film, numbers


def entry(video: str, **changes: Any) -> dict[str, Any]:
    """One video with a dog (1) and a ceiling (2); the dog is seen in frames 0..9 of 12."""
    return {
        "video_id": video,
        "meta": {"height": 48, "width": 64, "num_frames": 12, "fps": 5},
        "objects": [
            {"object_id": 1, "category": "dog", "is_thing": True, "status": []},
            {"object_id": 2, "category": "ceiling", "is_thing": False, "status": []},
        ],
        "relations": [
            [1, 2, "in front of", [[0, 3], [8, 11]]],
            [1, 2, "beside", [[2, 2]]],
            [1, 2, "not in the list", [[0, 11]]],
        ],
        "captions": [
            {"time": "0-5", "description": " A dog\n runs "},
            {"time": "0-5", "description": "A dog runs"},
            {"time": "2", "description": "it barks"},
            {"time": "8-", "description": "it leaves"},
            {"time": "9-40", "description": "and comes back"},
            {"time": "5-3", "description": "reversed"},
            {"time": "0-3", "description": ""},
        ],
        **changes,
    }


def masks(folder: Path, frames: int = 12) -> None:
    folder.mkdir(parents=True)
    for k in range(frames):
        pixels = np.zeros((24, 32), np.uint8)  # half the size of the video
        pixels[:4] = 2
        if k < 10:
            pixels[10:20, 2 + k : 8 + k] = 1
        picture = Image.fromarray(pixels, "P")
        picture.putpalette([0, 0, 0, 250, 10, 10, 10, 250, 10])
        picture.save(folder / f"{k:04d}.png")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two train videos, one val video and one whose files are missing, in the layout of the release."""
    root = tmp_path / "pvsg"
    film(root / "vidor/videos/0001_1.mp4", 12, 5)
    film(root / "vidor/videos/0002_2.mp4", 12, 5)
    film(root / "epic_kitchen/videos/P01_01.mp4", 12, 5)
    (root / "epic_kitchen/videos/P01_01.mp4").rename(root / "epic_kitchen/videos/P01_01.MP4")
    for where in ("vidor/masks/0001_1", "vidor/masks/0002_2", "epic_kitchen/masks/P01_01"):
        masks(root / where)
    content = {
        "objects": {"thing": ["dog", "cat"], "stuff": ["ceiling", "ceiling", "window"]},
        "relations": ["in front of", "beside"],
        "split": {
            "vidor": {"train": ["0001_1", "0002_2", "0003_3", "0004_4"], "val": []},
            "epic_kitchen": {"train": [], "val": ["P01_01"]},
            "ego4d": {"train": [], "val": []},
        },
        "data": [entry("0001_1"), entry("0002_2"), entry("0003_3"), entry("P01_01")],
    }
    (root / "pvsg.json").write_text(json.dumps(content))
    return root


def test_clips_are_the_captions_stretches(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(str(root), {"val": 0}, tmp_path)
    assert dataset.name == "openpvsg" and dataset.vocabulary.classes == ("dog", "cat", "ceiling", "window")
    assert dataset.vocabulary.binary == ("in_front_of", "beside")
    names = [c.id for c in dataset.splits["train"] if c.group == "0001_1"]
    assert names == ["0001_1@0-5", "0001_1@2-2", "0001_1@8-11", "0001_1@9-11"]
    first = dataset.splits["train"][0]
    assert [c.text for c in first.captions] == ["A dog runs"]
    assert numbers(first.frames()) == [0, 1, 2, 3, 4, 5] and first.fps == 5
    assert {c.group for c in dataset.splits["test"]} == {"P01_01"} and not split_overlaps(dataset)
    assert dataset.splits["test"][0].frames().shape == (6, 48, 64, 3)
    assert dict(dataset.report.skipped) == {
        "broken caption": 3, "caption outside the video": 3, "missing files": 1, "video without annotations": 1
    }  # fmt: skip


def test_boxes_masks_and_facts(root: Path, tmp_path: Path) -> None:
    clips = {c.id: c for c in open_dataset(str(root), {"val": 0}, tmp_path).clips}
    clip = clips["0001_1@8-11"]
    assert clip.tracks.ids == ("o1", "o2") and clip.truth is not None
    assert clip.tracks.present[:, 0].tolist() == [True, True, False, False]
    assert clip.tracks.boxes[0, 0].tolist() == [20, 20, 32, 40]  # twice the mask's (10, 10, 16, 20)
    assert clip.truth.classes.tolist() == [0, 2]
    in_front = clip.truth.binary[:, 0, 1, 0]
    assert in_front.tolist() == [True, True, False, False]  # both ends count, and not while the dog is absent
    assert clip.truth.binary.sum() == 2 and clip.truth.unary.shape == (4, 2, 0)
    shapes = clip.masks()
    assert shapes is not None and shapes.shape == (4, 2, 48, 64)
    assert shapes[0, 0].sum() == 12 * 20 and shapes[0, 0, 20:40, 20:32].all() and shapes[2, 0].sum() == 0
    assert clips["0001_1@0-5"].truth is not None
    assert clips["0001_1@0-5"].truth.binary[:, 0, 1, 1].tolist() == [False, False, True, False, False, False]


def test_nothing_is_decoded_before_it_is_wanted(root: Path, tmp_path: Path) -> None:
    for path in (root / "vidor/masks/0001_1").iterdir():
        path.write_bytes(b"broken")
    dataset = open_dataset(str(root), {"val": 0, "fps": 2.5}, tmp_path)
    clip = dataset.splits["train"][0]
    assert clip.length == 3 and clip.picks == (0, 2, 4)
    with pytest.raises(DataError, match=r"mask .*0001_1/0000.png cannot be decoded"):
        _ = clip.tracks.boxes
    assert check_dataset(dataset, decode=False).problems["unreadable"] == 4


def test_whole_videos_and_limits(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(
        "openpvsg", {"root": str(root), "clip": "video", "frames": 6, "limit": 1, "val": 0}, tmp_path
    )
    assert [c.id for c in dataset.clips] == ["0001_1", "P01_01"] and dataset.clips[0].length == 6
    assert len(dataset.clips[0].captions) == 5
    assert not check_dataset(dataset, decode=True).problems.keys() - dataset.report.skipped.keys()


def test_colour_masks_and_other_files_are_refused(root: Path, tmp_path: Path) -> None:
    path = root / "vidor/masks/0001_1/0000.png"
    Image.open(path).convert("RGB").save(path)
    with pytest.raises(DataError, match="its pixels are no object numbers"):
        read_mask(path)
    (root / "pvsg.json").write_text('{"objects": []}')
    with pytest.raises(DataError, match="is not OpenPVSG's"):
        open_dataset(str(root), {}, tmp_path)


@pytest.mark.parametrize("clip", ["caption", "video"])
def test_a_video_without_captions_is_counted(root: Path, tmp_path: Path, clip: str) -> None:
    data = json.loads((root / "pvsg.json").read_text())
    next(e for e in data["data"] if e["video_id"] == "0001_1")["captions"] = []
    (root / "pvsg.json").write_text(json.dumps(data))
    dataset = open_dataset(str(root), {"clip": clip}, tmp_path)
    assert dataset.report.skipped["no caption"] == 1 and "0001_1" not in {c.group for c in dataset.clips}
