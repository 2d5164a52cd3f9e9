"""What rules about one frame cost where they are broken, in one loop, with its gradient.

The same numbers as :func:`nesy.reasoners.temporal.pointwise.log_probability` of each rule, without the tensors of every
product in between. The cost is one number, so that its gradient is found along with it. The loop is one long function
because handing its arrays to a part of it takes as long as what the part does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, log1p
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from nesy.reasoners.temporal.compiled import compiled, inlined
from nesy.reasoners.temporal.exclusive import Rule
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.logspace import DEEP, FLOOR, rest
from nesy.reasoners.temporal.loops.program import Ints
from nesy.reasoners.temporal.pointwise import terms_of


@dataclass(frozen=True)
class _Listed:
    """Rules as lists, names of facts in place of columns: sums of terms, each literals times a sum of class choices.

    lists: variables of each rule; where the terms of each rule, the choices and literals of each term, and the
        classes of each choice begin.
    asked: variable and set of classes; sets: [Q, C + 1] which classes each has, "none of them" last.
    facts: name, arity, sign, arguments.
    """

    lists: tuple[Ints, ...]
    asked: Ints
    sets: NDArray[np.bool_]
    facts: tuple[tuple[str, int, bool, tuple[int, ...]], ...]


@lru_cache(maxsize=64)
def _listed(rules: tuple[Rule, ...], names: tuple[str, ...]) -> _Listed:
    sets: dict[frozenset[str | None], int] = {}
    variables, terms, choices, literals, classes = [], [0], [0], [0], [0]
    asked: list[tuple[int, int]] = []
    facts: list[tuple[str, int, bool, tuple[int, ...]]] = []
    for rule in rules:
        found, mentioned = terms_of(rule.body, rule.variables, names)
        alike: dict[frozenset[tuple[str, tuple[int, ...], bool]], list[tuple[tuple[int, str | None], ...]]] = {}
        for term in found:
            alike.setdefault(frozenset(term.literals), []).append(term.classes)
        for literal, chosen in alike.items():
            for choice in chosen:
                for variable, name in choice:
                    among = frozenset([name] if name is not None else {*names, None} - set(mentioned[variable]))
                    asked.append((variable, sets.setdefault(among, len(sets))))
                classes.append(len(asked))
            choices.append(len(classes) - 1)
            facts += [(name, len(args), positive, (*args, 0)[:2]) for name, args, positive in sorted(literal)]
            literals.append(len(facts))
        variables.append(len(rule.variables))
        terms.append(len(choices) - 1)
    lists = tuple(np.array(x, np.int64) for x in (variables, terms, choices, literals, classes))
    members = np.array([[c in among for c in (*names, None)] for among in sets], np.bool_).reshape(-1, len(names) + 1)
    return _Listed(lists, np.array(asked, np.int64).reshape(-1, 2), members, tuple(facts))


def cost_of_rules(rules: Sequence[Rule], table: FactTable, cap: float) -> Tensor:
    """The sum of -log P(rule) over rules, frames and choices of different present objects, a 0-d tensor.

    What is above ``cap`` counts as cap (1 + log(x / cap)).

    Raises:
        GroundingError: an unknown predicate.
    """
    graph, half = table.graph, len(table.logits)
    listed = _listed(tuple(rules), graph.vocabulary.classes)
    columns = np.zeros((len(listed.facts), 5), np.int64)
    for row, (name, arity, positive, args) in zip(columns, listed.facts, strict=True):
        row[:3] = table.column(name, arity)
        row[0] += 0 if positive else half
        row[3:] = args
    classes = graph.classes.clamp_min(FLOOR)
    every = torch.cat([classes, rest(classes)[..., None]], -1)[:, :, None]  # [B, N, 1, C + 1]
    weights = every.masked_fill(~torch.from_numpy(listed.sets), FLOOR).logsumexp(-1).clamp_min(FLOOR)  # [B, N, Q]
    out: Tensor = _Cost.apply(table.logits, weights, table, (*listed.lists, listed.asked, columns), cap)
    return out


TINY = 1e-280
"""A product of doubles that is smaller may have left their range: it is worked out with logarithms."""


class _Cost(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, weights: Tensor, table: FactTable, program: tuple[Ints, ...], cap: float
    ) -> Tensor:
        odds, (chances, _) = logits.detach().numpy(), table.numbers()
        by_odds, by_class = np.zeros(odds.shape), np.zeros(weights.shape)
        logs = weights.detach().double().contiguous().numpy()
        present = table.graph.present.numpy()
        total, deep = run(odds, chances, logs, np.exp(logs), present, table.columns, *program, cap, by_odds, by_class)
        if deep:
            by_odds[np.abs(odds) >= -FLOOR] = 0  # a certain fact stays as it is
        ctx.save_for_backward(torch.from_numpy(by_odds).to(logits.dtype), torch.from_numpy(by_class).to(weights.dtype))
        return logits.new_tensor(total)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        by_logit, by_class = ctx.saved_tensors
        return grad * by_logit, grad * by_class, None, None, None


@inlined
def _row(facts: Any, f: Any, start: Any, chosen: Any) -> Any:
    """The row where a literal of the chosen objects stands."""
    return start + facts[f, 0] + facts[f, 1] * chosen[facts[f, 3]] + facts[f, 2] * chosen[facts[f, 4]]


@inlined
def _weigh(first: Any, last: Any, classes: Any, asked: Any, chosen: Any, weights: Any, b: Any, weight: Any) -> Any:
    """The probability of each of a term's choices of classes, in ``weight``, and their sum."""
    total = 0.0
    for m in range(first, last):
        one = 1.0
        for c in range(classes[m], classes[m + 1]):
            one *= weights[b, chosen[asked[c, 0]], asked[c, 1]]
        weight[m] = one
        total += one
    return total


