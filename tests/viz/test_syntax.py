"""Colouring marks words and changes no character."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nesy.viz.syntax import colour
from tests.viz.reading import read
from tests.viz.samples import VOCABULARY


@given(st.text(st.sampled_from('abFG exists then not(),:{}"\\/\n<>&-!=.%0123456789mcé'), max_size=80))
def test_text_is_kept(text: str) -> None:
    assert read(colour(text, VOCABULARY)).text() == text


def kinds(text: str) -> dict[str, str]:
    return {s.text(): s.attributes["class"] for s in read(colour(text)).all("span")}


def test_kinds_of_a_formula() -> None:
    spans = read(colour('exists m: mugen { F walking(m) then[2,10] not near(m, F) } // "x"', VOCABULARY)).all("span")
    assert [(s.attributes["class"], s.text()) for s in spans] == [
        ("t-quant", "exists"),
        ("t-cls", "mugen"),
        ("t-op", "F"),
        ("t-pred", "walking"),
        ("t-op", "then"),
        ("t-number", "2"),
        ("t-number", "10"),
        ("t-bool", "not"),
        ("t-pred", "near"),
        ("t-comment", '// "x"'),
    ]


def test_declarations_in_the_text_count() -> None:
    found = kinds('class mugen,\n  coin // gem\nunary dead\nspec s: exists m: coin { dead(m) }\ndata "p" { n: 3.5 }')
    assert found["coin"] == "t-cls" and found["dead"] == "t-pred" and "gem" not in found
    assert found['"p"'] == "t-string" and found["3.5"] == "t-number"
