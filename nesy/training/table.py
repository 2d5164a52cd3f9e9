"""The results table: the caption-supervised model beside its baselines, same data, same backbone, same split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nesy.training.evaluate import chance, evaluate
from nesy.training.loop import Progress
from nesy.training.run import Data, add_metrics, fit
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


def baseline(
    task: Task,
    data: Data,
    row: Row,
    seed: int,
    folder: Path,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Train and score one row with one seed and add it to the run's metrics.

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
    scores = evaluate(model, data.splits["test"]).as_dict()
    add_metrics(folder, row.name, row.supervision, seed, scores)
    return scores


MOST_EPOCHS = 300


def chance_row(task: Task, data: Data, folder: Path) -> dict[str, Any]:
    """Score guessing and add it to the run's metrics."""
    scores = chance(data.splits["test"], task.vocabulary).as_dict()
    add_metrics(folder, "chance", "none", 0, scores)
    return scores


def rows_named(names: Sequence[str]) -> list[Row]:
    """The rows of these names, in the table's order."""
    return [r for r in ROWS if r.name in names]
