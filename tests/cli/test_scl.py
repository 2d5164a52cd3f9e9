"""``nesy scl``: programs run from the command line; every mistake is one message with a place and a remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nesy.cli.app import run

PATHS = """\
type edge(i32, i32)
rel edge = {0.5::(0, 1), 0.8::(1, 2), 0.3::(0, 2)}
rel path(a, b) = edge(a, b) or (path(a, c) and edge(c, b))
query path
"""


def scl(folder: Path, text: str, *options: str) -> int:
    (folder / "a.scl").write_text(text, encoding="utf-8")
    return run(["scl", str(folder / "a.scl"), *options])


@pytest.mark.parametrize(
    ("provenance", "far"),
    [("unit", ""), ("exact", "0.58::"), ("minmaxprob", "0.5::"), ("proofs", "{{1, 2}, {3}}::"), ("tropical", "0::")],
)
def test_queries_are_printed_with_their_tags(tmp_path: Path, capsys, provenance: str, far: str) -> None:
    assert scl(tmp_path, PATHS, "--provenance", provenance) == 0
    out = capsys.readouterr().out
    assert out.startswith("path: {") and f"{far}(0, 2)" in out and "edge" not in out


def test_k_of_the_proofs_kept(tmp_path: Path, capsys) -> None:
    assert scl(tmp_path, PATHS, "--provenance", "topkproofs", "--k", "1") == 0
    assert capsys.readouterr().out == "path: {0.5::(0, 1), 0.4::(0, 2), 0.8::(1, 2)}\n"


def test_without_query_every_visible_relation(tmp_path: Path, capsys) -> None:
    text = 'rel a = {("x\\"y", 1)}\n@hidden rel h(n) = a(_, n)\nrel b(n + 1, n > 0) = h(n)\nrel c(\'z\', 0.5)\n'
    assert scl(tmp_path, text) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows == ['a: {("x\\"y", 1)}', "b: {(2, true)}", "c: {('z', 0.5)}"]


def test_asked_relations_and_atoms(tmp_path: Path, capsys) -> None:
    assert scl(tmp_path, PATHS, "--query", "path(0, x)", "-q", "edge", "--provenance", "exact", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["path(0, x)", "edge"] and len(found["edge"]) == 3
    assert [r["tuple"] for r in found["path(0, x)"]] == [[0, 1], [0, 2]]
    assert [r["tag"] for r in found["path(0, x)"]] == pytest.approx([0.5, 0.58])


def test_json_has_no_infinities(tmp_path: Path, capsys) -> None:
    assert scl(tmp_path, "rel a(1.0)\nrel b(x / 0.0) = a(x)\nquery b", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"b": [{"tag": None, "tuple": ["inf"]}]}


def test_warnings_go_to_the_error_stream(tmp_path: Path, capsys) -> None:
    assert scl(tmp_path, "rel a(1)\nrel b(x) = aa(x) or a(x)\nquery b\n") == 0
    seen = capsys.readouterr()
    assert seen.out == "b: {(1)}\n" and "warning: " in seen.err and "`aa`" in seen.err and "a.scl:2:" in seen.err
    assert scl(tmp_path, "rel a(1)\nquery aa\n") == 2
    seen = capsys.readouterr()
    assert "a.scl:2:" in seen.err and "did you mean `a`?" in seen.err


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("rel a(1\n", (), ("a.scl:1:", "Syntax error")),
        ("rel a = {1.5::1}", (), ("a.scl:1:", "1.5", "not between 0 and 1")),
        ("rel a = {(1, 2)}\nrel b(x) = a(x)", (), ("a.scl:2:", "arity mismatch", "^")),
        ("rel a(1)\nrel b(y) = a(x)", (), ("a.scl:2:", "unbounded")),
        ("rel a(0)\nrel b(1 / x) = a(x)", (), ("a.scl:2:", "zero")),
        ("rel a(1)\nrel b(x) = a(x), not b(x)", (), ("a.scl:2:", "Cannot stratify")),
        ("rel a(x) = x == nothing(1)", (), ("a.scl:1:", "expected a value")),
        ('import "none.scl"', (), ("a.scl:1:", "Cannot open file")),
        ('@file("none.csv") type e(i32)\nquery e', (), ("none.csv",)),
        (PATHS, ("--provenance", "exacd"), ("Unknown provenance", "exact")),
        (PATHS, ("--provenance", "custom"), ("object in Python",)),
        (PATHS, ("--query", "pathh"), ("no relation `pathh`", "path")),
        (PATHS, ("--query", "path(0"), ("Syntax error",)),
        (PATHS, ("--query", "path(0)"), ("arity mismatch",)),
        (PATHS, ("--k", "0"), ("--k", "greater")),
    ],
)
def test_a_mistake_is_one_message(tmp_path: Path, capsys, text: str, options: tuple[str, ...], words) -> None:
    assert scl(tmp_path, text, *options) == 2
    seen = capsys.readouterr()
    assert seen.out == "" and all(w in seen.err for w in words), seen.err
    assert "Traceback" not in seen.err and "internal fault" not in seen.err and seen.err.count("error") <= 2


def test_a_mistake_in_an_import_shows_the_line_of_the_import(tmp_path: Path, capsys) -> None:
    (tmp_path / "lib.scl").write_text("rel c(1)\n\nrel good(2)\nrel wrong(x, y) = c(x)\n")
    assert scl(tmp_path, '// the first line\nimport "lib.scl"\n// the third\n// the fourth\nrel d(x) = c(x)') == 2
    assert "lib.scl:4:" in (seen := capsys.readouterr().err) and "    4 | rel wrong(x, y) = c(x)" in seen


def test_a_file_that_is_not_there(tmp_path: Path, capsys) -> None:
    assert run(["scl", str(tmp_path / "none.scl")]) == 2
    assert "Cannot open file" in capsys.readouterr().err
    (tmp_path / "b.scl").write_bytes(b"\xff\xfe rel")
    assert run(["scl", str(tmp_path / "b.scl")]) == 2
    assert "UTF-8" in capsys.readouterr().err


def test_recursion_without_end_is_an_error_or_cut(tmp_path: Path, capsys) -> None:
    text = "rel n(0)\nrel n(x + 1) = n(x)\nquery n"
    assert scl(tmp_path, text, "--iter-limit", "3") == 0
    assert capsys.readouterr().out == "n: {(0), (1), (2)}\n"
    assert scl(tmp_path, text) == 2
    assert "recursion through `n` has not ended" in capsys.readouterr().err
