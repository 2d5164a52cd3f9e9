"""The losses that a run has logged, one line an epoch; a line that a kill cut short is left out, and said so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nesy.errors import DataError
from nesy.viz.content import LossCurve


def loss_curves(folder: Path) -> tuple[list[LossCurve], list[str]]:
    """The curves of ``log.jsonl``, the total first, and what a reader should know about them.

    Only the last line can be half written, because lines are appended; damage elsewhere is no trace of a kill.

    Raises:
        DataError: a line before the last one is no record of an epoch.
    """
    path = folder / "log.jsonl"
    if not path.exists():
        return [], []
    lines = [line for line in enumerate(path.read_bytes().split(b"\n"), 1) if line[1].strip()]
    rows, notes = [], []
    for place, line in lines:
        try:
            rows.append(_epoch(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            if place != lines[-1][0]:
                raise DataError(
                    f"{path}:{place}: not the record of an epoch",
                    expected=['{"epoch": 1, "losses": {...}}'],
                    hint="delete the line: the curves then leave out its epoch",
                ) from None
            notes.append(
                f"The last line of log.jsonl (line {place}) is damaged, as when a run is killed while it writes: "
                "the curves leave it out."
            )
    names = dict.fromkeys(name for _, losses in rows for name in losses)
    curves = [LossCurve(n, [e for e, _ in rows], [r.get(n, float("nan")) for _, r in rows]) for n in names]
    return curves, notes


def _epoch(line: bytes) -> tuple[float, dict[str, float]]:
    row: Any = json.loads(line)
    losses = {str(name): _number(value) for name, value in row["losses"].items()}
    return float(row["epoch"]), losses


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")
