"""Where predictions go wrong: what is taken for what, and whether a probability of 0.8 is right in 8 cases of 10.

Facts are those of :mod:`nesy.training.metrics`: unary ones of every present object and frame, binary ones of every
ordered pair of different present objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nesy.training.metrics import scored

if TYPE_CHECKING:
    from nesy.scenegraph import SceneGraph, Vocabulary
    from nesy.training.examples import Example

BINS = 10
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Mean probabilities by what is true; NaN where there is nothing to average.

    cells [K, K]: of the facts where the row holds, the mean probability of the column; off the diagonal only where the
    column does not hold, so that two things that are true together do not count as confused.
    otherwise [K]: mean probability of the column over all facts where it does not hold. count [K]: facts of the row.
    """

    name: str
    labels: tuple[str, ...]
    cells: Floats
    otherwise: Floats
    count: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predicted probability against observed frequency in ten equal bins of [0, 1]; all arrays [10]."""

    name: str
    count: NDArray[np.int64]
    predicted: Floats
    observed: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: mean |predicted - observed| over facts (Naeini et al. 2015); NaN for none."""
        total = self.count.sum()
        used = self.count > 0
        gap = np.abs(self.predicted[used] - self.observed[used])
        return float((gap * self.count[used]).sum() / total) if total else float("nan")


@dataclass
class _Family:
    """Sums over facts, clip by clip: nothing of a clip is kept."""

    name: str
    labels: tuple[str, ...]
    both: Floats = field(init=False)  # [K, K]: probability of the column where the row holds and the column does not
    cases: Floats = field(init=False)  # [K, K]: how often that is so
    bins: Floats = field(init=False)  # [3, K, BINS]: facts, their probabilities, how many are true
    alarm: Floats = field(init=False)  # [2, K]: probability where it does not hold, and how often that is so
    own: Floats = field(init=False)  # [2, K]: the same where it holds

    def __post_init__(self) -> None:
        k = len(self.labels)
        self.both, self.cases = np.zeros((k, k)), np.zeros((k, k))
        self.bins, self.alarm, self.own = np.zeros((3, k, BINS)), np.zeros((2, k)), np.zeros((2, k))

    def add(self, probability: Floats, truth: NDArray[np.bool_]) -> None:
        """Facts [M, K]."""
        p, t = probability.astype(np.float64), truth.astype(np.float64)
        self.both += t.T @ (p * (1 - t))
        self.cases += t.T @ (1 - t)
        self.alarm += np.stack([(p * (1 - t)).sum(0), (1 - t).sum(0)])
        self.own += np.stack([(p * t).sum(0), t.sum(0)])
        columns = len(self.labels)
        place = (np.clip((p * BINS).astype(int), 0, BINS - 1) + BINS * np.arange(columns)).ravel()
        for row, weight in enumerate((None, p.ravel(), t.ravel())):
            self.bins[row] += np.bincount(place, weight, BINS * columns).reshape(columns, BINS)

    def confusion(self) -> Confusion:
        cells = _over(self.both, self.cases)
        np.fill_diagonal(cells, _over(*self.own))
        return Confusion(self.name, self.labels, cells, _over(*self.alarm), self.own[1].astype(np.int64))

    def calibration(self) -> Calibration:
        # A predicate that is never true may be one that the data does not label; an object's classes are all labelled.
        counted = self.own[1] > 0 if self.name != "classes" else np.ones(len(self.labels), bool)
        count, sums, hits = self.bins[:, counted].sum(1)
        return Calibration(self.name, count.astype(np.int64), _over(sums, count), _over(hits, count))


def _over(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0)


def diagnose(
    names: Vocabulary, found: Iterable[tuple[Example, SceneGraph]]
) -> tuple[list[Confusion], list[Calibration]]:
    """Confusions and calibrations of classes, unary and binary predicates on clips with truth; none without any.

    Objects of a class that ``names`` does not have (-100) are left out; calibration counts predicates that are true
    somewhere, as :func:`nesy.training.metrics.macro` does.
    """
    families = [_Family("classes", names.classes), _Family("unary", names.unary), _Family("binary", names.binary)]
    for example, graph in found:
        truth = example.truth
        if truth is None:
            continue
        here, both = scored(graph.present[0].numpy())
        seen = here.any(0) & (np.asarray(truth.classes) >= 0)  # a class that the task does not have has no row
        kind = np.eye(len(names.classes), dtype=bool)[np.asarray(truth.classes)[seen]]
        families[0].add(graph.classes[0].exp().numpy()[seen], kind)
        families[1].add(graph.unary[0].sigmoid().numpy()[here], truth.unary[here])
        families[2].add(graph.binary[0].sigmoid().numpy()[both], truth.binary[both])
    told = [f for f in families if f.labels and f.bins[0].any()]
    measured = [f.calibration() for f in told]
    return [f.confusion() for f in told], [c for c in measured if c.count.any()]
