"""Random formulas and files with every construct of the language, as hypothesis strategies."""

from __future__ import annotations

import os
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.dsl.printer import module_to_text
from nesy.dsl.scan import pieces

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
    st.builds(ast.Binding, variables, st.none() | st.sampled_from(CLASSES)),
    min_size=1,
    max_size=2,
    unique_by=lambda b: b.var,
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


# --------------------------------------------------------------------------------------------------------------------
# Files

names = st.sampled_from(("cat", "dog", "walks", "train", "data", "early", "a_1", "B2"))
values = st.recursive(
    st.one_of(
        st.integers(-1000, 1000),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
        st.booleans(),
        st.text('ab "\\\n\t/é{}', max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.lists(st.tuples(names | st.just("two words"), inner), max_size=3).map(lambda x: ast.Settings(tuple(x))),
    ),
    max_leaves=6,
)
settings_blocks = st.lists(st.tuples(names, values), max_size=3).map(lambda x: ast.Settings(tuple(x)))
parameters = st.lists(st.builds(ast.Parameter, variables, st.none() | names), max_size=3).map(tuple)
heads = st.builds(lambda n, xs: ast.Atom(n, tuple(xs)), names, st.lists(variables, min_size=1, max_size=3))
statements = st.one_of(
    st.builds(ast.Domain, names),
    st.builds(ast.Import, st.just("common.dsl")),
    st.builds(
        ast.Declaration,
        st.sampled_from(["class", "unary", "binary"]),
        st.lists(names, min_size=1, max_size=8).map(tuple),
    ),
    st.builds(ast.PredicateSignature, names, parameters),
    st.builds(ast.Rule, heads, formulas),
    st.builds(ast.Constraint, formulas),
    st.builds(ast.Define, names, parameters, formulas),
    st.builds(ast.Spec, names, formulas),
    st.builds(ast.Block, st.sampled_from(["data", "perception"]), st.none() | names, settings_blocks),
    st.builds(ast.Block, st.just("train"), st.none(), settings_blocks),
    st.builds(ast.Block, st.just("captions"), st.none() | st.sampled_from(["data", "captions.json"]), settings_blocks),
)
modules = st.lists(statements, max_size=5).map(lambda x: ast.Module(tuple(x)))


@st.composite
def untidy(draw: st.DrawFn) -> str:
    """The text of a random file with random line ends, blank lines and comments between its tokens."""
    text = module_to_text(draw(modules))
    row = [p.text for p in pieces(text) if p.kind not in ("space", "newline", "comment")]
    gap = st.sampled_from([" ", " ", " ", " ", "\n", "\n\n\n", " // {}\n", "\n  // {}\n", "\n// {}\n//{}\n\n"])
    out = [draw(gap)]
    for token in row:
        out += [token, "" if token == "-" else draw(gap)]
    return _numbered("".join(out))


def _numbered(text: str) -> str:
    """Comments get different words, so that a test sees when two change places."""
    rows = text.split("// {}")
    text = "".join(r + (f"// note {i}" if i + 1 < len(rows) else "") for i, r in enumerate(rows))
    rows = text.split("//{}")
    return "".join(r + (f"//remark {i}" if i + 1 < len(rows) else "") for i, r in enumerate(rows))
