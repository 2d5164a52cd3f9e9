"""Weighted model counting on decision diagrams, batched on tensors, one step per variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nesy.reasoners.datalog.provenance.mdd import Diagrams


@dataclass(slots=True)
class Counter:
    """Diagrams flattened for evaluation.

    ``steps``: per variable, lowest first: its weight rows [arity] and its nodes' children [nodes, arity] as rows of
    the value table, in which rows 0 and 1 are false and true and the nodes of the steps follow in order. ``roots``
    are rows of the same table. Weight row 0 is constant zero (never used), so weights are [rows, batch].
    """

    steps: list[tuple[Tensor, Tensor]]
    roots: Tensor
    rows: int

    def __call__(self, weights: Tensor) -> Tensor:
        """Probabilities [roots, batch] from value weights [weight rows, batch]; differentiable once."""
        return _Count.apply(weights, self)  # type: ignore[no-any-return]

    def to(self, device: torch.device) -> Counter:
        """The same counter with its indexes on ``device``."""
        if self.roots.device == device:
            return self
        steps = [(w.to(device), c.to(device)) for w, c in self.steps]
        return Counter(steps, self.roots.to(device), self.rows)


def counter(diagrams: Diagrams, roots: list[int], first_row: list[int]) -> Counter:
    """Flatten the diagrams below ``roots``; the weights of variable v start at row ``first_row[v]``."""
    order = diagrams.reachable(roots)
    row = {0: 0, 1: 1}
    for i, node in enumerate(order):
        row[node] = i + 2
    steps = []
    at = 0
    while at < len(order):
        var = diagrams.var[order[at]]
        end = at
        while end < len(order) and diagrams.var[order[end]] == var:
            end += 1
        children = torch.tensor([[row[c] for c in diagrams.children[n]] for n in order[at:end]])
        weight = torch.arange(first_row[var], first_row[var] + diagrams.arity[var])
        steps.append((weight, children))
        at = end
    return Counter(steps, torch.tensor([row[r] for r in roots], dtype=torch.long), len(order) + 2)


class _Count(torch.autograd.Function):
    """value[node] = sum over a of weight[var, a] * value[child a]; the adjoint runs the steps backwards."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, plan: Counter) -> Tensor:
        values = weights.new_zeros(plan.rows, weights.shape[1])
        values[1] = 1
        at = 2
        for rows, children in plan.steps:
            n = len(children)
            values[at : at + n] = torch.einsum("ab,nab->nb", weights[rows], values[children])
            at += n
        ctx.save_for_backward(weights, values)
        ctx.plan = plan
        return values[plan.roots]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        weights, values = ctx.saved_tensors
        plan: Counter = ctx.plan
        adjoint = torch.zeros_like(values)
        adjoint.index_add_(0, plan.roots, grads[0])
        out = torch.zeros_like(weights)
        at = plan.rows
        for rows, children in reversed(plan.steps):
            n = len(children)
            at -= n
            g = adjoint[at : at + n]
            w = weights[rows]
            out[rows] += torch.einsum("nb,nab->ab", g, values[children])
            adjoint.index_add_(0, children.reshape(-1), (g[:, None] * w).reshape(-1, g.shape[1]))
        return out, None