@compiled
def _weigh_deep(first: Any, last: Any, classes: Any, asked: Any, chosen: Any, logs: Any, weight: Any) -> Any:
    """The same as multiples of the largest, where all are too small for doubles."""
    top = -np.inf
    for m in range(first, last):
        weight[m] = 0.0
        for c in range(classes[m], classes[m + 1]):
            weight[m] += logs[chosen[asked[c, 0]], asked[c, 1]]
        top = max(top, weight[m])
    total = 0.0
    for m in range(first, last):
        weight[m] = exp(weight[m] - top)
        total += weight[m]
    return total


@compiled
def _deep(
    odds: Any, logs: Any, t: Any, start: Any, chosen: Any, first: Any, last: Any, choices: Any, literals: Any,
    classes: Any, asked: Any, facts: Any, x: Any,
) -> Any:  # fmt: skip
    """log P(rule) in frame t, and in ``x`` each term as a share of it: where products leave the range of doubles."""
    half, top = len(odds), -np.inf
    for k in range(first, last):
        best = -np.inf
        for m in range(choices[k], choices[k + 1]):
            sum_ = 0.0
            for c in range(classes[m], classes[m + 1]):
                sum_ += logs[chosen[asked[c, 0]], asked[c, 1]]
            best = max(best, sum_) + (log1p(exp(-abs(best - sum_))) if best > -np.inf else 0.0)
        for f in range(literals[k], literals[k + 1]):
            at = _row(facts, f, start, chosen)
            z = np.float64(odds[at, t] if at < half else -odds[at - half, t])
            best += max(min(z, 0.0) - log1p(exp(-abs(z))), FLOOR)
        x[k - first, t] = best
        top = max(top, best)
    if last == first:
        return DEEP
    mass = 0.0
    for k in range(last - first):
        x[k, t] = exp(x[k, t] - top)
        mass += x[k, t]
    for k in range(last - first):
        x[k, t] /= mass
    return top + log(mass)


