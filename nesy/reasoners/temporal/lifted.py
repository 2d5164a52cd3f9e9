"""P(spec) for a batch of clips, every clip with its own spec: one pass over time for all of them at once.

For each clip, each assignment of objects to the variables has an exact probability, computed in log space by the
forward algorithm on the spec's automaton; all clips, cases and assignments advance together. The disjunction over
assignments shares facts (classes above all), so it is closed by a *named* combination:

    max       the most probable assignment; a lower bound.
    sum       the sum over assignments, at most 1; an upper bound (Boole).
    noisy_or  1 - prod(1 - P(assignment)); an upper bound for specs without negation when the classes are certain
              (positive association), else an approximation: two bindings that swap the classes of two objects exclude
              each other, and their union is then larger than independence says.

``max`` and ``sum`` are bounds where all quantifiers stand in front. One that stands inside an event, "some coin is
collected", is a proposition of its own, whose probability in a frame is the ``noisy_or`` over objects. That is exact
while classes are certain and no fact stands in two propositions; otherwise it takes the class of the object as drawn
anew in every frame, which can only raise the probability of specs without negation. For ``noisy_or``, where the objects
admit more assignments than that, variables that serve one event only are moved there instead of being enumerated.

Only the ``assignments`` most probable bindings of classes are followed; dropping others keeps ``max`` a lower bound
and makes the rest approximations, which :attr:`Alignment.truncated` reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import perm
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.binding import Bindings, bind
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.layout import Distinct, Item, Layout
from nesy.reasoners.temporal.logspace import DEEP, log1mexp, scatter_logsumexp
from nesy.reasoners.temporal.shape import Case, cases, prefix
from nesy.reasoners.temporal.transitions import Transitions
from nesy.scenegraph import SceneGraph

Union = Literal["max", "sum", "noisy_or"]
Side = Literal["both", "yes", "no"]
Flags = NDArray[np.bool_]

GROUP = 20_000
"""What one more group of items costs, in transitions of an assignment: the fixed price of its operations."""


@dataclass(frozen=True)
class Alignment:
    """What a batch of specs makes of a batch of clips.

    log_prob: [B] log P(spec), by ``union``.
    log_not: [B] log (1 - P(spec)), computed without cancellation.
    truncated: [B] bool, whether assignments were dropped.
    """

    log_prob: Tensor
    log_not: Tensor
    truncated: Tensor
    _bound: tuple[_Bound, ...] = field(default=(), repr=False)

    @cached_property
    def assignment(self) -> tuple[tuple[int, ...], ...]:
        """For each spec the most probable objects, by variable block; empty without variables or possible bindings."""
        best, found = [-torch.inf] * len(self.log_prob), [()] * len(self.log_prob)
        for bound in self._bound:
            top, place = bound.log_joint.detach().max(1)
            chosen = bound.objects[torch.arange(len(place), device=place.device), place].tolist()
            for of, width, p, objects in zip(bound.of.tolist(), bound.widths, top.tolist(), chosen, strict=True):
                if p > best[of]:
                    best[of], found[of] = p, tuple(objects[:width])
        return tuple(found)


@dataclass(frozen=True)
class _Bound:
    """Some of the items: their specs [I], numbers of blocks, objects [I, A, V], and log P of each binding [I, A]."""

    of: Tensor
    widths: Sequence[int]
    objects: Tensor
    log_joint: Tensor


def align(
    specs: Sequence[Formula],
    graph: SceneGraph | FactTable,
    *,
    clips: Sequence[int] | None = None,
    union: Union = "noisy_or",
    assignments: int = 64,
    side: Side | Sequence[Side] = "both",
) -> Alignment:
    """P(spec) of each of ``specs`` on its clip of ``graph`` (on clip ``clips[i]`` when given), differentiable.

    Args:
        graph: or its table of facts, which saves making it again where the same clips are asked several times.
        side: ``yes`` or ``no`` where only ``log_prob`` or only ``log_not`` is wanted, of all specs or of each one: half
            the work; the other is then 1 minus it, in the precision of the dtype.

    Raises:
        GroundingError: a spec that is not a quantifier-free body behind one ``exists``, an unknown predicate.
    """
    table = graph if isinstance(graph, FactTable) else FactTable(graph)
    graph = table.graph
    which = list(range(len(specs))) if clips is None else list(clips)
    # by identity first: in a batch of pairs every spec comes many times, and hashing a formula takes its time
    known: dict[tuple[int, float | None], tuple[Case, ...]] = {}
    for spec, clip in zip(specs, which, strict=True):
        if (id(spec), graph.fps[clip]) not in known:
            many = union == "noisy_or" and perm(table.n, len(prefix(spec)[0])) > assignments
            known[id(spec), graph.fps[clip]] = cases(spec, graph.vocabulary.classes, graph.fps[clip], many)
    mine = [known[id(spec), graph.fps[clip]] for spec, clip in zip(specs, which, strict=True)]
    items: list[Item] = [(clip, case) for clip, found in zip(which, mine, strict=True) for case in found]
    owner = [i for i, found in enumerate(mine) for _ in found]
    device, count = graph.unary.device, len(specs)
    log_prob = graph.unary.new_full((count,), DEEP)
    log_not = torch.zeros_like(log_prob)
    asked = [side] * count if isinstance(side, str) else list(side)
    dropped = torch.zeros(count, dtype=torch.bool, device=device)
    if not items:
        return Alignment(log_prob, log_not, dropped)
    misses, every = [], []
    # on a CPU nothing is padded
    groups = [range(len(items))] if device.type == "cpu" else similar([c for _, c in items], table.n, assignments)
    for members in groups:
        sides = [asked[owner[k]] for k in members]
        accept, reject = (np.array([side != other for side in sides]) for other in ("no", "yes"))
        ends = _by_loops if device.type == "cpu" else _by_tensors
        bound, yes, no = ends(Distinct([items[k] for k in members]), table, assignments, accept, reject)  # [I, A]
        log_joint = bound.weight + yes
        misses.append(_missed(bound.weight, log_joint, no, sides))
        of = torch.tensor([owner[k] for k in members], device=device)
        dropped[of[bound.truncated]] = True
        every.append(_Bound(of, [len(items[k][1].sorts) for k in members], bound.objects, log_joint))
    of = torch.cat([b.of for b in every])
    if union == "max":
        tops, places = zip(*(b.log_joint.max(1) for b in every), strict=True)
        top = torch.cat(tops)
        miss = torch.cat([m.gather(1, p[:, None])[:, 0] for m, p in zip(misses, places, strict=True)])
        log_prob = log_prob.scatter_reduce(0, of, top, "amax")
        best = top == log_prob.detach()[of]
        log_not = log_not.scatter_reduce(0, of[best], miss[best], "amin")
        return Alignment(log_prob, log_not, dropped, tuple(every))
    joint = torch.cat([b.log_joint.logsumexp(1) for b in every])
    if union == "sum":
        log_prob = scatter_logsumexp(joint, of, count).clamp_max(0)
        log_not = log1mexp(log_prob)
    else:
        log_prob, log_not = _noisy_or(joint, torch.cat([m.sum(1) for m in misses]), of, count)
    return Alignment(log_prob, log_not, dropped, tuple(every))


def _missed(weight: Tensor, log_joint: Tensor, no: Tensor, sides: Sequence[Side]) -> Tensor:
    """log P(not (the objects are of their classes and satisfy the body)), [I, A], from the side that was computed."""
    only_yes = [side == "yes" for side in sides]
    if all(only_yes):
        return log1mexp(log_joint)
    missed = _unless(weight, no)
    if not any(only_yes):
        return missed
    return torch.where(torch.tensor(only_yes, device=no.device)[:, None], log1mexp(log_joint), missed)


def _unless(weight: Tensor, no: Tensor) -> Tensor:
    """log (1 - w + w P(not body)): where the classes are certain that is P(not body) itself, however small it is."""
    return torch.where(weight == 0, no, torch.logaddexp(log1mexp(weight), weight + no)).clamp_max(0)


def _by_loops(
    distinct: Distinct, table: FactTable, assignments: int, accept: Flags, reject: Flags
) -> tuple[Bindings, Tensor, Tensor]:
    """The bindings, and log P(accept) and log P(reject) under each, [I, A]; a side not wanted is 1 minus the other."""
    from nesy.reasoners.temporal.loops.run import run  # here: numba takes half a second to load

    return run(distinct, table, assignments, accept, reject)


def _by_tensors(
    distinct: Distinct, table: FactTable, assignments: int, accept: Flags, reject: Flags
) -> tuple[Bindings, Tensor, Tensor]:
    """The same, on any device."""
    bound = bind(distinct, table, assignments)
    transitions = Transitions(Layout(distinct, bound.objects, bound.live, table))
    yes, no = (None if x is None else x.clamp_max(0) for x in transitions.run(bool(accept.any()), bool(reject.any())))
    if yes is None or no is None:
        some = yes if yes is not None else no
        assert some is not None
        return (bound, log1mexp(some), some) if yes is None else (bound, some, log1mexp(some))
    wanted, unwanted = (torch.from_numpy(x)[:, None].to(yes.device) for x in (accept, reject))
    return bound, torch.where(wanted, yes, log1mexp(no)), torch.where(unwanted, no, log1mexp(yes))


def similar(shapes: Sequence[Case], objects: int, assignments: int, most: int = 3) -> list[list[int]]:
    """The cases in at most ``most`` groups of similar size: what is padded together pays for the largest of its group.

    Cases with the same number of blocks of variables stay together as far as that goes, as they have equally many
    assignments; within a number of blocks the transitions decide.
    """

    def size(case: Case) -> tuple[int, int, int]:
        return min(assignments, perm(objects, len(case.sorts))), len(case.cubes.accepting), case.cubes.width

    if not shapes:
        return []
    order = sorted(range(len(shapes)), key=lambda k: size(shapes[k]))
    cost = [size(shapes[k]) for k in order]
    # best[g][e]: the least padded work of the first e cases in g groups; groups are runs of `order`
    ends = [e for e in range(1, len(order) + 1) if e == len(order) or cost[e] != cost[e - 1]]
    starts = [0, *ends[:-1]]
    best: dict[tuple[int, int], tuple[float, list[int]]] = {(0, 0): (0.0, [])}
    for g in range(1, most + 1):
        for e in ends:
            options = []
            top = (0, 0, 0)
            for s in reversed([s for s in starts if s < e]):
                top = tuple(map(max, zip(top, cost[e - 1], cost[s], strict=True)))  # type: ignore[assignment]
                if (g - 1, s) in best:
                    before, cut = best[g - 1, s]
                    options.append((before + (e - s) * top[0] * top[1] * top[2] + GROUP, [*cut, e]))
            if options:
                best[g, e] = min(options)
    _, cut = min(best[g, len(order)] for g in range(1, most + 1) if (g, len(order)) in best)
    return [order[s:e] for s, e in zip([0, *cut[:-1]], cut, strict=True)]


def align_frames(
    specs: Sequence[Formula], graph: SceneGraph, *, clips: Sequence[int] | None = None, assignments: int = 64
) -> tuple[Tensor, Tensor]:
    """Frame by frame: log P and log (1 - P) that an *event* happens in the frame, [B, T] each.

    An event is a spec whose body has no temporal operator; its assignments are joined by ``noisy_or``.

    Raises:
        GroundingError: a temporal operator in the body.
    """
    which = list(range(len(specs))) if clips is None else list(clips)
    table = FactTable(graph)
    items: list[Item] = []
    owner: list[int] = []
    for i, (spec, clip) in enumerate(zip(specs, which, strict=True)):
        for case in cases(spec, graph.vocabulary.classes, graph.fps[clip]):
            items.append((clip, case))
            owner.append(i)
    frames = graph.present.shape[1]
    if not items:
        return graph.unary.new_full((len(specs), frames), DEEP), graph.unary.new_zeros(len(specs), frames)
    distinct = Distinct(items)
    bound = bind(distinct, table, assignments)
    yes, no = Transitions(Layout(distinct, bound.objects, bound.live, table)).first_frame()  # [I, A, T]
    bound_to = bound.weight[..., None]
    miss = _unless(bound_to, no).sum(1)
    return _noisy_or((bound_to + yes).logsumexp(1), miss, torch.tensor(owner, device=miss.device), len(specs))


def _noisy_or(joint: Tensor, log_miss: Tensor, of: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """log P and log (1 - P) of independent alternatives: over the items of one owner, [I, ...] to [count, ...].

    joint, log_miss: log of the sum over an item's assignments of P, and of the product of 1 - P.
    """
    log_not = log_miss.new_zeros(count, *log_miss.shape[1:]).index_add(0, of, log_miss)
    # Where 1 - prod(1 - p) is tiny the product loses all digits and equals the sum of the p to first order.
    total = scatter_logsumexp(joint, of, count)
    return torch.where(log_not > -1e-4, total, log1mexp(log_not)).clamp_max(0), log_not
