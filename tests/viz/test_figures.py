"""Means, marks and charts: what a reader takes from them is what the numbers say."""

from __future__ import annotations

import io
import math
import re
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from nesy.viz import LossCurve, MetricRow, PredicateRow, Report, metrics_table, render_report
from nesy.viz.charts import MAX_POINTS, line_chart, ticks
from nesy.viz.content import Role
from nesy.viz.summary import best_rows, summarise
from tests.viz.reading import Element, read
from tests.viz.samples import rows

NAN = float("nan")


@given(st.lists(st.floats(0, 1) | st.just(NAN), max_size=6))
def test_summary_is_mean_and_sample_deviation_of_what_was_measured(values: list[float]) -> None:
    x = [v for v in values if v == v]
    s = summarise(values)
    assert s.mean == pytest.approx(statistics.fmean(x)) if x else math.isnan(s.mean)
    assert s.spread == pytest.approx(statistics.stdev(x), abs=1e-9) if len(x) > 1 else math.isnan(s.spread)


def row(name: str, *values: float, role: Role | None = None) -> MetricRow:
    return MetricRow(name, "", tuple(range(len(values))), {"unary_map": values}, role)


@pytest.mark.parametrize(
    ("chosen", "marked"),
    [
        ([row("captions", 0.7, 0.8), row("b", 0.5, 0.6)], {0}),
        ([row("captions", 0.7, 0.8), row("b", 0.5, 0.7)], {0, 1}),  # ranges touch
        ([row("captions", 0.7), row("b", 0.69)], {0}),  # one seed, no range
        ([row("captions", 0.7), row("b", 0.7)], {0, 1}),
        ([row("captions", 0.5, 0.6), row("all labels", 0.9, 0.9), row("b", 0.2, 0.3)], {0}),
        ([row("captions", 0.5), row("all labels", 0.9), row("chance", 0.6)], set()),  # nobody to compete with
        ([row("captions", NAN, NAN), row("b", 0.1, NAN), row("c", 0.05, 0.06)], {1}),
        ([row("captions", 0.5), row("upper", 0.9, role="ceiling"), row("b", 0.4)], {0}),
    ],
)
def test_marks(chosen: list[MetricRow], marked: set[int]) -> None:
    assert best_rows(chosen, "unary_map") == marked


def test_table_shows_mean_spread_every_seed_and_marks() -> None:
    table = read(render_report(Report("t", rows=rows()))).one("table", class_="metrics")
    body = table.one("tbody").all("tr")
    cells = [r.all("td")[0].text() for r in body]
    assert cells[0] == "0.700 ± 0.0200.700 0.720 0.680"
    assert cells[3] == "0.690" and cells[4] == "0.100"
    assert body[2].all("td")[1].text() == "–– –"
    assert [bool(r.all("td")[0].all("span", class_="best")) for r in body] == [True, False, False, True, False]
    assert [r.attributes["class"] for r in body] == ["method", "ceiling", "baseline", "baseline", "chance"]


def _x(page: Element, name: str) -> list[tuple[float, list[float]]]:
    """Of each bar of one metric's chart: the place of its end, and of its seed dots."""
    figure = next(f for f in page.all("figure") if f.one("figcaption").text() == name)
    out = []
    for g in figure.all("g"):
        bar = (
            re.match(r"M([\d.]+) [\d.]+h([\d.-]+)q([\d.]+)", g.all("path")[0].attributes["d"])
            if g.all("path")
            else None
        )
        if bar:
            left, flat, bend = map(float, bar.groups())
            out.append((left + flat + bend, [float(c.attributes["cx"]) for c in g.all("circle")]))
    return out


