"""Miniscoping keeps the meaning and shortens the prefix."""

from __future__ import annotations

import random

from nesy.dsl import ast
from nesy.dsl.ast import Atom, Binding
from nesy.dsl.variables import free
from nesy.reasoners.temporal.definition import holds
from nesy.reasoners.temporal.scope import miniscope

from .strategies import random_formula, random_graph
from .test_exact import world_of


def test_meaning_is_kept():
    rng, moved = random.Random(1), 0
    for _ in range(4000):
        names = ("x", "y", "z")[: rng.randint(1, 3)]
        body = random_formula(rng, rng.randint(0, 3), names, quantify=0)
        formula = ast.Exists(tuple(Binding(n, rng.choice([None, "cat", "dog"])) for n in names), body)
        small = miniscope(formula)
        moved += small != formula
        assert not free(small)
        world = world_of(random_graph(rng, rng.randint(0, 4), rng.randint(0, 3), uncertain=0.0))
        assert holds(small, world) == holds(formula, world), formula
    assert moved > 500


def test_only_variables_that_tie_events_together_stay_in_front():
    walk, take = Atom("p", ("m",)), Atom("r", ("m", "c"))
    spec = ast.Exists((Binding("m", "cat"), Binding("c", "dog")), ast.Then((walk, take), (None,)))
    assert miniscope(spec) == ast.Exists(
        (Binding("m", "cat"),), ast.Then((walk, ast.Exists((Binding("c", "dog"),), take)), (None,))
    )
    twice = ast.Exists((Binding("m", "cat"), Binding("c", "dog")), ast.Then((take, walk, take), (None, None)))
    assert miniscope(twice) == twice
