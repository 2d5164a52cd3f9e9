"""Pictures of objects and of ordered pairs for encoders of whole pictures: square windows, dimmed around, tinted.

An encoder such as CLIP sees one picture and no box. An object is shown by dimming what lies outside its box; of a pair
the subject is tinted red and the object blue, so that (a, b) and (b, a) are different pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import roi_align

GREY = 118.0
DIM = 0.25  # of the picture that is left outside the boxes
TINT = 0.35  # of the colour in a tinted box
RED, BLUE = (230.0, 30.0, 30.0), (30.0, 60.0, 230.0)


def object_regions(frames: Tensor, index: Tensor, boxes: Tensor, size: int, margin: float = 0.15) -> Tensor:
    """Square windows around objects, with everything outside the box dimmed.

    Args:
        frames: [F, 3, H, W], 0 to 255, any number type.
        index: long [M], the frame of each object.
        boxes: [M, 4] in pixels, x0 y0 x1 y1.
        size: side S of the windows.

    Returns:
        float [M, 3, S, S], 0 to 255.
    """
    window = _square(boxes, margin)
    pictures = _resample(frames, index, window, size)
    inside = _inside(window, boxes, size)
    return torch.where(inside, pictures, DIM * pictures + (1 - DIM) * GREY)


def pair_regions(
    frames: Tensor, index: Tensor, subjects: Tensor, objects: Tensor, size: int, margin: float = 0.1
) -> Tensor:
    """Square windows around the union of two boxes, the subject tinted red, the object blue, the rest dimmed.

    Shapes as in :func:`object_regions`; where the boxes overlap both tints are mixed.
    """
    union = torch.cat(
        [torch.minimum(subjects[:, :2], objects[:, :2]), torch.maximum(subjects[:, 2:], objects[:, 2:])], 1
    )
    window = _square(union, margin)
    pictures = _resample(frames, index, window, size)
    first, second = _inside(window, subjects, size), _inside(window, objects, size)
    shown = torch.where(first | second, pictures, DIM * pictures + (1 - DIM) * GREY)
    for inside, colour in ((first, RED), (second, BLUE)):
        tint = shown.new_tensor(colour)[None, :, None, None]
        shown = torch.where(inside, (1 - TINT) * shown + TINT * tint, shown)
    return shown


def _square(boxes: Tensor, margin: float) -> Tensor:
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).amax(1, keepdim=True).clamp_min(2.0) * (0.5 + margin)
    return torch.cat([middle - half, middle + half], 1)


def _resample(frames: Tensor, index: Tensor, window: Tensor, size: int) -> Tensor:
    if not len(window):
        return torch.zeros(0, 3, size, size, device=frames.device)
    used, where = torch.unique(index, return_inverse=True)  # only the frames that are needed become floats
    rois = torch.cat([where[:, None].float(), window.float()], 1)
    out: Tensor = roi_align(frames[used].float(), rois, size, sampling_ratio=2, aligned=True)
    return out


def _inside(window: Tensor, boxes: Tensor, size: int) -> Tensor:
    """bool [M, 1, S, S]: the window's pixels whose centre lies in the box."""
    share = (torch.arange(size, device=boxes.device) + 0.5) / size
    span = window[:, 2:] - window[:, :2]
    x = window[:, :1] + share * span[:, :1]
    y = window[:, 1:2] + share * span[:, 1:]
    across = (x >= boxes[:, :1]) & (x < boxes[:, 2:3])
    down = (y >= boxes[:, 1:2]) & (y < boxes[:, 3:4])
    return (down[:, :, None] & across[:, None, :])[:, None]
