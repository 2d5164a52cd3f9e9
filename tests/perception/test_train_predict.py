"""``nesy train`` and ``nesy predict`` with each backend on the built-in game, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nesy.cli.app import run
from tests.perception.checkpoints import clip_checkpoint

SPEC = """
domain game
class mugen, coin, gem
unary walking, jumping
binary near, collecting
data "platformer" {{ clips: 12, frames: 8, size: 64 }}
perception "{name}" {{ {settings} }}
train {{ epochs: 1, batch: 4, device: "cpu" }}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_checkpoint(tmp_path_factory.mktemp("checkpoints"))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("clip", 'checkpoint: "{clip}", templates: {{ class: "a photo of a {{}}" }}, temporal: "recurrent"'),
        pytest.param(
            "clip",
            'checkpoint: "{clip}", train: "lora", resolution: 64, prompts: {{ near: "red near blue" }}',
            marks=pytest.mark.slow,
        ),
        pytest.param("video", 'backbone: "r3d_18", size: 32, width: 16, train: "frozen"', marks=pytest.mark.slow),
    ],
)
def test_train_then_predict(name, settings, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    spec = tmp_path / "game.dsl"
    spec.write_text(SPEC.format(name=name, settings=settings.format(clip=folder)), "utf-8")
    out = tmp_path / "run"
    assert run(["train", str(spec), "--out", str(out)]) == 0
    losses = json.loads((out / "log.jsonl").read_text("utf-8").splitlines()[0])["losses"]
    assert losses["total"] > 0
    video = next((tmp_path / "cache").rglob("*.mp4"))
    graph = tmp_path / "graph.json"
    assert run(["predict", str(out), str(video), "-o", str(graph)]) == 0
    written = json.loads(graph.read_text("utf-8"))
    assert written["frames"] == 8 and written["objects"]
    assert {name for o in written["objects"] for name in o["class"]} <= {"mugen", "coin", "gem"}


def test_a_missing_checkpoint_is_reported_before_any_work(tmp_path, capsys):
    spec = tmp_path / "game.dsl"
    spec.write_text(SPEC.format(name="clip", settings='checkpoint: "nowhere"'), "utf-8")
    assert run(["train", str(spec), "--out", str(tmp_path / "run")]) == 2
    assert "no checkpoint directory 'nowhere'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
