"""Compact random levels: a strip of eleven cells in which there is always something to do."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from nesy.datasets.platformer.vocabulary import WALKERS
from nesy.datasets.platformer.world import LEVEL_WIDTH, SIZES, Character, Monster, Platform, Thing, World

SPEEDS = {"snail": 0.6, "worm": 0.7, "mouse": 1.5, "frog": 1.2, "slime": 0.8, "bee": 1.3, "bat": 1.5}


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How crowded and how deadly levels are; ``deaths`` is the chance that the agent seeks its end."""

    walkers: tuple[int, int]
    flyers: tuple[int, int]
    hunters: float
    deaths: float


DIFFICULTIES = {
    "easy": Difficulty(walkers=(1, 2), flyers=(0, 1), hunters=0.2, deaths=0.0),
    "normal": Difficulty(walkers=(2, 3), flyers=(0, 1), hunters=0.5, deaths=0.16),
    "hard": Difficulty(walkers=(2, 4), flyers=(1, 2), hunters=0.7, deaths=0.4),
}


def make_level(rng: Random, difficulty: Difficulty) -> World:
    """A world with a ladder to a platform, crates, items and monsters; the character stands at its start."""
    platforms: list[Platform] = []
    things: list[Thing] = []
    cells = set(range(1, LEVEL_WIDTH - 1))

    if rng.random() < 0.85:
        width = rng.randint(3, 5)
        left = rng.randint(0, LEVEL_WIDTH - width)
        platforms.append(Platform(left, left + width, 3))
        cell = rng.choice([c for c in (left, left + width - 1, left + width // 2) if 1 <= c <= LEVEL_WIDTH - 2])
        things.append(Thing("ladder", cell + 0.5, 0.0))
        cells -= {cell - 1, cell, cell + 1}
        spot = rng.choice([c for c in range(left, left + width) if c != cell])
        things.append(Thing("coin" if rng.random() < 0.7 else "gem", spot + 0.5, 3.2))

    for _ in range(rng.choice((0, 1, 1, 2))):
        if cells:
            cell = rng.choice(sorted(cells))
            things.append(Thing("crate", cell + 0.5, 0.0))
            cells -= {cell - 1, cell, cell + 1}
            if rng.random() < 0.4:
                things.append(Thing("coin", cell + 0.5, 1.2 if rng.random() < 0.5 else 2.0))

    free = sorted(set(range(1, LEVEL_WIDTH - 1)) - {int(t.x) for t in things if t.kind in ("crate", "ladder")})
    rng.shuffle(free)
    for i in range(min(len(free), rng.randint(2, 3))):
        kind = "gem" if (i == 0 and rng.random() < 0.45) else "coin"
        things.append(Thing(kind, free[i] + 0.5, 0.25 if rng.random() < 0.6 else 1.9))

    monsters: list[Monster] = []
    kinds = [rng.choice(WALKERS) for _ in range(rng.randint(*difficulty.walkers))]
    if len(kinds) > 1 and rng.random() < 0.45:
        kinds[1] = kinds[0]  # two of a kind: which one was stomped?
    for kind in kinds:
        monsters.append(_walker(rng, kind, things, difficulty))
    kinds = [rng.choice(("bee", "bat")) for _ in range(rng.randint(*difficulty.flyers))]
    for kind in kinds:
        x = rng.uniform(1.0, LEVEL_WIDTH - 1.0)
        home = rng.uniform(1.75, 2.1)
        low, high = max(0.7, x - 2.5), min(LEVEL_WIDTH - 0.7, x + 2.5)
        monsters.append(
            Monster(
                kind,
                x,
                home,
                low,
                high,
                SPEEDS[kind],
                rng.choice((-1, 1)),
                hunter=rng.random() < difficulty.hunters,
                phase=rng.uniform(0.0, 3.0),
                home=home,
            )
        )
    rng.shuffle(monsters)
    return World(platforms, things, monsters, Character(0.0, 0.0), theme=rng.randrange(3))


def _walker(rng: Random, kind: str, things: list[Thing], difficulty: Difficulty) -> Monster:
    """A walking monster between the crates next to it, so that it never passes through one."""
    crates = sorted(t.x for t in things if t.kind == "crate")
    half = SIZES[kind][0] / 2
    edges = [0.0, *[e for x in crates for e in (x - 0.5, x + 0.5)], float(LEVEL_WIDTH)]
    gaps = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 2.0 * half + 1.0]
    a, b = rng.choice(gaps)
    x = rng.uniform(a + half, b - half)
    reach = rng.uniform(1.0, 2.5)
    return Monster(
        kind,
        x,
        0.0,
        max(a + half, x - reach),
        min(b - half, x + reach),
        SPEEDS[kind],
        rng.choice((-1, 1)),
        hunter=rng.random() < difficulty.hunters,
        pause=rng.uniform(0.0, 1.2) if rng.random() < 0.4 else 0.0,
        phase=rng.uniform(0.0, 0.9),
    )


def place_character(rng: Random, world: World) -> None:
    """Start somewhere free: on the ground, on the platform, on a ladder or falling in; seldom with the shield on."""
    c = world.character
    c.facing = rng.choice((-1, 1))
    c.shield = rng.random() < 0.15
    roll = rng.random()
    ladders = world.ladders()
    if ladders and roll < 0.12:
        c.x, c.y, c.mode, c.support = ladders[0].x, rng.uniform(0.4, 2.2), "ladder", ladders[0]
    elif world.platforms and roll < 0.35:
        p = world.platforms[0]
        c.x, c.y = rng.uniform(p.left + 0.4, p.right - 0.4), float(p.top)
    else:
        c.x = max(
            (rng.uniform(1.0, world.width - 1.0) for _ in range(6)),
            key=lambda x: min([abs(m.x - x) for m in world.monsters if not m.flies] or [9.0]),
        )
        c.y, c.support = world.surface(c.x, 1.5)
        if roll > 0.9:
            c.y, c.mode, c.support = c.y + 1.8, "air", None
