"""Formulas from examples: every operator against the definition, and the smallest formula against brute force."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.errors import DataError, NesyError
from nesy.reasoners.temporal.definition import World, holds
from nesy.synthesis.examples import Search, from_traces, synthesize
from nesy.synthesis.examples.bits import pack, unpack
from nesy.synthesis.examples.equivalence import equivalent
from nesy.synthesis.examples.operators import OPERATORS, windowed

Trace = list[list[str]]

OPERATIONS = {**OPERATORS, **{o.name: o for pair in (windowed(0, 2), windowed(1, 4), windowed(3, 3)) for o in pair}}


def world(trace: Trace) -> World:
    return World(len(trace), (), frozenset((p, i) for i, frame in enumerate(trace) for p in frame))


def random_trace(rng: random.Random, names: str = "abc", longest: int = 14) -> Trace:
    density = rng.choice([0.1, 0.3, 0.5])
    return [[p for p in names if rng.random() < density] for _ in range(rng.randint(1, longest))]


def labelled(text: str, count: int = 40, seed: int = 0, names: str = "abc") -> tuple[list[Trace], list[Trace]]:
    rng, formula = random.Random(seed), parse_formula(text)
    sides: tuple[list[Trace], list[Trace]] = ([], [])
    while min(map(len, sides)) < count:
        trace = random_trace(rng, names)
        side = sides[0] if holds(formula, world(trace)) else sides[1]
        if len(side) < count:
            side.append(trace)
    return sides


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operator_is_the_definition_at_every_frame_of_short_and_long_traces(name: str) -> None:
    operator, rng = OPERATIONS[name], random.Random(name)
    lengths = [1, 2, 3, 7, 30, 63, 64, 65, 130]
    traces = [[[p for p in "ab" if rng.random() < d] for _ in range(n)] for n in lengths for d in (0.1, 0.5, 0.9)]
    problem = from_traces(traces[1:], traces[:1], "ab")
    formula = operator.syntax(*(ast.Atom(p, ()) for p in "ab"[: operator.arity]))
    values = unpack(operator.bits(*problem.words[: operator.arity], problem.clock), 192)
    for trace, value in zip([*traces[1:], traces[0]], values, strict=True):
        expected = [holds(formula, world(trace), at=i) for i in range(len(trace))]
        assert value[: len(trace)].tolist() == expected
        assert not value[len(trace) :].any()  # nothing behind the end


@given(st.lists(st.booleans(), max_size=200))
def test_packing_loses_nothing(bits: list[bool]) -> None:
    assert unpack(pack(np.array(bits, bool)), len(bits)).tolist() == bits


@pytest.mark.parametrize(
    "text",
    [
        "always (a() -> eventually b())",
        "always (a() -> eventually[0,3] b())",
        "a() then b() then c()",
        "not b() weak until a()",
        "always (b() -> once a())",
        "(a() or b()) until c()",
        "always (a() -> eventually (b() and eventually c()))",
    ],
)
def test_named_patterns_are_found_again(text: str) -> None:
    best = synthesize(*labelled(text, 50)).best
    assert best is not None and best.errors == 0
    assert equivalent(best.formula, parse_formula(text)), to_text(best.formula)


def formulas_of(size: int) -> list[Formula]:
    """All formulas of a few operators, written without any pruning."""
    if size == 1:
        return [ast.Atom(p, ()) for p in "ab"]
    out: list[Formula] = []
    for body in formulas_of(size - 1):
        out += [ast.Not(body), ast.Next(body), ast.Eventually(body), ast.Always(body)]
    for i in range(1, size - 1):
        for x, y in product(formulas_of(i), formulas_of(size - 1 - i)):
            out += [ast.And((x, y)), ast.Until(x, y)]
    return out


FEW = ("not", "next", "eventually", "always", "and", "until")


@hypothesis_settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_no_smaller_formula_separates(seed: int) -> None:
    rng = random.Random(seed)
    traces = [random_trace(rng, "ab", 5) for _ in range(6)]
    positive, negative = traces[:3], traces[3:]
    try:
        result = synthesize(positive, negative, Search(max_size=4, operators=FEW, windows=()), names="ab")
    except DataError:
        return  # the same trace on both sides
    smallest = next(
        (
            size
            for size in range(1, 5)
            if any(
                all(holds(f, world(t)) for t in positive) and not any(holds(f, world(t)) for t in negative)
                for f in formulas_of(size)
            )
        ),
        None,
    )
    best = result.best
    assert best is not None
    assert (best.size if best.errors == 0 else None) == smallest


@pytest.mark.parametrize("memory", [1, 96 << 20])
def test_reported_errors_are_the_definition_whatever_was_stored(memory: int) -> None:
    positive, negative = labelled("always (a() -> next b())", 20)
    result = synthesize(positive, negative, Search(memory=memory, max_size=6))
    assert result.candidates
    for c in result.candidates:
        assert c.missed == sum(not holds(c.formula, world(t)) for t in positive)
        assert c.accepted == sum(holds(c.formula, world(t)) for t in negative)


def test_wrong_labels_within_the_budget_do_not_hide_the_formula() -> None:
    positive, negative = labelled("always (a() -> eventually b())", 40)
    positive, negative = positive[3:] + negative[:2], negative[2:] + positive[:3]
    best = synthesize(positive, negative, Search(noise=5)).best
    assert best is not None and best.errors == 5
    assert equivalent(best.formula, parse_formula("always (a() -> eventually b())"))


def test_the_best_so_far_is_given_when_time_is_up() -> None:
    rng = random.Random(1)
    traces = [random_trace(rng, "abcd", 20) for _ in range(120)]  # labels without any rule
    result = synthesize(traces[:60], traces[60:], Search(timeout=0.5, max_size=12))
    assert result.status == "timeout" and result.seconds < 5
    assert result.best is not None and 0 < result.best.errors < 60


def test_contradictions_are_told() -> None:
    same: Trace = [["a"], []]
    with pytest.raises(DataError, match="contradict"):
        synthesize([same, [["b"]]], [same])
    assert synthesize([same, [["b"]], [["b"], []]], [same, [["a"]]], Search(noise=1)).best is not None


def test_wrong_input_is_refused() -> None:
    with pytest.raises(DataError, match="no negative example"):
        synthesize([[["a"]]], [])
    with pytest.raises(DataError, match="positive 1 has no frame"):
        synthesize([[]], [[["a"]]])
    with pytest.raises(DataError, match="`b` occurs"):
        synthesize([[["b"]]], [[["a"]]], names=["a"])
    with pytest.raises(NesyError, match="no operator `soon`"):
        synthesize([[["b"]]], [[["a"]]], Search(operators=("soon",)))
    with pytest.raises(NesyError, match="window"):
        synthesize([[["b"]]], [[["a"]]], Search(windows=((3, 1),)))
    with pytest.raises(NesyError, match="`timeout`"):
        Search(timeout=0)


def test_equivalence_is_of_traces_with_a_frame() -> None:
    f = parse_formula
    assert equivalent(f("always a()"), f("not eventually not a()"))
    assert equivalent(f("a() until b()"), f("b() or (a() and next (a() until b()))"))
    assert not equivalent(f("next a()"), f("weak next a()"))
    assert not equivalent(f("a()"), f("b()"))
    assert equivalent(f("once a()"), f("a()"))  # at the first frame
