"""``nesy memory``: every command, its JSON, its exit codes, and one clear error for a mistake."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import torch

from nesy.cli.app import run
from nesy.memory.export import json_ld, n_triples
from nesy.memory.store import IS_A, Triple, TripleStore
from nesy.scenegraph import GraphFile, SceneGraph, Vocabulary, write_graph
from nesy.viz.recalled import recalled_svg


def graph(path: Path, *, kills: bool = True) -> Path:
    """Mugen (m) jumps over a snail (s) in frames 1-2; the snail kills it in frame 5, or not."""
    vocabulary = Vocabulary(("mugen", "snail"), ("jumping", "dead"), ("above", "killing"))
    unary = torch.full((6, 2, 2), 0.01, dtype=torch.float64)
    binary = torch.full((6, 2, 2, 2), 0.001, dtype=torch.float64)
    unary[1:3, 0, 0] = 0.9
    binary[1:3, 0, 1, 0] = 0.9
    if kills:
        binary[5, 1, 0, 1] = 0.95
        unary[5, 0, 1] = 0.95
    classes = torch.tensor([[0.95, 0.04], [0.02, 0.98]], dtype=torch.float64)
    write_graph(
        GraphFile(
            SceneGraph.from_probabilities(vocabulary, classes, unary, binary, None, 2.0),
            ("m", "s"),
            torch.ones(6, 2, 4),
        ),
        path,
    )
    return path


@pytest.fixture
def store(tmp_path: Path) -> str:
    first, second = graph(tmp_path / "one.json"), graph(tmp_path / "two.json", kills=False)
    folder = str(tmp_path / "store")
    assert run(["memory", "add", str(first), str(second), "--store", folder, "--gap", "0"]) == 0
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict:
    capsys.readouterr()
    assert run(["memory", *arguments, "--json"]) == code
    out = capsys.readouterr()
    assert out.err == ""
    return json.loads(out.out)


def test_add_and_show(tmp_path: Path, store: str, capsys: pytest.CaptureFixture[str]):
    third = graph(tmp_path / "x.json")
    row = told(capsys, "add", str(third), "--store", store, "--video", "third")
    assert [r["video"] for r in row["added"]] == ["third"]
    shown = told(capsys, "show", "--store", store, "--check")
    assert shown["videos"] == 3
    assert shown["classes"] == {"mugen": 3, "snail": 3}
    assert [v["name"] for v in shown["newest"]] == ["third", "two", "one"]
    assert shown["triples"] == sum(shown["predicates"].values())
    triples = told(capsys, "show", "--store", store, "--video", "one")
    assert [t["start"] for t in triples] == sorted(t["start"] for t in triples)
    assert run(["memory", "show", "--store", store]) == 0
    assert "one: " in capsys.readouterr().out


def test_ask_a_question(store: str, capsys: pytest.CaptureFixture[str]):
    row = told(capsys, "ask", "who jumped over a snail?", "--store", store)
    assert [(a["what"], a["label"], a["seconds"]) for a in row["answers"]] == [
        ("one/m", "mugen", [0.5, 1.5]), ("two/m", "mugen", [0.5, 1.5])
    ]  # fmt: skip
    assert row["formulas"] == ["exists m: mugen, s: snail { eventually (jumping(m) and above(m, s)) }"]
    only = told(capsys, "ask", "who died?", "--store", store)
    assert [a["video"] for a in only["answers"]] == ["one"]
    no = told(capsys, "ask", "did Mugen die in two?", "--store", store, code=1)
    assert (no["value"], no["empty"]) == (False, True)
    assert told(capsys, "ask", "did Mugen die", "--video", "one", "--store", store)["value"] is True
    assert run(["memory", "ask", "how often did Mugen jump?", "--store", store]) == 0
    assert capsys.readouterr().out.startswith("2\n")


def test_ask_a_pattern(store: str, capsys: pytest.CaptureFixture[str]):
    row = told(capsys, "ask", "(?, killing, mugen)", "--store", store)
    assert [(m["subject"], m["object"], m["start"], m["end"]) for m in row["matches"]] == [("one/s", "one/m", 5, 6)]
    assert row["matches"][0]["confidence"] == pytest.approx(0.95 * 0.95)
    assert told(capsys, "ask", "(snail, ?, mugen)", "--store", store)["count"] == 1
    assert told(capsys, "ask", "(?, jumping)", "--store", store)["count"] == 2
    assert told(capsys, "ask", "(?, jumping)", "--store", store, "--from", "1.5", code=1)["count"] == 0
    assert told(capsys, "ask", "(?, jumping)", "--store", store, "--from", "1", "--to", "2")["count"] == 2
    pairs = told(capsys, "ask", "(?, jumping) before (?, killing, ?)", "--store", store)["pairs"]
    assert [(a["predicate"], b["predicate"], a["video"]) for a, b in pairs] == [("jumping", "killing", "one")]
    assert told(capsys, "ask", "(?, jumping) after (?, killing, ?)", "--store", store, code=1)["pairs"] == []


def test_ask_a_formula(store: str, capsys: pytest.CaptureFixture[str]):
    row = told(capsys, "ask", "exists m: mugen { jumping(m) then dead(m) }", "--store", store)
    assert [v["video"] for v in row["videos"]] == ["one", "two"]
    assert row["videos"][0]["probability"] > 0.85 > 0.5 > row["videos"][1]["probability"]
    assert row["videos"][0]["objects"] == {"m": "one/m"}
    told(capsys, "ask", "exists m: snail { eventually jumping(m) }", "--store", store, "--video", "two", code=1)


def test_walk(store: str, capsys: pytest.CaptureFixture[str]):
    row = told(capsys, "walk", "killing", "--store", store)
    assert next(iter(row["videos"])) == "one"
    assert next(iter(told(capsys, "walk", "who died?", "--store", store)["videos"])) == "one"


def test_forget(store: str, capsys: pytest.CaptureFixture[str]):
    before = told(capsys, "show", "--store", store)["triples"]
    assert told(capsys, "forget", "--store", store, "--older-than", "7d") == {"forgotten": 0, "left": before}
    row = told(capsys, "forget", "--store", store, "--video", "two")
    assert row["forgotten"] + row["left"] == before
    assert told(capsys, "forget", "--store", store, "--budget", "2", "--below", "0.1")["left"] == 2
    assert told(capsys, "show", "--store", store)["videos"] == 1


MISTAKES = [
    (["add", "none.json", "--store", "STORE"], "none.json: no such file"),
    (["add", "STORE/../one.json", "--store", "STORE"], "`one` is remembered already"),
    (["add", "STORE/../one.json", "STORE/../two.json", "--video", "x", "--store", "STORE"], "--video names one video"),
    (["add", "STORE/../one.json", "--store", "STORE", "--enter", "0.1"], "thresholds: enter 0.1, leave 0.2"),
    (["add", "STORE/../x.json", "STORE/../sub/x.json", "--store", "STORE"], "two files would be the video `x`"),
    (["add", "STORE", "--store", "STORE"], "STORE"),
    (["ask", "who died?", "--store", "nowhere"], "nowhere: no memory there"),
    (["ask", "the cat sat", "--store", "STORE"], "neither a question, a pattern nor a formula"),
    (["ask", "who frobnicated?", "--store", "STORE"], "the question is not understood"),
    (["ask", "(?, jumpin)", "--store", "STORE"], "did you mean `jumping`?"),
    (["ask", "(?, jumping, ?)", "--store", "STORE"], "`jumping` is said of one object: (?, jumping)"),
    (["ask", "(snail, above)", "--store", "STORE"], "`above` is said of two: (snail, above, ?)"),
    (["ask", "(one/m, is_a)", "--store", "STORE"], "`is_a` is said of two: (one/m, is_a, ?)"),
    (["ask", "(?, jumping)", "--store", "STORE", "--from", "5", "--to", "2"], "seconds from 5.0 to 2.0 hold nothing"),
    (["ask", "(?, jumping) sometime (?, dead)", "--store", "STORE"], "no interval relation `sometime`"),
    (["ask", "exists x { eventually jumpin(x) }", "--store", "STORE"], "did you mean `jumping`?"),
    (["ask", "who died?", "--store", "STORE", "--video", "tow"], "did you mean `two`?"),
    (["ask", "who died?", "--store", "STORE", "--from", "2"], "--from, --to and --svg go with a pattern"),
    (["walk", "jumpin", "--store", "STORE"], "did you mean `jumping`?"),
    (["walk", "who slept?", "--store", "STORE"], "the question is not understood"),
    (["show", "--store", "STORE", "--video", "x"], "no video `x`"),
    (["export", "--store", "STORE", "-f", "turtle"], "no format `turtle`"),
    (["export", "--store", "STORE", "--json"], "--json goes with --out"),
    (["export", "--store", "STORE", "-o", "/dev/null/place.nt"], "cannot write"),
    (["forget", "--store", "STORE"], "nothing to forget is named"),
    (["forget", "--store", "STORE", "--older-than", "soon"], "'soon' is not an age"),
    (["forget", "--store", "STORE", "--below", "7"], "not between 0 and 1"),
    (["forget", "--store", "STORE", "--video", "x"], "no video `x`"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(a) for a, _ in MISTAKES])
def test_a_mistake_is_told_once(arguments, message, store, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph(tmp_path / "x.json")
    (tmp_path / "sub").mkdir()
    graph(tmp_path / "sub" / "x.json")
    capsys.readouterr()
    assert run(["memory", *(a.replace("STORE", store) for a in arguments)]) == 2
    out = capsys.readouterr()
    assert message.replace("STORE", store) in out.err
    assert out.err.count("error") == 1
    assert "Traceback" not in out.err and "internal fault" not in out.err


def test_what_was_added_before_a_mistake_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    good, bad, folder = graph(tmp_path / "good.json"), tmp_path / "bad.json", str(tmp_path / "store")
    bad.write_text("{")
    assert run(["memory", "add", str(good), str(bad), "--store", folder]) == 2
    said = capsys.readouterr().err
    assert "bad.json: not readable" in said
    assert "the 1 before it are remembered" in said
    assert told(capsys, "show", "--store", folder)["videos"] == 1


def test_a_broken_file_is_named(store: str, capsys: pytest.CaptureFixture[str]):
    path = Path(store) / "memory.sqlite"
    path.write_bytes(b"x" * 5000)
    capsys.readouterr()
    assert run(["memory", "show", "--store", store]) == 2
    assert "memory.sqlite: the memory's file is damaged" in capsys.readouterr().err


def test_export(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    row = told(capsys, "export", "--store", store, "-f", "ntriples", "-o", str(tmp_path / "m.nt"))
    lines = (tmp_path / "m.nt").read_text().splitlines()
    line = re.compile(r'<[^<>"\s]+> <[^<>"\s]+> (<[^<>"\s]+>|"[^"\n]*"(\^\^<[^<>"\s]+>)?) \.')
    assert all(line.fullmatch(x) for x in lines)
    assert sum(x.endswith("#Statement> .") for x in lines) == row["triples"]
    assert run(["memory", "export", "--store", store]) == 0
    data = json.loads(capsys.readouterr().out)
    assert sum(n.get("@type") == "rdf:Statement" for n in data["@graph"]) == row["triples"]


def test_both_formats_say_the_same_to_a_reader_of_rdf(tmp_path: Path):
    rdflib = pytest.importorskip("rdflib")
    from rdflib.compare import isomorphic

    with TripleStore.open(tmp_path) as kept:
        kept.add(
            [
                Triple('v 1/o"<é>', IS_A, "big cat", "v 1", 0, 9, 0.9, 0.95, 8.0, 'a "quoted"\\ source\n'),
                Triple("v 1/o", "is near", 'v 1/o"<é>', "v 1", 2, 5, 0.25),
                Triple("v 1/o", "jumping", None, "v 1", 2, 5, 0.75, fps=8.0),
            ]
        )
        nt = rdflib.Graph().parse(data="".join(n_triples(kept)), format="nt")
        ld = rdflib.Graph().parse(data="".join(json_ld(kept)), format="json-ld")
    assert isomorphic(nt, ld)
    assert len(nt) > 25


def test_a_time_line_is_drawn(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "line.svg"
    told(capsys, "ask", "(?, ?, ?)", "--store", store, "--svg", str(path))
    root = ElementTree.fromstring(path.read_text())
    space = "{http://www.w3.org/2000/svg}"
    bars = [r for r in root.iter(f"{space}rect") if r.find(f"{space}title") is not None]
    titles = [r.findtext(f"{space}title") or "" for r in bars]
    assert "s killing m, 2.50-3.00 s, confidence 0.95" in titles
    grounds = [r for r in root.iter(f"{space}rect") if r.get("class") == "lasts"]
    left, width = float(grounds[0].get("x", "")), max(float(r.get("width", "")) for r in grounds)
    (killing,) = [r for r, t in zip(bars, titles, strict=True) if t.startswith("s killing m")]
    assert float(killing.get("x", "")) == pytest.approx(left + width * 5 / 6, abs=0.2)
    assert float(killing.get("width", "")) == pytest.approx(width / 6, abs=0.2)


def test_videos_on_a_time_line_share_its_axis(tmp_path: Path):
    """Equal times stand at equal places, and the axis reaches the end of the longest video."""
    triples = [Triple("v/a", "p", None, "v", 2, 4, fps=2.0), Triple("w/a", "p", None, "w", 4, 8, fps=4.0)]
    root = ElementTree.fromstring(recalled_svg(triples, frames={"v": 20, "w": 8}))
    rects = [{k: r.get(k) for k in ("class", "x", "width")} for r in root.iter("{http://www.w3.org/2000/svg}rect")]
    bars = [r for r in rects if r["class"] == "bar"]
    assert len(bars) == 2 and bars[0] == bars[1]
    (long, short) = [float(r["width"] or 0) for r in rects if r["class"] == "lasts"]
    assert long == pytest.approx(5 * short, abs=0.5)
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("0 s") == texts.count("10 s") == 2
    mixed = recalled_svg([triples[0], Triple("w/a", "p", None, "w", 4, 8)])
    assert "frame 0" in mixed and " s<" not in mixed  # seconds of one and frames of another cannot be compared


def test_a_time_line_escapes_names_and_knows_frames(tmp_path: Path):
    text = recalled_svg([Triple("v/<b>&", "p", None, "v", 3, 6, 0.5)])
    root = ElementTree.fromstring(text)
    assert any(e.text == "<b>& p" for e in root.iter())
    assert "frames 3-5" in text
