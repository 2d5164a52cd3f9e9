"""What ``import nesy`` offers: everything it names exists, and nothing heavy is loaded before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nesy


def test_every_name_has_its_home():
    for name in nesy.__all__:
        assert getattr(nesy, name).__module__.startswith("nesy.") and name in dir(nesy)
    with pytest.raises(AttributeError):
        nesy.nothing  # noqa: B018


def test_importing_is_quick():
    code = "import sys, nesy, nesy.cli.commands; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_a_question_in_four_lines(tmp_path: Path):
    graph = nesy.read_graph(Path(__file__).parent / "data" / "chase.json")
    answer = nesy.query(nesy.parse_formula("exists d: dog, c: cat { chasing(d, c) then hiding(c) }"), graph.graph)
    assert answer.method == "exact" and answer.probability == pytest.approx(0.637344, abs=1e-6)
    nesy.write_graph(graph, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() != ""


def test_answers_and_help_are_readable():
    graph = nesy.read_graph(Path(__file__).parent / "data" / "chase.json").graph
    answer = nesy.query(nesy.parse_formula("exists d: dog, c: cat { chasing(d, c) then hiding(c) }"), graph)
    assert repr(answer).startswith("<P = 0.637344 (exact), d = object ") and "Step(" not in repr(answer)
    assert nesy.__doc__ is not None and all(name in nesy.__doc__ for name in nesy.__all__)
    assert not {"HOMES", "TYPE_CHECKING", "Any", "import_module"} & set(dir(nesy))
