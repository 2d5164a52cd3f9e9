"""Every loss on its formula, and the pieces of the objective."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from nesy.dsl import ast
from nesy.dsl.parser import parse_formula
from nesy.reasoners.temporal.definition import holds
from nesy.reasoners.temporal.exclusive import rule_of
from nesy.reasoners.temporal.facts import FactTable
from nesy.scenegraph import SceneGraph, Vocabulary, collate
from nesy.training.contrasts import forget, nameless, other, reordered
from nesy.training.losses import (
    alignment,
    answered,
    breach,
    breach_by_tensors,
    contrastive,
    discrimination,
    located_events,
    location_weights,
    negated,
    soft_cap,
    temporal,
)
from nesy.training.objective import bag, words
from nesy.training.windows import window
from tests.temporal.test_exact import world_of

V = Vocabulary(("cat", "dog"), ("p", "q"), ("r",))


def graph(p: list[list[float]]) -> SceneGraph:
    """One cat; ``p[t]`` gives its p and q in frame t."""
    unary = torch.tensor(p, dtype=torch.float64)[:, None, :]
    return SceneGraph.from_probabilities(
        V, torch.tensor([[1.0, 0.0]]).double(), unary, torch.zeros(len(p), 1, 1, 1).double()
    )


EVENTUALLY = parse_formula("exists x: cat { eventually p(x) }")
ORDER = parse_formula("exists x: cat { p(x) then q(x) }")


def test_alignment_is_minus_log_probability():
    g = graph([[0.5, 0.0], [0.2, 0.0]])
    assert float(answered([alignment([EVENTUALLY], [0])], g, 8)["alignment"]) == pytest.approx(-math.log(1 - 0.5 * 0.8))


def test_contrastive_is_minus_log_of_the_complement():
    g = graph([[0.5, 0.0], [0.2, 0.0]])
    asked = {"a": [(EVENTUALLY, 0)], "none": [], "b": [(EVENTUALLY, 0), (ORDER, 0)]}
    found = answered([contrastive(name, pairs) for name, pairs in asked.items()], g, 8)
    assert found.keys() == {"a", "b"} and float(found["a"]) == pytest.approx(-math.log(0.5 * 0.8))
    assert float(found["b"]) == pytest.approx(-math.log(0.5 * 0.8) / 2)  # ORDER is impossible: it costs nothing


def test_a_spec_without_any_proof_still_has_a_gradient():
    logits = torch.full((1, 3, 1, 2), -30.0, dtype=torch.float64, requires_grad=True)
    base = graph([[0.5, 0.5]] * 3)
    g = SceneGraph(V, base.classes, logits, base.binary, base.present, base.lengths, base.objects, base.fps)
    answered([alignment([ORDER], [0])], g, 8)["alignment"].backward()
    assert logits.grad is not None and float(logits.grad.abs().max()) > 1e-3


def test_discrimination_is_the_cross_entropy_of_probabilities():
    g = collate([graph([[0.9, 0.1], [0.1, 0.8]]), graph([[0.2, 0.7], [0.6, 0.1]])])
    backwards = parse_formula("exists x: cat { q(x) then p(x) }")
    p = [[0.9 * 0.8, 0.1 * 0.1], [0.2 * 0.1, 0.7 * 0.6]]  # clip x spec
    rows = -(math.log(p[0][0] / sum(p[0])) + math.log(p[1][1] / sum(p[1]))) / 2
    columns = -(math.log(p[0][0] / (p[0][0] + p[1][0])) + math.log(p[1][1] / (p[0][1] + p[1][1]))) / 2
    found = answered([discrimination([ORDER, backwards], [0, 1])], g, 8)
    assert float(found["discrimination"]) == pytest.approx((rows + columns) / 2, rel=1e-4)
    assert float(found["alignment"]) == pytest.approx(-math.log(p[0][0] * p[1][1]) / 2, rel=1e-4)


def test_false_specs_are_further_candidates_of_their_clip():
    """The first clip has two of them, the second none."""
    g = collate([graph([[0.9, 0.1], [0.1, 0.8]]), graph([[0.2, 0.7], [0.6, 0.1]])])
    false = [(0, EVENTUALLY), (0, parse_formula("exists x: cat { always p(x) }"))]
    backwards = parse_formula("exists x: cat { q(x) then p(x) }")
    p = [[0.9 * 0.8, 0.1 * 0.1], [0.2 * 0.1, 0.7 * 0.6]]
    others = [1 - 0.1 * 0.9, 0.9 * 0.1]
    rows = -(math.log(p[0][0] / (sum(p[0]) + sum(others))) + math.log(p[1][1] / sum(p[1]))) / 2
    columns = -(math.log(p[0][0] / (p[0][0] + p[1][0])) + math.log(p[1][1] / (p[0][1] + p[1][1]))) / 2
    found = answered([discrimination([ORDER, backwards], [0, 1], false)], g, 8)
    assert float(found["discrimination"]) == pytest.approx((rows + columns) / 2, rel=1e-4)


def test_losses_in_one_pass_are_those_of_single_passes():
    g = collate([graph([[0.9, 0.1], [0.1, 0.8]]), graph([[0.2, 0.7], [0.6, 0.1]])])
    asked = [
        discrimination([ORDER, EVENTUALLY], [0, 1]), contrastive("a", [(ORDER, 1)]), contrastive("b", [(EVENTUALLY, 0)])
    ]  # fmt: skip
    together = answered(asked, g, 8)
    assert list(together) == ["discrimination", "alignment", "a", "b"]
    for one in asked:
        for name, value in answered([one], g, 8).items():
            assert float(together[name]) == pytest.approx(float(value), rel=1e-9)


def test_location_weights_of_words_and_stretches():
    n = 10  # ceil(0.3 n) = 3 frames
    early = location_weights(ast.Hinted(ast.Truth(True), "early"), n)
    late = location_weights(ast.Hinted(ast.Truth(True), "late"), n)
    assert early.tolist() == pytest.approx([1, 2 / 3, 1 / 3] + [0] * 7)
    assert late.tolist() == pytest.approx([0] * 7 + [1 / 3, 2 / 3, 1])
    mid = location_weights(ast.Hinted(ast.Truth(True), "mid"), n)
    assert mid.tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3, 0, 0, 0])
    tent = location_weights(ast.Hinted(ast.Truth(True), (Fraction(0), Fraction(1, 2))), n)
    assert tent.tolist() == pytest.approx([max(0, 1 - abs((i + 0.5) / n - 0.25)) for i in range(n)])


def test_temporal_is_the_weighted_mean_over_frames_of_each_event():
    spec = parse_formula("exists x: cat { p(x) @ early then q(x) @ late }")
    p = [[0.9, 0.1]] * 5 + [[0.2, 0.6]] * 5
    (first, second) = located_events(spec)
    assert [holds(e, world_of_all(), 0) for e in (first, second)] == [True, True]
    e, late = (
        location_weights(ast.Hinted(ast.Truth(True), "early"), 10),
        location_weights(ast.Hinted(ast.Truth(True), "late"), 10),
    )
    one = float((e * torch.tensor([-math.log(x[0]) for x in p])).sum() / e.sum())
    two = float((late * torch.tensor([-math.log(x[1]) for x in p])).sum() / late.sum())
    assert float(temporal([spec], graph(p), [0], 8)) == pytest.approx((one + two) / 2, rel=1e-6)


def world_of_all():
    return world_of(graph([[1.0, 1.0]]))


def test_rules_cost_what_they_are_broken():
    rule = rule_of(parse_formula("forall x { always not (p(x) and q(x)) }"))
    assert rule is not None
    g = graph([[0.5, 0.4], [0.3, 0.0]])
    assert float(breach([rule], FactTable(g))) == pytest.approx(-math.log(1 - 0.5 * 0.4) / 2)
    assert rule_of(parse_formula("forall x { always (p(x) -> next q(x)) }")) is None


def test_a_temporal_constraint_is_negated_into_a_spec():
    constraint = parse_formula("forall x { always (p(x) -> next q(x)) }")
    broken = negated(constraint)
    g = graph([[1.0, 0.0], [0.0, 1.0]])
    assert holds(constraint, world_of(g)) is not holds(broken, world_of(g))
    cost = answered([contrastive("broken", [(broken, 0)])], graph([[0.5, 0.0], [0.0, 0.3]]), 8)
    assert float(cost["broken"]) == pytest.approx(-math.log(1 - 0.5 * 0.7))


def test_soft_cap_is_the_identity_below_and_increasing_above():
    x = torch.tensor([0.0, 5.0, 20.0, 40.0, 4000.0], requires_grad=True)
    y = soft_cap(x)
    assert y[:3].tolist() == [0.0, 5.0, 20.0] and bool((y.diff() > 0).all()) and float(y[-1].detach()) < 150
    y.sum().backward()
    assert x.grad is not None and bool((x.grad > 0).all())


def test_contrasts_are_other_nameless_and_reordered():
    a = parse_formula("exists m: cat, c: dog { p(m) then r(m, c) }")
    b = parse_formula("exists m: cat { q(m) then p(m) }")
    choice = torch.Generator().manual_seed(0)
    assert sorted(other([a, b], choice), key=lambda x: x[0]) == [(0, b), (1, a)]
    assert forget(a, {"cat"}) == parse_formula("exists m: cat, c { p(m) then r(m, c) }")
    assert (1, forget(a, {"cat"})) in nameless([a, b], choice)
    assert reordered([b], choice) == [(0, parse_formula("exists m: cat { p(m) then q(m) }"))]
    assert other([a], choice) == []


def test_a_window_follows_from_its_spec():
    spec = parse_formula("exists x: cat { p(x) then q(x) then r(x, x) then p(x) }")
    choice = torch.Generator().manual_seed(1)
    for size in (1, 2, 3):
        for _ in range(10):
            short = window(spec, size, choice)
            worlds = [world_of(graph([[a, b], [b, 1], [1, a]])) for a in (0.0, 1.0) for b in (0.0, 1.0)]
            assert all(holds(short, w) for w in worlds if holds(spec, w))
    assert window(spec, 4, choice) == spec
    gapped = parse_formula("exists x: cat { p(x) then[1,2] q(x) then p(x) }")
    assert window(gapped, 2, choice) == gapped


def test_the_bag_forgets_order_and_identity():
    spec = parse_formula("exists m: cat, c: dog { p(m) and not q(m) then r(m, c) then p(m) }")
    want = {"exists x0: cat { eventually p(x0) }", "exists x0: cat, x1: dog { eventually r(x0, x1) }"}
    assert set(bag(spec)) == {parse_formula(t) for t in want}
    assert words(spec) == {("p", 1), ("q", 1), ("r", 2)}


@pytest.mark.parametrize(
    ("spec", "events"),
    [
        ("exists x: cat { eventually p(x) @ early }", ["exists x: cat { p(x) @ early }"]),
        (
            "exists x { (p(x) then q(x)) @ [0%, 40%] }",
            ["exists x { p(x) @ [0%, 40%] }", "exists x { q(x) @ [0%, 40%] }"],
        ),
        ("exists x { (p(x) @ mid then q(x)) @ late }", ["exists x { p(x) @ mid }", "exists x { q(x) @ late }"]),
        ("exists x { (not p(x)) @ early }", ["exists x { not p(x) @ early }"]),
        ("exists x { p(x) then exists x: dog, y { r(x, y) @ late } }", ["exists x: dog, y { r(x, y) @ late }"]),
        ("exists x { not (p(x) @ early) }", []),
        ("exists x { p(x) -> q(x) @ early }", []),
        ("forall x { (p(x) @ early) then q(x) }", []),
    ],
)
def test_hints_locate_the_events_that_are_said_to_happen(spec: str, events: list[str]):
    found = located_events(parse_formula(spec))
    assert found == [parse_formula(e) for e in events]
    assert torch.isfinite(temporal([parse_formula(spec)], graph([[0.5, 0.4], [0.3, 0.2]]), [0], 8))


@pytest.mark.parametrize(("cat", "dog"), [(0.2, 0.3), (0.2, 0.8), (0.0, 0.0)])
def test_what_an_object_is_not_includes_none_of_the_classes(cat: float, dog: float):
    """P(rule) where the classes leave a rest: ``none of these`` is no dog either."""
    unary = torch.tensor([[[0.4, 0.5]]], dtype=torch.float64)
    classes = torch.tensor([[cat, dog]], dtype=torch.float64)
    g = SceneGraph.from_probabilities(V, classes, unary, torch.zeros(1, 1, 1, 1, dtype=torch.float64))
    for text, want in [
        ("forall x { always not dog(x) }", 1 - dog),
        ("forall x { always (cat(x) or dog(x) or p(x)) }", cat + dog + (1 - cat - dog) * 0.4),
        ("forall x { always (p(x) -> cat(x)) }", 1 - 0.4 * (1 - cat)),
    ]:
        rule = rule_of(parse_formula(text))
        assert rule is not None
        for cost in (breach([rule], FactTable(g)), breach_by_tensors([rule], g)):
            assert math.exp(-float(cost)) == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        ("exists m: cat { not eventually p(m) }", ""),
        ("exists m: cat { not (p(m) and q(m)) }", ""),
        ("exists m: cat { not eventually not p(m) }", "p"),
        ("exists m: cat { always (p(m) -> q(m)) }", "q"),
        ("exists m: cat { p(m) then not p(m) }", "p"),
        ("exists m: cat { always (p(m) <-> q(m)) }", "pq"),
        ("exists m: cat { not p(m) until q(m) }", "q"),
    ],
)
def test_what_a_caption_denies_is_not_in_its_bag(spec: str, want: str) -> None:
    told = [parse_formula(f"exists x0: cat {{ eventually {p}(x0) }}") for p in want]
    assert bag(parse_formula(spec)) == told


def test_an_order_that_is_the_same_story_is_no_contrast():
    """Two coins, one after the other: with the events exchanged it is the other coin first."""
    coins = "exists m: cat, c: dog, d: dog { r(m, c) then r(m, d) and c != d }"
    three = coins.replace(" }", " then p(m) }")
    choice = torch.Generator().manual_seed(2)
    assert all(reordered([parse_formula(coins)], choice) == [] for _ in range(10))
    drawn = {spec for _ in range(30) for _, spec in reordered([parse_formula(three)], choice)}
    exchanged = parse_formula("exists m: cat, c: dog, d: dog { r(m, d) and c != d then r(m, c) then p(m) }")
    assert drawn and exchanged not in drawn
    other_names = parse_formula("exists m: cat, x: dog, y: dog { r(m, x) then y != x and r(m, y) }")
    assert other([parse_formula(coins), other_names], choice) == []
