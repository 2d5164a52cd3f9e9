"""Checkpoints: safetensors for tensors, JSON for the rest, complete and atomic.

``epoch-0007/`` holds ``model.safetensors``, ``optimizer.safetensors`` and ``state.json`` (epoch, optimizer settings);
the RNG state lies beside the optimizer's tensors. A checkpoint is written under a temporary name and renamed when it is
whole; what a kill leaves half-written is ignored and removed later. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from nesy.errors import CheckpointError

VERSION = "checkpoint/1"
KEEP = 2


def save(folder: Path, epoch: int, model: nn.Module, optimizer: Optimizer) -> Path:
    """Write the checkpoint of a finished epoch under ``folder`` and remove all but the newest KEEP."""
    final = folder / f"epoch-{epoch:04d}"
    part = folder / f".{final.name}.{os.getpid()}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file({k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}, part / "model.safetensors")
        tensors, groups = _flatten(optimizer)
        tensors["rng"] = torch.get_rng_state()
        save_file(tensors, part / "optimizer.safetensors")
        state = {"nesy": VERSION, "epoch": epoch, "groups": groups}
        (part / "state.json").write_text(json.dumps(state, indent=1), "utf-8")
        for file in part.iterdir():
            _sync(file)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(part, final)
    except (OSError, SafetensorError) as e:
        shutil.rmtree(part, ignore_errors=True)
        reason = e.strerror if isinstance(e, OSError) else str(e).removeprefix("Error while serializing: ")
        raise CheckpointError(f"{final}: cannot write the checkpoint ({reason})", hint="is the disk full?") from None
    for old in _complete(folder)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    for left in folder.glob(".epoch-*.part"):
        shutil.rmtree(left, ignore_errors=True)
    return final


def latest(folder: Path) -> Path | None:
    """The newest complete checkpoint, None when there is none."""
    found = _complete(folder)
    return found[-1] if found else None


def load(checkpoint: Path, model: nn.Module, optimizer: Optimizer | None = None) -> int:
    """Restore a model (and optimizer and RNG); returns the epoch that the checkpoint finished.

    Raises:
        CheckpointError: missing, damaged or of another model.
    """
    try:
        state: dict[str, Any] = json.loads((checkpoint / "state.json").read_text("utf-8"))
        weights = load_file(checkpoint / "model.safetensors")
        extra = load_file(checkpoint / "optimizer.safetensors") if optimizer is not None else {}
    except (OSError, ValueError, SafetensorError) as e:
        older = [p.name for p in _complete(checkpoint.parent) if p != checkpoint]
        remedy = (
            f"remove {checkpoint} to use the older {older[-1]}" if older else f"remove {checkpoint} and train again"
        )
        raise CheckpointError(f"{checkpoint}: not a complete checkpoint ({e})", hint=remedy) from None
    if state.get("nesy") != VERSION:
        raise CheckpointError(f"{checkpoint}: version {state.get('nesy')!r}, expected {VERSION!r}")
    try:
        model.load_state_dict(weights)
    except RuntimeError as e:
        raise CheckpointError(
            f"{checkpoint}: the weights do not fit this model ({_misfit(str(e))})",
            hint="what the run was started with has changed: its spec.dsl, or the code given with --predicates",
        ) from None
    if optimizer is not None:
        rng = extra.pop("rng")
        optimizer.load_state_dict({"state": _unflatten(extra), "param_groups": state["groups"]})
        torch.set_rng_state(rng)
    return int(state["epoch"])


def _misfit(text: str) -> str:
    """The first thing that torch found, without its headline."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[min(1, len(lines) - 1)][:300] if lines else "other names"


def _complete(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("epoch-*") if (p / "state.json").is_file())


def _flatten(optimizer: Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    whole = optimizer.state_dict()
    tensors = {
        f"{index}.{name}": torch.as_tensor(value).detach().cpu().contiguous()
        for index, entry in whole["state"].items()
        for name, value in entry.items()
    }
    return tensors, whole["param_groups"]


def _unflatten(tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    out: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        out.setdefault(int(index), {})[name] = value
    return out


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
