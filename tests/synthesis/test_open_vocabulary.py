"""Captions without a domain, and negatives for the losses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nesy.cli.app import run
from nesy.dsl.check import check_module
from nesy.dsl.parser import load, parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.synthesis.negatives import independent, negative_specs, negative_words, reordered
from nesy.synthesis.normalize import Normaliser
from nesy.synthesis.open_vocabulary import discover
from nesy.synthesis.prompt import Prompt
from nesy.synthesis.validation import Fault, validate
from nesy.synthesis.vocabulary import OpenDomain

SPECS = [
    "exists d: dog { eventually running(d) }",
    "exists d: dogs, c: cat { runs(d) then chasing(d, c) }",
    "exists d: dog { running(d) then barking(d) }",
    "exists p: person { eventually flying(p) }",
]
FORMULAS = [parse_formula(s) for s in SPECS]


def test_forms_of_a_word_become_one_declaration():
    found = discover(FORMULAS)
    assert found.classes == {"dog": 3, "cat": 1, "person": 1} and found.unary == {
        "running": 3,
        "barking": 1,
        "flying": 1,
    }
    assert found.binary == {"chasing": 1} and found.merged == {("class", "dogs"): "dog", ("unary", "runs"): "running"}
    assert to_text(found.apply(FORMULAS[1])) == "exists d: dog, c: cat { running(d) then chasing(d, c) }"


def test_rare_words_are_not_declared():
    found = discover(FORMULAS, least=2)
    assert found.signature == Signature.of(classes=["dog"], unary=["running"])
    assert isinstance(found.apply(FORMULAS[2]), Fault) and not isinstance(found.apply(FORMULAS[0]), Fault)


def test_a_name_has_one_role():
    found = discover(
        [parse_formula("exists x { eventually cut(x) }")] * 2 + [parse_formula("exists x, y { cut(x, y) }")]
    )
    assert found.unary == {"cut": 2} and found.binary == {}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("exists d: wombat { eventually digging(d) }", True),
        ("exists d: wombat { digging(d) then digging(d, d) }", False),
        ("exists d: wombat { eventually wombat(d) }", True),
        ("exists d: wombat { eventually digging(e) }", False),
        ("exists d: wombat { eventually giving(d, d, d) }", False),
    ],
)
def test_in_an_open_domain_each_name_has_one_use(text: str, good: bool):
    assert isinstance(validate(text, OpenDomain()), Fault) != good


def test_the_open_prompt_has_checked_examples():
    text = Prompt.of(OpenDomain()).text()
    assert "Choose the names" in text and '{"spec": "exists' in text


def test_any_word_is_a_name_in_an_open_domain():
    free = Normaliser(OpenDomain())
    assert [free.find(w, 1).name for w in ("is running", "Picking up", "next", "3d")] == [
        "running",
        "picking_up",
        "next_",
        "n_3d",
    ]
    assert free.find("!", 1) is None


def test_the_command_declares_what_it_finds(tmp_path: Path, capsys):
    lines = [{"id": i, "caption": f"caption {i}", "raw": s} for i, s in enumerate([*SPECS, "nonsense"])]
    for name in ("c.jsonl", "a.jsonl"):
        (tmp_path / name).write_text("\n".join(map(json.dumps, lines)))
    arguments = ["extract", str(tmp_path / "c.jsonl"), "--open", "1", "--extractor", "replay", "--set"]
    arguments += [f"file={tmp_path / 'a.jsonl'}", "-o", str(tmp_path / "s.dsl"), "--json"]
    assert run(arguments) == 0
    rows = [json.loads(x) for x in capsys.readouterr().out.splitlines()]
    assert [r["status"] for r in rows] == ["accepted"] * 4 + ["rejected"]
    checked = check_module(load(tmp_path / "s.dsl"))
    assert len(checked.specs) == 4 and checked.signature.unary == ("running", "barking", "flying")
    arguments[3] = "2"
    assert (
        run(arguments) == 0
        and [json.loads(x)["reason"] for x in capsys.readouterr().out.splitlines()][2] == "a rare word"
    )


def test_a_domain_or_none_must_be_chosen(tmp_path: Path, capsys):
    (tmp_path / "c.jsonl").write_text('{"id": 1, "caption": "x"}')
    assert run(["extract", str(tmp_path / "c.jsonl")]) == 2 and "--open 1" in capsys.readouterr().err


DOMAIN = Signature.of(
    classes=["dog", "cat", "person", "child", "box"],
    unary=["running", "barking", "flying"],
    binary=["chasing", "near", "next_to"],
)
TOLD = [
    parse_formula(s)
    for s in (
        "exists d: dog { running(d) then barking(d) }",
        "exists d: dog { eventually running(d) }",
        "exists d: dog { barking(d) then running(d) }",
        "exists p: person, c: cat { chasing(p, c) then next_to(p, c) }",
        "exists c: child, b: box { eventually near(c, b) }",
    )
]  # fmt: skip


def test_negative_words_are_of_others_and_not_near_the_own():
    for f, words in zip(TOLD, negative_words(TOLD, most=9), strict=True):
        text = to_text(f)
        assert words.classes or words.unary or words.binary
        for w in (*words.classes, *words.unary, *words.binary):
            assert w not in text
    assert "child" not in negative_words(TOLD, most=9)[3].classes  # a child is a person
    assert "near" not in negative_words(TOLD, most=9)[3].binary  # next to is near
    assert negative_words(TOLD, most=1, seed=3) == negative_words(TOLD, most=1, seed=3)
    assert all(len(w.classes) <= 1 for w in negative_words(TOLD, most=1))
    assert all("dog" not in w.classes for w in negative_words(TOLD, frequent=1))


def test_an_encoder_can_say_what_is_near():
    def similarity(phrase: str, names):
        return [1.0 if {phrase, n} == {"dog", "cat"} else 0.0 for n in names]

    assert "cat" not in negative_words(TOLD, most=9, similarity=similarity)[0].classes
    assert "child" in negative_words(TOLD, most=9, similarity=similarity)[3].classes


def test_a_negative_spec_is_neither_implied_nor_implies():
    found = negative_specs(TOLD, DOMAIN, most=9)
    assert TOLD[1] not in found[0]  # it follows from the first
    assert TOLD[2] in found[0] and TOLD[3] in found[0] and TOLD[0] not in found[0]
    assert [len(x) for x in negative_specs(TOLD, DOMAIN)] == [1] * 5
    assert not independent(TOLD[0], parse_formula("exists x: dog { running(x) then barking(x) }"), DOMAIN)


def test_the_same_events_in_another_order():
    f = parse_formula("exists d: dog, c: cat { d != c and (running(d) then barking(d) then chasing(d, c)) }")
    g = reordered(f)
    assert g != f and sorted(map(to_text, g.body.args[1].parts)) == sorted(map(to_text, f.body.args[1].parts))
    assert independent(f, g, DOMAIN) and reordered(TOLD[1]) is None
    assert reordered(parse_formula("exists d: dog { running(d) then running(d) }")) is None
    assert reordered(parse_formula("exists d: dog, e: dog { running(d) then running(e) and d != e }")) is None
