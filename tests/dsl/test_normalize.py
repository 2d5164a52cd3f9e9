"""Normal forms mean the same as the formula, on traces of 0 to 8 frames."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.elaborate import elaborate
from nesy.dsl.normalize import core_form, nnf, normal_form
from nesy.dsl.parser import parse_formula
from nesy.dsl.past import has_past, remove_past
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.dsl.simplify import nodes, share, simplify
from nesy.reasoners.temporal.definition import World
from tests.dsl.strategies import atoms, formulas, thorough, variables
from tests.dsl.worlds import verdict, worlds

Case = tuple[World, dict[str, int]]


@thorough
@given(formulas, worlds())
def test_every_normal_form_keeps_the_meaning(f: Formula, case: Case) -> None:
    f = elaborate(f, Signature())
    expected = verdict(f, *case)
    for form in (core_form, nnf, simplify, share, normal_form):
        assert verdict(form(f), *case) == expected, form.__name__


@thorough
@given(formulas)
def test_negations_stand_only_at_atoms(f: Formula) -> None:
    for g in ast.walk(nnf(f)):
        if isinstance(g, ast.Not):
            seconds = isinstance(g.body, ast.Since) and g.body.window is not None and g.body.window.unit == "seconds"
            assert isinstance(g.body, ast.Atom | ast.Equal | ast.Distinct | ast.ExistsAtLeast) or seconds
        assert not isinstance(g, ast.Implies | ast.Iff | ast.Then | ast.WeakUntil | ast.Count | ast.Hinted)


@thorough
@given(formulas)
def test_simplifying_shares_and_never_grows(f: Formula) -> None:
    small = simplify(f)
    assert nodes(small) <= nodes(share(f)) + sum(isinstance(g, ast.Implies | ast.Iff) for g in ast.walk(f))
    table: dict[Formula, int] = {}
    for g in ast.walk(small):
        assert table.setdefault(g, id(g)) == id(g)
    assert simplify(small) == small


past_bodies = st.recursive(
    atoms(variables),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=2).map(lambda x: ast.And(tuple(x))),
        st.lists(inner, min_size=2, max_size=2).map(lambda x: ast.Or(tuple(x))),
        st.builds(ast.Not, inner),
        st.builds(ast.Implies, inner, inner),
        *[st.builds(op, inner) for op in (ast.Previous, ast.WeakPrevious, ast.Once, ast.Historically, ast.Next)],
        st.builds(ast.Since, inner, inner),
    ),
    max_leaves=4,
)


@thorough
@given(st.sampled_from([ast.Eventually, ast.Always, ast.Not, ast.Hinted]), past_bodies | formulas, worlds())
def test_removing_the_past_keeps_the_meaning(op: type[ast.Not], body: Formula, case: Case) -> None:
    f = elaborate(op(body), Signature())
    assert verdict(remove_past(f), *case) == verdict(f, *case)


@pytest.mark.parametrize(
    "text",
    [
        "always (p(x) -> once q(x))",
        "always (p(x) -> historically q(x))",
        "always (p(x) -> previous q(x))",
        "always (p(x) -> weak previous q(x))",
        "always (p(x) -> (q(x) since r(x, x)))",
        "eventually (p(x) and once q(x))",
        "eventually (p(x) and not historically q(x))",
        "eventually (p(x) and (previous q(x) or not (q(x) since p(x))))",
        "exists y { eventually (p(y) and weak previous q(y)) } and once p(x)",
    ],
)
def test_the_shapes_from_which_the_past_goes(text: str) -> None:
    assert not has_past(remove_past(parse_formula(text)))


def simplified(text: str) -> str:
    return to_text(simplify(parse_formula(text)))


def test_simplifications() -> None:
    assert simplified("p(x) and true and (p(x) and q(x))") == "p(x) and q(x)"
    assert simplified("p(x) or not p(x)") == "true"
    assert simplified("eventually eventually[2,3] p(x)") == "eventually[2,] p(x)"
    assert simplified("always p(x) and q(x) and always r(x)") == "always (p(x) and r(x)) and q(x)"
    assert simplified("true until p(x)") == "eventually p(x)"
    assert simplified("eventually true") == "eventually true"  # false on the empty trace
    assert simplified("x = x and p(x)") == "p(x)"


def test_nested_equivalences_stay_small_as_graphs() -> None:
    f: Formula = ast.Atom("p", ("x",))
    for i in range(10):
        f = ast.Iff(f, ast.Atom(f"p{i}", ("x",)))
    assert nodes(normal_form(f)) < 120


def test_negated_next_is_weak() -> None:
    assert to_text(nnf(parse_formula("not next p(x)"))) == "weak next not p(x)"
    assert to_text(nnf(parse_formula("not (p(x) until q(x))"))) == "not p(x) release not q(x)"


@pytest.mark.parametrize("gap", ["[0,0]", "[0s,0s]", "[0,1]", "[0s,1s]", "[1,1]"])
@pytest.mark.parametrize("text", ["p(x) then{} q(x)", "true then{} true", "q(x) then p(x) then{} q(x)"])
def test_a_gap_that_ends_before_a_later_frame_is_false_and_every_form_can_be_written(text: str, gap: str) -> None:
    f = parse_formula(text.format(gap))
    for form in (core_form, nnf, normal_form):
        assert parse_formula(to_text(form(f))) == form(f)
        windows = [w for g in ast.walk(form(f)) if (w := getattr(g, "window", None)) is not None]
        assert not any(w.empty for w in windows)  # what `nesy check` refuses
    for facts in ([], [("p", 0, 0)], [("p", 0, 0), ("q", 1, 0)], [("q", 0, 0), ("p", 1, 0), ("q", 2, 0)]):
        case = World(3, ("cat",), frozenset(facts), fps=2.0), {"x": 0}
        for form in (core_form, nnf, simplify, normal_form):
            assert verdict(form(f), *case) == verdict(f, *case), form.__name__


EMPTY = ast.Window(Fraction(1), Fraction(0))


@thorough
@given(formulas, st.sampled_from([ast.Eventually, ast.Always, ast.Once, ast.Historically]), worlds())
def test_an_empty_window_stays_empty_inside_of_another(f: Formula, op: type[ast.Eventually], case: Case) -> None:
    inner = op(elaborate(f, Signature()), EMPTY)
    for window in (None, ast.Window(Fraction(0), None), ast.Window(Fraction(0), Fraction(2))):
        assert verdict(simplify(op(inner, window)), *case) == verdict(op(inner, window), *case)
