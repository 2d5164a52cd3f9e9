"""Numbers of several seeds, read the same way by the page and by the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nesy.viz.content import METRICS, MetricRow


@dataclass(frozen=True)
class Summary:
    """The seeds of one metric of one row: mean and sample standard deviation of those that were measured."""

    values: tuple[float, ...]
    mean: float
    spread: float  # NaN for fewer than two seeds

    @property
    def measured(self) -> tuple[float, ...]:
        return tuple(v for v in self.values if not math.isnan(v))


def summarise(values: Sequence[float]) -> Summary:
    """Mean and sample standard deviation, s = sqrt(sum (x - mean)^2 / (n - 1)), of the values that are not NaN."""
    x = [v for v in values if not math.isnan(v)]
    mean = math.fsum(x) / len(x) if x else math.nan
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in x) / (len(x) - 1)) if len(x) > 1 else math.nan
    return Summary(tuple(values), mean, spread)


def metric_names(rows: Sequence[MetricRow]) -> list[str]:
    """The metrics that any row has: the known ones in their order, then the rest as they come."""
    present = dict.fromkeys(name for row in rows for name in row.values)
    return [m for m in METRICS if m in present] + [m for m in present if m not in METRICS]


def best_rows(rows: Sequence[MetricRow], metric: str) -> set[int]:
    """Which rows to mark as best, by index: the highest mean, and each row whose seeds overlap its seeds' range.

    Ceiling and chance do not compete, and a single competitor is not marked. A few seeds carry no significance test:
    an overlap means "not told apart" and no more.
    """
    found: dict[int, Summary] = {}
    for i, row in enumerate(rows):
        s = summarise(row.values.get(metric, ()))
        if row.role not in ("ceiling", "chance") and s.measured:
            found[i] = s
    if len(found) < 2:
        return set()
    best = max(found.values(), key=lambda s: s.mean)
    low = min(best.measured)
    return {i for i, s in found.items() if max(s.measured) >= low}
