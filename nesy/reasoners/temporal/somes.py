"""Propositions "some object is ...", of one frame: the ``noisy_or`` over the objects of a clip, as rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nesy.reasoners.temporal.core import LOCAL, Some
from nesy.reasoners.temporal.facts import FactTable, sort_table
from nesy.reasoners.temporal.logspace import FLOOR, log1mexp
from nesy.reasoners.temporal.shape import Sort

Kind = tuple[Some, tuple[int, ...]]
"""A proposition whose other objects are numbered 0, 1, ..., and those of them that it cannot itself stand for."""


def ask(some: Some, sorts: Sequence[Sort]) -> tuple[Kind, tuple[int, ...]]:
    """The kind of a proposition among blocks of these sorts, and the blocks its objects 0, 1, ... stand for."""
    against = {v for v, sort in enumerate(sorts) if _contradict(sort, some.sort)}
    blocks = tuple(sorted(against | {a for _, args, _ in some.literals for a in args if a != LOCAL}))
    number = {LOCAL: LOCAL, **{b: k for k, b in enumerate(blocks)}}
    literals = tuple((name, tuple(number[a] for a in args), sign) for name, args, sign in some.literals)
    return (Some(some.sort, literals), tuple(number[b] for b in sorted(against))), blocks


def some_rows(
    kinds: Sequence[Kind], kind: Tensor, clip: Tensor, objects: Tensor, table: FactTable
) -> tuple[Tensor, Tensor]:
    """log P and log (1 - P) of U propositions in every frame, [U, T] each.

    Args:
        kind, clip: [U] which of ``kinds``, asked of which clip.
        objects: [U, W] what the numbered objects of the kind are.
    """
    graph, n, device = table.graph, table.n, clip.device
    logs = table.literals()
    count, t, half = len(kind), logs.shape[1], len(logs) // 2
    if n == 0:
        return logs.new_full((count, t), FLOOR), logs.new_zeros(count, t)
    local = torch.arange(n, device=device)
    most = max(1, *(len(p.literals) for p, _ in kinds))
    # [3, Q, L] and [2, Q, L]; a kind with fewer literals is padded with what always holds
    column, who = np.zeros((3, len(kinds), most), np.int64), np.full((2, len(kinds), most), LOCAL)
    column[0] = table.always
    against = np.zeros((len(kinds), objects.shape[1]), bool)
    for k, (p, numbers) in enumerate(kinds):
        against[k, list(numbers)] = True
        for j, (name, args, positive) in enumerate(p.literals):
            column[:, k, j] = table.column(name, len(args))
            column[0, k, j] += 0 if positive else half
            who[: len(args), k, j] = args
    base, *strides = torch.from_numpy(column).to(device)[:, kind]  # [U, L] each
    row = ((clip * table.columns)[:, None] + base)[:, None]  # [U, 1, L]
    for stride, arg in zip(strides, torch.from_numpy(who).to(device)[:, kind], strict=True):
        fixed = objects.gather(1, arg.clamp_min(0))
        row = row + stride[:, None] * torch.where((arg == LOCAL)[:, None], local[:, None], fixed[:, None])
    sorts, where = sort_table([p.sort for p, _ in kinds], graph)
    weight = sorts[clip, :, torch.tensor([where[p.sort] for p, _ in kinds], device=device)[kind]]
    # an object bound to a variable of another class is not of this one
    taken = (torch.from_numpy(against).to(device)[kind][..., None] & (objects[..., None] == local)).any(1)
    weight = torch.where((local < graph.objects[clip, None]) & ~taken, weight, FLOOR)  # [U, N]
    if device.type == "cpu":
        from nesy.reasoners.temporal.noisy import noisy_or  # here: numba takes half a second to load

        number = np.array([len(p.literals) for p, _ in kinds])[kind.numpy()]
        return noisy_or(logs, weight, row.expand(-1, n, -1).contiguous().numpy(), number)
    return by_tensors(logs, weight, row.expand(-1, n, -1))


def by_tensors(logs: Tensor, weight: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
    """log P and log (1 - P) of the noisy-or over objects, [U, T] each.

    Args:
        logs: [R, T] rows of log-probabilities.
        weight: [U, N] log-weight of each object.
        row: [U, N, L] rows of its literals.
    """
    body = logs.index_select(0, row.reshape(-1)).view(*row.shape, -1).sum(2)  # [U, N, T]
    joint = (body + weight[..., None]).clamp_min(FLOOR)
    log_no = log1mexp(joint).sum(1)
    log_yes = torch.where(log_no > -1e-4, torch.logsumexp(joint, 1), log1mexp(log_no))
    return log_yes.clamp(FLOOR, 0), log_no.clamp(FLOOR, 0)


def _contradict(a: Sort, b: Sort) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a != b
    return (isinstance(a, str) and a in b) or (isinstance(b, str) and b in a)
