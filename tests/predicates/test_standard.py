"""The standard library against plain definitions, one pair of boxes at a time, and its gradients."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from nesy.predicates import registered
from nesy.predicates.standard import velocity

Box = tuple[float, float, float, float]
PLACES = ("left_of", "right_of", "above", "below", "inside", "overlaps", "near", "larger")
NAMES = (*PLACES, "approaching", "moving", "still")


def centre(b: Box) -> tuple[float, float]:
    return (b[0] + b[2]) / 2, (b[1] + b[3]) / 2


def size(b: Box) -> tuple[float, float]:
    return b[2] - b[0], b[3] - b[1]


SLOW = {
    "left_of": lambda a, b: (centre(b)[0] - centre(a)[0]) > (size(a)[0] + size(b)[0]) / 4,
    "right_of": lambda a, b: (centre(a)[0] - centre(b)[0]) > (size(a)[0] + size(b)[0]) / 4,
    "above": lambda a, b: (centre(b)[1] - centre(a)[1]) > (size(a)[1] + size(b)[1]) / 4,
    "below": lambda a, b: (centre(a)[1] - centre(b)[1]) > (size(a)[1] + size(b)[1]) / 4,
    "inside": lambda a, b: all(
        m >= -size(a)[i % 2] / 20 for i, m in enumerate((a[0] - b[0], a[1] - b[1], b[2] - a[2], b[3] - a[3]))
    ),
    "overlaps": lambda a, b: min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1]),
    "near": lambda a, b: (
        math.dist(centre(a), centre(b)) < 1.25 * (math.hypot(*size(a)) + math.hypot(*size(b))) / 2
    ),
    "larger": lambda a, b: size(a)[0] * size(a)[1] > 1.2 * size(b)[0] * size(b)[1],
}  # fmt: skip


def boxes_of() -> st.SearchStrategy[Box]:
    part = st.integers(0, 40).map(lambda k: k / 64)
    return st.tuples(part, part, st.integers(2, 20), st.integers(2, 20)).map(
        lambda b: (b[0], b[1], b[0] + b[2] / 64, b[1] + b[3] / 64)
    )


def values(name: str, boxes: torch.Tensor, fps: float = 8.0) -> torch.Tensor:
    inputs = {
        "boxes": boxes,
        "present": torch.ones(boxes.shape[:3], dtype=torch.bool),
        "fps": torch.full(boxes.shape[:1], fps),
    }
    custom = registered()[name]
    out: torch.Tensor = custom.code(**{w: inputs[w] for w in custom.wants})
    return out


@pytest.mark.parametrize("name", SLOW)
@given(boxes_of(), boxes_of())
def test_positions_as_defined(name: str, a: Box, b: Box) -> None:
    logit = float(values(name, torch.tensor([[[a, b]]], dtype=torch.float64))[0, 0, 0, 1])
    assume(abs(logit) > 1e-3)  # on the threshold rounding decides
    assert (logit > 0) == SLOW[name](a, b)


def test_motion_by_hand() -> None:
    # a moves right by 0.02 a frame at 8 frames a second: 0.16 a second; its diagonal is 0.1 sqrt 2. b stands still.
    t = 4
    boxes = torch.zeros(1, t, 2, 4)
    for k in range(t):
        boxes[0, k, 0] = torch.tensor([0.1 + 0.02 * k, 0.1, 0.2 + 0.02 * k, 0.2])
        boxes[0, k, 1] = torch.tensor([0.6, 0.1, 0.7, 0.2])
    moving, still, approaching = (values(n, boxes) for n in ("moving", "still", "approaching"))
    assert torch.allclose(moving[0, :, 0], torch.tensor(8 * (0.16 / (0.1 * 2**0.5) - 0.25)), atol=2e-2)
    assert (moving[0, :, 1] < 0).all() and torch.equal(still, -moving)
    assert (approaching[0, :, 0, 1] > 0).all() and (approaching[0, :, 1, 0] < 0).all()
    assert (values("moving", boxes, fps=1.0)[0, :, 0] < 0).all()  # the same steps once a second are slow
    leaving = boxes.flip(1)
    assert (values("approaching", leaving)[0, :, 0, 1] < 0).all()


def test_velocity_looks_only_at_frames_in_which_the_object_is() -> None:
    boxes = torch.zeros(1, 5, 1, 4)
    boxes[0, :, 0, 0] = boxes[0, :, 0, 2] = torch.tensor([0.0, 0.1, 0.0, 0.5, 0.7])
    present = torch.tensor([[[True], [True], [False], [True], [True]]])
    v = velocity(boxes, present, torch.tensor([10.0]))[0, :, 0, 0]
    assert torch.allclose(v, torch.tensor([1.0, 1.0, 0.0, 2.0, 2.0]))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_the_boxes_and_are_right(name: str) -> None:
    torch.manual_seed(0)
    corner = torch.rand(1, 3, 3, 2, dtype=torch.float64) * 0.6
    boxes = torch.cat([corner, corner + 0.1 + 0.2 * torch.rand(1, 3, 3, 2, dtype=torch.float64)], -1)
    boxes.requires_grad_()
    assert torch.autograd.gradcheck(lambda b: values(name, b), (boxes,), atol=1e-5)
    out = values(name, boxes)
    picked = out[:, :, 0, 1] if out.ndim == 4 else out[:, :, 0]
    (slope,) = torch.autograd.grad(picked.sum(), boxes)
    assert slope.isfinite().all() and slope.abs().sum() > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_step_up_the_gradient_makes_it_truer_and_in_the_end_true(name: str) -> None:
    """Objects that do not stand so move until they do: what a loss on the fact would teach a detector."""
    a = [[0.40, 0.40, 0.60, 0.60], [0.42, 0.40, 0.62, 0.60], [0.40, 0.42, 0.60, 0.62]]
    b = [[0.10, 0.10, 0.20, 0.25], [0.50, 0.50, 0.62, 0.66], [0.70, 0.10, 0.80, 0.22]]
    boxes = torch.tensor([[[x, y] for x, y in zip(a, b, strict=True)]], requires_grad=True)
    optimizer = torch.optim.Adam([boxes], lr=0.02)
    first = None
    for _ in range(150):
        out = values(name, boxes)
        picked = out[:, :, 0, 1] if out.ndim == 4 else out[:, :, 0]
        first = float(picked.detach().min()) if first is None else first
        optimizer.zero_grad()
        torch.nn.functional.softplus(-picked).sum().backward()
        optimizer.step()
    with torch.no_grad():
        out = values(name, boxes)
    picked = out[:, :, 0, 1] if out.ndim == 4 else out[:, :, 0]
    assert float(picked.min()) > 0 and first is not None and float(picked.min()) > first - 1e-6


def test_extreme_boxes_give_numbers() -> None:
    boxes = torch.zeros(1, 2, 2, 4)  # empty boxes, as of absent objects
    boxes[0, :, 1] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    boxes.requires_grad_()
    for name in NAMES:
        out = values(name, boxes)
        (slope,) = torch.autograd.grad(out.sum(), boxes)
        assert out.isfinite().all() and slope.isfinite().all(), name
