"""The report of a run: one self-contained HTML page from plain data."""

from __future__ import annotations

from pathlib import Path

from nesy.viz.clip import clips_section
from nesy.viz.content import METRICS as METRICS
from nesy.viz.content import ClipPanel as ClipPanel
from nesy.viz.content import LossCurve as LossCurve
from nesy.viz.content import MetricRow as MetricRow
from nesy.viz.content import PredicateRow as PredicateRow
from nesy.viz.content import Report as Report
from nesy.viz.content import WitnessStep as WitnessStep
from nesy.viz.diagnosis import diagnosis
from nesy.viz.html import join
from nesy.viz.origin import data_section, setup_section
from nesy.viz.page import page, write_page
from nesy.viz.results import headline, predicates, results, training


def render_report(report: Report) -> str:
    """The whole page as a string: no file and no address outside it is needed to look at it.

    >>> "There is nothing to show yet" in render_report(Report(title="empty"))
    True
    """
    r = report
    sections = [
        ("results", "Results", join(headline(r.rows), results(r.rows)) if r.rows else None),
        ("clips", "Clips", clips_section(r.clips) if r.clips else None),
        ("predicates", "Predicate by predicate", predicates(r.rows, r.predicates) if r.predicates else None),
        ("errors", "Errors", diagnosis(r.confusions, r.calibrations) if r.confusions else None),
        ("training", "Training", training(r.curves) if r.curves else None),
        ("data", "Data", data_section(r.data_report) if r.data_report else None),
        ("setup", "Set-up", setup_section(r.spec_source, r.settings) if r.spec_source or r.settings else None),
    ]
    return page(r.title, r.created, sections, r.notes)


def write_report(report: Report, path: Path | str) -> Path:
    """Write the page, atomically; its directory is made.

    Raises:
        DataError: the place cannot be written.
    """
    return write_page(render_report(report), path)
