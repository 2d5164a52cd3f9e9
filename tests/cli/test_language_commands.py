"""fmt, explain, compile and check --json, with good and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nesy.cli.app import run

SPEC = Path(__file__).resolve().parents[2] / "examples" / "platformer.dsl"
SMALL = """class cat, dog
unary asleep
binary near // how close
spec nap: exists c: cat {eventually   asleep(c)}
spec meet: exists c: cat, d: dog { asleep(c) then near(c, d) }
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.dsl"
    path.write_text(SMALL)
    return path


def test_the_example_is_formatted():
    assert run(["fmt", "--check", str(SPEC)]) == 0


def test_fmt_changes_the_layout_once_and_keeps_comments(small: Path, capsys):
    assert run(["fmt", "--check", str(small)]) == 1 and small.read_text() == SMALL
    assert run(["fmt", "--diff", str(small)]) == 1 and "+spec nap:" in capsys.readouterr().out
    assert run(["fmt", str(small)]) == 0
    once = small.read_text()
    assert "// how close" in once and "{ eventually asleep(c) }" in once
    assert run(["fmt", str(small)]) == 0 and small.read_text() == once
    assert [p.name for p in small.parent.iterdir()] == ["small.dsl"]


def test_fmt_writes_nothing_when_one_file_is_broken(small: Path, capsys):
    broken = small.with_name("broken.dsl")
    broken.write_text("spec x: exists c: cat { eventually }")
    assert run(["fmt", str(small), str(broken)]) == 2
    assert small.read_text() == SMALL and "broken.dsl:1" in capsys.readouterr().err


def test_explain_reads_a_spec_back(small: Path, capsys):
    assert run(["explain", str(small), "--spec", "meet"]) == 0
    said = capsys.readouterr().out
    assert "one after the other" in said and "c is near d" in said and "nap" not in said
    assert run(["explain", str(small), "--spec", "met"]) == 2
    assert "did you mean `meet`" in capsys.readouterr().err


def test_compile_to_scallop_has_the_order(small: Path, capsys):
    assert run(["compile", str(small)]) == 0
    program = capsys.readouterr().out
    assert "t1 < t2" in program and "query nap" in program and "query meet" in program


def test_compile_to_an_automaton(small: Path, tmp_path: Path, capsys):
    drawing = tmp_path / "meet.dot"
    assert run(["compile", str(small), "--to", "dfa", "--spec", "meet", "-o", str(drawing)]) == 0
    text = drawing.read_text()
    assert text.startswith('digraph "meet"') and text.count("doublecircle") == 1
    assert 's0 -> s1 [label="asleep(c)"]' in text and 's1 -> s2 [label="near(c, d)"]' in text
    assert run(["compile", str(small), "--to", "dfa"]) == 2
    assert "choose one with --spec" in capsys.readouterr().err
    assert run(["compile", str(small), "--to", "ltl"]) == 2
    assert run(["compile", str(small.with_name("none.dsl"))]) == 2


def test_check_tells_editors_everything_at_once(tmp_path: Path, capsys):
    wrong = tmp_path / "wrong.dsl"
    wrong.write_text("class cat\nunary asleep\nspec a: exists c: cta { eventually asleep(c) }\nspec b: slep(cat)\n")
    assert run(["check", str(wrong), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {d["place"]["line"] for d in found} == {3, 4}
    assert all({"code", "severity", "message", "place", "help"} <= set(d) for d in found)
    assert run(["check", str(SPEC), "--json"]) == 0 and json.loads(capsys.readouterr().out) == []
