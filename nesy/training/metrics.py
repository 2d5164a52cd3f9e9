"""How good a predicted scene graph is. The protocol: boxes and tracks are given, every present object and frame counts.

Unary facts are scored over all (present object, frame), binary facts over all ordered pairs of different objects
present in the frame, each predicate by itself; "macro" is the plain mean over the predicates that occur at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def average_precision(score: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """Area under the precision-recall steps; equal scores count as one threshold. NaN when nothing is true.

    score [M], truth [M]. AP = sum over thresholds of precision * (gain in recall), as in information retrieval.
    """
    positives = int(truth.sum())
    if positives == 0:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits, sunk = truth[order].astype(np.float64), score[order]
    # Last place of each distinct score; compared and not subtracted, as two equal infinities have no difference.
    ends = np.append(np.flatnonzero(sunk[1:] != sunk[:-1]), len(hits) - 1)
    found = np.cumsum(hits)[ends]
    gain = np.diff(found, prepend=0.0)
    return float((found / (ends + 1) * gain).sum() / positives)


def f1(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall, 2TP / (2TP + FP + FN). NaN when nothing is true."""
    if not truth.any():
        return float("nan")
    hit = int((predicted & truth).sum())
    return 2 * hit / (int(predicted.sum()) + int(truth.sum()))


@dataclass
class PredicateScores:
    """Scores and truth of one family of facts, gathered clip by clip; ``ap`` and ``f1`` are per predicate."""

    names: tuple[str, ...]
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    truths: list[NDArray[np.bool_]] = field(default_factory=list)

    def add(self, score: NDArray[np.float32], truth: NDArray[np.bool_]) -> None:
        """Add facts: probabilities and truth, both [M, number of predicates]."""
        self.scores.append(score)
        self.truths.append(truth)

    def table(self, threshold: float = 0.5) -> dict[str, dict[str, float]]:
        """Per predicate: ``ap``, ``f1`` at the threshold and ``share``, how often it is true (the AP of chance)."""
        if not self.scores:
            return {}
        score, truth = np.concatenate(self.scores), np.concatenate(self.truths)
        return {
            name: {
                "ap": average_precision(score[:, k], truth[:, k]),
                "f1": f1(score[:, k] >= threshold, truth[:, k]),
                "share": float(truth[:, k].mean()) if len(truth) else float("nan"),
            }
            for k, name in enumerate(self.names)
        }


def scored(present: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where unary facts count, [T, N], and where binary ones do, [T, N, N], from where objects are present [T, N]."""
    return present, present[:, :, None] & present[:, None, :] & ~np.eye(present.shape[1], dtype=bool)


def macro(table: dict[str, dict[str, float]], key: str) -> float:
    """Mean of ``key`` over the predicates for which it is defined; NaN for none."""
    values = [row[key] for row in table.values() if not np.isnan(row[key])]
    return float(np.mean(values)) if values else float("nan")


def recall_at_1(score: NDArray[np.floating], relevant: Sequence[int]) -> float:
    """Share of rows whose best column is ``relevant[row]``; a tie at the top counts by its chance of being drawn.

    score [queries, candidates].
    """
    hits = []
    for row, right in zip(score, relevant, strict=True):
        best = np.flatnonzero(row >= row.max() - 1e-12)
        hits.append(float(right in best) / len(best))
    return float(np.mean(hits)) if hits else float("nan")
