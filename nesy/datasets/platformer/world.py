"""The game's physics: bodies on a strip of tiles, moved by 24 ticks a second.

Coordinates are tiles; x is a body's centre, y its lower edge, upwards, and the ground's surface is y = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

TICKS = 24  # a second
DT = 1.0 / TICKS
VIEW = 6.4  # tiles across the picture, both ways
FLOOR_MARGIN = 0.7  # tiles of earth seen below the ground's surface
LEVEL_WIDTH = 11

WALK, RUN, CLIMB = 2.6, 4.4, 3.4  # tiles a second
JUMP, GRAVITY = 9.5, 24.0  # 1.9 tiles high, 0.8 s long
FALL_SPEED = -3.0  # slower descents still look like the top of a jump

LANDING_TIME = TURNING_TIME = 0.25
COLLECT_TIME = STOMP_TIME = 0.3
KILL_TIME = 0.4
SQUASHED_TIME = 0.5
SAFE_TIME = 1.2  # after the shield took a hit

BODY = {"stand": (0.9, 1.4), "land": (1.0, 1.1), "dead": (1.4, 0.7)}
SIZES = {
    "coin": (0.7, 0.7),
    "gem": (0.75, 0.7),
    "crate": (1.0, 1.0),
    "ladder": (0.8, 3.0),
    "snail": (1.0, 0.85),
    "worm": (1.15, 0.5),
    "mouse": (1.1, 0.75),
    "frog": (0.95, 0.85),
    "slime": (1.0, 0.7),
    "bee": (1.0, 0.85),
    "bat": (1.3, 0.75),
}


def squashed(height: float) -> float:
    """The height of a stomped monster."""
    return max(0.45 * height, 0.32)


@dataclass(slots=True)
class Control:
    """What the player presses during one tick."""

    move: int = 0
    run: bool = False
    jump: bool = False
    climb: int = 0


@dataclass(slots=True)
class Platform:
    """A floating strip of ground that is open from below: cells left to right (exclusive), surface at ``top``."""

    left: int
    right: int
    top: int


@dataclass(slots=True)
class Thing:
    """A coin, gem, crate or ladder."""

    kind: str
    x: float
    y: float
    taken: float | None = None  # seconds since it was collected

    @property
    def exists(self) -> bool:
        return self.taken is None or self.taken < COLLECT_TIME

    def box(self) -> tuple[float, float, float, float]:
        w, h = SIZES[self.kind]
        y = self.y + (self.taken * 3.0 if self.taken is not None else 0.0)
        return self.x - w / 2, y, self.x + w / 2, y + h


@dataclass(slots=True)
class Monster:
    """A walker or flyer that patrols between ``low`` and ``high`` and may hunt the character."""

    kind: str
    x: float
    y: float
    low: float
    high: float
    speed: float
    facing: int
    hunter: bool = False
    pause: float = 0.0
    phase: float = 0.0
    home: float = 0.0  # a flyer's height, a hopper's ground
    dead: float | None = None  # seconds since it was stomped
    killed: float | None = None  # seconds since it killed the character
    vx: float = 0.0

    @property
    def exists(self) -> bool:
        return self.dead is None or self.dead < SQUASHED_TIME

    @property
    def flies(self) -> bool:
        return self.kind in ("bee", "bat")

    def box(self) -> tuple[float, float, float, float]:
        w, h = SIZES[self.kind]
        if self.dead is not None:
            h = squashed(h)
        return self.x - w / 2, self.y, self.x + w / 2, self.y + h

    def step(self, character: Character) -> None:
        """Patrol, pause, hop, hover or hunt for one tick."""
        self.vx = 0.0
        if self.killed is not None:
            self.killed += DT
        if self.dead is not None:
            self.dead += DT
            if self.flies:
                self.y = max(0.0, self.y - 4.0 * DT)
            return
        self.phase += DT
        if self.flies:
            self.y = self.home + 0.18 * math.sin(self.phase * 5.0)
        elif self.kind == "frog":
            beat = (self.phase % 0.9) / 0.5  # half a second in the air, then a rest
            self.y = self.home + (1.6 * beat * (1.0 - beat) if beat < 1.0 else 0.0)
        if self.pause > 0.0:
            self.pause -= DT
            return
        gap = character.x - self.x
        level = abs(character.y - self.y) < 2.6
        speed = self.speed
        if self.hunter and character.dead is None and level and 0.5 < abs(gap) < 3.6:
            self.facing = 1 if gap > 0 else -1
            speed = max(speed * 1.3, 1.6)
        if self.kind == "frog" and self.y == self.home:
            return
        x = self.x + self.facing * speed * DT
        if not self.low <= x <= self.high:
            x = min(max(x, self.low), self.high)
            if not self.hunter or abs(gap) >= 3.6 or not level:
                self.facing = -self.facing
        self.vx = (x - self.x) / DT
        self.x = x


@dataclass(slots=True)
class Character:
    """The alien: on the ground, in the air, on a ladder, or dead."""

    x: float
    y: float
    facing: int = 1
    vx: float = 0.0
    vy: float = 0.0
    mode: str = "ground"  # ground, air, ladder
    landing: float = 0.0  # seconds left in the crouch
    turning: float = 0.0
    shield: bool = False
    safe: float = 0.0
    dead: float | None = None
    support: Thing | None = None  # the crate it stands on or the ladder it hangs on

    @property
    def pose(self) -> str:
        """Exactly one of the motion predicates, or ``dead``."""
        if self.dead is not None:
            return "dead"
        if self.mode == "ladder":
            return "climbing"
        if self.mode == "air":
            return "jumping" if self.vy > FALL_SPEED else "falling"
        if self.landing > 0.0:
            return "landing"
        if self.turning > 0.0:
            return "turning"
        if abs(self.vx) < MOTION_FLOOR:
            return "standing"
        return "running" if abs(self.vx) > (WALK + RUN) / 2 else "walking"

    def box(self) -> tuple[float, float, float, float]:
        w, h = BODY["dead" if self.dead is not None else "land" if self.pose == "landing" else "stand"]
        return self.x - w / 2, self.y, self.x + w / 2, self.y + h


MOTION_FLOOR = 0.3


@dataclass(slots=True)
class World:
    """One level with everything that moves in it."""

    platforms: list[Platform]
    things: list[Thing]
    monsters: list[Monster]
    character: Character
    theme: int = 0
    width: int = LEVEL_WIDTH
    stomps: dict[int, float] = field(default_factory=dict)  # monster index -> seconds since the stomp
    time: float = 0.0

    def crates(self) -> list[Thing]:
        return [t for t in self.things if t.kind == "crate"]

    def ladders(self) -> list[Thing]:
        return [t for t in self.things if t.kind == "ladder"]

    def surface(self, x: float, below: float, reach: float = 0.3) -> tuple[float, Thing | None]:
        """Height and crate (if any) of the highest surface under ``x`` that is not above ``below``."""
        best, crate = 0.0, None
        for p in self.platforms:
            if p.left - reach < x < p.right + reach and best < p.top <= below + 1e-6:
                best, crate = float(p.top), None
        for t in self.things:
            if t.kind == "crate" and abs(t.x - x) < 0.5 + reach and best < t.y + 1.0 <= below + 1e-6:
                best, crate = t.y + 1.0, t
        return best, crate

    def step(self, control: Control) -> None:
        """Advance one tick."""
        self.time += DT
        for thing in self.things:
            if thing.taken is not None:
                thing.taken += DT
        for index in self.stomps:
            self.stomps[index] += DT
        for monster in self.monsters:
            monster.step(self.character)
        self._move(control)
        self._meet()

    def _move(self, control: Control) -> None:
        c = self.character
        c.safe = max(0.0, c.safe - DT)
        if c.dead is not None:
            c.dead += DT
            c.vx = 0.0
            floor, _ = self.surface(c.x, c.y)
            c.vy = 0.0 if c.y <= floor else c.vy - GRAVITY * DT
            c.y = max(floor, c.y + c.vy * DT)
            return
        was_landing = c.landing
        c.landing = max(0.0, c.landing - DT)
        c.turning = max(0.0, c.turning - DT)
        if c.mode == "ladder":
            self._climb(control)
            return
        if control.climb and c.mode == "ground" and self._grab(control.climb):
            return
        if c.mode == "ground":
            if was_landing > 0.0 or c.turning > 0.0:
                c.vx = 0.0
            elif control.move and control.move != c.facing:
                c.facing, c.turning, c.vx = control.move, TURNING_TIME, 0.0
            else:
                c.vx = control.move * (RUN if control.run else WALK)
                if control.jump:
                    c.mode, c.vy, c.support = "air", JUMP, None
        else:
            c.vx = control.move * (RUN if control.run else WALK) * 0.95
            if control.move:
                c.facing = control.move
        self._slide()
        if c.mode == "air":
            old = c.y
            c.vy -= GRAVITY * DT
            c.y += c.vy * DT
            floor, crate = self.surface(c.x, old)
            if c.vy <= 0.0 and c.y <= floor:
                c.y, c.vy, c.vx = floor, 0.0, 0.0
                c.mode, c.landing, c.support = "ground", LANDING_TIME, crate
        else:
            floor, c.support = self.surface(c.x, c.y)
            if floor < c.y - 0.05:
                c.mode, c.vy, c.support = "air", FALL_SPEED, None

    def _slide(self) -> None:
        """Move sideways; crates and the level's ends stop the character."""
        c = self.character
        x = min(max(c.x + c.vx * DT, 0.6), self.width - 0.6)
        for t in self.things:
            if (
                t.kind == "crate"
                and t.y - 1.3 < c.y < t.y + 0.9
                and abs(t.x - x) < 0.9
                and abs(t.x - x) < abs(t.x - c.x)
            ):
                x = c.x
        c.vx = (x - c.x) / DT
        c.x = x

    def _grab(self, climb: int) -> bool:
        c = self.character
        for ladder in self.ladders():
            inside = ladder.y - 0.05 <= c.y < ladder.y + 2.9 if climb > 0 else ladder.y + 0.1 < c.y <= ladder.y + 3.05
            if abs(ladder.x - c.x) < 0.3 and inside:
                c.x, c.mode, c.support, c.vx, c.vy = ladder.x, "ladder", ladder, 0.0, 0.0
                c.landing = c.turning = 0.0
                return True
        return False

    def _climb(self, control: Control) -> None:
        c = self.character
        ladder = c.support
        if ladder is None or (control.jump and control.move):
            c.mode, c.support = "air", None
            c.vy, c.facing = 3.0, control.move or c.facing
            return
        c.vy = control.climb * CLIMB
        c.y += c.vy * DT
        if c.y >= ladder.y + 3.0:
            c.y, c.mode, c.support, c.vy = ladder.y + 3.0, "ground", None, 0.0
        elif c.y <= ladder.y:
            c.y, c.mode, c.support, c.vy = ladder.y, "ground", None, 0.0

    def _meet(self) -> None:
        """Collect items, stomp monsters, be killed: what the contact of bodies does."""
        c = self.character
        if c.dead is not None:
            return
        x0, y0, x1, y1 = c.x - 0.35, c.y, c.x + 0.35, c.y + 1.3
        for t in self.things:
            if t.kind in ("coin", "gem") and t.taken is None:
                bx0, by0, bx1, by1 = t.box()
                if x0 < bx1 and bx0 < x1 and y0 < by1 and by0 < y1:
                    t.taken = 0.0
                    c.shield = t.kind == "gem"
        for i, m in enumerate(self.monsters):
            if m.dead is not None:
                continue
            bx0, by0, bx1, by1 = m.box()
            if not (x0 < bx1 - 0.15 and bx0 + 0.15 < x1 and y0 < by1 and by0 + 0.1 < y1):
                continue
            if c.mode == "air" and c.vy < 0.0 and c.y > (by0 + by1) / 2 - 0.25:
                m.dead, self.stomps[i] = 0.0, 0.0
                c.vy = 0.55 * JUMP
            elif c.shield:
                c.shield, c.safe = False, SAFE_TIME
            elif c.safe <= 0.0:
                c.dead, m.killed = 0.0, 0.0
                c.support = None
                c.vx = 0.0
                c.vy = max(0.0, c.vy)
                m.pause = 0.8
                return
