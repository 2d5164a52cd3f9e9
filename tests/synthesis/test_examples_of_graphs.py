"""Quantified formulas from scene graphs, and `nesy synthesize` on folders."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
import torch

from nesy.cli.app import run
from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.errors import DataError
from nesy.reasoners.temporal.definition import World, holds
from nesy.reasoners.temporal.query import query
from nesy.scenegraph import SceneGraph, Vocabulary, read_graph
from nesy.synthesis.examples import Search, expected_errors, synthesize_from_graphs

NAMES = Vocabulary(("mugen", "snail"), ("jumping", "dead"), ("above",))


def drawn(rng: random.Random, sure: float = 1.0) -> tuple[SceneGraph, World]:
    """One clip: a mugen or none, up to two snails; facts have probability ``sure`` or 1 - ``sure``."""
    classes = ["mugen"] * rng.choice([0, 1, 1, 1]) + ["snail"] * rng.randint(1, 2)
    t, n = rng.randint(3, 8), len(classes)
    unary = torch.tensor([[[rng.random() < 0.25 for _ in range(2)] for _ in range(n)] for _ in range(t)])
    binary = torch.tensor([[[[rng.random() < 0.2] for _ in range(n)] for _ in range(n)] for _ in range(t)])
    facts = {(NAMES.unary[k], j, o) for j, o, k in unary.nonzero().tolist()}
    facts |= {("above", j, s, o) for j, s, o, _ in binary.nonzero().tolist()}
    one_hot = torch.tensor([[float(c == k) for k in NAMES.classes] for c in classes])
    soft = [x.double() * (2 * sure - 1) + (1 - sure) for x in (unary, binary)]
    graph = SceneGraph.from_probabilities(NAMES, one_hot.double(), *soft)
    return graph, World(t, tuple(classes), frozenset(facts), class_names=frozenset(NAMES.classes))


def examples(text: str, count: int, sure: float = 1.0, seed: int = 0) -> dict[bool, list[tuple[SceneGraph, World]]]:
    rng, formula = random.Random(seed), parse_formula(text)
    sides: dict[bool, list[tuple[SceneGraph, World]]] = {True: [], False: []}
    while min(map(len, sides.values())) < count:
        graph, world = drawn(rng, sure)
        side = sides[holds(formula, world)]
        if len(side) < count:
            side.append((graph, world))
    return sides


def renamed(formula: Formula) -> str:
    """The formula's text with its variables numbered in the order of their binding."""
    assert isinstance(formula, ast.Exists)
    number = {b.var: f"v{k}" for k, b in enumerate(formula.bindings)}
    return re.sub(r"\w+", lambda m: number.get(m[0], m[0]), to_text(formula))


@pytest.mark.parametrize(
    "text",
    [
        "exists m: mugen { jumping(m) then dead(m) }",
        "exists m: mugen, s: snail { above(m, s) then dead(s) }",
        "exists m: mugen, s: snail { eventually (jumping(m) and above(m, s)) }",
        "exists s: snail { always not dead(s) }",
        "exists s: snail, s2: snail { distinct(s, s2) and (dead(s) then dead(s2)) }",
    ],
)
def test_quantified_sequences_are_found_again(text: str) -> None:
    sides = examples(text, 40)
    result = synthesize_from_graphs(*([g for g, _ in sides[k]] for k in (True, False)), Search(timeout=20))
    best = result.best
    assert best is not None and result.status == "found"
    for label, side in sides.items():  # by the definition, not by our own bits
        assert all(holds(best.formula, w) == label for _, w in side)
    assert renamed(best.formula) == renamed(parse_formula(text))


def test_expected_errors_are_probabilities_of_wrong_verdicts() -> None:
    text = "exists m: mugen { jumping(m) then dead(m) }"
    sides = examples(text, 12, sure=0.9, seed=3)
    positive, negative = ([g for g, _ in sides[k]] for k in (True, False))
    result = synthesize_from_graphs(positive, negative, Search(noise=4, timeout=10))
    formula = parse_formula(text)
    exact = sum(1 - query(formula, g).probability for g in positive) + sum(
        query(formula, g).probability for g in negative
    )
    assert expected_errors(formula, positive, negative) == pytest.approx(exact, abs=1e-6)
    assert all(c.expected is not None for c in result.candidates)


