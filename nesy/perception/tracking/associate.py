"""Detections of following frames joined to tracks: ByteTrack's two rounds with exact matching and constant velocity.

Zhang et al., ByteTrack (2022): sure detections are matched to tracks first; what is left of the tracks may then be
continued by unsure ones, which never begin a track. A round is a maximum-weight matching of overlaps (IoU), solved
exactly; the expected box of a track is its smoothed box moved on by its smoothed velocity. Boxes of different labels
are not joined, unless ``any_label``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import Tracks
from nesy.perception.tracking.detections import Detections, LabelledTracks


@dataclass(frozen=True)
class Association:
    """How detections are joined.

    sure: score from which a detection is matched first and may begin a track.
    least: score below which a detection is ignored.
    overlap, unsure_overlap: IoU that a match must reach in the first and second round.
    gap: frames that a track may be unseen; they are filled in on a straight line.
    shortest: frames with detections that a track must have.
    any_label: join boxes whatever their labels are.
    """

    sure: float = 0.5
    least: float = 0.1
    overlap: float = 0.2
    unsure_overlap: float = 0.4
    gap: int = 12
    shortest: int = 3
    any_label: bool = False


@dataclass
class _Track:
    frames: list[int] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    smooth: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    speed: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    label: str = ""
    votes: dict[str, float] = field(default_factory=dict)

    def expected(self, frame: int) -> NDArray[np.float64]:
        return self.smooth + self.speed * (frame - self.frames[-1])

    def add(self, frame: int, box: NDArray[np.float32], score: float, label: str) -> None:
        """An alpha-beta filter: the track's state moves a share of the way to what is seen."""
        if self.frames:
            steps = frame - self.frames[-1]
            surprise = box - self.expected(frame)
            self.smooth = self.expected(frame) + 0.7 * surprise
            # The second box says how fast it is; what is known of the speed then grows with every box.
            self.speed = self.speed + max(0.2, 1 / len(self.frames)) * surprise / steps
        else:
            self.smooth = box.astype(np.float64)
        self.frames.append(frame)
        self.boxes.append(box)
        self.votes[label] = self.votes.get(label, 0.0) + score
        self.label = max(self.votes, key=lambda name: self.votes[name])


def associate(found: Sequence[Detections], how: Association | None = None) -> LabelledTracks:
    """Join the detections of each frame to tracks, numbered in the order in which they begin."""
    how = how or Association()
    active: list[_Track] = []
    done: list[_Track] = []
    for frame, detections in enumerate(found):
        done += [t for t in active if frame - t.frames[-1] > how.gap]
        active = [t for t in active if frame - t.frames[-1] <= how.gap]
        seen = detections.over(how.least)
        sure = np.flatnonzero(seen.scores >= how.sure).tolist()
        unsure = np.flatnonzero(seen.scores < how.sure).tolist()
        free = list(range(len(active)))
        for candidates, overlap in ((sure, how.overlap), (unsure, how.unsure_overlap)):
            # An unsure box continues only what was seen in the frame before: elsewhere it is mostly background.
            open_tracks = [i for i in free if candidates is sure or active[i].frames[-1] == frame - 1]
            pairs = _match([active[i] for i in open_tracks], seen, candidates, frame, overlap, how.any_label)
            for row, k in pairs:
                i = open_tracks[row]
                active[i].add(frame, seen.boxes[k], float(seen.scores[k]), seen.labels[k])
                free.remove(i)
                candidates.remove(k)
        for k in sure:
            track = _Track()
            track.add(frame, seen.boxes[k], float(seen.scores[k]), seen.labels[k])
            active.append(track)
    kept = [t for t in done + active if len(t.frames) >= how.shortest]
    kept.sort(key=lambda t: (t.frames[0], t.boxes[0].tolist()))
    return _filled(kept, len(found))


def _match(
    tracks: list[_Track], seen: Detections, candidates: list[int], frame: int, overlap: float, any_label: bool
) -> list[tuple[int, int]]:
    """Pairs (row of ``tracks``, index of a detection) of the greatest summed overlap."""
    if not tracks or not candidates:
        return []
    likeness = iou(np.stack([t.expected(frame) for t in tracks]), seen.boxes[candidates])
    weights = {
        (i, j): float(likeness[i, j])
        for i, j in np.argwhere(likeness >= overlap).tolist()
        if any_label or tracks[i].label == seen.labels[candidates[j]]
    }
    return [(i, candidates[j]) for i, j in best_pairs(weights)]


def best_pairs(weights: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """The maximum-weight matching of a bipartite graph given by its edges (row, column) -> weight, sorted."""
    graph = nx.Graph()
    for (i, j), weight in weights.items():
        graph.add_edge(("row", i), ("column", j), weight=weight)
    out = []
    for a, b in nx.max_weight_matching(graph):
        row, column = (a, b) if a[0] == "row" else (b, a)
        out.append((row[1], column[1]))
    return sorted(out)


def iou(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of boxes [M, 4] and [N, 4], [M, N]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(-1)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).clip(0).prod(-1) for x in (a, b))
    union = area_a[:, None] + area_b[None] - common
    return np.asarray(np.where(union > 0, common / np.maximum(union, 1e-9), 0.0), dtype=np.float64)


def _filled(kept: list[_Track], frames: int) -> LabelledTracks:
    boxes = np.zeros((frames, len(kept), 4), np.float32)
    present = np.zeros((frames, len(kept)), bool)
    for n, track in enumerate(kept):
        first, last = track.frames[0], track.frames[-1]
        span = np.arange(first, last + 1)
        corners = np.stack(track.boxes)
        boxes[first : last + 1, n] = np.stack([np.interp(span, track.frames, corners[:, c]) for c in range(4)], 1)
        present[first : last + 1, n] = True
    labels, scores = [], []
    for track in kept:
        total = sum(track.votes.values())
        labels.append({name: vote / total for name, vote in sorted(track.votes.items())})
        scores.append(total / len(track.frames))
    ids = tuple(f"o{n + 1}" for n in range(len(kept)))
    return LabelledTracks(Tracks(boxes, present, ids), tuple(labels), tuple(scores))
