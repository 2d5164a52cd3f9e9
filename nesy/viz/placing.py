"""Where a label can stand: the first of its places that covers nothing, else the one that covers least."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]
LINE = 12.0  # the area that a point of a line counts for: a label had rather cross a line than another label


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle and its size, pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        w = (self.width + other.width) / 2 - abs(self.x - other.x)
        h = (self.height + other.height) / 2 - abs(self.y - other.y)
        return min(w, self.width, other.width) * min(h, self.height, other.height) if w > 0 and h > 0 else 0.0

    def holds(self, point: Point) -> bool:
        return 2 * abs(point[0] - self.x) <= self.width and 2 * abs(point[1] - self.y) <= self.height


def free_place(places: Iterable[Box], taken: Sequence[Box], lines: Sequence[Point] = ()) -> Box:
    """Of the places, in the order of preference, the first that covers nothing taken and crosses fewest lines.

    Args:
        taken: boxes of other labels and of nodes.
        lines: points along lines that run elsewhere.

    Raises:
        ValueError: no place was offered.

    >>> free_place([Box(0, 0, 4, 2), Box(9, 0, 4, 2)], taken=[Box(1, 0, 4, 2)])
    Box(x=9, y=0, width=4, height=2)
    """

    def cost(place: Box) -> float:
        return 10 * sum(place.overlap(t) for t in taken) + LINE * sum(place.holds(p) for p in lines)

    return min(places, key=cost)