@compiled
def run(
    odds: Any, chances: Any, logs: Any, weights: Any, present: Any, columns: Any,
    variables: Any, terms: Any, choices: Any, literals: Any, classes: Any, asked: Any, facts: Any,
    cap: Any, by_odds: Any, by_class: Any,
) -> Any:  # fmt: skip
    """The cost, and whether some of it was worked out with logarithms.

    Its gradient by the log-odds of facts is added to ``by_odds``, that by the weights' logarithms to ``by_class``.

    odds: [F, T] of all facts; chances: [2 F, T] their probabilities, then those of their negations.
    logs, weights: [B, N, Q] the logarithm of P(the object's class is in the set), and itself.
    """
    clips, frames, objects = present.shape
    if frames == 0:
        return 0.0, False
    most, half = 1, len(odds)
    for r in range(len(variables)):
        most = max(most, terms[r + 1] - terms[r])
    x, start, weight = np.empty((most, frames)), np.empty(most), np.empty(len(classes))
    slope, mass, together = np.empty(frames), np.empty(frames), np.empty(frames)
    here = np.empty((3, objects, objects, frames))  # 1 where the rule's objects are present, by how many they are
    chosen = np.zeros(2, np.int64)
    total, least, deep = 0.0, exp(-cap), False
    together_at_once = max(1, int(600 / cap))  # so many numbers above ``least`` may be multiplied
    for b in range(clips):
        _presence(present[b], here)
        multiplied = 0
        for t in range(frames):
            together[t] = 1
        for r in range(len(variables)):
            first, last = terms[r], terms[r + 1]
            for i in range(objects if variables[r] > 0 else 1):
                for j in range(objects if variables[r] > 1 else 1):
                    v = variables[r]
                    if here[v, i, j, 0] < 0 or (v > 1 and i == j):  # never there
                        continue
                    chosen[0], chosen[1] = i, j
                    for t in range(frames):
                        mass[t] = 1 - here[v, i, j, t]
                    for k in range(first, last):
                        f0, f1, p = literals[k], literals[k + 1], k - first
                        w = _weigh(choices[k], choices[k + 1], classes, asked, chosen, weights, b, weight)
                        start[p] = w
                        if f1 == f0 + 1:  # beginning a loop costs more than going through it
                            at = _row(facts, f0, b * columns, chosen)
                            for t in range(frames):
                                x[p, t] = here[v, i, j, t] * w * chances[at, t]
                                mass[t] += x[p, t]
                        elif f1 == f0 + 2:
                            at, at2 = _row(facts, f0, b * columns, chosen), _row(facts, f0 + 1, b * columns, chosen)
                            for t in range(frames):
                                x[p, t] = here[v, i, j, t] * w * chances[at, t] * chances[at2, t]
                                mass[t] += x[p, t]
                        else:
                            for t in range(frames):
                                x[p, t] = here[v, i, j, t] * w
                            for f in range(f0, f1):
                                at = _row(facts, f, b * columns, chosen)
                                for t in range(frames):
                                    x[p, t] *= chances[at, t]
                            for t in range(frames):
                                mass[t] += x[p, t]
                    below = rare = 0
                    for t in range(frames):  # one logarithm for the product of many
                        m = mass[t]
                        below += m < 1
                        rare += m < least
                        slope[t] = -1 / m if m < 1 else 0.0
                        together[t] *= m if least <= m < 1 else 1.0
                    if below == 0:
                        continue  # certainly kept: no cost, no gradient
                    for t in range(frames if rare > 0 else 0):
                        if mass[t] < least:
                            if mass[t] > TINY:
                                cost = -log(mass[t])
                                slope[t] = -cap / cost / mass[t]
                            else:
                                cost, deep = -_deep(odds, logs[b], t, b * columns, chosen, first, last, choices,
                                                    literals, classes, asked, facts, x), True  # fmt: skip
                                slope[t] = -cap / cost
                            total += cap * (1 + log(cost / cap))
                    multiplied += 1
                    if multiplied == together_at_once:
                        multiplied = 0
                        for t in range(frames):
                            total -= log(together[t])
                            together[t] = 1
                    for k in range(first, last):
                        f0, f1, p = literals[k], literals[k + 1], k - first
                        share = 0.0
                        if f1 == f0 + 1:
                            at = _row(facts, f0, b * columns, chosen)
                            fact, sign, other = (at, 1.0, at + half) if at < half else (at - half, -1.0, at - half)
                            for t in range(frames):
                                g = x[p, t] * slope[t]
                                share += g
                                by_odds[fact, t] += sign * g * chances[other, t]
                        else:
                            for t in range(frames):
                                x[p, t] *= slope[t]
                                share += x[p, t]
                            for f in range(f0, f1):
                                at = _row(facts, f, b * columns, chosen)
                                fact, sign, other = (at, 1.0, at + half) if at < half else (at - half, -1.0, at - half)
                                for t in range(frames):
                                    by_odds[fact, t] += sign * x[p, t] * chances[other, t]
                        if classes[choices[k]] < classes[choices[k + 1]]:
                            w = start[p]
                            if w == 0:
                                w = _weigh_deep(choices[k], choices[k + 1], classes, asked, chosen, logs[b], weight)
                            for m in range(choices[k], choices[k + 1]):
                                part = share * weight[m] / w
                                for c in range(classes[m], classes[m + 1]):
                                    by_class[b, chosen[asked[c, 0]], asked[c, 1]] += part
        for t in range(frames):
            total -= log(together[t])
    return total, deep


@compiled
def _presence(present: Any, here: Any) -> None:
    """Fill ``here`` [3, N, N, T] from ``present`` [T, N]: 1 or 0 by frame; -1 in the first one of those never there."""
    frames, objects = present.shape
    for i in range(objects):
        for j in range(objects):
            for many in range(3):
                some = False
                for t in range(frames):
                    now = present[t].any() if many == 0 else present[t, i] and (many == 1 or present[t, j])
                    here[many, i, j, t] = 1.0 if now else 0.0
                    some = some or now
                if not some:
                    here[many, i, j, 0] = -1
