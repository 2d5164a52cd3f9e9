"""The viewer: what the page says is what the file and the reasoner say, in a real browser where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nesy.cli.app import run
from nesy.datasets.video import write_video
from nesy.dsl.parser import parse_formula
from nesy.errors import DataError, NesyError
from nesy.reasoners.temporal.query import query
from nesy.scenegraph import read_graph
from nesy.scenegraph.file import parse_graph
from nesy.viz.asked import ask, assignment, witness_steps
from nesy.viz.view import MOST_FRAMES, view_page, view_panel
from tests.viz.chromium import Chromium, find_chromium

FOUND = find_chromium()
QUESTION = "exists d: dog, c: cat { chasing(d, c) then hiding(c) }"
CHASE = {
    "nesy": "scene-graph/1",
    "fps": 2,
    "frames": 5,
    "objects": [
        {"id": "dog1", "class": {"dog": 0.9, "cat": 0.1}, "boxes": [[4 * t, 8, 4 * t + 12, 20] for t in range(5)]},
        {"id": "cat1", "class": {"cat": 0.8, "dog": 0.2}, "boxes": [[30, 10, 44, 22]] * 4 + [None]},
    ],
    "unary": [
        {"predicate": "running", "object": "dog1", "prob": [0.1, 0.9, 0.9, 0.2, 0.0]},
        {"predicate": "hiding", "object": "cat1", "prob": [0.0, 0.0, 0.1, 0.9, 0.0]},
    ],
    "binary": [{"predicate": "chasing", "subject": "dog1", "object": "cat1", "prob": [0.0, 0.8, 0.7, 0.1, 0.0]}],
}


@pytest.fixture
def chase(tmp_path: Path) -> Path:
    path = tmp_path / "chase.json"
    path.write_text(json.dumps(CHASE), "utf-8")
    return path


def test_the_panel_holds_the_file_and_the_answer(chase: Path) -> None:
    file = read_graph(chase)
    panel, notes = view_panel(file, "chase", question=QUESTION)
    expected = query(parse_formula(QUESTION), file.graph)
    assert (panel.probability, panel.method) == (expected.probability, "exact") and notes == []
    assert panel.assignment == {"d": "dog1", "c": "cat1"}
    assert [(w.frame, w.text, w.holds) for w in panel.witness] == [
        (1, "chasing(dog1, cat1)", True),
        (3, "hiding(cat1)", True),
    ]
    assert np.array_equal(panel.boxes, file.boxes.numpy()) and not panel.present[4, 1]
    assert panel.frames.shape[0] == 5 and panel.frames.shape[2] >= 44 and panel.frames.shape[1] >= 22


def test_an_unlikely_step_is_marked(chase: Path) -> None:
    file = read_graph(chase)
    asked = ask("exists d: dog { always[0s,1s] running(d) }", file)
    assert [w.holds for w in witness_steps(asked.answer, file.ids)] == [False, True, True]
    assert assignment(asked.answer, file.ids) == {"d": "dog1"}


def test_objects_without_boxes_are_drawn_and_the_reader_is_told(chase: Path) -> None:
    bare = dict(CHASE, objects=[{k: v for k, v in o.items() if k != "boxes"} for o in CHASE["objects"]])  # type: ignore[attr-defined]
    panel, notes = view_panel(parse_graph(bare), "bare")
    assert len(notes) == 1 and "no boxes" in notes[0]
    (a, b) = panel.boxes[0]
    assert a[3] < b[1] and (panel.boxes[..., 2] <= panel.frames.shape[2]).all()  # below each other, inside the frame
    mixed = dict(CHASE, objects=[CHASE["objects"][0], bare["objects"][1]])  # type: ignore[index]
    panel, notes = view_panel(parse_graph(mixed), "mixed")
    assert "cat1" in notes[0] and (panel.boxes[:, 1, 0] > panel.boxes[:, 0, 2].max()).all()


def test_frames_come_from_the_video(chase: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shades = np.repeat(rng.integers(40, 220, (10, 1, 1, 1)), 3, -1).astype(np.uint8)
    video = tmp_path / "v.mp4"
    write_video(video, np.broadcast_to(shades, (10, 32, 48, 3)).copy(), 4.0)
    panel, notes = view_panel(read_graph(chase), "c", video=video)
    assert len(notes) == 1 and "10 frames and the graph 5" in notes[0]
    assert np.abs(panel.frames[:, 5, 5, 0].astype(int) - shades[::2, 0, 0, 0]).max() <= 6
    _, notes = view_panel(
        parse_graph(dict(CHASE, objects=[dict(o, boxes=[[0, 0, 90, 9]] * 5) for o in CHASE["objects"]])),  # type: ignore[attr-defined]
        "c", video=video,
    )  # fmt: skip
    assert any("beyond the picture" in n for n in notes)


@pytest.mark.parametrize("frames", [0, MOST_FRAMES + 1])
def test_nothing_to_see_and_too_much(frames: int) -> None:
    with pytest.raises(DataError):
        view_page(parse_graph({"nesy": "scene-graph/1", "fps": None, "frames": frames, "objects": []}), "x")


def test_a_graph_without_objects_is_a_page() -> None:
    text = view_page(parse_graph({"nesy": "scene-graph/1", "fps": None, "frames": 3, "objects": []}), "empty")
    assert "No object was found" in text


def test_classes_that_no_object_has(chase: Path) -> None:
    file = read_graph(chase)
    assert ask("exists x: bird { running(x) }", file).answer.probability == 0
    assert "bird" in ask("exists x: bird { running(x) }", file).warnings[-1]
    with pytest.raises(NesyError, match="dog"):
        ask("exists x: dogg { running(x) }", file)


def test_the_command(chase: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["view", str(chase)]) == 0 and (tmp_path / "chase.html").is_file()
    other = tmp_path / "deep" / "page.html"
    assert run(["view", str(chase), "-q", QUESTION, "-o", str(other)]) == 0
    assert "0.6" in other.read_text("utf-8") and str(other) in capsys.readouterr().err
    for bad in (["view", str(tmp_path / "no.json")], ["view", str(chase), "--video", str(tmp_path / "no.mp4")],
                ["view", str(chase), "-q", "exists d { barking(d) }"]):  # fmt: skip
        assert run(bad) == 2
        assert "error" in capsys.readouterr().err


STATE = """(() => {
  const panel = document.querySelector('.clip');
  return {
    frame: Number(panel.dataset.frame),
    boxes: panel.querySelectorAll('.overlay rect.box').length,
    facts: [...panel.querySelectorAll('.facts li:not(.none)')].map((e) => e.firstChild.textContent),
    p: panel.querySelector('.probability strong').textContent,
    title: document.title,
  };
})()"""


@pytest.mark.skipif(FOUND is None, reason="no chromium found: `apt-get install chromium` to run this test")
def test_in_a_browser(chase: Path, tmp_path: Path) -> None:
    assert run(["view", str(chase), "-q", QUESTION, "-o", str(tmp_path / "v.html")]) == 0
    with Chromium(FOUND or "") as browser:
        browser.open(tmp_path / "v.html")
        p = query(parse_formula(QUESTION), read_graph(chase).graph).probability
        assert browser.evaluate(STATE) == {"frame": 0, "boxes": 2, "facts": [], "p": f"{p:.3f}", "title": "chase"}
        browser.press("ArrowRight")
        state = browser.evaluate(STATE)
        assert state["frame"] == 1 and state["facts"] == ["running(dog1)", "chasing(dog1, cat1)"]
        browser.click(".witness li:last-child .step")
        assert browser.evaluate(STATE)["facts"] == ["hiding(cat1)"]
        browser.press("End")
        assert browser.evaluate(STATE)["boxes"] == 1
        requests = [e["request"]["url"] for m, e in browser.events if m == "Network.requestWillBeSent"]
        assert all(u.startswith(("data:", "file://")) for u in requests)
        assert [e for m, e in browser.events if m in ("Runtime.exceptionThrown", "Log.entryAdded")] == []
