"""``coinrun``: the game under MUGEN by its own engine (Cobbe et al., 2020), played by a simple player, as videos.

Extra ``[coinrun]`` (procgen-mirror). Pictures are the engine's, the scene graph is parsed from its serialised state,
captions tell the events of a clip in order.

class   player, coin, saw, enemy, crate, lava (one stretch of a pit's surface)
unary   standing, walking, jumping, falling, facing_left, facing_right (of the player; of an enemy walking and facing)
binary  above, below, near, touching, on (player, crate), collecting (player, coin), killing (what kills, player)

The engine begins a new level in the very step in which the coin is reached or the player dies: ``collecting`` and
``killing`` hold in the last frame before. With ``specs: true`` a clip also has a caption of kind ``spec``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr
from io import StringIO
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import Caption, Dataset, Format, GroundTruth, Tracks, datasets
from nesy.datasets.coinrun_events import events, sentence, spec
from nesy.datasets.coinrun_scene import VOCABULARY, Scene, observe, visible
from nesy.datasets.coinrun_state import CRATE, ENEMY, SAW, WALLS, State, read_state
from nesy.datasets.written import Recorded, layers, made
from nesy.errors import DataError

VERSION = 1
FPS = 15.0
LEFT, STILL, RIGHT, RIGHT_UP = 1, 4, 7, 8  # actions of procgen
LONGEST = 400  # steps of one level
SMALL = 64  # pixels: what the engine draws for its players; larger pictures are scaled down from its 512


def load_coinrun(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """The clips of these settings, played on the first call.

    Raises:
        DataError: procgen is not installed, or a size that does not divide the engine's 512 pixels.
    """
    if int(str(settings["size"])) < 16 or 512 % int(str(settings["size"])):
        raise DataError(f"size {settings['size']} does not divide 512", expected=["64", "128", "256"])
    return made("coinrun", VERSION, settings, cache, lambda: _play(settings), int(str(settings["clips"])), progress)


def _play(settings: Mapping[str, object]) -> Iterator[Recorded]:
    """Stretches of levels in which more happens than walking, in the order of play."""
    try:
        with redirect_stderr(StringIO()):  # gym prints at import that it is not maintained
            from procgen import ProcgenGym3Env
    except ImportError as e:
        raise DataError(f"coinrun needs procgen ({e})", hint="pip install 'nesy[coinrun]'") from e
    count, length, seed, size = (int(str(settings[k])) for k in ("clips", "frames", "seed", "size"))
    game: Any = ProcgenGym3Env(
        num=1, env_name="coinrun", rand_seed=seed, num_levels=0, start_level=0, distribution_mode="hard",
        **({} if size == SMALL else {"render_mode": "rgb_array"}),
    )  # fmt: skip
    choice, found = np.random.default_rng(seed), 0
    try:
        while found < count:
            level, pictures, scenes = _level(game, choice, size)
            for start in range(0, len(scenes), length):
                part = scenes[start : start + length]
                told = events(part)
                if found == count or len(part) < max(4, length // 3) or len(told) < 2:
                    continue
                found += 1
                captions = [Caption("auto", sentence(told))]
                if settings["specs"]:
                    captions.append(Caption("spec", spec(told)))
                tracks, truth = _laid_out(part, size)
                name = f"coinrun-{seed}-{found:05d}"
                frames = np.stack(pictures[start : start + length])
                yield Recorded(name, str(level), frames, FPS, tracks, truth, tuple(captions))
    finally:
        game.close()


def _level(game: Any, choice: np.random.Generator, size: int) -> tuple[int, list[NDArray[np.uint8]], list[Scene]]:
    """One level from its first step to its end (or LONGEST steps): its number, pictures and scenes."""
    pictures: list[NDArray[np.uint8]] = []
    scenes: list[Scene] = []
    last: Scene | None = None
    level = -1
    while len(scenes) < LONGEST:
        state = read_state(game.callmethod("get_state")[0])
        level = state.level if level < 0 else level
        picture = game.observe()[1]["rgb"][0] if size == SMALL else shrunk(game.get_info()[0]["rgb"], size)
        pictures.append(np.array(picture))
        last = observe(state, last)
        scenes.append(last)
        game.act(np.array([choose(state, choice)]))
        reward, _, first = game.observe()
        if first[0]:
            scenes[-1] = scenes[-1].ended(float(reward[0]) > 0)
            break
    return level, pictures, scenes


def choose(state: State, choice: np.random.Generator) -> int:
    """To the right, jumping at what is in the way; now and then something else, so that not all clips are alike."""
    if choice.random() < 0.12:
        return int(choice.choice([LEFT, LEFT, STILL, RIGHT_UP]))
    p = state.player
    column, row = int(p.x), int(p.y)
    ahead = state.grid[max(row, 0) : row + 1, column + 1 : column + 3]
    floor = state.grid[max(row - 1, 0), column + 1 : column + 3]
    danger = any(e.type in (SAW, ENEMY) and 0 < e.x - p.x < 2.6 and abs(e.y - p.y) < 1.5 for e in state.entities)
    blocked = bool(np.isin(ahead, WALLS).any())
    pit = not np.isin(floor, WALLS).all()
    crate = any(e.type == CRATE and 0 < e.x - p.x < 2 and abs(e.y - p.y) < 1 for e in state.entities)
    jump = blocked or danger or pit or (crate and choice.random() < 0.5)
    return RIGHT_UP if jump and choice.random() < 0.9 else RIGHT


def shrunk(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A picture of 512 x 512 as size x size, every pixel the mean of a block."""
    step = picture.shape[0] // size
    blocks = picture.reshape(size, step, size, step, 3).astype(np.float32)
    return np.asarray(blocks.mean((1, 3)).round(), np.uint8)


def _laid_out(scenes: list[Scene], size: int) -> tuple[Tracks, GroundTruth]:
    """Tracks and truth of a stretch: the objects that are seen in it."""
    seen = [visible(s, size) for s in scenes]
    classes = {name: s.classes[name] for s, boxes in zip(scenes, seen, strict=True) for name in boxes}
    ids = tuple(classes)
    index = {name: n for n, name in enumerate(ids)}
    v = VOCABULARY
    unary = np.zeros((len(scenes), len(ids), len(v.unary)), bool)
    binary = np.zeros((len(scenes), len(ids), len(ids), len(v.binary)), bool)
    for t, (scene, boxes) in enumerate(zip(scenes, seen, strict=True)):
        for predicate, name in scene.unary:
            if name in boxes:
                unary[t, index[name], v.unary.index(predicate)] = True
        for predicate, a, b in scene.binary:
            if a in boxes and b in boxes:
                binary[t, index[a], index[b], v.binary.index(predicate)] = True
    boxes_of, present = layers(ids, seen)
    numbers = np.array([v.classes.index(classes[name]) for name in ids], np.int64)
    return Tracks(boxes_of, present, ids), GroundTruth(v, numbers, unary, binary)


datasets.register("coinrun")(
    Format(
        "CoinRun, the game under MUGEN, played by its own engine",
        {"clips": 300, "frames": 32, "size": 64, "seed": 0, "specs": False},
        load_coinrun,
        bounds={"clips": (1, inf), "frames": (2, inf), "size": (16, 512)},
        extra="coinrun",
    )
)
