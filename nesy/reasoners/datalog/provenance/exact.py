"""``exact``: the probability under the distribution semantics, exclusive facts included.

Every node's formula becomes a decision diagram once per grounding (recursion by iterating to the least fixpoint, which
canonical diagrams detect at once); a batch is then one pass of weighted model counting.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nesy.errors import DataError, GroundingError
from nesy.reasoners.datalog.circuit import TRUE, Circuit
from nesy.reasoners.datalog.provenance.base import Provenance, interpret
from nesy.reasoners.datalog.provenance.mdd import DEFAULT_BUDGET, Diagrams
from nesy.reasoners.datalog.provenance.mdd import FALSE as FALSE_NODE
from nesy.reasoners.datalog.provenance.mdd import TRUE as TRUE_NODE
from nesy.reasoners.datalog.provenance.wmc import Counter, counter
from nesy.reasoners.datalog.store import Ids


class _Diagram(Provenance):
    name = "exact"

    def __init__(self, diagrams: Diagrams) -> None:
        self.d = diagrams

    def zero(self) -> int:
        return FALSE_NODE

    def one(self) -> int:
        return TRUE_NODE

    def add(self, a: int, b: int) -> int:
        return self.d.disjoin(a, b)

    def mult(self, a: int, b: int) -> int:
        return self.d.conjoin(a, b)

    def negate(self, a: int) -> int:
        return self.d.negate(a)

    def discard(self, a: int) -> bool:
        return a == FALSE_NODE


class Exact:
    """A circuit compiled for exact inference of some of its nodes."""

    def __init__(self, circuit: Circuit, roots: Ids, budget: int = DEFAULT_BUDGET) -> None:
        self.circuit = circuit = circuit.pruned(roots)
        order = leaf_order(circuit, roots)
        self.variables = _Variables(circuit, order)
        diagrams = Diagrams(self.variables.arity, budget)
        leaves = [diagrams.literal(v, value) for v, value in self.variables.of_leaf]
        with diagrams.deep():
            tags = interpret(circuit, _Diagram(diagrams), leaves)
            found = [FALSE_NODE if tags[n] is None else tags[n] for n in roots]
            self.counter: Counter = counter(diagrams, found, self.variables.first_row)
        self.possible = torch.tensor([n != FALSE_NODE for n in found], dtype=torch.bool)

    def __call__(self, leaves: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities [roots, B] from leaf probabilities [leaves, B], and which roots are possible at all."""
        weights = self.variables.weights(leaves)
        self.counter = self.counter.to(leaves.device)
        values = self.counter(weights)
        return values, self.possible.to(leaves.device)[:, None].expand(values.shape)


class _Variables:
    """One variable per independent leaf and per exclusive group; the rows of their value weights."""

    def __init__(self, circuit: Circuit, order: list[int]) -> None:
        self.arity: list[int] = []
        self.of_leaf: list[tuple[int, int]] = [(0, 0)] * len(circuit.leaf_node)
        members: dict[int, list[int]] = {}
        for i in order:
            if circuit.leaf_group[i] >= 0:
                members.setdefault(circuit.leaf_group[i], []).append(i)
        n = len(circuit.leaf_node)
        self.groups: list[list[int]] = []
        source: list[int] = []  # rows of cat(p, 1 - p, none of each group)
        self.first_row: list[int] = []
        done: set[int] = set()
        for i in order:
            group = circuit.leaf_group[i]
            if group in done:
                continue
            self.first_row.append(len(source))
            var = len(self.arity)
            if group < 0:
                self.of_leaf[i] = (var, 0)
                self.arity.append(2)
                source += [i, n + i]
                continue
            done.add(group)
            for value, leaf in enumerate(members[group]):
                self.of_leaf[leaf] = (var, value)
                source.append(leaf)
            source.append(2 * n + len(self.groups))
            self.groups.append(members[group])
            self.arity.append(len(members[group]) + 1)
        self.source = torch.tensor(source, dtype=torch.long)
        self.leaf_of_group = torch.tensor([i for g in self.groups for i in g], dtype=torch.long)
        self.group_of_leaf = torch.tensor([k for k, g in enumerate(self.groups) for _ in g], dtype=torch.long)

    def weights(self, p: Tensor) -> Tensor:
        """Value weights [rows, B]; exclusive facts may add up to at most one."""
        if not self.groups:
            return torch.cat([p, 1 - p])[self.source.to(p.device)]
        total = p.new_zeros(len(self.groups), p.shape[1])
        total = total.index_add(0, self.group_of_leaf.to(p.device), p[self.leaf_of_group.to(p.device)])
        most = float(total.detach().max()) if total.numel() else 0.0
        if most > 1 + 1e-3:
            raise DataError(
                f"the probabilities of exclusive facts add up to {most:.4g}",
                hint="exclusive facts need probabilities with a sum of at most 1 (softmax)",
            )
        none = (1 - total).clamp_min(0)
        return torch.cat([p, 1 - p, none])[self.source.to(p.device)]


def leaf_order(circuit: Circuit, roots: Ids) -> list[int]:
    """Leaves in the order of a depth-first walk from the roots, so that facts used together stay together.

    The walk begins at the root derived last and takes a rule's own facts, and what is near to facts, before it goes
    into what they are joined with: the newest literal of a chain then stands above the diagram of the rest, which is
    shared and not copied, and the work for a carry chain is linear in its length.
    """
    bodies: dict[int, list[np.ndarray[tuple[int], np.dtype[np.int64]]]] = {}
    height: dict[int, int] = {}  # of a node's first derivation
    for block in circuit.blocks:
        for layer in block.layers:
            for head, body in zip(layer.heads.tolist(), layer.bodies, strict=True):
                bodies.setdefault(head, []).append(body)
                if head not in height:
                    height[head] = 1 + max(height.get(x if x >= 0 else ~x, 0) for x in body.tolist())
    leaf = {node: i for i, node in enumerate(circuit.leaf_node)}
    order: list[int] = []
    seen: set[int] = set()
    for root in sorted(roots.tolist(), reverse=True):
        stack = [root]
        while stack:
            node = stack.pop()
            if node in seen or node == TRUE:
                continue
            seen.add(node)
            if node in leaf:
                order.append(leaf[node])
                continue
            children = [x if x >= 0 else ~x for body in bodies.get(node, []) for x in body.tolist()]
            children = [c for c in dict.fromkeys(children) if c not in seen]
            stack += reversed(sorted(children, key=lambda c: 0 if c in leaf else height.get(c, 0)))
    if len(order) != len(leaf):
        raise GroundingError("the circuit has leaves that no root reaches")
    return order
