"""Top-k provenances one sample at a time: the definition, and the path for circuits that negate derived tuples."""

from __future__ import annotations

import torch
from torch import Tensor

from nesy.reasoners.datalog.circuit import Circuit
from nesy.reasoners.datalog.provenance.base import interpret
from nesy.reasoners.datalog.provenance.counting import FormulaCounter
from nesy.reasoners.datalog.provenance.proofs import Formula, SampleKProofs, TopBottomKClauses, TopKProofs
from nesy.reasoners.datalog.store import Ids

NOTHING = Formula(False, ())
SEED = 12345678


class PerSample:
    """A circuit compiled for top-k proofs, sampled proofs or top/bottom-k clauses (``clauses``) of some root nodes."""

    def __init__(self, circuit: Circuit, roots: Ids, k: int, clauses: bool, samples: bool = False) -> None:
        self.samples, self.seed = samples, SEED
        self.circuit, self.roots, self.k, self.clauses = circuit.pruned(roots), roots, k, clauses
        self.count = FormulaCounter(len(self.circuit.leaf_node))

    def formulas(self, probabilities: list[float]) -> list[Formula | None]:
        """The chosen clauses of every root for one sample; None where it is not derived."""
        groups = self.circuit.leaf_group
        n = len(probabilities)
        if self.clauses:
            p = TopBottomKClauses(self.k, probabilities, groups)
            tags = interpret(self.circuit, p, [p.leaf(i) for i in range(n)])
            return [tags[r] for r in self.roots]
        q = TopKProofs(self.k, probabilities, groups)
        if self.samples:
            self.seed += 1
            q = SampleKProofs(self.k, probabilities, groups, self.seed)
        tags = interpret(self.circuit, q, [q.leaf(i) for i in range(n)])
        return [None if tags[r] is None else Formula(False, tags[r]) for r in self.roots]

    def __call__(self, leaves: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities [roots, B] from leaf probabilities [leaves, B], and which roots are derived."""
        columns = leaves.detach().double().t().cpu().tolist()
        found = [self.formulas(column) for column in columns]
        table = [[f[i] or NOTHING for f in found] for i in range(len(self.roots))]
        present = torch.tensor(
            [[f[i] is not None for f in found] for i in range(len(self.roots))], dtype=torch.bool, device=leaves.device
        ).reshape(len(self.roots), leaves.shape[1])
        return self.count(table, leaves), present
