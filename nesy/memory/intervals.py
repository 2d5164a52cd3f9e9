"""From frame probabilities to intervals: hysteresis, closing of small gaps, mean and peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a fact of frames counts as one interval.

    enter: a frame probability that begins an interval. Below 1/2, so that what is uncertain is remembered as uncertain:
        its confidence is stored, and a question says how sure it wants to be.
    leave: the interval reaches, to both sides, over all neighbouring frames with at least this probability; a lower
        bar than ``enter``, so that a wavering series does not fall apart.
    gap: intervals with at most so many frames between them become one.
    shortest: intervals with fewer frames are dropped.
    membership: the least class probability for which ``is_a`` is stored.
    """

    enter: float = 0.3
    leave: float = 0.2
    gap: int = 1
    shortest: int = 1
    membership: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.leave <= self.enter <= 1:
            raise DataError(f"thresholds: enter {self.enter}, leave {self.leave}", expected=["0 < leave <= enter <= 1"])
        if self.gap < 0 or self.shortest < 1:
            raise DataError(
                f"thresholds: gap {self.gap}, shortest {self.shortest}", expected=["gap >= 0, shortest >= 1"]
            )
        if not 0 < self.membership <= 1:
            raise DataError(f"thresholds: membership {self.membership}", expected=["0 < membership <= 1"])


@dataclass(frozen=True, slots=True)
class Interval:
    """Frames [start, end) with the mean and the largest probability within."""

    start: int
    end: int
    mean: float
    peak: float


def intervals(series: NDArray[np.float64], thresholds: Thresholds) -> list[Interval]:
    """The intervals of one series of probabilities [T], in order of time."""
    reached = np.concatenate([[False], series >= thresholds.leave, [False]])
    edges = np.flatnonzero(reached[1:] != reached[:-1]).reshape(-1, 2)
    runs = [(int(a), int(b)) for a, b in edges if series[a:b].max() >= thresholds.enter]
    joined: list[tuple[int, int]] = []
    for a, b in runs:
        if joined and a - joined[-1][1] <= thresholds.gap:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return [
        Interval(a, b, float(series[a:b].mean()), float(series[a:b].max()))
        for a, b in joined
        if b - a >= thresholds.shortest
    ]
