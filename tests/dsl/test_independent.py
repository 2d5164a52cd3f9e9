"""Agreement with LTLf2DFA, which translates to monadic second-order logic and lets MONA build the automaton.

Needs ``pip install ltlf2dfa`` and Debian's ``mona``; without them the test says so and is skipped. Traces have at least
one frame, as LTLf2DFA's have. ``NESY_EXAMPLES=10000`` compares that many formulas.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.dsl import ast
from nesy.dsl.normalize import nnf
from nesy.reasoners.temporal.definition import World, holds
from tests.dsl.strategies import EXAMPLES

pytest.importorskip("ltlf2dfa", reason="LTLf2DFA is not installed")
if not shutil.which("mona"):
    pytest.skip("MONA is not installed", allow_module_level=True)

LETTERS = "ab"
UNARY = {ast.Not: "!", ast.Next: "X", ast.WeakNext: "WX", ast.Eventually: "F", ast.Always: "G"}
BINARY = {ast.And: "&", ast.Or: "|", ast.Implies: "->", ast.Iff: "<->", ast.Until: "U", ast.Release: "R"}
TRACES = [t for n in range(1, 4) for t in product(("", "a", "b", "ab"), repeat=n)]


def grown(inner: st.SearchStrategy[ast.Formula]) -> st.SearchStrategy[ast.Formula]:
    return st.one_of(
        st.builds(lambda op, f: op(f), st.sampled_from(list(UNARY)), inner),
        st.builds(
            lambda op, f, g: op((f, g)) if op in (ast.And, ast.Or) else op(f, g),
            st.sampled_from(list(BINARY)),
            inner,
            inner,
        ),
    )


FORMULAS = st.recursive(st.sampled_from([ast.Atom(p, ("x",)) for p in LETTERS]), grown, max_leaves=5)


def text(f: ast.Formula) -> str:
    if isinstance(f, ast.Atom):
        return f.predicate
    if type(f) in UNARY:
        return f"{UNARY[type(f)]}({text(ast.children(f)[0])})"
    left, right = ast.children(f)
    return f"(({text(left)}) {BINARY[type(f)]} ({text(right)}))"


@dataclass
class Drawn:
    """An automaton read from the drawing that LTLf2DFA gives."""

    start: str
    accepting: frozenset[str]
    edges: list[tuple[str, str, list[dict[str, bool]]]]

    @classmethod
    def read(cls, dot: str) -> Drawn:
        accepting = re.search(r"doublecircle\];([ \d;]*)", dot)
        edges = []
        for a, b, label in re.findall(r"(\d+) -> (\d+) \[label=\"([^\"]*)\"\]", dot):
            guards = [
                {x.strip(" ()~"): "~" not in x for x in part.split("&") if x.strip(" ()") != "true"}
                for part in label.split("|")
            ]
            edges.append((a, b, guards))
        start = re.search(r"init -> (\d+)", dot)
        assert start and accepting
        return cls(start[1], frozenset(re.findall(r"\d+", accepting[1])), edges)

    def accepts(self, trace: tuple[str, ...]) -> bool:
        state = self.start
        for frame in trace:
            going = {
                b
                for a, b, guards in self.edges
                if a == state and any(all((p in frame) is v for p, v in g.items()) for g in guards)
            }
            assert len(going) == 1
            state = going.pop()
        return state in self.accepting


def world(trace: tuple[str, ...]) -> World:
    return World(len(trace), (None,), frozenset((p, t, 0) for t, frame in enumerate(trace) for p in frame))


@settings(max_examples=max(30, EXAMPLES // 5 if EXAMPLES < 1000 else EXAMPLES), deadline=None)
@given(FORMULAS)
def test_definition_and_normal_form_agree_with_mona(f: ast.Formula) -> None:
    from ltlf2dfa.parser.ltlf import LTLfParser

    theirs, normal = Drawn.read(LTLfParser()(text(f)).to_dfa()), nnf(f)
    for trace in TRACES:
        ours = holds(f, world(trace), 0, {"x": 0})
        assert ours == theirs.accepts(trace), (text(f), trace)
        assert holds(normal, world(trace), 0, {"x": 0}) == ours
