"""The gold set: captions with specs, all of which check, and how well the extractor `rules` does on them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from nesy.dsl.check import check_formula
from nesy.dsl.elaborate import elaborate
from nesy.dsl.explain import explain
from nesy.dsl.parser import load, parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.synthesis import extractors
from tests.synthesis.sampled import same_meaning

FOLDER = Path(__file__).parent.parent / "data" / "captions"
PARTS = ("platformer", "general")


def rows(part: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (FOLDER / f"{part}.jsonl").read_text("utf-8").splitlines()]


def signature(part: str) -> Signature:
    return Signature.from_module(load(FOLDER / f"{part}.dsl"))


@pytest.mark.parametrize("part", PARTS)
def test_every_gold_spec_is_canonical_and_checks_without_a_warning(part: str) -> None:
    names = signature(part)
    for row in rows(part):
        formula = parse_formula(row["spec"])
        assert not check_formula(formula, names), row["id"]
        assert to_text(formula) == row["spec"] and row["domain"] == part
        assert explain(formula)


def test_there_are_two_hundred_different_captions() -> None:
    all_rows = [row for part in PARTS for row in rows(part)]
    assert [len(rows(part)) for part in PARTS] == [60, 140]
    for key in ("id", "caption"):
        assert Counter(row[key] for row in all_rows).most_common(1)[0][1] == 1


def test_equivalence_tells_what_differs_only_in_a_detail() -> None:
    names = signature("general").classes

    def same(f: str, g: str) -> bool:
        return same_meaning(parse_formula(f), parse_formula(g), names)

    run_bark = "exists d: dog { running(d) then barking(d) }"
    assert same(run_bark, "exists x: dog { eventually (running(x) and next eventually barking(x)) }")
    assert not same(run_bark, "exists d: dog { barking(d) then running(d) }")
    assert not same(run_bark, "exists d: dog { eventually (running(d) and barking(d)) }")
    assert not same(run_bark, "exists d: dog, e: dog { running(d) then barking(e) }")
    assert not same("exists d: dog { eventually barking(d) }", "exists d: cat { eventually barking(d) }")
    assert not same("exists d: dog { not eventually barking(d) }", "exists d: dog { eventually not barking(d) }")


@pytest.mark.parametrize(("part", "least"), [("platformer", 0.88), ("general", 0.85)])
def test_rules_reach_the_stated_share_and_emit_nothing_that_does_not_check(part: str, least: float) -> None:
    names, found = signature(part), 0
    extractions = extractors["rules"](names, {}).extract([row["caption"] for row in rows(part)])
    for row, extraction in zip(rows(part), extractions, strict=True):
        if extraction.formula is None:
            assert extraction.status == "rejected" and extraction.reason
            continue
        check_formula(extraction.formula, names)
        gold, mine = (elaborate(f, names) for f in (parse_formula(row["spec"]), extraction.formula))
        found += same_meaning(gold, mine, names.classes, 90)
    assert found / len(rows(part)) >= least
