from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nesy.datasets import open_dataset
from nesy.datasets.integrity import check_dataset
from nesy.errors import DataError
from tests.datasets.films import film, numbers


def entry(video: str) -> dict[str, Any]:
    """A dog (0) that is seen in frames 0..7 of ten and a frisbee (3)."""
    dog = {"tid": 0, "bbox": {"xmin": 2, "ymin": 3, "xmax": 12, "ymax": 23}, "generated": 0, "tracker": "none"}
    frisbee = {"tid": 3, "bbox": {"xmin": 30, "ymin": 3, "xmax": 40, "ymax": 13}, "generated": 0, "tracker": "none"}
    return {
        "video_id": video,
        "fps": 10.0,
        "width": 64,
        "height": 48,
        "frame_count": 10,
        "subject/objects": [{"tid": 0, "category": "dog"}, {"tid": 3, "category": "frisbee"}],
        "trajectories": [[dog, frisbee] if k < 8 else [frisbee] for k in range(10)],
        "relation_instances": [
            {"subject_tid": 0, "object_tid": 3, "predicate": "walk_toward", "begin_fid": 0, "end_fid": 5},
            {"subject_tid": 0, "object_tid": 3, "predicate": "bite", "begin_fid": 4, "end_fid": 10},
        ],
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "vidvrd"
    for folder, video in (("train", "V1"), ("train", "V2"), ("test", "V3")):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / f"{video}.json").write_text(json.dumps(entry(video)))
    for video in ("V1", "V3"):
        film(root / f"videos/{video}.mp4", 10, 10)
    (root / "train/broken.json").write_text("{")
    return root


def test_relations_hold_from_their_begin_to_before_their_end(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(str(root), {"val": 0}, tmp_path)
    assert dataset.name == "vidvrd" and dataset.vocabulary.classes == ("dog", "frisbee")
    assert dataset.vocabulary.binary == ("bite", "walk_toward")
    (clip,) = dataset.splits["train"]
    assert clip.truth is not None and clip.tracks.ids == ("0", "3")
    bite, toward = clip.truth.binary[:, 0, 1].T
    assert np.flatnonzero(toward).tolist() == [0, 1, 2, 3, 4]
    assert np.flatnonzero(bite).tolist() == [4, 5, 6, 7]  # until 9 in the file, but the dog is gone after 7
    assert clip.truth.binary.sum() == 9
    assert dict(dataset.report.skipped) == {"missing video": 1, "unreadable annotation": 1}
    assert [c.id for c in dataset.splits["test"]] == ["V3"]


def test_sampling_captions_and_lists_of_names(root: Path, tmp_path: Path) -> None:
    (root / "info").mkdir()
    (root / "info/objects.txt").write_text("cat\ndog\nfrisbee\n")
    (root / "info/predicates.txt").write_text("walk_toward\nbite\nnext_to\n")
    (root / "captions.csv").write_text("video,caption\nV1.mp4,a dog fetches\n")
    dataset = open_dataset(str(root), {"frames": 5, "val": 0}, tmp_path)  # a captions file makes it no `folder`
    (clip,) = dataset.splits["train"]
    assert clip.picks == (0, 2, 4, 6, 8) and numbers(clip.frames()) == [0, 2, 4, 6, 8] and clip.fps == 5
    assert clip.truth is not None and clip.truth.classes.tolist() == [1, 2]
    assert np.argwhere(clip.truth.binary[:, 0, 1]).tolist() == [[0, 0], [1, 0], [2, 0], [2, 1], [3, 1]]
    assert [c.text for c in clip.captions] == ["a dog fetches"]
    assert dataset.vocabulary.binary == ("walk_toward", "bite", "next_to")
    assert check_dataset(dataset, decode=True).problems["no caption"] == 1  # of V3


def test_vidor_folders_and_empty_ones(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "vidor"
    (other / "training/0001").mkdir(parents=True)
    (root / "train/V1.json").rename(other / "training/0001/V1.json")
    (other / "videos/0001").mkdir(parents=True)
    (root / "videos/V1.mp4").rename(other / "videos/0001/V1.mp4")
    assert len(open_dataset(str(other), {"val": 0}, tmp_path).splits["train"]) == 1
    with pytest.raises(DataError, match="holds no VidVRD annotations"):
        open_dataset("vidvrd", {"root": str(tmp_path)}, tmp_path)


def test_broken_rows_of_captions_are_counted(root: Path, tmp_path: Path) -> None:
    (root / "captions.csv").write_text('video,caption\nV1.mp4,"a dog, running"\nV1.mp4,a dog, running\nV3.mp4,\n')
    dataset = open_dataset(str(root), {"val": 0}, tmp_path)
    assert [c.text for c in dataset.splits["train"][0].captions] == ["a dog, running"]
    assert dataset.report.skipped["broken row"] == 2
