"""From a simulated clip to pictures: hills, ground, platforms, things, monsters, the character and its bubble."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.platformer.paint import Canvas, Colour
from nesy.datasets.platformer.simulate import POSES, Record
from nesy.datasets.platformer.sprites import BUBBLE, sprite
from nesy.datasets.platformer.truth import to_view
from nesy.datasets.platformer.vocabulary import FURNITURE, ITEMS
from nesy.datasets.platformer.world import FLOOR_MARGIN, LEVEL_WIDTH, SIZES, VIEW, World

# sky above and below, far hills, near hills, earth, surface
THEMES: tuple[tuple[Colour, ...], ...] = (
    ((176, 220, 246), (226, 242, 250), (176, 214, 220), (156, 204, 190), (146, 104, 70), (98, 182, 84)),
    ((198, 214, 240), (238, 242, 252), (190, 204, 228), (172, 190, 220), (126, 140, 168), (240, 248, 255)),
    ((250, 224, 190), (254, 242, 220), (240, 206, 166), (232, 192, 146), (176, 128, 76), (236, 196, 112)),
)
PARALLAX = 0.5


def render(world: World, record: Record, size: int) -> NDArray[np.uint8]:
    """Pictures of every frame, uint8 [T, size, size, 3]."""
    tile = size / VIEW
    back, strip = _scenery(world, tile, size)
    shown = to_view(record.box, record.camera)
    frames = np.empty((len(record.exists), size, size, 3), np.uint8)
    order = sorted(range(1, len(record.kinds)), key=lambda e: _layer(record.kinds[e]))
    static = [e for e in order if record.kinds[e] in FURNITURE]
    for e in static:
        x0, y0 = record.box[0, e, 0] * tile, shown[0, e, 1] * tile
        _paste(strip, sprite(record.kinds[e], "", 0, 1, tile), round(x0), round(y0))
    far = _far_offsets(record.camera, tile)
    for f in range(len(frames)):
        left = round(record.camera[f] * tile)
        near = strip[:, left : left + size]
        picture = back[:, far[f] : far[f] + size] * (1.0 - near[..., 3:]) + near[..., :3]
        for e in order:
            kind = record.kinds[e]
            if kind in FURNITURE or not record.exists[f, e] or record.collecting[f, e]:
                continue
            x0, y0 = round(record.box[f, e, 0] * tile) - left, round(shown[f, e, 1] * tile)
            if kind in ITEMS:
                _paste(picture, sprite(kind, "", (f // 2 + e) % 2, 1, tile), x0, y0)
            else:
                pose = "dead" if record.dead[f, e] else ""
                phase = (f + e) % 2
                if kind == "frog":
                    phase = int(record.box[f, e, 1] > 0.05)
                elif record.vx[f, e] == 0.0 and kind not in ("bee", "bat"):
                    phase = 0
                _paste(picture, sprite(kind, pose, phase, int(record.facing[f, e]), tile), x0, y0)
        _character(picture, record, f, round(record.box[f, 0, 0] * tile) - left, round(shown[f, 0, 1] * tile), tile)
        for e in np.flatnonzero(record.collecting[f]).tolist():  # what was just taken flies up before everything else
            x0, y0 = round(record.box[f, e, 0] * tile) - left, round(shown[f, e, 1] * tile)
            w, h = SIZES[record.kinds[e]]
            _paste(picture, sprite(record.kinds[e], "", 0, 1, tile), x0, y0)
            _paste(picture, sprite("sparkle", "", f % 2, 1, tile), *_around(x0, y0, w, h, 1.3, 1.3, tile))
        frames[f] = np.clip(picture + 0.5, 0.0, 255.0).astype(np.uint8)
    return frames


def _character(picture: NDArray[np.float32], record: Record, f: int, x0: int, y0: int, tile: float) -> None:
    pose = POSES[record.pose[f]]
    phase = int(record.box[f, 0, 1] * 3.0) % 2 if pose == "climbing" else f % 2
    _paste(picture, sprite("mugen", pose, phase, int(record.facing[f, 0]), tile), x0, y0)
    if record.shield[f]:
        box = record.box[f, 0]
        w, h = 0.9 + 2 * BUBBLE, 1.4 + 2 * BUBBLE
        _paste(
            picture, sprite("shield", "", 0, 1, tile), *_around(x0, y0, box[2] - box[0], box[3] - box[1], w, h, tile)
        )


def _around(x0: int, y0: int, w: float, h: float, ow: float, oh: float, tile: float) -> tuple[int, int]:
    """Corner of an ``ow`` x ``oh`` picture that shares its centre with the box at ``x0``, ``y0``."""
    return round(x0 + (w - ow) * tile / 2), round(y0 + (h - oh) * tile / 2)


def _layer(kind: str) -> int:
    return 0 if kind == "ladder" else 1 if kind == "crate" else 2 if kind in ITEMS else 3


def _paste(target: NDArray[np.float32], picture: NDArray[np.float32], x0: int, y0: int) -> None:
    """Blend premultiplied RGBA onto RGB or premultiplied RGBA, clipped at the target's edges."""
    h, w = target.shape[:2]
    top, left = max(y0, 0), max(x0, 0)
    bottom, right = min(y0 + picture.shape[0], h), min(x0 + picture.shape[1], w)
    if top >= bottom or left >= right:
        return
    part = picture[top - y0 : bottom - y0, left - x0 : right - x0]
    region = target[top:bottom, left:right]
    region *= 1.0 - part[..., 3:]
    region += part[..., : target.shape[2]]


