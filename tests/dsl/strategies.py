"""Random formulas and files with every construct of the language, as hypothesis strategies."""

from __future__ import annotations

import os
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window

EXAMPLES = int(os.environ.get("NESY_EXAMPLES", "150"))
"""Examples of each property; the full runs use 10,000."""

thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

CLASSES, UNARY, BINARY = ("cat", "dog"), ("p", "q", "visible"), ("r",)
VARIABLES = ("a", "b", "c", "train", "early")

variables = st.sampled_from(VARIABLES)
small = st.integers(0, 4)
units = st.sampled_from(["frames", "seconds", "fraction"])


@st.composite
def windows(draw: st.DrawFn) -> Window:
    unit = draw(units)
    denominator = 1 if unit == "frames" else draw(st.sampled_from([2, 3, 4, 7, 10, 100]))
    lo = draw(st.integers(0, 4 if unit == "frames" else denominator))
    width = draw(st.none() | st.integers(0, denominator - lo if unit == "fraction" else 4))
    hi = None if width is None else Fraction(lo + width, denominator)
    return Window(Fraction(lo, denominator), hi, unit)


def atoms(names: st.SearchStrategy[str]) -> st.SearchStrategy[Formula]:
    return st.one_of(
        st.builds(lambda p, a: ast.Atom(p, (a,)), st.sampled_from((*UNARY, *CLASSES)), names),
        st.builds(lambda p, a, b: ast.Atom(p, (a, b)), st.sampled_from(BINARY), names, names),
        st.builds(ast.Equal, names, names),
        st.builds(lambda xs: ast.Distinct(tuple(xs)), st.lists(names, min_size=2, max_size=3)),
        st.builds(ast.Truth, st.booleans()),
    )


bindings = st.lists(
    st.builds(ast.Binding, variables, st.none() | st.sampled_from(CLASSES)), min_size=1, max_size=2
).map(tuple)
locations = st.sampled_from(["early", "mid", "late"]) | st.tuples(
    st.fractions(0, 1, max_denominator=12), st.fractions(0, 1, max_denominator=12)
)
durations = st.sampled_from(["short", "medium", "long"]) | st.fractions(0, 1, max_denominator=12)


def compound(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    window = st.none() | windows()
    one = [ast.Not, ast.Next, ast.WeakNext, ast.Previous, ast.WeakPrevious]
    return st.one_of(
        *[st.builds(op, inner) for op in one],
        *[st.builds(op, several) for op in (ast.And, ast.Or)],
        *[st.builds(op, inner, inner) for op in (ast.Implies, ast.Iff)],
        *[st.builds(op, inner, window) for op in (ast.Eventually, ast.Always, ast.Once, ast.Historically)],
        *[st.builds(op, inner, inner, window) for op in (ast.Until, ast.Release, ast.WeakUntil, ast.Since)],
        several.flatmap(
            lambda parts: st.lists(window, min_size=len(parts) - 1, max_size=len(parts) - 1).map(
                lambda gaps: ast.Then(parts, tuple(gaps))
            )
        ),
        st.builds(ast.Hinted, inner, locations, st.none() | durations),
        st.builds(lambda f, d: ast.Hinted(f, None, d), inner, durations),
        *[st.builds(op, bindings, inner) for op in (ast.Exists, ast.Forall)],
        st.builds(ast.ExistsAtLeast, small, bindings, inner),
        st.builds(ast.Count, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), small, bindings, inner),
    )


formulas = st.recursive(atoms(variables), compound, max_leaves=12)
"""Formulas with any variables, free ones too."""
