"""A time line of recalled triples as one SVG file: a band a video, a bar a triple, its shade the confidence.

All bands stand under one axis, from 0 to the end of the longest video, so that bars of two videos can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from nesy.errors import DataError
from nesy.viz.charts import ticks
from nesy.viz.html import Html, tag

WIDTH, ROW, AXIS, HEAD = 960, 22, 26, 30
LETTER, MOST_LETTERS = 6.6, 46  # pixels of a letter; letters of a label
COLOURS = ("#2a69de", "#e07a1c", "#10905f", "#b03f98", "#0b89a9", "#cb3540", "#7452d2", "#9a830c")
STYLE = """
text { font: 12px ui-sans-serif, system-ui, "Liberation Sans", Arial, sans-serif; fill: #1d1f24; }
.page { fill: #ffffff; } .rule { stroke: #dddbd5; } .quiet { fill: #5f636d; } .lasts { fill: #f2f1ed; }
.video { font-weight: 650; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
@media (prefers-color-scheme: dark) {
  text { fill: #e9e9ec; } .page { fill: #1b1e24; } .rule { stroke: #31363f; } .quiet { fill: #9ba0ab; }
  .lasts { fill: #23272f; } .video { stroke: #1b1e24; }
}
"""


class Recalled(Protocol):
    """What is drawn: an interval triple, as the memory's store holds it."""

    @property
    def subject(self) -> str: ...
    @property
    def predicate(self) -> str: ...
    @property
    def object(self) -> str | None: ...
    @property
    def video(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def confidence(self) -> float: ...
    @property
    def fps(self) -> float | None: ...


@dataclass(frozen=True)
class _Axis:
    """From time to pixels.

    ends: the end of each video.  left: where time 0 stands.  timed: in seconds, else in frames.
    """

    ends: dict[str, float]
    left: float
    timed: bool

    def x(self, time: float) -> float:
        return self.left + (WIDTH - self.left - 24) * time / max(self.ends.values())

    def at(self, frame: int, t: Recalled) -> float:
        return frame / t.fps if self.timed and t.fps is not None else float(frame)


def recalled_svg(triples: Sequence[Recalled], most: int = 200, frames: Mapping[str, int] | None = None) -> str:
    """The drawing as text; time in seconds where every video has a frame rate, else in frames.

    Args:
        frames: how long the videos are; one that is not named ends with its last triple.

    Raises:
        DataError: nothing to draw, or more than ``most`` triples.
    """
    if not triples:
        raise DataError("nothing was recalled: there is nothing to draw")
    if len(triples) > most:
        raise DataError(f"{len(triples)} triples do not fit on a time line", hint=f"draw at most {most} of them")
    predicates = list(dict.fromkeys(t.predicate for t in triples))
    colour = {p: COLOURS[i % len(COLOURS)] for i, p in enumerate(predicates)}
    order = list(dict.fromkeys(t.video for t in triples))
    ranked = sorted(triples, key=lambda t: (order.index(t.video), t.start, t.end))
    axis = _axis(ranked, frames or {})
    y = AXIS
    grounds, parts = list[Html](), list[Html]()
    for video, group in groupby(ranked, key=lambda t: t.video):
        mine = list(group)
        grounds.append(_ground(video, len(mine), y + HEAD, axis))
        parts += _band(video, mine, colour, y, axis)
        y += HEAD + ROW * len(mine) + 6
    y += AXIS
    name = f"{len(triples)} recalled triples of {len(order)} video{'s' * (len(order) > 1)}"
    return str(
        tag(
            "svg", tag("title", name), tag("style", Html(STYLE)),
            tag("rect", class_="page", x=0, y=0, width=WIDTH, height=y), grounds, _rules(axis, y), parts,
            xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {y}", width=WIDTH, height=y, role="img",
        )
    )  # fmt: skip


def _axis(triples: Sequence[Recalled], frames: Mapping[str, int]) -> _Axis:
    timed = all(t.fps is not None for t in triples)
    ends: dict[str, float] = {}
    for t in triples:
        last = max(t.end, frames.get(t.video, 0))
        ends[t.video] = max(ends.get(t.video, 0.0), last / t.fps if timed and t.fps is not None else float(last))
    longest = max(len(_short(_words(t), MOST_LETTERS)) for t in triples)
    return _Axis(ends, 24 + LETTER * longest, timed)


def _rules(axis: _Axis, bottom: int) -> list[Html]:
    """Upright lines through all bands, their times above and below."""
    last, unit, out = max(axis.ends.values()), " s" if axis.timed else "", list[Html]()
    marks = [m for m in ticks(0, last, 8) if m <= last * (1 + 1e-9)]
    for k, value in enumerate(marks):
        x = f"{axis.x(value):.1f}"
        label = f"{value:g}{unit}" if axis.timed or k else "frame 0"
        out.append(tag("line", class_="rule", x1=x, x2=x, y1=AXIS - 6, y2=bottom - AXIS + 6))
        out += [tag("text", label, class_="quiet", x=x, y=y, text_anchor="middle") for y in (AXIS - 11, bottom - 9)]
    return out


def _ground(video: str, rows: int, y: int, axis: _Axis) -> Html:
    """How long a video lasts."""
    width = f"{axis.x(axis.ends[video]) - axis.x(0):.1f}"
    return tag("rect", class_="lasts", x=f"{axis.x(0):.1f}", y=y - 2, width=width, height=ROW * rows + 4, rx=3)


def _band(video: str, triples: Sequence[Recalled], colour: dict[str, str], top: int, axis: _Axis) -> list[Html]:
    """One video: its name and a bar for each triple."""
    y = top + HEAD
    parts = [tag("text", _short(video, 110), class_="video", x=12, y=top + 20)]
    for t in triples:
        start, end = axis.at(t.start, t), axis.at(t.end, t)
        a, b = axis.x(start), axis.x(end)
        when = f"{start:.2f}-{end:.2f} s" if axis.timed else f"frames {t.start}-{t.end - 1}"
        parts.append(
            tag("text", _short(_words(t), MOST_LETTERS), x=f"{axis.left - 10:.1f}", y=y + 15, text_anchor="end")
        )
        bar = tag(
            "rect", tag("title", f"{_words(t)}, {when}, confidence {t.confidence:.2f}"), x=f"{a:.1f}", y=y + 3,
            width=f"{max(2.0, b - a):.1f}", height=ROW - 6, rx=3, fill=colour[t.predicate], class_="bar",
            fill_opacity=f"{0.15 + 0.85 * t.confidence:.2f}",
        )  # fmt: skip
        parts.append(bar)
        y += ROW
    return parts


def _words(t: Recalled) -> str:
    """The triple without the video's name, which stands above it."""
    other = "" if t.object is None else " " + t.object.removeprefix(t.video + "/")
    return f"{t.subject.removeprefix(t.video + '/')} {t.predicate}{other}"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
