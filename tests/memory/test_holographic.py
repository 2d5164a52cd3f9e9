"""The multilinear store against the definition of its score, and as the oracle of what the brain should recall."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.errors import GroundingError, NesyError
from nesy.memory.brain.holographic import MultilinearStore
from tests.memory.toy import one_thread  # noqa: F401

fact = st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz"), st.sampled_from("abcdef"))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.lists(fact, max_size=4), min_size=1, max_size=6), st.integers(0, 99))
def test_09_marginalising_time_is_exact(episodes: list[list[tuple[str, str, str]]], seed: int):
    """The mean over times of the scores is the score of the mean vector, to 1e-10."""
    store = MultilinearStore(64, seed=seed)
    store.remember("t", [("a", "x", "b")])
    for i, facts in enumerate(episodes):
        store.remember(f"t{i}", facts)
    every = [store.table(store.state(store.times.name(r)))[0] for r in store.times.rows()]
    torch.testing.assert_close(store.table(store.state())[0], torch.stack(every).mean(0), atol=1e-10, rtol=0)


def test_the_score_is_the_definition():
    store = MultilinearStore(32)
    store.remember("now", [("a", "x", "b"), ("b", "y", "c")])
    scores, subjects, predicates, objects = store.table(store.state("now"))
    for i, s in enumerate(subjects):
        for j, p in enumerate(predicates):
            for k, o in enumerate(objects):
                slow = 0.0
                for d in range(32):
                    v = [
                        store._sign("entity", s)[d - 1],
                        store._sign("predicate", p)[d],
                        store._sign("entity", o)[d - 3],
                    ]
                    slow += float(v[0] * v[1] * v[2] * store.state("now")[d]) / 32
                assert float(scores[i, j, k]) == pytest.approx(slow, abs=1e-12)


@pytest.mark.parametrize(("width", "held", "least"), [(1024, 16, 0.98), (512, 8, 0.98), (256, 3, 0.98), (256, 64, 0.2)])
def test_capacity_is_that_of_the_theory(width: int, held: int, least: float):
    """Top-K recall among 5400 triples: exact up to about D / 60 triples a time, one third at D / 4."""
    hits = total = 0
    for seed in range(5):
        store = MultilinearStore(width, seed=seed)
        g = torch.Generator().manual_seed(seed)
        store.remember("all", [(f"e{i}", f"p{i % 6}", f"e{i}") for i in range(30)])
        cells = torch.randperm(5400, generator=g)[:held].tolist()
        facts = {(f"e{c // 180}", f"p{c // 30 % 6}", f"e{c % 30}") for c in cells}
        store.remember("now", sorted(facts))
        found = {(a.subject, a.predicate, a.object) for a in store.recall("now", k=held)}
        hits, total = hits + len(found & facts), total + held
    assert hits / total >= least
    if held == 64:
        assert hits / total < 0.5, "beyond capacity, recall must break down"


def test_recall_with_open_slots_and_forgetting():
    store = MultilinearStore(2048)
    store.remember("monday", [("cat", "chases", "mouse"), ("dog", "chases", "cat")])
    store.remember("tuesday", [("cat", "sleeps on", "mat")])
    assert store.recall("monday", predicate="chases", object="cat", k=1)[0].subject == "dog"
    assert store.recall("tuesday", subject="cat", k=1)[0].object == "mat"
    assert store.when([("dog", "chases", "cat")], k=1)[0][0] == "monday"
    before = store.state("tuesday").clone()
    store.remember("wednesday", [("mouse", "chases", "cat")])
    store.unsay("monday", [("cat", "chases", "mouse")])
    assert torch.equal(store.state("tuesday"), before)
    assert store.recall("monday", subject="cat", predicate="chases", object="mouse")[0].probability < 0.2
    store.forget("monday")
    with pytest.raises(GroundingError, match="no time is called `monday`"):
        store.recall("monday")


def test_an_empty_store_says_so():
    with pytest.raises(NesyError, match="nothing is remembered"):
        MultilinearStore(64).recall()
