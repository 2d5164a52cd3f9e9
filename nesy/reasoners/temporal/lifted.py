"""P(spec) for a batch of clips, every clip with its own spec: one pass over time for all of them at once.

For each clip, each assignment of objects to the variables has an exact probability, computed in log space by the
forward algorithm on the spec's automaton; all clips, cases and assignments advance together. The disjunction over
assignments shares facts (classes above all), so it is closed by a *named* combination:

    max       the most probable assignment; a lower bound, always.
    sum       the sum over assignments, at most 1; an upper bound, always (Boole).
    noisy_or  1 - prod(1 - P(assignment)); an upper bound for specs without negation when the classes are certain
              (positive association), else an approximation: two bindings that swap the classes of two objects exclude
              each other, and their union is then larger than independence says.

For ``noisy_or``, where the objects admit more assignments than that, variables that serve one event only are not
enumerated: after miniscoping, "some coin is collected" is a proposition of
its own, whose probability in a frame is the ``noisy_or`` over objects. That is exact while classes are certain and no
fact stands in two propositions; otherwise it takes the class of the object as drawn anew in every frame, which can
only raise the probability of specs without negation.

Only the ``assignments`` most probable bindings of classes are followed; dropping others keeps ``max`` a lower bound
and makes the rest approximations, which :attr:`Alignment.truncated` reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from math import perm
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from nesy.dsl.ast import Formula, Window
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.core import LOCAL, Part, Some
from nesy.reasoners.temporal.definition import VISIBLE, inside
from nesy.reasoners.temporal.shape import Case, Sort, cases, prefix
from nesy.scenegraph import SceneGraph

FLOOR = -1.0e4
"""The log-probability of an impossible fact: finite, so that gradients stay defined, and exp(FLOOR) is exactly 0."""

DEEP = -1.0e8
"""Where sums over frames stop: deep enough that the gradient of a nearly impossible long clip is not cut off."""

Union = Literal["max", "sum", "noisy_or"]


@dataclass(frozen=True)
class Alignment:
    """What a batch of specs makes of a batch of clips.

    log_prob: [B] log P(spec), by ``union``.
    log_not: [B] log (1 - P(spec)), computed without cancellation.
    assignment: per clip the most probable objects, by variable block, empty for a spec without variables.
    truncated: [B] bool, whether assignments were dropped.
    """

    log_prob: Tensor
    log_not: Tensor
    assignment: tuple[tuple[int, ...], ...]
    truncated: Tensor


def align(
    specs: Sequence[Formula],
    graph: SceneGraph,
    *,
    clips: Sequence[int] | None = None,
    union: Union = "noisy_or",
    assignments: int = 64,
) -> Alignment:
    """P(spec) of each of ``specs`` on its clip of ``graph`` (on clip ``clips[i]`` when given), differentiable.

    Raises:
        GroundingError: a spec that is not a quantifier-free body behind one ``exists``, an unknown predicate.
    """
    which = list(range(len(specs))) if clips is None else list(clips)
    table = _FactTable(graph)
    items: list[tuple[int, Case]] = []  # one per (spec, case)
    owner: list[int] = []
    for i, (spec, clip) in enumerate(zip(specs, which, strict=True)):
        many = union == "noisy_or" and perm(graph.present.shape[2], len(prefix(spec)[0])) > assignments
        for case in cases(spec, graph.vocabulary.classes, graph.fps[clip], many):
            items.append((clip, case))
            owner.append(i)
    device, count = graph.unary.device, len(specs)
    if not items:
        nothing = graph.unary.new_full((count,), FLOOR)
        return Alignment(nothing, torch.zeros_like(nothing), ((),) * count, torch.zeros(count, dtype=torch.bool))
    bound, weight, truncated = _bind(items, table, assignments)  # [I, A, V], [I, A], [I]
    batch = _Batch(items, bound, table)
    log_yes, log_no = batch.forward()  # [I, A]
    log_joint = weight + log_yes
    # P(not (binding and body)) = 1 - w + w * P(not body)
    log_miss = torch.logaddexp(_log1mexp(weight), weight + log_no).clamp_max(0)
    of = torch.tensor(owner, device=device)
    best, place = log_joint.detach().max(1)
    none = graph.unary.new_full((count,), DEEP)
    if union == "max":
        top = none.scatter_reduce(0, of, log_joint.gather(1, place[:, None])[:, 0], "amax", include_self=True)
        log_prob, log_not = top, _log1mexp(top)
    elif union == "sum":
        log_prob = _scatter_logsumexp(torch.logsumexp(log_joint, 1), of, count).clamp_max(0)
        log_not = _log1mexp(log_prob)
    else:
        log_prob, log_not = _noisy_or(log_joint, log_miss, of, count)
    chosen: list[tuple[int, ...]] = [()] * count
    score = [-np.inf] * count
    for k, i in enumerate(owner):
        if float(best[k]) > score[i]:
            score[i] = float(best[k])
            chosen[i] = tuple(int(o) for o in bound[k, int(place[k]), : len(items[k][1].sorts)])
    dropped = torch.zeros(count, dtype=torch.bool, device=device)
    dropped[of[truncated]] = True
    return Alignment(log_prob, log_not, tuple(chosen), dropped)


def align_frames(
    specs: Sequence[Formula], graph: SceneGraph, *, clips: Sequence[int] | None = None, assignments: int = 64
) -> tuple[Tensor, Tensor]:
    """Frame by frame: log P and log (1 - P) that an *event* happens in the frame, [B, T] each.

    An event is a spec whose body has no temporal operator; its assignments are joined by ``noisy_or``.

    Raises:
        GroundingError: a temporal operator in the body.
    """
    which = list(range(len(specs))) if clips is None else list(clips)
    table = _FactTable(graph)
    items: list[tuple[int, Case]] = []
    owner: list[int] = []
    for i, (spec, clip) in enumerate(zip(specs, which, strict=True)):
        for case in cases(spec, graph.vocabulary.classes, graph.fps[clip]):
            items.append((clip, case))
            owner.append(i)
    frames = graph.present.shape[1]
    if not items:
        return graph.unary.new_full((len(specs), frames), DEEP), graph.unary.new_zeros(len(specs), frames)
    bound, weight, _ = _bind(items, table, assignments)
    batch = _Batch(items, bound, table)
    yes, no = batch.first_frame()  # [I, A, T]
    bound_to = weight[..., None]
    miss = torch.logaddexp(_log1mexp(bound_to), bound_to + no).clamp_max(0)
    return _noisy_or(bound_to + yes, miss, torch.tensor(owner, device=miss.device), len(specs))


def _noisy_or(joint: Tensor, miss: Tensor, of: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """log P and log (1 - P) of independent alternatives: over axis 1 of [I, A, ...] and over items of one owner."""
    log_not = miss.new_zeros(count, *miss.shape[2:]).index_add(0, of, miss.sum(1))
    # Where 1 - prod(1 - p) is tiny the product loses all digits and equals the sum of the p to first order.
    total = _scatter_logsumexp(torch.logsumexp(joint, 1), of, count)
    return torch.where(log_not > -1e-4, total, _log1mexp(log_not)).clamp_max(0), log_not


def _scatter_logsumexp(x: Tensor, of: Tensor, count: int) -> Tensor:
    """log of the sum of exp(x) within each of ``count`` groups; FLOOR for an empty group."""
    place = of.reshape(-1, *(1,) * (x.ndim - 1)).expand_as(x)
    top = x.new_full((count, *x.shape[1:]), DEEP).scatter_reduce(0, place, x.detach(), "amax", include_self=True)
    total = torch.zeros_like(top).index_add(0, of, (x - top[of]).exp())
    return top + total.clamp_min(1e-30).log()


def _log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(x)) for x <= 0, accurate at both ends (Maechler, 2012)."""
    x = x.clamp(max=-1e-7, min=FLOOR)
    small = x > -0.6931
    near = torch.log(-torch.expm1(torch.where(small, x, torch.full_like(x, -1.0))))
    far = torch.log1p(-torch.exp(torch.where(small, torch.full_like(x, -1.0), x)))
    return torch.where(small, near, far)


