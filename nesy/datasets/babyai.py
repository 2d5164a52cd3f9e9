"""``babyai``: instructions of BabyAI (Chevalier-Boisvert et al., ICLR 2019) carried out by its own bot, as videos.

Extra ``[babyai]`` (minigrid). The caption of a clip is its mission in BabyAI's words ("open the red door, then pick up
a ball after you ..."); pictures are the whole grid; the scene graph is the state of the game:

class   agent, ball, box, door, key
unary   red, green, blue, purple, yellow, grey; open, closed, locked (doors); carried
binary  facing (the agent looks at the object in the next cell), carrying, next_to (cells with a common side)
        ahead_of, behind, to_left, to_right (of the agent, as the mission means "on your left")

A carried object has the agent's box: it is not drawn, and it is where the agent is. With ``specs: true`` a clip has a
second caption of kind ``spec``, a formula made from the mission's structure (not from its words): what an extractor
should find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.babyai_missions import spec_of_mission
from nesy.datasets.base import Caption, Dataset, Format, GroundTruth, Tracks, Vocabulary, datasets
from nesy.datasets.written import Recorded, layers, made
from nesy.errors import DataError

VERSION = 1
COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
VOCABULARY = Vocabulary(
    ("agent", "ball", "box", "door", "key"),
    (*COLOURS, "open", "closed", "locked", "carried"),
    ("facing", "carrying", "next_to", "ahead_of", "behind", "to_left", "to_right"),
)
LEVELS = {
    "rooms": (  # at most nine objects: pairs of objects are what costs
        "BabyAI-GoToLocalS6N3-v0", "BabyAI-PutNextLocalS5N3-v0", "BabyAI-PickupLoc-v0", "BabyAI-OpenDoorsOrderN2-v0",
        "BabyAI-GoToSeqS5R2-v0", "BabyAI-ActionObjDoor-v0",
    ),
    "small": (
        "BabyAI-GoToLocalS6N3-v0", "BabyAI-PutNextLocalS5N3-v0", "BabyAI-PickupLoc-v0", "BabyAI-OpenDoorsOrderN2-v0",
        "BabyAI-GoToSeqS5R2-v0", "BabyAI-SynthS5R2-v0",
    ),
    "sequences": ("BabyAI-GoToSeqS5R2-v0", "BabyAI-OpenDoorsOrderN4-v0"),
    "boss": ("BabyAI-BossLevel-v0",),
}  # fmt: skip
FPS = 4.0

Facts = tuple[dict[str, tuple[float, ...]], set[tuple[str, str]], set[tuple[str, str, str]], dict[str, str]]
"""One frame: boxes by object, (unary, object), (binary, subject, object), classes by object."""


def load_babyai(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """The clips of these settings, played on the first call.

    Raises:
        DataError: minigrid is not installed, or unknown levels.
    """
    levels = LEVELS.get(str(settings["levels"]), tuple(x for x in str(settings["levels"]).split(",") if x))
    count = int(str(settings["clips"]))
    return made("babyai", VERSION, settings, cache, lambda: _play(levels, settings), count, progress)


def _play(levels: tuple[str, ...], settings: Mapping[str, object]) -> Iterator[Recorded]:
    """Clips in the order of their seeds, the levels in turn; runs that fail or take too long are left out."""
    try:
        import gymnasium
        import minigrid  # noqa: F401  registers the environments
    except ImportError as e:
        raise DataError(f"babyai needs minigrid ({e})", hint="pip install 'nesy[babyai]'") from e
    unknown = [x for x in levels if x not in gymnasium.registry]
    if unknown:
        raise DataError(f"no BabyAI level `{unknown[0]}`", expected=[*LEVELS, "BabyAI-GoToSeqS5R2-v0,..."])
    count, most, seed = (int(str(settings[k])) for k in ("clips", "frames", "seed"))
    found, tried = 0, 0
    while found < count:
        if tried > 50 * count + 100:
            raise DataError(
                f"only {found} of {tried} runs took at most {most} frames", hint="allow more with data { frames: 96 }"
            )
        level, number = levels[tried % len(levels)], seed * 1_000_000 + tried
        tried += 1
        with redirect_stdout(StringIO()):  # minigrid prints which maps it rejects
            clip = _run(level, number, int(str(settings["tile"])), most, bool(settings["specs"]))
        if clip is not None:
            found += 1
            yield clip


def _run(level: str, seed: int, tile: int, most: int, specs: bool) -> Recorded | None:
    """One mission carried out by the bot, None when it needs more than ``most`` frames or does not succeed."""
    import gymnasium
    from minigrid.utils.baby_ai_bot import BabyAIBot

    environment: Any = gymnasium.make(level, render_mode="rgb_array")
    plan: Callable[[Any], Any] = BabyAIBot
    try:
        environment.reset(seed=seed)
        game: Any = environment.unwrapped
        mission, instructions = str(game.mission), game.instrs
        bot, action, done, reward = plan(game), None, False, 0.0
        frames, facts, known = [game.get_frame(highlight=False, tile_size=tile)], list[Facts](), dict[int, str]()
        facts.append(observe(game, tile, known))
        while not done and len(frames) < most:
            try:
                action = bot.replan(action)
            except Exception:  # the bot gives up with bare assertions on some maps
                return None
            _, reward, ended, cut, _ = environment.step(action)
            done = ended or cut
            frames.append(game.get_frame(highlight=False, tile_size=tile))
            facts.append(observe(game, tile, known))
    finally:
        environment.close()
    if not done or reward <= 0 or len(frames) < 2:
        return None
    captions = [Caption("auto", mission)]
    if specs:
        captions.append(Caption("spec", spec_of_mission(instructions)))
    name = f"{level.removeprefix('BabyAI-').removesuffix('-v0')}-{seed}"
    tracks, truth = _laid_out(facts)
    return Recorded(name, name, even(np.stack(frames)), FPS, tracks, truth, tuple(captions))


def observe(game: Any, tile: int, known: dict[int, str]) -> Facts:
    """What is true in the current state of a game.

    ``known`` names the objects by identity and grows: minigrid moves an object and never copies it.
    """
    x, y = (int(v) for v in game.agent_pos)
    places: list[tuple[Any, int, int]] = []
    for column in range(game.grid.width):
        for row in range(game.grid.height):
            thing = game.grid.get(column, row)
            if thing is not None and thing.type in VOCABULARY.classes:
                places.append((thing, column, row))
    carried = game.carrying
    boxes: dict[str, tuple[float, ...]] = {"agent": _cell(x, y, tile)}
    classes, unary, binary = {"agent": "agent"}, set[tuple[str, str]](), set[tuple[str, str, str]]()
    for thing, column, row in [*places, *([(carried, x, y)] if carried is not None else [])]:
        name = known.setdefault(id(thing), f"{thing.type}{len(known) + 1}")
        boxes[name], classes[name] = _cell(column, row, tile), thing.type
        if thing.color in COLOURS:
            unary.add((thing.color, name))
        if thing.type == "door":
            unary.add(("locked" if thing.is_locked else "open" if thing.is_open else "closed", name))
    cells = {(column, row): known[id(thing)] for thing, column, row in places}
    front = tuple(int(v) for v in game.front_pos)
    if front in cells:
        binary.add(("facing", "agent", cells[front]))
    if carried is not None:
        name = known[id(carried)]
        unary.add(("carried", name))
        binary.add(("carrying", "agent", name))
    ahead, right = np.array(game.dir_vec), np.array(game.right_vec)
    for (column, row), name in cells.items():
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            if (other := cells.get((column + dx, row + dy))) is not None:
                binary.add(("next_to", name, other))
        way = np.array([column - x, row - y])
        for value, more, less in ((way @ ahead, "ahead_of", "behind"), (way @ right, "to_right", "to_left")):
            if value:
                binary.add((more if value > 0 else less, name, "agent"))
    return boxes, unary, binary, classes


def _cell(column: int, row: int, tile: int) -> tuple[float, ...]:
    return (column * tile, row * tile, (column + 1) * tile, (row + 1) * tile)


def _laid_out(facts: list[Facts]) -> tuple[Tracks, GroundTruth]:
    classes = {name: kind for frame in facts for name, kind in frame[3].items()}
    ids = tuple(classes)
    index = {name: n for n, name in enumerate(ids)}
    unary = np.zeros((len(facts), len(ids), len(VOCABULARY.unary)), bool)
    binary = np.zeros((len(facts), len(ids), len(ids), len(VOCABULARY.binary)), bool)
    for t, (_, ones, pairs, _) in enumerate(facts):
        for predicate, name in ones:
            unary[t, index[name], VOCABULARY.unary.index(predicate)] = True
        for predicate, a, b in pairs:
            binary[t, index[a], index[b], VOCABULARY.binary.index(predicate)] = True
    boxes, present = layers(ids, [frame[0] for frame in facts])
    numbers = np.array([VOCABULARY.classes.index(classes[name]) for name in ids], np.int64)
    return Tracks(boxes, present, ids), GroundTruth(VOCABULARY, numbers, unary, binary)


def even(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures with even sides, which video needs; a black row or column is added."""
    return np.pad(frames, ((0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)))


datasets.register("babyai")(
    Format(
        "BabyAI missions carried out by its bot; the mission is the caption",
        {"clips": 300, "levels": "small", "frames": 48, "tile": 8, "seed": 0, "specs": False},
        load_babyai,
        bounds={"clips": (1, inf), "frames": (1, inf), "tile": (1, 64)},
        extra="babyai",
    )
)
