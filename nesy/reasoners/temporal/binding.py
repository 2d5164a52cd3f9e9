"""Which objects the variables of a spec may stand for, and how probable their classes make it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from nesy.reasoners.temporal.core import Part, Some
from nesy.reasoners.temporal.facts import FactTable, sort_table
from nesy.reasoners.temporal.logspace import FLOOR
from nesy.reasoners.temporal.shape import Case


@lru_cache(maxsize=256)
def placements(objects: int, blocks: int) -> Tensor:
    """All ways to give ``blocks`` different objects, [A, V]."""
    ways = list(permutations(range(objects), blocks))
    return torch.tensor(ways, dtype=torch.long).reshape(len(ways), blocks)


def bind(items: Sequence[tuple[int, Case]], table: FactTable, limit: int) -> tuple[Tensor, Tensor, Tensor]:
    """The most promising bindings of each item: objects [I, A, V], log-weight of their classes [I, A], truncated [I].

    Promising: by the classes and by the best frame of each fact that the spec can need; where the classes say little,
    it is the facts that tell which binding could hold at all. Without a possible binding the weight is FLOOR.
    """
    graph = table.graph
    n, device = graph.present.shape[2], graph.classes.device
    fitness, column = sort_table([s for _, c in items for s in c.sorts], graph)  # [B, N, Q]
    exists = torch.arange(n, device=device) < graph.objects[:, None]  # [B, N]
    fitness = torch.where(exists[..., None], fitness, FLOOR)
    groups: dict[int, list[int]] = {}
    for k, (_, case) in enumerate(items):
        groups.setdefault(len(case.sorts), []).append(k)
    width, most = max(1, *groups), max(1, *(min(limit, len(placements(n, blocks))) for blocks in groups))
    bound = torch.zeros(len(items), most, width, dtype=torch.long, device=device)
    truncated = torch.zeros(len(items), dtype=torch.bool, device=device)
    order, weights = [], []
    for blocks, members in groups.items():
        ways = placements(n, blocks).to(device)  # [A, V]
        of = torch.tensor(members, device=device)
        order.append(of)
        total = fitness.new_zeros(len(members), len(ways))
        if len(ways):
            clip = torch.tensor([items[k][0] for k in members], device=device)
            for v in range(blocks):
                sort = torch.tensor([column[items[k][1].sorts[v]] for k in members], device=device)
                total = total + fitness[clip, :, sort][:, ways[:, v]]
        total = total.clamp_min(FLOOR)
        keep = min(limit, len(ways))
        if keep < len(ways):
            rank = total.detach() + promise([items[k] for k in members], table, ways)
            index = rank.topk(keep, dim=1).indices
            truncated[of] = (total > FLOOR / 2).sum(1) > keep
            total = total.gather(1, index)
            bound[of, :keep, :blocks] = ways[index]
        else:
            bound[of, :keep, :blocks] = ways
        weights.append(torch.nn.functional.pad(total, (0, most - keep), value=FLOOR))
    back = torch.cat(order).argsort()
    return bound, torch.cat(weights)[back], truncated


@torch.no_grad()
def promise(items: Sequence[tuple[int, Case]], table: FactTable, ways: Tensor) -> Tensor:
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
    return table.peak()[clip].gather(1, index.flatten(1)).reshape(index.shape).sum(-1)
