"""Where the facts of a batch stand: each distinct case laid out once, then a row for each literal of each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nesy.reasoners.temporal.core import Part, Some
from nesy.reasoners.temporal.facts import FactTable, part_rows
from nesy.reasoners.temporal.logspace import DEEP
from nesy.reasoners.temporal.shape import Case
from nesy.reasoners.temporal.somes import ask, some_rows

Item = tuple[int, Case]
"""A case of a spec and the clip that it is asked of."""

Rows = tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]
"""Which items and slots [J] read which of the new rows [J, A] (or [J, 1]); log P and log (1 - P) of those, [E, T]."""


@dataclass
class Distinct:
    """The different cases of a batch, and which one each item is.

    cases: C of them; of: [I] the item's case; clip: [I].
    """

    items: Sequence[Item]
    cases: list[Case] = field(init=False)
    of: NDArray[np.int64] = field(init=False)
    clip: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        number: dict[int, int] = {}  # by identity: equal specs share their compiled cases
        self.cases, of = [], []
        for _, case in self.items:
            if id(case) not in number:
                number[id(case)] = len(self.cases)
                self.cases.append(case)
            of.append(number[id(case)])
        self.of = np.array(of, np.int64)
        self.clip = np.array([clip for clip, _ in self.items], np.int64)


class Layout:
    """Rows of log-probabilities for the literals of I items under A assignments each.

    Rows 0 .. 2F - 1 are the table's facts and their negations, the others belong to this batch: stretches of the clip,
    propositions "some object ...", and one row that is never taken.

    Attributes:
        row: [I, K, A] the row of each proposition, positively.
        away: [I, K, A] how many rows further its negation stands.
        base, extra: [2F, T] and [2E, T], the rows.
        never: the row that is DEEP in every frame.
    """

    def __init__(self, distinct: Distinct, bound: Tensor, live: Tensor, table: FactTable) -> None:
        self.distinct, self.bound, self.table = distinct, bound, table
        device = bound.device
        self.clip = torch.from_numpy(distinct.clip).to(device)
        self.lengths = table.graph.lengths[self.clip]
        count = len(distinct.cases)
        k = max(1, *(len(c.propositions) for c in distinct.cases))
        column = np.zeros((3, count, k), np.int64)
        column[0] = table.always
        block = np.zeros((2, count, k), np.int64)
        parts: list[tuple[int, int, Part]] = []
        somes: list[tuple[int, int, Some]] = []
        for c, case in enumerate(distinct.cases):
            for j, p in enumerate(case.propositions):
                if isinstance(p, Part):
                    parts.append((c, j, p))
                elif isinstance(p, Some):
                    somes.append((c, j, p))
                else:
                    name, *args = p
                    column[:, c, j] = table.column(str(name), len(args))
                    block[: len(args), c, j] = args
        self.base = table.literals()
        self.row = self._rows(column[:, distinct.of], block[:, distinct.of])
        self.away = torch.full_like(self.row, len(self.base) // 2)
        never = self.base.new_full((1, self.base.shape[1]), DEEP)
        self.never = len(self.base)
        place = self.never + 1
        above, below = [never], [never]
        for item, slot, rows, found in (*self._parts(parts), *self._somes(somes, live)):
            self.row[item, slot] = rows + place
            above.append(found[0])
            below.append(found[1])
            place += len(found[0])
        extra = place - self.never
        self.away = torch.where(self.row >= self.never, extra, self.away)
        self.extra = torch.cat(above + below)

    def _rows(self, column: NDArray[np.int64], block: NDArray[np.int64]) -> Tensor:
        """Rows of the facts of all assignments in the table of literals, [I, K, A]."""
        device, a = self.bound.device, self.bound.shape[1]
        base, first, second = torch.from_numpy(column).to(device)
        if self.table.n == 0:  # without objects there is only what always holds
            return (self.clip[:, None, None] * self.table.columns + self.table.always).repeat(1, base.shape[1], a)
        row: Tensor = (base + self.clip[:, None] * self.table.columns)[:, :, None]
        objects = self.bound.transpose(1, 2)  # [I, V, A]
        for stride, which in zip((first, second), torch.from_numpy(block).to(device), strict=True):
            picked = objects.gather(1, which[:, :, None].expand(-1, -1, a))
            row = row + stride[:, :, None] * picked
        return row.contiguous()

    def _parts(self, parts: list[tuple[int, int, Part]]) -> list[Rows]:
        """Stretches of the clip: certain, a row for each stretch and length of a clip."""
        if not parts:
            return []
        lengths = self.lengths.tolist()
        asked = [(i, j, (p, lengths[i])) for c, j, p in parts for i in np.flatnonzero(self.distinct.of == c).tolist()]
        number = {s: r for r, s in enumerate(dict.fromkeys(s for _, _, s in asked))}
        at = torch.tensor([number[s] for _, _, s in asked], device=self.row.device)[:, None]
        item, slot = (torch.tensor([a[k] for a in asked], device=self.row.device) for k in (0, 1))
        return [(item, slot, at, part_rows(list(number), self.base))]

    def _somes(self, somes: list[tuple[int, int, Some]], live: Tensor) -> list[Rows]:
        """Propositions "some object ...": a row for each different question, however many items ask it."""
        if not somes:
            return []
        device, n = self.row.device, self.table.n
        asked = [ask(p, self.distinct.cases[c].sorts) for c, _, p in somes]
        number = {kind: k for k, kind in enumerate(dict.fromkeys(kind for kind, _ in asked))}
        width = max(1, *(len(blocks) for _, blocks in asked))
        members = [np.flatnonzero(self.distinct.of == c) for c, _, _ in somes]
        sizes = [len(m) for m in members]
        item = np.concatenate(members)
        slot = np.repeat([j for _, j, _ in somes], sizes)
        kind = np.repeat([number[k] for k, _ in asked], sizes)
        block = np.repeat(np.array([[*b, *(-1,) * (width - len(b))] for _, b in asked]).reshape(-1, width), sizes, 0)
        where = torch.from_numpy(item).to(device)
        who = torch.from_numpy(block).to(device)[:, None]  # [J, 1, W]
        objects = self.bound[where].gather(2, who.clamp_min(0).expand(-1, self.bound.shape[1], -1))
        objects = torch.where(who < 0, 0, objects)  # [J, A, W]
        key = (torch.from_numpy(kind).to(device) * len(self.table.graph.lengths) + self.clip[where])[:, None]
        key = torch.cat([key.expand(objects.shape[:2])[..., None], objects], -1)
        # what no live assignment asks is asked of the first one instead, so that it costs nothing
        key = torch.where(live[where][..., None], key, key[live[where]][:1] if live.any() else key[:1, 0])
        code = (key * n ** torch.arange(width, -1, -1, device=device)).sum(-1) if n else key[..., 0]
        found, back = torch.unique(code, return_inverse=True)
        first = torch.empty_like(found).scatter_(0, back.flatten(), torch.arange(back.numel(), device=device))
        asks = key.flatten(0, 1)[first]
        clips = asks[:, 0] % len(self.table.graph.lengths)
        kinds = asks[:, 0] // len(self.table.graph.lengths)
        rows = some_rows(list(number), kinds, clips, asks[:, 1:], self.table)
        return [(where, torch.from_numpy(slot).to(device), back, rows)]
