"""Which objects the variables of a spec may stand for, and how probable their classes make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from nesy.reasoners.temporal.core import Part, Some
from nesy.reasoners.temporal.facts import FactTable, sort_table
from nesy.reasoners.temporal.layout import Distinct
from nesy.reasoners.temporal.logspace import FLOOR
from nesy.reasoners.temporal.shape import Case


@dataclass(frozen=True)
class Bindings:
    """What I items are asked of, A assignments each.

    objects: [I, A, V] the object of each block of variables.
    weight: [I, A] log P(the objects are of their classes); FLOOR without a possible binding and for padding.
    live: [I, A] bool, the assignments that can count: the possible ones, or all of an item that has no possible one.
    truncated: [I] bool, whether possible assignments were dropped.
    """

    objects: Tensor
    weight: Tensor
    live: Tensor
    truncated: Tensor


@lru_cache(maxsize=256)
def placements(objects: int, blocks: int) -> Tensor:
    """All ways to give ``blocks`` different objects, [A, V]."""
    ways = list(permutations(range(objects), blocks))
    return torch.tensor(ways, dtype=torch.long).reshape(len(ways), blocks)


def bind(distinct: Distinct, table: FactTable, limit: int) -> Bindings:
    """The most promising bindings of each item.

    Promising: by the classes and by the best frame of each fact that the spec can need; where the classes say little,
    it is the facts that tell which binding could hold at all.
    """
    graph, cases = table.graph, distinct.cases
    n, device = graph.present.shape[2], graph.classes.device
    fitness, column = sort_table([s for c in cases for s in c.sorts], graph)  # [B, N, Q]
    exists = torch.arange(n, device=device) < graph.objects[:, None]  # [B, N]
    fitness = torch.where(exists[..., None], fitness, FLOOR)
    number = np.array([len(c.sorts) for c in cases])
    groups = [(int(v), np.flatnonzero(number[distinct.of] == v)) for v in np.unique(number)]
    width, most = max(1, int(number.max())), max(1, *(min(limit, len(placements(n, v))) for v, _ in groups))
    count = len(distinct.of)
    objects = torch.zeros(count, most, width, dtype=torch.long, device=device)
    padding = torch.ones(count, most, dtype=torch.bool, device=device)
    truncated = torch.zeros(count, dtype=torch.bool, device=device)
    weights = []
    for blocks, members in groups:
        ways = placements(n, blocks).to(device)  # [A, V]
        of, clip = torch.from_numpy(members).to(device), torch.from_numpy(distinct.clip[members]).to(device)
        total = fitness.new_zeros(len(members), len(ways))
        if len(ways):
            for v in range(blocks):
                sorts = np.array([column[c.sorts[v]] if v < len(c.sorts) else 0 for c in cases])
                sort = torch.from_numpy(sorts[distinct.of[members]]).to(device)
                total = total + fitness[clip, :, sort][:, ways[:, v]]
        total = total.clamp_min(FLOOR)
        keep = min(limit, len(ways))
        if keep < len(ways):
            rank = total.detach() + promise(cases, distinct.of[members], clip, table, ways)
            index = rank.topk(keep, dim=1).indices
            truncated[of] = (total > FLOOR / 2).sum(1) > keep
            total = total.gather(1, index)
            objects[of, :keep, :blocks] = ways[index]
        else:
            objects[of, :keep, :blocks] = ways
        padding[of, :keep] = False
        weights.append(torch.nn.functional.pad(total, (0, most - keep), value=FLOOR))
    back = torch.from_numpy(np.concatenate([m for _, m in groups]).argsort()).to(device)
    weight = torch.cat(weights)[back]
    possible = weight.detach() > FLOOR / 2
    return Bindings(objects, weight, ~padding & (possible | ~possible.any(1, keepdim=True)), truncated)


@torch.no_grad()
def promise(cases: Sequence[Case], of: np.ndarray, clip: Tensor, table: FactTable, ways: Tensor) -> Tensor:
    """The log-probability, in its best frame, of every fact that a case uses positively; summed, [M, A]."""
    needs = [
        [
            p
            for j, p in enumerate(case.propositions)
            if not isinstance(p, (Part, Some)) and case.cubes.positive[:, j].any()
        ]
        if len(case.sorts) == ways.shape[1]
        else []
        for case in cases
    ]
    most = max(map(len, needs), default=0)
    if not most:
        return ways.new_zeros(len(of), len(ways), dtype=table.logits.dtype)
    column = np.zeros((3, len(cases), most), np.int64)
    column[0] = table.always
    block = np.zeros((2, len(cases), most), np.int64)
    for i, props in enumerate(needs):
        for k, (name, *args) in enumerate(props):
            column[:, i, k] = table.column(str(name), len(args))
            block[: len(args), i, k] = args
    base, first, second = torch.from_numpy(column[:, of]).to(ways.device)[:, :, None]
    one, two = torch.from_numpy(block[:, of]).to(ways.device)
    if ways.shape[1]:
        index = base + first * ways[:, one].movedim(0, 1) + second * ways[:, two].movedim(0, 1)  # [M, A, K]
    else:
        index = base.expand(-1, len(ways), -1)
    return table.peak()[clip].gather(1, index.flatten(1)).reshape(index.shape).sum(-1)
