"""The batched kernel against the exact definition: values, bounds, gradients, padding."""

from __future__ import annotations

import math
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from nesy.dsl import ast
from nesy.dsl.ast import Atom, Binding
from nesy.dsl.parser import parse_formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal import outline, shape
from nesy.reasoners.temporal.exact import exact
from nesy.reasoners.temporal.lifted import align, align_frames
from nesy.reasoners.temporal.logspace import FLOOR
from nesy.reasoners.temporal.loops import program
from nesy.scenegraph import SceneGraph, Vocabulary, collate

from .strategies import random_formula, random_graph


def random_spec(rng: random.Random, negation_free: bool = False):
    """A body without quantifiers behind one ``exists``."""
    names = ("x", "y")[: rng.randint(1, 2)]
    while True:
        body = random_formula(rng, rng.randint(1, 3), names, quantify=0)
        nodes = list(ast.walk(body))
        asks_class = any(isinstance(g, Atom) and g.predicate in ("cat", "dog") for g in nodes)
        if negation_free and (asks_class or any(isinstance(g, (ast.Not, ast.Implies, ast.Iff)) for g in nodes)):
            continue
        return ast.Exists(tuple(Binding(n, rng.choice([None, "cat", "dog"])) for n in names), body)


def try_align(specs, graph, **options):
    try:
        return align(specs, graph, **options)
    except GroundingError:
        return None


def test_one_assignment_is_exact():
    """One object of a certain class: at most one binding is possible."""
    rng, checked = random.Random(1), 0
    while checked < 300:
        spec, graph = random_spec(rng), certain_classes(random_graph(rng, rng.randint(0, 5), 1), rng)
        got = try_align([spec], graph)
        if got is None:
            continue
        want = float(exact(spec, graph))
        assert math.exp(got.log_prob[0]) == pytest.approx(want, abs=1e-6), spec
        assert math.exp(got.log_not[0]) == pytest.approx(1 - want, abs=1e-6), spec
        checked += 1


def test_threads_may_compile_at_the_same_time():
    """What they share, compiled events and numbers of names, is the same for all of them."""
    rng = random.Random(11)
    graph = random_graph(rng, 4, 3)
    specs = [s for s in (random_spec(rng) for _ in range(150)) if try_align([s], graph) is not None]
    clips = [0] * len(specs)
    want = align(specs, graph, clips=clips).log_prob
    for cache in (shape.cases, shape._event, outline.event_of, outline._cubes, outline._known, program.code_of):
        cache.cache_clear()
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for got in pool.map(
                lambda k: align(specs[k:] + specs[:k], graph, clips=clips).log_prob.roll(k), range(0, 64, 8)
            ):
                assert torch.equal(got, want)
    finally:
        sys.setswitchinterval(old)


def certain_classes(graph: SceneGraph, rng: random.Random) -> SceneGraph:
    row = torch.tensor([rng.choice([[1.0, 0.0], [0.0, 1.0]]) for _ in range(graph.classes.shape[1])]).double()
    return replace(graph, classes=row.log()[None])


def test_max_and_sum_bound_every_spec():
    rng, checked = random.Random(2), 0
    while checked < 300:
        spec, graph = random_spec(rng), random_graph(rng, rng.randint(1, 4), rng.randint(1, 3))
        low, high = try_align([spec], graph, union="max"), try_align([spec], graph, union="sum")
        if low is None or high is None:
            continue
        want = float(exact(spec, graph))
        assert math.exp(low.log_prob[0]) - 1e-6 <= want <= math.exp(high.log_prob[0]) + 1e-6, spec
        checked += 1


def test_noisy_or_bounds_specs_without_negation_when_classes_are_certain():
    rng, checked, strict = random.Random(8), 0, 0
    while checked < 300:
        spec = random_spec(rng, negation_free=True)
        graph = certain_classes(random_graph(rng, rng.randint(1, 4), rng.randint(2, 3)), rng)
        high = try_align([spec], graph)
        if high is None:
            continue
        want, got = float(exact(spec, graph)), math.exp(high.log_prob[0])
        assert got >= want - 1e-6, spec
        assert math.exp(high.log_not[0]) == pytest.approx(1 - got, abs=1e-6)
        strict += got > want + 1e-6
        checked += 1
    assert strict > 10


def test_noisy_or_is_no_bound_when_bindings_exclude_each_other():
    """x a dog and y a cat, or the other way round: two exclusive ways, whose union is their sum."""
    spec = ast.Exists((Binding("x", "dog"), Binding("y", "cat")), ast.Truth(True))
    graph = random_graph(random.Random(9), 1, 2)
    graph = replace(graph, classes=torch.full((1, 2, 2), 0.5, dtype=torch.float64).log())
    assert float(exact(spec, graph)) == pytest.approx(0.5)
    assert math.exp(align([spec], graph).log_prob[0]) == pytest.approx(1 - 0.75**2)


