"""The results table: the caption-supervised model beside its baselines, same data, same backbone, same split."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import torch

from nesy.own import own_mistakes
from nesy.predicates import load_predicates
from nesy.training.evaluate import chance, evaluate
from nesy.training.loop import Progress
from nesy.training.run import Data, Told, add_metrics, fit, prepare, reopen
from nesy.training.task import Task, with_train


@dataclass(frozen=True)
class Row:
    """One row: its name and the training settings in which it differs."""

    name: str
    supervision: str
    changes: dict[str, Any]


ROWS = (
    Row("captions", "captions", {"supervision": "captions"}),
    Row("all labels", "every frame of every clip labelled", {"supervision": "labels", "label_share": 1.0}),
    Row("10 % labels", "every frame of 10 % of the clips labelled", {"supervision": "labels", "label_share": 0.1}),
    Row("1 % labels", "every frame of 1 % of the clips labelled", {"supervision": "labels", "label_share": 0.01}),
    Row("multiple instance", "captions, no logic and no order", {"supervision": "multiple-instance"}),
)


def own_row(task: Task) -> Row:
    """The row of a run that was trained as its task says."""
    for row in ROWS:
        if all(getattr(task.train, key) == value for key, value in row.changes.items()):
            return row
    share = f"{100 * task.train.label_share:g} % labels"
    return Row(share, f"every frame of {100 * task.train.label_share:g} % of the clips labelled", {})


def baseline(
    task: Task,
    data: Data,
    row: Row,
    seed: int,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Train and score one row with one seed.

    Rows with few labels get as many steps as the others, in more epochs over fewer clips.
    """
    share = float(row.changes.get("label_share", 1.0))
    clips = len(data.splits["train"])
    used = max(1, round(share * clips))
    full_steps = task.train.epochs * -(-clips // task.train.batch)
    epochs = max(task.train.epochs, round(full_steps / -(-used // task.train.batch)))
    if row.changes["supervision"] == "labels":
        epochs = min(epochs, MOST_EPOCHS)
    variant = with_train(task, seed=seed, epochs=epochs, **row.changes)
    model = fit(variant, data.splits["train"], progress=progress)
    return evaluate(model, data.splits["test"]).as_dict()


MOST_EPOCHS = 300


def baselines(
    folder: Path, wanted: Sequence[tuple[Row, int]], jobs: int, told: Told | None = None, code: Sequence[Path] = ()
) -> None:
    """Train and score rows of a run in ``jobs`` processes at once; each is stored as soon as it is there.

    code: Python files of one's own that each process runs first, as ``--predicates`` does.
    """
    threads = max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(jobs, get_context("spawn"), _begin, (threads, [str(p) for p in code])) as pool:
        running = {pool.submit(_in_process, folder, row, seed): (row, seed) for row, seed in wanted}
        for done, future in enumerate(as_completed(running)):
            row, seed = running[future]
            add_metrics(folder, row.name, row.supervision, seed, future.result())
            if told is not None:
                told("baselines", done + 1, len(wanted))


def _begin(threads: int, code: Sequence[str]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    for path in code:
        load_predicates(path)


def _end_with_parent() -> None:
    """Nobody waits for the rows of a command that was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_process(folder: Path, row: Row, seed: int) -> dict[str, Any]:
    with own_mistakes():
        task = reopen(folder)
        return baseline(task, prepare(task, ("train", "test")), row, seed)


def chance_row(task: Task, data: Data, folder: Path) -> dict[str, Any]:
    """Score guessing and add it to the run's metrics."""
    scores = chance(data.splits["test"], task.vocabulary).as_dict()
    add_metrics(folder, "chance", "none", 0, scores)
    return scores
