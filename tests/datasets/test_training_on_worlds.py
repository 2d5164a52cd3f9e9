"""``nesy train`` on the example files of worlds that nobody here made: every caption read, a run that can be scored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nesy.cli.app import run

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "needs"), [("babyai", "minigrid"), ("coinrun", "procgen")])
def test_train_on_the_example_file(
    name: str, needs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(needs)
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "run"
    settings = ["--set", "data.clips=24", "--set", "train.epochs=1", "--set", "train.batch=8"]
    assert run(["train", str(EXAMPLES / f"{name}.dsl"), "--out", str(out), *settings]) == 0, capsys.readouterr().err
    report = json.loads((out / "data_report.json").read_text())
    assert not report["skipped"] and report["read"] > 12
    losses = json.loads((out / "log.jsonl").read_text().splitlines()[0])["losses"]
    assert losses["discrimination"] > 0 and losses["alignment"] > 0
    assert run(["eval", str(out)]) == 0
    scores = json.loads((out / "metrics.json").read_text())
    assert scores
