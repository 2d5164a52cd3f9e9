"""A folder of one's own videos, from captions and MOT boxes to scores, a longer run and a prediction."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nesy.cli.app import run
from nesy.training import run as runs
from tests.datasets.films import film

TASK = """class dog
unary running, sitting
data "folder" {{ root: "{root}" }}
perception "tiny" {{ }}
train {{ epochs: 1, batch: 4, device: "cpu" }}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One video to train on and one with 33 clips to test on, with boxes that have no class."""
    root = tmp_path_factory.mktemp("own") / "mine"
    rows = ["video,caption,start,end,split"]
    for name, frames, split in (("a", 16, "train"), ("b", 132, "test")):
        film(root / f"{name}.mp4", frames, 10)
        rows += [f"{name}.mp4,A dog is running.,{k / 10},{(k + 4) / 10},{split}" for k in range(0, frames, 4)]
        (root / "boxes").mkdir(exist_ok=True)
        (root / "boxes" / f"{name}.txt").write_text("".join(f"{k + 1},7,2,5,20,10,1,1,1\n" for k in range(frames)))
    (root / "captions.csv").write_text("\n".join(rows))
    (root.parent / "t.dsl").write_text(TASK.format(root=root))
    return root


def test_from_captions_to_scores(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task, out = str(folder.parent / "t.dsl"), str(folder.parent / "run")
    assert run(["train", task, "--out", out]) == 0
    capsys.readouterr()
    assert run(["eval", out, "--json"]) == 0  # no labels: retrieval only, and one line about the rest
    told = capsys.readouterr()
    assert "mAP, F1 and class accuracy need them (docs/data.md, Labels)" in told.err
    row = json.loads(told.out, parse_constant=pytest.fail)[0]  # JSON has no NaN
    assert 0 <= row["retrieval_r1"] <= 1 and row["unary_map"] is None
    assert run(["report", out, "--clips", "1"]) == 0
    (folder / "boxes" / "labels.txt").write_text("dog\n")
    assert run(["eval", out, "--json"]) == 0  # now the classes are known
    told = capsys.readouterr()
    assert "hold no fact of the task" in told.err and json.loads(told.out)[0]["class_accuracy"] == 1
    (folder / "boxes" / "labels.txt").unlink()

    resume = ["train", task, "--out", out, "--resume"]
    assert run([*resume, "--set", "train.batch=8"]) == 2
    assert "cannot change train.batch of a run that is resumed: it is 4, not 8" in capsys.readouterr().err
    assert run([*resume, "--set", "train.batch=4"]) == 0  # the same again
    assert run([*resume, "--set", "train.epochs=2", "--set", "train.batch=4"]) == 0
    assert runs.reopen(Path(out)).train.epochs == 2
    assert [json.loads(line)["epoch"] for line in (Path(out) / "log.jsonl").read_text().splitlines()] == [1, 2]
    assert run([*resume, "--set", "train.epochs=1"]) == 2

    graph = folder.parent / "g.json"
    command = ["predict", out, str(folder / "a.mp4"), "-o", str(graph), "--tracks"]
    assert run([*command, str(folder / "boxes" / "a.txt")]) == 0
    assert len(json.loads(graph.read_text())["objects"]) == 1
    assert run([*command, str(folder / "boxes" / "b.txt")]) == 2
    assert "has 16 frames, but the boxes are of 132" in capsys.readouterr().err
    videos = folder.parent / "videos"
    videos.mkdir()
    shutil.copy(folder / "a.mp4", videos)
    assert (
        run(["predict", out, str(videos), "-o", str(folder.parent / "graphs"), "--tracks", str(folder / "boxes")]) == 0
    )
    weights = sorted((Path(out) / "checkpoints").glob("epoch-*"))[-1] / "model.safetensors"
    (folder.parent / "t.dsl").write_text(TASK.format(root=folder).replace("sitting", "sitting, lying"))
    shutil.copy(folder.parent / "t.dsl", Path(out) / "spec.dsl")
    assert weights.is_file() and run(["eval", out]) == 2
    told_ = capsys.readouterr().err
    assert "size mismatch for act" in told_ and "--predicates" in told_


def test_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "fit", stop)
    (folder.parent / "s.dsl").write_text(TASK.format(root=folder))
    out = folder.parent / "stopped"
    assert run(["train", str(folder.parent / "s.dsl"), "--out", str(out)]) == 130
    assert f"go on with: nesy train {folder.parent / 's.dsl'} --out {out} --resume" in capsys.readouterr().err
    assert (out / "settings.json").is_file()
