"""Overlap of objects followed through time (tubes) and of stretches of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


def box_iou(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Intersection over union of boxes [..., 4] (x0, y0, x1, y1) with boxes [..., 4]; 0 for two empty boxes."""
    inside, union = _areas(a.astype(np.float64), b.astype(np.float64))
    return np.asarray(np.divide(inside, union, out=np.zeros_like(inside), where=union > 0), np.float64)


def box_tube_iou(a: Floats, a_present: Bools, b: Floats, b_present: Bools) -> float:
    """vIoU of two tubes: summed intersections over summed unions of all frames (VidVRD; Shang et al., 2017).

    boxes [T, 4], present [T]. A frame in which only one is present adds that one's area to the union.
    """
    a, b = a.astype(np.float64) * a_present[:, None], b.astype(np.float64) * b_present[:, None]
    inside, union = _areas(a, b)
    inside = np.where(a_present & b_present, inside, 0.0)
    union = _area(a) + _area(b) - inside
    return float(inside.sum() / union.sum()) if union.sum() > 0 else 0.0


def mask_iou(a: Bools, b: Bools) -> NDArray[np.float64]:
    """Intersection over union of masks [..., H, W], pairwise; 0 for two empty masks."""
    inside = (a & b).sum((-2, -1)).astype(np.float64)
    union = (a | b).sum((-2, -1)).astype(np.float64)
    return np.asarray(np.divide(inside, union, out=np.zeros_like(inside), where=union > 0), np.float64)


def mask_tube_iou(a: Bools, b: Bools) -> float:
    """vIoU of two mask tubes [T, H, W]: pixels in both over pixels in either, of all frames together."""
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 0.0


def temporal_iou(a: Bools, b: Bools) -> float:
    """Frames in both stretches over frames in either, [T] each; 0 when both are empty."""
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 0.0


def _area(a: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.maximum(a[..., 2:] - a[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float64)


def _areas(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    corner = np.maximum(a[..., :2], b[..., :2])
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - corner, 0)
    inside = sides[..., 0] * sides[..., 1]
    return inside, _area(a) + _area(b) - inside
