"""The bridge from the temporal language: formulas on scene graphs, answered by the Datalog engine.

``nesy.dsl.scallop`` writes a formula as a program, this module gives the scene graph's facts to it. Under ``exact`` the
answer is that of the temporal reasoner; the other provenances give their own approximations of it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nesy.dsl.ast import Formula
from nesy.dsl.scallop import compile_formula
from nesy.dsl.signature import Signature
from nesy.errors import GroundingError
from nesy.reasoners.datalog.context import ScallopContext
from nesy.reasoners.temporal.exact import Facts
from nesy.scenegraph import SceneGraph

Rows = list[tuple[Any, tuple[Any, ...]]]


def clip_facts(graph: SceneGraph) -> tuple[dict[str, Rows], list[list[int]]]:
    """The facts of one clip (B = 1) as compiled programs expect them, and the groups of ``class_of`` that exclude.

    Tags are probabilities with their gradients, None where certain; impossible facts are left out.
    """
    facts = Facts(graph)
    frames, objects, names = range(facts.frames), range(facts.objects), facts.vocabulary
    rows: dict[str, Rows] = {
        "frame": [(None, (t,)) for t in frames],
        "object": [(None, (o,)) for o in objects],
        "unary": [(None, ("visible", t, o)) for t in frames for o in objects if bool(facts.present[t, o])],
        "binary": [],
        "class_of": [],
    }
    groups: list[list[int]] = []
    for o in objects:
        start = len(rows["class_of"])
        for c, name in enumerate(names.classes):
            _add(rows["class_of"], facts.classes[o, c], (name, o))
        groups.append(list(range(start, len(rows["class_of"]))))
    for t in frames:
        for o in objects:
            for k, name in enumerate(names.unary):
                _add(rows["unary"], facts.unary[t, o, k], (name, t, o))
            for other in objects:
                for k, name in enumerate(names.binary):
                    _add(rows["binary"], facts.binary[t, o, other, k], (name, t, o, other))
    return rows, [g for g in groups if len(g) > 1]


def _add(rows: Rows, probability: Tensor, values: tuple[Any, ...]) -> None:
    p = float(probability.detach())
    if p > 0:
        rows.append((None if p == 1 else probability, values))


def probability(
    formula: Formula, graph: SceneGraph, signature: Signature, *, provenance: str = "exact", k: int = 3
) -> Tensor:
    """P(formula) on one clip (B = 1), a scalar in float64 with its gradient.

    Args:
        formula: closed and checked; rules of the signature stay relations, so they may be recursive.
        provenance: a provenance with probabilities and gradients.

    Raises:
        GroundingError: a clip without frames, or a window in seconds without a frame rate.
    """
    if int(graph.lengths[0]) == 0:
        raise GroundingError("a clip without frames has no first frame to ask about")
    ctx = ScallopContext(provenance, k=k)
    ctx.add_program(compile_formula(formula, signature, name="spec", fps=graph.fps[0]))
    facts, groups = clip_facts(graph)
    name = ctx.compiled().program.queries[0]
    forward = ctx.forward_function(name, ())
    inputs = {relation: [rows] for relation, rows in facts.items()}
    out: Tensor = forward(disjunctions={"class_of": [groups]}, **inputs)
    return out.reshape(()).to(torch.float64)
