"""Measures of whole triplets in space and time: what, where and when are all predicted.

A triplet is (class of the subject, predicate, class of the object) with both tubes and the frames in which it holds.

PVSG (Yang et al., 2023), R@K: of all true triplets of all videos, the share that one of the K best predictions of its
video hits. A frame is hit when both objects' masks (or boxes) overlap the true ones with IoU >= 0.5; a prediction hits
when its names are right and at least half of the truly related frames are hit within its stretch. The weak recall
leaves the predicted stretch out. mR@K is the mean over predicates.

VidVRD (Shang et al., 2017): a prediction hits an unmatched true relation of the same names when the smaller of the two
vIoUs (tubes cut to the relation's frames) is at least 0.5; each hits at most one, best scores first. AP is the area
under the interpolated precision-recall curve of a video, mAP its mean over videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import GroundTruth, Tracks
from nesy.evaluation.tubes import box_iou, box_tube_iou, mask_iou
from nesy.scenegraph import SceneGraph

HIT = 0.5


@dataclass(frozen=True)
class Triplet:
    """One relation in space and time.

    names: subject class, predicate, object class.
    boxes: [2, T, 4] of subject and object.  present: [2, T].  span: [T], when the relation holds.
    masks: [2, T, H, W] where known.
    """

    names: tuple[str, str, str]
    score: float
    boxes: NDArray[np.floating]
    present: NDArray[np.bool_]
    span: NDArray[np.bool_]
    masks: NDArray[np.bool_] | None = None


def triplets_of_graph(
    graph: SceneGraph,
    boxes: NDArray[np.floating],
    masks: NDArray[np.bool_] | None = None,
    *,
    share: float = 0.5,
    split: bool = False,
    most: int = 1000,
) -> list[Triplet]:
    """Predicted triplets of one clip (B = 1), best first.

    Each object has its most probable class. For each ordered pair and predicate, the stretch is where the probability
    is at least ``share`` of its largest one; the score is the product of that largest probability and both classes'.

    Args:
        boxes: [T, N, 4] in pixels.  masks: [T, N, H, W].
        split: one triplet for each unbroken stretch (VidVRD) instead of one for all (PVSG).
        most: triplets kept.
    """
    v = graph.vocabulary
    present = graph.present[0].cpu().numpy()
    chance = graph.classes[0].detach().cpu().double().exp().numpy()
    both = present[:, :, None] & present[:, None, :]
    p = graph.binary[0].detach().cpu().double().sigmoid().numpy() * both[..., None]
    p[:, np.arange(p.shape[1]), np.arange(p.shape[1])] = 0
    best_class, class_chance = chance.argmax(1), chance.max(1)
    peak = p.max(0) * class_chance[:, None, None] * class_chance[None, :, None]
    order = np.argsort(-peak, axis=None, kind="stable")[:most]
    out: list[Triplet] = []
    for s, o, r in zip(*np.unravel_index(order, peak.shape), strict=True):
        if peak[s, o, r] <= 0:
            break
        names = (v.classes[best_class[s]], v.binary[r], v.classes[best_class[o]])
        series = p[:, s, o, r]
        chosen = (series >= share * series.max()) & both[:, s, o]
        pair = [int(s), int(o)]
        shape = None if masks is None else masks[:, pair].swapaxes(0, 1)
        for span in _runs(chosen) if split else [chosen]:
            score = float(peak[s, o, r] / series.max() * series[span].max())
            out.append(Triplet(names, score, boxes[:, pair].swapaxes(0, 1), present[:, pair].T, span, shape))
    return sorted(out, key=lambda x: -x.score)[:most]


def triplets_of_truth(
    truth: GroundTruth, tracks: Tracks, masks: NDArray[np.bool_] | None = None, *, split: bool = False
) -> list[Triplet]:
    """The true triplets of a clip; objects without a known class are left out."""
    v, out = truth.vocabulary, list[Triplet]()
    for s, o, r in zip(*np.nonzero(truth.binary.any(0)), strict=True):
        if truth.classes[s] < 0 or truth.classes[o] < 0:
            continue
        names = (v.classes[truth.classes[s]], v.binary[r], v.classes[truth.classes[o]])
        pair = [int(s), int(o)]
        shape = None if masks is None else masks[:, pair].swapaxes(0, 1)
        held = truth.binary[:, s, o, r]
        for span in _runs(held) if split else [held]:
            boxes, present = tracks.boxes[:, pair].swapaxes(0, 1), tracks.present[:, pair].T
            out.append(Triplet(names, 1.0, boxes, present, span, shape))
    return out


def _runs(span: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The unbroken stretches of a set of frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], span, [False]]).astype(np.int8)))
    out = []
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        one = np.zeros_like(span)
        one[first:stop] = True
        out.append(one)
    return out


def overlap(found: Triplet, true: Triplet) -> tuple[float, float]:
    """PVSG's overlap of a prediction with a truth, and the weak one that leaves the predicted stretch out."""
    if found.masks is not None and true.masks is not None:
        ious = mask_iou(found.masks, true.masks)
    else:
        ious = box_iou(found.boxes, true.boxes) * (found.present & true.present)
    real = true.span & true.present.all(0)
    hit = (ious >= HIT).all(0) & real
    strict = hit & found.span
    # As in the official code, only truly related frames can be hit: a stretch that is too long costs nothing.
    total = max(1, int(real.sum()))
    return float(strict.sum()) / total, float(hit.sum()) / total


