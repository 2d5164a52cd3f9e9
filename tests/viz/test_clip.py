"""The clip panel holds the numbers it was given: in its data block, its strips and its picture."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nesy.viz import ClipPanel, Report, render_report
from nesy.viz.sprites import MAX_SIDE, sprite_sheet
from nesy.viz.timeline import SHADES, spans
from tests.viz.reading import Element, data, read
from tests.viz.samples import clip


def panel(c: ClipPanel) -> Element:
    return read(render_report(Report("t", clips=[c])))


@pytest.mark.parametrize("truth", [True, False])
def test_data_block_is_the_input(truth: bool) -> None:
    c = clip(frames=7, objects=4, seed=3, truth=truth)
    found = data(panel(c), "data-0")
    assert (found["frames"], found["fps"], found["size"]) == (7, 8.0, [16, 12])
    assert [o["id"] for o in found["objects"]] == list(c.ids)
    for n, o in enumerate(found["objects"]):
        assert dict(o["classes"]) == pytest.approx(dict(zip(c.vocabulary.classes, c.classes[n], strict=True)), abs=6e-4)
        assert o["classes"][0][1] == max(p for _, p in o["classes"])
        assert o["truth"] == (c.vocabulary.classes[c.truth.classes[n]] if c.truth else None)
        for t, box in enumerate(o["boxes"]):
            assert (box is not None) == c.present[t, n]
            assert box is None or box == pytest.approx(c.boxes[t, n], abs=0.06)

    unary, binary = np.zeros_like(c.unary), np.zeros_like(c.binary)
    for f in found["facts"]:
        truths = np.array([x == "1" for x in f["truth"]]) if truth else None
        assert truth or f["truth"] is None
        if f["o"] is None:
            k = c.vocabulary.unary.index(f["p"])
            unary[:, f["s"], k] = np.array(f["permille"]) / 1000
            assert truths is None or (truths == c.truth.unary[:, f["s"], k]).all()  # type: ignore[union-attr]
        else:
            k = c.vocabulary.binary.index(f["p"])
            binary[:, f["s"], f["o"], k] = np.array(f["permille"]) / 1000
            assert truths is None or (truths == c.truth.binary[:, f["s"], f["o"], k]).all()  # type: ignore[union-attr]
    apart = ~np.eye(4, dtype=bool)[None, :, :, None]
    both = (c.present[:, :, None] & c.present[:, None])[..., None] & apart
    assert unary == pytest.approx(c.unary * c.present[..., None], abs=6e-3)
    assert binary == pytest.approx(c.binary * both, abs=6e-3)


def drawn(strip: Element, css: str) -> NDArray[np.float64]:
    """The strip's frames as numbers: the opacity of each, or 1 for a plain stretch."""
    frames = int(strip.attributes["viewbox"].split()[2])
    out = np.zeros(frames)
    for e in strip.all():
        inside = e.attributes.get("class") == css if css != "p" else "opacity" in e.attributes
        for x, width in re.findall(r"M(\d+) [\d.]+h(\d+)", e.attributes.get("d", "")) if inside else []:
            out[int(x) : int(x) + int(width)] = float(e.attributes.get("opacity", 1))
    return out


def test_strips_draw_prediction_truth_and_presence() -> None:
    c = clip(frames=9, objects=3, seed=1)
    assert c.truth is not None
    c.binary[:, 0] *= 0.2  # unlikely, and untrue:
    c.truth.binary[:, 0] = False
    page = panel(c)
    facts = data(page, "data-0")["facts"]
    shown = set()
    for row in page.one(data_timeline="").all("div", class_="row"):
        if not row.all("output"):
            continue
        fact = facts[int(row.one("output").attributes["data-now"])]
        strip = row.one("svg")
        assert row.one("span", class_="label").text() == fact["p"]
        here = c.present[:, fact["s"]] & c.present[:, fact["o"] if fact["o"] is not None else fact["s"]]
        assert drawn(strip, "p") == pytest.approx(np.array(fact["permille"]) / 1000, abs=SHADES / 2 + 6e-4)
        assert (drawn(strip, "true") == [float(x) for x in fact["truth"]]).all()
        assert (drawn(strip, "here") == here).all()
        assert f"true at {spans(np.array([x == '1' for x in fact['truth']]))}" in strip.attributes["aria-label"]
        shown.add((fact["p"], fact["s"], fact["o"]))
    wanted = {(f["p"], f["s"], f["o"]) for f in facts if max(f["permille"]) > 300 or "1" in f["truth"]}
    assert shown == wanted and 0 < len(wanted) < len(facts)


def test_unlikely_and_untrue_facts_get_no_timeline() -> None:
    c = clip(unary=np.full((6, 3, 2), 0.3), binary=np.full((6, 3, 3, 3), 0.1), truth=False)
    page = panel(c)
    assert not page.all("output", class_="now")
    assert page.one(data_timeline="").text().count("nothing likely") == 3


def test_witness_assignment_and_probability_are_shown() -> None:
    page = panel(clip(method="lower bound"))
    steps = page.all("button", class_="step")
    assert [s.attributes["data-jump"] for s in steps] == ["0", "5"]
    assert [s.one("code").text() for s in steps] == ["walking(m)", "near(m, c)"]
    assert "does not hold" not in steps[0].text() and "does not hold" in steps[1].text()
    assert [b.one("code").text() for b in page.all("span", class_="binding")] == ["m", "c"]
    assert page.one("div", class_="probability").one("strong").text() == "0.812"
    assert page.one("span", class_="bound").text() == "lower bound"


def test_objects_of_the_assignment_come_first() -> None:
    page = panel(clip(objects=4, assignment={"m": "o3"}))
    members = [g.attributes["data-members"] for g in page.all("div", class_="group")]
    assert members[:4] == ["2", "0", "1", "3"]
    pairs = ["2" in m.split() for m in members[4:]]
    assert pairs == sorted(pairs, reverse=True) and any(pairs) and not all(pairs)


def test_thumbnails_name_what_differs() -> None:
    clips = [clip(seed=i, id=f"set_a/level_{i:03d}") for i in (98, 99, 100)]
    page = read(render_report(Report("t", clips=clips)))
    assert [t.text() for t in page.all("span", class_="thumb-id")] == ["098", "099", "100"]


@pytest.mark.parametrize("frames", [1, 2, 5, 24])
def test_sheet_holds_every_frame(frames: int) -> None:
    pictures = np.random.default_rng(frames).integers(0, 256, (frames, 7, 11, 3), dtype=np.uint8)
    sheet = sprite_sheet(pictures)
    kind, code = sheet.uri.split(",", 1)
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))
    assert kind == "data:image/png;base64"
    assert image.shape == (sheet.rows * 7, sheet.columns * 11, 3)
    for t in range(frames):
        x, y = sheet.cell(t)
        assert (image[y : y + 7, x : x + 11] == pictures[t]).all()


def test_large_frames_are_reduced_and_noise_is_stored_as_jpeg() -> None:
    sheet = sprite_sheet(np.random.default_rng(0).integers(0, 256, (9, 300, 600, 3), dtype=np.uint8))
    assert (sheet.width, sheet.height) == (MAX_SIDE, MAX_SIDE // 2)
    assert sheet.uri.startswith("data:image/jpeg;base64,")
