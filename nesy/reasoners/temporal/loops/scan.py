"""The forward algorithm on probabilities: facts, guards and scan of a few bindings at a time, in one loop.

    guard[e, t]     = the sum over the transition's cubes of the product of their literals
    value[s, t]     = the sum over the transitions e from s of guard[e, t] value[target(e), t + 1]
    P(accept)       = value[0, 0]

Up to LANES bindings of an item stand side by side in every row, frame by frame, so that a loop over a row is long and
one over a frame is one instruction. Nothing but the result is kept: the backward pass computes the rest again, which
takes less time than reading it would.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nesy.reasoners.temporal.compiled import compiled, inlined

LANES = 8


@compiled
def forward(
    chances: Any, yes: Any, no: Any, columns: Any, clip: Any, of: Any, lengths: Any, objects: Any, live: Any,
    place: Any, facts: Any, first: Any, states: Any, edges: Any, source: Any, target: Any, cubes: Any,
    literals: Any, literal: Any, ends: Any, wanted: Any, asked: Any, out: Any,
) -> None:  # fmt: skip
    """Fill ``out`` [I, A] with the probability that the automaton ends in a state for which ``ends`` is ``wanted``.

    chances: [2 F, T] probabilities of facts and negations; yes, no: [X, T] of extras; place: [I, extras, A] their rows.
    The others are those of :class:`nesy.reasoners.temporal.loops.program.Program`, of the items and of the bindings.
    asked: [I] which items.
    """
    row, guard, one, value, lane = _room(chances.shape[1], first, states, edges)
    for i in range(len(of)):
        c, frames, a = of[i], lengths[i], 0
        while asked[i] and a < live.shape[1]:
            lanes, a = _next(live[i], lane, a)
            if lanes == 0:
                continue
            _load(row, chances, yes, no, columns * clip[i], objects[i], place[i], facts[first[c] : first[c + 1]], lane,
                  lanes, frames)  # fmt: skip
            _guards(guard, one, row, edges[c], edges[c + 1], cubes, literals, literal, lanes * frames)
            if lanes == LANES:
                _scan(value, guard, states[c], edges[c], edges[c + 1], source, target, ends[c], wanted, LANES, frames)
            else:
                _scan(value, guard, states[c], edges[c], edges[c + 1], source, target, ends[c], wanted, lanes, frames)
            for k in range(lanes):
                out[i, lane[k]] = value[0, k]


@compiled
def backward(
    chances: Any, yes: Any, no: Any, columns: Any, clip: Any, of: Any, lengths: Any, objects: Any, live: Any,
    place: Any, facts: Any, first: Any, states: Any, edges: Any, source: Any, target: Any, cubes: Any,
    literals: Any, literal: Any, ends: Any, wanted: Any, grad: Any, by_odds: Any, by_yes: Any, by_no: Any,
) -> None:  # fmt: skip
    """Add the gradient by the facts' log-odds, [F, T], and by the logarithms of the extras, [X, T].

    grad: [I, A] that by the logarithm of ``out``; 0 where there was nothing to compute.
    """
    row, guard, one, value, lane = _room(chances.shape[1], first, states, edges)
    share = np.empty_like(row)
    flow, after = np.empty(value.shape[1]), np.empty(value.shape[1])
    for i in range(len(of)):
        c, frames, a = of[i], lengths[i], 0
        e0, e1 = edges[c], edges[c + 1]
        mine = facts[first[c] : first[c + 1]]
        while a < live.shape[1]:
            lanes, a = _next(grad[i], lane, a)
            if lanes == 0:
                continue
            _load(row, chances, yes, no, columns * clip[i], objects[i], place[i], mine, lane, lanes, frames)
            _guards(guard, one, row, e0, e1, cubes, literals, literal, lanes * frames)
            if lanes == LANES:
                _scan(value, guard, states[c], e0, e1, source, target, ends[c], wanted, LANES, frames)
            else:
                _scan(value, guard, states[c], e0, e1, source, target, ends[c], wanted, lanes, frames)
            for k in range(states[c] * lanes):
                flow[k] = 0
            for k in range(lanes):
                flow[k] = grad[i, lane[k]] / value[0, k]
            if lanes == LANES:
                _flow(flow, after, guard, value, states[c], e0, e1, source, target, LANES, frames)
            else:
                _flow(flow, after, guard, value, states[c], e0, e1, source, target, lanes, frames)
            for k in range(2 * len(mine)):
                for w in range(lanes * frames):
                    share[k, w] = 0
            for e in range(e0, e1):
                for m in range(cubes[e], cubes[e + 1]):
                    if literals[m] == literals[m + 1]:
                        continue
                    _cube(one, row, literal, literals[m], literals[m + 1], lanes * frames)
                    for w in range(lanes * frames):
                        one[w] *= guard[e - e0, w]
                    for k in range(literals[m], literals[m + 1]):
                        r = literal[k]
                        for w in range(lanes * frames):
                            share[r, w] += one[w]
            for k in range(len(mine)):
                for j in range(lanes):
                    if mine[k, 0] < 0:
                        r = place[i, -1 - mine[k, 0], lane[j]]
                        for t in range(frames):
                            by_yes[r, t] += share[2 * k, t * lanes + j]
                            by_no[r, t] += share[2 * k + 1, t * lanes + j]
                    else:
                        r = _fact(mine[k], columns * clip[i], objects[i, lane[j]])
                        for t in range(frames):
                            w = t * lanes + j
                            by_odds[r, t] += share[2 * k, w] * row[2 * k + 1, w] - share[2 * k + 1, w] * row[2 * k, w]


@inlined
def _flow(
    flow: Any, after: Any, guard: Any, value: Any, states: Any, e0: Any, e1: Any, source: Any, target: Any, lanes: Any,
    frames: Any,
) -> None:  # fmt: skip
    for t in range(frames):
        for k in range(states * lanes):
            after[k] = 0
        for e in range(e0, e1):
            s, d, g = source[e] * lanes, target[e] * lanes, t * lanes
            for k in range(lanes):
                x = flow[s + k]
                after[d + k] += x * guard[e - e0, g + k]
                guard[e - e0, g + k] = x * value[t + 1, d + k]  # what a cube's probability is multiplied by
        for k in range(states * lanes):
            flow[k] = after[k]


@inlined
def _next(live: Any, lane: Any, a: Any) -> Any:
    """Put the next bindings that count into ``lane``: how many, and where to go on."""
    lanes = 0
    while a < len(live) and lanes < LANES:
        if live[a] != 0:
            lane[lanes] = a
            lanes += 1
        a += 1
    return lanes, a


@compiled
def _room(frames: Any, first: Any, states: Any, edges: Any) -> Any:
    """Memory for the largest case: rows of literals, guards, one row, values, and the bindings at work."""
    most = max(1, (first[1:] - first[:-1]).max())
    return (
        np.empty((2 * most, frames * LANES)),
        np.empty((max(1, (edges[1:] - edges[:-1]).max()), frames * LANES)),
        np.empty(frames * LANES),
        np.empty((frames + 1, states.max() * LANES)),
        np.empty(LANES, np.int64),
    )


@inlined
def _fact(fact: Any, start: Any, objects: Any) -> Any:
    """The row where a fact of these objects stands."""
    row = start + fact[0]
    if fact[1] > 0:
        row += fact[1] * objects[fact[3]]
    if fact[2] > 0:
        row += fact[2] * objects[fact[4]]
    return row


@inlined
def _load(
    row: Any, chances: Any, yes: Any, no: Any, start: Any, objects: Any, place: Any, facts: Any, lane: Any, lanes: Any,
    frames: Any,
) -> None:  # fmt: skip
    """Copy each proposition's probability, and its negation's, to rows 2 k and 2 k + 1."""
    half = len(chances) // 2
    for k in range(len(facts)):
        for j in range(lanes):
            if facts[k, 0] < 0:
                r = place[-1 - facts[k, 0], lane[j]]
                for t in range(frames):
                    row[2 * k, t * lanes + j] = yes[r, t]
                    row[2 * k + 1, t * lanes + j] = no[r, t]
            else:
                r = _fact(facts[k], start, objects[lane[j]])
                for t in range(frames):
                    row[2 * k, t * lanes + j] = chances[r, t]
                    row[2 * k + 1, t * lanes + j] = chances[r + half, t]


@inlined
def _cube(one: Any, row: Any, literal: Any, k0: Any, k1: Any, width: Any) -> None:
    """The product of a cube's literals; it has at least one."""
    r = literal[k0]  # a local name: what is read in a loop keeps it from being vectorised
    for w in range(width):
        one[w] = row[r, w]
    for k in range(k0 + 1, k1):
        r = literal[k]
        for w in range(width):
            one[w] *= row[r, w]


