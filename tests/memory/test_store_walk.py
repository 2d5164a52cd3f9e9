"""The walk over the graph of concepts against networkx, and what it finds."""

from __future__ import annotations

import random
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

from nesy.errors import DataError
from nesy.memory.store import IS_A, Triple, TripleStore
from nesy.memory.store.walk import Graph, Walker, pagerank


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(0, 25), st.sampled_from([0.2, 0.5, 0.85]))
def test_pagerank_is_that_of_networkx(seed: int, nodes: int, edges: int, damping: float):
    rng = random.Random(seed)
    graph = nx.Graph()
    graph.add_nodes_from(range(nodes))
    for _ in range(edges):
        a, b = rng.randrange(nodes), rng.randrange(nodes)
        if a != b:
            graph.add_edge(a, b, weight=rng.choice([0.8, 1.0, 3.0]))
    seeds = np.array([rng.choice([0.0, 1.0, 0.25]) for _ in range(nodes)])
    seeds[rng.randrange(nodes)] = 1.0
    both = [(a, b, w["weight"]) for x, y, w in graph.edges(data=True) for a, b in ((x, y), (y, x))]
    ours = Graph(
        tuple(map(str, range(nodes))), nodes, np.array([e[0] for e in both], np.int64),
        np.array([e[1] for e in both], np.int64), np.array([e[2] for e in both], float), np.ones(nodes, np.int64),
    )  # fmt: skip
    found = pagerank(ours, seeds, damping, 1000)
    theirs = _pagerank_python(graph, damping, dict(enumerate(seeds)), max_iter=1000, tol=1e-10)
    assert np.allclose(found, [theirs[i] for i in range(nodes)], atol=1e-7)
    assert found.sum() == pytest.approx(1)


def test_the_video_of_a_fact_is_found_from_its_two_concepts(tmp_path: Path):
    """300 entities, 900 random triples, one video for each: recall at 5 is 1 for the fact's own video."""
    rng = random.Random(0)
    facts = [(f"e{rng.randrange(300)}", f"e{rng.randrange(300)}", f"v{i}") for i in range(900)]
    facts = [(a, b, v) for a, b, v in facts if a != b]
    with TripleStore.open(tmp_path) as store:
        store.add(Triple(a, "knows", b, v, 0, 1) for a, b, v in facts)
        walker = Walker(store)
        for a, b, video in facts[:60]:
            assert video in [v for v, _ in walker.walk([a, b], top=5).videos]
        # One hop further: from the subject of one triple to the video of a triple about its object.
        chains = [(x, y) for x in facts for y in facts if x[1] == y[0] and x[2] != y[2]][:60]
        near = sum(y[2] in [v for v, _ in walker.walk([x[0], x[1]], top=20).videos] for x, y in chains)
        assert near / len(chains) > 0.9


def test_a_fact_is_no_edge_from_a_name_to_itself(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        store.add([Triple("v/a", "v/a", None, "v", 0, 1), Triple("v/a", "p", "v/a", "v", 0, 1)])
        graph = Walker(store).graph()
    assert not (graph.tail == graph.head).any()


def test_concepts_lead_to_their_videos_and_triples(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        for video, predicate, other in (
            ("v0", "chasing", "snail"),
            ("v1", "collecting", "coin"),
            ("v2", "above", "crate"),
        ):
            store.add(
                [
                    Triple(f"{video}/m", IS_A, "mugen", video, 0, 9),
                    Triple(f"{video}/o", IS_A, other, video, 0, 9),
                    Triple(f"{video}/m", predicate, f"{video}/o", video, 2, 5, 0.7),
                    Triple(f"{video}/m", "jumping", None, video, 2, 5, 0.7),
                ]
            )
        walker = Walker(store)
        found = walker.walk(["mugen", "coin", "collecting"], top=20)
        assert found.videos[0][0] == "v1"
        assert walker.triples(found, 3)[0][0].video == "v1"
        with pytest.raises(DataError, match=r"`coinn` does not occur(.|\n)*did you mean `coin`"):
            walker.walk(["coinn"])
        with pytest.raises(DataError, match="positive weight"):
            walker.walk([])
        # A video's own similarity breaks the tie of a concept that is everywhere.
        leaning = walker.walk(["mugen"], similar={"v0": 0.1, "v1": 0.2, "v2": 0.9})
        assert leaning.videos[0][0] == "v2"
        store.add([Triple("v3/m", "sleeping", None, "v3", 0, 1)])
        assert walker.walk(["sleeping"]).videos[0][0] == "v3"  # the graph is that of the changed store


def test_similar_vectors_are_a_way(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        store.add([Triple("a", "p", "b", "v0", 0, 1), Triple("c", "q", "d", "v1", 0, 1)])
        store.put_vectors("text", {"b": np.array([1, 0.1], np.float32), "c": np.array([1, 0], np.float32)})
        assert [v for v, _ in Walker(store).walk(["a"]).videos] == ["v0"]
        assert [v for v, _ in Walker(store, "text").walk(["a"]).videos] == ["v0", "v1"]
