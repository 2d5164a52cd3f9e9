"""Editor support: nothing is lost, keywords are seen, and the files for editors match the language."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given

from nesy.dsl import textmate, words
from nesy.dsl.parser import grammar_text
from tests.dsl.strategies import thorough, untidy
from tests.dsl.test_parser import TASK

ROOT = Path(__file__).parents[2]
pygments = pytest.importorskip("pygments", reason="Pygments is not installed")


@thorough
@given(untidy())
def test_the_lexer_keeps_the_text(text: str) -> None:
    from nesy.dsl.highlight import NesyLexer

    assert "".join(t for _, t in NesyLexer(stripnl=False, ensurenl=False).get_tokens(text)) == text


def test_the_lexer_knows_roles() -> None:
    from pygments.token import Keyword, Name, Operator

    from nesy.dsl.highlight import NesyLexer

    found = {text: kind for kind, text in NesyLexer().get_tokens(TASK)}
    assert found["spec"] is Keyword.Declaration and found["eventually"] is Keyword and found["exists"] is Keyword.Type
    assert found["and"] is Operator.Word and found["jumping"] is Name.Function and found["snail"] is Name.Class
    assert found["visible"] is Name.Builtin
    variable = dict((t, k) for k, t in NesyLexer().get_tokens("p(F, x)"))
    assert variable["F"] is Name


def test_the_textmate_file_is_up_to_date() -> None:
    path = ROOT / "editors" / "vscode" / "nesy.tmLanguage.json"
    assert json.loads(path.read_text(encoding="utf-8")) == textmate.grammar()
    for rule in textmate.grammar()["patterns"]:
        re.compile(rule["match"].replace("(?<=@|@ )", "").replace("(?<=: |:)", ""))


def test_the_word_lists_are_those_of_the_grammar() -> None:
    """Every word of the grammar has a role, and every word with a role stands in the grammar."""
    rules = "\n".join(line.split("//", 1)[0] for line in grammar_text().split("\n") if not line.startswith("NAME"))
    in_grammar = set(re.findall(r'"([A-Za-z]+)"', rules))
    known = {*words.STATEMENTS, *words.RESERVED, *words.LOCATIONS, *words.DURATIONS, *words.QUANTIFIER_DETAILS, "from"}
    assert in_grammar == known
