from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nesy.cli.app import run
from nesy.datasets import open_dataset
from nesy.datasets.integrity import check_dataset, split_overlaps
from nesy.datasets.settings import pick_frames, split_of
from nesy.datasets.video import read_frames, read_header
from nesy.errors import DataError
from tests.datasets.films import film, numbers


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three videos, MOT boxes for two of them."""
    root = tmp_path / "mine"
    for name, frames in (("a", 40), ("sub/b", 30), ("c", 10)):
        film(root / f"{name}.mp4", frames, 10)
    (root / "captions.csv").write_text(
        "\ufeffvideo,caption,start,end,split\n"
        "a.mp4,a dog runs,0,2,train\n"
        'a.mp4,"the dog, again",0,2,train\n'
        "a.mp4,it sits,2,4,train\n"
        "sub/b.mp4,a cat,,,test\n"
        "c.mp4,nobody knows where,,,train\n"
        "gone.mp4,not there,,,train\n"
        "a.mp4,,,,\n",
        "utf-8",
    )
    boxes = root / "boxes"
    (boxes / "sub").mkdir(parents=True)
    (boxes / "labels.txt").write_text("dog\ncat\n")
    rows = [f"{k + 1},7,{k},5,20,10,1,1,1" for k in range(40)] + ["1,8,0,0,9,9,0,1,1"]  # the last is to be ignored
    (boxes / "a.txt").write_text("\n".join(rows))
    (boxes / "sub/b.txt").write_text("\n".join(f"{k + 1},1,2,2,5,5,1,2,1" for k in range(5, 9)))
    return root


def test_clips_captions_boxes_and_what_is_left_out(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(str(root), {"fps": 5}, tmp_path)
    first, second = dataset.splits["train"]
    assert [c.text for c in first.captions] == ["a dog runs", "the dog, again"]
    assert first.picks == tuple(range(0, 20, 2)) and first.fps == 5 and numbers(first.frames()) == list(first.picks)
    assert numbers(second.frames()) == list(range(20, 40, 2)) and second.group == first.group == "a.mp4"
    assert first.tracks.ids == ("7",) and first.tracks.boxes[3, 0].tolist() == [6, 5, 26, 15]
    (cat,) = dataset.splits["test"]
    assert cat.length == 15 and cat.tracks.present[:, 0].nonzero()[0].tolist() == [3, 4]  # frames 6 and 8 of 5..8
    assert dataset.vocabulary.classes == ("cat", "dog")
    assert cat.truth is not None and cat.truth.classes.tolist() == [0]
    assert dict(dataset.report.skipped) == {"broken row": 1, "no boxes": 1, "missing video": 1}
    assert "captions.csv:8" in dataset.report.examples["broken row"]


def test_whole_picture_as_the_object(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset("folder", {"root": str(root), "boxes": "frame", "frames": 4}, tmp_path)
    clip = next(c for c in dataset.clips if c.id == "c")
    assert clip.tracks.boxes[:, 0].tolist() == [[0, 0, 64, 48]] * 4 and clip.tracks.ids == ("frame",)
    assert clip.picks == (0, 2, 5, 7) and clip.fps == pytest.approx(4)


def test_coco_boxes_with_and_without_videos(root: Path, tmp_path: Path) -> None:
    (root / "boxes/a.txt").unlink()
    categories = [{"id": 3, "name": "dog"}]
    with_videos = {
        "categories": categories,
        "videos": [{"id": 1, "name": "a"}],
        "images": [{"id": 10, "video_id": 1, "frame_id": 4, "file_name": "whatever.jpg"}],
        "annotations": [{"image_id": 10, "category_id": 3, "bbox": [1, 2, 3, 4], "track_id": 5}],
    }
    plain = {
        "categories": categories,
        "images": [{"id": 1, "file_name": "a/000004.jpg"}],
        "annotations": [{"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]}],
    }
    for content, name in ((with_videos, "dog-5"), (plain, "dog")):
        (root / "boxes.json").write_text(json.dumps(content))
        clip = open_dataset(str(root), {}, tmp_path).splits["train"][0]
        assert clip.tracks.ids == (name,)
        assert clip.tracks.present[:, 0].nonzero()[0].tolist() == [4]
        assert clip.tracks.boxes[4, 0].tolist() == [1, 2, 4, 6]
    plain["annotations"] *= 2  # two dogs in one frame and nothing that follows them
    (root / "boxes.json").write_text(json.dumps(plain))
    with pytest.raises(DataError, match="no track_id tells them apart"):
        open_dataset(str(root), {}, tmp_path)


def test_one_video_in_two_splits_is_refused(root: Path, tmp_path: Path) -> None:
    with (root / "captions.csv").open("a") as file:
        file.write("a.mp4,late,3,4,test\n")
    with pytest.raises(DataError, match=r"captions.csv:9: group `a.mp4` is in two splits"):
        open_dataset(str(root), {}, tmp_path)


def test_jsonl_and_messages(tmp_path: Path) -> None:
    root = tmp_path / "j"
    film(root / "v.mp4", 6, 5)
    with pytest.raises(DataError, match="no captions"):
        open_dataset("folder", {"root": str(root)}, tmp_path)
    (root / "captions.jsonl").write_text('{"video": "v.mp4", "caption": "x", "split": "tset"}\n{"video": 3\n[]\n')
    with pytest.raises(DataError, match=r"no usable clip .*3 x broken row"):
        open_dataset("folder", {"root": str(root)}, tmp_path)
    (root / "captions.jsonl").write_text('{"video": "v.mp4", "caption": "x"}\n')
    assert len(open_dataset(str(root), {"boxes": "frame"}, tmp_path).clips) == 1
    with pytest.raises(DataError, match="does not say where the files are"):
        open_dataset("folder", {}, tmp_path)


@given(st.integers(0, 50), st.integers(0, 120), st.floats(1, 60), st.floats(0, 60), st.integers(0, 40))
def test_picked_frames_rise_lie_in_the_span_and_keep_its_length_in_seconds(
    start: int, length: int, rate: float, fps: float, most: int
) -> None:
    picks, got = pick_frames(start, start + length, rate, fps, most)
    assert list(picks) == sorted(set(picks)) and all(start <= k < start + length for k in picks)
    assert (len(picks) > 0) == (length > 0) and (not most or len(picks) <= most)
    if length:
        assert picks[0] == start and got <= rate + 1e-9
        assert abs(len(picks) / got - length / rate) <= 1 / got * (1 + 1e-6)  # seconds


@given(st.text(max_size=20), st.integers(0, 5))
def test_a_group_has_one_split_whatever_else_there_is(group: str, seed: int) -> None:
    assert split_of(group, seed, 0.2, 0.3) == split_of(group, seed, 0.2, 0.3)
    assert split_of(group, seed, 0, 0) == "train" and split_of(group, seed, 0, 1) == "test"


def test_shares_of_the_splits_are_as_asked() -> None:
    got = [split_of(f"v{k}", 0, 0.1, 0.2) for k in range(4000)]
    assert got.count("val") / 4000 == pytest.approx(0.1, abs=0.02)
    assert got.count("test") / 4000 == pytest.approx(0.2, abs=0.025)


def test_frames_far_into_a_video_are_the_right_ones(tmp_path: Path) -> None:
    film(tmp_path / "v.mp4", 120, 29.97)
    assert numbers(read_frames(tmp_path / "v.mp4", [90, 97, 97, 119])) == [90, 97, 97, 119]
    assert read_header(tmp_path / "v.mp4").frames == 120
    with pytest.raises(DataError, match="has no frame 120"):
        read_frames(tmp_path / "v.mp4", [70, 120])


def test_check_finds_what_does_not_fit(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = open_dataset(str(root), {}, tmp_path)
    assert not split_overlaps(dataset)
    dataset.splits["val"] = dataset.splits["train"][:1]  # the same clip again
    clip = dataset.splits["train"][1]
    clip.tracks.boxes[0, 0] = [200, 0, 210, 5]
    clip.tracks.boxes[1, 0] = [5, 5, 5, 9]
    found = check_dataset(dataset, decode=True)
    for reason in ("group in several splits", "clip id used twice", "box outside the picture", "empty box"):
        assert found.problems[reason] == 1, reason
    (root / "a.mp4").write_bytes((root / "a.mp4").read_bytes()[:-300])
    assert run(["data", "check", str(root), "--decode", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["problems"]["missing video"] == 1 and "unreadable video" in told["problems"] | {"unreadable": 1}


def test_a_sound_folder_passes_the_check(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "captions.csv").write_text("video,caption\na.mp4,x\n")
    assert run(["data", "check", "folder", "--set", f"root={root}", "--set", "fps=2", "--decode"]) == 0
    assert "1 clips, 8 frames in 1 videos" in capsys.readouterr().out
    assert run(["data", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["folder"]["settings"]["fps"] == 0 and {"platformer", "mugen"} <= listed.keys()


def test_tracks_of_a_scene_graph_file(root: Path, tmp_path: Path) -> None:
    (root / "boxes/a.txt").unlink()
    (root / "tracks").mkdir()
    boxes = [[1, 2, 3, 4] if k < 5 else None for k in range(40)]
    objects = [{"id": "o1", "class": {"dog": 0.6}, "boxes": boxes}]
    graph = {"nesy": "scene-graph/1", "fps": 10, "frames": 40, "objects": objects}
    (root / "tracks/a.json").write_text(json.dumps(graph))
    clip = open_dataset(str(root), {}, tmp_path).splits["train"][0]
    assert clip.tracks.present[:, 0].sum() == 5 and np.allclose(clip.tracks.boxes[0, 0], [1, 2, 3, 4])
    assert clip.truth is not None and clip.truth.vocabulary.classes[clip.truth.classes[0]] == "dog"