class _FactTable:
    """All facts of a batch in one table [B, T, F] of log-odds: unary, then binary, then visibility."""

    def __init__(self, graph: SceneGraph) -> None:
        self.graph = graph
        b, t, n = graph.present.shape
        _, self.u, self.r = graph.vocabulary.sizes()
        self.n = n
        here = graph.present
        absent = torch.full((), -torch.inf, device=graph.unary.device, dtype=graph.unary.dtype)
        unary = torch.where(here[..., None], graph.unary, absent)
        both = here[:, :, :, None] & here[:, :, None, :]
        binary = torch.where(both[..., None], graph.binary, absent)
        visible = torch.where(here, -absent, absent)
        always, never = -absent.expand(b, t, 1), absent.expand(b, t, 1)
        self.logits = torch.cat([unary.flatten(2), binary.flatten(2), visible, always, never], -1)
        self.always = self.logits.shape[-1] - 2
        self.unary = {name: i for i, name in enumerate(graph.vocabulary.unary)}
        self.binary = {name: i for i, name in enumerate(graph.vocabulary.binary)}
        self._peak: Tensor | None = None

    def peak(self) -> Tensor:
        """The highest log-odds of each fact in any frame, [B, F]."""
        if self._peak is None:
            self._peak = self.logits.detach().amax(1)
        return self._peak

    def column(self, name: str, arity: int) -> tuple[int, int, int]:
        """The affine map (base, stride of first object, stride of second) from objects to a column of the table."""
        n, u, r = self.n, self.u, self.r
        if arity == 1 and name in self.unary:
            return self.unary[name], u, 0
        if arity == 2 and name in self.binary:
            return n * u + self.binary[name], n * r, r
        if arity == 1 and name == VISIBLE:
            return n * u + n * n * r, 1, 0
        raise GroundingError(
            f"the scene graph has no predicate `{name}` with {arity} argument(s)",
            hint="check the spec against the domain: nesy check",
        )


