"""Formulas read back in English: what the words leave out, a reader does not know."""

from __future__ import annotations

import pytest

from nesy.dsl.explain import explain
from nesy.dsl.parser import parse_formula


@pytest.mark.parametrize(
    ("text", "end", "moment"),
    [
        ("[2,4]", "4 frames after the start", "2 to 4 frames after the start"),
        ("[2,]", "the end of the clip", "2 or more frames after the start"),
        ("[0s,1s]", "1 second after the start", "0 to 1 seconds after the start"),
        ("[20%,50%]", "the end of the first 50% of the clip", "between 20% and 50% of the clip"),
        ("[75%,100%]", "the end of the clip", "in the last 25% of the clip"),
    ],
)
def test_a_weak_until_says_both_ends_of_its_window(text: str, end: str, moment: str) -> None:
    told = " ".join(explain(parse_formula(f"a(x) weak until{text} b(x)")).split())
    assert told == f"At every moment x is a up to {end}, or until just before a moment {moment} at which x is b"


def test_a_weak_until_without_a_window() -> None:
    told = explain(parse_formula("a(x) weak until b(x)"))
    assert told == "At every moment x is a\nup to the end of the clip, or until just before x is b"
