"""Which objects the variables of each item stand for: what :mod:`nesy.reasoners.temporal.binding` does, in one loop."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nesy.reasoners.temporal.binding import Bindings, placements
from nesy.reasoners.temporal.compiled import compiled
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.layout import Distinct
from nesy.reasoners.temporal.logspace import FLOOR
from nesy.reasoners.temporal.loops.program import Ints, Program


@lru_cache(maxsize=64)
def _ways(objects: int, blocks: int) -> tuple[Ints, Ints, Ints]:
    """All ways to place 0, 1, .. ``blocks`` blocks: one after the other, where those of each number begin, how many."""
    ways = [placements(objects, v).numpy() for v in range(blocks + 1)]
    begin = np.cumsum([0, *(w.size for w in ways)])
    return np.concatenate([w.reshape(-1) for w in ways]), begin, np.array([len(w) for w in ways])


def choose(program: Program, distinct: Distinct, table: FactTable, sorts: Tensor, limit: int) -> Bindings:
    """The most promising bindings of each item, by their classes and by the best frame of each fact that is needed.

    sorts: [B, N, Q] log P(object has the sort), FLOOR for objects that are not there.
    """
    blocks = np.diff(program.blocks)
    width = max(1, int(blocks.max()))
    flat, begin, numbers = _ways(table.n, width)
    most = max(1, int(numbers[blocks].clip(max=limit).max()))
    count = len(distinct.of)
    objects = np.zeros((count, most, width), np.int64)
    at = np.full((count, most, width), sorts.numel())  # of each block's weight; the last one is nobody's
    taken, truncated = np.zeros((count, most), np.bool_), np.zeros(count, np.bool_)
    weight = np.full((count, most), FLOOR)
    fill(
        distinct.clip, distinct.of, program.blocks, program.sorts, program.needs, program.wants,
        sorts.detach().double().contiguous().numpy(), table.peak().numpy(), flat, begin, numbers, limit,
        objects, at, taken, weight, truncated,
    )  # fmt: skip
    possible = weight > FLOOR / 2
    live = taken & (possible | ~possible.any(1, keepdims=True))
    # the same weights once more, with a gradient
    every = torch.cat([sorts.reshape(-1), sorts.new_zeros(1)])
    total = every.index_select(0, torch.from_numpy(at.reshape(-1))).view(at.shape).sum(-1).clamp_min(FLOOR)
    total = torch.where(torch.from_numpy(taken), total, FLOOR)
    return Bindings(torch.from_numpy(objects), total, torch.from_numpy(live), torch.from_numpy(truncated))


@compiled
def fill(
    clip: Any, of: Any, blocks: Any, sorts: Any, needs: Any, wants: Any,
    fitness: Any, peak: Any, flat: Any, begin: Any, numbers: Any, limit: Any,
    objects: Any, at: Any, taken: Any, weight: Any, truncated: Any,
) -> None:  # fmt: skip
    """Fill the last five: objects, where their weights are, whether there are any, their sum, whether some drop out."""
    rank = np.empty(objects.shape[1])
    best = np.empty(objects.shape[1], np.int64)
    n, q = fitness.shape[1], fitness.shape[2]
    for i in range(len(of)):
        c, b = of[i], clip[i]
        first, v = blocks[c], blocks[c + 1] - blocks[c]
        number, start = numbers[v], begin[v]
        keep = min(limit, number)
        found = possible = 0
        for a in range(number):
            way = start + a * v
            total = 0.0
            for k in range(v):
                total += fitness[b, flat[way + k], sorts[first + k]]
            total = max(total, FLOOR)
            if total > FLOOR / 2:
                possible += 1
            if keep == number:  # all of them, in their order
                best[a] = a
                continue
            for j in range(wants[c], wants[c + 1]):
                column = needs[j, 0]
                if needs[j, 1] > 0:
                    column += needs[j, 1] * flat[way + needs[j, 3]]
                if needs[j, 2] > 0:
                    column += needs[j, 2] * flat[way + needs[j, 4]]
                total += peak[b, column]
            if found == keep and total <= rank[keep - 1]:
                continue
            place = min(found, keep - 1)  # in the ordered list of the best, the last of which drops out
            while place > 0 and rank[place - 1] < total:
                rank[place], best[place] = rank[place - 1], best[place - 1]
                place -= 1
            rank[place], best[place] = total, a
            found = min(found + 1, keep)
        for a in range(keep):
            taken[i, a] = True
            total = 0.0
            for k in range(v):
                o = flat[start + best[a] * v + k]
                objects[i, a, k] = o
                at[i, a, k] = (b * n + o) * q + sorts[first + k]
                total += fitness[b, o, sorts[first + k]]
            weight[i, a] = max(total, FLOOR)
        truncated[i] = keep < number and possible > keep
