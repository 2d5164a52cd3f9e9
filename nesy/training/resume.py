"""Going on with a run: which settings may be given again, and which one may change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nesy.errors import DataError
from nesy.files import write_whole
from nesy.training import run as runs
from nesy.training.task import Task, read_task

LONGER = "train.epochs"
"""The setting that may grow. The learning rate then follows the longer schedule from where the run stands."""


def resumed(folder: Path, settings: Sequence[str] = ()) -> Task:
    """The task of a run that goes on with ``settings``: those that it has, or more epochs.

    Raises:
        CheckpointError: no run there.
        DataError: a setting that differs.
    """
    before = runs.reopen(folder)
    if not settings:
        return before
    after = read_task(folder / "spec.dsl", [*runs.overrides_of(folder), *settings])
    old, new = _flat(before.settings()), _flat(after.settings())
    for key in {**old, **new}:
        if old.get(key) == new.get(key) or (key == LONGER and new[key] > old[key]):
            continue
        raise DataError(
            f"--set cannot change {key} of a run that is resumed: it is {old.get(key)!r}, not {new.get(key)!r}",
            hint=f"only {LONGER} may grow; for another setting start a new run with --out",
        )
    return after


def note(folder: Path, task: Task, settings: Sequence[str]) -> None:
    """Write down that the run goes on with ``settings``, so that whoever opens it later reads them too."""
    path = folder / "settings.json"
    described = json.loads(path.read_text("utf-8"))
    given = described["overrides"]
    described |= {"overrides": [*given, *(s for s in settings if s not in given)], "settings": task.settings()}
    write_whole(path, json.dumps(described, indent=1))


def _flat(settings: dict[str, Any], above: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in settings.items():
        out |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return out
