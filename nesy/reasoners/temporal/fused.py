"""The forward algorithm of a batch on one CPU core: facts, guards and scan of each assignment in one loop.

The same numbers as :mod:`nesy.reasoners.temporal.scan`, which is written for a GPU: there every item is padded to the
largest automaton of its batch, and the guards of all are in memory at once. A core is faster without both.
"""

from __future__ import annotations

from math import exp, log1p
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from nesy.reasoners.temporal.automata import Automata
from nesy.reasoners.temporal.compiled import compiled
from nesy.reasoners.temporal.layout import Layout
from nesy.reasoners.temporal.logspace import DEEP

NEGLIGIBLE = -40.0
"""A transition less probable than the best of its state by this (a logarithm) does not count: 4e-18."""


def run(layout: Layout, automata: Automata, live: Tensor, accept: bool) -> Tensor:
    """log P(the automaton accepts), or that it rejects, of each item and assignment, [I, A]; DEEP where not live."""
    out: Tensor = _Run.apply(layout.base, layout.extra, layout, automata, live, accept)
    return out


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, base: Tensor, extra: Tensor, layout: Layout, automata: Automata, live: Tensor, accept: bool
    ) -> Tensor:
        of, lengths = layout.distinct.of, layout.lengths.numpy()
        alive, frames = live.numpy(), base.shape[1]
        needed = alive.sum(1) * automata.sizes[of] * frames
        start = np.concatenate([[0], needed.cumsum()])
        posterior = np.empty(start[-1] if ctx.needs_input_grad[0] or ctx.needs_input_grad[1] else 0, base.numpy().dtype)
        out = torch.full(live.shape, DEEP, dtype=base.dtype)
        ends = automata.accepting if accept else automata.rejecting
        fixed = (layout.row.numpy(), layout.away.numpy(), of, lengths, alive, *automata.tables)
        forward(base.numpy(), extra.numpy(), *fixed, ends, start, posterior, out.numpy())
        ctx.fixed, ctx.start, ctx.posterior, ctx.shapes = fixed, start, posterior, (base.shape, extra.shape)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        base, extra = (grad.new_zeros(shape) for shape in ctx.shapes)
        backward(base.numpy(), extra.numpy(), *ctx.fixed, ctx.start, ctx.posterior, grad.contiguous().numpy())
        return base, extra, None, None, None, None


@compiled
def forward(
    base: Any, extra: Any, row: Any, away: Any, of: Any, lengths: Any, alive: Any,
    states: Any, first: Any, source: Any, target: Any, begin: Any, literal: Any, used: Any,
    ends: Any, start: Any, posterior: Any, out: Any,
) -> None:  # fmt: skip
    """Fill ``out`` and, where it is not empty, ``posterior``: of each transition given its state, frame by frame."""
    facts, frames = base.shape
    width = row.shape[1]
    logs = np.empty((2 * width, frames), base.dtype)
    most = states.max()
    value, after = np.empty(most, base.dtype), np.empty(most, base.dtype)
    x = np.empty(1 + max(1, (first[1:] - first[:-1]).max()), base.dtype)
    deep, zero = base.dtype.type(DEEP), base.dtype.type(0)
    keep = len(posterior) > 0
    for i in range(len(of)):
        c = of[i]
        e0, e1 = first[c], first[c + 1]
        place = start[i]
        for a in range(alive.shape[1]):
            if not alive[i, a]:
                continue
            for k in range(used[c]):
                r = row[i, k, a]
                if r < facts:
                    logs[2 * k] = base[r]
                    logs[2 * k + 1] = base[r + away[i, k, a]]
                else:
                    logs[2 * k] = extra[r - facts]
                    logs[2 * k + 1] = extra[r - facts + away[i, k, a]]
            for s in range(states[c]):
                after[s] = zero if ends[c, s] else deep
            for t in range(lengths[i] - 1, -1, -1):
                e = e0
                while e < e1:
                    s, f, top = source[e], e, deep
                    while f < e1 and source[f] == s:
                        total = after[target[f]]
                        for k in range(begin[f], begin[f + 1]):
                            total += logs[literal[k], t]
                        x[f - e0] = total
                        if total > top:
                            top = total
                        f += 1
                    if top <= deep:
                        value[s] = deep
                        if keep:
                            for k in range(e, f):
                                posterior[place + t * (e1 - e0) + k - e0] = zero
                    elif f == e + 1:
                        value[s] = top
                        if keep:
                            posterior[place + t * (e1 - e0) + e - e0] = 1
                    else:
                        rest, counted = zero, False
                        for k in range(e, f):
                            d = x[k - e0] - top
                            if d == 0 and not counted:
                                counted = True
                                x[k - e0] = 1
                            elif d < NEGLIGIBLE:
                                x[k - e0] = zero
                            else:
                                x[k - e0] = exp(d)
                                rest += x[k - e0]
                        value[s] = top + log1p(rest)
                        if keep:
                            scale = 1 / (1 + rest)
                            for k in range(e, f):
                                posterior[place + t * (e1 - e0) + k - e0] = x[k - e0] * scale
                    e = f
                value, after = after, value
            out[i, a] = after[0]
            place += frames * (e1 - e0)


@compiled
def backward(
    base: Any, extra: Any, row: Any, away: Any, of: Any, lengths: Any, alive: Any,
    states: Any, first: Any, source: Any, target: Any, begin: Any, literal: Any, used: Any,
    start: Any, posterior: Any, grad: Any,
) -> None:  # fmt: skip
    """Add to ``base`` and ``extra`` the gradient of the facts: probability flows forward along the posteriors."""
    facts, frames = base.shape
    width = row.shape[1]
    logs = np.empty((2 * width, frames), base.dtype)
    most = states.max()
    flow, after = np.empty(most, base.dtype), np.empty(most, base.dtype)
    for i in range(len(of)):
        c = of[i]
        e0, e1 = first[c], first[c + 1]
        place = start[i]
        for a in range(alive.shape[1]):
            if not alive[i, a]:
                continue
            if grad[i, a] != 0:
                logs[: 2 * used[c], : lengths[i]] = 0
                flow[:] = 0
                flow[0] = grad[i, a]
                for t in range(lengths[i]):
                    after[: states[c]] = 0
                    for e in range(e0, e1):
                        g = flow[source[e]]
                        if g != 0:
                            g *= posterior[place + t * (e1 - e0) + e - e0]
                            after[target[e]] += g
                            for k in range(begin[e], begin[e + 1]):
                                logs[literal[k], t] += g
                    flow, after = after, flow
                for k in range(used[c]):
                    r = row[i, k, a]
                    for sign in range(2):
                        at = r + sign * away[i, k, a]
                        for t in range(lengths[i]):
                            if r < facts:
                                base[at, t] += logs[2 * k + sign, t]
                            else:
                                extra[at - facts, t] += logs[2 * k + sign, t]
            place += frames * (e1 - e0)