def test_an_example_without_such_objects_satisfies_nothing() -> None:
    with_mugen, without = drawn(random.Random(1))[0], None
    for seed in range(50):
        graph, world = drawn(random.Random(seed))
        if "mugen" not in world.classes:
            without = graph
    assert without is not None
    result = synthesize_from_graphs(
        [with_mugen],
        [without],
        Search(max_size=4),
        variables=parse_formula("exists m: mugen { true }").bindings,  # type: ignore[attr-defined]
    )
    assert result.status == "found"


def test_unknown_classes_and_empty_sides_are_refused() -> None:
    graph, _ = drawn(random.Random(0))
    with pytest.raises(DataError, match="no negative scene graph"):
        synthesize_from_graphs([graph], [])
    variables = parse_formula("exists m: mugem { true }").bindings  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="no class `mugem`") as told:
        synthesize_from_graphs([graph], [drawn(random.Random(1))[0]], variables=variables)
    assert "mugen" in str(told.value)


# -- the command -----------------------------------------------------------------------------------------------------


def write_traces(folder: Path, traces: list[list[list[str]]]) -> Path:
    folder.mkdir()
    (folder / "traces.jsonl").write_text("".join(json.dumps({"trace": t}) + "\n" for t in traces))
    return folder


def test_the_command_prints_a_formula_that_parses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write_traces(tmp_path / "good", [[["a"], ["b"]], [["a"], [], ["b"]], [[], ["a"], ["b"]]])
    bad = write_traces(tmp_path / "bad", [[["b"], ["a"]], [["a"]], [["a", "b"]], [["b"]], [[]]])
    assert run(["synthesize", "--positive", str(good), "--negative", str(bad), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "found"
    assert parse_formula(answer["candidates"][0]["formula"]) == parse_formula("a() then b()")
    assert answer["candidates"][0]["errors"] == 0


def test_the_command_reads_scene_graph_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "exists m: mugen { jumping(m) then dead(m) }"
    for label, side in examples(text, 25, seed=5).items():
        (tmp_path / str(label)).mkdir()
        for k, (_, w) in enumerate(side):
            (tmp_path / str(label) / f"{k:02}.json").write_text(json.dumps(as_file(w)))
    line = ["synthesize", "--positive", str(tmp_path / "True"), "--negative", str(tmp_path / "False")]
    assert run([*line, "--for", "m: mugen", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["candidates"][0]["formula"] == to_text(parse_formula(text))
    assert run([*line, "--for", "m: mugen"]) == 0
    assert "no error" in capsys.readouterr().out


def as_file(w: World) -> dict[str, object]:
    def series(fact: tuple[str | int, ...]) -> list[int]:
        return [int((fact[0], j, *fact[1:]) in w.facts) for j in range(w.frames)]

    n = range(len(w.classes))
    return {
        "nesy": "scene-graph/1",
        "frames": w.frames,
        "objects": [{"id": f"o{o}", "class": {w.classes[o]: 1}} for o in n],
        "unary": [{"predicate": p, "object": f"o{o}", "prob": series((p, o))} for p in NAMES.unary for o in n],
        "binary": [
            {"predicate": "above", "subject": f"o{s}", "object": f"o{o}", "prob": series(("above", s, o))}
            for s in n
            for o in n
        ],
    }


def test_the_file_helper_writes_what_the_reader_reads(tmp_path: Path) -> None:
    graph, world = drawn(random.Random(2))
    (tmp_path / "g.json").write_text(json.dumps(as_file(world)))
    back = read_graph(tmp_path / "g.json").graph
    assert torch.equal(back.unary.sigmoid() > 0.5, graph.unary.sigmoid() > 0.5)


@pytest.mark.parametrize(("first", "second"), [("Cup", "cat"), ("_x", "xylophone"), ("cup", "cat"), ("cup", "cup2")])
def test_two_variables_never_have_one_name(first: str, second: str) -> None:
    names = Vocabulary((first, second), (), ("near",))
    classes = torch.eye(2, dtype=torch.float64)

    def pair(near: bool) -> SceneGraph:
        binary = torch.zeros(1, 2, 2, 1, dtype=torch.float64)
        binary[0, 0, 1, 0] = float(near)
        return SceneGraph.from_probabilities(names, classes, torch.zeros(1, 2, 0, dtype=torch.float64), binary)

    best = synthesize_from_graphs([pair(True)], [pair(False)]).best
    assert best is not None and best.errors == 0
    world = World(1, (first, second), frozenset({("near", 0, 0, 1)}), class_names=frozenset(names.classes))
    assert holds(parse_formula(to_text(best.formula)), world)


def test_names_that_no_formula_can_contain_take_no_part() -> None:
    names = Vocabulary(("cup", "in front", "object"), ("next", "visible", "full"), ("in front of",))
    classes = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64)

    def clip(yes: float) -> SceneGraph:
        unary = torch.full((1, 3, 3), yes, dtype=torch.float64)
        return SceneGraph.from_probabilities(names, classes, unary, torch.full((1, 3, 3, 1), yes, dtype=torch.float64))

    found = synthesize_from_graphs([clip(1.0)], [clip(0.0)], Search(max_size=4))
    assert {to_text(c.formula) for c in found.candidates} == {"exists c: cup { full(c) }"}


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_probability_at_the_threshold_reaches_it(percent: int) -> None:
    p = percent / 100
    names, classes = Vocabulary(("cup",), ("full",), ()), torch.tensor([[p]], dtype=torch.float64)

    def clip(full: float) -> SceneGraph:
        unary = torch.tensor([[[full]]], dtype=torch.float64)
        return SceneGraph.from_probabilities(names, classes, unary, torch.zeros(1, 1, 1, 0, dtype=torch.float64))

    best = synthesize_from_graphs([clip(p)], [clip(p - 0.005)], Search(max_size=2), threshold=p).best
    assert best is not None and to_text(best.formula) == "exists c: cup { full(c) }" and best.errors == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "no .jsonl or .json file"),
        ({"a.jsonl": ""}, "no trace"),
        ({"a.jsonl": "{"}, "a.jsonl:1: not JSON"),
        ({"a.jsonl": '{"trace": [["a"]]}\n{"tracks": 1}'}, 'a.jsonl:2: no "trace"'),
        ({"a.jsonl": '{"trace": [["a"], "b"]}'}, "frame 1 is not a list"),
        ({"a.jsonl": '{"trace": [["a b"]]}'}, "is not a name"),
        ({"a.jsonl": '{"trace": [["next"]]}'}, "is not a name"),
        ({"a.jsonl": '{"trace": [["F"]]}'}, "no word of the language"),
        ({"a.jsonl": '{"trace": []}'}, "without frames"),
        ({"a.json": "{}"}, "not a scene-graph file"),
        ({"a.json": "{}", "b.jsonl": ""}, "in one folder"),
    ],
)
def test_bad_folders_get_one_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: dict[str, str], words: str
) -> None:
    good = write_traces(tmp_path / "good", [[["a"]]])
    (tmp_path / "bad").mkdir()
    for name, text in content.items():
        (tmp_path / "bad" / name).write_text(text)
    assert run(["synthesize", "--positive", str(good), "--negative", str(tmp_path / "bad")]) == 2
    told = capsys.readouterr().err
    assert words in told and "Traceback" not in told


def test_contradictions_and_missing_folders_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = write_traces(tmp_path / "good", [[["a"]]]), write_traces(tmp_path / "bad", [[["a"]]])
    assert run(["synthesize", "--positive", str(good), "--negative", str(bad)]) == 2
    assert "contradict" in capsys.readouterr().err
    assert run(["synthesize", "--positive", str(good), "--negative", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("windows", ["3", "3-x", "0-²", "-1-2", "3-1"])
def test_windows_that_are_none_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], windows: str) -> None:
    good, bad = write_traces(tmp_path / "good", [[["a"]]]), write_traces(tmp_path / "bad", [[["b"]]])
    given = ["--positive", str(good), "--negative", str(bad), f"--windows={windows}"]
    assert run(["synthesize", *given]) == 2
    assert "window" in capsys.readouterr().err
