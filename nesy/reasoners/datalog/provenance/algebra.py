"""Provenances whose tag is one number per tuple, evaluated for a whole batch: one gather, one product and one scatter
per layer, with the adjoint run backwards over the same layers.

Every layer writes new rows of one value table, so a tuple re-derived later has several versions and a firing reads the
version that was current in its round: Scallop's schedule, on which sums over cycles depend. The recorded rounds hold
while no tuple of a recursion is zero at first: a zero is discarded there, and the tuple is new only when it gets a
value. Samples in which that happens are run again with the rounds that their own values give (``_delayed``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nesy.errors import GroundingError
from nesy.reasoners.datalog.circuit import Block, Circuit
from nesy.reasoners.datalog.store import Ids

MAX_EXTRA_ROUNDS = 10_000
CLAMP_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Algebra:
    """``add`` is one of sum, max, noisy-or; ``mult`` is product or min; idempotent ones run to their fixpoint."""

    add: str
    mult: str
    fixpoint: bool
    discards: bool = True


ALGEBRAS: dict[str, Algebra] = {
    "minmaxprob": Algebra("max", "min", True),
    "diffminmaxprob": Algebra("max", "min", True, discards=False),
    "addmultprob": Algebra("sum", "product", False),
    "diffaddmultprob": Algebra("sum", "product", False),
    "diffmaxmultprob": Algebra("max", "product", True),
    "diffnandmultprob": Algebra("nand", "product", False),
    "diffnandminprob": Algebra("nand", "min", False),
}


@dataclass(slots=True)
class Step:
    """One layer: rows to read [m, w] and which to negate, the head of each firing, the heads' earlier rows or -1.

    ``fires`` [m, B], if given, says which firings happen in which samples.
    """

    rows: Tensor
    negated: Tensor
    segment: Tensor
    previous: Tensor
    start: int
    heads: Ids
    fires: Tensor | None = None

    def to(self, device: torch.device) -> Step:
        """The step with its indexes on ``device``."""
        return Step(
            self.rows.to(device), self.negated.to(device), self.segment.to(device), self.previous.to(device),
            self.start, self.heads, None if self.fires is None else self.fires.to(device),
        )  # fmt: skip


class _Schedule:
    """Rows of the value table as they are assigned: row 0 is one, then the leaves, then the layers' heads."""

    def __init__(self, circuit: Circuit) -> None:
        self.version = np.full(circuit.nodes, -1, dtype=np.int64)
        self.version[circuit.leaf_node] = 1 + np.arange(len(circuit.leaf_node))
        self.version[circuit.certain[: circuit.nodes]] = 0
        self.rows = 1 + len(circuit.leaf_node)

    def step(self, heads: Ids, bodies: Ids) -> Step | None:
        """The step of a layer; firings with underived tuples are dropped (and negated underived ones are true)."""
        node = np.where(bodies < 0, ~bodies, bodies)
        row = self.version[node]
        negated = (bodies < 0) & (row >= 0)
        alive = ~((row < 0) & (bodies >= 0)).any(axis=1)
        row = np.where(row < 0, 0, row)
        heads, row, negated = heads[alive], row[alive], negated[alive]
        if not len(heads):
            return None
        unique, segment = np.unique(heads, return_inverse=True)
        step = Step(
            torch.from_numpy(row), torch.from_numpy(negated), torch.from_numpy(segment.reshape(-1)),
            torch.from_numpy(self.version[unique]), self.rows, unique,
        )  # fmt: skip
        self.version[unique] = self.rows + np.arange(len(unique))
        self.rows += len(unique)
        return step


