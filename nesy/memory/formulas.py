"""A temporal formula asked over everything remembered: its probability on each video, best first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch

from nesy.dsl.ast import Formula
from nesy.dsl.check import check_formula
from nesy.dsl.elaborate import elaborate
from nesy.dsl.parser import parse_formula
from nesy.dsl.signature import Signature
from nesy.errors import DataError, GroundingError
from nesy.memory.remember import recall
from nesy.memory.store import TripleStore
from nesy.reasoners.temporal.query import Answer, Method, query
from nesy.scenegraph import SceneGraph, Vocabulary


@dataclass(frozen=True)
class Remembered:
    """The answer on one video.

    objects: global name of the object that each leading variable denotes in the most probable world.
    frames: the frames of its proof.
    error: why there is no answer on this video; then the probability is 0.
    """

    video: str
    probability: float
    answer: Answer | None
    objects: dict[str, str]
    frames: tuple[int, ...]
    fps: float | None
    error: str | None = None


def ask_formula(
    text: str | Formula,
    store: TripleStore,
    *,
    videos: Iterable[str] | None = None,
    method: Method = "auto",
    witness: bool = True,
) -> list[Remembered]:
    """P(formula) on every video whose graph is kept (or on ``videos``), the most probable first.

    A name that one video's graph does not know is false there; a name that no graph knows is an error.

    Raises:
        SpecSyntaxError, SpecTypeError: the formula.
        StoreError: a video without graph.
        DataError: nothing is remembered.
    """
    formula = parse_formula(text, "<formula>") if isinstance(text, str) else text
    chosen = list(videos) if videos is not None else [name for name, kept in store.known().items() if kept]
    if not chosen:
        raise DataError("no scene graph is kept in the memory", hint="`nesy memory add GRAPH.json --store DIR`")
    names = store.vocabulary()
    everything = Vocabulary(tuple(names["classes"]), tuple(names["unary"]), tuple(names["binary"]))
    signature = Signature.of(classes=everything.classes, unary=everything.unary, binary=everything.binary)
    check_formula(formula, signature, source=text if isinstance(text, str) else None)
    formula = elaborate(formula, signature)
    found: list[Remembered] = []
    for name in chosen:
        file = recall(store, name)
        rate = file.graph.fps[0]
        try:
            answer = query(formula, widen(file.graph, everything), method=method, witness=witness)
        except GroundingError as e:  # seconds without a frame rate, say: the other videos have an answer all the same
            found.append(Remembered(name, 0.0, None, {}, (), rate, e.message))
            continue
        w = answer.witness
        objects = {} if w is None else {x: f"{name}/{file.ids[o]}" for x, o in w.objects.items()}
        frames = () if w is None else w.frames
        found.append(Remembered(name, answer.probability, answer, objects, frames, rate))
    return sorted(found, key=lambda r: (r.error is not None, -r.probability))


def widen(graph: SceneGraph, vocabulary: Vocabulary) -> SceneGraph:
    """The same graph with further names, which are false in it."""
    if graph.vocabulary == vocabulary:
        return graph

    def grown(x: torch.Tensor, have: tuple[str, ...], want: tuple[str, ...]) -> torch.Tensor:
        wide = x.new_full((*x.shape[:-1], len(want)), -torch.inf)
        wide[..., [want.index(n) for n in have]] = x
        return wide

    v = graph.vocabulary
    return replace(
        graph,
        vocabulary=vocabulary,
        classes=grown(graph.classes, v.classes, vocabulary.classes),
        unary=grown(graph.unary, v.unary, vocabulary.unary),
        binary=grown(graph.binary, v.binary, vocabulary.binary),
    )
