"""The four losses of learning from captions, each a mean over what it counts (sources: LASER, ICLR 2025; see docs).

    alignment    -log P(own spec)
    contrastive  -log P(not (another caption's spec))
    temporal     BCE between an event's probability per frame and 1, weighted by where the caption says it happens
    semantic     -log P(constraint) per object and frame, and -log P(absent word never happens)

None of them is zero or without gradient when no proof is found: all probabilities are computed in log space.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.variables import free
from nesy.reasoners.temporal.exclusive import Rule
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.lifted import align, align_frames
from nesy.reasoners.temporal.pointwise import FrameFacts, log_probability
from nesy.reasoners.temporal.shape import prefix
from nesy.scenegraph import SceneGraph

CAP = 20.0
"""Negative log-probabilities are softly limited here, so that one hopeless caption cannot drown a batch."""


def soft_cap(x: Tensor, cap: float = CAP) -> Tensor:
    """``x`` up to about ``cap``, then growing like its logarithm; increasing, so that the gradient never vanishes."""
    return torch.where(x <= cap, x, cap * (1 + torch.log((x / cap).clamp_min(1))))


@dataclass(frozen=True)
class Asked:
    """A loss that is made of P(spec), or of 1 - P(spec), of some pairs of a spec and a clip.

    value: from the logarithms of these, one a pair, to losses by name.
    """

    pairs: Sequence[tuple[Formula, int]]
    side: Literal["yes", "no"]
    value: Callable[[Tensor], dict[str, Tensor]]


def answered(asked: Sequence[Asked], graph: SceneGraph | FactTable, limit: int) -> dict[str, Tensor]:
    """The losses by name, all in one pass of the reasoner; one without pairs is left out.

    limit: bindings of a spec's variables that are followed.
    """
    asked = [a for a in asked if a.pairs]
    out = align(
        [spec for a in asked for spec, _ in a.pairs],
        graph,
        clips=[clip for a in asked for _, clip in a.pairs],
        assignments=limit,
        side=[a.side for a in asked for _ in a.pairs],
    )
    parts: dict[str, Tensor] = {}
    first = 0
    for a in asked:
        these = slice(first, first := first + len(a.pairs))
        parts |= a.value(out.log_prob[these] if a.side == "yes" else out.log_not[these])
    return parts


def alignment(specs: Sequence[Formula], clips: Sequence[int]) -> Asked:
    """``alignment``: the mean of -log P(spec) over the pairs (spec, clip)."""
    return Asked(list(zip(specs, clips, strict=True)), "yes", lambda found: {"alignment": soft_cap(-found).mean()})


def contrastive(name: str, pairs: Sequence[tuple[Formula, int]]) -> Asked:
    """``name``: the mean of -log (1 - P(spec)) over pairs of a spec and a clip where it is false."""
    return Asked(pairs, "no", lambda found: {name: soft_cap(-found).mean()})


def discrimination(specs: Sequence[Formula], clips: Sequence[int], false: Sequence[tuple[int, Formula]] = ()) -> Asked:
    """``discrimination``: symmetric cross-entropy of "which caption belongs to this clip, which clip to this caption".

    The scores are log P(spec | clip), so that a clip is told apart by ratios of probabilities, however small they are:
    unlike ``contrastive`` it does not pull all probabilities to their base rate first. ``false`` adds (index, spec)
    contrasts to the candidates of a clip. ``alignment`` comes with it. Source: MIL-NCE (Miech et al., 2020) and CLIP,
    on exact probabilities.
    """
    n = len(specs)
    numbers: dict[Formula, int] = {}
    which = torch.tensor([numbers.setdefault(s, len(numbers)) for s in specs])
    same = (which[:, None] == which) & ~torch.eye(n, dtype=torch.bool)
    seen: Counter[int] = Counter()
    place = []
    for i, _ in false:  # row i, behind its n captions
        place.append((i, seen[i]))
        seen[i] += 1

    def value(found: Tensor) -> dict[str, Tensor]:
        # Softly limited: one caption that its clip cannot satisfy yet would outweigh all others of the batch.
        out = -soft_cap(-found, 2 * CAP)
        score = out[: n * n].reshape(n, n).masked_fill(same.to(out.device), -1e9)
        target = torch.arange(n, device=out.device)
        rows = score
        if place:
            extra = score.new_full((n, max(seen.values())), -1e9)
            row, column = torch.tensor(place, device=out.device).T
            rows = torch.cat([score, extra.index_put((row, column), out[n * n :])], 1)
        loss = (cross_entropy(rows, target) + cross_entropy(score.T, target)) / 2
        own = found[: n * n].reshape(n, n).diagonal()
        return {"discrimination": loss, "alignment": soft_cap(-own).mean()}

    pairs = [(specs[j], clips[i]) for i in range(n) for j in range(n)] + [(f, clips[i]) for i, f in false]
    return Asked(pairs, "yes", value)


def location_weights(event: Formula, frames: int) -> Tensor:
    """How much each frame counts for an event ``f @ location``, [T]; 1 everywhere when no location is given.

    Coarse words are ramps over the first, middle or last 30 % of the clip; a stretch [a, b] of the clip is a tent
    around its middle, ``max(0, 1 - |s/n - (a+b)/2| / (b - a + 0.5))`` (facts of the LASER release, both forms).
    """
    i = torch.arange(1, frames + 1, dtype=torch.float64)
    reach = ceil(0.3 * frames)
    match event.location if isinstance(event, ast.Hinted) else None:
        case "early":
            w = (reach - i + 1) / reach
        case "late":
            w = (i - (frames - reach)) / reach
        case "mid":
            half, middle = ceil(reach / 2), ceil(frames / 2)
            w = (half - (middle - i).abs() + 1) / reach
        case (lo, hi):
            at = (i - 0.5) / frames
            w = 1 - (at - float(lo + hi) / 2).abs() / (float(hi - lo) + 0.5)
        case _:
            w = torch.ones(frames, dtype=torch.float64)
    return w.clamp(0, 1)


def temporal(specs: Sequence[Formula], graph: SceneGraph, clips: Sequence[int], limit: int) -> Tensor:
    """Mean over located events of the weighted BCE between the event's probability per frame and 1."""
    found = [(e, c) for spec, c in zip(specs, clips, strict=True) for e in located_events(spec)]
    if not found:
        return graph.unary.sum() * 0
    log_prob, _ = align_frames([e for e, _ in found], graph, clips=[c for _, c in found], assignments=limit)
    weights = torch.zeros_like(log_prob)
    for row, (event, clip) in enumerate(found):
        n = int(graph.lengths[clip])
        weights[row, :n] = location_weights(prefix(event)[1], n).to(weights)
    cost = soft_cap(-log_prob) * weights
    return (cost.sum(1) / weights.sum(1).clamp_min(1e-6)).mean()


