"""Confusion as heat maps and calibration as reliability diagrams (DeGroot & Fienberg 1983), inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nesy.viz.html import Html, join, number, tag

if TYPE_CHECKING:
    from nesy.training.diagnosis import Calibration, Confusion

MOST = 24  # rows and columns of one map; the most frequent are shown
TITLES = {"classes": "classes, of tracks", "unary": "unary predicates", "binary": "binary predicates"}


def diagnosis(confusions: Sequence[Confusion], calibrations: Sequence[Calibration]) -> Html:
    """The section: reliability first, because it says how far the probabilities on the page can be taken literally."""
    reliability = tag("div", [reliability_chart(c) for c in calibrations], class_="panels")
    about = tag(
        "p",
        "Above the diagonal things are so more often than was said, below it less often. "
        "A dot's area grows with the facts in its bin; ECE is the mean distance from the diagonal over all facts.",
        class_="quiet",
    )
    maps = tag("div", [heat_map(c) for c in confusions], class_="maps")
    note = tag(
        "p",
        "A row is what holds, a column what was predicted; a cell is the mean probability, in per cent, off the "
        "diagonal only over facts where the column does not hold. The last row is the mean over all facts without "
        "the column: a cell well above it is a confusion.",
        " A blank cell: where the row holds, the column always does, so nothing can be mistaken for it."
        if any(_blanks(c) for c in confusions)
        else None,
        class_="quiet",
    )
    return join(reliability if calibrations else None, about if calibrations else None, maps, note)


def reliability_chart(c: Calibration) -> Html:
    """Observed frequency over predicted probability, a dot for each bin that has facts."""
    left, top, size = 40, 8, 210
    most = float(c.count.max()) or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return left + size * x, top + size * (1 - y)

    parts: list[Html] = []
    for t in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = at(t, t)
        parts.append(tag("line", x1=left, x2=left + size, y1=y, y2=y, class_="grid"))
        parts.append(tag("line", x1=x, x2=x, y1=top, y2=top + size, class_="grid"))
        if t in (0.0, 0.5, 1.0):
            parts.append(tag("text", f"{t:g}", x=x, y=top + size + 17, text_anchor="middle", class_="tick"))
            parts.append(tag("text", f"{t:g}", x=left - 6, y=y + 4, text_anchor="end", class_="tick"))
    parts.append(tag("path", d=f"M{left} {top + size}L{left + size} {top}", class_="diagonal"))
    used = [i for i in range(len(c.count)) if c.count[i]]
    points = [at(float(c.predicted[i]), float(c.observed[i])) for i in used]
    pen = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(tag("path", d=pen, class_="line"))
    for i, (x, y) in zip(used, points, strict=True):
        words = f"predicted {number(c.predicted[i])}, so in {number(c.observed[i])} of {c.count[i]} facts"
        radius = 2.5 + 5.5 * math.sqrt(c.count[i] / most)
        parts.append(tag("circle", tag("title", words), cx=x, cy=y, r=radius, class_="point"))
    middle = left + size / 2
    parts.append(tag("text", "predicted probability", x=middle, y=top + size + 31, text_anchor="middle", class_="tick"))
    across = f"rotate(-90 12 {top + size / 2})"
    parts.append(
        tag("text", "how often it is so", x=12, y=top + size / 2, text_anchor="middle", class_="tick", transform=across)
    )
    svg = tag(
        "svg",
        parts,
        viewBox=f"0 0 {left + size + 12} {top + size + 36}",
        role="img",
        aria_label=f"reliability of {c.name}: expected calibration error {number(c.error)}",
        class_="chart square",
    )
    error = tag("span", f"ECE {number(c.error)}", class_="last", title="expected calibration error, ten bins")
    caption = tag("figcaption", tag("span", TITLES.get(c.name, c.name)), error)
    return tag("figure", caption, svg, class_="panel")


def heat_map(c: Confusion) -> Html:
    """A table of shaded cells: rows that occur, columns of all shown labels, and the row of what does not hold."""
    columns = _columns(c)
    left_out = len(c.labels) - len(columns)
    head = tag(
        "tr",
        tag("th", "holds", scope="col"),
        [tag("th", tag("span", c.labels[j]), scope="col", class_="turned") for j in columns],
        tag("th", "facts", scope="col", class_="num"),
    )
    body = [
        tag(
            "tr",
            tag("th", c.labels[i], scope="row", class_="mono"),
            [_cell(c.cells[i, j], c.otherwise[j], c.labels[i], c.labels[j]) for j in columns],
            tag("td", f"{c.count[i]:,}", class_="num quiet"),
        )
        for i in columns
    ]
    last = tag(
        "tr",
        tag("th", "not the column", scope="row", class_="quiet"),
        [_shade(c.otherwise[j], f"{c.labels[j]} where it does not hold: {number(c.otherwise[j])}") for j in columns],
        tag("td", class_="num"),
        class_="otherwise",
    )
    table = tag("table", tag("thead", head), tag("tbody", [*body, last]), class_="heat")
    more = tag("p", f"{left_out} that occur less or never are not shown.", class_="quiet") if left_out else None
    caption = tag("figcaption", TITLES.get(c.name, c.name))
    return tag("figure", caption, tag("div", table, class_="wide"), more, class_="panel")


def _columns(c: Confusion) -> list[int]:
    """The most frequent labels, in the vocabulary's own order, which puts related names side by side."""
    return sorted(int(i) for i in np.argsort(-c.count, kind="stable")[:MOST] if c.count[i] > 0)


def _blanks(c: Confusion) -> bool:
    shown = _columns(c)
    return bool(np.isnan(c.cells[np.ix_(shown, shown)]).any() or np.isnan(c.otherwise[shown]).any())


def _cell(value: float, otherwise: float, row: str, column: str) -> Html:
    if row == column:
        return _shade(value, f"{row}: mean probability {number(value)} where it holds", "own")
    words = f"where {row} holds and {column} does not: {column} {number(value)} (elsewhere {number(otherwise)})"
    return _shade(value, words)


def _shade(value: float, words: str, css: str = "") -> Html:
    if math.isnan(value):
        return tag("td", "", title="no such fact: the column always holds here", class_="never")
    style = f"--p: {45 * min(max(value, 0.0), 1.0):.0f}%"  # never so dark that its number could not be read
    return tag("td", f"{100 * value:.0f}", title=words, style=style, class_=css or None)
