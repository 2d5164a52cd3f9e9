"""What was seen becomes triples: scene graphs into the store and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError
from nesy.memory.intervals import Thresholds, intervals
from nesy.memory.store import IS_A, StoreError, Triple, TripleStore
from nesy.scenegraph import GraphFile, read_graph
from nesy.scenegraph.file import graph_to_json, parse_graph

DEFAULT = Thresholds()


def remember(
    scene_graph: GraphFile,
    store: TripleStore,
    *,
    video: str,
    source: str = "",
    thresholds: Thresholds = DEFAULT,
    keep_graph: bool = True,
    replace: bool = False,
) -> int:
    """Store a scene graph (B = 1) as interval triples, in one transaction; returns how many.

    Object ``o1`` of video ``clip`` gets the global name ``clip/o1``. ``keep_graph`` stores the frame probabilities
    too (deflated), so that a formula can be asked over everything remembered.

    Raises:
        StoreError: the video is remembered already and ``replace`` is False.
    """
    rate, frames = scene_graph.graph.fps[0], int(scene_graph.graph.lengths[0])
    v = scene_graph.graph.vocabulary
    kept = None
    if keep_graph:
        kept = json.dumps(graph_to_json(scene_graph, digits=6), separators=(",", ":")).encode()
    return store.add_episode(
        video, triples(scene_graph, video=video, source=source, thresholds=thresholds), frames=frames, fps=rate,
        graph=kept, vocabulary={"classes": v.classes, "unary": v.unary, "binary": v.binary}, replace=replace,
    )  # fmt: skip


def triples(
    scene_graph: GraphFile, *, video: str, source: str = "", thresholds: Thresholds = DEFAULT
) -> Iterator[Triple]:
    """The interval triples of a scene graph, class memberships first."""
    g = scene_graph.graph.clip(0)
    v, rate, frames = g.vocabulary, g.fps[0], int(g.lengths[0])
    present = g.present[0].cpu().numpy()
    classes = g.classes[0].detach().cpu().double().exp().numpy()
    unary = g.unary[0].detach().cpu().double().sigmoid().numpy() * present[:, :, None]
    both = present[:, :, None] & present[:, None, :]
    binary = g.binary[0].detach().cpu().double().sigmoid().numpy() * both[..., None]
    names = [f"{video}/{i}" for i in scene_graph.ids]

    def found(subject: str, predicate: str, other: str | None, series: NDArray[np.float64]) -> Iterator[Triple]:
        for i in intervals(series, thresholds):
            yield Triple(
                subject, predicate, other, video, i.start, i.end, min(1.0, i.mean), min(1.0, i.peak), rate, source
            )

    for o, name in enumerate(names):
        seen = np.flatnonzero(present[:, o])
        if frames == 0 or not len(seen):
            continue
        for c in np.argsort(-classes[o], kind="stable"):
            p = min(1.0, float(classes[o, c]))
            if p >= thresholds.membership:
                yield Triple(name, IS_A, v.classes[c], video, int(seen[0]), int(seen[-1]) + 1, p, p, rate, source)
    for o, u in np.argwhere((unary >= thresholds.enter).any(0)) if unary.size else ():
        yield from found(names[o], v.unary[u], None, unary[:, o, u])
    for s, o, r in np.argwhere((binary >= thresholds.enter).any(0)) if binary.size else ():
        yield from found(names[s], v.binary[r], names[o], binary[:, s, o, r])


def remember_file(path: Path, store: TripleStore, *, video: str | None = None, replace: bool = False,
                  source: str | None = None, thresholds: Thresholds = DEFAULT) -> int:  # fmt: skip
    """The same for a scene-graph file; the video's name is the file's without ending, unless given."""
    return remember(
        read_graph(path), store, video=video or file_name(path), source=path.name if source is None else source,
        thresholds=thresholds, replace=replace,
    )  # fmt: skip


def file_name(path: Path) -> str:
    """The name of the video of a scene-graph file: the file's, without ``.json`` or ``.graph.json``."""
    return path.name.removesuffix(".json").removesuffix(".graph") or path.name


def recall(store: TripleStore, video: str) -> GraphFile:
    """The scene graph of a remembered video.

    Raises:
        StoreError: unknown video, or one whose graph was not kept, or is damaged.
    """
    data = store.graph(video)
    if data is None:
        raise StoreError(f"no scene graph of `{video}` is kept in the memory")
    try:
        return parse_graph(json.loads(data))
    except (DataError, ValueError) as e:
        raise StoreError(f"{store.where}: the scene graph of `{video}` is damaged ({e})") from None
