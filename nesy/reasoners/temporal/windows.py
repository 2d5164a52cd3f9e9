"""Temporal operators on sequences of degrees [B, T, ...] along axis 1.

``until`` and ``since`` come by definition, O(T^2) and right in every algebra, and as a scan, O(T), for distributive
ones. Sliding windows cost O(T) whatever their width: every window is the end of one block and the beginning of the
next, and both are running reductions within blocks (van Herk, 1992).
"""

from __future__ import annotations

import torch
from torch import Tensor

from nesy.reasoners.temporal.algebra import Algebra


def after(x: Tensor, by: int = 1, fill: float = 0.0) -> Tensor:
    """The value ``by`` positions later, ``fill`` beyond the end."""
    by = min(by, x.shape[1])
    return torch.cat([x[:, by:], x.new_full((x.shape[0], by, *x.shape[2:]), fill)], 1)


def before(x: Tensor, fill: float, by: int = 1) -> Tensor:
    """The value ``by`` positions earlier, ``fill`` before the beginning."""
    by = min(by, x.shape[1])
    return torch.cat([x.new_full((x.shape[0], by, *x.shape[2:]), fill), x[:, : x.shape[1] - by]], 1)


def sliding(x: Tensor, lo: int, hi: int | None, algebra: Algebra) -> Tensor:
    """The disjunction of x[i + lo .. i + hi] at each i; beyond the end there is nothing. Empty windows are bottom."""
    t = x.shape[1]
    if hi is None or hi >= t - 1:
        out = algebra.running_any(x.flip(1), 1).flip(1)  # to the end
        return after(out, lo, algebra.bottom)
    if hi < lo:
        return torch.full_like(x, algebra.bottom)
    width = hi - lo + 1
    blocks = -(-(t + width - 1) // width)
    padding = x.new_full((x.shape[0], blocks * width - t, *x.shape[2:]), algebra.bottom)
    folded = torch.cat([x, padding], 1).reshape(x.shape[0], blocks, width, *x.shape[2:])
    first = algebra.running_any(folded, 2).flatten(1, 2)  # from the block's beginning to here
    last = algebra.running_any(folded.flip(2), 2).flip(2).flatten(1, 2)  # from here to the block's end
    whole = torch.arange(t, device=x.device) % width == 0
    shape = (1, t, *(1,) * (x.ndim - 2))
    here, there = last[:, :t], first[:, width - 1 : width - 1 + t]
    # Where a window is exactly a block both parts are the whole block: disj would count it twice.
    nothing = torch.full((), algebra.bottom, dtype=x.dtype, device=x.device)
    out = algebra.disj(here, torch.where(whole.reshape(shape), nothing, there))
    return after(out, lo, algebra.bottom)


def until(left: Tensor, right: Tensor, lo: int, hi: int | None, algebra: Algebra, *, scan: bool = True) -> Tensor:
    """Some j in [i + lo, i + hi] has right[j], and left[k] for all k from i to j - 1."""
    left, right = left + torch.zeros_like(right), right + torch.zeros_like(left)
    if not (scan and algebra.distributive):
        return _until_by_definition(left, right, lo, hi, algebra)
    if lo > 0:
        # All of left before the window, then the same from its beginning on.
        ahead = until(left, right, 0, None if hi is None else hi - lo, algebra)
        held = algebra.neg(sliding(algebra.neg(left), 0, lo - 1, algebra))
        return algebra.conj(held, after(ahead, lo, algebra.bottom))
    value = torch.full_like(right[:, 0], algebra.bottom)
    out = []
    for p, q in zip(reversed(left.unbind(1)), reversed(right.unbind(1)), strict=True):
        value = algebra.disj(q, algebra.conj(p, value))
        out.append(value)
    unbounded = torch.stack(out[::-1], 1)
    if hi is None:
        return unbounded
    # The first right that ends an until is the first right at all: it is in time when any right is.
    return algebra.conj(unbounded, sliding(right, 0, hi, algebra))


def _until_by_definition(left: Tensor, right: Tensor, lo: int, hi: int | None, algebra: Algebra) -> Tensor:
    t = right.shape[1]
    held = torch.full_like(left, algebra.top)
    value = torch.full_like(right, algebra.bottom)
    for d in range(t if hi is None else min(t, hi + 1)):
        if d >= lo:
            value = algebra.disj(value, algebra.conj(held, after(right, d, algebra.bottom)))
        held = algebra.conj(held, after(left, d, algebra.top))
    return value


def since(left: Tensor, right: Tensor, lo: int, hi: int | None, algebra: Algebra, *, scan: bool = True) -> Tensor:
    """Some j in [i - hi, i - lo] has right[j], and left[k] for all k from j + 1 to i: until, seen from behind."""
    return until(left.flip(1), right.flip(1), lo, hi, algebra, scan=scan).flip(1)
