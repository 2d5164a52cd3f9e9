"""What a detector gives for each frame, what a tracker makes of it, and the registry of detectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import Tracks
from nesy.registry import Registry


@dataclass(frozen=True)
class Detections:
    """One frame: boxes float32 [K, 4] in pixels (x0 y0 x1 y1), scores [K] from 0 to 1, a label each."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: tuple[str, ...]

    def over(self, threshold: float) -> Detections:
        """Those whose score is at least ``threshold``."""
        keep = self.scores >= threshold
        return Detections(
            self.boxes[keep], self.scores[keep], tuple(x for x, k in zip(self.labels, keep, strict=True) if k)
        )


@dataclass(frozen=True)
class LabelledTracks:
    """Tracks, what each is, as shares of its detections' scores that sum to 1, and the mean score."""

    tracks: Tracks
    labels: tuple[Mapping[str, float], ...]
    scores: tuple[float, ...]


Detector = Callable[[NDArray[np.uint8]], list[Detections]]
"""Frames uint8 [T, H, W, 3] to the detections of each."""

detectors: Registry[Callable[[Mapping[str, object]], Detector]] = Registry("detector")
