"""Odd rows of a folder's captions and boxes: each is read as it is meant, or counted, and the rest is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from nesy.datasets import open_dataset
from nesy.datasets.base import Dataset
from nesy.datasets.boxes import read_labels, read_mot
from nesy.datasets.integrity import check_dataset
from nesy.errors import DataError
from tests.datasets.films import film


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rows")
    for name in "vw":
        film(out / f"{name}.mp4", 40, 10)
    return out


def table(root: Path, rows: Sequence[str], columns: str = "video,caption,start,end", **settings: object) -> Dataset:
    (root / "captions.csv").write_text("\n".join([columns, *rows]), "utf-8")
    return open_dataset("folder", {"root": str(root), "boxes": "frame", "val": 0.0, "test": 0.0, **settings}, root)


@pytest.mark.parametrize(
    "row",
    [
        "v.mp4,a,nan,2", "v.mp4,a,0,inf", "v.mp4,a,-1,2", "v.mp4,a,0,1e400", 'v.mp4,"  ",0,2',
        "v.mp4,A man, a dog,0,2",
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_meant_is_counted_and_the_rest_is_read(root: Path, row: str) -> None:
    dataset = table(root, [row, "w.mp4,x,0,1"])
    assert [c.captions[0].text for c in dataset.clips] == ["x"] and dict(dataset.report.skipped) == {"broken row": 1}


def test_a_caption_with_a_comma_outside_quotes_is_not_cut(root: Path) -> None:
    dataset = table(root, ["v.mp4,A man, a dog", "w.mp4,x,,"], "video,caption")
    assert [c.captions[0].text for c in dataset.clips] == ["x"]
    assert "quotes" in dataset.report.examples["broken row"]


def test_a_caption_in_the_place_of_the_video_is_a_missing_video(root: Path) -> None:
    dataset = table(root, [f"{'a man walks ' * 40},v.mp4", "w.mp4,x"], "video,caption")
    assert len(dataset.clips) == 1 and dict(dataset.report.skipped) == {"missing video": 1}


def test_only_a_line_feed_ends_a_line_of_jsonl(tmp_path: Path) -> None:
    film(tmp_path / "v.mp4", 4, 10)
    text = "one\u2028two\u0085three"
    (tmp_path / "captions.jsonl").write_text(json.dumps({"video": "v.mp4", "caption": text}, ensure_ascii=False))
    (clip,) = open_dataset("folder", {"root": str(tmp_path), "boxes": "frame"}, tmp_path).clips
    assert clip.captions[0].text == text


@pytest.mark.parametrize("stated", range(3))
def test_a_split_that_one_row_states_holds_for_its_video(root: Path, stated: int) -> None:
    rows = [f"v.mp4,c{i},{i},{i + 1},{'test' if i == stated else ''}" for i in range(3)]
    dataset = table(root, rows, "video,caption,start,end,split", val=1.0)
    assert len(dataset.splits["test"]) == 3


def test_rows_of_one_clip_in_two_splits_are_refused(root: Path) -> None:
    with pytest.raises(DataError, match="in two splits, train and test"):
        table(root, ["v.mp4,a,train", "v.mp4,b,test"], "video,caption,split")


def test_a_group_that_one_row_states_holds_for_its_video(root: Path) -> None:
    columns = "video,caption,start,end,group"
    dataset = table(root, ["v.mp4,a,0,1,g", "v.mp4,b,1,2,", "w.mp4,c,0,1,g"], columns)
    assert {c.group for c in dataset.clips} == {"g"}
    with pytest.raises(DataError, match="in two groups, g and h"):
        table(root, ["v.mp4,a,0,1,g", "v.mp4,b,1,2,h"], columns)


def test_stretches_with_the_same_picked_frames_have_different_ids(root: Path) -> None:
    dataset = table(root, ["v.mp4,a,0,1.9", "v.mp4,b,0,2"], fps=1)
    assert dataset.clips[0].picks == dataset.clips[1].picks
    assert not check_dataset(dataset, decode=False).problems


def mot(folder: Path, rows: str, labels: str = "") -> Path:
    (folder / "labels.txt").write_bytes(labels.encode())
    (folder / "v.txt").write_bytes(rows.encode())
    return folder / "v.txt"


def test_mot_files_of_other_systems(tmp_path: Path) -> None:
    path = mot(
        tmp_path,
        "\ufeff1,1,0,0,5,5,1,1\r\n2,2,0,0,5,5,1,3\r\n3,3,0,0,5,5,1,2\r\n",
        "\ufeffdog\r\n\r\nTraffic Light\r\n",
    )
    assert read_mot(path, read_labels(tmp_path)).classes == {"1": "dog", "2": "traffic_light"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("inf,1,0,0,5,5", "v.txt:1: not a MOT row"),
        ("1,1,0,0,5,5,1,nan", "v.txt:1: not a MOT row"),
        ("1,-1,0,0,5,5\n2,-1,0,0,5,5\n2,-1,9,9,5,5", "v.txt:3: two boxes without an id in frame 2"),
    ],
)
def test_mot_rows_that_cannot_be_read_are_named(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(DataError) as told:
        read_mot(mot(tmp_path, rows), [])
    assert words in str(told.value)


def test_labels_become_names_that_a_spec_can_contain(root: Path) -> None:
    labels = ["cell phone", "Dog", "next", "object", "猫", "犬"]
    (root / "boxes.json").write_text(
        json.dumps(
            {
                "categories": [{"id": k, "name": x} for k, x in enumerate(labels)],
                "images": [{"id": 1, "file_name": "v/000000.jpg"}],
                "annotations": [{"image_id": 1, "category_id": k, "bbox": [0, 0, 5, 5]} for k in range(6)],
            }
        )
    )
    found = table(root, ["v.mp4,a,0,1"], boxes="auto").vocabulary.classes
    assert found == ("Dog", "cell_phone", "next_", "object_", "u72ac", "u732b")
