"""A formula taken apart into its outline and its events is compiled to an automaton that means the same."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest

from nesy.dsl import ast
from nesy.dsl.ast import Atom
from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal import outline
from nesy.reasoners.temporal.core import Part, of_frame
from nesy.reasoners.temporal.cubes import Cubes
from nesy.reasoners.temporal.definition import World, holds, inside
from nesy.reasoners.temporal.outline import Outline, event_of
from nesy.reasoners.temporal.shape import cases

from .strategies import VOCABULARY, random_formula, random_graph
from .test_exact import world_of


def accepts(propositions, cubes: Cubes, world: World) -> bool:
    """Whether the clip's only way through the cubes ends well; x is object 0 and y object 1."""
    state = 0
    for t in range(world.frames):
        truth = [true_in(p, t, world) for p in propositions]
        (taken,) = [
            row
            for row in np.flatnonzero(cubes.source == state)
            if all(truth[k] for k in cubes.positive[row].nonzero()[0])
            and not any(truth[k] for k in cubes.negative[row].nonzero()[0])
        ]
        state = cubes.target[taken]
    return bool(cubes.accepting[state])


def true_in(proposition, t: int, world: World) -> bool:
    if isinstance(proposition, Part):
        return inside(ast.Window(proposition.lo, proposition.hi, "fraction"), t, world.frames)
    name, *objects = proposition
    formula = Atom(name, tuple("xy"[o] for o in objects))
    return holds(formula, world, t, {"x": 0, "y": 1})


def compiled(formula: ast.Formula, world: World):
    def atom(name, objects, node):
        if len(objects) == 1 and name in VOCABULARY.classes:
            return ("true",) if world.classes[objects[0]] == name else ("false",)
        return ("prop", (name, *objects))

    frame = partial(of_frame, atom=atom, env={"x": 0, "y": 1}, inner=lambda f, env: pytest.fail("no quantifiers"))
    outline = Outline.of(formula)
    return outline.compiled([event_of(frame(event)) for event in outline.events], world.fps)


@pytest.mark.parametrize("seed", range(8))
def test_an_outline_with_its_events_means_what_the_formula_means(seed: int):
    rng, checked, never = random.Random(seed), 0, 0
    while checked < 250:
        formula = random_formula(rng, rng.randint(1, 4), ("x", "y"), quantify=0)
        world = world_of(random_graph(rng, rng.randint(0, 6), 2, uncertain=0.0))
        want = holds(formula, world, 0, {"x": 0, "y": 1})
        try:
            found = compiled(formula, world)
        except GroundingError:
            continue
        assert (found is not None and accepts(*found, world)) == want, (formula, world)
        checked += 1
        never += found is None
    assert never > 2


def test_formulas_that_differ_in_their_events_share_an_outline():
    one, other = (
        Outline.of(parse_formula(f"exists x {{ {body} }}").body)
        for body in ("p(x) and q(x) then not r(x, x)", "q(x) then (p(x) -> q(x)) @ late")
    )
    assert one == other and hash(one) == hash(other) and len(one.events) == 2
    assert one != Outline.of(parse_formula("exists x { p(x) then[1,3] q(x) }").body)


def test_known_events_do_not_stand_for_numbers():
    """True and the event number 1 are equal in Python."""
    x = {"cat": VOCABULARY.classes}
    found = [cases(parse_formula(f"exists x: {c} {{ p(x) then dog(x) then q(x) }}"), x["cat"], None) for c in x["cat"]]
    assert [len(f) for f in found] == [0, 1]  # a cat is never a dog; of a dog this says p then .. then q
    assert {p[0] for p in found[1][0].propositions} == {"p", "q"}


def test_a_case_that_no_clip_can_satisfy_is_left_out():
    never = parse_formula("exists x: cat, y: cat { p(x) then q(y) and x != y and x = y }")
    assert cases(never, VOCABULARY.classes, None) == ()
    some = parse_formula("exists x: cat, y: cat { p(x) then q(y) and x != y }")
    assert [len(c.sorts) for c in cases(some, VOCABULARY.classes, None)] == [2]


def test_too_many_cubes_for_an_outline_may_be_few_for_the_whole(monkeypatch: pytest.MonkeyPatch):
    """Two events about the same facts: their product is large, what is left of it is not."""
    facts = [Atom("p", ("x",)), Atom("q", ("x",)), Atom("r", ("x", "x"))]
    same = ast.Iff(ast.Iff(facts[0], facts[1]), facts[2])
    formula = ast.Exists((ast.Binding("x", "cat"),), ast.And((ast.Eventually(same), ast.Eventually(ast.Not(same)))))
    (many,) = cases(formula, VOCABULARY.classes, None)
    tries = []
    monkeypatch.setattr(outline, "of_outline", lambda *a: (tries.append(1), (_ for _ in ()).throw(GroundingError("x"))))
    outline._cubes.cache_clear()
    body = formula.body
    world = World(2, ("cat", None), frozenset({("p", 0, 0), ("q", 0, 0), ("r", 0, 0, 0)}))
    found = compiled(body, world)
    assert tries and found is not None and accepts(*found, world) == holds(body, world, 0, {"x": 0, "y": 1})
    outline._cubes.cache_clear()
    assert len(many.cubes.accepting) >= 3
