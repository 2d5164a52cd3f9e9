"""The standard library: where objects are and how they move, from their boxes alone.

Each is a soft threshold in log-odds, ``SHARPNESS`` times (what is measured - where it becomes true), so that gradients
reach the boxes. Lengths are measured in sizes of the objects themselves, so that they do not depend on how large a
frame is; image coordinates, y downwards; the camera's own motion is not taken out. A ``.dsl`` file uses one by
declaring it: ``predicate left_of(a, b)``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nesy.predicates.declare import predicate

SHARPNESS = 8.0
SMALL = 1e-4


def centres(boxes: Tensor) -> Tensor:
    """[.., 4] -> [.., 2]."""
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def sizes(boxes: Tensor) -> Tensor:
    """Width and height, [.., 4] -> [.., 2], at least a ten thousandth of the frame."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp_min(SMALL)


def offset(boxes: Tensor) -> Tensor:
    """From the centre of a to that of b in mean widths and heights of both, [B, T, N, N, 2]."""
    c, s = centres(boxes), sizes(boxes)
    return (c[:, :, None, :] - c[:, :, :, None]) / ((s[:, :, None, :] + s[:, :, :, None]) / 2)


def velocity(boxes: Tensor, present: Tensor, fps: Tensor) -> Tensor:
    """Motion of the centres a second, in frame sizes, [B, T, N, 2].

    The mean of the steps from the frame before and to the one after, of those in which the object is seen; 0 without.
    """
    c = centres(boxes)
    both = present[:, 1:] & present[:, :-1]
    step = torch.where(both[..., None], c[:, 1:] - c[:, :-1], 0)
    none, no_step = torch.zeros_like(both[:, :1]), torch.zeros_like(c[:, :1])
    total = torch.cat([no_step, step], 1) + torch.cat([step, no_step], 1)
    count = torch.cat([none, both], 1).to(c.dtype) + torch.cat([both, none], 1).to(c.dtype)
    return total / count.clamp_min(1)[..., None] * fps.to(c.dtype)[:, None, None, None]


def diagonals(boxes: Tensor) -> Tensor:
    """Lengths of the diagonals, [.., 4] -> [..]."""
    return sizes(boxes).square().sum(-1).sqrt()


@predicate("left_of(a: object, b: object)", standard=True)
def left_of(boxes: Tensor) -> Tensor:
    """The centre of a is left of that of b by more than half their mean width."""
    return SHARPNESS * (offset(boxes)[..., 0] - 0.5)


@predicate("right_of(a: object, b: object)", standard=True)
def right_of(boxes: Tensor) -> Tensor:
    """b is left of a."""
    return left_of(boxes).transpose(-1, -2)


@predicate("above(a: object, b: object)", standard=True)
def above(boxes: Tensor) -> Tensor:
    """The centre of a is higher in the picture than that of b by more than half their mean height."""
    return SHARPNESS * (offset(boxes)[..., 1] - 0.5)


@predicate("below(a: object, b: object)", standard=True)
def below(boxes: Tensor) -> Tensor:
    """b is above a."""
    return above(boxes).transpose(-1, -2)


@predicate("inside(a: object, b: object)", standard=True)
def inside(boxes: Tensor) -> Tensor:
    """No side of a is outside b by more than a twentieth of a's size."""
    a, b = boxes[:, :, :, None], boxes[:, :, None, :]
    margin = torch.cat([a[..., :2] - b[..., :2], b[..., 2:] - a[..., 2:]], -1)
    least = (margin / sizes(a).repeat(1, 1, 1, 1, 2)).min(-1).values
    return SHARPNESS * 2 * (least + 0.05)


@predicate("overlaps(a: object, b: object)", standard=True)
def overlaps(boxes: Tensor) -> Tensor:
    """The boxes have points in common: by how much they reach into each other, in mean sizes."""
    a, b = boxes[:, :, :, None], boxes[:, :, None, :]
    depth = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    return SHARPNESS * 2 * (depth / ((sizes(a) + sizes(b)) / 2)).min(-1).values


@predicate("near(a: object, b: object)", standard=True)
def near(boxes: Tensor) -> Tensor:
    """The centres are less than one and a quarter mean diagonals apart."""
    c, d = centres(boxes), diagonals(boxes)
    apart = (c[:, :, None, :] - c[:, :, :, None]).square().sum(-1).add(SMALL**2).sqrt()
    return SHARPNESS * (1.25 - apart / ((d[:, :, None, :] + d[:, :, :, None]) / 2))


@predicate("approaching(a: object, b: object)", standard=True)
def approaching(boxes: Tensor, present: Tensor, fps: Tensor) -> Tensor:
    """a moves towards b by more than a quarter of its diagonal a second."""
    c = centres(boxes)
    way = c[:, :, None, :] - c[:, :, :, None]
    towards = way / way.square().sum(-1, keepdim=True).add(SMALL**2).sqrt()
    speed = (velocity(boxes, present, fps)[:, :, :, None] * towards).sum(-1)
    return SHARPNESS * (speed / diagonals(boxes)[:, :, :, None] - 0.25)


@predicate("moving(a: object)", standard=True)
def moving(boxes: Tensor, present: Tensor, fps: Tensor) -> Tensor:
    """The centre moves by more than a quarter of the diagonal a second."""
    speed = velocity(boxes, present, fps).square().sum(-1).add(SMALL**2).sqrt()
    return SHARPNESS * (speed / diagonals(boxes) - 0.25)


@predicate("still(a: object)", standard=True)
def still(boxes: Tensor, present: Tensor, fps: Tensor) -> Tensor:
    """Not moving."""
    return -moving(boxes, present, fps)


@predicate("larger(a: object, b: object)", standard=True)
def larger(boxes: Tensor) -> Tensor:
    """The area of a is more than a fifth larger than that of b."""
    area = sizes(boxes).log().sum(-1)
    return SHARPNESS * (area[:, :, :, None] - area[:, :, None, :] - 0.1823)  # log 1.2
