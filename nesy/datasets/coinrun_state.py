"""The serialised state of procgen's CoinRun: a stream of little-endian int32 and float32, strings with their length.

The order of the fields is that of the engine's C++ source (Cobbe et al., 2020; version 0.10). World coordinates are
cells, y upwards; the picture shows VIEW x VIEW cells around the player.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VIEW = 13.0
PLAYER, COIN, SAW, ENEMY, CRATE = 0, 1, 2, 5, 20
WALLS, LAVA = (15, 16), (17, 18)
TALLER = 0.7415  # the player is drawn by this share of its height above its box


@dataclass(frozen=True)
class Entity:
    """Something that moves or stands in the world: centre, speed a step, half its size."""

    type: int
    x: float
    y: float
    vx: float
    vy: float
    rx: float
    ry: float


@dataclass(frozen=True)
class State:
    """entities: the player first.  grid: int32 [height, width], row 0 is the floor."""

    level: int
    entities: tuple[Entity, ...]
    grid: NDArray[np.int32]

    @property
    def player(self) -> Entity:
        return self.entities[0]


class _Stream:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def ints(self, count: int = 1) -> tuple[int, ...]:
        out: tuple[int, ...] = struct.unpack_from(f"<{count}i", self.data, self.at)
        self.at += 4 * count
        return out

    def floats(self, count: int = 1) -> tuple[float, ...]:
        out: tuple[float, ...] = struct.unpack_from(f"<{count}f", self.data, self.at)
        self.at += 4 * count
        return out

    def text(self) -> bytes:
        (size,) = self.ints()
        if not 0 <= size <= len(self.data) - self.at:
            raise ValueError(f"a text of {size} bytes at {self.at}")
        out = self.data[self.at : self.at + size]
        self.at += size
        return out


def read_state(data: bytes) -> State:
    """The state in what ``env.callmethod("get_state")`` gives.

    Raises:
        ValueError: not a state of CoinRun, or of another version of the engine.
    """
    try:
        s = _Stream(data)
        s.ints()
        if s.text() != b"coinrun":
            raise ValueError("another game")
        s.ints(12)  # options
        s.ints(5)  # grid step, seeds, type and number of the game
        for _ in range(2):  # two random generators
            s.ints()
            s.text()
        s.floats()
        s.ints(2)
        s.ints(2)  # action, timeout
        (level, *_) = s.ints(5)
        s.floats()
        s.ints(4)
        _, count = s.ints(2)
        entities = []
        for _ in range(count):
            x, y, vx, vy, rx, ry = s.floats(6)
            (kind, *_) = s.ints(6)
            s.floats(3)
            s.ints(6)
            s.floats()
            s.ints(3)
            s.floats(6)
            entities.append(Entity(kind, x, y, vx, vy, rx, ry))
        s.ints(19)
        s.ints()
        s.text()
        s.ints(9)
        width, height, size = s.ints(3)
        if width * height != size or not 0 < size <= 10**6:
            raise ValueError(f"a grid of {width} x {height} with {size} cells")
        grid = np.array(s.ints(size), np.int32).reshape(height, width)
    except struct.error as e:
        raise ValueError(f"the state ends too early ({e})") from e
    if not entities or entities[0].type != PLAYER:
        raise ValueError("no player")
    return State(level, tuple(entities), grid)


def box_in_picture(
    state: State, left: float, bottom: float, right: float, top: float, size: int
) -> tuple[float, float, float, float] | None:
    """A box of world coordinates in pixels of a size x size picture, clipped to it; None if less than a tenth shows."""
    unit = size / VIEW
    x0, x1 = ((v - state.player.x + VIEW / 2) * unit for v in (left, right))
    y0, y1 = ((state.player.y + VIEW / 2 - v) * unit for v in (top, bottom))
    a0, b0, a1, b1 = max(x0, 0.0), max(y0, 0.0), min(x1, size), min(y1, size)
    if a1 <= a0 or b1 <= b0 or (a1 - a0) * (b1 - b0) < 0.1 * (x1 - x0) * (y1 - y0):
        return None
    return a0, b0, a1, b1