def test_padding_and_batching_change_nothing():
    rng = random.Random(3)
    for _ in range(40):
        pairs = []
        while len(pairs) < 5:
            spec, graph = random_spec(rng), random_graph(rng, rng.randint(0, 5), rng.randint(0, 3))
            alone = try_align([spec], graph)
            if alone is not None:
                pairs.append((spec, graph, alone))
        together = align([s for s, _, _ in pairs], collate([g for _, g, _ in pairs]))
        for i, (_, _, alone) in enumerate(pairs):
            both = [max(float(x), FLOOR / 2) for x in (together.log_prob[i], alone.log_prob[0])]  # below: impossible
            assert both[0] == pytest.approx(both[1], abs=1e-6)
            assert float(together.log_not[i]) == pytest.approx(float(alone.log_not[0]), abs=1e-6)


def test_gradcheck_in_float64():
    rng, checked = random.Random(4), 0
    while checked < 25:
        spec, graph = random_spec(rng), random_graph(rng, 3, 2, uncertain=1.0)
        if try_align([spec], graph) is None:
            continue
        unary, binary = graph.unary.clone().requires_grad_(), graph.binary.clone().requires_grad_()

        def value(u, b, spec=spec, graph=graph):
            out = align([spec], replace(graph, unary=u, binary=b))
            return out.log_prob, out.log_not

        if float(value(unary, binary)[0][0].detach()) > FLOOR / 2:
            assert torch.autograd.gradcheck(value, (unary, binary), eps=1e-6, atol=1e-5)
        checked += 1


def test_gradient_is_useful_when_the_spec_is_nearly_impossible_and_finite_when_it_is():
    spec = ast.Exists((Binding("x", "cat"),), ast.Always(Atom("p", ("x",))))
    rng = random.Random(5)
    graph = random_graph(rng, 200, 1, uncertain=1.0)
    nearly = replace(
        graph,
        classes=torch.zeros(1, 1, 2).double(),
        unary=torch.full_like(graph.unary, -20.0).requires_grad_(),
        present=torch.ones_like(graph.present),
    )
    out = align([spec], nearly)
    assert float(out.log_prob[0].detach()) == pytest.approx(-4000, rel=1e-3)
    out.log_prob.sum().backward()
    assert nearly.unary.grad is not None and float(nearly.unary.grad[..., 0].abs().min()) > 0.5
    impossible = replace(nearly, unary=torch.full_like(graph.unary, -torch.inf).requires_grad_())
    out = align([spec], impossible)
    (out.log_prob.sum() + out.log_not.sum()).backward()
    assert impossible.unary.grad is not None and bool(impossible.unary.grad.isfinite().all())


def test_no_objects_no_frames_everything_masked():
    spec = ast.Exists((Binding("x", "cat"),), ast.Eventually(Atom("p", ("x",))))
    rng = random.Random(6)
    for frames, objects in ((0, 0), (0, 2), (3, 0), (1, 1)):
        graph = random_graph(rng, frames, objects)
        hidden = replace(graph, present=torch.zeros_like(graph.present))
        out = align([spec], hidden)
        assert float(out.log_prob[0].exp()) == 0 and float(out.log_not[0]) == pytest.approx(0, abs=1e-6)


def test_untyped_variables_do_not_range_over_padding():
    spec = ast.Exists((Binding("x"),), ast.Always(ast.Not(Atom("p", ("x",)))))
    rng = random.Random(7)
    small = random_graph(rng, 3, 1, uncertain=0.0)
    small = replace(small, unary=torch.full_like(small.unary, torch.inf), present=torch.ones_like(small.present))
    both: SceneGraph = collate([small, random_graph(rng, 5, 3)])
    out = align([spec], both, clips=[0])
    assert float(out.log_prob[0].exp()) == 0


def test_event_probability_per_frame_is_that_of_the_event_in_a_clip_of_one_frame():
    rng = random.Random(10)
    event = ast.Exists(
        (Binding("x", "cat"), Binding("y")),
        ast.And((Atom("p", ("x",)), ast.Or((ast.Not(Atom("q", ("x",))), Atom("r", ("x", "y")))))),
    )
    for _ in range(20):
        graph = random_graph(rng, 4, 2)
        log_p, log_not = align_frames([event], graph)
        for t in range(4):
            one = replace(
                graph,
                unary=graph.unary[:, t : t + 1],
                binary=graph.binary[:, t : t + 1],
                present=graph.present[:, t : t + 1],
                lengths=torch.tensor([1]),
            )
            want = align([event], one)
            assert math.exp(log_p[0, t]) == pytest.approx(math.exp(want.log_prob[0]), abs=1e-6)
            assert math.exp(log_not[0, t]) == pytest.approx(math.exp(want.log_not[0]), abs=1e-6)


def test_temporal_events_are_refused():
    graph = random_graph(random.Random(11), 3, 1)
    with pytest.raises(GroundingError, match="temporal"):
        align_frames([ast.Exists((Binding("x"),), ast.Eventually(Atom("p", ("x",))))], graph)


