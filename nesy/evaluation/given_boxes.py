"""Measures with given boxes and pairs: only the names are predicted. LASER (Huang et al., ICLR 2025) reports these.

unary R@k   of all objects of all clips, the share whose true class is among the k most probable classes of its track.
binary R@k  of all true facts (frame, subject, object, predicate), the share whose predicate is among the k most
            probable predicates of that pair in that frame.
mean R@k    the plain mean of binary R@k over the predicates that are true at all.

A pair with several true predicates counts with each of them (LASER's release keeps only the last one of a pair and
frame; for single-label truth both are the same). Equal scores count by the chance of a random order, so that a model
that says the same of everything scores as a random one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import GroundTruth
from nesy.scenegraph import SceneGraph


def chance_to_be_in_top(scores: NDArray[np.floating], chosen: NDArray[np.integer], k: int) -> NDArray[np.float64]:
    """For each row, how likely column ``chosen`` is among the k best when equal scores are put in random order.

    scores [M, C], chosen [M] -> [M] in [0, 1].
    """
    own = np.take_along_axis(scores, chosen[:, None], 1)
    better = (scores > own).sum(1)
    equal = (scores == own).sum(1)  # with itself
    return np.asarray(np.clip((k - better) / equal, 0.0, 1.0), np.float64)


@dataclass
class GivenBoxes:
    """Gathers clips with truth; ``vocabulary`` of graph and truth must be the same."""

    names: tuple[str, ...]
    ks: Sequence[int] = (1, 5, 10)
    unary: dict[int, list[NDArray[np.float64]]] = field(default_factory=dict)
    binary: dict[int, list[NDArray[np.float64]]] = field(default_factory=dict)
    predicate: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, graph: SceneGraph, truth: GroundTruth) -> None:
        """Add one clip (B = 1) and its truth; objects without a known class (-100) are left out of the unary recall."""
        present = graph.present[0].cpu().numpy()
        if truth.vocabulary.classes:
            known = present.any(0) & (truth.classes >= 0)
            scores = graph.classes[0].detach().cpu().double().numpy()[known]
            for k in self.ks:
                self.unary.setdefault(k, []).append(chance_to_be_in_top(scores, truth.classes[known], k))
        frames, subjects, objects, predicates = np.nonzero(truth.binary)
        keep = present[frames, subjects] & present[frames, objects] & (subjects != objects)
        frames, subjects, objects, predicates = (x[keep] for x in (frames, subjects, objects, predicates))
        logits = graph.binary[0].detach().cpu().double().numpy()[frames, subjects, objects]
        for k in self.ks:
            self.binary.setdefault(k, []).append(chance_to_be_in_top(logits, predicates, k))
        self.predicate.append(predicates.astype(np.int64))

    def result(self) -> dict[str, float]:
        """``unary_r@k``, ``binary_r@k`` and ``mean_r@k`` for each k; NaN where nothing is true."""
        out: dict[str, float] = {}
        predicate = np.concatenate(self.predicate) if self.predicate else np.zeros(0, np.int64)
        for k in self.ks:
            hits = np.concatenate(self.unary.get(k) or [np.zeros(0)])
            out[f"unary_r@{k}"] = float(hits.mean()) if len(hits) else float("nan")
        for k in self.ks:
            hits = np.concatenate(self.binary.get(k) or [np.zeros(0)])
            out[f"binary_r@{k}"] = float(hits.mean()) if len(hits) else float("nan")
            each = [hits[predicate == p].mean() for p in np.unique(predicate)]
            out[f"mean_r@{k}"] = float(np.mean(each)) if each else float("nan")
        return out
