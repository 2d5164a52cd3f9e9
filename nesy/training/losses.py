"""The four losses of learning from captions, each a mean over what it counts (sources: LASER, ICLR 2025; see docs).

    alignment    -log P(own spec)
    contrastive  -log P(not (another caption's spec))
    temporal     BCE between an event's probability per frame and 1, weighted by where the caption says it happens
    semantic     -log P(constraint) per object and frame, and -log P(absent word never happens)

None of them is zero or without gradient when no proof is found: all probabilities are computed in log space.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import torch
from torch import Tensor

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.lifted import FLOOR, align
from nesy.scenegraph import SceneGraph

CAP = 20.0
"""Negative log-probabilities are softly limited here, so that one hopeless caption cannot drown a batch."""


def soft_cap(x: Tensor, cap: float = CAP) -> Tensor:
    """``x`` up to about ``cap``, then growing like its logarithm; increasing, so that the gradient never vanishes."""
    return torch.where(x <= cap, x, cap * (1 + torch.log((x / cap).clamp_min(1))))


def alignment(specs: Sequence[Formula], graph: SceneGraph, clips: Sequence[int], limit: int) -> Tensor:
    """Mean of -log P(spec) over the pairs (spec, clip)."""
    return soft_cap(-align(specs, graph, clips=clips, assignments=limit).log_prob).mean()


def contrastive(specs: Sequence[Formula], graph: SceneGraph, clips: Sequence[int], limit: int) -> Tensor:
    """Mean of -log (1 - P(spec)) over pairs of a clip and a spec of another caption."""
    return soft_cap(-align(specs, graph, clips=clips, assignments=limit).log_not).mean()


def location_weights(hint: ast.Hinted, frames: int) -> Tensor:
    """How much each frame counts for an event said to happen at ``hint.location``, [T], frames numbered 0..T-1.

    Coarse words are ramps over the first, middle or last 30 % of the clip; a stretch [a, b] of the clip is a tent
    around its middle, ``max(0, 1 - |s/n - (a+b)/2| / (b - a + 0.5))`` (facts of the LASER release, both forms).
    """
    i = torch.arange(1, frames + 1, dtype=torch.float64)
    reach = ceil(0.3 * frames)
    match hint.location:
        case "early":
            w = (reach - i + 1) / reach
        case "late":
            w = (i - (frames - reach)) / reach
        case "mid":
            half, middle = ceil(reach / 2), ceil(frames / 2)
            w = (half - (middle - i).abs() + 1) / half
        case (lo, hi):
            at = (i - 0.5) / frames
            w = 1 - (at - float(lo + hi) / 2).abs() / (float(hi - lo) + 0.5)
        case _:
            w = torch.ones(frames, dtype=torch.float64)
    return w.clamp(0, 1)


def events(formula: Formula) -> list[ast.Hinted]:
    """The located events of a spec."""
    return [f for f in ast.walk(formula) if isinstance(f, ast.Hinted) and f.location is not None]


def word_specs(predicate: str, arity: int) -> Formula:
    """ "Somewhere, some time": the formula that a word which never applies makes false."""
    names = ("x", "y")[:arity]
    return ast.Exists(tuple(ast.Binding(n) for n in names), ast.Eventually(ast.Atom(predicate, names)))


def negated(constraint: Formula) -> Formula:
    """``not (constraint)`` as a spec: some objects break it. Free variables range over all objects."""
    body: Formula = constraint
    bindings: tuple[ast.Binding, ...] = ()
    while isinstance(body, ast.Forall):
        bindings += body.bindings
        body = body.body
    match body:
        case ast.Always(inner, window):
            broken: Formula = ast.Eventually(ast.Not(inner), window)
        case _:
            broken = ast.Not(body)
    return ast.Exists(bindings, broken) if bindings else broken


__all__ = ["CAP", "FLOOR", "Fraction", "alignment", "contrastive", "events", "location_weights", "negated", "soft_cap"]
