"""What rules about one frame cost where they are broken, in one loop on a CPU core, with its gradient.

The same numbers as :func:`nesy.reasoners.temporal.pointwise.log_probability` of each rule, without the tensors of every
product in between. The cost is one number, so that its gradient is found along with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from nesy.reasoners.temporal.compiled import compiled
from nesy.reasoners.temporal.exclusive import Rule
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.logspace import DEEP
from nesy.reasoners.temporal.pointwise import FrameFacts, terms_of


def cost_of_rules(rules: Sequence[Rule], table: FactTable, cap: float) -> Tensor:
    """The sum of -log P(rule) over rules, frames and choices of different present objects, a 0-d tensor.

    What is above ``cap`` counts as cap (1 + log(x / cap)).

    Raises:
        GroundingError: an unknown predicate.
    """
    graph, half = table.graph, len(table.literals()) // 2
    facts, sets = FrameFacts(graph), dict[tuple[str | None, tuple[str, ...]], int]()
    variables, terms, classes, literals = [], [0], [0], [0]
    asked: list[tuple[int, int]] = []
    columns: list[tuple[int, ...]] = []
    for rule in rules:
        found, mentioned = terms_of(rule.body, rule.variables, graph.vocabulary.classes)
        for term in found:
            for variable, name in term.classes:
                key = name, (mentioned[variable] if name is None else ())
                asked.append((variable, sets.setdefault(key, len(sets))))
            for predicate, args, positive in term.literals:
                base, *strides = table.column(predicate, len(args))
                columns.append((base + (0 if positive else half), *strides, *args, *(0,) * (2 - len(args))))
            classes.append(len(asked))
            literals.append(len(columns))
        variables.append(len(rule.variables))
        terms.append(len(classes) - 1)
    none = graph.classes.new_zeros(graph.classes.shape[:2])
    weights = torch.stack([facts.of_class(*key) for key in sets] or [none], 2)
    lists = tuple(np.array(x, np.int64) for x in (variables, terms, classes, literals))
    program = (*lists, np.array(asked, np.int64).reshape(-1, 2), np.array(columns, np.int64).reshape(-1, 5))
    out: Tensor = _Cost.apply(table.literals(), weights, graph.present.numpy(), table.columns, program, cap)
    return out


TINY = 1e-30
"""Probabilities from here down are worked out with logarithms."""


class _Cost(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logs: Tensor, weights: Tensor, present: NDArray[np.bool_], columns: int,
        program: tuple[NDArray[np.int64], ...], cap: float,
    ) -> Tensor:  # fmt: skip
        by_fact, by_class = torch.zeros_like(logs), torch.zeros_like(weights)
        x = logs.detach()
        total = run(
            x.numpy(), x.exp().numpy(), weights.detach().contiguous().numpy(), present, columns, *program, cap,
            by_fact.numpy(), by_class.numpy(),
        )  # fmt: skip
        ctx.save_for_backward(by_fact, by_class)
        return logs.new_tensor(total)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        by_fact, by_class = ctx.saved_tensors
        return grad * by_fact, grad * by_class, None, None, None, None


@compiled
def run(
    logs: Any, chances: Any, weights: Any, present: Any, columns: Any,
    variables: Any, terms: Any, classes: Any, literals: Any, asked: Any, facts: Any,
    cap: Any, by_fact: Any, by_class: Any,
) -> Any:  # fmt: skip
    """The cost; its gradient is added to ``by_fact`` and ``by_class``."""
    clips, frames, objects = present.shape
    most = 1
    for r in range(len(variables)):
        most = max(most, terms[r + 1] - terms[r])
    x = np.empty((most, frames), logs.dtype)
    slope, mass = np.empty(frames, logs.dtype), np.empty(frames, logs.dtype)
    chosen = np.zeros(2, np.int64)
    total = 0.0
    for b in range(clips):
        for r in range(len(variables)):
            first, last = terms[r], terms[r + 1]
            for i in range(objects if variables[r] > 0 else 1):
                for j in range(objects if variables[r] > 1 else 1):
                    if variables[r] > 1 and i == j:
                        continue
                    chosen[0], chosen[1] = i, j
                    some = False
                    for t in range(frames):
                        here = present[b, t, i] if variables[r] > 0 else present[b, t].any()
                        if variables[r] > 1:
                            here = here and present[b, t, j]
                        slope[t] = 1 if here else 0
                        some = some or here
                    if not some:
                        continue
                    mass[:] = 0
                    for k in range(first, last):
                        start = logs.dtype.type(0)
                        for c in range(classes[k], classes[k + 1]):
                            start += weights[b, chosen[asked[c, 0]], asked[c, 1]]
                        p, start = x[k - first], exp(start)
                        for t in range(frames):
                            p[t] = start
                        for f in range(literals[k], literals[k + 1]):
                            at = b * columns + facts[f, 0]
                            fact = chances[at + facts[f, 1] * chosen[facts[f, 3]] + facts[f, 2] * chosen[facts[f, 4]]]
                            for t in range(frames):
                                p[t] *= fact[t]
                        for t in range(frames):
                            mass[t] += p[t]
                    for t in range(frames):
                        if slope[t] == 0:
                            continue
                        cost = 0.0
                        if mass[t] > TINY:
                            cost = -log(mass[t])
                        else:  # too small for a product: the same with logarithms
                            top = -np.inf
                            for k in range(first, last):
                                start = 0.0
                                for c in range(classes[k], classes[k + 1]):
                                    start += weights[b, chosen[asked[c, 0]], asked[c, 1]]
                                for f in range(literals[k], literals[k + 1]):
                                    at = b * columns + facts[f, 0]
                                    at += facts[f, 1] * chosen[facts[f, 3]] + facts[f, 2] * chosen[facts[f, 4]]
                                    start += logs[at, t]
                                x[k - first, t] = start
                                top = max(top, start)
                            mass[t] = 0
                            for k in range(last - first):
                                x[k, t] = exp(x[k, t] - top)
                                mass[t] += x[k, t]
                            cost = -(top + log(mass[t])) if last > first else -DEEP
                        if cost <= 0:
                            slope[t] = 0  # certainly kept: no cost, no gradient
                        elif cost <= cap:
                            total += cost
                        else:
                            total += cap * (1 + log(cost / cap))
                            slope[t] = cap / cost
                        slope[t] = -slope[t] / mass[t] if mass[t] > 0 else 0
                    for k in range(last - first):
                        p = x[k]
                        for t in range(frames):
                            p[t] = p[t] * slope[t] if slope[t] != 0 else 0
                    for k in range(first, last):
                        for c in range(classes[k], classes[k + 1]):
                            by_class[b, chosen[asked[c, 0]], asked[c, 1]] += x[k - first].sum()
                        for f in range(literals[k], literals[k + 1]):
                            at = b * columns + facts[f, 0]
                            out = by_fact[at + facts[f, 1] * chosen[facts[f, 3]] + facts[f, 2] * chosen[facts[f, 4]]]
                            for t in range(frames):
                                out[t] += x[k - first, t]
    return total
