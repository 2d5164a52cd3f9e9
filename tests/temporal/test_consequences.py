"""What follows from constraints: the right facts, and specs that keep their meaning where the constraints hold."""

from __future__ import annotations

import random
from dataclasses import replace

import torch

from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.reasoners.temporal.consequences import Saturation, consequences
from nesy.reasoners.temporal.definition import holds
from nesy.scenegraph import Vocabulary

from .strategies import random_formula, random_graph
from .test_exact import world_of

NAMES = Vocabulary(("cat", "dog"), ("dead", "happy"), ("above", "below", "near", "biting"))


def follow(*bodies: str) -> dict:
    return consequences([parse_formula(f"forall x, y {{ always ({b}) }}") for b in bodies], NAMES)


def test_facts_follow_with_their_objects():
    assert follow("biting(x, y) -> dead(y)") == {("biting", 2): (("dead", (1,)),)}
    assert follow("above(x, y) <-> below(y, x)") == {
        ("above", 2): (("below", (1, 0)),),
        ("below", 2): (("above", (1, 0)),),
    }
    assert follow("near(x, y) <-> near(y, x)") == {("near", 2): (("near", (1, 0)),)}


def test_facts_follow_in_steps():
    chain = follow("biting(x, y) -> above(x, y)", "above(x, y) <-> below(y, x)", "below(x, y) -> happy(x)")
    assert chain["biting", 2] == (("above", (0, 1)), ("below", (1, 0)), ("happy", (1,)))


def test_nothing_follows_from_a_choice_or_for_one_class_only():
    assert follow("biting(x, y) -> dead(y) or happy(y)") == {}
    assert follow("biting(x, y) -> (dog(x) -> dead(y))") == {}
    assert follow("dead(x) -> near(x, y)") == {}  # y is nobody in particular
    assert follow("x != y and biting(x, y) -> dead(y)") == {}  # a spec's variables may be one object


def test_specs_are_extended_where_they_are_positive():
    known = consequences([parse_formula("forall x, y { always (biting(x, y) -> dead(y)) }")], NAMES)
    spec = parse_formula("exists c: cat, d: dog { happy(c) then biting(c, d) and not biting(d, c) }")
    want = parse_formula("exists c: cat, d: dog { happy(c) then biting(c, d) and dead(d) and not biting(d, c) }")
    assert Saturation(known)(spec) == want, to_text(Saturation(known)(spec))
    assert Saturation({})(spec) is spec


def test_meaning_is_kept_where_the_constraints_hold():
    rng = random.Random(3)
    names = Vocabulary(("cat", "dog"), ("p", "q"), ("r",))
    constraints = ["forall x { always (p(x) -> q(x)) }", "forall x, y { always (r(x, y) <-> r(y, x)) }"]
    known = consequences([parse_formula(c) for c in constraints], names)
    assert dict(known) == {("p", 1): (("q", (0,)),), ("r", 2): (("r", (1, 0)),)}
    changed = 0
    for _ in range(1500):
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(0, 5), rng.randint(0, 3), uncertain=0.0)
        unary, binary = graph.unary.clone(), graph.binary
        unary[..., 1] = torch.maximum(unary[..., 0], unary[..., 1])
        graph = replace(graph, unary=unary, binary=torch.maximum(binary, binary.transpose(2, 3)))
        full = Saturation(known)(formula)
        changed += full != formula
        world = world_of(graph)
        assert holds(full, world) == holds(formula, world), to_text(formula)
    assert changed > 300