@lru_cache(maxsize=256)
def _placements(objects: int, blocks: int) -> Tensor:
    """All ways to give ``blocks`` different objects, [A, V]."""
    ways = list(permutations(range(objects), blocks))
    return torch.tensor(ways, dtype=torch.long).reshape(len(ways), blocks)


def _bind(items: Sequence[tuple[int, Case]], table: _FactTable, limit: int) -> tuple[Tensor, Tensor, Tensor]:
    """The most promising bindings of each item: objects [I, A, V], log-weight of their classes [I, A], truncated [I].

    Promising: by the classes and by the best frame of each fact that the spec can need; where the classes say little,
    it is the facts that tell which binding could hold at all. Without a possible binding the weight is FLOOR.
    """
    graph, facts = table.graph, table
    n, device = graph.present.shape[2], graph.classes.device
    fitness, column = _sort_table([s for _, c in items for s in c.sorts], graph)  # [B, N, Q]
    exists = torch.arange(n, device=device) < graph.objects[:, None]  # [B, N]
    width = max(1, *(len(case.sorts) for _, case in items))
    bound: list[Tensor | None] = [None] * len(items)
    weight: list[Tensor | None] = [None] * len(items)
    truncated = torch.zeros(len(items), dtype=torch.bool, device=device)
    groups: dict[int, list[int]] = {}
    for k, (_, case) in enumerate(items):
        groups.setdefault(len(case.sorts), []).append(k)
    for blocks, members in groups.items():
        ways = _placements(n, blocks).to(device)  # [A, V]
        if not len(ways):
            continue
        clip = torch.tensor([items[k][0] for k in members], device=device)
        sort = torch.tensor([[column[s] for s in items[k][1].sorts] for k in members], device=device)
        sort = sort.reshape(len(members), blocks)
        free = torch.where(exists[clip], 0.0, FLOOR).to(fitness.dtype)  # [M, N]
        total = fitness.new_zeros(len(members), len(ways))
        for v in range(blocks):
            fitting = fitness[clip].gather(2, sort[:, v, None, None].expand(-1, n, 1))[..., 0] + free
            total = total + fitting[:, ways[:, v]]
        total = total.clamp_min(FLOOR)
        keep = min(limit, len(ways))
        rank = total.detach()
        if keep < len(ways):
            rank = rank + _promise([items[k] for k in members], facts, ways)
        index = rank.topk(keep, dim=1).indices
        value = total.gather(1, index)
        over = (total > FLOOR / 2).sum(1) > keep
        for j, k in enumerate(members):
            bound[k], weight[k], truncated[k] = ways[index[j]], value[j], over[j]
    most = max((w.shape[0] for w in weight if w is not None), default=1)
    objects = torch.zeros(len(items), most, width, dtype=torch.long, device=device)
    weights = []
    for k, (b, w) in enumerate(zip(bound, weight, strict=True)):
        if b is None or w is None:
            weights.append(graph.classes.new_full((most,), FLOOR))
            continue
        objects[k, : b.shape[0], : b.shape[1]] = b
        weights.append(torch.cat([w, w.new_full((most - w.shape[0],), FLOOR)]))
    return objects, torch.stack(weights), truncated


