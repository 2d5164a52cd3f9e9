"""Two processes under torchrun learn what one process learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from nesy.training.examples import EpochSampler

SPEC = Path(__file__).resolve().parents[2] / "examples" / "platformer.dsl"
# Without losses that compare the clips of a batch: what one process sees of a batch is all it compares.
SETTINGS = [
    "data.clips=24", "train.epochs=3", "train.batch=4", "train.device=cpu", "perception.proposals=false",
    "train.window=64", "train.loss.alignment=1", "train.loss.discrimination=0", "train.loss.contrastive=0",
]  # fmt: skip


@pytest.mark.parametrize(("count", "batch", "processes"), [(10, 4, 2), (7, 3, 3), (5, 4, 4)])
def test_shares_are_the_whole_batch(count: int, batch: int, processes: int):
    whole = list(EpochSampler(count, batch, 3))
    parts = [list(EpochSampler(count, batch, 3, p, processes)) for p in range(processes)]
    assert {len(p) for p in parts} == {len(whole)}
    for step, expected in enumerate(whole):
        got = [i for p in parts for i in p[step]]
        assert set(expected) <= set(got) and len(got) == max(len(expected), processes)
        assert all(p[step] for p in parts)


def curves(tmp_path: Path, more: list[str]) -> tuple[list[list[float]], list[dict[str, torch.Tensor]]]:
    """Losses by epoch and final weights of one process and of two."""
    env = {**os.environ, "NESY_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    chosen = [x for s in [*SETTINGS, *more] for x in ("--set", s)]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "nesy"]
    losses, weights = [], []
    for name, start in (("one", [sys.executable, "-m", "nesy"]), ("two", launch)):
        folder = tmp_path / name
        command = [*start, "train", str(SPEC), "--out", str(folder), *chosen]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        rows = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
        assert [r["epoch"] for r in rows] == [1, 2, 3]
        losses.append([r["losses"]["total"] for r in rows])
        weights.append(load_file(folder / "checkpoints" / "epoch-0003" / "model.safetensors"))
    return losses, weights


@pytest.mark.slow
def test_two_processes_give_the_loss_curve_of_one_with_labels(tmp_path: Path):
    """Nothing is drawn at random: the curves and the weights are the same but for how a batch's mean is split."""
    losses, weights = curves(tmp_path, ["train.supervision=labels"])
    assert losses[0] == pytest.approx(losses[1], rel=0.02), losses
    assert losses[0][-1] < 0.8 * losses[0][0]
    for name, value in weights[0].items():
        assert float((value - weights[1][name]).norm()) < 0.1 * float(value.norm()) + 0.02, name


@pytest.mark.slow
def test_two_processes_learn_from_captions_as_one_does(tmp_path: Path):
    """Each process draws captions of its clips and pieces of them: the curves agree in the mean."""
    losses, _ = curves(tmp_path, [])
    one, two = (sum(x) / len(x) for x in losses)
    assert one == pytest.approx(two, rel=0.08), losses
    assert min(losses[1][1:]) < losses[1][0]
