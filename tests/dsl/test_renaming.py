"""Formulas that are the same up to names mean the same, and no renaming goes unseen."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nesy.dsl import ast
from nesy.dsl.ast import Atom, Binding, Formula
from nesy.dsl.elaborate import elaborate
from nesy.dsl.fold import fold
from nesy.dsl.parser import parse_formula
from nesy.dsl.renaming import same, shape
from nesy.dsl.signature import Signature
from nesy.dsl.variables import substitute
from nesy.reasoners.temporal.definition import World, holds
from tests.dsl.strategies import formulas, thorough
from tests.dsl.worlds import verdict, worlds


def rewritten(f: Formula, rng: random.Random) -> Formula:
    """``f`` with other names for what it binds, its conjunctions, disjunctions and equalities in another order."""

    def step(g: Formula, below: list[Formula]) -> Formula:
        match g:
            case ast.And() | ast.Or():
                return type(g)(tuple(rng.sample(below, len(below))))
            case ast.Equal(a, b):
                return ast.Equal(*rng.sample((a, b), 2))
            case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                g = ast.replace_children(g, tuple(below))
                assert isinstance(g, ast.QUANTIFIERS)
                new = {b.var: f"{b.var}_{rng.randrange(1000)}" for b in g.bindings}
                if len(set(new.values())) < len(new) or len({b.var for b in g.bindings}) < len(g.bindings):
                    return g
                made = [Binding(new[b.var], b.sort) for b in g.bindings]
                rng.shuffle(made)
                body = substitute(g.body, new)
                kinds = {"bindings": tuple(made), "body": body}
                return type(g)(**{k: getattr(g, k) for k in type(g).__dataclass_fields__} | kinds)
        return ast.replace_children(g, tuple(below)) if below else g

    return fold(f, lambda g, below: step(g, list(below)))


@thorough
@given(formulas, st.randoms(use_true_random=False))
def test_other_names_and_another_order_are_seen_to_be_the_same(f: Formula, rng: random.Random) -> None:
    g = rewritten(f, rng)
    assert shape(f) == shape(g) and same(f, g) and same(g, f)


@thorough
@given(formulas, formulas, worlds())
def test_what_is_the_same_means_the_same(f: Formula, g: Formula, case: tuple[World, dict[str, int]]) -> None:
    f, g = elaborate(f, Signature()), elaborate(g, Signature())
    if same(f, g):
        assert verdict(f, *case) == verdict(g, *case)


def random_story(rng: random.Random) -> ast.Exists:
    """Two or three events of up to three objects, some of them said to be different."""
    names = ("x", "y", "z")
    bindings = tuple(Binding(v, rng.choice(("cat", "cat", "dog"))) for v in names)

    def event() -> Formula:
        parts: list[Formula] = [Atom(rng.choice("pq"), (rng.choice(names),))]
        if rng.random() < 0.4:
            parts.append(ast.Not(ast.Equal(*rng.sample(names, 2))))
        if rng.random() < 0.3:
            parts.append(Atom("r", (rng.choice(names), rng.choice(names))))
        rng.shuffle(parts)
        return parts[0] if len(parts) == 1 else ast.And(tuple(parts))

    events = tuple(event() for _ in range(rng.choice([2, 2, 3])))
    return ast.Exists(bindings, ast.Then(events, (None,) * (len(events) - 1)))


def test_an_order_of_events_that_is_the_same_story_means_the_same() -> None:
    rng, twins = random.Random(3), 0
    for _ in range(400):
        spec = random_story(rng)
        then = spec.body
        assert isinstance(then, ast.Then)
        for order in permutations(range(len(then.parts))):
            other = ast.Exists(spec.bindings, ast.Then(tuple(then.parts[k] for k in order), then.gaps))
            if spec == other or not same(spec, other):
                continue
            twins += 1
            for _ in range(20):
                facts = {(p, t, o) for p in "pq" for t in range(4) for o in range(3) if rng.random() < 0.4}
                related = {("r", t, a, b) for t in range(4) for a in range(3) for b in range(3) if rng.random() < 0.5}
                world = World(4, tuple(rng.choice(("cat", "dog")) for _ in range(3)), frozenset(facts | related))
                assert holds(spec, world) == holds(other, world), (spec, other)
    assert twins > 15


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            "exists c: cat, d: cat { p(c) then p(d) and c != d }",
            "exists c: cat, d: cat { c != d and p(d) then p(c) }",
            1,
        ),
        (
            "exists c: cat, d: dog { p(c) then p(d) and c != d }",
            "exists c: cat, d: dog { c != d and p(d) then p(c) }",
            0,
        ),
        ("exists c: cat, d: cat { p(c) then p(d) }", "exists c: cat { exists d: cat { p(d) then p(c) } }", 1),
        ("exists c: cat { p(c) then exists d: cat { q(d) } }", "exists c: cat { p(c) then exists d: cat { q(c) } }", 0),
        (
            "exists c, d, e { distinct(c, d, e) and p(d) }",
            "exists c, d, e { p(c) and e != c and d != c and e != d }",
            1,
        ),
        ("exists x { p(x) } then exists x { q(x) }", "exists x { p(x) } then exists y { q(y) }", 1),
        ("exists c: cat, d: cat { r(c, d) }", "exists c: cat, d: cat { r(c, c) }", 0),
        ("p(x)", "p(y)", 0),
    ],
)
def test_examples(one: str, other: str, expected: int) -> None:
    assert same(parse_formula(one), parse_formula(other)) is bool(expected)


def test_a_search_that_takes_too_long_counts_as_the_same() -> None:
    """A clip is rather not contrasted than with its own spec."""
    row = [f"r(x{i}, x{j})" for i in range(8) for j in range(8) if (i * j) % 3 == 1]
    text = "exists " + ", ".join(f"x{i}" for i in range(8)) + " { " + " and ".join(row) + " }"
    turned = text.replace("r(x1, x4)", "r(x4, x4)").replace("r(x7, x1)", "r(x1, x1)")
    assert isinstance(same(parse_formula(text), parse_formula(turned)), bool)


def test_deep_formulas_are_compared_as_they_are() -> None:
    f: Formula = Atom("p", ("x",))
    g: Formula = Atom("p", ("y",))
    for _ in range(190):
        f, g = ast.Next(f), ast.Next(g)
    assert same(f, f) and not same(ast.Exists((Binding("x"),), f), ast.Exists((Binding("y"),), g))
