"""What the loops read of a table of facts, in doubles: probabilities, and each fact's best frame."""

from __future__ import annotations

from math import exp, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.reasoners.temporal.compiled import compiled

Doubles = NDArray[np.float64]


def chances_of(logits: NDArray[Any]) -> tuple[Doubles, Doubles]:
    """Of the log-odds [R, T] of R facts: P of every literal [2 R, T], and the highest log-odds of each fact [R].

    Rows from R on are the negations; none of the probabilities is 1 minus another one, which would cost its digits.
    """
    rows, frames = logits.shape
    chances, best = np.empty((2 * rows, frames)), np.empty(rows)
    read(logits, chances, best)
    return chances, best


@compiled
def read(logits: Any, chances: Any, best: Any) -> None:
    """Fill the last two."""
    rows, frames = logits.shape
    for r in range(rows):
        top = -inf
        for t in range(frames):
            z = np.float64(logits[r, t])
            top = max(top, z)
            if z == -inf:  # half of a batch: facts of objects that a clip does not have
                chances[r, t], chances[rows + r, t] = 0.0, 1.0
                continue
            e = exp(-abs(z))
            likelier = 1 / (1 + e)
            if z > 0:
                chances[r, t], chances[rows + r, t] = likelier, e * likelier
            else:
                chances[r, t], chances[rows + r, t] = e * likelier, likelier
        best[r] = top
