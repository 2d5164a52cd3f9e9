"""Scene graphs of the real MUGEN, as far as its recorded game state tells.

Assumptions, because the files do not say:
- 30 frames a second; speeds are differences of positions. The picture is square and centred on the character
  (its left edge at the middle, less half a cell), the ground row at a fixed height.
- The character is 1 x 2 cells, everything else 1 x 1; a column of ladder cells is one ladder, a crate cell one crate.
- There is no running and no turning in MUGEN: never true. ``landing`` is its duck pose. Saws, barnacles and ladybugs
  are not in the vocabulary and are not tracked; blocks and all colours of slime are ``slime``.
- An item is being collected for 0.3 s after it was eaten, at its place; a monster that died next to the character was
  stomped; the monster nearest to the character when it died killed it.
All other facts follow from boxes and speeds by the platformer's definitions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import GroundTruth, Tracks
from nesy.datasets.platformer.simulate import POSES, Record
from nesy.datasets.platformer.truth import scene
from nesy.datasets.platformer.world import COLLECT_TIME, FALL_SPEED, KILL_TIME, STOMP_TIME

FPS = 30.0
PREFIXES = {"bee": "bee", "slime": "slime", "mouse": "mouse", "snail": "snail", "worm": "worm", "frog": "frog"}
CRATES, LADDER, COIN, GEM, SPACE = "#$&%", "=", "1", "2", "."


def derive_scene(game: dict[str, Any], frames: int, size: int) -> tuple[Tracks, GroundTruth, float, tuple[int, int]]:
    """Tracks, facts, fps and (width, height) of one game file without the ``nesy`` key.

    Raises:
        KeyError, TypeError, ValueError, IndexError: a field is missing or does not fit; the reader counts the sample.
    """
    states = game["frames"]
    if len(states) != frames:
        raise ValueError(f"{len(states)} game states for {frames} frames")
    statics = _statics(game)
    monsters = _monsters(game)
    record = _record(game, statics, monsters)
    cell = float(game["zoom"]) * size / float(game["maze_w"])
    middle = (size - 1) // 2
    agent = np.array([float(s["agent"]["x"]) for s in states])
    left = middle - 0.5 * cell - agent * cell
    floor = size - middle + 6.0 * cell
    box = record.box
    pixels = np.stack(
        [
            box[..., 0] * cell + left[:, None],
            floor - box[..., 3] * cell,
            box[..., 2] * cell + left[:, None],
            floor - box[..., 1] * cell,
        ],
        axis=-1,
    )
    tracks, truth, _ = scene(record, pixels, size, f"mugen/{game.get('level_seed')}/{game.get('game_id')}")
    return tracks, truth, FPS, (size, size)


def _statics(game: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    """Crates, ladders, coins and gems of the maze: (class, column, lowest row, height in cells)."""
    found: list[tuple[str, int, int, int]] = []
    eaten = {(int(x), int(y)) for x, y in game["frames"][-1]["coins_eaten"]}
    rows: list[str] = game["maze"]
    places = [float(s["agent"]["x"]) for s in game["frames"]]
    reach = float(game["maze_w"]) / float(game["zoom"]) / 2 + 1.0  # half the view
    for y, row in enumerate(rows):
        for x, mark in enumerate(row):
            if not min(places) - reach < x < max(places) + reach:
                continue
            if mark in CRATES:
                found.append(("crate", x, y, 1))
            elif mark == GEM:
                found.append(("gem", x, y, 1))
            elif mark == COIN or (mark == SPACE and (x, y) in eaten):  # cut clips lost the coins eaten in them
                found.append(("coin", x, y, 1))
            elif mark == LADDER and (y == 0 or rows[y - 1][x] != LADDER):
                top = y
                while top < len(rows) and rows[top][x] == LADDER:
                    top += 1
                found.append(("ladder", x, y, top - y))
    return found


def _monsters(game: dict[str, Any]) -> list[tuple[int, str]]:
    """Monsters that the vocabulary names: (m_id, class)."""
    names = [n for group in ("ground", "walking", "flying") for n in game["monster_names"][group]]
    kinds: dict[int, str] = {}
    for state in game["frames"]:
        for m in state["monsters"]:
            name = names[int(m["theme"])]
            kind = next(
                (k for prefix, k in PREFIXES.items() if name.startswith(prefix)), "bat" if name == "bat" else ""
            )
            if kind:
                kinds.setdefault(int(m["m_id"]), kind)
    return sorted(kinds.items())


def _record(game: dict[str, Any], statics: list[tuple[str, int, int, int]], monsters: list[tuple[int, str]]) -> Record:
    states = game["frames"]
    frames, first = len(states), 1 + len(statics)
    kinds = ("mugen", *(s[0] for s in statics), *(kind for _, kind in monsters))
    n = len(kinds)
    column = {m_id: first + i for i, (m_id, _) in enumerate(monsters)}
    box, exists, dead = np.zeros((frames, n, 4)), np.zeros((frames, n), bool), np.zeros((frames, n), bool)
    collecting, stomping, killing = (np.zeros((frames, n), bool) for _ in range(3))
    facing = np.zeros((frames, n), np.int8)
    shield, support, pose = np.zeros(frames, bool), np.full(frames, -1), np.zeros(frames, np.int8)
    taken: dict[int, int] = {}
    for f, state in enumerate(states):
        agent = state["agent"]
        x, y = float(agent["x"]), float(agent["y"])
        box[f, 0], exists[f, 0] = (x, y, x + 1.0, y + 2.0), True
        facing[f, 0] = 1 if agent.get("is_facing_right", float(agent["vx"]) >= 0) else -1
        dead[f, 0], shield[f] = bool(agent["is_killed"]), bool(agent["power_up_mode"])
        eaten = {(int(a), int(b)) for a, b in state["coins_eaten"]}
        for i, (kind, cx, cy, height) in enumerate(statics):
            e = 1 + i
            box[f, e] = (cx, cy, cx + 1.0, cy + height)
            if kind in ("coin", "gem") and (cx, cy) in eaten:
                since = taken.setdefault(e, f if f else -frames)  # eaten before the clip began: never seen
                collecting[f, e] = (f - since) / FPS < COLLECT_TIME
            exists[f, e] = e not in taken or collecting[f, e]
        for m in state["monsters"]:
            e = column.get(int(m["m_id"]), -1)
            if e >= 0:
                mx, my = float(m["x"]), float(m["y"])
                dead[f, e] = bool(m["is_dead"])
                box[f, e], exists[f, e] = (mx, my, mx + 1.0, my + (0.45 if dead[f, e] else 1.0)), True
                facing[f, e] = 1 if float(m["vx"]) > 0 else -1
        support[f] = _support(agent, statics)
    vx, vy = _speed(box[..., 0], exists), _speed(box[..., 1], exists)
    for f, state in enumerate(states):
        pose[f] = POSES.index(_pose(state["agent"], float(vx[f, 0]), float(vy[f, 0])))
    _fights(box, exists, dead, first, stomping, killing)
    return Record(
        kinds, box, exists, vx, vy, facing, dead, pose, shield, support, collecting, stomping, killing, np.zeros(frames)
    )


def _pose(agent: dict[str, Any], vx: float, vy: float) -> str:
    if agent["is_killed"]:
        return "dead"
    if agent["ladder"]:
        return "climbing"
    if float(agent["vy"]) != 0.0:
        return "jumping" if vy > FALL_SPEED else "falling"
    if float(agent["spring"]) != 0.0:
        return "landing"
    return "standing" if float(agent["vx"]) == 0.0 or abs(vx) < 0.3 else "walking"


def _support(agent: dict[str, Any], statics: list[tuple[str, int, int, int]]) -> int:
    """The ladder the character climbs or the crate under its feet, as an entity, or -1."""
    x, y = float(agent["x"]), float(agent["y"])
    for i, (kind, cx, cy, height) in enumerate(statics):
        if abs(cx - x) < 0.8 and (
            (kind == "ladder" and agent["ladder"] and cy - 1.0 <= y <= cy + height)
            or (kind == "crate" and not agent["ladder"] and float(agent["vy"]) == 0.0 and abs(cy + 1.0 - y) < 0.1)
        ):
            return 1 + i
    return -1


def _speed(place: NDArray[np.float64], exists: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cells a second from one frame to the next (the first frame repeats the second), 0 across a gap. [T, E]"""
    speed = np.zeros_like(place)
    speed[1:] = np.where(exists[1:] & exists[:-1], (place[1:] - place[:-1]) * FPS, 0.0)
    speed[0] = speed[1] if len(speed) > 1 else 0.0
    return speed


def _fights(
    box: NDArray[np.float64],
    exists: NDArray[np.bool_],
    dead: NDArray[np.bool_],
    first: int,
    stomping: NDArray[np.bool_],
    killing: NDArray[np.bool_],
) -> None:
    """Mark who stomped and who killed, from the frames in which somebody newly is dead."""
    centre = (box[..., :2] + box[..., 2:]) / 2
    for f in range(1, len(box)):
        gaps = np.where(exists[f], np.abs(centre[f] - centre[f, :1]).max(-1), np.inf)
        for e in range(first, box.shape[1]):
            if dead[f, e] and not dead[f - 1, e] and gaps[e] < 2.5:
                stomping[f : f + round(STOMP_TIME * FPS), e] = True
        if dead[f, 0] and not dead[f - 1, 0] and box.shape[1] > first:
            killer = first + int(np.argmin(gaps[first:]))
            if gaps[killer] < 2.5:
                killing[f : f + round(KILL_TIME * FPS), killer] = True
