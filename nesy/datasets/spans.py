"""Facts that hold over stretches of frames, laid out as the tensors of a scene graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import LazyTracks, LazyTruth, Tracks, Vocabulary


@dataclass(frozen=True, slots=True)
class Fact:
    """``predicate`` of objects (indices into the clip's objects; one or two) in frames first <= k < stop."""

    predicate: int
    objects: tuple[int, ...]
    first: int
    stop: int


@dataclass(frozen=True)
class Spans:
    """The facts of a clip by the numbers of its video's frames; called, it lays them out for the picked frames."""

    vocabulary: Vocabulary
    unary: tuple[Fact, ...]
    binary: tuple[Fact, ...]
    picks: tuple[int, ...]
    tracks: Tracks

    def __call__(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """unary [T, N, U], binary [T, N, N, R]; facts of an object that is absent in a frame are dropped there."""
        t, n = len(self.picks), len(self.tracks.ids)
        _, u, r = self.vocabulary.sizes()
        unary, binary = np.zeros((t, n, u), bool), np.zeros((t, n, n, r), bool)
        frames = np.array(self.picks)
        for f in self.unary:
            unary[(frames >= f.first) & (frames < f.stop), f.objects[0], f.predicate] = True
        for f in self.binary:
            binary[(frames >= f.first) & (frames < f.stop), f.objects[0], f.objects[1], f.predicate] = True
        present = self.tracks.present
        unary &= present[..., None]
        binary &= (present[:, :, None] & present[:, None, :])[..., None]
        return unary, binary


def lazy_scene(
    vocabulary: Vocabulary,
    classes: NDArray[np.int64],
    ids: tuple[str, ...],
    picks: tuple[int, ...],
    boxes: Callable[[], tuple[NDArray[np.float32], NDArray[np.bool_]]],
    unary: tuple[Fact, ...],
    binary: tuple[Fact, ...],
) -> tuple[LazyTracks, LazyTruth]:
    """Tracks and truth of a clip, neither laid out before they are looked at."""
    tracks = LazyTracks(ids, boxes)
    return tracks, LazyTruth(vocabulary, classes, Spans(vocabulary, unary, binary, picks, tracks))
