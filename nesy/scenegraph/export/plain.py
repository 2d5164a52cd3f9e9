"""What the exports that keep no probabilities a frame share: the stretches in which a fact is more likely than not."""

from __future__ import annotations

from collections.abc import Sequence


def stretches(series: Sequence[float], threshold: float) -> list[tuple[int, int]]:
    """The unbroken stretches (first, last; both inclusive) in which a series is at least ``threshold``."""
    out: list[tuple[int, int]] = []
    for t, p in enumerate(series):
        if p < threshold:
            continue
        if out and out[-1][1] == t - 1:
            out[-1] = (out[-1][0], t)
        else:
            out.append((t, t))
    return out


def mean(series: Sequence[float], first: int, last: int) -> float:
    """The mean of a series over a stretch, to six digits."""
    return round(sum(series[first : last + 1]) / (last + 1 - first), 6)
