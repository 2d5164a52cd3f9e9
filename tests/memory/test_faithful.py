"""Does the brain do what the tensor-brain papers say? Identities, known answers, and thresholds from simulations.

Seeds are fixed: world 1 for the toy graph, 0 for scenes, 0 for every initialisation.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli

from nesy.memory.brain import Statements, TensorBrain, train
from nesy.memory.brain.scores import scores
from tests.memory.toy import ToyGraph, names, toy_brain, toy_graph


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def graph() -> ToyGraph:
    return toy_graph()


def fitted(graph: ToyGraph, steps: int, **options: object) -> TensorBrain:
    brain = toy_brain(**options)
    train(brain, graph.triples, tasks=["semantic"], steps=steps, batch=None, rate=1e-2, weight=graph.weight)
    return brain


# -- 1. the chain reproduces a joint distribution ------------------------------------------------------------------


def sampled_distance(brain: TensorBrain, graph: ToyGraph, count: int = 20_000) -> tuple[float, float]:
    """Total variation of ``count`` sampled triples from the truth, and of as many true samples (the floor)."""
    g = torch.Generator().manual_seed(0)
    with torch.no_grad():
        k = brain.decode(brain.semantic.expand(count, -1), mode="sample", generator=g).chosen
    cell = (k.subject * 12 + k.object) * 5 + k.predicate
    p = graph.table.reshape(-1)
    true = torch.multinomial(p, count, replacement=True, generator=g)
    return tuple(float((torch.bincount(c, minlength=720) / count - p).abs().sum() / 2) for c in (cell, true))  # type: ignore[return-value]


def test_01_joint_reproduction(graph: ToyGraph):
    brain = fitted(graph, 300)
    assert graph.divergence(brain) < 0.02
    found, floor = sampled_distance(brain, graph)
    assert found <= floor + 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("act", "most"), [("centred", 0.02), ("sigmoid", 0.05), ("relu", 0.15)])
def test_01_joint_reproduction_in_full(graph: ToyGraph, act: str, most: float):
    brain = fitted(graph, 2000, act=act)
    assert graph.divergence(brain) < most


def test_the_joint_is_normalised_and_is_what_sampling_follows(graph: ToyGraph):
    brain = toy_brain()
    with torch.no_grad():
        joint = brain.joint(brain.semantic + 1.0)
        drawn = brain.decode((brain.semantic + 1.0).expand(64, -1), mode="sample")
    assert float(joint.exp().sum()) == pytest.approx(1.0, abs=1e-4)
    k = drawn.chosen
    torch.testing.assert_close(drawn.log_prob(), joint[k.subject, k.object, k.predicate], atol=1e-4, rtol=1e-4)


# -- 2. what is lost without feedback, and without evolution --------------------------------------------------------


def test_02_without_feedback_the_loss_is_the_total_correlation(graph: ToyGraph):
    assert graph.total_correlation() == pytest.approx(2.403, abs=1e-3)
    blind = fitted(graph, 300, feedback=False)
    assert graph.divergence(blind) == pytest.approx(graph.total_correlation(), abs=0.01)


def test_02_without_evolution_the_roles_are_lost(graph: ToyGraph):
    assert graph.divergence(fitted(graph, 300, evolution="none")) > 0.3


# -- 3. to 5. identities -------------------------------------------------------------------------------------------


def test_03_attention_is_the_mean_of_sampling():
    brain = toy_brain()
    with torch.no_grad():
        q = torch.randn(1, 64)
        n = brain.measure(q, "entity")
        drawn, _ = brain.feedback(q.expand(10_000, -1), n.expand(10_000, -1), "entity", "sample")
        attended, _ = brain.feedback(q, n, "entity", "attend")
        best, _ = brain.feedback(q, n, "entity", "argmax")
        sharp, _ = brain.feedback(q, n, "entity", "attend", sharpen=1e4)
    error = drawn.std(0) / 10_000**0.5
    assert ((drawn.mean(0) - attended[0]).abs() <= 3 * error + 1e-6).float().mean() > 0.97  # 64 coordinates at 3 s.e.
    assert float((drawn.mean(0) - attended[0]).norm()) < 1.5 * float(error.norm())
    torch.testing.assert_close(sharp, best)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 11), st.integers(0, 11), st.integers(0, 10_000))
def test_04_accumulation_commutes_and_collapse_does_not(i: int, j: int, seed: int):
    brain = toy_brain().double()
    q = torch.randn(1, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))

    def after(*order: int, gates: tuple[float, float]) -> torch.Tensor:
        state = q
        for k in order:
            n = brain.measure(state, "entity")
            state, _ = brain.feedback(state, n, "entity", "teacher", target=torch.tensor([k]), gates=gates)
        return state

    torch.testing.assert_close(after(i, j, gates=(1, 1)), after(j, i, gates=(1, 1)), atol=1e-13, rtol=0)
    if i != j:
        assert not torch.allclose(after(i, j, gates=(0, 1)), after(j, i, gates=(0, 1)))
    torch.testing.assert_close(after(i, gates=(1, 0)), q)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 10_000))
def test_05_softplus_score_is_bernoulli_naive_bayes(width: int, indices: int, seed: int):
    g = torch.Generator().manual_seed(seed)
    columns = 2 * torch.randn(indices, width, dtype=torch.float64, generator=g)
    gamma = torch.randint(0, 2, (width,), generator=g).double()
    expected = Bernoulli(logits=columns).log_prob(gamma.expand_as(columns)).sum(-1)
    torch.testing.assert_close(scores(gamma, columns, "softplus"), expected, atol=1e-5, rtol=0)


def test_a_measurement_stays_inside_its_candidate_set():
    brain = TensorBrain(
        {"entity": names("e", 4), "colour": ["red", "blue"], "predicate": ["near"]}, reserve={"entity": 3}
    )
    p = brain.measure(torch.randn(5, brain.width), ("entity",)).softmax(-1)
    assert p.shape == (5, 7)
    assert (p[:, 4:] == 0).all()
    only = torch.tensor([True, False, True, False, False, False, False])
    assert (brain.measure(torch.randn(5, brain.width), ("entity",), only=only).softmax(-1)[:, ~only] == 0).all()


def test_open_slots_of_a_taught_statement_are_attended():
    brain = toy_brain()
    q = torch.randn(3, 64)
    open_slot = torch.full((3,), -1)
    taught = brain.decode(q, mode="teacher", given=Statements(open_slot, open_slot, open_slot))
    attended = brain.decode(q, mode="attend")
    torch.testing.assert_close(taught.predicate, attended.predicate)
