"""Formatting: nothing is lost, twice is once."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from nesy.dsl import ast, format
from nesy.dsl.format import format_source
from nesy.dsl.parser import parse_module
from nesy.dsl.printer import module_to_text
from nesy.dsl.scan import pieces
from nesy.errors import ErrorGroup
from tests.dsl.strategies import modules, thorough, untidy


def comments(text: str) -> list[str]:
    return [p.text.rstrip() for p in pieces(text) if p.kind == "comment"]


@thorough
@given(modules)
def test_printing_and_parsing_modules_are_inverse(module: ast.Module) -> None:
    text = module_to_text(module)
    assert parse_module(text) == module
    assert module_to_text(parse_module(text)) == text


SUNK = """class cat
rule cat(a, a, a) :- not ((p(a) until a = a) until (exists a { p(a) } until (p(a) until p(a // note
)))).
"""  # the comment comes out of the parentheses one level a pass


@thorough
@given(untidy())
@example(SUNK)
def test_formatting_keeps_statements_and_comments_and_is_idempotent(text: str) -> None:
    once = format_source(text)
    assert parse_module(once) == parse_module(text)
    assert comments(once) == comments(text)
    assert format_source(once) == once


@thorough
@given(untidy())
def test_no_statement_is_given_up(text: str) -> None:
    """The layout itself keeps everything; leaving a statement as written is for cases nobody has thought of."""
    kept: list[str] = []
    original = format.as_written
    format.as_written = lambda body: kept.append(body) or original(body)  # type: ignore[func-returns-value]
    try:
        format_source(text)
    finally:
        format.as_written = original
    assert not kept


UNTIDY = """
// The task.
domain platformer


class     mugen, coin, gem, snail         // one per object
unary     walking, jumping, climbing, falling, dead
binary    touching, above, chasing   // per ordered pair
rule      collects(a, c) :- touching(a, c), coin(c), next not visible(c).
constraint always not (climbing(x) and falling(x))      // semantic loss

spec hunt: exists m: mugen, s: snail {
  // she jumps
  F[0%, 50%] (jumping(m) & // up
    above(m, s))  then
    // later
    dead(s) // poor
    // end
}
data       "platformer" { clips: 600, // many
frames: 24 }
train { epochs: 10, loss: { alignment: 1, contrastive: 0.1, temporal: 0.1 }, schedule: { warmup: 10, decay: 0.99 } }
spec long: exists m: mugen { walking(m) & jumping(m) then falling(m) & dead(m) | jumping(m) then G (climbing(m) -> exists s: snail { touching(m, s) }) }
"""  # noqa: E501

TIDY = """\
// The task.
domain platformer

class mugen, coin, gem, snail  // one per object
unary walking, jumping, climbing, falling, dead
binary touching, above, chasing  // per ordered pair
rule collects(a, c) :- touching(a, c), coin(c), next not visible(c).
constraint always not (climbing(x) and falling(x))  // semantic loss

spec hunt: exists m: mugen, s: snail {
  // she jumps
  eventually[0%, 50%] (
    jumping(m)  // up
    and above(m, s)
  )
  // later
  then dead(s)  // poor
  // end
}
data "platformer" {
  clips: 600,  // many
  frames: 24
}
train {
  epochs: 10,
  loss: { alignment: 1, contrastive: 0.1, temporal: 0.1 },
  schedule: { warmup: 10, decay: 0.99 }
}
spec long: exists m: mugen {
  walking(m) and jumping(m)
  then ((falling(m) and dead(m)) or jumping(m))
  then always (climbing(m) -> exists s: snail { touching(m, s) })
}
"""


def test_an_untidy_file() -> None:
    assert format_source(UNTIDY) == TIDY


def test_a_broken_file_is_not_touched() -> None:
    with pytest.raises(ErrorGroup):
        format_source("class a b")


def test_the_empty_file() -> None:
    assert format_source("") == ""
    assert format_source("\n\n // only this\n\n\n") == "// only this\n"
