"""A trained run's clips as graphs: the command remembers them, and the true graph is the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nesy.cli.app import run as nesy
from nesy.datasets import open_dataset
from nesy.errors import DataError
from nesy.memory.runs import predicted, true_graph
from nesy.memory.store import TripleStore
from nesy.training import run as runs

SPEC = """
class mugen, coin, snail
unary jumping, walking
binary near
data "platformer" { clips: 10, frames: 8, size: 64 }
train { epochs: 1, batch: 4, device: "cpu" }
"""


def test_a_run_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    (tmp_path / "game.dsl").write_text(SPEC, "utf-8")
    folder, store = tmp_path / "run", tmp_path / "memory"
    assert nesy(["train", str(tmp_path / "game.dsl"), "--out", str(folder)]) == 0
    task = runs.reopen(folder)
    dataset = open_dataset(*task.data, runs.cache_folder())
    clips = dataset.splits["train"]
    steps: list[tuple[int, int]] = []
    found = list(predicted(folder, "train", 2, lambda done, total: steps.append((done, total))))
    assert [c.id for c, _ in found] == [c.id for c in clips[:2]] and steps == [(0, 2), (1, 2), (2, 2)]
    for clip, file in found:
        assert file.ids == clip.tracks.ids and file.graph.vocabulary == task.vocabulary
        assert np.array_equal(file.graph.present[0].numpy(), clip.tracks.present)
    with pytest.raises(DataError, match="has no split `tets`"):
        next(predicted(folder, "tets"))
    capsys.readouterr()
    assert nesy(["memory", "add", str(folder), "--store", str(store), "--split", "train", "--clips", "3"]) == 0
    with TripleStore.open(store) as memory:
        assert sorted(v.name for v in memory.videos()) == sorted(c.id for c in clips[:3])

    clip = clips[0]
    truth, graph = clip.truth, true_graph(clip).graph
    assert truth is not None
    here = clip.tracks.present
    assert np.array_equal(graph.unary[0].sigmoid().numpy() > 0.5, truth.unary & here[:, :, None])
    both = here[:, :, None] & here[:, None, :]
    assert np.array_equal(graph.binary[0].sigmoid().numpy() > 0.5, truth.binary & both[..., None])
    assert np.array_equal(graph.classes[0].argmax(-1).numpy(), truth.classes)
