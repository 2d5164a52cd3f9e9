"""Questions to scene graphs: agreement with the definition, witnesses that prove, honest bounds."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import torch

from nesy.dsl import ast
from nesy.dsl.ast import Atom, Binding
from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.definition import World, holds
from nesy.reasoners.temporal.exact import Facts, classes_in, exact
from nesy.reasoners.temporal.explain import most_probable_world, prove, world_of_classes
from nesy.reasoners.temporal.query import bounds, query
from nesy.reasoners.temporal.worlds import worlds
from nesy.scenegraph import SceneGraph, Vocabulary

from .strategies import random_formula, random_graph, random_window
from .test_exact import world_of


def test_agrees_with_the_definition_on_deterministic_graphs():
    rng = random.Random(1)
    for _ in range(5000):
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(0, 6), rng.randint(0, 3), uncertain=0.0)
        answer = query(formula, graph)
        assert answer.method == "exact"
        assert answer.probability == float(holds(formula, world_of(graph)))
        assert (answer.witness is not None) == (answer.probability == 1)


def test_the_facts_of_a_proof_suffice():
    """Whatever the facts outside the proof are, the formula holds."""
    rng, checked = random.Random(2), 0
    while checked < 400:
        formula = random_formula(rng, rng.randint(1, 3))
        graph = random_graph(rng, rng.randint(1, 5), rng.randint(1, 2), uncertain=0.0)
        world = world_of(graph)
        if not holds(formula, world):
            continue
        _, steps = prove(formula, world)
        fixed = {(s.predicate, s.frame, *s.objects): s.holds for s in steps}
        for fact, value in fixed.items():
            here = fact in world.facts or fact[0] == "visible"
            seen = all((fact[1], o) not in world.absent for o in fact[2:])
            assert (here and seen) is value
        every = [(p, t, o) for p in "pq" for t in range(world.frames) for o in range(len(world.classes))]
        every += [("r", t, a, b) for t in range(world.frames) for a in range(len(world.classes))
                  for b in range(len(world.classes))]  # fmt: skip
        others = frozenset(f for f in every if (fixed[f] if f in fixed else rng.random() < 0.5))
        changed = World(world.frames, world.classes, others, world.absent, world.fps, world.class_names)
        assert holds(formula, changed), (formula, steps)
        checked += 1


def weak_until(rng: random.Random) -> ast.Formula:
    """A weak until, perhaps denied or later, with any window."""
    a, b = (random_formula(rng, 1, ("x",)) if rng.random() < 0.3 else Atom(p, ("x",)) for p in "pq")
    body: ast.Formula = ast.WeakUntil(a, b, random_window(rng))
    body = ast.Not(body) if rng.random() < 0.5 else body
    return ast.Exists((Binding("x"),), rng.choice([body, ast.Next(body), ast.Eventually(body)]))


def changed(world: World, fixed: dict[tuple[str, int, int], bool], rng: random.Random) -> World:
    """``world`` with every fact that is not fixed drawn anew."""
    every = [(p, t, o) for p in "pq" for t in range(world.frames) for o in range(len(world.classes))]
    others = frozenset(f for f in every if (fixed[f] if f in fixed else rng.random() < 0.5))
    related = frozenset(
        ("r", t, a, b)
        for t in range(world.frames) for a in range(len(world.classes)) for b in range(len(world.classes))
        if fixed.get(("r", t, a, b), rng.random() < 0.5)
    )  # fmt: skip
    return World(world.frames, world.classes, others | related, world.absent, world.fps, world.class_names)


def test_the_facts_of_a_proof_of_a_weak_until_suffice():
    """Also of one that does not hold, and with windows: those oblige the left side up to their own end."""
    rng, checked = random.Random(7), 0
    while checked < 400:
        formula = weak_until(rng)
        world = world_of(random_graph(rng, rng.randint(1, 5), 1, uncertain=0.0))
        if not holds(formula, world):
            continue
        _, steps = prove(formula, world)
        fixed = {(s.predicate, s.frame, *s.objects): s.holds for s in steps}
        for _ in range(20):
            assert holds(formula, changed(world, fixed, rng)), (formula, world, steps)
        checked += 1


def test_a_weak_until_that_does_not_hold_is_proved_by_both_sides():
    a, b = Atom("p", ("x",)), Atom("q", ("x",))

    def proof(f: ast.Formula, *facts: tuple[str, int, int], frames: int = 3) -> list[tuple[str, int, bool]]:
        _, steps = prove(ast.Exists((Binding("x"),), f), World(frames, ("cat",), frozenset(facts)))
        return [(s.predicate, s.frame, s.holds) for s in steps]

    assert proof(ast.Not(ast.WeakUntil(a, b)), ("p", 0, 0), ("q", 2, 0)) == [
        ("q", 0, False), ("p", 1, False), ("q", 1, False)
    ]  # fmt: skip
    late = ast.Window(Fraction(3, 4), Fraction(1), "fraction")
    assert proof(ast.Not(ast.WeakUntil(a, b, late)), frames=1) == [("p", 0, False)]
    now = ast.Window(Fraction(0), Fraction(0))
    assert proof(ast.WeakUntil(a, b, now), ("p", 0, 0), ("p", 1, 0)) == [("p", 0, True)]


def test_a_witness_is_the_most_probable_world_over_all_classes():
    """The likeliest classes are not those of the likeliest world when they make the formula hard to satisfy."""
    vocabulary = Vocabulary(("cat", "dog"), ("a", "b"), ())
    unary = torch.tensor([[[0.01, 0.99]]])
    graph = SceneGraph.from_probabilities(vocabulary, torch.tensor([[0.51, 0.49]]), unary, torch.zeros(1, 1, 1, 0))
    witness = query(parse_formula("exists x: cat { a(x) } or exists x: dog { b(x) }"), graph).witness
    assert witness is not None and not witness.missing
    assert [(s.predicate, s.holds) for s in witness.steps] == [("b", True)]


def test_no_world_is_more_probable_than_the_witness():
    rng, checked = random.Random(8), 0
    while checked < 60:
        formula = random_formula(rng, 2)
        graph = random_graph(rng, rng.choice([1, 2]), rng.choice([1, 1, 2]), uncertain=0.5)
        try:
            weights = {w: p for w, p in worlds(graph, 2_000) if p > 0 and holds(formula, w)}
        except GroundingError:
            continue
        got = most_probable_world(formula, Facts(graph))
        assert (got is None) == (not weights)
        if got is not None:
            mentioned = set(classes_in(formula, graph.vocabulary.classes))
            kept = [tuple(c if c in mentioned else None for c in w.classes) for w in weights]
            mine = [p for w, p, c in zip(weights, weights.values(), kept, strict=True)
                    if w.facts == got.facts and c == got.classes]  # fmt: skip
            assert max(mine) == pytest.approx(max(weights.values()), rel=1e-9)
            checked += 1


def test_the_most_probable_world_is_the_most_probable():
    rng, checked = random.Random(3), 0
    while checked < 60:
        formula = random_formula(rng, 2)
        graph = random_graph(rng, 2, 1, uncertain=0.9)
        classes = (rng.choice(["cat", "dog", None]),)
        row = torch.tensor([[[1.0, 0.0] if classes == ("cat",) else [0.0, 1.0] if classes == ("dog",) else [0.0, 0.0]]])
        graph = graph.__class__(**{**graph.__dict__, "classes": row.double().log()})
        weights = {w: p for w, p in worlds(graph) if holds(formula, w)}
        got = world_of_classes(formula, Facts(graph), classes)
        if not weights:
            assert got is None
        else:
            assert got is not None and holds(formula, got)
            mine = next(p for w, p in weights.items() if w.facts == got.facts)
            assert mine == pytest.approx(max(weights.values()), rel=1e-9)
        checked += 1


def test_over_budget_falls_back_to_bounds_that_hold_and_says_so():
    rng = random.Random(4)
    spec = ast.Exists((Binding("x", "cat"),), ast.Eventually(Atom("p", ("x",))))
    for _ in range(30):
        graph = random_graph(rng, 3, 3, uncertain=1.0)
        true = float(exact(spec, graph))
        answer = query(spec, graph, budget=1)
        if answer.method == "exact":
            continue
        assert answer.note is not None and answer.method == "lower bound"
        assert answer.lower - 1e-6 <= true <= answer.upper + 1e-6
        low, high = bounds(spec, graph)  # the work done before the budget ran out only tightens them
        assert low <= answer.lower <= answer.upper <= high + 1e-9
        with pytest.raises(GroundingError):
            query(spec, graph, budget=1, method="exact")