def _far_offsets(camera: NDArray[np.float64], tile: float) -> list[int]:
    return [round(c * PARALLAX * tile) for c in camera.tolist()]


def _scenery(world: World, tile: float, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The far background [size, W, 3] and a fresh copy of the near strip [size, W', 4] with ground and platforms."""
    strip = _ground(world.theme, tile, size).copy()
    for p in world.platforms:
        picture = _platform(world.theme, p.right - p.left, tile)
        _paste(strip, picture, round(p.left * tile), round((VIEW - FLOOR_MARGIN - p.top) * tile))
    return _background(world.theme, tile, size), strip


@lru_cache(maxsize=64)
def _background(theme: int, tile: float, size: int) -> NDArray[np.float32]:
    high, low, far, near, _, _ = THEMES[theme]
    width = VIEW + (LEVEL_WIDTH - VIEW) * PARALLAX + 0.5
    c = Canvas(width, VIEW, tile)
    for k in range(16):
        t = k / 15
        shade = (
            round(low[0] + (high[0] - low[0]) * t),
            round(low[1] + (high[1] - low[1]) * t),
            round(low[2] + (high[2] - low[2]) * t),
        )
        c.rectangle(0, VIEW * k / 16, width, VIEW, shade)
    for x, y in ((1.2, 5.4), (4.6, 4.9), (7.6, 5.6)):
        c.ellipse(x, y, 0.7, 0.2, WHITE_CLOUD, 0.7).ellipse(x + 0.3, y + 0.15, 0.4, 0.2, WHITE_CLOUD, 0.7)
    for x, r in ((0.6, 1.9), (3.6, 2.6), (7.2, 2.2)):
        c.ellipse(x, 0.4, r, r, far)
    for x, r in ((2.0, 1.5), (5.6, 1.8), (8.9, 1.6)):
        c.ellipse(x, 0.2, r * 1.4, r, near)
    image = c.image()
    pad = size - image.shape[0]
    image = np.pad(image, ((0, max(pad, 0)), (0, 2), (0, 0)), mode="edge")[:size]
    return np.ascontiguousarray(image[..., :3])


WHITE_CLOUD: Colour = (255, 255, 255)


@lru_cache(maxsize=64)
def _ground(theme: int, tile: float, size: int) -> NDArray[np.float32]:
    earth, surface = THEMES[theme][4:]
    c = Canvas(LEVEL_WIDTH, FLOOR_MARGIN, tile)
    c.rectangle(0, 0, LEVEL_WIDTH, FLOOR_MARGIN, earth)
    dark = (round(earth[0] * 0.8), round(earth[1] * 0.8), round(earth[2] * 0.8))
    for k in range(LEVEL_WIDTH * 2):
        c.ellipse(k * 0.5 + 0.25 * (k % 3) * 0.5, 0.18 + 0.12 * (k % 2), 0.09, 0.05, dark)
    c.rectangle(0, FLOOR_MARGIN - 0.22, LEVEL_WIDTH, FLOOR_MARGIN, surface)
    for k in range(LEVEL_WIDTH * 2):
        c.ellipse(k * 0.5 + 0.25, FLOOR_MARGIN - 0.22, 0.2, 0.1, surface)
    ground = c.image()
    strip = np.zeros((size, max(ground.shape[1], round(LEVEL_WIDTH * tile)) + 2, 4), np.float32)
    strip[size - ground.shape[0] :, : ground.shape[1]] = ground
    return strip


@lru_cache(maxsize=64)
def _platform(theme: int, cells: int, tile: float) -> NDArray[np.float32]:
    earth, surface = THEMES[theme][4:]
    c = Canvas(cells, 0.6, tile)
    c.ellipse(0.35, 0.32, 0.35, 0.28, earth).ellipse(cells - 0.35, 0.32, 0.35, 0.28, earth)
    c.rectangle(0.3, 0.06, cells - 0.3, 0.6, earth).rectangle(0.0, 0.36, cells, 0.6, surface)
    for k in range(cells * 2):
        c.ellipse(k * 0.5 + 0.25, 0.38, 0.2, 0.1, surface)
    return c.image()
