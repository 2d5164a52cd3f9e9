"""One clip as MUGEN's per-clip game file, with the exact scene graph under the extra key ``nesy``.

In MUGEN's coordinates a body's ``x`` is its left edge and ``y`` its lower edge, in cells, the ground being row 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import GroundTruth, Tracks
from nesy.datasets.platformer.captions import Clause
from nesy.datasets.platformer.events import Event, runs
from nesy.datasets.platformer.simulate import POSES, Record
from nesy.datasets.platformer.vocabulary import FLYERS, WALKERS
from nesy.datasets.platformer.world import VIEW, World

MAZE_WIDTH, MAZE_HEIGHT = 64, 13
ZOOM = MAZE_WIDTH / VIEW
THEME_NAMES = ("grass", "snow", "sand")
FORMAT = 1
POSE_NAMES = {"standing": "stand", "turning": "stand", "landing": "duck", "climbing": "climb", "dead": "hit"}


def maze(world: World) -> list[str]:
    """The level as MUGEN's rows of characters, row 0 first: S ground, = ladder, # crate, 1 coin, 2 gem."""
    rows = [["."] * MAZE_WIDTH for _ in range(MAZE_HEIGHT)]
    rows[0][: world.width] = "S" * world.width
    for p in world.platforms:
        rows[p.top][p.left : p.right] = "S" * (p.right - p.left)
    marks = {"ladder": "=", "crate": "#", "coin": "1", "gem": "2"}
    for t in world.things:
        for row in range(int(t.y), int(t.y) + (3 if t.kind == "ladder" else 1)):
            rows[row + 1][int(t.x)] = marks[t.kind]
    return ["".join(r) for r in rows]


def game_json(
    world: World, record: Record, *, clip: int, level_seed: int, agent_seed: int, size: int, fps: float
) -> dict[str, Any]:
    """The game state in MUGEN's fields."""
    return {
        "game_id": clip,
        "level_seed": level_seed,
        "rl_agent_seed": agent_seed,
        "zoom": ZOOM,
        "bgzoom": 0.5,
        "world_theme_n": world.theme,
        "agent_theme_n": 0,
        "background_themes": list(THEME_NAMES),
        "ground_themes": list(THEME_NAMES),
        "agent_themes": ["mugen"],
        "monster_names": {"ground": [], "walking": list(WALKERS), "flying": list(FLYERS)},
        "video_res": size,
        "maze_w": MAZE_WIDTH,
        "maze_h": MAZE_HEIGHT,
        "maze": maze(world),
        "frames": [_frame(world, record, f, fps) for f in range(len(record.exists))],
    }


def _frame(world: World, record: Record, f: int, fps: float) -> dict[str, Any]:
    names = [*WALKERS, *FLYERS]
    first = 1 + len(world.things)
    pose = POSES[record.pose[f]]
    taken = [
        [int(t.x), int(t.y) + 1]
        for i, t in enumerate(world.things)
        if record.collecting[f, 1 + i] or not record.exists[f, 1 + i]
    ]
    started = record.collecting[f] & ~record.collecting[f - 1] if f else record.collecting[f]
    fresh = {record.kinds[e] for e in np.flatnonzero(started)}
    step = f % 2 == 0
    posture = POSE_NAMES.get(pose, "jump" if pose in ("jumping", "falling") else "walk")
    x0, y0, x1, _ = record.box[f, 0].tolist()
    agent = {
        "x": _r((x0 + x1) / 2 - 0.5),
        "y": _r(y0 + 1.0),
        "vx": _r(float(record.vx[f, 0])),
        "vy": _r(float(record.vy[f, 0])),
        "time_alive": f,
        "ladder": pose == "climbing",
        "spring": int(pose == "landing"),
        "is_killed": pose == "dead",
        "killed_animation_frame_cnt": 0,
        "finished_level_frame_cnt": 0,
        "killed_monster": bool(record.stomping[f].any()),
        "bumped_head": False,
        "collected_coin": "coin" in fresh,
        "collected_gem": "gem" in fresh,
        "power_up_mode": bool(record.shield[f]),
        "anim_freq": 1,
        "is_facing_right": bool(record.facing[f, 0] > 0),
        "walk1_mode": step,
        "pose": posture + ("1" if step else "2") * (posture in ("walk", "climb")),
    }
    monsters = []
    for e in range(first, len(record.kinds)):
        if not record.exists[f, e]:
            continue
        x0, y0, x1, _ = record.box[f, e].tolist()
        monsters.append(
            {
                "m_id": e - first,
                "x": _r((x0 + x1) / 2 - 0.5),
                "y": _r(y0 + 1.0),
                "vx": _r(float(record.vx[f, e])),
                "vy": 0.0,
                "theme": names.index(record.kinds[e]),
                "is_flying": record.kinds[e] in FLYERS,
                "is_walking": record.kinds[e] in WALKERS,
                "is_jumping": record.kinds[e] == "frog",
                "is_dead": bool(record.dead[f, e]),
                "time": f,
                "anim_freq": 1,
                "monster_dying_frame_cnt": 0,
                "walk1_mode": step,
            }
        )
    return {
        "frame_id": f,
        "file_name": "",
        "state_time": _r(f / fps),
        "coins_eaten": taken,
        "agent": agent,
        "monsters": monsters,
    }


def _r(value: float) -> float:
    return round(value, 4)


def nesy_json(
    tracks: Tracks, truth: GroundTruth, events: list[Event], clauses: list[list[Clause]], fps: float, size: int
) -> dict[str, Any]:
    """Tracks and facts, runs as ``[start, end)``; atoms name track ids. ``events`` and ``clauses`` serve evaluation."""
    vocabulary = truth.vocabulary
    ids = tracks.ids

    def atom(parts: tuple[str, ...]) -> list[str]:
        return [parts[0], *(ids[int(p)] for p in parts[1:])]

    return {
        "format": FORMAT,
        "fps": fps,
        "size": [size, size],
        "vocabulary": {
            "classes": list(vocabulary.classes),
            "unary": list(vocabulary.unary),
            "binary": list(vocabulary.binary),
        },
        "tracks": [
            {
                "id": ids[n],
                "class": vocabulary.classes[int(truth.classes[n])],
                "present": runs(tracks.present[:, n]),
                "boxes": [[round(float(x), 2) for x in box] for box in tracks.boxes[tracks.present[:, n], n]],
            }
            for n in range(len(ids))
        ],
        "unary": {
            name: {ids[n]: spans for n in range(len(ids)) if (spans := runs(_column(truth.unary[:, n, k])))}
            for k, name in enumerate(vocabulary.unary)
        },
        "binary": {
            name: [
                [ids[a], ids[b], runs(_column(truth.binary[:, a, b, k]))]
                for a, b in np.argwhere(truth.binary[..., k].any(0)).tolist()
            ]
            for k, name in enumerate(vocabulary.binary)
        },
        "events": [
            {"kind": e.kind, "start": e.start, "end": e.end, "atoms": [atom(a) for a in e.atoms]} for e in events
        ],
        "clauses": [
            [{"text": c.text, "frame": c.frame, "atoms": [atom(a) for a in c.atoms]} for c in said] for said in clauses
        ],
    }


def _column(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.ascontiguousarray(mask)
