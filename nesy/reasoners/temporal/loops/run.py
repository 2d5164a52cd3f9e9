"""From items to log-probabilities on a CPU core: bindings, extras, scan, and the gradient of all three."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from nesy.reasoners.temporal import fused
from nesy.reasoners.temporal.automata import Automata
from nesy.reasoners.temporal.binding import Bindings
from nesy.reasoners.temporal.facts import FactTable, sort_table
from nesy.reasoners.temporal.layout import Distinct, Layout
from nesy.reasoners.temporal.logspace import DEEP, FLOOR, log1mexp
from nesy.reasoners.temporal.loops import scan
from nesy.reasoners.temporal.loops.choose import choose
from nesy.reasoners.temporal.loops.extras import Extras
from nesy.reasoners.temporal.loops.program import Ints, Program

TINY = 1e-200
"""Below this a probability is worked out with logarithms: a product may have left the range of doubles on the way."""

Flags = NDArray[np.bool_]


def run(
    distinct: Distinct, table: FactTable, limit: int, accept: Flags, reject: Flags
) -> tuple[Bindings, Tensor, Tensor]:
    """The bindings of each item, and log P(accept) and log P(reject) under each, [I, A].

    An entry is only right as far as it matters to its item: where it adds nothing that a double can hold to what the
    other bindings say, a probability below TINY is FLOOR.

    Args:
        accept, reject: [I] which of the two is computed for an item; the other is 1 minus it.
    """
    program = Program(distinct.cases, table)
    sorts, _ = sort_table(program.used, table.graph)  # [B, N, Q]
    there = torch.arange(table.n) < table.graph.objects[:, None]
    sorts = torch.where(there[..., None], sorts, FLOOR)
    bound = choose(program, distinct, table, sorts, limit)
    extras = Extras(program, distinct, bound, table, sorts)
    sides = [(True, accept), (False, reject)]
    found: tuple[Tensor, ...] = _Run.apply(table.logits, sorts, program, distinct, bound, table, extras, sides)
    yes, no = (_deepened(x, bound, distinct, table, *side) for x, side in zip(found, sides, strict=True))
    if not accept.all():
        yes = torch.where(torch.from_numpy(accept)[:, None], yes, log1mexp(no))
    if not reject.all():
        no = torch.where(torch.from_numpy(reject)[:, None], no, log1mexp(yes))
    return bound, yes.clamp_max(0), no.clamp_max(0)


def _deepened(
    log_prob: Tensor, bound: Bindings, distinct: Distinct, table: FactTable, accept: bool, asked: Flags
) -> Tensor:
    """The same with the items worked out with logarithms whose probability is too small, where that matters."""
    tiny = (log_prob.detach() < log(TINY)) & bound.live & torch.from_numpy(asked)[:, None]
    if not tiny.any():
        return log_prob
    weight = bound.weight.detach()
    if accept:  # beside a more probable binding it makes no difference
        best = (weight + log_prob.detach()).masked_fill(~bound.live | tiny, DEEP).amax(1, keepdim=True)
        tiny &= weight + log(TINY) > best - 100
    else:  # nor where the objects' classes are in doubt: 1 - weight + weight P
        tiny &= torch.log(-torch.expm1(weight.double().clamp_max(-1e-300))) < -100
    which = tiny.any(1).nonzero()[:, 0]
    if not len(which):
        return log_prob
    items = [distinct.items[k] for k in which.tolist()]
    clips = sorted({clip for clip, _ in items})
    part, live = Distinct([(clips.index(clip), case) for clip, case in items]), bound.live[which]
    layout = Layout(part, bound.objects[which], live, FactTable(table.graph.select(clips)))
    return log_prob.index_copy(0, which, fused.run(layout, Automata(part.cases), live, accept))


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, sorts: Tensor, program: Program, distinct: Distinct, bound: Bindings,
        table: FactTable, extras: Extras, sides: list[tuple[bool, Flags]],
    ) -> tuple[Tensor, ...]:  # fmt: skip
        (chances, _), live = table.numbers(), bound.live.numpy()
        rows = extras.rows(chances)
        ctx.fixed = (
            chances, *rows, table.columns, distinct.clip, distinct.of, table.graph.lengths.numpy()[distinct.clip],
            bound.objects.numpy(), live, extras.place, program.facts, program.first, *program.automata, program.ends,
        )  # fmt: skip
        ctx.rows, ctx.extras, ctx.sides, ctx.like = rows, extras, sides, (logits.dtype, sorts.dtype, sorts.shape)
        ctx.found, out = [], []
        for ends, asked in sides:
            p = np.ones(live.shape)
            scan.forward(*ctx.fixed, ends, asked, p)
            ctx.found.append(p)
            logs = np.log(np.maximum(p, TINY))
            logs[p < TINY] = FLOOR
            logs[~live] = DEEP
            out.append(torch.from_numpy(logs).to(logits.dtype))
        return tuple(out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        chances, live = ctx.fixed[0], ctx.fixed[8]
        by_odds = np.zeros((len(chances) // 2, chances.shape[1]))
        by_rows: tuple[Ints, ...] = tuple(np.zeros_like(x) for x in ctx.rows)
        dtype, sort_dtype, shape = ctx.like
        by_sort = np.zeros(shape)
        for (ends, asked), p, grad in zip(ctx.sides, ctx.found, grads, strict=True):
            wanted = live & asked[:, None] & (p >= TINY)
            scan.backward(*ctx.fixed, ends, np.where(wanted, grad.double().numpy(), 0.0), by_odds, *by_rows)
        ctx.extras.back(chances, ctx.rows, by_rows, by_odds, by_sort)
        return torch.from_numpy(by_odds).to(dtype), torch.from_numpy(by_sort).to(sort_dtype), *(None,) * 6
