"""Turns of phrase of everyday captions: an end, a pause, `once`, `whenever`, a place told of the subject, a count."""

from __future__ import annotations

import pytest

from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.synthesis import extractors
from nesy.synthesis.base import Domain
from tests.synthesis.sampled import same_meaning

HOME = Domain(
    ("adult", "child", "dog", "cat", "ball", "table", "chair", "door", "bottle", "car", "bag"),
    ("sitting", "walking", "running", "sleeping", "barking", "smiling", "dancing", "standing", "crying"),
    ("holding", "on", "in", "under", "in_front_of", "chasing", "opening", "closing"),
)

CAPTIONS = {
    "A man stops walking.": "exists a: adult { walking(a) then not walking(a) }",
    "The dog runs, then stops running.": "exists d: dog { running(d) then not running(d) }",
    "The dog no longer barks.": "exists d: dog { barking(d) then not barking(d) }",
    "The toddler is not walking anymore.": "exists c: child { walking(c) then not walking(c) }",
    "The child doesn't run any more.": "exists c: child { running(c) then not running(c) }",
    "The dog runs, stops, and runs again.": "exists d: dog { running(d) then not running(d) then running(d) }",
    "The adult closes the door once the child is in the car.": (
        "exists c: child, k: car, a: adult, d: door { in(c, k) then closing(a, d) }"
    ),
    "The dog barks once and then runs.": "exists d: dog { barking(d) then running(d) }",
    "Whenever the dog barks, the child smiles.": "exists d: dog, c: child { always (barking(d) -> smiling(c)) }",
    "The child smiles every time the dog barks.": "exists d: dog, c: child { always (barking(d) -> smiling(c)) }",
    "The man on the chair holds a bottle.": (
        "exists a: adult, b: bottle, c: chair { eventually (holding(a, b) and on(a, c)) }"
    ),
    "The cat under the table is sleeping.": "exists c: cat, t: table { eventually (sleeping(c) and under(c, t)) }",
    "At least two dogs are barking.": "exists d: dog, e: dog { eventually (barking(d) and barking(e) and d != e) }",
}


@pytest.mark.parametrize("caption", CAPTIONS)
def test_what_a_caption_says(caption: str):
    found = extractors["rules"](HOME, {}).extract([caption])[0]
    assert found.formula is not None, found
    assert same_meaning(found.formula, parse_formula(CAPTIONS[caption]), HOME.classes), to_text(found.formula)
    assert not found.notes


def test_no_claim_is_made_of_what_only_a_count_can_say():
    most, exact = extractors["rules"](HOME, {}).extract(["At most one dog barks.", "Exactly one child is standing."])
    assert most.formula is None and "at most" in most.notes[0]
    assert exact.notes == ("`exactly` was read as at least",)


def test_an_action_that_ends_needs_one_that_began():
    alone = extractors["rules"](HOME, {}).extract(["The dog stops."])[0]
    assert alone.formula is None and any("unclear what ends" in n for n in alone.notes)
