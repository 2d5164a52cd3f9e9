"""Charts as inline SVG: bars with a dot for each seed, and lines over epochs. Colours come from the page's CSS."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nesy.viz.content import METRICS, LossCurve, MetricRow
from nesy.viz.html import Html, join, number, tag
from nesy.viz.summary import summarise

MAX_POINTS = 400  # of one line; longer curves are averaged in stretches, which the chart says


def series_classes(rows: Sequence[MetricRow]) -> list[str]:
    """The CSS class that colours each row everywhere on the page; baselines are numbered."""
    out, baselines = [], 0
    for row in rows:
        if row.role == "baseline":
            out.append(f"s-b{baselines % 5}")
            baselines += 1
        else:
            out.append(f"s-{row.role}")
    return out


def legend(rows: Sequence[MetricRow]) -> Html:
    """The colour of each row, once for all charts below it."""
    items = [
        tag("li", tag("span", class_=f"key {css}"), row.name, class_="legend-item")
        for row, css in zip(rows, series_classes(rows), strict=True)
    ]
    return tag("ul", items, class_="legend")


def bar_chart(rows: Sequence[MetricRow], metric: str) -> Html:
    """One metric from 0 to 1: a bar to the mean of each row, a dot for each seed; ``n/a`` where not measured."""
    left, width, right, pitch, top = 108, 196, 46, 25, 4
    height = top + pitch * len(rows)
    label = METRICS.get(metric, metric)

    def x(value: float) -> float:
        return left + width * min(max(value, 0.0), 1.0)

    parts: list[Html] = []
    for t in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(tag("line", x1=x(t), x2=x(t), y1=top, y2=height, class_="grid"))
        if t in (0.0, 0.5, 1.0):
            parts.append(tag("text", f"{t:g}", x=x(t), y=height + 14, text_anchor="middle", class_="tick"))
    for i, (row, css) in enumerate(zip(rows, series_classes(rows), strict=True)):
        s = summarise(row.values.get(metric, ()))
        middle = top + pitch * (i + 0.5)
        seeds = ", ".join(f"seed {k}: {number(v)}" for k, v in zip(row.seeds, s.values, strict=False)) or "not measured"
        mine = [
            tag("title", f"{row.name}, {label}: {seeds}"),
            tag("text", _short(row.name, 17), x=left - 8, y=middle + 4, text_anchor="end", class_=f"name {row.role}"),
        ]
        if s.measured:
            mine.append(_bar(x(0), middle - 6, x(s.mean) - x(0), 12, css))
            mine += [tag("circle", cx=x(v), cy=middle, r=3, class_=f"seed {css}") for v in s.measured]
            end = max(x(s.mean), *(x(v) for v in s.measured)) + 8
            mine.append(tag("text", number(s.mean), x=end, y=middle + 4, class_=f"value {row.role}"))
        else:
            mine.append(tag("text", "n/a", x=left + 4, y=middle + 4, class_="tick"))
        parts.append(tag("g", mine))
    svg = tag(
        "svg",
        parts,
        viewBox=f"0 0 {left + width + right} {height + 20}",
        role="img",
        aria_label=f"{label} of each row: bar to the mean, a dot for each seed",
        class_="chart",
    )
    return tag("figure", tag("figcaption", label), svg, class_="panel")


def _bar(x: float, y: float, width: float, height: float, css: str) -> Html:
    """A bar that stands square on its base line and is rounded at its end."""
    r = min(3.0, width)
    d = (
        f"M{x:.6g} {y:.6g}h{width - r:.6g}q{r:.6g} 0 {r:.6g} {r:.6g}v{height - 2 * r:.6g}"
        f"q0 {r:.6g} {-r:.6g} {r:.6g}h{r - width:.6g}z"
    )
    return tag("path", d=d, class_=f"bar {css}")


def line_chart(curve: LossCurve) -> Html:
    """One quantity over epochs, on its own scale, with its last value; a NaN breaks the line."""
    left, right, top, bottom, width, height = 46, 10, 8, 38, 350, 184
    points = [
        (e, v if abs(v) < 1e300 else math.nan)
        for e, v in zip(curve.epochs, curve.values, strict=True)
        if math.isfinite(e)
    ]
    finite = [(e, v) for e, v in points if math.isfinite(v)]
    caption = [tag("span", curve.name)]
    if not finite:
        note = tag("p", "no finite value was logged", class_="quiet")
        return tag("figure", tag("figcaption", caption), note, class_="panel")
    caption.append(tag("span", number(finite[-1][1]), class_="last", title=f"last value, epoch {finite[-1][0]:g}"))
    thinned = _thin(points)
    if len(thinned) < len(points):
        caption.append(tag("span", f"means of {len(points)} points", class_="quiet"))

    e0, e1 = min(e for e, _ in finite), max(e for e, _ in finite)
    ys = ticks(min(v for _, v in finite), max(v for _, v in finite))
    v0, v1 = ys[0], ys[-1]

    def at(e: float, v: float) -> tuple[float, float]:
        across = 0.5 if e1 == e0 else (e - e0) / (e1 - e0)
        return left + (width - left - right) * across, height - bottom - (height - top - bottom) * (v - v0) / (v1 - v0)

    parts: list[Html] = []
    for v in ys:
        _, y = at(e0, v)
        parts.append(tag("line", x1=left, x2=width - right, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", f"{v:g}", x=left - 7, y=y + 3.5, text_anchor="end", class_="tick"))
    for e in _epoch_ticks(e0, e1):
        x, _ = at(e, v0)
        parts.append(tag("text", f"{e:g}", x=x, y=height - bottom + 16, text_anchor="middle", class_="tick"))
    middle = (left + width - right) / 2
    parts.append(tag("text", "epoch", x=middle, y=height - 5, text_anchor="middle", class_="tick"))
    pen, down = "", False
    for e, v in thinned:
        if math.isfinite(v):
            x, y = at(e, v)
            pen += f"{'L' if down else 'M'}{x:.1f},{y:.1f}"
        down = math.isfinite(v)
    parts.append(tag("path", d=pen, class_="line"))
    if len(thinned) <= 60:
        for e, v in thinned:
            if math.isfinite(v):
                x, y = at(e, v)
                parts.append(
                    tag("circle", tag("title", f"epoch {e:g}: {number(v, 4)}"), cx=x, cy=y, r=2.5, class_="point")
                )
    svg = tag(
        "svg",
        parts,
        viewBox=f"0 0 {width} {height}",
        role="img",
        class_="chart",
        aria_label=f"{curve.name} over epochs {e0:g} to {e1:g}, last value {number(finite[-1][1])}",
    )
    return tag("figure", tag("figcaption", join(*caption)), svg, class_="panel")


def dot_row(shares: float, values: Sequence[tuple[str, str, float]], label: str) -> Html:
    """Values on one line from 0 to 1: (CSS class, name, value) as dots, ``shares`` as a tick for guessing."""
    width, height, pad = 380, 18, 8

    def x(value: float) -> float:
        return pad + (width - 2 * pad) * min(max(value, 0.0), 1.0)

    parts = [tag("line", x1=x(t), x2=x(t), y1=0, y2=height, class_="grid") for t in (0.0, 0.5, 1.0)]
    shown = [(css, name, v) for css, name, v in values if math.isfinite(v)]
    if shown:
        low, high = min(v for _, _, v in shown), max(v for _, _, v in shown)
        parts.append(tag("line", x1=x(low), x2=x(high), y1=height / 2, y2=height / 2, class_="range"))
    if math.isfinite(shares):
        parts.append(
            tag(
                "line",
                tag("title", f"share of positives {number(shares)}"),
                x1=x(shares),
                x2=x(shares),
                y1=3,
                y2=height - 3,
                class_="share",
            )
        )
    for css, name, v in reversed(shown):  # the first row lies on top
        parts.append(
            tag("circle", tag("title", f"{name}: {number(v)}"), cx=x(v), cy=height / 2, r=4.5, class_=f"dot {css}")
        )
    return tag("svg", parts, viewBox=f"0 0 {width} {height}", role="img", aria_label=label, class_="dots")


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) that enclose ``[low, high]``; always at least two.

    >>> ticks(0.13, 0.71)
    [0.0, 0.2, 0.4, 0.6, 0.8]
    """
    if high - low <= max(1e-9 * max(abs(low), abs(high)), 1e-300):
        middle = abs(low) if abs(low) > 1e-300 else 1.0
        low, high = low - middle / 2, high + middle / 2
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _epoch_ticks(e0: float, e1: float) -> list[float]:
    return [e0] if e0 == e1 else [e for e in ticks(e0, e1, 5) if e0 <= e <= e1] or [e0, e1]


def _thin(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most ``MAX_POINTS`` points, each the mean of a stretch; a stretch with a NaN stays NaN."""
    if len(points) <= MAX_POINTS:
        return points
    size = math.ceil(len(points) / MAX_POINTS)
    stretches = [points[i : i + size] for i in range(0, len(points), size)]
    return [(sum(e for e, _ in s) / len(s), sum(v for _, v in s) / len(s)) for s in stretches]


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
