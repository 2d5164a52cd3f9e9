"""The pictures of everything in the game, painted by code; every sprite looks right, the left one is its mirror."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.platformer.paint import Canvas, Colour
from nesy.datasets.platformer.world import BODY, SIZES, squashed

INK: Colour = (40, 34, 48)
WHITE: Colour = (255, 255, 255)
SKIN: Colour = (64, 196, 188)
SKIN_DARK: Colour = (34, 140, 140)
SUIT: Colour = (232, 92, 60)
BUBBLE = 0.28  # tiles by which the shield is larger than the character


@lru_cache(maxsize=4096)
def sprite(kind: str, pose: str, phase: int, facing: int, tile: float) -> NDArray[np.float32]:
    """Premultiplied RGBA [H, W, 4] of one kind in one pose; ``phase`` 0 or 1 is the step of its movement."""
    if kind == "mugen":
        picture = _alien(pose, phase, tile)
    elif kind in ("shield", "sparkle"):
        picture = _shield(tile) if kind == "shield" else _sparkle(phase, tile)
    elif pose == "dead":
        picture = _squashed(kind, tile)
    else:
        w, h = SIZES[kind]
        canvas = Canvas(w, h, tile)
        PAINTERS[kind](canvas, phase)
        picture = canvas.image()
    return picture[:, ::-1].copy() if facing < 0 else picture


def _eye(c: Canvas, x: float, y: float, r: float = 0.13, look: float = 0.04) -> None:
    c.ellipse(x, y, r, r, WHITE).ellipse(x + look, y, r * 0.55, r * 0.6, INK)


def _alien(pose: str, phase: int, tile: float) -> NDArray[np.float32]:
    if pose == "dead":
        w, h = BODY["dead"]
        c = Canvas(w, h, tile)
        c.ellipse(0.62, 0.27, 0.42, 0.22, SUIT).ellipse(1.02, 0.3, 0.3, 0.27, (168, 196, 190))
        c.line(0.28, 0.2, 0.08, 0.42, 0.14, SKIN_DARK).line(0.28, 0.24, 0.06, 0.12, 0.14, SKIN_DARK)
        for dx in (-0.1, 0.13):
            c.line(1.0 + dx - 0.06, 0.28, 1.0 + dx + 0.06, 0.42, 0.06, INK)
            c.line(1.0 + dx - 0.06, 0.42, 1.0 + dx + 0.06, 0.28, 0.06, INK)
        return c.outline(0.05, INK).image()
    w, h = BODY["land" if pose == "landing" else "stand"]
    c = Canvas(w, h, tile)
    if pose == "landing":
        c.line(0.28, 0.12, 0.1, 0.06, 0.18, SKIN_DARK).line(0.72, 0.12, 0.9, 0.06, 0.18, SKIN_DARK)
        c.ellipse(0.5, 0.28, 0.38, 0.24, SUIT).ellipse(0.5, 0.65, 0.36, 0.32, SKIN)
        c.line(0.2, 0.35, 0.04, 0.5, 0.13, SKIN).line(0.8, 0.35, 0.96, 0.5, 0.13, SKIN)
        _eye(c, 0.46, 0.68, 0.11)
        _eye(c, 0.72, 0.68, 0.11)
        return c.outline(0.05, INK).image()

    lean = {"running": 0.14, "walking": 0.03}.get(pose, 0.0)
    head, chest = 0.45 + lean, 0.45 + lean / 2
    limb = 0.15
    if pose == "walking":
        step = 0.17 if phase == 0 else -0.04
        c.line(0.45, 0.4, 0.45 + step, 0.09, limb, SKIN_DARK).line(0.45, 0.4, 0.45 - step, 0.09, limb, SKIN_DARK)
    elif pose == "running":
        if phase == 0:
            c.line(0.45, 0.4, 0.8, 0.22, limb, SKIN_DARK).line(0.45, 0.4, 0.12, 0.1, limb, SKIN_DARK)
            c.line(0.12, 0.1, 0.05, 0.28, limb, SKIN_DARK)
        else:
            c.line(0.45, 0.4, 0.62, 0.1, limb, SKIN_DARK).line(0.45, 0.4, 0.3, 0.3, limb, SKIN_DARK)
            c.line(0.3, 0.3, 0.1, 0.32, limb, SKIN_DARK)
    elif pose == "jumping":
        c.line(0.36, 0.4, 0.22, 0.1, limb, SKIN_DARK).line(0.55, 0.42, 0.74, 0.3, limb, SKIN_DARK)
    elif pose == "falling":
        c.line(0.36, 0.4, 0.16, 0.22, limb, SKIN_DARK).line(0.55, 0.4, 0.74, 0.22, limb, SKIN_DARK)
    elif pose == "climbing":
        lift = 0.14 if phase else 0.0
        c.line(0.3, 0.4, 0.24, 0.1 + lift, limb, SKIN_DARK).line(0.6, 0.4, 0.66, 0.24 - lift, limb, SKIN_DARK)
    else:
        c.line(0.34, 0.4, 0.32, 0.09, limb, SKIN_DARK).line(0.56, 0.4, 0.58, 0.09, limb, SKIN_DARK)

    c.ellipse(chest, 0.5, 0.25, 0.24, SUIT)
    arm = 0.13
    if pose == "jumping":
        c.line(0.62, 0.56, 0.84, 1.0, arm, SKIN).line(0.28, 0.54, 0.08, 0.46, arm, SKIN)
    elif pose == "falling":
        c.line(0.64, 0.56, 0.84, 0.86, arm, SKIN).line(0.26, 0.56, 0.06, 0.86, arm, SKIN)
    elif pose == "climbing":
        lift = 0.16 if phase else 0.0
        c.line(0.24, 0.56, 0.1, 0.98 - lift, arm, SKIN).line(0.66, 0.56, 0.8, 0.82 + lift, arm, SKIN)
    elif pose == "running":
        c.line(0.5, 0.58, 0.8 if phase else 0.72, 0.5, arm, SKIN).line(0.4, 0.56, 0.14, 0.6, arm, SKIN)
    elif pose == "walking":
        swing = 0.12 if phase == 0 else -0.05
        c.line(chest, 0.55, chest + 0.08 + swing, 0.34, arm, SKIN)
    elif pose == "turning":
        c.line(0.24, 0.54, 0.07, 0.66, arm, SKIN).line(0.66, 0.54, 0.83, 0.66, arm, SKIN)
    else:
        c.line(0.24, 0.54, 0.17, 0.32, arm, SKIN).line(0.66, 0.54, 0.73, 0.32, arm, SKIN)

    bob = 0.03 if pose in ("walking", "running") and phase else 0.0
    c.line(head - 0.08, 1.2, head - 0.16, 1.32, 0.06, SKIN_DARK).line(
        head + 0.1, 1.2, head + 0.2, 1.32, 0.06, SKIN_DARK
    )
    c.ellipse(head, 0.96 + bob, 0.31, 0.3, SKIN)
    if pose == "climbing":  # seen from behind
        c.ellipse(head, 0.98, 0.2, 0.18, SKIN_DARK)
    elif pose == "turning":
        _eye(c, head - 0.12, 1.0, 0.12, 0.0)
        _eye(c, head + 0.12, 1.0, 0.12, 0.0)
        c.line(head - 0.08, 0.8, head + 0.08, 0.8, 0.05, INK)
    else:
        _eye(c, head + 0.03, 1.0 + bob, 0.11)
        _eye(c, head + 0.21, 1.0 + bob, 0.11)
    return c.outline(0.05, INK).image()


def _shield(tile: float) -> NDArray[np.float32]:
    w, h = BODY["stand"]
    w, h = w + 2 * BUBBLE, h + 2 * BUBBLE
    c = Canvas(w, h, tile)
    c.ellipse(w / 2, h / 2, w / 2, h / 2, (150, 220, 255), 0.28)
    c.ring(w / 2, h / 2, w / 2, h / 2, 0.1, (245, 252, 255), 0.95)
    c.line(w * 0.22, h * 0.68, w * 0.34, h * 0.82, 0.09, WHITE)
    return c.image()


def _sparkle(phase: int, tile: float) -> NDArray[np.float32]:
    c = Canvas(1.3, 1.3, tile)
    r0, r1 = (0.34, 0.62) if phase else (0.28, 0.5)
    for k in range(8):
        a = np.pi * (k + 0.5 * phase) / 4
        x, y = float(np.cos(a)), float(np.sin(a))
        c.line(0.65 + r0 * x, 0.65 + r0 * y, 0.65 + r1 * x, 0.65 + r1 * y, 0.1, (255, 255, 214))
    return c.image()


def _coin(c: Canvas, phase: int) -> None:
    wide = 0.34 if phase == 0 else 0.2
    c.ellipse(0.35, 0.35, wide, 0.34, (190, 128, 10)).ellipse(0.35, 0.35, wide - 0.06, 0.28, (255, 206, 40))
    c.ellipse(0.35 - wide * 0.25, 0.42, wide * 0.25, 0.12, (255, 244, 170))


def _gem(c: Canvas, phase: int) -> None:
    c.polygon([(0.02, 0.44), (0.2, 0.68), (0.55, 0.68), (0.73, 0.44), (0.375, 0.02)], (150, 14, 84))
    c.polygon([(0.1, 0.44), (0.23, 0.62), (0.52, 0.62), (0.65, 0.44), (0.375, 0.1)], (236, 40, 140))
    c.polygon([(0.25, 0.44), (0.31, 0.62), (0.44, 0.62), (0.5, 0.44)], (255, 170, 220) if phase else (255, 120, 196))


def _crate(c: Canvas, _phase: int) -> None:
    c.rectangle(0, 0, 1, 1, (92, 56, 26)).rectangle(0.08, 0.08, 0.92, 0.92, (186, 126, 66))
    c.line(0.16, 0.16, 0.84, 0.84, 0.14, (128, 80, 38)).line(0.16, 0.84, 0.84, 0.16, 0.14, (128, 80, 38))
    for x0, y0, x1, y1 in ((0, 0, 1, 0.12), (0, 0.88, 1, 1), (0, 0, 0.12, 1), (0.88, 0, 1, 1)):
        c.rectangle(x0, y0, x1, y1, (104, 64, 30))


def _ladder(c: Canvas, _phase: int) -> None:
    for k in range(7):
        y = 0.22 + k * 0.42
        c.rectangle(0.05, y - 0.07, 0.75, y + 0.05, (222, 170, 92)).rectangle(
            0.05, y - 0.1, 0.75, y - 0.07, (132, 86, 34)
        )
    for x in (0.0, 0.64):
        c.rectangle(x, 0, x + 0.16, 3, (132, 86, 34)).rectangle(x + 0.03, 0, x + 0.12, 3, (240, 192, 112))


def _snail(c: Canvas, phase: int) -> None:
    stretch = 0.04 * phase
    c.ellipse(0.5 + stretch, 0.12, 0.46, 0.12, (244, 224, 150)).line(0.84, 0.14, 0.88, 0.5, 0.14, (244, 224, 150))
    c.line(0.86, 0.5, 0.94, 0.74, 0.06, (200, 172, 100)).line(0.84, 0.5, 0.78, 0.74, 0.06, (200, 172, 100))
    c.ellipse(0.42, 0.44, 0.36, 0.36, (214, 70, 50)).ellipse(0.42, 0.44, 0.25, 0.25, (255, 148, 90))
    c.ellipse(0.42, 0.44, 0.14, 0.14, (190, 56, 44)).outline(0.04, INK)


def _worm(c: Canvas, phase: int) -> None:
    ys = (0.14, 0.26, 0.15, 0.2) if phase else (0.14, 0.16, 0.24, 0.2)
    for i, (x, y) in enumerate(zip((0.16, 0.42, 0.68, 0.94), ys, strict=True)):
        c.ellipse(x, y, 0.18, 0.14 if i < 3 else 0.18, (255, 150, 176) if i % 2 else (240, 112, 148))
    _eye(c, 0.99, 0.28, 0.07, 0.02)
    c.outline(0.04, INK)


def _mouse(c: Canvas, phase: int) -> None:
    c.line(0.02, 0.42 - 0.1 * phase, 0.24, 0.18, 0.07, (244, 168, 176))
    step = 0.08 if phase else -0.04
    c.line(0.36, 0.16, 0.36 + step, 0.04, 0.1, (90, 94, 104)).line(0.66, 0.16, 0.66 - step, 0.04, 0.1, (90, 94, 104))
    c.ellipse(0.52, 0.28, 0.36, 0.22, (138, 142, 154)).ellipse(0.84, 0.34, 0.22, 0.18, (158, 162, 174))
    c.ellipse(0.72, 0.56, 0.15, 0.16, (120, 124, 136)).ellipse(0.72, 0.56, 0.09, 0.1, (244, 168, 176))
    c.ellipse(0.9, 0.4, 0.05, 0.06, INK).ellipse(1.05, 0.3, 0.05, 0.05, (226, 96, 116)).outline(0.04, INK)


def _frog(c: Canvas, phase: int) -> None:
    if phase:
        c.line(0.3, 0.3, 0.08, 0.06, 0.14, (48, 130, 40)).line(0.62, 0.26, 0.8, 0.08, 0.12, (48, 130, 40))
        c.ellipse(0.48, 0.44, 0.4, 0.24, (92, 190, 62))
    else:
        c.ellipse(0.22, 0.16, 0.2, 0.15, (48, 130, 40)).ellipse(0.72, 0.1, 0.18, 0.1, (48, 130, 40))
        c.ellipse(0.48, 0.34, 0.42, 0.3, (92, 190, 62))
    c.ellipse(0.54, 0.28, 0.26, 0.13, (206, 234, 150))
    for x in (0.42, 0.74):
        c.ellipse(x, 0.66, 0.16, 0.17, (92, 190, 62))
        _eye(c, x + 0.02, 0.69, 0.11)
    c.outline(0.04, INK)


def _slime(c: Canvas, phase: int) -> None:
    high = 0.62 if phase else 0.52
    c.ellipse(0.5, 0.1, 0.49, 0.1, (110, 50, 180))
    c.polygon(
        [(0.02, 0.08), (0.1, 0.3), (0.28, high - 0.04), (0.72, high - 0.04), (0.9, 0.3), (0.98, 0.08)], (150, 80, 226)
    )
    c.ellipse(0.5, high - 0.18, 0.36, 0.2, (150, 80, 226)).ellipse(0.3, high - 0.12, 0.1, 0.06, (206, 164, 255))
    _eye(c, 0.52, 0.32, 0.11)
    _eye(c, 0.78, 0.32, 0.11)
    c.outline(0.04, INK)


def _bee(c: Canvas, phase: int) -> None:
    up = 0.68 if phase == 0 else 0.5
    c.ellipse(0.36, up, 0.2, 0.17, (226, 244, 255)).ellipse(0.58, up, 0.17, 0.15, (206, 230, 250))
    c.polygon([(0.0, 0.28), (0.16, 0.2), (0.16, 0.36)], INK)
    c.ellipse(0.5, 0.28, 0.4, 0.25, (255, 214, 36))
    for x in (0.26, 0.48):
        c.rectangle(x, 0.06, x + 0.1, 0.5, INK)
    c.ellipse(0.82, 0.3, 0.17, 0.18, (255, 190, 30))
    _eye(c, 0.84, 0.34, 0.09, 0.03)
    c.outline(0.04, INK)


def _bat(c: Canvas, phase: int) -> None:
    tip, mid = (0.7, 0.5) if phase == 0 else (0.12, 0.3)
    for side in (-1, 1):
        x = 0.65
        points = [(x, 0.5), (x + side * 0.34, mid + 0.14), (x + side * 0.63, tip), (x + side * 0.46, 0.22), (x, 0.24)]
        c.polygon(points, (84, 66, 140))
    c.ellipse(0.65, 0.36, 0.2, 0.24, (54, 42, 96))
    c.polygon([(0.5, 0.52), (0.52, 0.74), (0.62, 0.58)], (54, 42, 96))
    c.polygon([(0.68, 0.58), (0.8, 0.74), (0.81, 0.52)], (54, 42, 96))
    c.ellipse(0.64, 0.42, 0.06, 0.07, (255, 86, 70)).ellipse(0.8, 0.42, 0.05, 0.07, (255, 86, 70))
    c.polygon([(0.66, 0.22), (0.7, 0.12), (0.74, 0.22)], WHITE).outline(0.03, INK)


PAINTERS = {
    "coin": _coin,
    "gem": _gem,
    "crate": _crate,
    "ladder": _ladder,
    "snail": _snail,
    "worm": _worm,
    "mouse": _mouse,
    "frog": _frog,
    "slime": _slime,
    "bee": _bee,
    "bat": _bat,
}


def _squashed(kind: str, tile: float) -> NDArray[np.float32]:
    """The living picture, flattened and paled."""
    w, h = SIZES[kind]
    canvas = Canvas(w, h, tile)
    PAINTERS[kind](canvas, 0)
    whole = canvas.image()
    rows = np.linspace(0, whole.shape[0] - 1, max(1, round(squashed(h) * tile))).round().astype(int)
    flat: NDArray[np.float32] = whole[rows].copy()
    grey = flat[..., :3].mean(-1, keepdims=True)
    flat[..., :3] = 0.45 * flat[..., :3] + 0.4 * grey + 20.0 * flat[..., 3:]
    return flat
