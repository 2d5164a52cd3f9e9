"""Messages that a new user meets: each says the place and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nesy.cli.app import run
from nesy.datasets import open_dataset
from nesy.datasets.boxes import boxes_of
from nesy.datasets.video import read_header
from nesy.errors import CheckpointError, DataError, SpecTypeError
from nesy.training import checkpoint
from nesy.training import run as runs
from nesy.training.settings import read_settings

TASK = 'class ball\nunary rolling\ndata "folder" { root: "nowhere" }\n'


def told(capsys: pytest.CaptureFixture[str], *command: object) -> str:
    assert run([str(c) for c in command]) == 2
    return capsys.readouterr().err


def test_what_is_swapped_or_put_in_the_wrong_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = tmp_path / "g.json"
    graph.write_text("{}")
    said = told(capsys, "query", graph, "exists x { eventually jumping(x) }")
    assert f"the formula comes first: nesy query 'exists x {{ eventually jumping(x) }}' {graph}" in said
    assert "--set train.epochs=VALUE" in told(capsys, "train", "t.dsl", "--epochs", "3")
    assert "--set data.clips=VALUE" in told(capsys, "train", "t.dsl", "--clips=3")
    assert "--out names no folder" in told(capsys, "train", "t.dsl", "--out", "")
    (tmp_path / "x.mp4").write_bytes(b"\x00\xff\xfe")
    assert "a video? first: nesy predict" in told(
        capsys, "memory", "add", tmp_path / "x.mp4", "--store", tmp_path / "m"
    )
    (tmp_path / "c.jsonl").write_text("A ball rolls.\n")
    (tmp_path / "t.dsl").write_text(TASK)
    said = told(capsys, "extract", tmp_path / "c.jsonl", "--spec", tmp_path / "t.dsl")
    assert "one a line, go into a file called .txt" in said
    said = told(capsys, "train", tmp_path / "t.dsl", "--out", tmp_path / "run")
    assert f"seen from the current folder; looked for: {Path('nowhere').absolute()}" in said


def test_plain_captions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.dsl").write_text("class dog\nunary barking\n")
    (tmp_path / "c.txt").write_text("A dog barks.\n\nA dog is barking.\n")
    assert run(["extract", str(tmp_path / "c.txt"), "--spec", str(tmp_path / "t.dsl"), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["id"], r["caption"]) for r in rows] == [("1", "A dog barks."), ("3", "A dog is barking.")]


def test_unbound_variable_names_a_class_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.dsl").write_text("class dog\nunary barking\nspec s: eventually barking(zz)\n")
    assert run(["check", str(tmp_path / "t.dsl")]) == 1
    assert "or of a class: `exists zz: dog { ... }`" in capsys.readouterr().err


def test_own_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "captions.csv").write_text("video,start\nx.mp4,1\n")
    with pytest.raises(DataError) as caught:
        open_dataset("folder", {"root": str(tmp_path)}, tmp_path)
    assert "  expected: video, caption, and if wanted start, end" in str(caught.value)
    (tmp_path / "captions.csv").write_text("video,caption\nx.mp4,A ball rolls.\n")
    (tmp_path / "x.mp4").write_text("none")
    with pytest.raises(DataError, match=r"no usable clip in .* \(1 x unreadable video\)"):
        open_dataset("folder", {"root": str(tmp_path)}, tmp_path)
    with pytest.raises(DataError) as caught:
        read_header(tmp_path / "x.mp4")
    assert "Errno" not in str(caught.value) and "is it a video?" in str(caught.value)


def test_runs_that_are_damaged(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no run"):
        runs.reopen(tmp_path)
    (tmp_path / "settings.json").write_text('{"overrides": [')
    with pytest.raises(CheckpointError, match=r"settings.json is damaged"):
        runs.reopen(tmp_path)
    for name in ("epoch-0001", "epoch-0002"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").write_text("{}")
        (tmp_path / name / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(tmp_path / "epoch-0002", None)  # type: ignore[arg-type]
    assert str(caught.value.hint) == f"remove {tmp_path / 'epoch-0002'} to use the older epoch-0001"


def test_a_learning_rate_that_learns_nothing() -> None:
    with pytest.raises(SpecTypeError, match=r"learning_rate is 0\.0, expected more than 0"):
        read_settings({"learning_rate": 0})


def test_boxes_of_any_kind(tmp_path: Path) -> None:
    (tmp_path / "walk.txt").write_text("1,7,10,20,5,6,1,2,1\n")
    (tmp_path / "labels.txt").write_text("box\nball\n")
    mot = boxes_of(tmp_path / "walk.txt", Path("walk.mp4"))
    assert mot.at == {"7": {0: (10, 20, 15, 26)}} and mot.classes == {"7": "ball"}
    coco = {
        "categories": [{"id": 1, "name": "ball"}],
        "images": [{"id": 1, "file_name": "walk/0000.jpg"}],
        "annotations": [{"image_id": 1, "category_id": 1, "track_id": 7, "bbox": [10, 20, 5, 6]}],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(coco))
    assert boxes_of(tmp_path / "boxes.json", Path("walk.mp4")).at == {"ball-7": {0: (10, 20, 15, 26)}}
    with pytest.raises(DataError, match="has no boxes of run"):
        boxes_of(tmp_path / "boxes.json", Path("run.mp4"))


def test_nothing_is_left_and_nothing_is_shown_raw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = tmp_path / "data"
    for _ in range(2):
        assert run(["data", "make", "platformer", "--clips", "4", "--out", str(made)]) == 0
    assert not list(tmp_path.glob("nesy-*.lock"))
    capsys.readouterr()
    assert run(["data", "info", str(made)]) == 0
    told = capsys.readouterr().out
    assert "skipped: none" in told and "{" not in told and "clips: train" in told
