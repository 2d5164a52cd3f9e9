"""Small videos whose frames tell their own number, for tests of readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.video import write_video


def film(path: Path, frames: int, fps: float, size: tuple[int, int] = (64, 48)) -> None:
    """A grey video of ``frames`` frames; the brightness of frame k is 2 k (the codec clips k > 110)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.arange(frames, dtype=np.uint8) * 2
    write_video(path, np.broadcast_to(levels[:, None, None, None], (frames, size[1], size[0], 3)).copy(), fps)


def numbers(frames: NDArray[np.uint8]) -> list[int]:
    """The frame numbers that decoded frames of a :func:`film` show."""
    return [round(float(f.mean()) / 2) for f in frames]
