"""The sections about figures: headline, bars and table of metrics, predicates one by one, training curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nesy.viz.charts import bar_chart, dot_row, legend, line_chart, series_classes
from nesy.viz.content import METRICS, LossCurve, MetricRow, PredicateRow
from nesy.viz.html import Html, join, number, tag
from nesy.viz.summary import best_rows, metric_names, summarise


def headline(rows: Sequence[MetricRow]) -> Html | None:
    """A tile for each metric of the method: its mean between chance and ceiling."""
    method = next((r for r in rows if r.role == "method"), None)
    if method is None:
        return None
    ceiling = next((r for r in rows if r.role == "ceiling"), None)
    chance = next((r for r in rows if r.role == "chance"), None)
    tiles = []
    for metric in metric_names([method]):
        s = summarise(method.values[metric])
        if math.isnan(s.mean):
            continue
        top = summarise(ceiling.values.get(metric, ())).mean if ceiling else math.nan
        bottom = summarise(chance.values.get(metric, ())).mean if chance else math.nan
        notes: list[Html] = []
        if ceiling and top > 0:
            notes.append(tag("div", f"{100 * s.mean / top:.0f} % of {ceiling.name}"))
        if not math.isnan(bottom):
            notes.append(tag("div", f"chance {number(bottom, 2)}"))
        tiles.append(
            tag(
                "div",
                tag("div", METRICS.get(metric, metric), class_="tile-name"),
                tag(
                    "div",
                    number(s.mean),
                    tag("span", f" ± {number(s.spread)}", class_="spread") if not math.isnan(s.spread) else None,
                    class_="tile-value",
                ),
                _gauge(s.mean, bottom, top),
                tag("div", notes, class_="tile-note"),
                class_="tile",
            )
        )
    return tag("div", tiles, class_="tiles", aria_label=f"figures of {method.name}") if tiles else None


def _gauge(mean: float, chance: float, ceiling: float) -> Html:
    """A line from 0 to 1, filled to the mean, with a tick at chance and at the ceiling."""
    parts = [
        tag("rect", x=0, y=3, width=100, height=4, rx=2, class_="gauge-track"),
        tag("rect", x=0, y=3, width=100 * min(max(mean, 0.0), 1.0), height=4, rx=2, class_="gauge-fill"),
    ]
    for value, css in ((chance, "gauge-chance"), (ceiling, "gauge-ceiling")):
        if math.isfinite(value):
            parts.append(tag("rect", x=100 * min(max(value, 0.0), 1.0) - 0.5, y=0, width=1, height=10, class_=css))
    return tag("svg", parts, viewBox="0 0 100 10", preserveAspectRatio="none", class_="gauge", aria_hidden="true")


def results(rows: Sequence[MetricRow]) -> Html:
    """Bars and table of all rows."""
    metrics = metric_names(rows)
    charts = tag("div", [bar_chart(rows, m) for m in metrics], class_="panels")
    head = tag(
        "tr",
        tag("th", "training signal", scope="col"),
        [tag("th", METRICS.get(m, m), scope="col", class_="num") for m in metrics],
    )
    best = {m: best_rows(rows, m) for m in metrics}
    body = [
        _table_row(i, row, css, metrics, best)
        for i, (row, css) in enumerate(zip(rows, series_classes(rows), strict=True))
    ]
    table = tag("table", tag("thead", head), tag("tbody", body), class_="metrics")
    several = any(len(r.seeds) > 1 for r in rows)
    note = tag(
        "p",
        "Mean over seeds ± sample standard deviation, every seed below it. " if several else "One seed a row. ",
        tag("span", "Marked", class_="best"),
        ": the best mean, and every row whose seeds overlap with its range. Ceiling and chance do not compete.",
        class_="quiet",
    )
    return join(charts, tag("div", table, class_="wide"), note)


def _table_row(i: int, row: MetricRow, css: str, metrics: Sequence[str], best: dict[str, set[int]]) -> Html:
    role = tag("span", row.role, class_="badge") if row.role in ("ceiling", "chance") and row.name != row.role else None
    seeds = "seed" if len(row.seeds) == 1 else "seeds"
    head = tag(
        "th",
        tag("span", class_=f"key {css}"),
        row.name,
        role,
        tag("div", row.supervision, f" · {seeds} {', '.join(map(str, row.seeds))}" if row.seeds else "", class_="sub"),
        scope="row",
    )
    cells = []
    for m in metrics:
        s = summarise(row.values.get(m, ()))
        spread = tag("span", f" ± {number(s.spread)}", class_="spread") if not math.isnan(s.spread) else None
        every = tag("div", " ".join(number(v) for v in s.values), class_="sub") if len(s.values) > 1 else None
        cells.append(
            tag("td", tag("span", number(s.mean), class_="best" if i in best[m] else None), spread, every, class_="num")
        )
    return tag("tr", head, cells, class_=row.role)


def predicates(rows: Sequence[MetricRow], predicates: Sequence[PredicateRow]) -> Html:
    """Average precision of each predicate under each row: dots on a line, and the numbers."""
    names = list(dict.fromkeys(name for p in predicates for name in p.ap))
    styles = dict(zip((r.name for r in rows), series_classes(rows), strict=True))
    names.sort(key=lambda n: list(styles).index(n) if n in styles else len(styles))
    keys = [r for r in rows if r.name in names]
    out: list[Html] = [legend(keys)] if keys else []
    for kind in ("unary", "binary"):
        chosen = [p for p in predicates if p.kind == kind]
        if not chosen:
            continue
        head = tag(
            "tr",
            tag("th", f"{kind} predicate", scope="col"),
            tag("th", "average precision, 0 to 1", scope="col", class_="dots-head"),
            tag("th", "share", scope="col", class_="num", title="how often it is true: the AP of guessing"),
            [tag("th", n, scope="col", class_="num") for n in names],
        )
        body = [
            tag(
                "tr",
                tag("th", p.name, scope="row", class_="mono"),
                tag(
                    "td",
                    dot_row(
                        p.share,
                        [(styles.get(n, "s-b0"), n, p.ap.get(n, math.nan)) for n in names],
                        f"average precision of {p.name}",
                    ),
                ),
                tag("td", number(p.share), class_="num quiet"),
                [tag("td", number(p.ap.get(n, math.nan)), class_="num") for n in names],
            )
            for p in chosen
        ]
        table = tag("table", tag("thead", head), tag("tbody", body), class_="predicates sortable")
        out.append(tag("div", table, class_="wide"))
    note = tag(
        "p",
        "The upright tick is the share of positives, which is what guessing reaches. "
        "A click on a column's head sorts by it.",
        class_="quiet",
    )
    return join(*out, note)


def training(curves: Sequence[LossCurve]) -> Html:
    """One small chart for each logged quantity, each on its own scale."""
    return tag("div", [line_chart(c) for c in curves], class_="panels")
