"""The forward algorithm of a batch of automata in log space, with its gradient written out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from nesy.reasoners.temporal.logspace import DEEP


def scan(guards: Tensor, target: Tensor, end: Tensor, lengths: Tensor) -> Tensor:
    """log P(the automaton ends in a wanted state), from its initial state 0, [I, A].

    Args:
        guards: [T, I, S, W, A] log P of each of the W transitions out of each of the S states, in every frame.
        target: [I, S, W] where they lead.
        end: [I, S] bool, the wanted last states.
        lengths: [I] frames of each item; later frames are not read.
    """
    out: Tensor = _Scan.apply(guards, target, end, lengths)
    return out


class _Scan(torch.autograd.Function):
    """One pass from the last frame to the first; the backward pass retraces it with the transitions' posteriors.

    Autograd would find the same numbers, and keep six tensors a frame where one is enough.
    """

    @staticmethod
    def forward(ctx: Any, guards: Tensor, target: Tensor, end: Tensor, lengths: Tensor) -> Tensor:
        frames, i, s, w, a = guards.shape
        go = (target + torch.arange(i, device=target.device)[:, None, None] * s).reshape(-1)  # rows of [I * S]
        value = torch.where(end, 0.0, DEEP).to(guards.dtype).reshape(i * s, 1).expand(i * s, a).contiguous()
        posterior = torch.empty_like(guards)
        running = torch.arange(frames, device=lengths.device)[:, None] < lengths  # [T, I]
        whole = running.all(1).tolist()
        for frame in reversed(range(frames)):
            x = posterior[frame]
            torch.add(guards[frame], value.index_select(0, go).view(i, s, w, a), out=x)
            top = x.amax(2)
            total = x.sub_(top[:, :, None]).exp_().sum(2)
            # below DEEP nothing is told apart, and no gradient flows
            x.mul_(torch.where(top > DEEP, total.reciprocal(), 0.0)[:, :, None])
            moved = (top + total.log()).clamp_min(DEEP).view(i * s, a)
            if not whole[frame]:
                moved = torch.where(running[frame].repeat_interleave(s)[:, None], moved, value)
            value = moved
        ctx.save_for_backward(posterior, go, running)
        ctx.whole = whole
        return value.view(i, s, a)[:, 0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        posterior, go, running = ctx.saved_tensors
        frames, i, s, _, a = posterior.shape
        out = torch.empty_like(posterior)
        flow = grad.new_zeros(i, s, a)
        flow[:, 0] = grad
        for frame in range(frames):
            kept = None
            if not ctx.whole[frame]:
                on = running[frame][:, None, None]
                flow, kept = torch.where(on, flow, 0.0), torch.where(on, 0.0, flow)
            torch.mul(posterior[frame], flow[:, :, None], out=out[frame])
            flow = grad.new_zeros(i * s, a).index_add_(0, go, out[frame].view(-1, a)).view(i, s, a)
            if kept is not None:
                flow = flow + kept
        return out, None, None, None
