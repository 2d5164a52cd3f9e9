"""Top-k proofs for a whole batch (the definition, one sample at a time, is in ``sampled.py``)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from nesy.errors import GroundingError
from nesy.reasoners.datalog.circuit import TRUE, Block, Circuit, Layer
from nesy.reasoners.datalog.provenance.bits import WORD, Facts, Slots, best, keys, positions, product
from nesy.reasoners.datalog.provenance.counting import FormulaCounter
from nesy.reasoners.datalog.provenance.proofs import Dnf, Formula, TopKProofs
from nesy.reasoners.datalog.store import Ids

MAX_ROUNDS = 10_000
CHUNK_BYTES = 512 * 2**20
MAX_INCLUSION_EXCLUSION = 4


@dataclass(slots=True)
class _Step:
    """A layer: rows of the body literals [m, w] with slots to read per column; heads by number of firings."""

    body: Tensor
    read: list[int]
    buckets: list[tuple[Tensor, Tensor]]  # (head rows [h], firings [h, c], m for none)


@dataclass(slots=True)
class _Stage:
    """A block's steps, all of them as one for repetition, and the rows of ``not node`` to fill afterwards."""

    steps: list[_Step]
    again: _Step | None
    negations: list[tuple[int, int]] = field(default_factory=list)  # (row of node, row of its negation)