_ABOUT_A_FRAME = (
    ast.Truth, ast.Atom, ast.Equal, ast.Distinct, ast.Hinted, ast.Exists,
    ast.Not, ast.And, ast.Or, ast.Implies, ast.Iff,
)  # fmt: skip


def located_events(spec: Formula) -> list[Formula]:
    """The events that a spec says to happen at some place of the clip, each closed by the bindings of its variables.

    A hint on more than one frame, ``(a then b) @ early``, is one on each of its events. Hints on what is denied or said
    under a condition, under ``forall`` or a count, are not read: there no frame's probability of an event has to rise.
    """
    out: list[Formula] = []

    def visit(f: Formula, said: bool, scope: tuple[ast.Binding, ...], hint: ast.Hinted | None) -> None:
        event = not isinstance(f, ast.Hinted) and all(isinstance(g, _ABOUT_A_FRAME) for g in ast.walk(f))
        if said and hint is not None and event:
            used = tuple(b for b in scope if b.var in free(f))
            located = ast.Hinted(f, hint.location, hint.duration)
            out.append(ast.Exists(used, located) if used else located)
            return
        match f:
            case ast.Hinted(body):
                visit(body, said, scope, f if f.location is not None else hint)
            case ast.Not(body):
                visit(body, not said, scope, hint)
            case ast.Exists(bindings, body):
                inner = {b.var for b in bindings}
                visit(body, said, (*(b for b in scope if b.var not in inner), *bindings), hint)
            case ast.Implies() | ast.Iff() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                pass
            case _:
                for g in ast.children(f):
                    visit(g, said, scope, hint)

    visit(spec, True, (), None)
    return out


@lru_cache(maxsize=4096)
def word_specs(predicate: str, arity: int) -> Formula:
    """ "Somewhere, some time": the formula that a word which never applies makes false."""
    names = ("x", "y")[:arity]
    return ast.Exists(tuple(ast.Binding(n) for n in names), ast.Eventually(ast.Atom(predicate, names)))


def breach(rules: Sequence[Rule], table: FactTable) -> Tensor:
    """-log P(rule), summed over rules and choices of different present objects, averaged over frames and clips."""
    graph = table.graph
    if graph.unary.device.type == "cpu":
        from nesy.reasoners.temporal.loops.breaches import cost_of_rules  # here: numba takes half a second to load

        return cost_of_rules(rules, table, CAP) / graph.lengths.sum().clamp_min(1)
    return breach_by_tensors(rules, graph)


def breach_by_tensors(rules: Sequence[Rule], graph: SceneGraph) -> Tensor:
    """As ``breach``, on any device."""
    facts, total = FrameFacts(graph), graph.unary.new_zeros(())
    here = graph.present
    among = {1: here, 0: here.any(2)}
    among[2] = here[:, :, :, None] & here[:, :, None, :]
    among[2] = among[2] & ~torch.eye(here.shape[2], dtype=torch.bool, device=here.device)
    for rule in rules:
        cost = soft_cap(-log_probability(rule.body, rule.variables, graph, facts))
        total = total + torch.where(among[len(rule.variables)], cost, 0.0).sum()
    return total / graph.lengths.sum().clamp_min(1)


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
