"""A world of two shapes for the tests: a red square that sometimes moves, and a blue one that never does."""

from __future__ import annotations

import numpy as np

from nesy.scenegraph import Vocabulary

VOCABULARY = Vocabulary(("cat", "dog"), ("running", "still"), ("near", "above"))


def scene(frames: int = 6, size: int = 48, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """uint8 [T, H, W, 3], boxes [T, 2, 4] in pixels, present [T, 2]; the second object is absent in the first frame."""
    rng = np.random.default_rng(seed)
    video = rng.integers(60, 90, (frames, size, size + 8, 3)).astype(np.uint8)
    boxes = np.zeros((frames, 2, 4), np.float32)
    present = np.ones((frames, 2), bool)
    present[0, 1] = False
    for t in range(frames):
        for k, (x, colour) in enumerate(((4 + 4 * t, (220, 40, 40)), (30, (40, 40, 220)))):
            y = 8 + 20 * k
            video[t, y : y + 10, x : x + 10] = colour
            boxes[t, k] = (x, y, x + 10, y + 10)
    boxes[~present] = 0
    return video, boxes, present
