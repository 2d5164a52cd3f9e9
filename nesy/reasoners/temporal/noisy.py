"""The noisy-or over objects on one CPU core, with its gradient, in one loop: what :mod:`somes` does with tensors.

joint[u, n, t] = weight[u, n] + the sum of n's literals in frame t
no[u, t]  = sum over n of log (1 - exp(joint))
yes[u, t] = log (1 - exp(no)), or log of the sum of exp(joint) where that is so small that the former has no digits
"""

from __future__ import annotations

from math import exp, expm1, log, log1p
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from nesy.reasoners.temporal.compiled import compiled
from nesy.reasoners.temporal.logspace import FLOOR

SURE = -1e-7
"""A logarithm of a probability so near to 1 that its complement is cut off here."""

RARE = -1e-4
"""log (1 - P) from which on P is taken as the sum of its parts."""


def noisy_or(logs: Tensor, weight: Tensor, row: NDArray[np.int64], number: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """log P and log (1 - P) that some object has all its literals, [U, T] each.

    Args:
        logs: [R, T] rows of log-probabilities.
        weight: [U, N] log-weight of each object; FLOOR for those that do not count.
        row: [U, N, L] rows of each object's literals; number: [U] how many of them each proposition has.
    """
    yes, no = _NoisyOr.apply(logs, weight, row, number)
    return yes, no


class _NoisyOr(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logs: Tensor, weight: Tensor, row: NDArray[np.int64], number: NDArray[np.int64]
    ) -> tuple[Tensor, Tensor]:
        yes, no = (logs.new_empty(len(row), logs.shape[1]) for _ in range(2))
        weight = weight.detach().contiguous()
        forward(logs.detach().numpy(), weight.numpy(), row, number, yes.numpy(), no.numpy())
        ctx.save_for_backward(logs, weight, yes, no)
        ctx.row, ctx.number = row, number
        return yes, no

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, up: Tensor, down: Tensor) -> tuple[Tensor | None, ...]:
        logs, weight, yes, no = ctx.saved_tensors
        by_row, by_weight = torch.zeros_like(logs), torch.zeros_like(weight)
        backward(
            logs.detach().numpy(), weight.numpy(), ctx.row, ctx.number, yes.numpy(), no.numpy(),
            up.contiguous().numpy(), down.contiguous().numpy(), by_row.numpy(), by_weight.numpy(),
        )  # fmt: skip
        return by_row, by_weight, None, None


@compiled
def forward(logs: Any, weight: Any, row: Any, number: Any, yes: Any, no: Any) -> None:
    """Fill ``yes`` and ``no``."""
    count, objects = weight.shape
    frames = logs.shape[1]
    total, apart = np.empty(frames), np.empty(frames)  # the sum of the P, the product of the 1 - P
    joint = np.empty(frames, logs.dtype)
    floor, sure = logs.dtype.type(FLOOR), logs.dtype.type(SURE)
    for u in range(count):
        no[u] = 0
        total[:] = 0
        apart[:] = 1
        for n in range(objects):
            if weight[u, n] <= floor:
                continue
            joint[:] = weight[u, n]
            for k in range(number[u]):
                joint += logs[row[u, n, k]]
            for t in range(frames):
                x = min(joint[t], sure)
                if x < -0.6931:
                    p = exp(x)
                    total[t] += p
                    apart[t] *= 1.0 - p
                else:
                    p = expm1(x)
                    total[t] += 1.0 + p
                    apart[t] *= -p
                if apart[t] < 1e-250:
                    no[u, t] += log(apart[t])
                    apart[t] = 1
        for t in range(frames):
            none = no[u, t] + log(apart[t])
            if none > RARE:
                yes[u, t] = max(log(total[t]), floor) if total[t] > 0 else floor
                none = min(none, -total[t]) if total[t] < 1e-8 else none  # the product has no digits left
            elif none < -0.6931:
                yes[u, t] = log1p(-exp(none))
            else:
                yes[u, t] = log(-expm1(none))
            no[u, t] = max(none, floor)


@compiled
def backward(
    logs: Any, weight: Any, row: Any, number: Any, yes: Any, no: Any, up: Any, down: Any, by_row: Any, by_weight: Any
) -> None:
    """Add to ``by_row`` and ``by_weight`` the gradient of the literals and of the weights."""
    count, objects = weight.shape
    frames = logs.shape[1]
    joint = np.empty(frames, logs.dtype)
    floor, sure = logs.dtype.type(FLOOR), logs.dtype.type(SURE)
    for u in range(count):
        if not (up[u].any() or down[u].any()):
            continue
        for n in range(objects):
            if weight[u, n] <= floor:
                continue
            joint[:] = weight[u, n]
            for k in range(number[u]):
                joint += logs[row[u, n, k]]
            for t in range(frames):
                x = joint[t]
                if x >= sure or x <= floor:
                    joint[t] = 0
                    continue
                odds = 1 / expm1(-x)  # p / (1 - p)
                g = -down[u, t] * odds
                if no[u, t] > RARE:
                    if yes[u, t] > floor:
                        g += up[u, t] * exp(x - yes[u, t])
                elif no[u, t] > floor:
                    g += up[u, t] * odds / expm1(-no[u, t])
                joint[t] = g
                by_weight[u, n] += g
            for k in range(number[u]):
                by_row[row[u, n, k]] += joint
