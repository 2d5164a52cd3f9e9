"""Pictures of objects and of ordered pairs for encoders of whole pictures: square windows, dimmed around, tinted.

An encoder such as CLIP sees one picture and no box. An object is shown by dimming what lies outside its box; of a pair
the subject is tinted red and the object blue, so that (a, b) and (b, a) are different pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample
from torchvision.ops import roi_align

GREY = 118.0
DIM = 0.25  # of the picture that is left outside the boxes
TINT = 0.35  # of the colour in a tinted box
RED, BLUE = (230.0, 30.0, 30.0), (30.0, 60.0, 230.0)


def object_regions(
    frames: Tensor, index: Tensor, boxes: Tensor, size: int, margin: float = 0.15, shapes: Tensor | None = None
) -> Tensor:
    """Square windows around objects, with everything outside the box (outside the mask, where there is one) dimmed.

    Args:
        frames: [F, 3, H, W], 0 to 255, any number type.
        index: long [M], the frame of each object.
        boxes: [M, 4] in pixels, x0 y0 x1 y1.
        size: side S of the windows.
        shapes: [M, K, K], each object's mask within its box, 0 to 255.

    Returns:
        float [M, 3, S, S], 0 to 255.
    """
    window = _square(boxes, margin)
    pictures = _resample(frames, index, window, size)
    inside = _inside(window, boxes, size, shapes)
    return torch.where(inside, pictures, DIM * pictures + (1 - DIM) * GREY)


def pair_regions(
    frames: Tensor,
    index: Tensor,
    subjects: Tensor,
    objects: Tensor,
    size: int,
    margin: float = 0.1,
    shapes: tuple[Tensor | None, Tensor | None] = (None, None),
) -> Tensor:
    """Square windows around the union of two boxes, the subject tinted red, the object blue, the rest dimmed.

    As in :func:`object_regions`, with the ``shapes`` of both; where the two overlap both tints are mixed.
    """
    union = torch.cat(
        [torch.minimum(subjects[:, :2], objects[:, :2]), torch.maximum(subjects[:, 2:], objects[:, 2:])], 1
    )
    window = _square(union, margin)
    pictures = _resample(frames, index, window, size)
    first = _inside(window, subjects, size, shapes[0])
    second = _inside(window, objects, size, shapes[1])
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


def _inside(window: Tensor, boxes: Tensor, size: int, shapes: Tensor | None = None) -> Tensor:
    """bool [M, 1, S, S]: the window's pixels whose centre lies in the box and, with ``shapes``, in the mask."""
    share = (torch.arange(size, device=boxes.device) + 0.5) / size
    span = window[:, 2:] - window[:, :2]
    x = window[:, :1] + share * span[:, :1]
    y = window[:, 1:2] + share * span[:, 1:]
    across = (x >= boxes[:, :1]) & (x < boxes[:, 2:3])
    down = (y >= boxes[:, 1:2]) & (y < boxes[:, 3:4])
    inside = (down[:, :, None] & across[:, None, :])[:, None]
    if shapes is None or not len(boxes):
        return inside
    # where the window's pixels are within the box, from -1 to 1
    wide = (boxes[:, 2:] - boxes[:, :2]).clamp_min(1e-6)
    u, v = (x - boxes[:, :1]) / wide[:, :1] * 2 - 1, (y - boxes[:, 1:2]) / wide[:, 1:] * 2 - 1
    grid = torch.stack([u[:, None, :].expand(-1, size, -1), v[:, :, None].expand(-1, -1, size)], -1)
    sampled = grid_sample(shapes[:, None].float(), grid, padding_mode="border", align_corners=False)
    return inside & (sampled >= 127.5)


def shapes_of(masks: Tensor, boxes: Tensor, side: int = 32) -> Tensor:
    """Each object's mask within its box, uint8 [T, N, K, K], from masks bool [T, N, H, W] and boxes in pixels.

    An object whose mask is empty there fills its box.
    """
    t, n = masks.shape[:2]
    if not t * n:
        return torch.zeros(t, n, side, side, dtype=torch.uint8)
    # frame by frame: all masks of a clip as floats are large
    shapes = []
    for mask, box in zip(masks, boxes, strict=True):
        rois = torch.cat([torch.arange(n)[:, None].float(), box.float()], 1)
        inside = roi_align(mask[:, None].float(), rois, side, sampling_ratio=2, aligned=True)[:, 0]
        shapes.append(torch.where(inside.amax((1, 2), keepdim=True) >= 0.5, inside, 1.0))
    return (255 * torch.stack(shapes)).round().byte()
