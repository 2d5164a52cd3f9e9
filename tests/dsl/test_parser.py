"""Text to syntax: what every construct means, precedence, and that printing and parsing are inverse."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given

from nesy.dsl import ast, parser, words
from nesy.dsl.ast import Atom, Formula, Window
from nesy.dsl.parser import parse_formula, parse_module
from nesy.dsl.printer import module_to_text, to_text
from tests.dsl.strategies import formulas, thorough

TASK = """
    domain platformer

    class     mugen, coin, gem, snail, worm, ladder        // one per object, mutually exclusive
    unary     walking, jumping, climbing, falling, dead     // learned, per object and frame
    binary    touching, above, chasing                      // learned, per ordered pair and frame
    predicate near(a, b)                                    // Python: see custom predicates
    rule      collects(a, c) :- touching(a, c), coin(c), next not visible(c).
    constraint always not (climbing(x) and falling(x))      // semantic loss

    spec hunt: exists m: mugen, s: snail {
      eventually[0%, 50%] (jumping(m) and above(m, s))  then  dead(s)
    }

    data       "platformer" { clips: 600, frames: 24 }
    captions   from data { extractor: "rules" }
    perception "tiny" { }
    train      { epochs: 10, loss: { alignment: 1, contrastive: 0.1, temporal: 0.1, semantic: 0.1 } }
"""

A, B, C, D = (Atom(n, ("x",)) for n in "abcd")


def frames(lo: int, hi: int | None) -> Window:
    return Window(Fraction(lo), None if hi is None else Fraction(hi))


def test_the_example_of_the_design() -> None:
    m = parse_module(TASK)
    (hunt,) = m.of(ast.Spec)
    assert hunt == ast.Spec(
        "hunt",
        ast.Exists(
            (ast.Binding("m", "mugen"), ast.Binding("s", "snail")),
            ast.Then(
                (
                    ast.Eventually(
                        ast.And((Atom("jumping", ("m",)), Atom("above", ("m", "s")))),
                        Window(Fraction(0), Fraction(1, 2), "fraction"),
                    ),
                    Atom("dead", ("s",)),
                ),
                (None,),
            ),
        ),
    )
    (rule,) = m.of(ast.Rule)
    assert isinstance(rule, ast.Rule)
    assert rule.body == ast.And(
        (Atom("touching", ("a", "c")), Atom("coin", ("c",)), ast.Next(ast.Not(Atom("visible", ("c",)))))
    )
    data, captions, _, train = m.of(ast.Block)
    assert isinstance(data, ast.Block) and data.settings.as_dict() == {"clips": 600, "frames": 24}
    assert isinstance(captions, ast.Block) and captions.name == "data"
    assert isinstance(train, ast.Block) and train.settings.as_dict()["loss"]["temporal"] == 0.1  # type: ignore[index]
    assert parse_module(module_to_text(m)) == m


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a(x) and b(x) then c(x) and d(x)", ast.Then((ast.And((A, B)), ast.And((C, D))), (None,))),
        ("a(x) -> b(x) then c(x)", ast.Implies(A, ast.Then((B, C), (None,)))),
        ("a(x) -> b(x) -> c(x)", ast.Implies(A, ast.Implies(B, C))),
        ("a(x) <-> b(x) <-> c(x)", ast.Iff(ast.Iff(A, B), C)),
        ("a(x) and b(x) or c(x)", ast.Or((ast.And((A, B)), C))),
        ("a(x) and (b(x) and c(x))", ast.And((A, ast.And((B, C))))),
        ("not a(x) until b(x) and c(x)", ast.And((ast.Until(ast.Not(A), B), C))),
        ("eventually a(x) and b(x)", ast.And((ast.Eventually(A), B))),
        ("eventually a(x) @ early then b(x) @ [50%, 1/1] short", ast.Then(
            (ast.Hinted(ast.Eventually(A), "early"), ast.Hinted(B, (Fraction(1, 2), Fraction(1)), "short")), (None,)
        )),
        ("a(x) then[1,5] b(x) then c(x)", ast.Then((A, B, C), (frames(1, 5), None))),
        ("F[3,] a(x)", ast.Eventually(A, frames(3, None))),
        ("always[0.5s,1500ms] a(x)", ast.Always(A, Window(Fraction(1, 2), Fraction(3, 2), "seconds"))),
        ("once[0, 1/3] a(x)", ast.Once(A, Window(Fraction(0), Fraction(1, 3), "fraction"))),
        ("G a(x) U[2,3] !b(x)", ast.Until(ast.Always(A), ast.Not(B), frames(2, 3))),
        ("a(x) weak until b(x) || c(x) W d(x)", ast.Or((ast.WeakUntil(A, B), ast.WeakUntil(C, D)))),
        ("weak next a(x) & weak X b(x)", ast.And((ast.WeakNext(A), ast.WeakNext(B)))),
        ("Y a(x) && weak Y b(x)", ast.And((ast.Previous(A), ast.WeakPrevious(B)))),
        ("H a(x) S[0,2] O b(x)", ast.Since(ast.Historically(A), ast.Once(B), frames(0, 2))),
        ("x != y", ast.Not(ast.Equal("x", "y"))),
        ("distinct(x, y, z)", ast.Distinct(("x", "y", "z"))),
        ("exists x { a(x) }", ast.Exists((ast.Binding("x"),), A)),
        ("forall x: cat, y { a(x) }", ast.Forall((ast.Binding("x", "cat"), ast.Binding("y")), A)),
        ("exists at least 2 x: coin { a(x) }", ast.ExistsAtLeast(2, (ast.Binding("x", "coin"),), A)),
        ("exists at most 2 x { a(x) }", ast.Count("<=", 2, (ast.Binding("x"),), A)),
        ("exists exactly 1 x { a(x) }", ast.Count("=", 1, (ast.Binding("x"),), A)),
        ("count x: train { a(x) } > 3", ast.Count(">", 3, (ast.Binding("x", "train"),), A)),
        ("train(early) // a comment", Atom("train", ("early",))),
    ],
)  # fmt: skip
def test_meaning_of_the_syntax(text: str, meaning: Formula) -> None:
    assert parse_formula(text) == meaning
    assert parse_formula(to_text(meaning)) == meaning


@thorough
@given(formulas)
def test_printing_and_parsing_are_inverse(f: Formula) -> None:
    text = to_text(f)
    assert parse_formula(text) == f
    assert to_text(parse_formula(text)) == text


def test_soft_keywords_are_names_wherever_a_name_can_stand() -> None:
    """The lexer decides by the parser's state; no state but the one after ``exists`` may take both."""
    lark = parser._lark()
    words_of = {t.name: str(t.pattern.value) for t in lark.terminals}
    soft = {*words.STATEMENTS, *words.LOCATIONS, *words.DURATIONS, *words.QUANTIFIER_DETAILS, "from"}
    states = lark.parser.parser._parse_table.states.values()
    both = [found for s in states if "NAME" in s and (found := soft & {words_of.get(t) for t in s})]
    assert both == [{"at", "exactly"}]