def test_bars_end_at_the_mean_and_dots_stand_at_the_seeds() -> None:
    page = read(render_report(Report("t", rows=rows())))
    found = _x(page, "unary mAP")
    zero, one = 108, 304
    for r, (end, dots) in zip(rows(), found, strict=True):
        seeds = r.values["unary_map"]
        assert end == pytest.approx(zero + (one - zero) * statistics.fmean(seeds), abs=0.01)
        assert dots == pytest.approx([zero + (one - zero) * v for v in seeds], abs=0.01)
    assert len(_x(page, "binary mAP")) == 4  # the row without a measurement has no bar
    assert "n/a" in next(f for f in page.all("figure") if f.one("figcaption").text() == "binary mAP").text()


def test_headline_compares_with_ceiling_and_chance() -> None:
    tiles = read(render_report(Report("t", rows=rows()))).all("div", class_="tile")
    assert "0.700 ± 0.020" in tiles[0].text() and "87 % of all labels" in tiles[0].text()
    assert "chance 0.10" in tiles[0].text()
    assert not read(render_report(Report("t", rows=rows()[1:]))).all("div", class_="tile")


def test_predicates_show_every_average_precision() -> None:
    chosen = [PredicateRow("walking", "unary", 0.25, {"captions": 0.75, "chance": 0.25, "all labels": NAN})]
    page = read(render_report(Report("t", rows=rows(), predicates=chosen)))
    table = page.one("table", class_="predicates")
    assert [h.text() for h in table.one("thead").all("th")][2:] == ["share", "captions", "all labels", "chance"]
    assert [d.text() for d in table.one("tbody").all("td")][1:] == ["0.250", "0.750", "–", "0.250"]
    dots = {d.attributes["class"]: float(d.attributes["cx"]) for d in table.all("circle")}
    assert dots == pytest.approx({"dot s-method": 8 + 364 * 0.75, "dot s-chance": 8 + 364 * 0.25})


def test_line_breaks_at_nan_and_keeps_its_shape() -> None:
    chart = read(line_chart(LossCurve("loss", [0, 1, 2, 3, 4], [4.0, 3.0, NAN, 1.0, 0.0])))
    pen = chart.one("path", class_="line").attributes["d"]
    assert re.sub(r"[\d.,-]", "", pen) == "MLML"
    ys = [float(y) for y in re.findall(r",([\d.]+)", pen)]
    assert ys[0] == 8 and ys[-1] == 146  # 4 at the top, 0 on the ground: the axis is 0 to 4
    assert ys[1] == pytest.approx(8 + 138 / 4, abs=0.06)
    assert chart.one("span", class_="last").text() == "0.000"


def test_long_curves_are_averaged_and_say_so() -> None:
    n = 5 * MAX_POINTS
    chart = read(line_chart(LossCurve("loss", [float(i) for i in range(n)], [float(i % 2) for i in range(n)])))
    assert chart.one("path", class_="line").attributes["d"].count("L") < MAX_POINTS
    assert f"means of {n} points" in chart.one("figcaption").text()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_ticks_are_few_round_and_enclose(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    slack = 1e-6 * max(abs(low), abs(high), 1e-12)
    assert found[0] <= low + slack and found[-1] >= high - slack
    assert found == sorted(set(found))


def printed(width: int, seeds: bool = False) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(metrics_table(rows(), seeds))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_terminal_table() -> None:
    text = printed(80)
    assert "…" not in text
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("captions")] == [
        ["captions", "0.700", "0.510"]
    ]
    assert "±0.020" in text and "all labels (ceiling)" in text and "0.720" not in text
    every = printed(80, seeds=True)
    assert all(f"{v:.3f}" in every for v in (0.7, 0.72, 0.68, 0.4, 0.45))
    assert every.count("seed 1") == 3


def test_terminal_table_takes_names_literally() -> None:
    console = Console(width=100, file=io.StringIO(), color_system=None)
    console.print(metrics_table([row("[bold]x[/bold] [link=a]", 0.5)]))
    assert "[bold]x[/bold] [link=a]" in console.file.getvalue()  # type: ignore[attr-defined]
    console.print(metrics_table([]))
