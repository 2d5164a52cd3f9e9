"""Heat maps and reliability diagrams: what a cell and a dot say is what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nesy.viz import Report, render_report
from nesy.viz.diagnosis import MOST
from tests.viz.reading import Element, read
from tests.viz.samples import calibration, confusion


def page(**parts: object) -> Element:
    return read(render_report(Report("t", **({"confusions": [confusion()]} | parts))))  # type: ignore[arg-type]


def test_cells_are_per_cent_and_say_what_they_mean() -> None:
    table = page().one("table", class_="heat")
    assert [h.text() for h in table.one("thead").all("th")] == ["holds", "walking", "near", "facts"]  # none ever flies
    body = table.one("tbody").all("tr")
    assert [[d.text() for d in r.all("td")] for r in body] == [
        ["90", "40", "30"],
        ["5", "70", "1,200"],
        ["2", "10", ""],
    ]
    first, second = body[0].all("td")[:2]
    assert first.attributes["class"] == "own" and first.attributes["style"] == "--p: 40%"
    assert second.attributes["title"] == "where walking holds and near does not: near 0.400 (elsewhere 0.100)"
    assert "1 that occur less or never are not shown" in page().one("section", id="errors").text()


def test_a_blank_cell_is_explained() -> None:
    cells = np.array([[0.9, np.nan], [0.05, 0.7]])
    blank = replace(confusion(("on", "near")), cells=cells, otherwise=np.zeros(2), count=np.array([3, 9]))
    assert "A blank cell" in page(confusions=[blank]).one("section", id="errors").text()
    assert "A blank cell" not in page().one("section", id="errors").text()


def test_many_labels_are_cut_to_the_most_frequent() -> None:
    k = MOST + 3
    labels = tuple(f"p{i}" for i in range(k))
    many = replace(confusion(labels), cells=np.eye(k), otherwise=np.zeros(k), count=np.arange(1, k + 1))
    shown = [h.text() for h in page(confusions=[many]).one("table", class_="heat").one("thead").all("th")]
    assert shown == ["holds", *labels[3:], "facts"]


def test_dots_stand_at_predicted_and_observed() -> None:
    figure = next(f for f in page(calibrations=[calibration()]).all("figure") if f.all("circle"))
    dots = [(float(c.attributes["cx"]), float(c.attributes["cy"])) for c in figure.all("circle")]
    assert dots == [pytest.approx((40 + 210 * p, 8 + 210 * (1 - o)), abs=0.01) for p, o in ((0.05, 0.05), (0.9, 0.5))]
    assert figure.one("span", class_="last").text() == "ECE 0.100"  # 0.4 off in a quarter of the facts
    assert figure.all("circle")[1].one("title").text() == "predicted 0.900, so in 0.500 of 25 facts"


def test_a_run_without_labels_has_no_such_section() -> None:
    assert not page(confusions=[]).all("section", id="errors")
