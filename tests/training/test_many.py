"""Prediction over a folder on a local Ray: two workers, one of which dies; a broken film; going on after a break."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from nesy import jobs
from nesy.cli.app import run as nesy
from nesy.errors import CheckpointError, DataError
from nesy.scenegraph.file import graph_to_json
from nesy.training.many import Outcome, predict_many, videos_below
from nesy.training.predict import predict_video

SPEC = """
domain game
class mugen, coin
unary jumping
binary near
data "platformer" { clips: 8, frames: 8, size: 64 }
train { epochs: 1, batch: 4, device: "cpu" }
"""


class DieOnce:
    """Kills the worker that comes to the third film first; a file remembers that it has happened."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __call__(self, video: str) -> None:
        if video.endswith("film-3.mp4") and not os.path.exists(self.mark):
            Path(self.mark).write_text("died", "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def films(tmp_path: Path) -> tuple[Path, Path]:
    """A trained run, and a folder with six films and a broken one."""
    (tmp_path / "game.dsl").write_text(SPEC, "utf-8")
    trained, root = tmp_path / "run", tmp_path / "films"
    assert nesy(["train", str(tmp_path / "game.dsl"), "--out", str(trained)]) == 0
    made = sorted((tmp_path / "cache").rglob("*.mp4"))[:6]
    (root / "videos").mkdir(parents=True)
    (root / "video_metadata").mkdir()
    for i, film in enumerate(made):
        shutil.copy(film, root / "videos" / f"film-{i}.mp4")
        game = film.parent.parent / "video_metadata" / f"{film.stem}.json"
        shutil.copy(game, root / "video_metadata" / f"film-{i}.json")
    (root / "videos" / "broken.mp4").write_bytes(b"no film")
    return trained, root


def check(outcome: Outcome, trained: Path, root: Path, out: Path) -> None:
    """All films but the broken one are predicted as they are one by one, and the broken one is listed."""
    assert outcome.made == 6 and outcome.kept == 0
    (broken,) = outcome.failed
    assert broken.endswith("broken.mp4") and "cannot be decoded" in outcome.failed[broken]
    listed = [json.loads(x) for x in (out / "failures.jsonl").read_text("utf-8").splitlines()]
    assert [x["video"] for x in listed] == [broken]
    one, _ = predict_video(trained, root / "videos" / "film-3.mp4")
    assert json.loads((out / "videos" / "film-3.json").read_text("utf-8")) == graph_to_json(one)
    (out / "videos" / "film-1.json").unlink()
    with pytest.raises(DataError, match=r"another job .tracks: None, not"):
        predict_many(trained, root, out, tracks=root)
    again = predict_many(trained, root, out, workers=1)
    assert (again.made, again.kept, len(again.failed)) == (1, 5, 1)


@pytest.mark.slow
def test_a_folder_on_two_workers_one_of_which_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    trained, root = films(tmp_path)
    out, mark = tmp_path / "graphs", tmp_path / "died"
    try:
        outcome = predict_many(trained, root, out, workers=2, batch=2, before=DieOnce(mark))
        assert mark.exists()
        check(outcome, trained, root, out)
    finally:
        ray.shutdown()


def test_a_folder_without_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """One video after the other, by the same worker; the command says so, and fails for the one film that is broken."""
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jobs, "on_ray", lambda: False)
    trained, root = films(tmp_path)
    steps: list[tuple[int, int]] = []
    outcome = predict_many(trained, root, tmp_path / "one", told=lambda done, total: steps.append((done, total)))
    check(outcome, trained, root, tmp_path / "one")
    assert steps == [(i, 7) for i in range(1, 8)]
    capsys.readouterr()
    assert nesy(["predict", str(trained), str(root), "--out", str(tmp_path / "two")]) == 1
    said = capsys.readouterr().err
    assert "pip install 'nesy[ray]'" in said and "6 graphs made, 0 kept, 1 failed" in " ".join(said.split())
    assert (tmp_path / "two" / "videos" / "film-3.json").read_bytes() == (
        tmp_path / "one" / "videos" / "film-3.json"
    ).read_bytes()


def test_what_is_no_run_is_told_before_any_work(tmp_path: Path):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.mp4").write_bytes(b"")
    with pytest.raises(CheckpointError, match="holds no run"):
        predict_many(tmp_path / "nothing", tmp_path / "films", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_videos_is_told(tmp_path: Path):
    with pytest.raises(DataError, match="no video below"):
        videos_below(tmp_path)
    with pytest.raises(DataError, match="there is no folder"):
        videos_below(tmp_path / "nowhere")
