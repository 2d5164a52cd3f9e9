"""Small videos whose frames tell their own number, for tests of readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.video import write_video

STEP = 15  # grey levels between digits, far more than the codec's error


def film(path: Path, frames: int, fps: float, size: tuple[int, int] = (64, 48)) -> None:
    """A video of up to 256 frames: left half the number's low digit (base 16) as a grey, right half its high one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = np.zeros((frames, size[1], size[0], 3), np.uint8)
    k = np.arange(frames)[:, None, None, None]
    pictures[:, :, : size[0] // 2] = k % 16 * STEP
    pictures[:, :, size[0] // 2 :] = k // 16 * STEP
    write_video(path, pictures, fps)


def numbers(frames: NDArray[np.uint8]) -> list[int]:
    """The frame numbers that decoded frames of a :func:`film` show."""
    middle = frames.shape[2] // 2
    digits = [(f[:, : middle - 4].mean() / STEP, f[:, middle + 4 :].mean() / STEP) for f in frames]
    return [round(float(low)) + 16 * round(float(high)) for low, high in digits]
