"""``nesy report``: a run as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err
from nesy.cli.own_code import OwnCode, load_own
from nesy.cli.progress import bars


@app.command("report")
def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    out_file: Annotated[Path | None, typer.Option("--out", "-o", help="The page (default RUN/report.html).")] = None,
    clips: Annotated[int, typer.Option(min=0, max=64, help="How many test clips to show.")] = 8,
    predicates: OwnCode = None,
) -> None:
    """Write a self-contained HTML report of a run.

    Example: nesy report runs/first -o report.html
    """
    from nesy.viz import write_report
    from nesy.viz.measured import report_of

    load_own(predicates)
    target = out_file or run / "report.html"
    with bars() as shown:
        page = report_of(run, clips, shown.tell)
    write_report(page, target)
    for note in page.notes:
        err.print(f"note: {note}", markup=False)
    err.print(f"report: {target}", markup=False)
