"""Score a trained model on labelled clips: the numbers of one row of the results table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from nesy.dsl.ast import Formula
from nesy.perception import PredicateModel
from nesy.reasoners.temporal.lifted import align
from nesy.scenegraph import SceneGraph, Vocabulary
from nesy.training.examples import Example, make_batch
from nesy.training.metrics import PredicateScores, macro, recall_at_1, scored

CANDIDATES = 32


@dataclass(frozen=True)
class Scores:
    """Macro averages over predicates, accuracy over tracks, retrieval over groups of 32 captions; shares of 1.

    per_predicate: name -> {kind, ap, f1, share}.
    """

    unary_map: float
    binary_map: float
    unary_f1: float
    binary_f1: float
    class_accuracy: float
    retrieval_r1: float
    per_predicate: dict[str, dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def predictions(
    model: PredicateModel, data: Sequence[Example], batch: int = 16
) -> Iterator[tuple[Example, SceneGraph]]:
    """Each example with its predicted scene graph (B = 1, on the CPU)."""
    device = next(model.parameters()).device
    model.eval()
    for start in range(0, len(data), batch):
        part = data[start : start + batch]
        with torch.no_grad():
            graph = model(make_batch(part).views.to(device)).to("cpu")
        for i, example in enumerate(part):
            yield example, graph.clip(i)


def evaluate(
    model: PredicateModel, data: Sequence[Example], *, retrieval: bool = True, assignments: int = 48
) -> Scores:
    """Score ``model`` on examples with truth. Video -> caption retrieval ranks 32 captions by P(spec) for each clip."""
    names = model.vocabulary
    unary, binary = PredicateScores(names.unary), PredicateScores(names.binary)
    hits: list[bool] = []
    graphs: list[tuple[Formula, SceneGraph]] = []
    for example, graph in predictions(model, data):
        if example.captions:
            graphs.append((example.captions[0].spec, graph))
        truth = example.truth
        if truth is None:
            continue
        here, both = scored(graph.present[0].numpy())
        unary.add(graph.unary[0].sigmoid().numpy()[here], truth.unary[here])
        binary.add(graph.binary[0].sigmoid().numpy()[both], truth.binary[both])
        seen = here.any(0) & (truth.classes >= 0)  # an object of a class that the task does not have is not scored
        hits += (graph.classes[0].argmax(-1).numpy() == truth.classes)[seen].tolist()
    per_unary, per_binary = unary.table(), binary.table()
    return Scores(
        macro(per_unary, "ap"),
        macro(per_binary, "ap"),
        macro(per_unary, "f1"),
        macro(per_binary, "f1"),
        float(np.mean(hits)) if hits else float("nan"),
        retrieve(graphs, assignments) if retrieval else float("nan"),
        {
            **{k: {"kind": "unary", **v} for k, v in per_unary.items()},
            **{k: {"kind": "binary", **v} for k, v in per_binary.items()},
        },
    )


def retrieve(pairs: Sequence[tuple[Formula, SceneGraph]], assignments: int = 48) -> float:
    """Video -> caption R@1 among 32: the share of clips whose own spec is the most probable of its group's.

    Groups of fewer than 32 clips are left out; NaN when there is no full group.
    """
    score, relevant = [], []
    for start in range(0, len(pairs) - CANDIDATES + 1, CANDIDATES):
        group = pairs[start : start + CANDIDATES]
        specs = [spec for spec, _ in group]
        for i, (_, graph) in enumerate(group):
            with torch.no_grad():
                out = align(specs, graph, clips=[0] * len(specs), assignments=assignments)
            # Ties in P = 1 are broken by how far P is from 1.
            score.append((out.log_prob - out.log_not).numpy())
            relevant.append(i)
    return recall_at_1(np.array(score), relevant) if score else float("nan")


def chance(data: Sequence[Example], vocabulary: Vocabulary) -> Scores:
    """What guessing reaches: AP equals a fact's share, classes and captions are drawn uniformly; F1 of always yes."""
    unary, binary = PredicateScores(vocabulary.unary), PredicateScores(vocabulary.binary)
    for example in data:
        if example.truth is None:
            continue
        here, both = scored(example.view.present.numpy())
        for scores, truth in ((unary, example.truth.unary[here]), (binary, example.truth.binary[both])):
            scores.add(np.ones(truth.shape, np.float32), truth)
    per_unary, per_binary = unary.table(), binary.table()
    return Scores(
        macro(per_unary, "ap"),
        macro(per_binary, "ap"),
        macro(per_unary, "f1"),
        macro(per_binary, "f1"),
        1 / max(1, len(vocabulary.classes)),
        1 / CANDIDATES,
        {
            **{k: {"kind": "unary", **v} for k, v in per_unary.items()},
            **{k: {"kind": "binary", **v} for k, v in per_binary.items()},
        },
    )
