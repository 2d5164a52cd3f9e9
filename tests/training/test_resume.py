"""kill -9 in the middle of an epoch, resume: the same weights as a run that nobody disturbed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

SPEC = Path(__file__).resolve().parents[2] / "examples" / "platformer.dsl"
SETTINGS = ["data.clips=24", "train.epochs=4", "train.batch=2", "train.device=cpu", "perception.proposals=false"]


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "nesy", "train", str(SPEC), "--out", str(folder), *more]


def chosen() -> list[str]:
    return [x for s in SETTINGS for x in ("--set", s)]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "checkpoints" / "epoch-0004" / "model.safetensors")


def test_killed_and_resumed_equals_undisturbed(tmp_path: Path):
    env = {**os.environ, "NESY_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(whole, *chosen()), env=env, check=True, capture_output=True, timeout=300)
    running = subprocess.Popen(
        command(broken, *chosen()), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    first = broken / "checkpoints" / "epoch-0001"
    deadline = time.time() + 300
    while not first.exists() and time.time() < deadline:
        time.sleep(0.02)
    time.sleep(0.15)  # into the second epoch
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert first.exists() and not (broken / "checkpoints" / "epoch-0004").exists(), (
        "the run was not killed in its middle"
    )
    subprocess.run(command(broken, "--resume"), env=env, check=True, capture_output=True, timeout=300)
    a, b = weights(whole), weights(broken)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[k], b[k]) for k in a)
    lines = [(p / "log.jsonl").read_text().splitlines() for p in (whole, broken)]
    assert len(lines[0]) == len(lines[1]) == 4
