"""The ``motion`` detector: what moves before a camera that stands still. No weights, no classes.

The background is the median of frames spread over the video; a pixel that differs from it, with its neighbours, belongs
to something that moves, and connected pixels are one object. It finds neither what stands still all the time
nor single people in a crowd, and it fails where the camera moves.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from nesy.errors import DataError
from nesy.perception.options import read_options
from nesy.perception.tracking.detections import Detections, Detector, detectors

DEFAULTS: dict[str, object] = {
    "label": "thing",
    "resolution": 384,  # longer side at which motion is looked for
    "contrast": 22.0,  # grey levels (of 255) by which a pixel must differ
    "area": 0.0012,  # share of the picture that the smallest object covers
    "spread": 60,  # frames that the background is the median of
}
MOST = 64  # objects a frame


class Motion:
    """See the module; the settings are those of DEFAULTS."""

    def __init__(self, label: str, resolution: int, contrast: float, area: float, spread: int) -> None:
        self.label, self.resolution, self.contrast, self.area, self.spread = label, resolution, contrast, area, spread

    def __call__(self, frames: NDArray[np.uint8]) -> list[Detections]:
        if len(frames) < 3:
            raise DataError("the motion detector needs at least 3 frames")
        chosen = np.linspace(0, len(frames) - 1, min(self.spread, len(frames))).round().astype(int)
        background = self._shrink(frames[chosen]).median(0).values
        found = []
        for start in range(0, len(frames), 64):
            small = self._shrink(frames[start : start + 64])
            difference = (small - background).abs().amax(1, keepdim=True)
            moving = avg_pool2d(difference, 3, 1, 1) > self.contrast
            closed = -max_pool2d(-max_pool2d(moving.float(), 7, 1, 3), 5, 1, 2) > 0  # joins legs, heads and bodies
            scale = frames.shape[2] / small.shape[3], frames.shape[1] / small.shape[2]
            found += [self._boxes(c[0], d[0] * m[0], scale) for c, d, m in zip(closed, difference, moving, strict=True)]
        return found

    def _shrink(self, frames: NDArray[np.uint8]) -> Tensor:
        x = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
        scale = self.resolution / max(x.shape[2:])
        if scale >= 1:
            return x
        goal = [max(1, round(side * scale)) for side in x.shape[2:]]
        return interpolate(x, size=goal, mode="bilinear", antialias=True, align_corners=False)

    def _boxes(self, moving: Tensor, difference: Tensor, scale: tuple[float, float]) -> Detections:
        parts = components(moving)
        boxes, scores = [], []
        for number in range(1, int(parts.max()) + 1) if parts.numel() else ():
            y, x = (parts == number).nonzero(as_tuple=True)
            if len(y) < self.area * moving.numel():
                continue
            boxes.append([int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1])
            seen = difference[y, x]
            # Contrast of the moving pixels alone: twice the threshold is sure.
            scores.append(min(1.0, float(seen[seen > 0].mean()) / (2 * self.contrast)) if (seen > 0).any() else 0.0)
        order = np.argsort(scores)[::-1][:MOST]
        size = np.array([*scale, *scale], np.float32)
        return Detections(
            (np.array(boxes, np.float32).reshape(-1, 4) * size)[order].astype(np.float32),
            np.array(scores, np.float32)[order],
            (self.label,) * len(order),
        )


def components(mask: Tensor) -> Tensor:
    """Connected parts (8 neighbours) of a bool mask [H, W], numbered from 1 in reading order; 0 outside.

    Every pixel takes the greatest number in its neighbourhood until nothing changes; rows and columns are swept whole,
    so that the number of rounds is that of a part's bends and not of its pixels.
    """
    h, w = mask.shape
    number = torch.arange(h * w, 0, -1, dtype=torch.float64).reshape(h, w) * mask
    while True:
        before = number
        number = max_pool2d(number[None, None], 3, 1, 1)[0, 0] * mask
        for axis in (0, 1):
            number = _sweep(number, mask, axis)
        if torch.equal(before, number):
            break
    values = torch.unique(number[mask])
    out = torch.zeros(h, w, dtype=torch.long)
    if len(values):
        out[mask] = len(values) - torch.searchsorted(values, number[mask])
    return out


def _sweep(number: Tensor, mask: Tensor, axis: int) -> Tensor:
    """Along an axis, each run of pixels of the mask takes its greatest number."""
    x, m = (number, mask) if axis == 1 else (number.T, mask.T)
    runs = (~m).cumsum(1)  # constant on a run of the mask
    key = runs + torch.arange(len(x))[:, None] * (x.shape[1] + 1)
    greatest = torch.zeros(int(key.max()) + 1, dtype=x.dtype)
    greatest.scatter_reduce_(0, key.flatten(), x.flatten(), "amax")
    spread = greatest[key] * m
    return spread if axis == 1 else spread.T


@detectors.register("motion")
def motion(settings: Mapping[str, object]) -> Detector:
    """What moves before a standing camera."""
    return Motion(**read_options("motion", settings, DEFAULTS, least={"resolution": 16, "spread": 3}, block="detector"))
