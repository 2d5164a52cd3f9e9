"""Agents with goals: each goal is a generator that presses keys tick by tick until it is reached or given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from random import Random
from typing import TypeVar

from nesy.datasets.platformer.world import TICKS, Control, Monster, Thing, World

Keys = Generator[Control, None, None]
Body = TypeVar("Body", Thing, Monster)


def play(world: World, rng: Random, deaths: float) -> Iterator[Control]:
    """Endless key presses: goal after goal, seldom the same twice, sometimes a fatal one late in the clip."""
    done: Counter[str] = Counter()
    doom = rng.uniform(1.2, 2.2) if rng.random() < deaths else None
    while world.character.dead is None:
        if doom is not None and world.time > doom:
            walkers = [m for m in world.monsters if m.dead is None and not m.flies]
            if walkers and world.character.y < 0.5:
                yield from run_into(world, nearest(world, walkers))
                continue
        options = list(goals(world, rng))
        weights = [w / (1.0 + 2.5 * done[name]) for name, w, _ in options]
        name, _, keys = rng.choices(options, weights)[0]
        done[name] += 1
        before = world.time
        yield from keys
        if world.time == before:
            yield Control()
    while True:
        yield Control()


def goals(world: World, rng: Random) -> Iterator[tuple[str, float, Keys]]:
    """What can be done from here: name, weight, and the generator that does it."""
    c = world.character
    run = rng.random() < 0.4
    items = [t for t in world.things if t.kind in ("coin", "gem") and t.taken is None]
    within = [t for t in items if abs(t.x - c.x) < 4.5 and -0.6 < t.y - c.y < 2.6]
    if c.mode == "ladder":
        yield "climb", 3.0, climb(world, rng, +1 if rng.random() < 0.6 else -1)
        yield "leap", 1.0, leap(world, rng)
        return
    for t in sorted(within, key=lambda t: abs(t.x - c.x))[:2]:
        yield "collect", 2.6, collect(world, t, run)
    walkers = [m for m in world.monsters if m.dead is None and not m.flies and abs(m.x - c.x) < 4.5]
    if c.y < 2.5 and walkers:
        yield "stomp", 3.6, stomp(world, nearest(world, walkers))
        yield "over", 2.0, jump_over(world, nearest(world, walkers).kind, nearest(world, walkers), rng)
    crates = [t for t in world.crates() if abs(t.x - c.x) < 4.5]
    if c.y < 0.5 and crates:
        yield "mount", 1.6, mount(world, nearest(world, crates), rng)
        yield "beside", 1.8, beside(world, nearest(world, crates), rng)
    ladders = [t for t in world.ladders() if abs(t.x - c.x) < 4.5]
    if ladders and c.support is None:
        yield "ladder", 4.5, use_ladder(world, ladders[0], rng, run)
    if c.y > 2.5 and world.platforms:
        yield "drop", 1.2, drop(world, rng, run)
    if c.support is not None:
        yield "down", 2.0, wander(world, rng.choice((-1, 1)), 0.7, run)
    yield "stand", 2.4, stand(rng.uniform(0.45, 0.8))
    yield "hop", 0.7, hop(world)
    side = 1 if c.x < world.width / 2 else -1
    yield "turn", 1.0, wander(world, -c.facing, rng.uniform(0.5, 0.9), run)
    yield "wander", 1.6, wander(world, side, rng.uniform(0.5, 1.0), run)
    yield "run", 2.0, wander(world, side, rng.uniform(0.4, 0.8), True)


def nearest(world: World, bodies: Sequence[Body]) -> Body:
    return min(bodies, key=lambda b: abs(b.x - world.character.x))


def toward(world: World, x: float, tolerance: float = 0.1) -> int:
    gap = x - world.character.x
    return 0 if abs(gap) <= tolerance else (1 if gap > 0 else -1)


def blocked(world: World, move: int) -> bool:
    """Is there a crate to climb or a walker to jump over just ahead, and room for the jump above?"""
    c = world.character
    if c.mode != "ground" or move == 0 or move != c.facing:
        return False
    for t in world.crates():
        if t.y + 0.9 > c.y >= t.y - 0.1 and 0.5 < (t.x - c.x) * move < 1.5:
            return not roofed(world)
    for m in world.monsters:
        if m.dead is None and not m.flies and abs(m.y - c.y) < 1.0 and 0.0 < (m.x - c.x) * move < 1.5:
            return not roofed(world)
    return False


def roofed(world: World) -> bool:
    """Would a jump now run into a flyer?"""
    c = world.character
    return any(m.flies and m.dead is None and abs(m.x - c.x) < 1.7 and 0.5 < m.y - c.y < 3.4 for m in world.monsters)


def go(world: World, where: Callable[[], float], tolerance: float, run: bool, limit: float = 2.0) -> Keys:
    for _ in range(int(limit * TICKS)):
        move = toward(world, where(), tolerance)
        if move == 0 and world.character.mode == "ground":
            return
        yield Control(move, run and abs(where() - world.character.x) > 0.6, jump=blocked(world, move))


def settle(world: World, where: Callable[[], float], run: bool = False) -> Keys:
    """Steer through the air until the landing is over."""
    for _ in range(int(1.4 * TICKS)):
        if world.character.mode == "ground" and world.character.landing <= 0.0:
            return
        yield Control(toward(world, where(), 0.12), run)


def stand(seconds: float) -> Keys:
    for _ in range(int(seconds * TICKS)):
        yield Control()


def wander(world: World, direction: int, seconds: float, run: bool) -> Keys:
    for _ in range(int(seconds * TICKS)):
        yield Control(direction, run, jump=blocked(world, direction))


def hop(world: World) -> Keys:
    if not roofed(world):
        yield Control(jump=True)
        yield from settle(world, lambda x=world.character.x: x)  # type: ignore[misc]


def collect(world: World, item: Thing, run: bool) -> Keys:
    c = world.character
    high = item.y - c.y > 1.2
    yield from go(world, lambda: item.x, 0.9 if high else 0.15, run)
    if item.taken is None and high and not roofed(world) and c.mode == "ground":
        while c.turning > 0.0 or c.landing > 0.0:
            yield Control()
        yield Control(toward(world, item.x), jump=True)
        yield from settle(world, lambda: item.x)


def stomp(world: World, m: Monster) -> Keys:
    c = world.character
    for _ in range(2 * TICKS):
        move = 1 if m.x > c.x else -1
        if m.dead is not None:
            return
        if c.mode == "ground" and abs(m.x - c.x) < 1.9 and move == c.facing and c.turning <= 0.0 and c.landing <= 0.0:
            if roofed(world):
                yield Control(-move)
                continue
            yield Control(move, jump=True)
            while c.mode == "air":
                yield Control(toward(world, m.x + 0.25 * m.vx, 0.1))
            return
        yield Control(move)


def jump_over(world: World, _kind: str, m: Monster, rng: Random) -> Keys:
    c = world.character
    for _ in range(2 * TICKS):
        move = 1 if m.x > c.x else -1
        if c.mode == "ground" and abs(m.x - c.x) < 1.7 and move == c.facing and c.turning <= 0.0 and c.landing <= 0.0:
            if roofed(world):
                yield Control(-move)
                continue
            yield Control(move, True, jump=True)
            while c.mode == "air":
                yield Control(move, abs(c.x - m.x) < 1.5)
            if rng.random() < 0.5:
                yield from wander(world, move, 0.4, False)
            return
        yield Control(move)


def mount(world: World, crate: Thing, rng: Random) -> Keys:
    c = world.character
    yield from go(world, lambda: crate.x, 1.2, False)
    if c.mode == "ground" and not roofed(world) and c.y < 0.5:
        while c.turning > 0.0 or c.landing > 0.0:
            yield Control()
        yield Control(toward(world, crate.x), jump=True)
    yield from settle(world, lambda: crate.x)
    yield from stand(rng.choice((0.2, 0.5)))


def beside(world: World, crate: Thing, rng: Random) -> Keys:
    side = -1 if world.character.x < crate.x else 1
    for _ in range(int(1.2 * TICKS)):
        move = toward(world, crate.x + side * 1.1, 0.15)
        if move == 0:
            break
        yield Control(move)
    yield from stand(rng.uniform(0.3, 0.6))


def use_ladder(world: World, ladder: Thing, rng: Random, run: bool) -> Keys:
    c = world.character
    yield from go(world, lambda: ladder.x, 0.2, run)
    if c.mode == "ground":
        up = c.y < 1.5
        yield Control(climb=1 if up else -1)
        if c.mode == "ladder":
            yield from climb(world, rng, 1 if up else -1)


def climb(world: World, rng: Random, direction: int) -> Keys:
    turnaround = rng.uniform(0.4, 0.8) if rng.random() < 0.2 else 9.0
    started = world.time
    while world.character.mode == "ladder":
        if world.time - started > turnaround:
            yield from leap(world, rng)
            return
        yield Control(climb=direction)


def leap(world: World, rng: Random) -> Keys:
    """Let go of the ladder, sideways."""
    move = rng.choice((-1, 1))
    yield Control(move, jump=True)
    while world.character.mode == "air":
        yield Control(move)


def drop(world: World, rng: Random, run: bool) -> Keys:
    c = world.character
    p = world.platforms[0]
    edges = [(p.left - c.x, -1)] * (p.left > 1) + [(p.right - c.x, 1)] * (p.right < world.width - 1)
    if not edges:
        return
    move = min(edges, key=lambda e: abs(e[0]))[1]
    for _ in range(2 * TICKS):
        if c.mode == "ground" and c.y < 2.0:
            return
        yield Control(move, run)


def run_into(world: World, m: Monster) -> Keys:
    for _ in range(2 * TICKS):
        if m.dead is not None or world.character.dead is not None:
            break
        yield Control(1 if m.x > world.character.x else -1)
    yield Control()