class Batched:
    """A circuit compiled for an algebra and some root nodes.

    ``early_discard``: a derived zero is no tuple, so that a recursion goes on from it only once it has a value.
    """

    def __init__(self, circuit: Circuit, roots: Ids, algebra: Algebra, early_discard: bool = True) -> None:
        self.circuit, self.algebra, self.roots = circuit.pruned(roots), algebra, roots
        schedule = _Schedule(self.circuit)
        self.static = not (algebra.fixpoint and any(b.recursive for b in self.circuit.blocks))
        self.steps: list[Step] = []
        self.again = torch.zeros(2, 0, dtype=torch.long)  # earlier and later rows of tuples derived again in recursion
        if self.static:
            again = []
            for block in self.circuit.blocks:
                steps = _steps(block, schedule)
                self.steps += steps
                if block.recursive and algebra.discards and early_discard:
                    again += [torch.stack([s.previous, s.start + torch.arange(len(s.heads))]) for s in steps]
            if again:
                rows = torch.cat(again, dim=1)
                self.again = rows[:, rows[0] >= 0]
            self.version, self.rows = schedule.version, schedule.rows

    def __call__(self, leaves: Tensor) -> tuple[Tensor, Tensor]:
        """Values [roots, B] from leaf probabilities [leaves, B], and which roots are derived."""
        if self.static:
            self.steps = [s.to(leaves.device) for s in self.steps]
            steps, version, rows = self.steps, self.version, self.rows
        else:
            with torch.no_grad():
                steps, version, rows = self._fixpoint(leaves)
        table = _Evaluate.apply(leaves, steps, rows, self.algebra)
        values, derived = self._read(table, version)
        if self.again.shape[1]:
            self.again = self.again.to(leaves.device)
            before, after = table.detach()[self.again[0]], table.detach()[self.again[1]]
            late = ((before <= 0) & (after > 0)).any(dim=0).nonzero()[:, 0]
            if len(late):
                mine = leaves[:, late]
                with torch.no_grad():
                    steps, version, rows = self._delayed(mine)
                found, _ = self._read(_Evaluate.apply(mine, steps, rows, self.algebra), version)
                values = values.index_copy(1, late, found)
        present = (values > 0) if self.algebra.discards else derived.expand(values.shape)
        return values, present

    def _read(self, table: Tensor, version: Ids) -> tuple[Tensor, Tensor]:
        """The values [roots, B] of the roots in a value table, and which were derived [roots, 1]."""
        row = version[self.roots]
        values = table[torch.from_numpy(np.maximum(row, 0)).to(table.device)]
        derived = torch.from_numpy(row >= 0).to(table.device)[:, None]
        return torch.where(derived, values, torch.zeros_like(values)), derived

    def _delayed(self, leaves: Tensor) -> tuple[list[Step], Ids, int]:
        """Steps with the rounds of these values: a firing happens after the last of its tuples became positive."""
        schedule = _Schedule(self.circuit)
        table = _Table(leaves, self.algebra)
        steps: list[Step] = []
        for block in self.circuit.blocks:
            rounds = _Rounds(block, self.circuit.nodes) if block.recursive else None
            for layer in block.layers:
                if rounds is not None:
                    rounds.add(layer.heads, layer.bodies, leaves.shape[1])
                    step = rounds.step(schedule, table)
                else:
                    step = schedule.step(layer.heads, layer.bodies)
                if step is not None:
                    steps.append(step.to(leaves.device))
                    table.run(steps[-1])
            while rounds is not None and (step := rounds.step(schedule, table)) is not None:
                steps.append(step)
                table.run(step)
        return steps, schedule.version, schedule.rows

    def _fixpoint(self, leaves: Tensor) -> tuple[list[Step], Ids, int]:
        """Steps up to the fixpoint of these values: recorded rounds, then whole rounds until nothing changes."""
        schedule = _Schedule(self.circuit)
        table = _Table(leaves, self.algebra)
        steps: list[Step] = []
        for block in self.circuit.blocks:
            for step in _steps(block, schedule):
                steps.append(step.to(leaves.device))
                table.run(steps[-1])
            if not block.recursive:
                continue
            heads = np.concatenate([x.heads for x in block.layers])
            width = max(x.bodies.shape[1] for x in block.layers)
            bodies = np.concatenate([np.pad(x.bodies, ((0, 0), (0, width - x.bodies.shape[1]))) for x in block.layers])
            for _ in range(MAX_EXTRA_ROUNDS):
                before, rows_before = schedule.version.copy(), schedule.rows
                again = schedule.step(heads, bodies)
                if again is None:
                    break
                again = again.to(leaves.device)
                table.run(again)
                old = before[again.heads]
                if (old >= 0).all() and not table.changed(again, old):
                    schedule.version, schedule.rows = before, rows_before
                    table.drop(again.start)
                    break
                steps.append(again)
            else:
                raise GroundingError(f"no fixpoint after {MAX_EXTRA_ROUNDS} rounds", hint="set an iteration limit")
        return steps, schedule.version, schedule.rows


