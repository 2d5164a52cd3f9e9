"""The table of metrics in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from nesy.viz.content import METRICS, MetricRow
from nesy.viz.html import clean, number
from nesy.viz.summary import best_rows, metric_names, summarise


def metrics_table(rows: Sequence[MetricRow], seeds: bool = False) -> Table:
    """Mean ± sample standard deviation of each metric and row; with ``seeds``, every seed on a line below.

    Bold marks the best mean and what its seeds do not tell apart from it; ceiling and chance do not compete.
    """
    metrics = metric_names(rows)
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("training signal", overflow="fold", min_width=12)
    for m in metrics:
        table.add_column(METRICS.get(m, m).replace(" ", "\n", 1), justify="right", no_wrap=True, min_width=6)
    best = {m: best_rows(rows, m) for m in metrics}
    for i, row in enumerate(rows):
        quiet = "dim" if row.role == "chance" else ""
        first = Text(clean(row.name), style=quiet)
        if row.role in ("ceiling", "chance") and row.name != row.role:
            first.append(f" ({row.role})", style="dim")
        if seeds and len(row.seeds) > 1:
            first.append("\n" + "".join(f"\n  seed {k}" for k in row.seeds), style="dim")
        cells = [first]
        for m in metrics:
            s = summarise(row.values.get(m, ()))
            cell = Text(number(s.mean), style="bold" if i in best[m] else quiet)
            if len(row.seeds) > 1:
                cell.append("\n" + ("" if math.isnan(s.spread) else f"±{number(s.spread)}"), style="dim")
            if seeds and len(s.values) > 1:
                cell.append("".join(f"\n{number(v)}" for v in s.values), style="dim")
            cells.append(cell)
        table.add_row(*cells)
    return table
