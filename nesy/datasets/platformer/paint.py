"""A small painter: flat anti-aliased shapes on a transparent canvas, in tile units with y upwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SUPERSAMPLING = 4
Colour = tuple[int, int, int]
Point = tuple[float, float]


class Canvas:
    """``width`` x ``height`` tiles at ``tile`` pixels a tile; shapes are painted over one another."""

    def __init__(self, width: float, height: float, tile: float) -> None:
        self.pixels_w, self.pixels_h = max(1, round(width * tile)), max(1, round(height * tile))
        w, h = self.pixels_w * SUPERSAMPLING, self.pixels_h * SUPERSAMPLING
        self.x = ((np.arange(w) + 0.5) / w * width)[None, :]
        self.y = ((h - np.arange(h) - 0.5) / h * height)[:, None]
        self.rgb: NDArray[np.float64] = np.zeros((h, w, 3))
        self.alpha: NDArray[np.float64] = np.zeros((h, w))

    def fill(self, mask: NDArray[np.bool_], colour: Colour, opacity: float = 1.0) -> Canvas:
        weight = mask.astype(np.float64) * opacity
        total: NDArray[np.float64] = weight + self.alpha * (1.0 - weight)
        share = np.divide(weight, total, out=np.zeros_like(total), where=total > 0)
        self.rgb += (np.array(colour, float) - self.rgb) * share[..., None]
        self.alpha = total
        return self

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, colour: Colour, opacity: float = 1.0) -> Canvas:
        return self.fill(((self.x - cx) / rx) ** 2 + ((self.y - cy) / ry) ** 2 <= 1.0, colour, opacity)

    def ring(self, cx: float, cy: float, rx: float, ry: float, width: float, colour: Colour, opacity: float) -> Canvas:
        outer = ((self.x - cx) / rx) ** 2 + ((self.y - cy) / ry) ** 2 <= 1.0
        inner = ((self.x - cx) / (rx - width)) ** 2 + ((self.y - cy) / (ry - width)) ** 2 <= 1.0
        return self.fill(outer & ~inner, colour, opacity)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, opacity: float = 1.0) -> Canvas:
        return self.fill((self.x >= x0) & (self.x <= x1) & (self.y >= y0) & (self.y <= y1), colour, opacity)

    def polygon(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> Canvas:
        """Even-odd filled polygon."""
        inside = np.zeros(self.alpha.shape, bool)
        for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
            if ay != by:
                crosses = (ay > self.y) != (by > self.y)
                inside ^= crosses & (self.x < (bx - ax) * (self.y - ay) / (by - ay) + ax)
        return self.fill(inside, colour, opacity)

    def line(self, ax: float, ay: float, bx: float, by: float, width: float, colour: Colour) -> Canvas:
        """A stroke with round ends."""
        dx, dy = bx - ax, by - ay
        along = np.clip(((self.x - ax) * dx + (self.y - ay) * dy) / max(dx * dx + dy * dy, 1e-9), 0.0, 1.0)
        distance = (self.x - ax - along * dx) ** 2 + (self.y - ay - along * dy) ** 2
        return self.fill(distance <= (width / 2) ** 2, colour)

    def outline(self, width: float, colour: Colour) -> Canvas:
        """Paint a dark rim of ``width`` tiles behind what is there, inside the canvas."""
        reach = max(1, round(width * self.alpha.shape[1] / (self.x[0, -1] + self.x[0, 0])))
        grown = self.alpha.copy()
        for dx in range(-reach, reach + 1):
            for dy in range(-reach, reach + 1):
                if dx * dx + dy * dy <= reach * reach:
                    grown = np.maximum(grown, _shift(self.alpha, dy, dx))
        extra = np.maximum(grown - self.alpha, 0.0)
        total = self.alpha + extra
        share = np.divide(extra, total, out=np.zeros_like(total), where=total > 0)
        self.rgb += (np.array(colour, float) - self.rgb) * share[..., None]
        self.alpha = total
        return self

    def image(self) -> NDArray[np.float32]:
        """Average down to premultiplied RGBA, float32 [H, W, 4]; colour 0..255, alpha 0..1."""
        s = SUPERSAMPLING
        stack = np.concatenate([self.rgb * self.alpha[..., None], self.alpha[..., None]], axis=-1)
        small: NDArray[np.float64] = stack.reshape(self.pixels_h, s, self.pixels_w, s, 4).mean((1, 3))
        return small.astype(np.float32)


def _shift(a: NDArray[np.float64], dy: int, dx: int) -> NDArray[np.float64]:
    out = np.zeros_like(a)
    h, w = a.shape
    out[max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = a[
        max(-dy, 0) : h + min(-dy, 0), max(-dx, 0) : w + min(-dx, 0)
    ]
    return out
