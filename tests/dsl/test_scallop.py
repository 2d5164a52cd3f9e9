"""The Scallop text of a spec means what the spec means: run by a small evaluator, compared with the definition."""

from __future__ import annotations

import pytest
from hypothesis import given

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.elaborate import elaborate
from nesy.dsl.parser import parse_formula, parse_module
from nesy.dsl.scallop import compile_formula, compile_module
from nesy.dsl.signature import Signature
from nesy.dsl.variables import free_variables
from nesy.errors import GroundingError
from nesy.reasoners.temporal.definition import World, holds
from tests.dsl.strategies import BINARY, CLASSES, UNARY, formulas, thorough
from tests.dsl.tiny_datalog import Facts, run
from tests.dsl.worlds import worlds

SIGNATURE = Signature.of(classes=CLASSES, unary=UNARY[:-1], binary=BINARY)


def facts_of(world: World) -> Facts:
    """A trace as input facts: what the header of a compiled program asks for."""
    objects = range(len(world.classes))
    present = {(i, o) for i in range(world.frames) for o in objects} - world.absent
    true = [f for f in world.facts if all((f[1], o) in present for o in f[2:])]
    return {
        "frame": {(i,) for i in range(world.frames)},
        "object": {(o,) for o in objects},
        "class_of": {(c, o) for o, c in enumerate(world.classes)},
        "unary": {f for f in true if len(f) == 3} | {("visible", i, o) for i, o in present},
        "binary": {f for f in true if len(f) == 4},
    }


def closed(f: Formula) -> Formula:
    free = free_variables(f)
    return ast.Exists(tuple(ast.Binding(v) for v in free), f) if free else f


@thorough
@given(formulas, worlds(longest=5))
def test_compiled_specs_mean_the_same(f: Formula, case: tuple[World, dict[str, int]]) -> None:
    world, _ = case
    spec = elaborate(closed(f), Signature())
    if world.frames:
        program = compile_formula(spec, SIGNATURE, fps=world.fps)
        assert bool(run(program, facts_of(world)).get("spec")) == holds(spec, world)


def test_order_and_the_last_frame() -> None:
    spec = parse_formula("exists x: cat { p(x) then q(x) }")
    program = compile_formula(spec, SIGNATURE)

    def answer(*facts: tuple[str, int, int]) -> bool:
        world = World(3, ("cat",), frozenset(facts))
        return bool(run(program, facts_of(world)).get("spec"))

    assert answer(("p", 0, 0), ("q", 2, 0))
    assert not answer(("p", 1, 0), ("q", 1, 0))
    assert not answer(("q", 0, 0), ("p", 2, 0))


def test_one_variable_is_one_object() -> None:
    program = compile_formula(parse_formula("exists x: cat { p(x) then q(x) }"), SIGNATURE)
    world = World(2, ("cat", "cat"), frozenset({("p", 0, 0), ("q", 1, 1)}))
    assert not run(program, facts_of(world)).get("spec")


MODULE = """
class coin, mugen
unary jumping
binary touching
predicate near(a, b)
rule collects(a, c) :- touching(a, c), coin(c), next not visible(c).
rule linked(a, b) :- touching(a, b).
rule linked(a, b) :- linked(a, c), next linked(c, b).
define both(a, b) = near(a, b) and touching(a, b)
spec hunt: exists m: mugen, c: coin { jumping(m) and near(m, c) then collects(m, c) }
spec chain: exists _t, t { eventually linked(_t, t) }
spec sum: forall m: mugen { exists at least 2 c: coin { eventually both(m, c) } }
"""


def test_a_module_with_rules_macros_and_custom_predicates() -> None:
    program = compile_module(parse_module(MODULE))
    facts: Facts = {
        "frame": {(0,), (1,), (2,)},
        "object": {(0,), (1,), (2,)},
        "class_of": {("mugen", 0), ("coin", 1), ("coin", 2)},
        "unary": {("jumping", 0, 0), ("visible", 1, 1)},
        "binary": {("touching", 1, 0, 1), ("touching", 2, 1, 2), ("touching", 2, 0, 2)},
        "near": {(0, 0, 1), (1, 0, 1), (2, 0, 2)},
    }
    out = run(program, facts)
    assert out["collects"] == {(1, 0, 1)}
    assert out["linked"] == {(1, 0, 1), (2, 1, 2), (2, 0, 2), (1, 0, 2)}
    assert out["hunt"] and out["chain"] and out["sum_1"]
    assert "query hunt" in program


AWKWARD = ("t", "u1", "n", "k2", "sum", "where", "_x", "frame", "x")
"""Names of variables that stand for something else in a Scallop program, and a plain one."""


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("text", ["exists exactly 1 V: cat {{ {} }}", "count V: cat {{ {} }} >= 2", "two()"])
def test_counts_of_variables_with_any_name(name: str, text: str) -> None:
    """Also of those that only a macro brings."""
    body = "eventually p(V)".replace("V", name)
    shown = text.replace("V", name).format(body)
    module = f"class cat unary p define two() = count {name}: cat {{ {body} }} >= 2 spec s: {shown}"
    program = compile_module(parse_module(module))
    formula = parse_formula(shown if shown != "two()" else f"count {name}: cat {{ {body} }} >= 2")
    for k in range(4):
        world = World(2, ("cat",) * 3, frozenset(("p", o % 2, o) for o in range(k)))
        assert bool(run(program, facts_of(world)).get("s")) == holds(elaborate(formula, Signature()), world), k


def test_seconds_need_a_frame_rate() -> None:
    spec = parse_formula("exists x { eventually[0.5s, 2s] p(x) }")
    with pytest.raises(GroundingError, match="frame rate"):
        compile_formula(spec, SIGNATURE)
    assert "t + 4 <= u, u <= t + 16" in compile_formula(spec, SIGNATURE, fps=8)


def test_deep_formulas_compile() -> None:
    f: Formula = ast.Atom("p", ("x",))
    for i in range(190):
        f = ast.Always(f) if i % 2 else ast.Next(f)
    assert compile_formula(ast.Exists((ast.Binding("x"),), f), SIGNATURE).count("always_") > 90
