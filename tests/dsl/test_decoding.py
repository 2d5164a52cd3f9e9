"""The grammar in a constrained decoder: it loads, takes canonical formulas, and lets through only what parses.

Runs where llguidance is installed (``pip install llguidance``).
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from nesy.dsl import ast
from nesy.dsl.check import check_formula
from nesy.dsl.decoding import formula_grammar
from nesy.dsl.parser import grammar_text, parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import ErrorGroup

llguidance = pytest.importorskip("llguidance", reason="llguidance is not installed: pip install llguidance")

VOCABULARY = Signature.of(classes=["cat", "dog"], unary=["running", "asleep"], binary=["above"])


def matcher(grammar: str) -> Any:
    compiled = llguidance.LLMatcher.grammar_from_lark(grammar)
    assert llguidance.LLMatcher.validate_grammar(compiled) == ""
    return llguidance.LLMatcher(llguidance.LLTokenizer("byte"), compiled)


def accepts(grammar: str, text: str) -> bool:
    m = matcher(grammar)
    return bool(m.consume_tokens(list(text.encode()))) and bool(m.is_accepting())


@pytest.mark.parametrize(
    "text",
    [
        "exists m: mugen, s: snail { eventually[0%, 50%] (jumping(m) and above(m, s)) then[1, 5] dead(s) }",
        "forall x { always (p(x) -> weak next (q(x) since[0.5s, 2s] r(x, x))) }",
        "exists at least 2 c: coin { not collects(c) or c != c }",
        "count c { p(c) weak until previous once q(c) } >= 3",
        "G (p(x) & !q(x)) <-> F p(x) U distinct(x, y)",
    ],
)
def test_it_takes_formulas(text: str) -> None:
    assert accepts(formula_grammar(), text)


@pytest.mark.parametrize("text", ["p(x) andq(x)", "p(not)", "p(x) and", "exists next { p(x) }", "not"])
def test_it_refuses_what_the_parser_refuses(text: str) -> None:
    assert not accepts(formula_grammar(), text)


def test_a_vocabulary_restricts_names_and_arities() -> None:
    grammar = formula_grammar(VOCABULARY)
    assert accepts(grammar, "exists x: cat, y { running(x) and above(x, y) and dog(y) }")
    for wrong in ("exists x: cow { running(x) }", "exists x { jumping(x) }", "exists x { above(x) }"):
        assert not accepts(grammar, wrong)


def test_whatever_is_decoded_parses() -> None:
    rng = random.Random(7)
    grammar = formula_grammar(VOCABULARY, end="\n")
    finished = 0
    for _ in range(60):
        m = matcher(grammar)
        text = b""
        while len(text) < 400 and not m.is_stopped():
            allowed = [i for i, bias in enumerate(m.compute_logit_bias()) if bias and i < 256]
            if not allowed:
                break
            # prefer closing brackets and line ends, so that formulas come to an end
            closing = [t for t in allowed if chr(t) in ")}]\n"]
            token = rng.choice(closing if closing and rng.random() < 0.85 else allowed)
            assert m.consume_token(token)
            text += bytes([token])
            if text.endswith(b"\n") and m.is_accepting():
                break
        if m.is_accepting():
            finished += 1
            formula = parse_formula(text.decode())
            assert parse_formula(to_text(formula)) == formula
            try:
                check_formula(formula, VOCABULARY)
            except ErrorGroup as e:  # variables may be unbound or windows reversed, names are always right
                assert not {"E020", "E021", "E023"} & {x.code for x in e.errors}
    assert finished > 10
    assert isinstance(parse_formula("true"), ast.Truth)


def test_the_formula_part_of_the_grammar_file_loads_as_it_stands() -> None:
    text = grammar_text()
    matcher("start: formula\n" + text[text.index("// Formulas") :])
