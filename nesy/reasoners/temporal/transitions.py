"""The automata of many specs on many clips as one table of transitions, and the probability of each in every frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nesy.errors import GroundingError
from nesy.reasoners.temporal.core import LOCAL, Part, Some
from nesy.reasoners.temporal.facts import FactTable, sort_table
from nesy.reasoners.temporal.logspace import DEEP, FLOOR, log1mexp
from nesy.reasoners.temporal.scan import scan
from nesy.reasoners.temporal.shape import Case, Sort


class Transitions:
    """I items, each a case of a spec on a clip: A assignments, S states, W transitions a state, all padded.

    Args:
        items: (clip, case).
        bound: [I, A, V] the object of each block of variables.
    """

    def __init__(self, items: Sequence[tuple[int, Case]], bound: Tensor, table: FactTable) -> None:
        self.items, self.bound, self.table = items, bound, table
        device = table.logits.device
        self.clip = torch.tensor([clip for clip, _ in items], device=device)
        self.lengths = table.graph.lengths[self.clip]
        count, k = len(items), max(1, *(len(c.propositions) for _, c in items))
        states, width = max(len(c.accepting) for _, c in items), max(c.width for _, c in items)
        shape = (count, states, width)
        self_loop = np.broadcast_to(np.arange(states)[None, :, None], shape)
        target, closed = self_loop.copy(), np.ones(shape, np.float32)
        accepting = np.zeros((count, states), bool)
        literal = np.zeros((*shape, 2 * k + 1), np.float32)  # the last: never taken, for transitions that are padding
        column = np.zeros((3, count, k), np.int64)
        column[0] = table.always
        block = np.zeros((2, count, k), np.int64)
        parts: list[tuple[int, int, Part]] = []
        self.somes: list[tuple[int, int, Some]] = []
        for i, (_, case) in enumerate(items):
            own, slot = len(case.propositions), case.slot
            literal[i, case.source, slot, :own] = case.positive
            literal[i, case.source, slot, k : k + own] = case.negative
            target[i, case.source, slot], closed[i, case.source, slot] = case.target, 0
            accepting[i, : len(case.accepting)] = case.accepting
            for j, p in enumerate(case.propositions):
                if isinstance(p, Part):
                    parts.append((i, j, p))
                elif isinstance(p, Some):
                    self.somes.append((i, j, p))
                else:
                    name, *args = p
                    column[:, i, j] = table.column(str(name), len(args))
                    block[: len(args), i, j] = args
        literal[..., -1] = closed
        self.accepting = torch.from_numpy(accepting).to(device)
        self.target = torch.from_numpy(target).to(device)
        self.literal = torch.from_numpy(literal).to(device, table.logits.dtype)
        stretches = [(p, int(self.lengths[i])) for i, _, p in parts]
        distinct = {s: r for r, s in enumerate(dict.fromkeys(stretches))}
        self.logs, self.half, first_part = table.literals(list(distinct))
        self.row = self._rows(column, block)  # [I, K, A]
        for (i, j, _), stretch in zip(parts, stretches, strict=True):
            self.row[i, j] = first_part + distinct[stretch]

    def _rows(self, column: np.ndarray, block: np.ndarray) -> Tensor:
        """Rows of the facts of all assignments in the table of literals, [I, K, A]."""
        device, a = self.bound.device, self.bound.shape[1]
        base, first, second = torch.from_numpy(column).to(device)
        if self.table.n == 0:  # without objects there is only what always holds
            return (self.clip[:, None, None] * self.table.columns).repeat(1, base.shape[1], a)
        row: Tensor = (base + self.clip[:, None] * self.table.columns)[:, :, None]
        objects = self.bound.transpose(1, 2)  # [I, V, A]
        for stride, which in zip((first, second), torch.from_numpy(block).to(device), strict=True):
            picked = objects.gather(1, which[:, :, None].expand(-1, -1, a))
            row = row + stride[:, :, None] * picked
        return row.contiguous()

    def guards(self) -> Tensor:
        """Log-probability of every transition in every frame: [T, I, S, W, A]."""
        i, k, a = self.row.shape
        t, (_, s, w) = self.logs.shape[1], self.target.shape
        dead = torch.full((i, 1, a), 2 * self.half - 1, device=self.row.device)
        rows = torch.cat([self.row, self.row + self.half, dead], 1)  # [I, 2K + 1, A]
        logs = self.logs.index_select(0, rows.reshape(-1)).view(i, 2 * k + 1, a, t)
        if self.somes:
            yes, no = self._some()  # [J, A, T]
            place = torch.tensor([i * (2 * k + 1) + j for i, j, _ in self.somes], device=rows.device)
            logs = logs.flatten(0, 1).index_copy(0, torch.cat([place, place + k]), torch.cat([yes, no])).view_as(logs)
        out: Tensor = torch.bmm(self.literal.reshape(i, s * w, -1), logs.flatten(2))
        # time first: the scan reads frame by frame, and a slice of the last axis would touch all memory every time
        by_frame: Tensor = out.view(i, s, w, a, t).permute(4, 0, 1, 2, 3).contiguous()
        return by_frame

    def _some(self) -> tuple[Tensor, Tensor]:
        """log P and log (1 - P) of the propositions "some object ...", [J, A, T] each."""
        table, device = self.table, self.bound.device
        graph, n, a = table.graph, table.n, self.bound.shape[1]
        count, t = len(self.somes), self.logs.shape[1]
        if n == 0:
            nothing = self.logs.new_full((count, a, t), FLOOR)
            return nothing, torch.zeros_like(nothing)
        item = torch.tensor([i for i, _, _ in self.somes], device=device)
        objects = torch.arange(n, device=device)
        most = max(len(p.literals) for _, _, p in self.somes)
        body: Tensor | None = None
        for number in range(most):  # one literal of each at a time; what has fewer is padded with what always holds
            where_is = np.zeros((3, count), np.int64)
            where_is[0] = table.always
            who = np.full((2, count), LOCAL)
            for j, (_, _, p) in enumerate(self.somes):
                if number < len(p.literals):
                    name, args, positive = p.literals[number]
                    where_is[:, j] = table.column(name, len(args))
                    where_is[0, j] += 0 if positive else self.half
                    who[: len(args), j] = args
            base, *strides = torch.from_numpy(where_is).to(device)[:, :, None, None]
            row = (self.clip[item] * table.columns)[:, None, None] + base.expand(count, a, n)  # [J, A, N]
            for stride, arg in zip(strides, torch.from_numpy(who).to(device), strict=True):
                fixed = self.bound[item].gather(2, arg.clamp_min(0)[:, None, None].expand(-1, a, 1))
                row = row + stride * torch.where((arg == LOCAL)[:, None, None], objects, fixed)
            logs = self.logs.index_select(0, row.view(-1)).view(count, a, n, t)
            body = logs if body is None else body + logs
        if body is None:  # only a class is asked for
            body = self.logs.new_zeros(count, a, n, t)
        sorts, where = sort_table([p.sort for _, _, p in self.somes], graph)
        weight = sorts[self.clip[item], :, torch.tensor([where[p.sort] for _, _, p in self.somes], device=device)]
        real = objects < graph.objects[self.clip[item], None]
        weight = torch.where(real, weight, FLOOR)[:, None]  # [J, 1, N]
        # an object bound to a variable of another class is not of this one
        joint = (body + (weight + self._taken(item))[..., None]).clamp_min(FLOOR)  # [J, A, N, T]
        log_no = log1mexp(joint).sum(2)
        log_yes = torch.where(log_no > -1e-4, torch.logsumexp(joint, 2), log1mexp(log_no))
        return log_yes.clamp(FLOOR, 0), log_no.clamp(FLOOR, 0)

    def _taken(self, item: Tensor) -> Tensor:
        """FLOOR for objects that this assignment already binds as something of a contradicting class, [J, A, N]."""
        against = np.zeros((len(self.somes), self.bound.shape[2]), bool)
        for row, (i, _, p) in enumerate(self.somes):
            for k, sort in enumerate(self.items[i][1].sorts):
                against[row, k] = _contradict(sort, p.sort)
        taken = torch.from_numpy(against).to(item.device)[:, None, :, None]
        same = self.bound[item][..., None] == torch.arange(self.table.n, device=item.device)  # [J, A, V, N]
        return torch.where((same & taken).any(2), FLOOR, 0.0).to(self.logs)

    def forward(self, accept: bool, reject: bool) -> tuple[Tensor, Tensor]:
        """log P(accept) and log P(reject) of each item and assignment, [I, A] each; one that is not asked for is
        1 minus the other."""
        guards = self.guards()

        def ends(wanted: Tensor) -> Tensor:
            return scan(guards, self.target, wanted, self.lengths).clamp_max(0)

        if accept and reject:
            return ends(self.accepting), ends(~self.accepting)
        one = ends(self.accepting if accept else ~self.accepting)
        return (one, log1mexp(one)) if accept else (log1mexp(one), one)

    def first_frame(self) -> tuple[Tensor, Tensor]:
        """log P that one frame alone leads from the initial state to acceptance, and to rejection; [I, A, T] each."""
        guards = self.guards()[:, :, 0]  # [T, I, W, A]
        settled = self.accepting.gather(1, self.target[:, 0])  # [I, W]
        for i in range(len(settled)):
            for s in set(self.target[i, 0].tolist()):
                if not bool((self.target[i, s] == s).all()):
                    raise GroundingError(
                        "an event must not contain temporal operators", hint="name a fact of one frame"
                    )
        yes = guards.masked_fill(~settled[..., None], DEEP).logsumexp(2)
        no = guards.masked_fill(settled[..., None], DEEP).logsumexp(2)
        return yes.permute(1, 2, 0).clamp_max(0), no.permute(1, 2, 0).clamp_max(0)


def _contradict(a: Sort, b: Sort) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a != b
    return (isinstance(a, str) and a in b) or (isinstance(b, str) and b in a)