def _steps(block: Block, schedule: _Schedule) -> list[Step]:
    made = (schedule.step(layer.heads, layer.bodies) for layer in block.layers)
    return [s for s in made if s is not None]


class _Rounds:
    """The firings of a recursion that have not happened yet in every sample."""

    def __init__(self, block: Block, nodes: int) -> None:
        self.inside = np.zeros(nodes, dtype=bool)  # what the recursion derives: the rest is there from the start
        for layer in block.layers:
            self.inside[layer.heads] = True
        self.heads = np.zeros(0, dtype=np.int64)
        self.bodies = np.zeros((0, 1), dtype=np.int64)
        self.done: Tensor | None = None

    def add(self, heads: Ids, bodies: Ids, batch: int) -> None:
        """Take up the firings of a recorded round."""
        width = max(self.bodies.shape[1], bodies.shape[1])
        both = [np.pad(b, ((0, 0), (0, width - b.shape[1]))) for b in (self.bodies, bodies)]
        self.heads, self.bodies = np.concatenate([self.heads, heads]), np.concatenate(both)
        fresh = torch.zeros(len(heads), batch, dtype=torch.bool)
        self.done = fresh if self.done is None else torch.cat([self.done, fresh.to(self.done.device)])

    def step(self, schedule: _Schedule, table: _Table) -> Step | None:
        """The firings all of whose tuples are positive by now and that have not happened; None if there are none."""
        if self.done is None:
            return None
        device = table.values.device
        positive = (self.bodies >= 0) & self.inside[np.maximum(self.bodies, 0)]
        row = schedule.version[np.maximum(self.bodies, 0)]
        possible = ~(positive & (row < 0)).any(axis=1)
        rows = torch.from_numpy(np.where(positive & (row >= 0), row, 0)).to(device)  # row 0 holds one
        ready = (table.values[rows] > 0).all(dim=1) & torch.from_numpy(possible).to(device)[:, None]
        fires = ready & ~self.done.to(device)
        mine = fires.any(dim=1)
        chosen = mine.cpu().numpy()
        if not chosen.any():
            return None
        step = schedule.step(self.heads[chosen], self.bodies[chosen])
        self.done = self.done.to(device) | fires
        left = ~self.done.all(dim=1)
        kept = left.cpu().numpy()
        self.heads, self.bodies, self.done = self.heads[kept], self.bodies[kept], self.done[left]
        if step is None:
            return None
        step = step.to(device)
        step.fires = fires[mine]
        return step


class _Table:
    """The value table of a forward pass whose length is not known yet."""

    def __init__(self, leaves: Tensor, algebra: Algebra) -> None:
        self.values = torch.cat(
            [torch.ones_like(leaves[:1]) if len(leaves) else leaves.new_ones(1, leaves.shape[1]), leaves]
        )
        self.algebra = algebra

    def run(self, step: Step) -> None:
        out = apply_step(step, self.values[step.rows], _previous(self.values, step), self.algebra)
        self.values = torch.cat([self.values, out])

    def changed(self, step: Step, old: Ids) -> bool:
        new = self.values[step.start : step.start + len(step.heads)]
        return not torch.equal(new, self.values[torch.from_numpy(old).to(new.device)])

    def drop(self, start: int) -> None:
        self.values = self.values[:start]


