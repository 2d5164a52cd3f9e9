"""The gold set: captions with specs, all of which check, and how well the extractor `rules` does on them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

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


GENERAL = extractors["rules"](signature("general"), {})


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


@pytest.mark.parametrize(("part", "least"), [("platformer", 0.92), ("general", 0.95)])
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


WORDS = """
a the two no every some another each other man woman dog ball cup it she they who that which nobody someone walks
holds is was not never and or then , . before after while until when neither nor again twice always but picks up
puts down on next to with by thrown running open broken spinning looking at so causing there the whole time all
at least three does has been throwing to sit sits asleep its herself without because since instead of except only
simultaneously meanwhile once afterwards having always between both every
""".split()  # noqa: SIM905


@given(st.lists(st.sampled_from(WORDS), max_size=25))
@hypothesis_settings(max_examples=150, deadline=None)
def test_no_sequence_of_words_raises_or_gives_a_spec_that_does_not_check(words: list[str]) -> None:
    extraction = GENERAL.extract([" ".join(words)])[0]
    assert (extraction.formula is None) == (extraction.status == "rejected")
    if extraction.formula is not None:
        check_formula(extraction.formula, signature("general"))


READINGS = {
    "Two men hug each other.": "exists p: person, q: person { p != q and F (hugging(p, q) and hugging(q, p)) }",
    "A ball is thrown.": "exists p: person, b: ball { eventually throwing(p, b) }",
    "He waves.": "exists p: person { eventually waving(p) }",
    "A man hugs a woman and she laughs.": "exists p: person, q: person { p != q and (hugging(p, q) then laughing(q)) }",
    "A man hugs a woman and he laughs.": "exists p: person, q: person { p != q and (hugging(p, q) then laughing(p)) }",
    "A dog looks at an empty cup.": "exists d: dog, c: cup { eventually (looking_at(d, c) and empty(c)) }",
    "There is a dog.": "exists d: dog { eventually visible(d) }",
}


@pytest.mark.parametrize("caption", READINGS)
def test_readings_of_everyday_english(caption: str) -> None:
    formula = GENERAL.extract([caption])[0].formula
    assert formula is not None
    assert same_meaning(formula, parse_formula(READINGS[caption]), signature("general").classes), to_text(formula)


@pytest.mark.parametrize("caption", ["", "Lovely weather.", "The committee deliberates.", "A man may jump."])
def test_nothing_understood_is_rejected_with_a_reason(caption: str) -> None:
    extraction = GENERAL.extract([caption])[0]
    assert extraction.status == "rejected" and extraction.reason