class BatchedTopK:
    """A circuit compiled for top-k proofs of some root nodes."""

    def __init__(self, circuit: Circuit, roots: Ids, k: int) -> None:
        self.circuit = circuit = circuit.pruned(roots)
        self.k = k
        self._home: dict[int, _Stage] = {}
        self.row: dict[int, int] = {TRUE: 0}
        self.leaves = len(circuit.leaf_node)
        for node in circuit.leaf_node:
            self.row[node] = len(self.row)
        for node in circuit.leaf_node:
            self.row[~node] = len(self.row)
        self.slots = [1] * len(self.row)
        derived = {int(h) for b in circuit.blocks for layer in b.layers for h in layer.heads}
        self.stages = [self._stage(block, derived) for block in circuit.blocks]
        certain = circuit.certain
        self.roots = torch.tensor([0 if certain[n] else self.row.get(int(n), -1) for n in roots], dtype=torch.long)
        self.rows = len(self.slots)
        self.counter = FormulaCounter(self.leaves)

    # ------------------------------------------------------------------ compiling
    def _row_of(self, literal: int, derived: set[int]) -> int:
        """The row of a body literal; -1 for a tuple that is never derived."""
        if self.circuit.certain[literal if literal >= 0 else ~literal]:
            return 0 if literal >= 0 else -1
        if literal in self.row:
            return self.row[literal]
        if literal >= 0:
            return -1
        return -1 if ~literal in derived else 0

    def _stage(self, block: Block, derived: set[int]) -> _Stage:
        for layer in block.layers:  # negations of lower tuples get their rows first
            for literal in np.unique(layer.bodies[layer.bodies < 0]).tolist():
                if literal not in self.row and ~literal in derived:
                    self.row[literal] = len(self.row)
                    self.slots.append(self.k)
                    self._filled_by(~literal, self.row[literal])
        stage = _Stage([], None)
        for layer in block.layers:
            for head in layer.heads.tolist():
                if head not in self.row:
                    self.row[head] = len(self.row)
                    self.slots.append(0)
        for layer in block.layers:
            step = self._step(layer, derived)
            if step is not None:
                stage.steps.append(step)
        if block.recursive:
            width = max(x.bodies.shape[1] for x in block.layers)
            whole = Layer(
                np.concatenate([x.heads for x in block.layers]),
                np.concatenate([np.pad(x.bodies, ((0, 0), (0, width - x.bodies.shape[1]))) for x in block.layers]),
            )
            for head in whole.heads.tolist():
                self.slots[self.row[head]] = self.k
            for step in stage.steps:
                step.read = [self.k] * len(step.read)
            stage.again = self._step(whole, derived)
        self._home.update({int(h): stage for layer in block.layers for h in layer.heads})
        return stage

    def _filled_by(self, node: int, row: int) -> None:
        self._home[node].negations.append((self.row[node], row))

    def _step(self, layer: Layer, derived: set[int]) -> _Step | None:
        body = np.vectorize(lambda x: self._row_of(int(x), derived), otypes=[np.int64])(layer.bodies)
        alive = (body >= 0).all(axis=1)
        heads, body = layer.heads[alive], body[alive]
        if not len(heads):
            return None
        head_rows = np.array([self.row[h] for h in heads.tolist()])
        slots = np.array(self.slots)
        sizes = np.minimum(slots[body].prod(axis=1), self.k)
        read = [max(int(s), 1) for s in slots[body].max(axis=0)]
        unique, inverse, counts = np.unique(head_rows, return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        starts = np.cumsum(counts) - counts
        total = np.zeros(len(unique), dtype=np.int64)
        np.add.at(total, inverse, sizes)
        buckets = []
        bucket_of = np.ceil(np.log2(np.maximum(counts, 1))).astype(int)
        for b in np.unique(bucket_of):
            mine = np.flatnonzero(bucket_of == b)
            width = int(counts[mine].max())
            table = np.full((len(mine), width), len(heads), dtype=np.int64)
            for i, u in enumerate(mine):
                table[i, : counts[u]] = order[starts[u] : starts[u] + counts[u]]
            buckets.append((torch.from_numpy(unique[mine]), torch.from_numpy(table)))
        for row, more in zip(unique.tolist(), total.tolist(), strict=True):
            self.slots[row] = min(self.k, self.slots[row] + more)
        return _Step(torch.from_numpy(body), read, buckets)

    # ------------------------------------------------------------------ running
    def __call__(self, leaves: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities [roots, B] from leaf probabilities [leaves, B], and which roots are derived."""
        words = -(-max(self.leaves, 1) // WORD)
        per_sample = self.rows * self.k * 8 * (3 * words + 1)
        chunk = max(1, int(CHUNK_BYTES // per_sample))
        values, present = [], []
        for part in torch.split(leaves, chunk, dim=1):
            with torch.no_grad():
                found = self._proofs(part.detach())
            values.append(self._count(found, part))
            present.append((found.weight >= 0).any(-1))
        return torch.cat(values, dim=1), torch.cat(present, dim=1)

    def _proofs(self, leaves: Tensor) -> Slots:
        device, batch = leaves.device, leaves.shape[1]
        word, bit, words = positions(self.leaves, device)
        p = leaves.t().to(torch.float64)
        facts = Facts(p, word, bit)
        shape = (self.rows + 1, batch, self.k)
        masks = [torch.zeros(*shape, words, dtype=torch.long, device=device) for _ in range(3)]
        empty = torch.full(shape, -1.0, dtype=torch.float64, device=device)
        table = Slots(masks[0], masks[1], masks[2], empty)
        table.weight[0, :, 0] = 1.0
        n = self.leaves
        index = torch.arange(n, device=device)
        one = torch.ones((), dtype=torch.long, device=device) << bit
        table.pos[1 + index, :, 0, word] = one[:, None].expand(n, batch)
        table.neg[1 + n + index, :, 0, word] = one[:, None].expand(n, batch)
        table.weight[1 : 1 + n, :, 0] = p.t()
        table.weight[1 + n : 1 + 2 * n, :, 0] = 1 - p.t()
        for i, others in self._exclusions():
            for j in others:
                table.out[1 + i, :, 0, j // WORD] |= 1 << (j % WORD)
        for stage in self.stages:
            for step in stage.steps:
                self._run(step, table, facts, False)
            if stage.again is not None:
                for _ in range(MAX_ROUNDS):
                    if not self._run(stage.again, table, facts, True):
                        break
                else:
                    raise GroundingError(f"no fixpoint of the top-{self.k} proofs after {MAX_ROUNDS} rounds")
            for node, negation in stage.negations:
                self._negate(node, negation, table, p)
        roots = torch.where(self.roots < 0, self.rows, self.roots).to(device)
        return table.rows(roots, self.k)

    def _exclusions(self) -> list[tuple[int, list[int]]]:
        members: dict[int, list[int]] = {}
        for i, g in enumerate(self.circuit.leaf_group):
            if g >= 0:
                members.setdefault(g, []).append(i)
        return [(i, [j for j in group if j != i]) for group in members.values() if len(group) > 1 for i in group]

    def _run(self, step: _Step, table: Slots, facts: Facts, compare: bool) -> bool:
        """Apply one layer; with ``compare``, whether any tuple's proofs changed."""
        device = table.weight.device
        body = step.body.to(device)
        acc = table.rows(body[:, 0], step.read[0])
        for j in range(1, body.shape[1]):
            acc = best(product(acc, table.rows(body[:, j], step.read[j]), facts), self.k)
        empty = torch.zeros((1, *acc.pos.shape[1:]), dtype=torch.long, device=device)
        pos, neg, out = (torch.cat([x, empty]) for x in (acc.pos, acc.neg, acc.out))
        weight = torch.cat(
            [acc.weight, torch.full((1, *acc.weight.shape[1:]), -1.0, dtype=acc.weight.dtype, device=device)]
        )
        changed = False
        fresh = []
        for heads, firings in step.buckets:
            heads, firings = heads.to(device), firings.to(device)

            def spread(x: Tensor, firings: Tensor = firings) -> Tensor:
                return x[firings].transpose(1, 2).flatten(2, 3)

            old = table.rows(heads, self.k)
            candidates = Slots(
                torch.cat([old.pos, spread(pos)], 2), torch.cat([old.neg, spread(neg)], 2),
                torch.cat([old.out, spread(out)], 2), torch.cat([old.weight, spread(weight)], 2),
            )  # fmt: skip
            found = best(candidates, self.k, stable=compare)
            if compare and not changed:
                changed = not torch.equal(keys(found).sort(-1).values, keys(old).sort(-1).values)
            fresh.append((heads, found))
        for heads, found in fresh:
            table.pos[heads], table.neg[heads], table.out[heads] = found.pos, found.neg, found.out
            table.weight[heads] = found.weight
        return changed

    def _negate(self, node: int, negation: int, table: Slots, p: Tensor) -> None:
        """Fill the row of a negated derived tuple, sample by sample: the best models of a CNF need a search."""
        probabilities = p.tolist()
        for b, column in enumerate(probabilities):
            proofs = self._dnf(table.pos[node, b], table.neg[node, b], table.weight[node, b])
            top = TopKProofs(self.k, column, self.circuit.leaf_group)
            for i, clause in enumerate(top.negate(proofs) if proofs else top.one()):
                for x in clause:
                    masks = table.pos if x > 0 else table.neg
                    at = abs(x) - 1
                    masks[negation, b, i, at // WORD] |= 1 << (at % WORD)
                    if x > 0:
                        table.out[negation, b, i] |= table.out[1 + at, b, 0]
                table.weight[negation, b, i] = top.facts.weight(clause)

    @staticmethod
    def _dnf(pos: Tensor, neg: Tensor, weight: Tensor) -> Dnf:
        out = []
        for p, n, w in zip(pos.tolist(), neg.tolist(), weight.tolist(), strict=True):
            if w < 0:
                continue
            clause = [x + 1 for x in _bits(p)] + [-x - 1 for x in _bits(n)]
            out.append(frozenset(clause))
        return tuple(out)

    # ------------------------------------------------------------------ counting
    def _count(self, found: Slots, leaves: Tensor) -> Tensor:
        used = int((found.weight >= 0).sum(-1).max()) if found.weight.numel() else 0
        if used == 0 or not self.leaves:
            certain = (found.weight >= 0).any(-1)
            return certain.to(leaves.dtype) + leaves.sum() * 0
        found = found.take(torch.arange(used, device=leaves.device).expand(*found.weight.shape[:2], used))
        if used <= MAX_INCLUSION_EXCLUSION:
            return self._inclusion_exclusion(found, leaves)
        seen: dict[bytes, Formula] = {}
        packed = torch.cat([found.pos, found.neg, found.weight.sign().long()[..., None]], -1).cpu()
        arrays = packed.numpy()
        table = []
        for r in range(arrays.shape[0]):
            row = []
            for b in range(arrays.shape[1]):
                key = arrays[r, b].tobytes()
                if key not in seen:
                    clauses = self._dnf(found.pos[r, b], found.neg[r, b], found.weight[r, b])
                    seen[key] = Formula(False, clauses)
                row.append(seen[key])
            table.append(row)
        return self.counter(table, leaves)

    def _inclusion_exclusion(self, found: Slots, leaves: Tensor) -> Tensor:
        """P(any of few proofs) = sum over sets of proofs of (-1)^(size+1) P(all of them), independent facts."""
        n = found.count
        pos_terms, neg_terms, valid_terms, signs = [], [], [], []
        for subset in range(1, 2**n):
            chosen = [i for i in range(n) if subset >> i & 1]
            pos, neg = found.pos[:, :, chosen[0]], found.neg[:, :, chosen[0]]
            valid = found.weight[:, :, chosen[0]] >= 0
            for i in chosen[1:]:
                pos, neg = pos | found.pos[:, :, i], neg | found.neg[:, :, i]
                valid = valid & (found.weight[:, :, i] >= 0)
            pos_terms.append(pos)
            neg_terms.append(neg)
            valid_terms.append(valid & ~(pos & neg).any(-1))
            signs.append(1.0 if len(chosen) % 2 else -1.0)
        pos, neg = torch.stack(pos_terms, 2), torch.stack(neg_terms, 2)
        valid = torch.stack(valid_terms, 2)
        sign = torch.tensor(signs, dtype=leaves.dtype, device=leaves.device)
        word, bit, _ = positions(self.leaves, leaves.device)
        literals = torch.cat([(pos[..., word] >> bit) & 1, (neg[..., word] >> bit) & 1], -1).bool()
        width = int(literals.sum(-1).max())
        values = torch.cat([leaves, 1 - leaves, torch.ones_like(leaves[:1])])
        last = values.shape[0] - 1
        if width < literals.shape[-1]:
            index = literals.to(torch.uint8).topk(width, dim=-1).indices
            index = torch.where(literals.gather(-1, index), index, last)
        else:
            all_literals = torch.arange(last, device=leaves.device).expand(literals.shape)
            index = torch.where(literals, all_literals, last)
        batch = torch.arange(leaves.shape[1], device=leaves.device)[None, :, None, None]
        terms = values[index, batch].prod(-1)
        return (torch.where(valid, terms, torch.zeros_like(terms)) * sign).sum(-1)


def _bits(words: list[int]) -> list[int]:
    return [word * WORD + bit for word, mask in enumerate(words) for bit in range(WORD) if mask >> bit & 1]
