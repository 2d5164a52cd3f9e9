"""The training loop: one function, read from top to bottom."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader

from nesy.files import write_whole
from nesy.perception import PredicateModel
from nesy.training import checkpoint, processes
from nesy.training.examples import EpochSampler, Example, TrainBatch, make_batch
from nesy.training.objective import Objective
from nesy.training.settings import TrainSettings

WARM_UP = 0.05  # share of the steps over which the learning rate rises
CLIP_NORM = 5.0


@dataclass(frozen=True)
class Progress:
    """Told after every step: where training stands and what the losses of the step are."""

    epoch: int
    epochs: int
    step: int
    steps: int
    losses: dict[str, float]


def train(
    model: PredicateModel,
    data: Sequence[Example],
    objective: Objective,
    settings: TrainSettings,
    run: Path | None = None,
    *,
    resume: bool = False,
    validate: Callable[[PredicateModel], dict[str, float]] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> PredicateModel:
    """Train ``model`` in place; with ``run``, write checkpoints and ``log.jsonl`` (one line an epoch) there.

    Every random choice is a function of (seed, epoch), and a checkpoint holds the rest of the state: a run that is
    killed and resumed ends with the same weights on a CPU as one that was not.

    Args:
        data: the training examples.
        resume: go on from the newest checkpoint in ``run``.
        validate: metrics to log after each epoch.
    """
    accelerator = Accelerator(cpu=settings.device == "cpu")
    sampler = EpochSampler(
        len(data), settings.batch, settings.seed, accelerator.process_index, accelerator.num_processes
    )
    loader: Any = DataLoader(list(data), batch_sampler=sampler, collate_fn=make_batch)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    steps = len(sampler)
    first = 0
    folder = run / "checkpoints" if run is not None else None
    if folder is not None and resume:
        newest = checkpoint.latest(folder)
        if newest is not None:
            first = checkpoint.load(newest, model, optimizer)
    if run is not None and accelerator.is_main_process:
        _rewind(run / "log.jsonl", first)
    # Not wrapped for several processes: a step's losses may leave parts of the model without a gradient, which
    # DistributedDataParallel takes for a mistake. Gradients are averaged below, and the sampler shares the batches.
    model.to(accelerator.device)
    processes.same_start(model)
    optimizer = accelerator.prepare(optimizer)
    try:
        for epoch in range(first, settings.epochs):
            gc.collect()
            gc.freeze()  # what is here now stays (compiled specs): looking through it again and again takes a tenth
            sampler.epoch = epoch
            torch.manual_seed(_mix(settings.seed, epoch))
            choice = torch.Generator().manual_seed(_mix(settings.seed, epoch, accelerator.process_index + 1))
            model.train()
            began, sums, seen = time.perf_counter(), dict[str, float](), 0
            batch: TrainBatch
            for step, batch in enumerate(loader):
                done = (epoch * steps + step) / max(1, settings.epochs * steps)
                rate = settings.learning_rate * schedule(done)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                graph = model(batch.views.to(accelerator.device))
                losses = objective(graph, batch, choice, done)
                optimizer.zero_grad()
                accelerator.backward(losses.total)
                processes.average_gradients(model.parameters(), len(batch.examples))
                accelerator.clip_grad_norm_(model.parameters(), CLIP_NORM)
                optimizer.step()
                values = {
                    "total": float(losses.total.detach()),
                    **{k: float(v.detach()) for k, v in losses.parts.items()},
                }
                values = processes.average(values, len(batch.examples))
                for name, value in values.items():
                    sums[name] = sums.get(name, 0.0) + value
                seen += 1
                if progress is not None:
                    progress(Progress(epoch, settings.epochs, step + 1, steps, values))
            row: dict[str, Any] = {
                "epoch": epoch + 1,
                "seconds": round(time.perf_counter() - began, 3),
                "learning_rate": rate,
                "losses": {k: v / seen for k, v in sums.items()},
            }
            if run is not None and settings.tensorboard and accelerator.is_main_process:
                _tensorboard(run / "tensorboard", row)
            if validate is not None and accelerator.is_main_process:
                model.eval()
                row["validation"] = validate(model)
            if run is not None and folder is not None and accelerator.is_main_process:
                with (run / "log.jsonl").open("a", encoding="utf-8") as log:
                    log.write(json.dumps(row) + "\n")
                if (epoch + 1) % settings.checkpoint_every == 0 or epoch + 1 == settings.epochs:
                    checkpoint.save(folder, epoch + 1, model, optimizer.optimizer)
    finally:
        gc.unfreeze()
    model.eval()
    return model


def schedule(done: float) -> float:
    """The learning rate as a share of its peak: linear warm-up, then half a cosine down to 2 %."""
    if done < WARM_UP:
        return max(done / WARM_UP, 0.02)
    return 0.02 + 0.98 * (1 + cos(pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def _tensorboard(folder: Path, row: dict[str, Any]) -> None:
    """Add one epoch's losses; each epoch is a file of its own, so that a killed run leaves only whole ones."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for name, value in row["losses"].items():
            writer.add_scalar(f"loss/{name}", value, row["epoch"])
        writer.add_scalar("learning rate", row["learning_rate"], row["epoch"])


def _mix(*numbers: int) -> int:
    """One well-spread seed of several small numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def _rewind(log: Path, epoch: int) -> None:
    """Drop log lines of epochs that will be run again."""
    if not log.exists():
        return
    kept = []
    for line in log.read_text("utf-8", errors="replace").splitlines():
        try:
            if json.loads(line)["epoch"] <= epoch:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            continue  # a line that a kill cut short
    write_whole(log, "".join(kept))