def test_miniscoped_is_exact_when_classes_are_certain_and_no_fact_is_shared():
    """The same number with assignments enumerated and with "some dog ..." as a proposition of its own."""
    rng = random.Random(12)
    walk, take = Atom("p", ("m",)), ast.And((Atom("r", ("m", "c")), ast.Not(Atom("q", ("c",)))))
    spec = ast.Exists((Binding("m", "cat"), Binding("c", "dog")), ast.Then((walk, take), (None,)))
    for _ in range(40):
        graph = random_graph(rng, rng.randint(1, 5), 3)
        classes = [[1.0, 0.0]] + [rng.choice([[0.0, 1.0], [0.0, 0.0]]) for _ in range(2)]
        graph = replace(graph, classes=torch.tensor([classes]).double().log())
        scoped = align([spec], graph, assignments=3)  # 3 cats to choose from, not 6 pairs
        assert not bool(scoped.truncated[0])
        assert math.exp(scoped.log_prob[0]) == pytest.approx(float(exact(spec, graph)), abs=1e-6)


def test_miniscoped_batches_equal_single_clips():
    rng = random.Random(13)
    for _ in range(20):
        names = ("x", "y", "z")
        body = ast.Then(tuple(random_formula(rng, 1, (a, b), quantify=0) for a, b in pairwise(names)), (None,))
        spec = ast.Exists(tuple(Binding(n, rng.choice([None, "cat", "dog"])) for n in names), body)
        graphs = [random_graph(rng, rng.randint(1, 4), 3) for _ in range(3)]
        alone = [try_align([spec], g, assignments=4) for g in graphs]
        if any(a is None for a in alone):
            continue
        together = align([spec] * 3, collate(graphs), assignments=4)
        for i, a in enumerate(alone):
            both = [max(float(x), FLOOR / 2) for x in (together.log_prob[i], a.log_prob[0])]
            assert both[0] == pytest.approx(both[1], abs=1e-6)


def one_kind(classes: list[list[float]], unary: list[list[list[float]]]) -> SceneGraph:
    facts = torch.tensor(unary, dtype=torch.float64)  # [T, N, 2]
    t, n, _ = facts.shape
    kinds = torch.tensor(classes, dtype=torch.float64)
    names = Vocabulary(("cat", "dog"), ("a", "b"), ())
    return SceneGraph.from_probabilities(names, kinds, facts, facts.new_zeros(t, n, n, 0))


@pytest.mark.parametrize("union", ["max", "noisy_or"])
@pytest.mark.parametrize("chance", [0.5, 0.9, 0.999])
def test_an_all_but_certain_spec_is_denied_with_the_full_gradient(union: str, chance: float):
    """-log P(never a) is the sum of -log(1 - p): a fact's log-odds has the slope p, however hopeless the others are."""
    graph = one_kind([[1.0, 0.0]], [[[chance, 0.5]]] * 24)
    odds = graph.unary.clone().float().requires_grad_()
    graph = replace(graph, unary=odds, binary=graph.binary.float(), classes=graph.classes.float())
    out = align([parse_formula("exists x { eventually a(x) }")], graph, union=union, side="no")
    assert float(out.log_not.detach()) == pytest.approx(24 * math.log1p(-chance), rel=1e-4)
    out.log_not.sum().backward()
    assert odds.grad is not None
    assert odds.grad[0, :, 0, 0].numpy() == pytest.approx([-chance] * 24, rel=1e-4)


def test_an_impossible_spec_is_as_impossible_beside_others():
    graph = one_kind([[1.0, 0.0]], [[[0.5, 0.5]]])
    other = parse_formula("exists x { a(x) }")
    for never in map(parse_formula, ("false", "exists x { a(x) and not a(x) }", "exists x: dog { a(x) }")):
        for union in ("max", "sum", "noisy_or"):
            alone = align([never], graph, union=union).log_prob
            beside = align([never, other], graph, clips=[0, 0], union=union).log_prob
            assert float(alone) == float(beside[0]) <= FLOOR


def test_an_inner_variable_hides_an_outer_one_of_the_same_name():
    graph = one_kind([[1.0, 0.0], [0.0, 1.0]], [[[1.0, 0.0], [0.0, 0.0]]])  # a cat that is a, a dog that is not
    spec = parse_formula("exists x: dog, y: cat { exists y: dog { a(y) } }")
    for union in ("max", "noisy_or"):
        assert math.exp(align([spec], graph, union=union).log_prob) == pytest.approx(
            float(exact(spec, graph)), abs=1e-6
        )


@pytest.mark.parametrize(
    "text",
    [
        "exists x: cat, y { a(x) then b(y) and dog(y) }",
        "exists x: cat, y { a(x) then b(y) and not dog(y) }",
        "exists x: cat, y: dog { a(x) then b(y) and cat(y) }",
        "exists x, y { a(x) and cat(x) then b(y) and dog(y) and cat(x) }",
    ],
)
@pytest.mark.parametrize("limit", [64, 2])
def test_a_class_asked_of_a_variable_of_one_event(text: str, limit: int):
    """Where assignments are many the variable is not enumerated; with certain classes that changes nothing."""
    graph = one_kind(
        [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]],
        [[[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]],
    )
    spec = parse_formula(text)
    got = align([spec], graph, assignments=limit)
    assert math.exp(got.log_prob) == pytest.approx(float(exact(spec, graph)), abs=1e-5)
