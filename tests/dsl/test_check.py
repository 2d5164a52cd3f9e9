"""Names, arguments, variables, rules: what the checker accepts and what it gives back."""

from __future__ import annotations

import pytest

from nesy.dsl import ast
from nesy.dsl.check import check_formula, check_module
from nesy.dsl.elaborate import elaborate
from nesy.dsl.parser import parse_formula, parse_module
from nesy.dsl.signature import Signature
from nesy.errors import ErrorGroup
from tests.dsl.test_parser import TASK

VOCABULARY = Signature.of(classes=["cat", "dog"], unary=["p", "q"], binary=["r"])


def codes(text: str) -> list[str | None]:
    try:
        warnings = check_formula(parse_formula(text), VOCABULARY, source=text)
    except ErrorGroup as e:
        return [x.code for x in e.errors]
    return [w.code for w in warnings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exists x: cat { p(x) and visible(x) }", []),
        ("exists x: cat { pp(x) }", ["E020"]),
        ("exists x: cat { p(x, x) }", ["E021"]),
        ("exists x: cat { p(y) and p(x) }", ["E022"]),
        ("exists x: cow { p(x) }", ["E023"]),
        ("exists x, x { p(x) }", ["E025"]),
        ("exists x: p { q(x) }", ["E026"]),
        ("exists x { distinct(x) }", ["E029"]),
        ("exists x { eventually[5,2] p(x) }", ["E040"]),
        ("exists x { eventually[10%,200%] p(x) }", ["E041"]),
        ("exists x { exists x { p(x) } }", ["W001", "W002"]),
        ("exists x: cat { dog(x) }", ["W003"]),
        ("exists x { eventually p(x) then q(x) }", ["W004"]),
        ("exists x { p(x) then eventually q(x) }", []),
        ("exists x, y: cat { r(x, y) }", ["W005"]),
        ("exists x: object { p(x) }", []),
        ("exists a, b, c, d, e { r(a,b) and r(c,d) and p(e) and exists f, g, h, i { r(f,g) and r(h,i) } }", ["E080"]),
    ],
)
def test_mistakes_in_a_formula(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_all_mistakes_of_a_formula_are_reported_together() -> None:
    assert codes("exists x: cow { pp(x) and r(x) and q(z) }") == ["E023", "E020", "E021", "E022"]


def test_a_checked_module_is_ready_for_the_reasoner() -> None:
    checked = check_module(parse_module(TASK))
    assert [w.code for w in checked.warnings] == ["W004"]
    assert checked.signature.classes == ("mugen", "coin", "gem", "snail", "worm", "ladder")
    assert checked.constraints == (parse_formula("forall x { always not (climbing(x) and falling(x)) }"),)
    assert set(checked.specs) == {"hunt"}
    assert set(checked.blocks) == {"data", "captions", "perception", "train"}


def signature(text: str) -> Signature:
    return Signature.from_module(parse_module("class cat, dog unary p, q binary r\n" + text))


@pytest.mark.parametrize(
    ("definitions", "use", "meaning"),
    [
        ("define d(a) = p(a)", "d(x)", "p(x)"),
        ("define d(a) = exists b { r(a, b) }", "exists b { d(b) }", "exists b { exists b_1 { r(b, b_1) } }"),
        ("define d(a) = p(a) define e(a, b) = d(b) and d(a)", "e(x, y)", "p(y) and p(x)"),
        ("rule h(a) :- p(a).", "h(x)", "p(x)"),
        ("rule h(a) :- r(a, b), q(b).", "h(b)", "exists b_1 { r(b, b_1) and q(b_1) }"),
        ("rule h(a) :- p(a). rule h(b) :- r(b, a).", "h(x)", "p(x) or exists a_1 { r(x, a_1) }"),
        ("", "exists exactly 1 x { p(x) }", "exists at least 1 x { p(x) } and not exists at least 2 x { p(x) }"),
        ("", "count x { p(x) } < 2", "not exists at least 2 x { p(x) }"),
        ("", "exists x: object { p(x) }", "exists x { p(x) }"),
        ("", "count x: object { p(x) } >= 2", "exists at least 2 x { p(x) }"),
        ("", "count x { p(x) } != 0", "not true or exists at least 1 x { p(x) }"),
    ],
)
def test_elaboration(definitions: str, use: str, meaning: str) -> None:
    assert elaborate(parse_formula(use), signature(definitions)) == parse_formula(meaning)


def test_recursive_definitions_are_refused() -> None:
    with pytest.raises(ErrorGroup, match="uses itself"):
        check_module(parse_module("unary p define d(a) = p(a) or next d(a) spec s: exists x { d(x) }"))
    with pytest.raises(ErrorGroup, match="its own negation"):
        check_module(parse_module("unary p rule h(a) :- p(a), next not h(a)."))


def test_macros_that_double_are_refused_quickly() -> None:
    text = "unary p define d0(a) = p(a)\n" + "".join(f"define d{i + 1}(a) = d{i}(a) and d{i}(a)\n" for i in range(60))
    with pytest.raises(ErrorGroup, match="limit is"):
        check_module(parse_module(text + "spec s: exists x { d60(x) }"))
    assert isinstance(elaborate(ast.Truth(True), VOCABULARY), ast.Truth)
