"""A time line of recalled triples as one SVG file: a band a video, a bar a triple, its shade the confidence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from nesy.errors import DataError
from nesy.viz.charts import ticks
from nesy.viz.html import Html, tag

WIDTH, LABEL, ROW, AXIS, HEAD = 960, 330, 22, 26, 30
COLOURS = ("#2a69de", "#e07a1c", "#10905f", "#b03f98", "#0b89a9", "#cb3540", "#7452d2", "#9a830c")
STYLE = """
text { font: 12px ui-sans-serif, system-ui, "Liberation Sans", Arial, sans-serif; fill: #1d1f24; }
.page { fill: #ffffff; } .rule { stroke: #dddbd5; } .quiet { fill: #5f636d; } .video { font-weight: 650; }
@media (prefers-color-scheme: dark) {
  text { fill: #e9e9ec; } .page { fill: #1b1e24; } .rule { stroke: #31363f; } .quiet { fill: #9ba0ab; }
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


def recalled_svg(triples: Sequence[Recalled], most: int = 200) -> str:
    """The drawing as text; time in seconds where the video has a frame rate, else in frames.

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
    y = 8
    parts: list[Html] = []
    for video, group in groupby(ranked, key=lambda t: t.video):
        band, height = _band(video, list(group), colour, y)
        parts += band
        y += height
    name = f"{len(triples)} recalled triples of {len(order)} video{'s' * (len(order) > 1)}"
    return str(
        tag(
            "svg", tag("title", name), tag("style", Html(STYLE)),
            tag("rect", class_="page", x=0, y=0, width=WIDTH, height=y), parts,
            xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {y}", width=WIDTH, height=y, role="img",
        )
    )  # fmt: skip


def _band(video: str, triples: Sequence[Recalled], colour: dict[str, str], top: int) -> tuple[list[Html], int]:
    """One video: its name, a bar for each triple and the axis."""
    rate = next((t.fps for t in triples if t.fps is not None), None)
    unit = 1.0 if rate is None else rate
    last = max(t.end for t in triples) / unit

    def x(time: float) -> float:
        return LABEL + (WIDTH - LABEL - 20) * time / last

    parts = [tag("text", _short(video, 110), class_="video", x=12, y=top + 18)]
    y = top + HEAD
    bottom = y + ROW * len(triples)
    for value in ticks(0, last, 6):
        if value <= last:
            parts.append(tag("line", class_="rule", x1=f"{x(value):.1f}", x2=f"{x(value):.1f}", y1=y - 4, y2=bottom))
            label = f"{value:g}" + (" s" if rate is not None else "")
            parts.append(tag("text", label, class_="quiet", x=f"{x(value):.1f}", y=bottom + 16, text_anchor="middle"))
    for t in triples:
        subject = t.subject.removeprefix(video + "/")
        other = "" if t.object is None else " " + t.object.removeprefix(video + "/")
        text = f"{subject} {t.predicate}{other}"
        a, b = x(t.start / unit), x(t.end / unit)
        when = f"{t.start / unit:.2f}-{t.end / unit:.2f} s" if rate is not None else f"frames {t.start}-{t.end - 1}"
        parts.append(tag("text", _short(text, 46), x=LABEL - 10, y=y + 15, text_anchor="end"))
        bar = tag(
            "rect", tag("title", f"{text}, {when}, confidence {t.confidence:.2f}"), x=f"{a:.1f}", y=y + 3,
            width=f"{max(2.0, b - a):.1f}", height=ROW - 6, rx=3, fill=colour[t.predicate],
            fill_opacity=f"{0.15 + 0.85 * t.confidence:.2f}",
        )  # fmt: skip
        parts.append(bar)
        y += ROW
    return parts, HEAD + ROW * len(triples) + AXIS


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