def _previous(values: Tensor, step: Step) -> Tensor:
    """The heads' earlier values, zero where they had none: zero is neutral for sum, max and noisy-or."""
    had = step.previous >= 0
    return torch.where(had[:, None], values[step.previous.clamp_min(0)], torch.zeros((), dtype=values.dtype))


def apply_step(step: Step, body: Tensor, previous: Tensor, algebra: Algebra) -> Tensor:
    """New values [heads, B] of one layer from body values [m, w, B] and the heads' earlier ones [heads, B]."""
    body = torch.where(step.negated[:, :, None], 1 - body, body)
    product = body[:, 0]
    for j in range(1, body.shape[1]):
        factor = body[:, j]
        if algebra.mult == "product":
            product = product * factor
        else:  # of equal operands the gradient goes to the first, with noisy-or to the last, as in Scallop
            smaller = factor <= product if algebra.add == "nand" else factor < product
            product = torch.where(smaller, factor, product)
    if step.fires is not None:  # zero adds nothing to a sum or a noisy-or
        product = torch.where(step.fires, product, torch.zeros((), dtype=product.dtype, device=product.device))
    return _ADD[algebra.add](step, product, previous)


def _sum(step: Step, product: Tensor, previous: Tensor) -> Tensor:
    total = previous.index_add(0, step.segment, product)
    excess = (total.detach() - 1).clamp_min(0)
    # a sum that is one up to rounding (a softmax) keeps its gradient; beyond that the clamp is flat
    return torch.where(excess > CLAMP_SLACK, torch.ones_like(total), total - excess)


def _max(step: Step, product: Tensor, previous: Tensor) -> Tensor:
    """The maximum; its gradient goes to the first firing that attains it."""
    m = len(product)
    index = step.segment[:, None].expand(product.shape)
    with torch.no_grad():
        best = torch.zeros_like(previous).scatter_reduce(0, index, product, "amax", include_self=False)
        order = torch.arange(m, device=product.device)[:, None].expand(product.shape)
        attains = torch.where(product == best[step.segment], order, m)
        first = torch.full_like(best, m, dtype=torch.long).scatter_reduce(0, index, attains, "amin")
    found = product.gather(0, first.clamp_max(m - 1))
    return torch.where(found > previous, found, previous)


def _nand(step: Step, product: Tensor, previous: Tensor) -> Tensor:
    index = step.segment[:, None].expand(product.shape)
    return 1 - (1 - previous).scatter_reduce(0, index, 1 - product, "prod")


_ADD: dict[str, Callable[[Step, Tensor, Tensor], Tensor]] = {"sum": _sum, "max": _max, "nand": _nand}


class _Evaluate(torch.autograd.Function):
    """The value table [rows, B]; backward recomputes each layer under autograd, last layer first."""

    @staticmethod
    def forward(ctx: Any, leaves: Tensor, steps: list[Step], rows: int, algebra: Algebra) -> Tensor:
        values = leaves.new_zeros(rows, leaves.shape[1])
        values[0] = 1
        values[1 : 1 + len(leaves)] = leaves
        for step in steps:
            out = apply_step(step, values[step.rows], _previous(values, step), algebra)
            values[step.start : step.start + len(out)] = out
        ctx.save_for_backward(values)
        ctx.steps, ctx.algebra, ctx.leaves = steps, algebra, len(leaves)
        return values

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (values,) = ctx.saved_tensors
        adjoint = grads[0].clone()
        for step in reversed(ctx.steps):
            g = adjoint[step.start : step.start + len(step.heads)]
            with torch.enable_grad():
                body = values[step.rows].requires_grad_()
                previous = _previous(values, step).requires_grad_()
                out = apply_step(step, body, previous, ctx.algebra)
                to_body, to_previous = torch.autograd.grad(out, (body, previous), g, allow_unused=True)
            if to_body is not None:
                adjoint.index_add_(0, step.rows.reshape(-1), to_body.reshape(-1, g.shape[1]))
            if to_previous is not None:
                had = step.previous >= 0
                adjoint.index_add_(0, step.previous[had], to_previous[had])
        return adjoint[1 : 1 + ctx.leaves], None, None, None