@torch.no_grad()
def _promise(items: Sequence[tuple[int, Case]], table: _FactTable, ways: Tensor) -> Tensor:
    """The log-probability, in its best frame, of every fact that the spec uses positively; summed, [M, A]."""
    needs = [
        [p for j, p in enumerate(case.propositions) if not isinstance(p, (Part, Some)) and case.positive[:, j].any()]
        for _, case in items
    ]
    most = max(map(len, needs), default=0)
    if not most:
        return ways.new_zeros(len(items), len(ways), dtype=table.logits.dtype)
    column = np.zeros((3, len(items), most), np.int64)
    column[0] = table.always
    block = np.zeros((2, len(items), most), np.int64)
    for i, props in enumerate(needs):
        for k, (name, *args) in enumerate(props):
            column[:, i, k] = table.column(str(name), len(args))
            block[: len(args), i, k] = args
    base, first, second = torch.from_numpy(column).to(ways.device)[:, :, None]
    one, two = torch.from_numpy(block).to(ways.device)
    if ways.shape[1]:
        index = base + first * ways[:, one].movedim(0, 1) + second * ways[:, two].movedim(0, 1)  # [M, A, K]
    else:
        index = base.expand(-1, len(ways), -1)
    clip = torch.tensor([c for c, _ in items], device=ways.device)
    best = logsigmoid(table.peak()[clip]).clamp_min(FLOOR)  # [M, F]
    return best.gather(1, index.flatten(1)).reshape(index.shape).sum(-1)


def _contradict(a: Sort, b: Sort) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a != b
    return (isinstance(a, str) and a in b) or (isinstance(b, str) and b in a)


def _sort_table(sorts: Sequence[Sort], graph: SceneGraph) -> tuple[Tensor, dict[Sort, int]]:
    """log P(object has the sort) for every sort in use, [B, N, Q], and the column of each sort."""
    number = {name: i for i, name in enumerate(graph.vocabulary.classes)}
    column: dict[Sort, int] = {s: k for k, s in enumerate(dict.fromkeys(sorts))}
    columns = []
    for sort in column:
        unknown = [c for c in ([sort] if isinstance(sort, str) else sort) if c not in number]
        if unknown:
            raise GroundingError(
                f"the scene graph has no class `{unknown[0]}`", hint=did_you_mean(unknown[0], number) or "nesy check"
            )
        if isinstance(sort, str):
            columns.append(graph.classes[..., number[sort]].clamp_min(FLOOR))
        elif sort:
            among = graph.classes[..., [number[c] for c in sorted(sort)]].clamp_min(FLOOR)
            columns.append(_log1mexp(among.logsumexp(-1)))
        else:
            columns.append(graph.classes.new_zeros(graph.classes.shape[:2]))
    if not columns:
        return graph.classes.new_zeros(*graph.classes.shape[:2], 0), column
    return torch.stack(columns, -1), column


