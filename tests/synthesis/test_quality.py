"""Quality by meaning: sampled worlds against the definition, and the rates that follow from known mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.cli.app import run
from nesy.dsl.elaborate import elaborate
from nesy.dsl.parser import load, parse_formula, parse_module
from nesy.dsl.signature import Signature
from nesy.errors import NesyError
from nesy.reasoners.temporal.definition import holds
from nesy.reasoners.temporal.degrees import degree
from nesy.synthesis.equivalence import compare, equivalent
from nesy.synthesis.quality import Quality, evaluate, read_gold
from nesy.synthesis.replay import Replay
from nesy.synthesis.told import told
from nesy.synthesis.worlds import Names, sample, scene_graphs

DOMAIN = Signature.of(classes=["dog", "cat", "ball"], unary=["running", "barking"], binary=["near", "holding"])
GOLD = Path(__file__).parent.parent / "data" / "captions"
SPECS = [
    "exists d: dog { running(d) then barking(d) }",
    "exists d: dog, c: cat { d != c and eventually (near(d, c) and not barking(d)) }",
    "exists d: dog { eventually (running(d) and (running(d) until barking(d))) }",
    "forall d: dog { always not barking(d) }",
    "exists at least 2 d: dog { eventually running(d) }",
    "exists d: dog, b: ball { holding(d, b) then not holding(d, b) then holding(d, b) }",
    "exists x { eventually[0%, 50%] running(x) } and exists c: cat { eventually not historically barking(c) }",
    "exists d: dog { weak next running(d) and eventually not visible(d) }",
    "exists d: dog { eventually[0.5s, 1s] running(d) }",
]


@pytest.mark.parametrize("text", SPECS)
def test_tensors_and_definition_agree_on_the_sampled_worlds(text: str):
    f = elaborate(parse_formula(text), DOMAIN)
    names = Names.of((f,), DOMAIN.classes)
    worlds = sample((f,), names, 40, seed=1)
    slow = [holds(f, w) for w in worlds]
    fast = (degree(f, scene_graphs(worlds, names), "boolean") > 0.5).tolist()
    assert slow == fast and 0 < sum(slow) < len(slow)  # both kinds of worlds are sampled


@pytest.mark.parametrize(
    ("f", "g"),
    [
        (SPECS[0], "exists x: dog { eventually (running(x) and next eventually barking(x)) }"),
        (SPECS[0], "exists c: dog { running(c) then barking(c) @ late }"),
        (SPECS[3], "not exists x: dog { eventually barking(x) }"),
        (SPECS[4], "exists x: dog, y: dog { x != y and eventually running(x) and eventually running(y) }"),
        (SPECS[1], "exists d: dog, c: cat { eventually (not barking(d) and near(d, c)) }"),
        ("exists d: dog { running(d) then barking(d) then running(d) }",) * 2,
    ],
)
def test_equivalent_specs(f: str, g: str):
    assert compare(parse_formula(f), parse_formula(g), DOMAIN).same == 1.0


@pytest.mark.parametrize(
    ("f", "g"),
    [
        (SPECS[0], "exists d: dog { barking(d) then running(d) }"),
        (SPECS[0], "exists d: dog { eventually (running(d) and barking(d)) }"),
        (SPECS[0], "exists d: dog, e: dog { running(d) then barking(e) }"),  # another dog
        (SPECS[0], "exists d: dog { eventually running(d) and eventually barking(d) }"),
        (SPECS[0], "exists d { running(d) then barking(d) }"),
        (SPECS[0], "exists d: cat { running(d) then barking(d) }"),
        (SPECS[3], "exists d: dog { always not barking(d) }"),
        (SPECS[4], "exists at least 3 d: dog { eventually running(d) }"),
        (SPECS[4], "exists x: dog, y: dog { eventually running(x) and eventually running(y) }"),
        (SPECS[5], "exists d: dog, b: ball { holding(d, b) then holding(d, b) }"),
        ("exists d: dog { not eventually barking(d) }", "exists d: dog { eventually not barking(d) }"),
        ("exists d: dog, c: cat { eventually near(d, c) }", "exists d: dog, c: cat { eventually near(c, d) }"),
        ("exists d: dog { running(d) until barking(d) }", "exists d: dog { eventually barking(d) }"),
        ("exists d: dog { eventually (running(d) or barking(d)) }", "exists d: dog { eventually running(d) }"),
        ("true", "false"),
    ],
)
def test_different_specs_are_told_apart_with_a_witness(f: str, g: str):
    left, right = parse_formula(f), parse_formula(g)
    found = compare(left, right, DOMAIN)
    assert not found.equivalent and not equivalent(left, right, DOMAIN) and found.same < 1
    a, b = (elaborate(h, DOMAIN) for h in (left, right))
    assert holds(a, found.witness) != holds(b, found.witness)


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(SPECS[:7]), st.integers(0, 99))
def test_a_spec_is_equivalent_to_itself_renamed(text: str, seed: int):
    renamed = text.replace("(d", "(q").replace(" d:", " q:").replace("d !=", "q !=")
    assert equivalent(parse_formula(text), parse_formula(renamed), DOMAIN, worlds=30, seed=seed)


def test_macros_are_unfolded():
    domain = Signature.from_module(parse_module("class dog unary running define busy(x) = eventually running(x)"))
    f, g = parse_formula("exists d: dog { busy(d) }"), parse_formula("exists d: dog { eventually running(d) }")
    assert equivalent(f, g, domain)


def test_what_is_told():
    f = parse_formula(
        "exists d: dog, c: cat { running(d) and near(d, c) then not barking(d) } and always not running(x)"
    )
    facts = told(f)
    assert [t.key for t in facts] == [
        ("running", True, "some", ("dog",)), ("near", True, "some", ("dog", "cat")),
        ("barking", False, "some", ("dog",)), ("running", False, "every", ("",)),
    ]  # fmt: skip
    a, b, c, d = facts
    assert (a.order(b), a.order(c), c.order(a), a.order(d)) == ("same", "before", "after", "open")
    assert a.variables[0] == b.variables[0] == c.variables[0] != d.variables[0]


def rates(gold: str, answer: str | None) -> dict[str, float]:
    """The rates of one caption with a gold spec and an answer."""
    from nesy.synthesis.captions import Caption
    from nesy.synthesis.quality import Gold

    replay = Replay(DOMAIN, {"c": answer} if answer is not None else {})
    return evaluate(replay, [Gold(Caption("1", "c"), parse_formula(gold))], DOMAIN).as_dict()


def test_rates_of_known_mistakes():
    gold = "exists d: dog, e: dog { running(d) then barking(d) then near(d, e) }"
    right = rates(gold, gold)
    assert [
        right[k] for k in ("equivalent", "event precision", "event recall", "order accuracy", "identity accuracy")
    ] == [1.0] * 5
    swapped = rates(gold, "exists d: dog, e: dog { barking(d) then running(d) then near(d, e) }")
    assert (swapped["equivalent"], swapped["event recall"], swapped["identity accuracy"]) == (0.0, 1.0, 1.0)
    assert swapped["order accuracy"] == pytest.approx(2 / 3)
    other = rates(gold, "exists d: dog, e: dog { running(d) then barking(e) then near(d, e) }")
    assert (other["equivalent"], other["order accuracy"]) == (0.0, 1.0)
    assert other["identity accuracy"] == pytest.approx(
        3 / 6
    )  # of d-d, d-d, d-e, d-d, d-e, d-e three are said otherwise
    less = rates(gold, "exists d: dog { running(d) then holding(d, d) }")
    assert (less["event precision"], less["event recall"]) == (1 / 2, pytest.approx(1 / 3))
    none = rates(gold, "nonsense")
    assert (none["parse rate"], none["equivalent"], none["event recall"], none["event precision"]) == (0, 0, 0, None)


def test_the_command_measures_every_domain(tmp_path: Path, capsys):
    (tmp_path / "zoo.dsl").write_text("class dog, cat, ball unary running, barking binary near, holding")
    lines = [
        {"id": 1, "caption": "A dog runs and then barks.", "spec": SPECS[0], "domain": "zoo"},
        {"id": 2, "caption": "No dog barks.", "spec": SPECS[3], "domain": "zoo.dsl"},
    ]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "answers.jsonl").write_text(
        json.dumps({"id": 1, "raw": SPECS[0]}) + "\n" + json.dumps({"id": 2, "raw": "true"})
    )
    arguments = ["extract", "--evaluate", str(tmp_path / "gold.jsonl"), "--extractor", "replay"]
    arguments += ["--set", f"file={tmp_path / 'answers.jsonl'}"]
    assert run([*arguments, "--json", "-o", str(tmp_path / "wrong.jsonl")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["quality"]["zoo"]["equivalent"] == 0.5 and said["quality"]["all"]["captions"] == 2
    assert [d["id"] for d in said["different"]] == ["2"] and said["different"][0]["gold"] == SPECS[3]
    assert json.loads((tmp_path / "wrong.jsonl").read_text())["id"] == "2"
    assert run(arguments) == 0 and "equivalent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"id": 1, "caption": "x"}, "`spec` are needed"),
        ({"id": 1, "caption": "x", "spec": "true"}, "no `domain`"),
        ({"id": 1, "caption": "x", "spec": "true", "domain": "sea"}, "sea.dsl does not exist"),
        ({"id": 1, "caption": "x", "spec": "exists d: cow { true }", "domain": "zoo"}, "does not check"),
    ],
)
def test_broken_gold_files(tmp_path: Path, line: dict, said: str):
    (tmp_path / "zoo.dsl").write_text("class dog")
    (tmp_path / "gold.jsonl").write_text(json.dumps(line))
    with pytest.raises(NesyError) as error:
        read_gold(tmp_path / "gold.jsonl")
    assert said in str(error.value)


def test_the_gold_set_is_read_whole():
    domains = {k: v for part in ("general", "platformer") for k, v in read_gold(GOLD / f"{part}.jsonl").items()}
    assert {k: len(v[1]) for k, v in domains.items()} == {"general": 140, "platformer": 60}
    assert domains["general"][0].classes == Signature.from_module(load(GOLD / "general.dsl")).classes


def test_counts_add_up():
    a = Quality(2, 1, 1, 1, [2, 1, 1], [1, 2], [0, 0])
    assert a.plus(Quality(2, 2, 0, 0, [1, 1, 0], [0, 1], [1, 1])).as_dict() == {
        "captions": 4, "parse rate": 0.75, "first answer": 0.25, "equivalent": 0.25, "event precision": 0.5,
        "event recall": pytest.approx(1 / 3), "order accuracy": pytest.approx(1 / 3), "identity accuracy": 1.0,
    }  # fmt: skip
