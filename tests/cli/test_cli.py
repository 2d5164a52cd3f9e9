"""The commands as a person uses them, with good and bad input: exit codes, messages, nothing lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nesy.cli.app import run

SPEC = Path(__file__).resolve().parents[2] / "examples" / "platformer.dsl"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A small dataset on disk."""
    folder = tmp_path_factory.mktemp("made") / "data"
    assert run(["data", "make", "platformer", "--clips", "24", "--out", str(folder), "--seed", "3"]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(made: Path, tmp_path_factory) -> Path:
    """A run of one epoch on it."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert run(["train", str(task(made, folder.parent)), "--out", str(folder), "--set", "train.epochs=1"]) == 0
    return folder


def task(data: Path, where: Path) -> Path:
    """The example task on a dataset that lies on disk."""
    text = SPEC.read_text("utf-8")
    block = next(line for line in text.splitlines() if line.startswith("data "))
    path = where / "task.dsl"
    path.write_text(text.replace(block, f'data "{data}" {{ }}'), "utf-8")
    return path


def test_train_eval_predict_query_report(made: Path, trained: Path, tmp_path: Path, capsys):
    written = ("spec.dsl", "settings.json", "data_report.json", "log.jsonl", "metrics.json", "proposals.safetensors")
    for name in (*written, "checkpoints/epoch-0001"):
        assert (trained / name).exists()
    assert run(["eval", str(trained), "--baselines", "1%-labels,multiple-instance", "--json"]) == 0
    rows = json.loads((trained / "metrics.json").read_text())["rows"]
    assert {r["name"] for r in rows} == {"captions", "1 % labels", "multiple instance", "chance"}
    video = sorted((made / "videos").glob("*.mp4"))[0]
    graph = tmp_path / "graph.json"
    assert run(["predict", str(trained), str(video), "-o", str(graph)]) == 0
    data = json.loads(graph.read_text())
    assert data["nesy"] == "scene-graph/1" and data["frames"] == 24 and data["fps"] == 8
    capsys.readouterr()
    code = run(["query", "exists m: mugen { eventually jumping(m) }", str(graph), "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert code == int(answer["probability"] < 0.5) and answer["method"] == "exact"
    page = tmp_path / "report.html"
    assert run(["report", str(trained), "-o", str(page), "--clips", "2"]) == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>") or "<html" in page.read_text("utf-8")[:200]


def test_a_run_is_not_overwritten(made: Path, trained: Path, capsys):
    before = (trained / "metrics.json").read_bytes()
    assert run(["train", str(task(made, trained.parent)), "--out", str(trained)]) == 2
    assert "already holds a run" in capsys.readouterr().err
    assert (trained / "metrics.json").read_bytes() == before


def test_broken_samples_are_counted_and_cost_nothing_else(made: Path, tmp_path: Path, capsys):
    data = tmp_path / "data"
    shutil.copytree(made, data)
    index = json.loads((data / "train.json").read_text())
    entries = index["data"]
    truncated = data / entries[0]["video"]["video_file"]
    truncated.write_bytes(truncated.read_bytes()[:200])
    (data / entries[1]["video"]["video_file"]).unlink()
    (data / entries[2]["video"]["json_file"]).write_text("{")
    for note in entries[3]["annotations"]:
        note["text"] = "Colourless green ideas sleep furiously."
    entries[4]["annotations"] = []
    (data / "train.json").write_text(json.dumps(index))
    run_folder = tmp_path / "run"
    changes = ["train.epochs=1", "perception.proposals=false", "train.tensorboard=true"]
    chosen = [x for change in changes for x in ("--set", change)]
    assert run(["train", str(task(data, tmp_path)), "--out", str(run_folder), *chosen]) == 0
    assert not (run_folder / "proposals.safetensors").exists() and list((run_folder / "tensorboard").iterdir())
    report = json.loads((run_folder / "data_report.json").read_text())
    reasons = report["skipped"]
    assert sum(reasons.values()) >= 5
    for word in ("truncated", "missing", "caption"):
        assert any(word in r for r in reasons), reasons
    said = capsys.readouterr().err
    assert all(reason in said for reason in reasons)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere.dsl"], "no such file"),
        (["train", "nowhere.dsl"], "nowhere.dsl"),
        (["eval", "nowhere"], "holds no run"),
        (["report", "nowhere"], "holds no run"),
        (["query", "true", "nowhere.json"], "no such file"),
        (["data", "info", "nowhere"], "no such folder"),
        (["data", "make", "platfomer", "--out", "x"], "did you mean `platformer`"),
        (["train", str(SPEC), "--set", "train.epoch=3"], "did you mean `epochs`"),
        (["train", str(SPEC), "--set", "train.epochs=many"], "a whole number"),
        (["train", str(SPEC), "--set", "epochs=3"], "cannot understand"),
        (["train", str(SPEC), "--set", "perception.widht=32"], "did you mean `width`"),
        (["nonsense"], "No such command"),
        (["query"], "Missing argument"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments: list[str], message: str, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert message in said.err and "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_is_none(trained: Path, tmp_path: Path, capsys):
    fake = tmp_path / "fake.mp4"
    fake.write_bytes(b"not a video")
    assert run(["predict", str(trained), str(fake), "-o", str(tmp_path / "g.json")]) == 2
    assert "fake.mp4" in capsys.readouterr().err
    assert not (tmp_path / "g.json").exists()


def test_check_says_no_with_1(tmp_path: Path, capsys):
    wrong = tmp_path / "wrong.dsl"
    wrong.write_text("class cat\nunary purring\nspec s: exists c: cat { eventually puring(c) }\n")
    assert run(["check", str(wrong)]) == 1
    said = capsys.readouterr().err
    assert "wrong.dsl:3" in said and "did you mean `purring`" in said
    assert run(["check", str(SPEC)]) == 0


def graph_file(path: Path, **changes) -> Path:
    data = {
        "nesy": "scene-graph/1", "fps": 8, "frames": 2,
        "objects": [{"id": "o1", "class": {"cat": 1.0}, "boxes": [[0, 0, 1, 1], None]}],
        "unary": [{"predicate": "purring", "object": "o1", "prob": [0.25, 1.0]}], "binary": [],
    }  # fmt: skip
    data.update(changes)
    path.write_text(json.dumps(data))
    return path


def test_query_of_many_formulas(tmp_path: Path, capsys):
    graph = graph_file(tmp_path / "g.json")
    formulas = tmp_path / "f.txt"
    lines = ["exists c: cat { eventually purring(c) }", "// a comment", "exists c: cat { always puring(c) }", "true"]
    formulas.write_text("\n".join(lines))
    assert run(["query", str(graph), "--formulas", str(formulas), "--json"]) == 2
    said = capsys.readouterr()
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert [a["probability"] for a in answers] == [0.25, None, 1.0]  # absent in frame 1: no purring there
    assert answers[0]["witness"]["objects"] == {"c": "o1"} and answers[0]["witness"]["frames"] == [0]
    assert "did you mean `purring`" in said.err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nesy": "scene-graph/9"}, "scene-graph/1"),
        ({"frames": -1}, "frames"),
        ({"frames": 3}, "expected 3"),
        ({"fps": 0}, "fps"),
        ({"unary": [{"predicate": "purring", "object": "o1", "prob": [0.5, 1.5]}]}, "not a probability"),
        ({"unary": [{"predicate": "purring", "object": "o1", "prob": [0.5, float("nan")]}]}, "not a probability"),
        ({"unary": [{"predicate": "purring", "object": "o9", "prob": [0.5, 1]}]}, "o9"),
        ({"objects": [{"id": "o1", "class": {"cat": 0.7, "dog": 0.7}}]}, "sum to"),
        ({"objects": "none"}, "objects"),
    ],
)
def test_broken_graph_files_are_named(changes: dict, message: str, tmp_path: Path, capsys):
    graph = graph_file(tmp_path / "g.json", **changes)
    assert run(["query", "exists c: cat { purring(c) }", str(graph)]) == 2
    said = capsys.readouterr().err
    assert "g.json" in said and message in said
