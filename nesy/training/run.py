"""A run's folder: what was asked, what was read, how it went, what was learned.

spec.dsl          the task, imports flattened into one file
settings.json     all stages' settings, the command's overrides, versions
data_report.json  what was read, what was left out and why
log.jsonl         one line an epoch: losses, seconds
checkpoints/      see nesy.training.checkpoint
proposals.safetensors  the detector for videos without boxes, where the task asks for one
metrics.json      rows of the results table, written by ``nesy eval`` and ``nesy train``
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nesy.datasets import open_dataset
from nesy.datasets.base import DataReport, Dataset, GroundTruth
from nesy.dsl import ast
from nesy.dsl.printer import module_to_text
from nesy.dsl.signature import modules_of
from nesy.errors import CheckpointError, DataError
from nesy.files import write_whole
from nesy.perception import PredicateModel
from nesy.perception.proposals import fit_proposer, save_proposer
from nesy.training import checkpoint
from nesy.training.examples import Example, examples
from nesy.training.loop import Progress, train
from nesy.training.objective import Objective
from nesy.training.task import Task, given_spec, read_task

PROPOSALS = "proposals.safetensors"

Told = Callable[[str, int, int], None]
"""Progress of the preparations: what is being done, how many are done, how many there are."""


@dataclass
class Data:
    """The examples of each split and the report of making them."""

    dataset: Dataset
    splits: dict[str, list[Example]]
    report: DataReport


def cache_folder() -> Path:
    """Where made datasets are kept: ``$NESY_CACHE``, else ``nesy`` in the user's cache folder."""
    return Path(
        os.environ.get("NESY_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nesy"
    )


def prepare(task: Task, splits: tuple[str, ...], told: Told | None = None) -> Data:
    """Open the task's data (making it if it is generated), decode it and extract specs from its captions.

    Raises:
        DataError: no readable clip in a split, or a vocabulary that the data does not have.
    """

    def tell(what: str) -> Callable[[int, int], None] | None:
        return None if told is None else lambda done, total: told(what, done, total)

    name, settings = task.data
    dataset = open_dataset(name, settings, cache_folder(), progress=tell("opening the data"))
    report = dataset.report
    report.read, report.captions = 0, 0
    model, extract = task.model(), task.extractor()
    out: dict[str, list[Example]] = {}
    for split in splits:
        clips = dataset.splits.get(split, [])
        found = examples(clips, model, extract, report, tell(f"reading {split} clips"), given_spec(task))
        if not found:
            why = "; ".join(f"{reason}: {count}" for reason, count in report.skipped.items()) or "the split is empty"
            raise DataError(f"no readable clip in the {split} split of {name} ({why})")
        out[split] = [replace(e, truth=truth_of(task, e.truth)) for e in found]
    return Data(dataset, out, report)


def truth_of(task: Task, truth: GroundTruth | None) -> GroundTruth | None:
    """A truth in the order of the task's names; what the data does not label goes unscored. None: nothing to score."""
    if truth is None or truth.vocabulary == task.vocabulary:
        return truth
    have, want = truth.vocabulary, task.vocabulary
    coded = task.checked.signature.predicates  # computed by code: no data labels them, and they are not scored
    learned = [("unary", n) for n in want.unary if n not in coded] + [
        ("binary", n) for n in want.binary if n not in coded
    ]
    labelled = [n for group, n in learned if n in getattr(have, group)]
    named = any(c in want.classes for c in have.classes)
    if not (labelled or named) or (task.train.supervision == "labels" and len(labelled) < len(learned)):
        return None  # nothing to score, or unlabelled names that labels would teach as false
    classes = np.array(
        [want.classes.index(c) if (c := have.classes[k]) in want.classes else -100 for k in truth.classes]
    )
    unary, binary = _columns(truth.unary, have.unary, want.unary), _columns(truth.binary, have.binary, want.binary)
    return GroundTruth(want, classes.astype(np.int64), unary, binary)


def _columns(facts: NDArray[np.bool_], have: tuple[str, ...], want: tuple[str, ...]) -> NDArray[np.bool_]:
    """The columns of the wanted names; one that there is not is false throughout, which no score counts."""
    out = np.zeros((*facts.shape[:-1], len(want)), bool)
    for k, name in enumerate(want):
        if name in have:
            out[..., k] = facts[..., have.index(name)]
    return out


def start(folder: Path, task: Task, overrides: list[str]) -> None:
    """Make the run's folder and write down what was asked.

    Raises:
        DataError: the folder holds another run, or cannot be written.
    """
    refuse_taken(folder)
    statements = tuple(
        s for m in modules_of(task.checked.module) for s in m.statements if not isinstance(s, ast.Import)
    )
    write_whole(folder / "spec.dsl", module_to_text(ast.Module(statements)))
    versions = {p: version(p) for p in ("torch", "torchvision", "transformers", "lark", "numpy")}
    described = {
        "nesy": "run/1",
        "overrides": overrides,
        "settings": task.settings(),
        "versions": {"python": platform.python_version(), **versions},
    }
    write_whole(folder / "settings.json", json.dumps(described, indent=1))


def discard(folder: Path) -> None:
    """Take back what :func:`start` and a training that failed wrote, unless an epoch was finished."""
    if checkpoint.latest(folder / "checkpoints") is not None:
        return
    for name in ("spec.dsl", "settings.json", "data_report.json", "log.jsonl"):
        (folder / name).unlink(missing_ok=True)
    for place in (folder / "checkpoints", folder):
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()


def refuse_taken(folder: Path) -> None:
    """Raises DataError if the folder holds a run, or a run could not be written there."""
    if (folder / "settings.json").exists():
        raise DataError(
            f"{folder} already holds a run", hint="go on with --resume, or choose another folder with --out"
        )
    above = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        reason = "is no folder" if not above.is_dir() else "cannot be written to"
        raise DataError(f"{folder}: cannot write the run ({above} {reason})", hint="choose another folder with --out")


def reopen(folder: Path) -> Task:
    """The task of a run.

    Raises:
        CheckpointError: no run there.
    """
    return read_task(folder / "spec.dsl", overrides_of(folder))


def overrides_of(folder: Path) -> list[str]:
    """The ``--set`` options of a run.

    Raises:
        CheckpointError: no run there, or what it says of itself cannot be read.
    """
    path = folder / "settings.json"
    if not path.exists():
        raise CheckpointError(
            f"{folder} holds no run", hint="a run is the folder that `nesy train SPEC --out RUN` writes"
        )
    try:
        return [str(x) for x in json.loads(path.read_text("utf-8"))["overrides"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as e:
        raise CheckpointError(
            f"{path} is damaged ({type(e).__name__}: {e})",
            hint='copy it again; if the run had no --set, {"overrides": []} is enough',
        ) from None


def load_model(folder: Path, task: Task) -> PredicateModel:
    """The model of a run's newest checkpoint.

    Raises:
        CheckpointError: there is none yet.
    """
    model = task.model()
    checkpoint.load(_newest(folder), model)
    model.eval()
    return model


def weights_digest(folder: Path) -> str:
    """A short name of the weights of a run's newest checkpoint; other weights have another one.

    Raises:
        CheckpointError: no run there, or no checkpoint yet.
    """
    reopen(folder)
    return hashlib.sha256((_newest(folder) / "model.safetensors").read_bytes()).hexdigest()[:16]


def _newest(folder: Path) -> Path:
    newest = checkpoint.latest(folder / "checkpoints")
    if newest is None:
        raise CheckpointError(
            f"{folder} has no checkpoint yet", hint=f"nesy train {folder}/spec.dsl --out {folder} --resume"
        )
    return newest


def fit(
    task: Task,
    data: list[Example],
    folder: Path | None = None,
    *,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> PredicateModel:
    """Train a fresh model of the task on ``data`` under the task's supervision (a row of the results table)."""
    settings = task.train
    torch.manual_seed(settings.seed)
    model = task.model()
    if settings.supervision == "labels" and settings.label_share < 1:
        count = max(1, round(settings.label_share * len(data)))
        data = [data[i] for i in np.random.default_rng(settings.seed).permutation(len(data))[:count]]
    refuse_untold(task, data)
    objective = Objective(settings, task.vocabulary, task.checked.constraints)
    return train(model, data, objective, settings, folder, resume=resume, progress=progress)


def refuse_untold(task: Task, data: Sequence[Example]) -> None:
    """Raises DataError if the task learns from captions and none was understood."""
    if task.train.supervision != "labels" and not any(e.captions for e in data):
        raise DataError(
            "no caption of the training data was understood: there is nothing to learn from",
            hint='see `nesy extract`, or train { supervision: "labels" }',
        )


MOST_BOXED = 150  # clips whose boxes the proposals are learned from


def fit_proposals(folder: Path, data: Data, told: Told | None = None) -> None:
    """Learn to find objects from the boxes of the training clips, and store it in the run; nothing if it is there."""
    path = folder / PROPOSALS
    if path.exists():
        return
    clips = data.dataset.splits["train"][:MOST_BOXED]
    shown = []
    for clip in clips:
        try:
            shown.append((clip.frames(), clip.tracks))
        except DataError:
            continue  # unreadable clips are in the data report already
    model = fit_proposer(shown, progress=None if told is None else lambda i, n: told("learning to find objects", i, n))
    save_proposer(model, path)


def write_report_of(folder: Path, report: DataReport) -> None:
    """Store what was read and left out."""
    row = {
        "read": report.read,
        "captions": report.captions,
        "skipped": dict(report.skipped),
        "examples": report.examples,
    }
    write_whole(folder / "data_report.json", json.dumps(row, indent=1))


def add_metrics(folder: Path, name: str, supervision: str, seed: int, values: dict[str, Any]) -> None:
    """Add one row to the run's ``metrics.json``; the same name and seed are replaced."""
    rows = [r for r in metrics(folder) if (r["name"], r["seed"]) != (name, seed)]
    rows.append({"name": name, "supervision": supervision, "seed": seed, **values})
    write_whole(folder / "metrics.json", json.dumps({"nesy": "metrics/1", "rows": rows}, indent=1))


def metrics(folder: Path) -> list[dict[str, Any]]:
    """The rows of ``metrics.json``, none when there is no such file."""
    path = folder / "metrics.json"
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text("utf-8"))["rows"]
        return [dict(r) for r in rows]
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise DataError(f"{path}: not readable ({e})", hint="delete it and run `nesy eval` again") from None