def recall_at(found: Sequence[Triplet], true: Sequence[Triplet], k: int, *, weak: bool = False) -> list[bool]:
    """Whether each true triplet is hit by one of the k best predictions (PVSG)."""
    best = sorted(found, key=lambda x: -x.score)[:k]
    return [any(x.names == t.names and overlap(x, t)[int(weak)] >= HIT for x in best) for t in true]


def average_precision_of_video(found: Sequence[Triplet], true: Sequence[Triplet]) -> float:
    """VidVRD's average precision of one video; NaN when nothing is true."""
    if not true:
        return float("nan")
    hits = _matched(found, true)
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(hits) + 1)
    recall = right / len(true)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # interpolated: the best precision at this or a higher recall
    return float((best * np.diff(recall, prepend=0.0)).sum())


def _matched(found: Sequence[Triplet], true: Sequence[Triplet]) -> NDArray[np.bool_]:
    """Which predictions, best first, hit a true relation that none before has hit."""
    taken = [False] * len(true)
    hits = []
    for x in sorted(found, key=lambda x: -x.score):
        best, place = HIT, -1
        for j, t in enumerate(true):
            if taken[j] or x.names != t.names:
                continue
            both = [box_tube_iou(x.boxes[i], x.present[i] & x.span, t.boxes[i], t.present[i] & t.span) for i in (0, 1)]
            if min(both) >= best:
                best, place = min(both), j
        if place >= 0:
            taken[place] = True
        hits.append(place >= 0)
    return np.array(hits, bool)


@dataclass
class TripletScores:
    """Gathers videos; ``result`` gives R@K, mR@K and weak R@K (PVSG), mAP and tagging precision (VidVRD)."""

    ks: Sequence[int] = (20, 50, 100)
    hits: dict[int, list[bool]] = field(default_factory=dict)
    weak: dict[int, list[bool]] = field(default_factory=dict)
    predicate: list[str] = field(default_factory=list)
    ap: list[float] = field(default_factory=list)
    tagging: dict[int, list[float]] = field(default_factory=dict)

    def add(self, found: Sequence[Triplet], true: Sequence[Triplet]) -> None:
        """Add one video; its triplets as PVSG takes them (one a pair and predicate)."""
        for k in self.ks:
            self.hits.setdefault(k, []).extend(recall_at(found, true, k))
            self.weak.setdefault(k, []).extend(recall_at(found, true, k, weak=True))
        self.predicate += [t.names[1] for t in true]

    def add_detection(self, found: Sequence[Triplet], true: Sequence[Triplet]) -> None:
        """Add one video; its triplets as VidVRD takes them (one an unbroken stretch)."""
        if not true:
            return
        self.ap.append(average_precision_of_video(found, true))
        names = list(dict.fromkeys(x.names for x in sorted(found, key=lambda x: -x.score)))
        right = {t.names for t in true}
        for n in (1, 5, 10):
            self.tagging.setdefault(n, []).append(len(right & set(names[:n])) / n)

    def result(self) -> dict[str, float]:
        """Shares of 1; NaN where nothing is true."""
        out: dict[str, float] = {}
        names = np.array(self.predicate)
        for k in self.ks:
            hits, weak = np.array(self.hits.get(k, []), bool), np.array(self.weak.get(k, []), bool)
            out[f"triplet_r@{k}"] = float(hits.mean()) if len(hits) else float("nan")
            each = [hits[names == p].mean() for p in np.unique(names)]
            out[f"triplet_mr@{k}"] = float(np.mean(each)) if each else float("nan")
            out[f"triplet_weak_r@{k}"] = float(weak.mean()) if len(weak) else float("nan")
        if self.ap:
            out["detection_map"] = float(np.mean(self.ap))
            out |= {f"tagging_p@{n}": float(np.mean(x)) for n, x in self.tagging.items()}
        return out