class _Batch:
    """The automata of all items, padded to one table and run together."""

    def __init__(self, items: Sequence[tuple[int, Case]], bound: Tensor, table: _FactTable) -> None:
        device, dtype = table.logits.device, table.logits.dtype
        self.clip = torch.tensor([clip for clip, _ in items], device=device)
        self.lengths = table.graph.lengths[self.clip]
        count, k = len(items), max(1, *(len(c.propositions) for _, c in items))
        states = max(len(c.accepting) for _, c in items)
        width = max(int(np.bincount(c.source).max()) for _, c in items)  # cubes of one state
        shape = (count, states, width)
        positive, negative = np.zeros((*shape, k), np.float32), np.zeros((*shape, k), np.float32)
        self_loop = np.broadcast_to(np.arange(states)[None, :, None], shape)
        target, closed = self_loop.copy(), np.ones(shape, bool)
        accepting = np.zeros((count, states), bool)
        column = np.zeros((3, count, k), np.int64)
        block = np.zeros((2, count, k), np.int64)
        parts: list[tuple[int, int, Part]] = []
        somes: list[tuple[int, int, Some]] = []
        for i, (_, case) in enumerate(items):
            slot = _rank_within(case.source)
            positive[i, case.source, slot, : len(case.propositions)] = case.positive
            negative[i, case.source, slot, : len(case.propositions)] = case.negative
            target[i, case.source, slot], closed[i, case.source, slot] = case.target, False
            accepting[i, : len(case.accepting)] = case.accepting
            for j, p in enumerate(case.propositions):
                if isinstance(p, Part):
                    parts.append((i, j, p))
                    continue
                if isinstance(p, Some):
                    somes.append((i, j, p))
                    continue
                name, *args = p
                column[:, i, j] = table.column(str(name), len(args))
                block[: len(args), i, j] = args
        self.accepting = torch.from_numpy(accepting).to(device)
        self.target = torch.from_numpy(target).to(device)
        self.closed = torch.from_numpy(closed).to(device)
        literal = np.concatenate([positive, negative], -1).reshape(count, states * width, 2 * k)
        self.literal = torch.from_numpy(literal).to(device, dtype)
        base, first, second = torch.from_numpy(column).to(device)
        one, two = torch.from_numpy(block).to(device)
        a = bound.shape[1]

        def pick(which: Tensor) -> Tensor:
            return bound.gather(2, which[:, None, :].expand(-1, a, -1))

        index = base[:, None] + first[:, None] * pick(one) + second[:, None] * pick(two)  # [I, A, K]
        self.index = index.clamp_max(table.logits.shape[2] - 1)  # a batch without objects has only the last column
        self.table, self.parts, self.k = table, parts, k
        self.somes, self.bound, self.items = somes, bound, items

    def guards(self) -> Tensor:
        """Log-probability of every transition cube at every frame: [I, S, W, A, T]."""
        i, a, k = self.index.shape
        logits = self.table.logits[self.clip]  # [I, T, F]
        t = logits.shape[1]
        x = logits.gather(2, self.index.reshape(i, 1, a * k).expand(-1, t, -1)).reshape(i, t, a, k)
        x = x.permute(0, 3, 2, 1)  # [I, K, A, T]
        if self.parts:
            known = torch.zeros(i, k, t, dtype=x.dtype)
            for item, j, part in self.parts:
                n = int(self.lengths[item])
                window = Window(part.lo, part.hi, "fraction")
                known[item, j] = torch.tensor([torch.inf if inside(window, f, n) else -torch.inf for f in range(t)])
            known = known.to(x.device)
            x = torch.where((known != 0)[:, :, None], known[:, :, None], x)
        yes, no = logsigmoid(x).clamp_min(FLOOR), logsigmoid(-x).clamp_min(FLOOR)
        if self.somes:
            some_yes, some_no = self._some()  # [J, A, T]
            row = torch.tensor([i * k + j for i, j, _ in self.somes], device=x.device)
            yes = yes.flatten(0, 1).index_copy(0, row, some_yes).reshape(yes.shape)
            no = no.flatten(0, 1).index_copy(0, row, some_no).reshape(no.shape)
        logs = torch.cat([yes, no], 1)  # [I, 2K, A, T]
        out = torch.bmm(self.literal, logs.reshape(i, 2 * k, a * t)).reshape(i, *self.target.shape[1:], a, t)
        return torch.where(self.closed[..., None, None], out.new_full((), DEEP), out)

    def _some(self) -> tuple[Tensor, Tensor]:
        """log P and log (1 - P) of the propositions "some object ...", [J, A, T] each."""
        table, device = self.table, self.bound.device
        graph, n, a = table.graph, table.n, self.bound.shape[1]
        count, most = len(self.somes), max(len(p.literals) for _, _, p in self.somes)
        if n == 0:
            nothing = table.logits.new_full((count, a, table.logits.shape[1]), FLOOR)
            return nothing, torch.zeros_like(nothing)
        item = torch.tensor([i for i, _, _ in self.somes], device=device)
        column = np.zeros((3, count, most), np.int64)  # affine maps of the literals, padded with what always holds
        column[0] = table.always
        block = np.zeros((2, count, most), np.int64)
        own = np.zeros((2, count, most), bool)  # whether the argument is the quantified object itself
        sign = np.ones((count, most), np.float32)
        for row, (_, _, p) in enumerate(self.somes):
            for k, (name, args, positive) in enumerate(p.literals):
                column[:, row, k] = table.column(name, len(args))
                sign[row, k] = 1 if positive else -1
                for place, arg in enumerate(args):
                    own[place, row, k] = arg == LOCAL
                    block[place, row, k] = max(arg, 0)
        base, first, second = torch.from_numpy(column).to(device)
        objects = torch.arange(n, device=device)

        def argument(place: int) -> Tensor:  # [J, A, N, L]
            there = torch.from_numpy(block[place]).to(device)[:, None, :].expand(-1, a, -1)
            fixed = self.bound[item].gather(2, there)
            mine = torch.from_numpy(own[place]).to(device)[:, None, None, :]
            return torch.where(mine, objects[None, None, :, None], fixed[:, :, None, :])

        index = base[:, None, None] + first[:, None, None] * argument(0) + second[:, None, None] * argument(1)
        logits = table.logits[self.clip[item]]  # [J, T, F]
        t = logits.shape[1]
        x = logits.gather(2, index.reshape(count, 1, -1).expand(-1, t, -1)).reshape(count, t, a, n, most)
        signed = x * torch.from_numpy(sign).to(x)[:, None, None, None]
        body = logsigmoid(signed).clamp_min(FLOOR).sum(-1)  # [J, T, A, N]
        sorts, where = _sort_table([s for _, _, p in self.somes for s in (p.sort,)], graph)
        weight = sorts[self.clip[item], :, torch.tensor([where[p.sort] for _, _, p in self.somes], device=device)]
        real = objects < graph.objects[self.clip[item], None]
        weight = torch.where(real, weight, FLOOR)[:, None, None, :]  # [J, 1, 1, N]
        taken = self._taken(item)  # an object bound to a variable of another class is not of this one
        joint = (weight + body + taken[:, None]).clamp_min(FLOOR)
        log_no = _log1mexp(joint).sum(-1)
        log_yes = torch.where(log_no > -1e-4, torch.logsumexp(joint, -1), _log1mexp(log_no))
        shape = (0, 2, 1)
        return log_yes.permute(shape).clamp(FLOOR, 0), log_no.permute(shape).clamp(FLOOR, 0)

    def _taken(self, item: Tensor) -> Tensor:
        """FLOOR for objects that this assignment already binds as something of a contradicting class, [J, A, N]."""
        n = self.table.n
        out = self.table.logits.new_zeros(len(self.somes), self.bound.shape[1], n)
        for row, (i, _, p) in enumerate(self.somes):
            for k, sort in enumerate(self.items[i][1].sorts):
                if _contradict(sort, p.sort):
                    out[row].scatter_(1, self.bound[i, :, k : k + 1], FLOOR)
        return out

    def forward(self) -> tuple[Tensor, Tensor]:
        """log P(accept) and log P(reject) of each item and assignment, [I, A] each: one scan from the last frame."""
        guards = self.guards()
        i, s, w, a, t = guards.shape
        end = torch.stack([self.accepting, ~self.accepting], -1)  # [I, S, 2]
        value = torch.where(end, 0.0, DEEP).to(guards.dtype)[:, :, None, :].expand(i, s, a, 2)
        go = self.target.reshape(i, s * w, 1, 1).expand(i, s * w, a, 2)
        steps = guards.unbind(-1)  # not guards[..., frame]: the gradient of T slices would be T full tensors
        for frame in reversed(range(t)):
            later = value.gather(1, go).reshape(i, s, w, a, 2)
            moved = torch.logsumexp(steps[frame][..., None] + later, 2).clamp_min(DEEP)
            value = torch.where((frame < self.lengths)[:, None, None, None], moved, value)
        return value[:, 0, :, 0].clamp_max(0), value[:, 0, :, 1].clamp_max(0)

    def first_frame(self) -> tuple[Tensor, Tensor]:
        """log P that one frame alone leads from the initial state to acceptance, and to rejection; [I, A, T] each."""
        guards = self.guards()[:, 0]  # [I, W, A, T]
        settled = self.accepting.gather(1, self.target[:, 0])  # [I, W]
        for i in range(len(settled)):
            for s in set(self.target[i, 0].tolist()):
                if not bool((self.target[i, s] == s).all()):
                    raise GroundingError(
                        "an event must not contain temporal operators", hint="name a fact of one frame"
                    )
        yes = guards.masked_fill(~settled[..., None, None], DEEP).logsumexp(1)
        no = guards.masked_fill(settled[..., None, None], DEEP).logsumexp(1)
        return yes.clamp_max(0), no.clamp_max(0)


def _rank_within(source: np.ndarray) -> np.ndarray:
    """The running number of each entry among the entries with the same source."""
    seen: dict[int, int] = {}
    out = np.zeros_like(source)
    for row, s in enumerate(source.tolist()):
        out[row] = seen.get(s, 0)
        seen[s] = out[row] + 1
    return out
