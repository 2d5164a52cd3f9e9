"""A run's table on the terminal, and one line about what in it could not be scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nesy.cli.app import err, out

if TYPE_CHECKING:
    from nesy.training.examples import Example


def print_table(folder: Path) -> None:
    """All rows that the run has."""
    from nesy.viz import metrics_table
    from nesy.viz.measured import metric_rows

    rows = metric_rows(folder)
    out.print(metrics_table(rows, seeds=any(len(r.seeds) > 1 for r in rows)))


def say_unscored(data: Sequence[Example]) -> bool:
    """Say which scores these test clips cannot give and what they would need; whether there is any that they give."""
    from nesy.training.evaluate import CANDIDATES

    told = sum(bool(e.captions) for e in data)
    labelled = any(e.truth is not None for e in data)
    facts = any(e.truth is not None and (e.truth.unary.any() or e.truth.binary.any()) for e in data)
    if not labelled:
        err.print(
            "no test clip has labels: mAP, F1 and class accuracy need them (docs/data.md, Labels); "
            "R@1 needs captions only",
            markup=False,
        )
    elif not facts:
        err.print(
            "the labels of the test clips hold no fact of the task: mAP and F1 need some (docs/data.md, Labels)",
            markup=False,
        )
    if told < CANDIDATES:
        err.print(
            f"R@1 needs {CANDIDATES} test clips with a caption that is understood; here are {told}: "
            "there are more with a larger `test` share in the data block",
            markup=False,
        )
    return labelled or told >= CANDIDATES
