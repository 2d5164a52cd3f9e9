"""The language reference: each of its formulas holds of the clips that it says, files check, outputs are as printed."""

from __future__ import annotations

import pytest

from nesy.dsl.elaborate import elaborate
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.reasoners.temporal.definition import World, holds
from tests.docs.pages import ROOT, code, rows

PAGE = ROOT / "docs" / "language.md"
VOCABULARY = Signature.of(classes=["cat", "dog"], unary=["a", "b", "c", "d"])
MEANING = list(rows(PAGE, "formula", "read", "holds of", "not of"))
SPELLING = list(rows(PAGE, "you may write", "it is"))


def world(text: str) -> World:
    """``cat: a b / dog: - .``: objects, their classes, their frames; without a class it is one object."""
    classes: list[str | None] = []
    facts: set[tuple[str | int, ...]] = set()
    absent = set()
    for o, track in enumerate(text.split("/")):
        name, _, frames = track.rpartition(":")
        classes.append(name.strip() or None)
        for t, letters in enumerate(frames.split()):
            absent |= {(t, o)} if letters == "." else set()
            facts |= {(p, t, o) for p in letters if p not in "-."}
    n = {len(track.rpartition(":")[2].split()) for track in text.split("/")}
    assert len(n) == 1, text
    return World(n.pop(), tuple(classes), frozenset(facts), frozenset(absent), 4.0, frozenset({"cat", "dog"}))


def test_there_are_tables() -> None:
    assert len(MEANING) > 40 and len(SPELLING) >= 6


@pytest.mark.parametrize("row", MEANING, ids=lambda r: r[0])
def test_a_formula_means_what_the_page_says(row: list[str]) -> None:
    formula = elaborate(parse_formula(code(row[0])[0]), VOCABULARY)
    for cell, wanted in ((row[2], True), (row[3], False)):
        for text in code(cell):
            assert holds(formula, world(text), 0, {"x": 0}) is wanted, text


@pytest.mark.parametrize("row", SPELLING, ids=lambda r: r[0])
def test_another_spelling_is_the_same_formula(row: list[str]) -> None:
    written, meant = parse_formula(code(row[0])[0]), parse_formula(code(row[1])[0])
    assert written == meant and to_text(written) == code(row[1])[0]


def test_the_limits_are_those_of_the_code() -> None:
    from nesy.dsl import limits

    stated = {cells[0].split(",")[0].split(" ")[0]: cells[1] for cells in rows(PAGE, "what", "limit")}
    assert stated["a"] == "1 MiB" and limits.FILE_BYTES == 2**20
    assert stated["nesting"] == str(limits.NESTING) and stated["quantified"] == str(limits.VARIABLES)
    assert stated["depth"] == str(limits.SETTINGS)
    assert stated["nodes"] == f"{limits.NODES:,}"


def test_every_code_of_a_mistake_is_listed() -> None:
    from nesy.dsl.diagnostics import CODES

    assert {code(c)[0]: w for c, w in rows(PAGE, "code", "what is wrong")} == CODES
