"""A memory as a map: its classes as circles, and between them what their objects did to each other most tellingly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, gcd, hypot, log, pi, sin, sqrt
from typing import TYPE_CHECKING

from nesy.viz.html import Html, tag
from nesy.viz.placing import Box, Point, free_place

if TYPE_CHECKING:
    from nesy.memory.store import Triple

IS_A = "is_a"
MOST_READ = 200_000  # triples; a larger memory is drawn from its first ones
MOST_CLASSES, MOST_LINKS = 12, 18
WIDTH, HEIGHT = 860, 540
RADIUS = 34.0  # pixels of the largest circle
LETTER, BOLD, LINE = 6.0, 7.6, 15.0  # pixels of a letter of a link's label and of a class's name, and of their height
ALONG = (0.5, 0.43, 0.57, 0.36, 0.64, 0.29, 0.71, 0.22, 0.78)  # where on its link a label may stand


@dataclass(frozen=True)
class Overview:
    """What is drawn.

    objects: how many objects each class has; the class of an object is its most confident one.
    alone: class -> unary predicate -> how often.  links: (class, predicate, class) -> how often.
    """

    objects: Counter[str]
    alone: dict[str, Counter[str]]
    links: Counter[tuple[str, str, str]]

    def telling(self, most: int = MOST_LINKS) -> list[tuple[str, str, str]]:
        """One predicate for a pair of classes, the one that sets the pair apart most; a symmetric one once.

        Its weight is n log((n / n of the pair) / (n of the predicate / n of all)), its part of the mutual information:
        by counts alone, what holds of everything all the time (``near``) would hide what happened.
        """
        total = sum(self.links.values())
        of: Counter[str] = Counter()
        pair: Counter[tuple[str, str]] = Counter()
        for (a, p, b), n in self.links.items():
            of[p] += n
            pair[a, b] += n
        best: dict[tuple[str, str], tuple[float, str]] = {}
        for (a, p, b), n in sorted(self.links.items()):
            weight = n * log(n * total / (pair[a, b] * of[p])) if n * total > pair[a, b] * of[p] else 0.0
            if weight >= best.get((a, b), (0.0, ""))[0]:
                best[a, b] = (weight, p)
        ranked = sorted(best.items(), key=lambda x: (-x[1][0], x[0]))
        out: list[tuple[str, str, str]] = []
        for (a, b), (_, p) in ranked:
            if not self.symmetric(p) or (b, p, a) not in out:
                out.append((a, p, b))
        return out[:most]

    def symmetric(self, predicate: str) -> bool:
        """Whether the predicate always held in both directions."""
        return all(self.links[b, p, a] == n for (a, p, b), n in self.links.items() if p == predicate)


def overview(triples: Iterable[Triple]) -> Overview:
    """Count what the triples say, class by class."""
    label: dict[str, tuple[float, str]] = {}
    kept: list[Triple] = []
    for t in triples:
        if t.predicate == IS_A and t.object is not None:
            if t.confidence > label.get(t.subject, (-1.0, ""))[0]:
                label[t.subject] = (t.confidence, t.object)
        else:
            kept.append(t)
    alone: dict[str, Counter[str]] = defaultdict(Counter)
    links: Counter[tuple[str, str, str]] = Counter()
    for t in kept:
        a = label.get(t.subject, (0.0, "?"))[1]
        if t.object is None:
            alone[a][t.predicate] += 1
        else:
            links[a, t.predicate, label.get(t.object, (0.0, "?"))[1]] += 1
    return Overview(Counter(name for _, name in label.values()), dict(alone), links)


def map_svg(seen: Overview) -> Html | None:
    """The drawing; None where no object has a class."""
    classes = [c for c, _ in seen.objects.most_common(MOST_CLASSES)]
    if not classes:
        return None
    most = max(seen.objects.values())
    size = {c: max(9.0, RADIUS * sqrt(seen.objects[c] / most)) for c in classes}
    place = {c: _place(k, len(classes)) for k, c in enumerate(_spread(classes))}
    links = [(a, p, b) for a, p, b in seen.telling() if a in place and b in place]
    largest = max((seen.links[x] for x in links), default=1)
    ties = [_tie(x, place, size) for x in links]
    names = {c: _named(c, place[c], size[c]) for c in classes}
    taken = [*names.values(), *(Box(*place[c], 2 * size[c], 2 * size[c]) for c in classes)]
    labels = []
    for tie in ties:  # the most telling one chooses first
        others = [point for other in ties if other is not tie for point in other.line]
        label = free_place(tie.places(), taken, others)
        taken.append(label)
        labels.append(tag("text", tie.link[1], x=_px(label.x), y=_px(label.y + 4), text_anchor="middle", class_="did"))
    drawn = [tie.drawn(seen, largest) for tie in ties]
    nodes = [_node(c, seen, place[c], size[c], names[c]) for c in classes]
    return tag(
        "svg", drawn, nodes, labels, viewBox=f"0 0 {WIDTH} {HEIGHT}", width=WIDTH, height=HEIGHT, role="img",
        aria_label="map of the memory", class_="map",
    )  # fmt: skip


def _spread(classes: list[str]) -> list[str]:
    """Common classes apart from each other on the circle: by steps of about 0.4 of it."""
    n = len(classes)
    step = next(k for k in range(max(1, round(0.4 * n)), n + 1) if gcd(k, n) == 1)
    out = [""] * n
    for k, c in enumerate(classes):
        out[k * step % n] = c
    return out


def _place(k: int, n: int) -> tuple[float, float]:
    if n == 1:
        return WIDTH / 2, HEIGHT / 2
    angle = 2 * pi * k / n - pi / 2
    return WIDTH / 2 + 0.36 * WIDTH * cos(angle), HEIGHT / 2 + 0.38 * HEIGHT * sin(angle)


def _named(c: str, at: Point, radius: float) -> Box:
    """Where the name of a class stands: outside the circle of circles, away from most links."""
    x, y = at
    return Box(x, y + radius + 11 if y >= HEIGHT / 2 else y - radius - 10, BOLD * len(c), LINE)


def _node(c: str, seen: Overview, at: Point, radius: float, name: Box) -> Html:
    x, y = at
    did = seen.alone.get(c, Counter()).most_common(6)
    told = f"{seen.objects[c]} objects" + "".join(f"; {p} {n}" for p, n in did)
    return tag(
        "g",
        tag("title", f"{c}: {told}"),
        tag("circle", cx=_px(x), cy=_px(y), r=_px(radius)),
        tag("text", seen.objects[c], x=_px(x), y=_px(y + 4), text_anchor="middle", class_="count"),
        tag("text", c, x=_px(name.x), y=_px(name.y + 4), text_anchor="middle", class_="name"),
        class_="class",
    )


@dataclass(frozen=True)
class _Tie:
    """A link as it is drawn.

    path: of the SVG.  line: points along it, evenly.  head: corners of the arrow's head.
    """

    link: tuple[str, str, str]
    path: str
    line: list[Point]
    head: str

    def places(self) -> list[Box]:
        """Where its label may stand: on the line, then beside it; a label never leaves the picture."""
        width = LETTER * len(self.link[1]) + 6
        out = []
        for beside in (0.0, -LINE, LINE, -2 * LINE, 2 * LINE):
            for t in ALONG:
                x, y = self.line[round(t * (len(self.line) - 1))]
                x = min(max(x, width / 2), WIDTH - width / 2)
                out.append(Box(x, min(max(y + beside, LINE), HEIGHT - LINE), width, LINE))
        return out

    def drawn(self, seen: Overview, largest: int) -> Html:
        a, p, b = self.link
        count = seen.links[self.link]
        width = f"{0.8 + 2.6 * sqrt(count / largest):.2f}"
        return tag(
            "g",
            tag("title", f"{a} {p} {b}: {count} times"),
            tag("path", d=self.path, fill="none", stroke_width=width),
            tag("polygon", points=self.head) if self.head and not seen.symmetric(p) else None,
            class_="tie",
        )


def _tie(link: tuple[str, str, str], place: dict[str, Point], size: dict[str, float]) -> _Tie:
    """An arrow that bends to its right, so that the two directions of a pair stand apart; symmetric: without a head."""
    a, _, b = link
    (x0, y0), (x1, y1) = place[a], place[b]
    if a == b:
        r = size[a]
        side = 1 if x0 >= WIDTH / 2 else -1
        d = f"M{x0 + side * r:.1f} {y0 - 6:.1f}c{side * 40} -22 {side * 40} 34 0 12"
        out = x0 + side * (r + 38 + LETTER * len(link[1]) / 2)
        return _Tie(link, d, [(out, y0 + k) for k in range(-8, 9)], "")
    length = hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    bend = 0.14 * length
    mx, my = (x0 + x1) / 2 - uy * bend, (y0 + y1) / 2 + ux * bend
    into = hypot(x1 - mx, y1 - my) or 1.0
    ex, ey = x1 - (x1 - mx) / into * (size[b] + 4), y1 - (y1 - my) / into * (size[b] + 4)
    out = hypot(mx - x0, my - y0) or 1.0
    sx, sy = x0 + (mx - x0) / out * (size[a] + 2), y0 + (my - y0) / out * (size[a] + 2)
    hx, hy = (x1 - mx) / into, (y1 - my) / into
    head = f"{ex + 4 * hx:.1f},{ey + 4 * hy:.1f} {ex - 4 * hx - 4 * hy:.1f},{ey - 4 * hy + 4 * hx:.1f}"
    head += f" {ex - 4 * hx + 4 * hy:.1f},{ey - 4 * hy - 4 * hx:.1f}"
    line = [_on((sx, sy), (mx, my), (ex, ey), k / 40) for k in range(41)]
    return _Tie(link, f"M{sx:.1f} {sy:.1f}Q{mx:.1f} {my:.1f} {ex:.1f} {ey:.1f}", line, head)


def _on(a: Point, middle: Point, b: Point, t: float) -> Point:
    """A point of a quadratic curve."""
    u, v, w = (1 - t) ** 2, 2 * t * (1 - t), t * t
    return u * a[0] + v * middle[0] + w * b[0], u * a[1] + v * middle[1] + w * b[1]


def _px(x: float) -> str:
    return f"{x:.1f}"
