"""Probabilities of many small normal forms over independent facts: one diagram per distinct form, counted in a batch.

Scallop counts models of top-k proofs as if all facts were independent: exclusive facts only bar proofs. So do we here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from nesy.reasoners.datalog.provenance.mdd import FALSE, TRUE, Diagrams
from nesy.reasoners.datalog.provenance.proofs import Clause, Formula
from nesy.reasoners.datalog.provenance.wmc import Counter, counter

CACHED_BATCHES = 16
STORE_BUDGET = 2_000_000


class FormulaCounter:
    """Counts normal forms over ``leaves`` independent facts; keeps the diagrams of forms seen before."""

    def __init__(self, leaves: int) -> None:
        self.leaves = leaves
        self._reset()

    def _reset(self) -> None:
        self.diagrams = Diagrams([2] * self.leaves, STORE_BUDGET)
        self._known: dict[Hashable, int] = {}
        self._plans: OrderedDict[tuple[int, ...], Counter] = OrderedDict()

    def __call__(self, formulas: Sequence[Sequence[Formula]], leaves: Tensor) -> Tensor:
        """Probabilities [roots, B] of ``formulas[root][sample]`` from leaf probabilities [leaves, B]."""
        if len(self.diagrams.var) > STORE_BUDGET // 2:
            self._reset()
        with self.diagrams.deep():
            nodes = [[self._node(f) for f in row] for row in formulas]
        roots = tuple(sorted({n for row in nodes for n in row}))
        if not roots:
            return leaves.new_zeros(len(formulas), leaves.shape[1])
        plan = self._plans.get(roots)
        if plan is None:
            plan = self._plans[roots] = counter(self.diagrams, list(roots), [2 * v for v in range(self.leaves)])
            if len(self._plans) > CACHED_BATCHES:
                self._plans.popitem(last=False)
        weights = torch.stack([leaves, 1 - leaves], dim=1).reshape(2 * self.leaves, leaves.shape[1])
        if not self.leaves:
            weights = leaves.new_zeros(0, leaves.shape[1])
        values = plan.to(leaves.device)(weights)
        position = {n: i for i, n in enumerate(roots)}
        pick = torch.tensor([[position[n] for n in row] for row in nodes], dtype=torch.long, device=leaves.device)
        return values.gather(0, pick)

    def _node(self, formula: Formula) -> int:
        key = (formula.cnf, frozenset(formula.clauses))
        found = self._known.get(key)
        if found is None:
            d = self.diagrams
            outer = d.conjoin if formula.cnf else d.disjoin
            found = TRUE if formula.cnf else FALSE
            for clause in formula.clauses:
                found = outer(found, self._clause(clause, formula.cnf))
            self._known[key] = found
        return found

    def _clause(self, clause: Clause, cnf: bool) -> int:
        d = self.diagrams
        node = FALSE if cnf else TRUE
        for x in sorted(clause, key=abs, reverse=True):
            literal = d.literal(abs(x) - 1, 0 if x > 0 else 1)
            node = d.disjoin(node, literal) if cnf else d.conjoin(node, literal)
        return node
