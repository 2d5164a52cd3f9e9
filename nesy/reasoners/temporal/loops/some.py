"""Propositions "some object is ..." of one frame: the noisy-or over objects as pairs (p, 1 - p), in one loop.

    q[n, t]  = P(n counts) times the product of n's literals in frame t
    no[t]    = the product over n of 1 - q;  yes[t] = 1 - no[t], summed up as "the first object that is so is n"

A loop over the frames of a clip is short, and what it costs to begin one is most of its price: hence one loop does all
for one literal, and one for two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nesy.reasoners.temporal.compiled import compiled, inlined
from nesy.reasoners.temporal.core import LOCAL


@compiled
def forward(
    chances: Any, columns: Any, weight: Any, apart: Any, exists: Any,
    kind: Any, clip: Any, asked: Any, sort: Any, against: Any, first: Any, literal: Any, yes: Any, no: Any,
) -> None:  # fmt: skip
    """Fill ``yes`` and ``no``, [U, T].

    chances: [2 F, T] probabilities of all facts, then of their negations; F = clips times columns.
    weight, apart: [B, N, Q] P(the object has the sort), and 1 minus it. exists: [B] objects of each clip.
    kind, clip: [U]; asked: [U, W] the objects that are asked with the proposition.
    sort: of each kind; against: [kinds, W] bool, which of those it cannot itself stand for.
    first, literal: the literals of each kind.
    """
    half, frames = len(chances) // 2, chances.shape[1]
    q, rest = np.empty(frames), np.empty(frames)
    for u in range(len(kind)):
        b, c = clip[u], kind[u]
        k0, k1, start = first[c], first[c + 1], columns * b
        for t in range(frames):
            yes[u, t], no[u, t] = 0, 1
        for n in range(exists[b]):
            w, v = weight[b, n, sort[c]], apart[b, n, sort[c]]
            if not w > 0 or _taken(n, asked, u, against, c):
                continue
            if k1 == k0 + 1:
                row = _row(literal, k0, start, n, asked, u)
                other = row + half if row < half else row - half
                for t in range(frames):
                    before = no[u, t]
                    yes[u, t] += before * w * chances[row, t]
                    no[u, t] = before * (v + w * chances[other, t])
            elif k1 == k0 + 2:
                row = _row(literal, k0, start, n, asked, u)
                other = row + half if row < half else row - half
                row2 = _row(literal, k0 + 1, start, n, asked, u)
                other2 = row2 + half if row2 < half else row2 - half
                for t in range(frames):
                    p, before = w * chances[row, t], no[u, t]
                    yes[u, t] += before * p * chances[row2, t]
                    no[u, t] = before * (v + w * chances[other, t] + p * chances[other2, t])
            else:
                _one(chances, start, w, v, n, asked, u, literal, k0, k1, q, rest)
                for t in range(frames):
                    yes[u, t] += no[u, t] * q[t]
                    no[u, t] *= rest[t]


@compiled
def backward(
    chances: Any, columns: Any, weight: Any, apart: Any, exists: Any,
    kind: Any, clip: Any, asked: Any, sort: Any, against: Any, first: Any, literal: Any, yes: Any, no: Any,
    up: Any, down: Any, by_odds: Any, by_sort: Any,
) -> None:  # fmt: skip
    """Add to ``by_odds`` [F, T] the gradient by the facts' log-odds, to ``by_sort`` that by the weights' logarithms.

    up, down: [U, T] the gradient by the logarithms of ``yes`` and ``no``.
    """
    half, frames = len(chances) // 2, chances.shape[1]
    q, rest, share = np.empty(frames), np.empty(frames), np.empty(frames)
    for u in range(len(kind)):
        b, c = clip[u], kind[u]
        k0, k1, start = first[c], first[c + 1], columns * b
        some = False
        for t in range(frames):
            some |= (up[u, t] != 0) | (down[u, t] != 0)
        if not some:
            continue
        for t in range(frames):
            share[t] = (up[u, t] * no[u, t] / yes[u, t] if yes[u, t] > 0 else 0.0) - down[u, t]
        for n in range(exists[b]):
            w, v = weight[b, n, sort[c]], apart[b, n, sort[c]]
            if not w > 0 or _taken(n, asked, u, against, c):
                continue
            total = 0.0
            # the gradient by log q is share q / (1 - q); what is certain cannot be changed by any fact
            if k1 == k0 + 1:
                row = _row(literal, k0, start, n, asked, u)
                fact, sign, other = (row, 1.0, row + half) if row < half else (row - half, -1.0, row - half)
                for t in range(frames):
                    not_p = chances[other, t]
                    r = v + w * not_p
                    g = share[t] * w * chances[row, t] / r if r > 0 else 0.0
                    total += g
                    by_odds[fact, t] += sign * g * not_p
            elif k1 == k0 + 2:
                row = _row(literal, k0, start, n, asked, u)
                fact, sign, other = (row, 1.0, row + half) if row < half else (row - half, -1.0, row - half)
                row2 = _row(literal, k0 + 1, start, n, asked, u)
                fact2, sign2, other2 = (row2, 1.0, row2 + half) if row2 < half else (row2 - half, -1.0, row2 - half)
                for t in range(frames):
                    p = w * chances[row, t]
                    r = v + w * chances[other, t] + p * chances[other2, t]
                    g = share[t] * p * chances[row2, t] / r if r > 0 else 0.0
                    total += g
                    q[t] = g
                for t in range(frames):
                    by_odds[fact, t] += sign * q[t] * chances[other, t]
                for t in range(frames):
                    by_odds[fact2, t] += sign2 * q[t] * chances[other2, t]
            else:
                _one(chances, start, w, v, n, asked, u, literal, k0, k1, q, rest)
                for t in range(frames):
                    q[t] = share[t] * q[t] / rest[t] if rest[t] > 0 else 0.0
                    total += q[t]
                for k in range(k0, k1):
                    row = _row(literal, k, start, n, asked, u)
                    fact, sign, other = (row, 1.0, row + half) if row < half else (row - half, -1.0, row - half)
                    for t in range(frames):
                        by_odds[fact, t] += sign * q[t] * chances[other, t]
            by_sort[b, n, sort[c]] += total


@inlined
def _taken(n: Any, asked: Any, u: Any, against: Any, c: Any) -> Any:
    """Whether the object is bound to a variable of a class that excludes the proposition's."""
    taken = False
    for k in range(against.shape[1]):
        taken |= against[c, k] and asked[u, k] == n
    return taken


@inlined
def _row(literal: Any, k: Any, start: Any, n: Any, asked: Any, u: Any) -> Any:
    """The row of ``chances`` where a literal stands."""
    row = start + literal[k, 0]
    if literal[k, 1] > 0:
        row += literal[k, 1] * (n if literal[k, 3] == LOCAL else asked[u, literal[k, 3]])
    if literal[k, 2] > 0:
        row += literal[k, 2] * (n if literal[k, 4] == LOCAL else asked[u, literal[k, 4]])
    return row


@compiled
def _one(
    chances: Any, start: Any, weight: Any, apart: Any, n: Any, asked: Any, u: Any, literal: Any, k0: Any, k1: Any,
    q: Any, rest: Any,
) -> None:  # fmt: skip
    """The probability that one object is it, and 1 minus that, in every frame."""
    half, frames = len(chances) // 2, chances.shape[1]
    for t in range(frames):
        q[t], rest[t] = weight, apart
    for k in range(k0, k1):
        row = _row(literal, k, start, n, asked, u)
        other = row + half if row < half else row - half
        for t in range(frames):
            rest[t] += q[t] * chances[other, t]
            q[t] *= chances[row, t]
