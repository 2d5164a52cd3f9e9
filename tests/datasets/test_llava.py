from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from nesy.cli.app import run
from nesy.datasets import open_dataset
from nesy.datasets.convert import read_masks
from nesy.datasets.integrity import check_dataset
from nesy.errors import DataError
from tests.datasets.films import film, numbers


def masks(frames: int) -> dict[int, dict[int, np.ndarray]]:
    """Object 1 moves by one pixel a frame; object 2 overlaps it and exists in the first frame only."""
    out = {}
    for k in range(frames):
        one = np.zeros((1, 24, 32), bool)
        one[:, 4:8, 2 + k : 6 + k] = True
        out[k] = {1: one}
        if k == 0:
            two = np.zeros((1, 24, 32), bool)
            two[:, 5:9, 3:9] = True
            out[k][2] = two
    return out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "llava"
    source = "academic_source"
    items = [
        {"id": f"c{k}", "video": f"v{k}.mp4", "caption": " A man\nwalks. ", "data_source": source} for k in range(5)
    ]
    items[4]["caption"] = ""
    (root / "masks").mkdir(parents=True)
    (root / "LLaVA_mini.json").write_text(json.dumps(items))
    film(root / "videos" / source / "v0.mp4", 25, 10)  # 2.5 s: three frames at 1 a second
    film(root / "videos/v1.mp4", 25, 10)
    film(root / "videos/v2.mp4", 25, 10)
    film(root / "videos/v4.mp4", 25, 10)
    for name, content in (
        ("c0$$v0.mp4", masks(3)),
        ("c1$$v1", {"video_segments": masks(3), "frames": [0, 1, 2]}),  # the newer writer
        ("c2$$v2.mp4", masks(2)),  # one frame too few
    ):
        (root / f"masks/{name}_mask.pkl").write_bytes(pickle.dumps(content))
    return root


def test_masks_must_be_converted_first(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="masks not converted"):
        open_dataset(str(root), {}, tmp_path)


def test_clips_of_one_frame_a_second(root: Path, tmp_path: Path) -> None:
    assert run(["data", "convert", "llava-video", str(root)]) == 0
    dataset = open_dataset(str(root), {"val": 0, "test": 0}, tmp_path)
    assert [c.id for c in dataset.splits["train"]] == ["c0", "c1"]
    assert dict(dataset.report.skipped) == {"masks and frames differ": 1, "missing video": 1, "no caption": 1}
    for clip in dataset.clips:
        assert numbers(clip.frames()) == [0, 10, 20] and clip.fps == 1
        assert clip.captions[0].text == "A man walks."
        assert clip.tracks.ids == ("1", "2") and clip.tracks.present.tolist() == [
            [True, True],
            [True, False],
            [True, False],
        ]
        assert clip.tracks.boxes[:, 0].tolist() == [
            [4, 8, 12, 16],
            [6, 8, 14, 16],
            [8, 8, 16, 16],
        ]  # video is twice as big
        shapes = clip.masks()
        assert shapes is not None and shapes.shape == (3, 2, 48, 64)
        assert shapes[1, 0].sum() == 64 and shapes[0].all(0).sum() == 3 * 3 * 4  # overlap is kept
    assert not check_dataset(dataset, decode=True).problems.keys() - dataset.report.skipped.keys()


def test_a_damaged_mask_file_is_named(root: Path, tmp_path: Path) -> None:
    assert run(["data", "convert", "llava-video", str(root)]) == 0
    path = root / "masks/c0$$v0.mp4_mask.npz"
    before = path.read_bytes()
    path.write_bytes(before[:-40])
    with pytest.raises(DataError, match="not readable as masks"):
        read_masks(path)
    dataset = open_dataset(str(root), {"val": 0, "test": 0}, tmp_path)
    assert [c.id for c in dataset.clips] == ["c1"]


def test_items_that_cannot_be_told_apart_are_counted(root: Path, tmp_path: Path) -> None:
    assert run(["data", "convert", "llava-video", str(root)]) == 0
    path = root / "LLaVA_mini.json"
    items = json.loads(path.read_text())
    nameless = {k: v for k, v in items[0].items() if k != "id"}
    path.write_text(json.dumps([*items, nameless, nameless, 5, {**items[0], "caption": "another"}]))
    (root / "LLaVA_again.json").write_text(json.dumps(items))  # the same items in two lists are the same items
    dataset = open_dataset(str(root), {}, tmp_path)
    assert dataset.report.skipped["no id"] == 3 and dataset.report.skipped["id used twice"] == 1
    assert [c.captions[0].text for c in dataset.clips if c.id == "c0"] == ["A man walks."]


@pytest.mark.parametrize("shape", [(2, 24, 32), (0,)])
def test_masks_of_another_shape_are_not_converted(
    root: Path, shape: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "masks/c0$$v0.mp4_mask.pkl").write_bytes(pickle.dumps({0: {1: np.zeros(shape, bool)}}))
    assert run(["data", "convert", "llava-video", str(root)]) == 2
    told = capsys.readouterr().err
    assert "masks of shapes" in told and "Traceback" not in told
