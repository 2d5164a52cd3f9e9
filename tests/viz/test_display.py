"""What a notebook shows of formulas, tasks, graphs and answers: true to the value, escaped, drawn without overlaps."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nesy
from nesy.dsl import ast, builder
from nesy.dsl.explain import explain
from nesy.dsl.parser import parse_formula, parse_module
from nesy.dsl.tree import label, tree
from nesy.errors import DataError, NesyError
from nesy.memory.answers import answer
from nesy.memory.store import Triple, TripleStore
from nesy.reasoners.temporal.query import query
from nesy.scenegraph import read_graph
from nesy.viz.tree import GAP, HEIGHT, MOST_NODES, layout, tree_svg
from nesy.viz.view import panel_height, panel_page
from tests.viz.chromium import Chromium, find_chromium
from tests.viz.reading import read
from tests.viz.samples import clip
from tests.viz.test_view import CHASE, FOUND, QUESTION

FORMULA = "exists m: mugen, s: snail { jumping(m) and above(m, s) then[1,5] not dead(s) }"


@pytest.fixture
def chase(tmp_path: Path) -> Path:
    path = tmp_path / "chase.json"
    path.write_text(json.dumps(CHASE), "utf-8")
    return path


def formulas() -> st.SearchStrategy[ast.Formula]:
    leaves = st.sampled_from(["a(x)", "near(x, y)", "true", "x != y", "a_long_name(x)"]).map(parse_formula)

    def grow(below: st.SearchStrategy[ast.Formula]) -> st.SearchStrategy[ast.Formula]:
        return st.one_of(
            st.builds(lambda a, b: ast.And((a, b)), below, below),
            st.builds(lambda a, b, c: ast.Or((a, b, c)), below, below, below),
            st.builds(lambda a, b: ast.Until(a, b, None), below, below),
            st.builds(lambda a: ast.Always(a, None), below),
            st.builds(lambda a: ast.Exists((ast.Binding("x", "dog"),), a), below),
        )

    return st.recursive(leaves, grow, max_leaves=12)


@settings(max_examples=60, deadline=None)
@given(formulas())
def test_the_drawing_has_the_tree_s_nodes_and_no_two_of_them_overlap(f: ast.Formula) -> None:
    nodes = layout(f)
    assert [n.text for n in nodes] == [line.strip("│├└─ ") for line in tree(f).split("\n")]
    for i, n in enumerate(nodes):
        assert n.x - n.width / 2 >= -1e-6
        if n.parent is not None:
            assert n.parent < i and nodes[n.parent].y + HEIGHT < n.y
        for m in nodes[:i]:
            if m.y == n.y:
                assert abs(m.x - n.x) >= (m.width + n.width) / 2 + GAP - 1e-6
    assert label(f) == nodes[0].text


def test_a_deep_formula_is_drawn_and_a_huge_one_is_text() -> None:
    deep: ast.Formula = parse_formula("a(x)")
    for _ in range(3_000):
        deep = ast.Not(deep)
    assert len(layout(deep)) == 3_001 and tree_svg(deep) is None
    wide = ast.And(tuple(parse_formula(f"a{k}(x)") for k in range(MOST_NODES)))
    page = nesy.show(wide)
    assert "<svg" not in page.html and "├─ a17(x)" in unescape(page.html)


def test_a_formula_shows_its_text_english_and_tree() -> None:
    f = parse_formula(FORMULA)
    shown = nesy.show(FORMULA)
    root = read(f"<div>{shown.html}</div>")
    assert root.one("pre", class_="formula").text() == str(nesy.show(f)).split("\n")[0]
    assert root.one("pre", class_="english").text() == explain(f)
    assert [t.text() for t in root.all("text")] == [n.text for n in layout(f)]
    assert repr(shown).endswith(explain(f)) and shown._repr_html_() == nesy.show(f)._repr_html_()


def test_a_task_shows_its_statements_and_specs(tmp_path: Path) -> None:
    text = "class dog, cat\nunary hiding\nbinary chasing\nspec one: exists d: dog { hiding(d) }\nspec two: true\n"
    path = tmp_path / "t.dsl"
    path.write_text(text, "utf-8")
    root = read(f"<div>{nesy.show(path).html}</div>")
    assert [e.text() for e in root.all(class_="name")] == ["one", "two"]
    assert "class dog, cat" in root.all("pre", class_="formula")[0].text()
    assert nesy.show(str(path)).html == nesy.show(parse_module(text)).html


def test_an_answer_shows_probability_and_witness(chase: Path) -> None:
    file = read_graph(chase)
    answer = query(parse_formula(QUESTION), file.graph)
    for shown in (nesy.show(QUESTION, graph=chase), nesy.show(answer, graph=file)):
        root = read(f"<div>{shown.html}</div>")
        assert root.one("strong").text() == f"P = {answer.probability:.6f}" and "exact" in str(shown)
        assert [r.text() for r in root.one("tbody").all("tr")] == ["1chasing(dog1, cat1)", "3hiding(cat1)"]
        assert "d = dog1, c = cat1" in str(shown)
    assert "chasing(#0, #1)" in str(nesy.show(answer))
    assert "no witness" in nesy.show("exists d: dog { running(d) and not running(d) }", graph=file).html


def test_what_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="int"):
        nesy.show(3)
    with pytest.raises(DataError, match="neither"):
        nesy.show(tmp_path / "x.txt")
    with pytest.raises(NesyError):
        nesy.show("exists {")
    assert "error: <b>" in unescape(nesy.show(NesyError("<b>")).html) and "<b>" not in nesy.show(NesyError("<b>")).html


def test_all_text_is_escaped(chase: Path) -> None:
    evil = "</iframe><script>alert(1)</script>\"'"
    bad = dict(CHASE, objects=[dict(CHASE["objects"][0], id=evil), CHASE["objects"][1]], binary=[])  # type: ignore[index]
    bad["unary"] = [dict(CHASE["unary"][0], object=evil)]  # type: ignore[index]
    chase.write_text(json.dumps(bad), "utf-8")
    shown = nesy.show("exists d: dog { eventually running(d) }", graph=chase)
    assert "<script" not in shown.html and evil in unescape(shown.html)
    view = read(f"<div>{nesy.show(chase).html}</div>").one("iframe")
    assert view.attributes["sandbox"] == "allow-scripts"
    assert not read(f"<div>{nesy.show(chase).html}</div>").all("script")


@pytest.mark.skipif(FOUND is None, reason="no chromium found: `apt-get install chromium` to run this test")
def test_in_a_browser(chase: Path, tmp_path: Path) -> None:
    page = tmp_path / "cells.html"
    cells = [nesy.show(FORMULA), nesy.show(QUESTION, graph=chase), nesy.show(chase, query=QUESTION)]
    page.write_text("<!doctype html><meta charset=utf-8><body>" + "".join(c.html for c in cells), "utf-8")
    with Chromium(find_chromium() or "") as browser:
        browser.open(page)
        outside = browser.evaluate(  # a label is inside its box
            "[...document.querySelectorAll('svg.tree g')].filter((g) => {"
            " const r = g.querySelector('rect').getBBox(), t = g.querySelector('text').getBBox();"
            " return t.x < r.x || t.x + t.width > r.x + r.width; }).length"
        )
        assert outside == 0
        frames = browser.send("Target.getTargets", filter=[{"type": "iframe"}])["targetInfos"]
        assert [f["url"] for f in frames] == ["about:srcdoc"]  # its own process: nothing of the notebook is in reach
        target = browser.send("Target.attachToTarget", targetId=frames[0]["targetId"], flatten=True)
        browser._session = target["sessionId"]
        for domain in ("Runtime", "Log"):
            browser.send(f"{domain}.enable")
        browser.wait("document.querySelectorAll('.overlay rect.box').length === 2")
        assert browser.evaluate("document.documentElement.scrollHeight <= innerHeight")  # nothing is cut off
        browser.evaluate("document.querySelector('.witness .step').click()")
        assert browser.evaluate("document.querySelector('[data-counter]').textContent").startswith("1 / 4")
        assert [e for m, e in browser.events if m in ("Runtime.exceptionThrown", "Log.entryAdded")] == []


@pytest.mark.skipif(FOUND is None, reason="no chromium found: `apt-get install chromium` to run this test")
@pytest.mark.parametrize("width", [700, 1150])
def test_a_frame_is_as_high_as_its_page(tmp_path: Path, width: int) -> None:
    panels = [clip(8, 8, truth=False), clip(3, 1, truth=False, size=(30, 8)), clip(4, 0, truth=False, witness=[])]
    with Chromium(find_chromium() or "") as browser:
        browser.send("Emulation.setDeviceMetricsOverride", width=width, height=300, deviceScaleFactor=1, mobile=False)
        for panel in panels:
            (tmp_path / "bare.html").write_text(panel_page(panel, ["a note"], bare=True), "utf-8")
            browser.open(tmp_path / "bare.html")
            needed = browser.evaluate("document.documentElement.scrollHeight")
            assert needed <= panel_height(panel, ["a note"]) <= needed + 320


def test_a_reply_shows_what_there_is_and_how_much_more(tmp_path: Path) -> None:
    with TripleStore.open(tmp_path / "memory") as store:
        store.add_episode(
            "v",
            [Triple("v/m", "is_a", "mugen", "v", 0, 90), Triple("v/c", "is_a", "coin", "v", 0, 90)]
            + [Triple("v/m", "collecting", "v/c", "v", 10 * k, 10 * k + 2) for k in range(7)],
            frames=90,
        )
        shown = nesy.show(answer("how often did mugen collect a coin?", store, limit=5))
    root = read(f"<div>{shown.html}</div>")
    assert [e.text() for e in root.all("th")] == ["video", "when", "confidence"]  # no empty column
    assert root.one("strong").text() == "7" and root.all("tr")[-1].text() == "and 2 more"
    assert str(shown).endswith("and 2 more")


def test_the_extension_shows_and_tells(chase: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shells = pytest.importorskip("IPython.core.interactiveshell", reason="`pip install ipykernel` to run this test")
    shell = shells.InteractiveShell()
    shell.run_line_magic("load_ext", "nesy")
    f = parse_formula(FORMULA)
    for x in (f, builder.Formula(f)):
        assert shell.display_formatter.format(x)[0]["text/html"] == nesy.show(f).html
    assert "srcdoc" in shell.display_formatter.format(read_graph(chase))[0]["text/html"]
    result = shell.run_cell("import nesy; nesy.show('exists {')", silent=True)
    assert isinstance(result.error_in_exec, NesyError)
    capsys.readouterr()
    shell.run_line_magic("nesy", f"query '{QUESTION}' {chase}")
    assert "P = 0.6" in capsys.readouterr().out
    shell.run_line_magic("nesy", f"query 'exists {{' {chase}")
    assert "exit code 2" in capsys.readouterr().err
