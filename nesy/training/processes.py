"""Several processes that train one model: who writes, and gradients that are the mean of all.

``torchrun`` and ``accelerate launch`` start the processes and tell each its number in the environment. Every process
holds the whole model and takes its share of each batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import distributed as dist
from torch import nn


def is_main() -> bool:
    """Whether this process writes the run: the first of all, or the only one."""
    return int(os.environ.get("RANK", "0")) == 0


def count() -> int:
    """The number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def same_start(model: nn.Module) -> None:
    """Give every process the weights of the first."""
    if count() > 1:
        for tensor in model.state_dict().values():
            dist.broadcast(tensor, 0)


def average_gradients(parameters: Iterable[nn.Parameter], share: int) -> None:
    """Replace each gradient by the mean over processes, weighted by the clips each of them saw.

    A parameter that one process's clips did not reach counts as a zero gradient there. The gradients travel as one
    tensor of each number type, so that small models cost one message a step.
    """
    if count() == 1:
        return
    learned = [p for p in parameters if p.requires_grad]
    total = torch.tensor([float(share)], device=learned[0].device)
    dist.all_reduce(total)
    weight = share / float(total)
    for kind in {p.dtype for p in learned}:
        group = [p for p in learned if p.dtype == kind]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in group]) * weight
        dist.all_reduce(flat)
        for p, g in zip(group, torch.split(flat, [p.numel() for p in group]), strict=True):
            p.grad = g.reshape(p.shape).clone()


def average(values: dict[str, float], share: int) -> dict[str, float]:
    """Numbers of this step as the mean over processes, weighted by the clips each of them saw."""
    if count() == 1:
        return values
    rows: list[tuple[int, dict[str, float]] | None] = [None] * count()
    dist.all_gather_object(rows, (share, values))
    known = [row for row in rows if row is not None]
    names = sorted({name for _, row in known for name in row})
    out = {}
    for name in names:
        holders = [(n, row[name]) for n, row in known if name in row]
        out[name] = sum(n * x for n, x in holders) / sum(n for n, _ in holders)
    return out


def shares(indices: list[int], process: int, processes: int, fill: list[int]) -> list[int]:
    """The part of a batch that is this process's; a batch smaller than the number of processes is filled up."""
    whole = [*indices, *fill[: max(0, processes - len(indices))]]
    return whole[process::processes]
