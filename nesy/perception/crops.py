"""Cut objects and pairs of objects out of frames."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import roi_align

from nesy.perception.base import View


def cut(
    frames: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    present: NDArray[np.bool_],
    *,
    size: int = 16,
    union_size: int = 8,
    margin: float = 0.25,
) -> View:
    """Crops of every present object and of the union of every present pair, with a margin of context.

    frames uint8 [T, H, W, 3]; boxes [T, N, 4] in pixels; present [T, N]. ``margin`` is a share of the box on each side.
    """
    video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    t, _, height, width = video.shape
    box, there = torch.from_numpy(boxes).float(), torch.from_numpy(present)
    n = box.shape[1]
    crops = torch.zeros(t, n, 3, size, size, dtype=torch.uint8)
    crops[there] = _resample(video, box[there], there.nonzero()[:, 0], size, margin)
    both = there[:, :, None] & there[:, None, :] & ~torch.eye(n, dtype=torch.bool)
    union = torch.cat(
        [
            torch.minimum(box[:, :, None, :2], box[:, None, :, :2]),
            torch.maximum(box[:, :, None, 2:], box[:, None, :, 2:]),
        ],
        -1,
    )
    unions = torch.zeros(t, n, n, 3, union_size, union_size, dtype=torch.uint8)
    unions[both] = _resample(video, union[both], both.nonzero()[:, 0], union_size, 0.0)
    scale = torch.tensor([width, height, width, height], dtype=torch.float32)
    return View(crops, unions, box / scale, there)


def _resample(video: Tensor, box: Tensor, frame: Tensor, size: int, margin: float) -> Tensor:
    if not len(box):
        return torch.zeros(0, 3, size, size, dtype=torch.uint8)
    extra = margin * (box[:, 2:] - box[:, :2])
    wide = torch.cat([box[:, :2] - extra, box[:, 2:] + extra], 1)
    rois = torch.cat([frame[:, None].float(), wide], 1)
    cropped: Tensor = roi_align(video, rois, size, sampling_ratio=2, aligned=True)
    return cropped.round().clamp(0, 255).byte()
