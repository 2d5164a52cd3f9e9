"""What is true in one state of CoinRun, in the terms of :mod:`nesy.datasets.coinrun`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from math import hypot

import numpy as np

from nesy.datasets.base import Vocabulary
from nesy.datasets.coinrun_state import (
    COIN,
    CRATE,
    ENEMY,
    LAVA,
    SAW,
    TALLER,
    VIEW,
    WALLS,
    Entity,
    State,
    box_in_picture,
)

VOCABULARY = Vocabulary(
    ("player", "coin", "saw", "enemy", "crate", "lava"),
    ("standing", "walking", "jumping", "falling", "facing_left", "facing_right"),
    ("above", "below", "near", "touching", "on", "collecting", "killing"),
)
KINDS = {SAW: "saw", ENEMY: "enemy", CRATE: "crate"}
MOVING = 0.01  # cells a step; slower is standing
NEAR = 2.5  # cells between centres
REACH = 0.15  # cells between boxes that touch

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """One frame. boxes: left, bottom, right, top in cells; classes by name; facts by name."""

    state: State
    boxes: dict[str, Box]
    classes: dict[str, str]
    unary: frozenset[tuple[str, str]]
    binary: frozenset[tuple[str, str, str]]

    def holds(self, *fact: str) -> bool:
        """Whether (predicate, object) or (predicate, subject, object) is true."""
        return fact in self.unary or fact in self.binary

    def ended(self, won: bool) -> Scene:
        """The scene as the last one of its level: the coin is collected, or the nearest danger kills the player."""
        dangers = [name for name, kind in self.classes.items() if kind in ("saw", "enemy", "lava")]
        if won:
            names = [name for name, kind in self.classes.items() if kind == "coin"]
            facts = {("collecting", "player", name) for name in names}
        else:
            near = sorted(dangers, key=lambda name: _apart(self.boxes[name], self.boxes["player"]))[:1]
            facts = {("killing", name, "player") for name in near if _apart(self.boxes[name], self.boxes["player"]) < 1}
        return replace(self, binary=self.binary | facts)


def observe(state: State, before: Scene | None) -> Scene:
    """The scene of a state; the one before tells which way the player last moved."""
    boxes: dict[str, Box] = {}
    classes: dict[str, str] = {}
    moving: dict[str, Entity] = {}
    p = state.player
    boxes["player"], classes["player"] = (p.x - p.rx, p.y - p.ry, p.x + p.rx, p.y + p.ry), "player"
    count = dict.fromkeys(KINDS.values(), 0)
    for e in state.entities[1:]:
        if e.type in KINDS:
            kind = KINDS[e.type]
            count[kind] += 1
            name = f"{kind}{count[kind]}"  # the engine keeps the order of its objects
            boxes[name], classes[name], moving[name] = (e.x - e.rx, e.y - e.ry, e.x + e.rx, e.y + e.ry), kind, e
    for row, column in np.argwhere(state.grid == COIN).tolist():
        boxes["coin"], classes["coin"] = (column, row, column + 1.0, row + 1.0), "coin"
    surface = state.grid == LAVA[1]
    for row in np.flatnonzero(surface.any(1)).tolist():
        edges = np.flatnonzero(np.diff(np.concatenate([[0], surface[row].astype(np.int8), [0]])))
        for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            boxes[f"lava{row}_{first}"] = (float(first), float(row), float(stop), row + 1.0)
            classes[f"lava{row}_{first}"] = "lava"
    close = {n: b for n, b in boxes.items() if _apart(b, boxes["player"]) < VIEW}
    binary = {fact for a, b in permutations(close, 2) for fact in _pair(a, close[a], b, close[b])}
    binary |= {("on", "player", n) for n, b in close.items() if classes[n] == "crate" and _stands_on(p, b)}
    supported = p.vy == 0 and (_ground(state) or any(f[0] == "on" for f in binary))
    unary = {(_pose(p, supported), "player")}
    if abs(p.vx) >= MOVING:
        unary.add(("facing_right" if p.vx > 0 else "facing_left", "player"))
    elif before is None:
        unary.add(("facing_right", "player"))
    else:
        unary |= {f for f in before.unary if f[1] == "player" and f[0].startswith("facing")}
    for name, e in moving.items():
        if classes[name] == "enemy":
            unary |= {("walking", name), ("facing_right" if e.vx > 0 else "facing_left", name)}
    return Scene(state, boxes, classes, frozenset(unary), frozenset(binary))


def visible(scene: Scene, size: int) -> dict[str, Box]:
    """The objects in the picture and their boxes in pixels; the player is drawn taller than its box."""
    out = {}
    for name, (left, bottom, right, top) in scene.boxes.items():
        drawn = top + (TALLER * (top - bottom) if name == "player" else 0)
        found = box_in_picture(scene.state, left, bottom, right, drawn, size)
        if found is not None:
            out[name] = found
    return out


def _pose(p: Entity, supported: bool) -> str:
    if supported:
        return "walking" if abs(p.vx) >= MOVING else "standing"
    return "jumping" if p.vy > 0 else "falling"


def _ground(state: State) -> bool:
    p = state.player
    row = int(p.y - p.ry - 0.02)
    columns = [int(p.x - p.rx + 0.02), int(p.x + p.rx - 0.02)]
    height, width = state.grid.shape
    return any(not (0 <= row < height and 0 <= c < width) or state.grid[row, c] in WALLS for c in columns)


def _stands_on(p: Entity, crate: Box) -> bool:
    return abs(p.y - p.ry - crate[3]) < 0.1 and p.x + p.rx > crate[0] and p.x - p.rx < crate[2]


def _pair(a: str, box: Box, b: str, other: Box) -> list[tuple[str, str, str]]:
    out = []
    if min(box[2], other[2]) > max(box[0], other[0]):  # one over the other
        if box[1] >= other[3] - REACH:
            out.append(("above", a, b))
        if box[3] <= other[1] + REACH:
            out.append(("below", a, b))
    if hypot(box[0] + box[2] - other[0] - other[2], box[1] + box[3] - other[1] - other[3]) / 2 < NEAR:
        out.append(("near", a, b))
    if _apart(box, other) < REACH:
        out.append(("touching", a, b))
    return out


def _apart(a: Box, b: Box) -> float:
    """The distance between two boxes, 0 where they overlap."""
    return hypot(max(a[0] - b[2], b[0] - a[2], 0.0), max(a[1] - b[3], b[1] - a[3], 0.0))
