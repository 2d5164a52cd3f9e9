"""Retrieval by walking the graph of concepts: personalised PageRank in the manner of HippoRAG 2 (arXiv 2502.14802).

Nodes are concepts (objects, classes, predicates) and videos. A triple links its subject with its object, one more for
each such triple; a unary triple links its subject with its predicate. Every concept is linked with the videos in which
it occurs (weight 1), and concepts whose vectors have a cosine of at least 0.8 with each other. A walk starts at the
concepts of the question, continues with probability ``damping`` and otherwise starts anew; the videos are ranked by how
often it visits them. A concept that occurs in many videos says little: its seed is divided by their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError, did_you_mean
from nesy.memory.store.store import TripleStore
from nesy.memory.store.triple import Pattern, Triple

DAMPING = 0.5
STEPS = 100
TOLERANCE = 1e-9
SYNONYM = 0.8
NEIGHBOURS = 100
PASSAGE = 0.05  # weight of the videos' own similarity among the seeds


@dataclass(frozen=True)
class Graph:
    """An undirected graph with weights.

    nodes: names, first the concepts, then the videos.  concepts: how many of them are concepts.
    tail, head: [E] numbers of the nodes at both ends, every edge in both directions.  weight: [E].
    videos_of: [concepts] in how many videos each concept occurs.
    """

    nodes: tuple[str, ...]
    concepts: int
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    weight: NDArray[np.float64]
    videos_of: NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """Where the walk led: names with their share of the visits, most visited first."""

    videos: list[tuple[str, float]]
    concepts: list[tuple[str, float]]


def pagerank(
    graph: Graph, seeds: NDArray[np.float64], damping: float = DAMPING, steps: int = STEPS
) -> NDArray[np.float64]:
    """Share of the visits of each node: x <- (1 - d) r + d (P^T x + r times the visits of nodes without edges).

    seeds: [nodes], not negative, not all 0; r is their normalisation. The sum of the result is 1.
    """
    n = len(graph.nodes)
    total = float(seeds.sum())
    if not total > 0:
        raise DataError("a walk needs a seed with a positive weight")
    r = seeds / total
    out = np.bincount(graph.tail, graph.weight, n)
    share = graph.weight / out[graph.tail]
    lonely = out == 0
    x = r.copy()
    for _ in range(steps):
        stepped = np.bincount(graph.head, share * x[graph.tail], n) + r * float(x[lonely].sum())
        new = (1 - damping) * r + damping * stepped
        moved = float(np.abs(new - x).sum())
        x = new
        if moved < TOLERANCE:
            break
    return x


class Walker:
    """The graph of a store, kept until the store changes."""

    def __init__(self, store: TripleStore, space: str | None = None) -> None:
        self.store = store
        self.space = space
        self._kept: tuple[object, Graph] | None = None

    def graph(self) -> Graph:
        state = self.store.state()
        if self._kept is None or self._kept[0] != state:
            with self.store.connection.guard():
                self._kept = (state, build(self.store, self.space))
        return self._kept[1]

    def seeds(self, concepts: Mapping[str, float], similar: Mapping[str, float] | None = None) -> NDArray[np.float64]:
        """Seeds [nodes]: each concept's weight over the number of its videos, and 0.05 times the videos' similarity.

        Raises:
            DataError: a concept that does not occur.
        """
        graph = self.graph()
        number = {name: i for i, name in enumerate(graph.nodes[: graph.concepts])}
        video = {name: i for i, name in enumerate(graph.nodes[graph.concepts :], graph.concepts)}
        weights = np.zeros(len(graph.nodes))
        for name, weight in concepts.items():
            if name not in number:
                raise DataError(f"`{name}` does not occur in the memory", hint=did_you_mean(name, number))
            if not weight >= 0:
                raise DataError(f"the seed weight of `{name}` is {weight}, expected at least 0")
            weights[number[name]] += weight / max(1, int(graph.videos_of[number[name]]))
        if similar:
            low, high = min(similar.values()), max(similar.values())
            for name, value in similar.items():
                if name in video and high > low:
                    weights[video[name]] += PASSAGE * (value - low) / (high - low)
        return weights

    def walk(
        self,
        concepts: Mapping[str, float] | Iterable[str],
        *,
        similar: Mapping[str, float] | None = None,
        damping: float = DAMPING,
        top: int = 10,
    ) -> Found:
        """The ``top`` videos and concepts that are nearest to the given concepts in the graph.

        Args:
            concepts: names with weights, or names alone (weight 1).
            similar: similarity of videos to the question, such as a cosine; scaled to [0, 1], weight 0.05.
        """
        weights = concepts if isinstance(concepts, Mapping) else dict.fromkeys(concepts, 1.0)
        graph = self.graph()
        x = pagerank(graph, self.seeds(weights, similar), damping)

        def best(first: int, last: int) -> list[tuple[str, float]]:
            order = first + np.argsort(-x[first:last], kind="stable")[:top]
            return [(graph.nodes[i], float(x[i])) for i in order if x[i] > 0]

        return Found(best(graph.concepts, len(graph.nodes)), best(0, graph.concepts))

    def triples(self, found: Found, top: int = 10) -> list[tuple[Triple, float]]:
        """The triples of the found videos, by the visits of their concepts."""
        visits = dict(found.concepts)
        scored = [
            (
                m.triple,
                sum(visits.get(name or "", 0) for name in (m.triple.subject, m.triple.predicate, m.triple.object)),
            )
            for video, _ in found.videos
            for m in self.store.match(Pattern(video=video))
        ]
        return sorted(scored, key=lambda pair: -pair[1])[:top]


def build(store: TripleStore, space: str | None = None) -> Graph:
    """The graph of all triples; with ``space``, similar vectors of that space link their concepts too."""
    link = store.connection
    pairs = np.array(
        link.execute(
            "SELECT subject, object, count(*) FROM triples WHERE object IS NOT NULL AND object <> subject "
            "GROUP BY subject, object UNION ALL "
            "SELECT subject, predicate, count(*) FROM triples WHERE object IS NULL AND predicate <> subject "
            "GROUP BY subject, predicate"
        ).fetchall(),
        dtype=np.int64,
    ).reshape(-1, 3)
    occurs = np.array(
        link.execute(
            "SELECT subject, video FROM triples UNION SELECT predicate, video FROM triples UNION "
            "SELECT object, video FROM triples WHERE object IS NOT NULL"
        ).fetchall(),
        dtype=np.int64,
    ).reshape(-1, 2)
    concepts = np.unique(occurs[:, 0])
    videos = np.unique(occurs[:, 1])
    names = dict(link.execute("SELECT id, name FROM names").fetchall())
    c, v = np.searchsorted(concepts, occurs[:, 0]), len(concepts) + np.searchsorted(videos, occurs[:, 1])
    tail = [np.searchsorted(concepts, pairs[:, 0]), c]
    head = [np.searchsorted(concepts, pairs[:, 1]), v]
    weight = [pairs[:, 2].astype(float), np.ones(len(c))]
    if space is not None:
        a, b, cosine = synonyms(store, space, {names[int(i)]: k for k, i in enumerate(concepts)})
        tail.append(a)
        head.append(b)
        weight.append(cosine)
    t, h, w = np.concatenate(tail), np.concatenate(head), np.concatenate(weight)
    return Graph(
        tuple(names[int(i)] for i in concepts) + tuple(names[int(i)] for i in videos),
        len(concepts),
        np.concatenate([t, h]),
        np.concatenate([h, t]),
        np.concatenate([w, w]),
        np.bincount(c, minlength=len(concepts)),
    )


def synonyms(
    store: TripleStore, space: str, number: Mapping[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of concepts with a cosine of at least 0.8, at most the 100 nearest of each."""
    vectors = {n: x for n, x in store.vectors(space).items() if n in number}
    ids = np.array([number[n] for n in vectors], dtype=np.int64)
    if len(ids) < 2:
        return ids[:0], ids[:0], np.zeros(0)
    matrix = np.stack(list(vectors.values())).astype(np.float64)
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    found: dict[tuple[int, int], float] = {}
    for i in range(0, len(ids), 1024):
        cosine = matrix[i : i + 1024] @ matrix.T
        for row, column in zip(*np.nonzero(cosine >= SYNONYM), strict=True):
            k = i + int(row)
            if k != column and cosine[row, column] >= np.sort(cosine[row])[-min(NEIGHBOURS + 1, len(ids))]:
                found[min(k, int(column)), max(k, int(column))] = float(cosine[row, column])
    a, b = (np.array([ids[pair[side]] for pair in found], dtype=np.int64) for side in (0, 1))
    return a, b, np.array(list(found.values()))
