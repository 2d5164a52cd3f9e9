"""Numbers that stand for logarithms of probabilities, and the few functions of them that torch does not have."""

from __future__ import annotations

import torch
from torch import Tensor

FLOOR = -1.0e4
"""The log-probability of an impossible fact: finite, so that gradients stay defined, and exp(FLOOR) is exactly 0."""

DEEP = -1.0e8
"""Where sums over frames stop: deep enough that the gradient of a nearly impossible long clip is not cut off."""


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(x)) for x <= 0, accurate at both ends (Maechler, 2012)."""
    x = x.clamp(max=-1e-7, min=FLOOR)
    small = x > -0.6931
    near = torch.log(-torch.expm1(torch.where(small, x, torch.full_like(x, -1.0))))
    far = torch.log1p(-torch.exp(torch.where(small, torch.full_like(x, -1.0), x)))
    return torch.where(small, near, far)


def scatter_logsumexp(x: Tensor, of: Tensor, count: int) -> Tensor:
    """log of the sum of exp(x) within each of ``count`` groups, over axis 0 of [I, ...]; DEEP for an empty group."""
    place = of.reshape(-1, *(1,) * (x.ndim - 1)).expand_as(x)
    top = x.new_full((count, *x.shape[1:]), DEEP).scatter_reduce(0, place, x.detach(), "amax", include_self=True)
    total = torch.zeros_like(top).index_add(0, of, (x - top[of]).exp())
    return top + torch.where(total > 0, total, torch.ones_like(total)).log()


def rest(classes: Tensor) -> Tensor:
    """log P(none of the classes) from the log P of each, [..., C] to [...]; FLOOR if they sum to 1 within rounding."""
    total = classes.exp().sum(-1)
    some = total < 1 - ROUNDING
    return torch.where(some, torch.log1p(-torch.where(some, total, torch.zeros_like(total))), FLOOR)


ROUNDING = 1e-6
"""What a sum of probabilities may differ from 1 in single precision."""
