"""The structure of the page: parses, refers only to itself, keeps strings dead, survives empty input."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.errors import DataError
from nesy.scenegraph.vocabulary import Vocabulary
from nesy.viz import LossCurve, MetricRow, PredicateRow, Report, WitnessStep, render_report, write_report
from tests.viz.reading import data, read
from tests.viz.samples import calibration, clip, confusion, report

NAN = float("nan")


def test_every_section_and_its_link() -> None:
    page = read(render_report(report()))
    ids = [s.attributes["id"] for s in page.all("section")]
    assert ids == ["results", "clips", "predicates", "errors", "training", "data", "setup"]
    assert [a.attributes["href"] for a in page.one("nav").all("a")] == [f"#{i}" for i in ids]
    assert page.one("head").one("title").text() == page.one("h1").text() == "captions to scene graphs"
    assert page.one("ul", class_="notes").text() == "Three seeds."


def test_ids_are_unique_and_references_resolve() -> None:
    page = read(render_report(report(3)))
    ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for e in page.all():
        for key in ("href", "for", "aria-controls", "aria-labelledby"):
            target = e.attributes.get(key)
            if target is not None and not target.startswith("data:"):
                assert target.removeprefix("#") in ids, (e.name, key, target)
        assert e.attributes.get("href", "#").startswith(("#", "data:image/"))


def test_nothing_outside_the_page_is_named() -> None:
    text = render_report(report())
    assert "http:" not in text and "https:" not in text and "@import" not in text and "url(" not in text
    page = read(text)
    assert not page.all("link") and not page.all("iframe") and not page.all("base")
    assert not [e for e in page.all() if "src" in e.attributes]
    assert not [k for e in page.all() for k in e.attributes if k.startswith("on")]


def test_policy_admits_our_script_only() -> None:
    page = read(render_report(report()))
    scripts = [s for s in page.all("script") if "type" not in s.attributes]
    digest = base64.b64encode(hashlib.sha256(scripts[0].text().encode()).digest()).decode()
    policy = next(m for m in page.all("meta") if m.attributes.get("http-equiv") == "Content-Security-Policy")
    assert len(scripts) == 1
    assert f"script-src 'sha256-{digest}'" in policy.attributes["content"]
    assert policy.attributes["content"].startswith("default-src 'none';")


def test_every_string_is_inert() -> None:
    """One hostile string in every place that takes one: no new element, no lost character."""
    evil = """</script></style></title><script>alert(1)</script><img src=x onerror="alert('&amp;')">"""
    vocabulary = Vocabulary((evil, evil + "2"), (evil, "walking"), (evil,))
    c = clip(vocabulary=vocabulary, ids=(evil, "o2", "o3"), id=evil, caption=evil, spec=evil, method=evil)
    c = replace(c, witness=[WitnessStep(1, evil)], assignment={evil: evil, "m": evil + "?"})
    hostile = Report(
        title=evil,
        created=evil,
        spec_source=evil,
        settings={evil: {evil: evil}, "list": [evil]},
        rows=[MetricRow(evil, evil, (0, 1), {evil: (0.1, 0.2), "unary_map": (0.3, 0.4)})],
        predicates=[PredicateRow(evil, "unary", 0.1, {evil: 0.5})],
        curves=[LossCurve(evil, [1.0], [2.0])],
        clips=[c, replace(c, id=evil + "2")],
        data_report={"read": 1, "skipped": {evil: 1}, "examples": {evil: evil}},
        notes=[evil],
        confusions=[confusion((evil, evil + "2", evil + "3"))],
        calibrations=[replace(calibration(), name=evil)],
    )
    page = read(render_report(hostile))
    plain = read(render_report(report(2)))
    assert not page.all("img")
    assert len([s for s in page.all("script") if "type" not in s.attributes]) == 1
    assert page.one("head").one("title").text() == page.one("h1").text() == evil
    assert page.all("blockquote", class_="caption")[0].text() == evil
    assert page.all("pre", class_="code")[0].text() == evil
    assert data(page, "data-0")["id"] == evil
    assert {e.name for e in page.all()} <= {e.name for e in plain.all()}
    assert {k for e in page.all() for k in e.attributes} <= {k for e in plain.all() for k in e.attributes} | {"hidden"}


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    page = read(render_report(Report("t", clips=[clip(frames=1, caption="x" + text, spec="y" + text)])))
    shown = re.sub("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "\ufffd", text.replace("\r\n", "\n"))
    assert page.one("blockquote", class_="caption").text() == "x" + shown
    assert page.one("pre", class_="code").text() == "y" + shown


def test_text_no_file_can_hold_is_still_written(tmp_path: object) -> None:
    path = write_report(Report("a\ud800b\x00c", clips=[clip(caption="\udfff")]), f"{tmp_path}/deep/er/report.html")
    assert read(path.read_text("utf-8")).one("h1").text() == "a\ufffdb\ufffdc"
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_writing_replaces_whole_files_or_nothing(tmp_path: object) -> None:
    path = write_report(Report("one"), f"{tmp_path}/r.html")
    write_report(Report("two"), path)
    assert "two" in path.read_text("utf-8")
    (path.parent / "folder.html").mkdir()
    with pytest.raises(DataError, match="cannot write it"):
        write_report(Report("three"), path.parent / "folder.html")
    with pytest.raises(DataError, match="cannot write it"):
        write_report(Report("three"), path / "below-a-file.html")
    assert sorted(p.name for p in path.parent.iterdir()) == ["folder.html", "r.html"]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"clips": [clip(objects=0)]},
        {"clips": [clip(frames=1)]},
        {"clips": [clip(frames=1, objects=1, truth=False)]},
        {"clips": [clip(vocabulary=Vocabulary((), (), ()))]},
        {"clips": [clip(objects=12, frames=2), clip(size=(400, 2))]},
        {"clips": [clip(probability=NAN, caption="", spec="", witness=[], assignment={})]},
        {"clips": [clip(unary=np.full((6, 3, 2), np.nan), classes=np.full((3, 2), np.nan), fps=0.0)]},
        {"clips": [clip(assignment={"m": "nobody"}, id="", present=np.zeros((6, 3), bool))]},
        {"clips": [clip(boxes=np.full((6, 3, 4), np.nan))]},
        {"rows": [MetricRow("captions", "", (), {}), MetricRow("chance", "", (0,), {"unary_map": (NAN,)})]},
        {"rows": [MetricRow("a", "", (0, 1), {"unary_map": (NAN, NAN)}), MetricRow("a", "", (0,), {})]},
        {"rows": [MetricRow("captions", "", (0,), {"unary_map": (float("inf"),)})]},
        {"predicates": [PredicateRow("p", "unary", NAN, {}), PredicateRow("q", "binary", 0.2, {"x": NAN})]},
        {"curves": [LossCurve("none", [], []), LossCurve("nan", [1.0], [NAN]), LossCurve("inf", [0.0], [-np.inf])]},
        {"curves": [LossCurve("flat", [0.0, 1.0], [2.0, 2.0]), LossCurve("zero", [NAN, 3.0], [0.0, 0.0])]},
        {
            "curves": [
                LossCurve("huge", [0.0, 1.0, 2.0], [-1e308, 1e308, 1e299]),
                LossCurve("tiny", [0.0, 1.0], [0.0, 1e-12]),
            ]
        },
        {"data_report": {"read": 0}},
        {"settings": {"a": {}, "b": NAN, "c": {1: {2: (3, None)}}, "d": object}},
        {"spec_source": "class\n\nclass ,,,\nunary // nothing"},
    ],
)
def test_odd_input_gives_a_sound_page(odd: dict[str, object]) -> None:
    page = read(render_report(Report("odd", **odd)))  # type: ignore[arg-type]
    assert len(page.all("section")) == (1 if odd else 0)
    ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for e in page.all():  # no coordinate is NaN or infinite
        if e.name in ("rect", "line", "circle", "path", "text", "svg"):
            assert not any(re.search(r"\b(nan|inf)\b", v) for k, v in e.attributes.items() if k != "aria-label"), e


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": np.zeros((0, 4, 4, 3), np.uint8)}, "frames are"),
        ({"frames": np.zeros((6, 4, 4, 3), np.float32)}, "expected uint8"),
        ({"unary": np.zeros((5, 3, 2))}, "unary is"),
        ({"binary": np.full((6, 3, 3, 3), -2.0)}, "outside"),
        ({"ids": ("a", "a", "b")}, "same id"),
        ({"witness": [WitnessStep(6, "late")]}, "witness at frame 6 of 6"),
    ],
)
def test_a_clip_that_does_not_fit_itself_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(clip(), **change)  # type: ignore[arg-type]


def test_rows_and_curves_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="2 values of unary_map for 1 seeds"):
        MetricRow("a", "", (0,), {"unary_map": (0.1, 0.2)})
    with pytest.raises(DataError, match="1 epochs and 2 values"):
        LossCurve("a", [0.0], [1.0, 2.0])


def test_twelve_clips_fit_into_eight_megabytes() -> None:
    """As the built-in data at its largest: 24 frames of 128 px, 8 objects, 22 predicates, a noisy prediction."""
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary(tuple("abcdefghijkl"), tuple(f"u{i}" for i in range(12)), tuple(f"b{i}" for i in range(10)))
    moving = np.zeros((24, 128, 128, 3), np.uint8) + np.linspace(0, 255, 128).astype(np.uint8)[None, None, :, None]
    for t in range(24):
        moving[t, 40:88, t : t + 48] = rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)  # 14 % of it is pure noise
    panel = clip(frames=24, objects=8, vocabulary=vocabulary)
    unary, binary = rng.random(panel.unary.shape) ** 6, rng.random(panel.binary.shape) ** 6
    binary[:, rng.random(panel.binary.shape[1:]) < 0.8] *= 0.2  # one pair's fact in five is ever likely
    panel = replace(panel, frames=moving, unary=unary, binary=binary, truth=None)
    size = len(render_report(Report("size", clips=[replace(panel, id=f"c{i}") for i in range(12)])))
    assert 2_000_000 < size < 8_000_000, size


def told(**data: object) -> str:
    return read(render_report(Report("t", data_report=data))).one("section", id="data").text()


def test_clips_and_captions_are_told_apart() -> None:
    text = told(read=51, captions=97, skipped={"caption not understood": 5, "missing video": 1}, examples={})
    assert "51 clips read; 1 of 52 left out." in text and "97 captions read; 5 of 102 left out." in text
    assert "5 captions4.9 %" in text and "1 clip1.9 %" in text
    old = told(read=51, skipped={"caption not understood": 5}, examples={})  # of a run that did not count captions
    assert "51 clips read; none left out." in old and "5 captions left out; no clip was lost by it." in old
    assert "captions" not in told(read=3, skipped={}, examples={})


def test_a_curve_says_what_runs_along_it() -> None:
    figures = read(render_report(report())).one("section", id="training").all("figure")
    assert all([t.text() for t in f.all("text")].count("epoch") == 1 for f in figures) and figures


def test_frames_of_pure_noise_are_a_picture() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 90, 120, 3), dtype=np.uint8)
    assert "data:image/jpeg" in render_report(Report("t", clips=[replace(clip(24, 3), frames=noise)]))