@inlined
def _guards(
    guard: Any, one: Any, row: Any, e0: Any, e1: Any, cubes: Any, literals: Any, literal: Any, width: Any
) -> None:
    """The probability of each transition in every frame."""
    for e in range(e0, e1):
        for w in range(width):
            guard[e - e0, w] = 0
        for m in range(cubes[e], cubes[e + 1]):
            if literals[m] == literals[m + 1]:  # without a condition
                for w in range(width):
                    guard[e - e0, w] = 1
            else:
                _cube(one, row, literal, literals[m], literals[m + 1], width)
                for w in range(width):
                    guard[e - e0, w] += one[w]


@inlined
def _scan(
    value: Any, guard: Any, states: Any, e0: Any, e1: Any, source: Any, target: Any, ends: Any, wanted: Any,
    lanes: Any, frames: Any,
) -> None:  # fmt: skip
    """P(the rest of the clip ends as wanted) of each state, from the last frame to the first."""
    for s in range(states):
        for k in range(lanes):
            value[frames, s * lanes + k] = 1.0 if ends[s] == wanted else 0.0
    for t in range(frames - 1, -1, -1):
        for k in range(states * lanes):
            value[t, k] = 0
        for e in range(e0, e1):
            s, d, g = source[e] * lanes, target[e] * lanes, t * lanes
            for k in range(lanes):
                value[t, s + k] += guard[e - e0, g + k] * value[t + 1, d + k]
