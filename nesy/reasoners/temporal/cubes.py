"""An automaton as a table of transitions, each a few disjoint *cubes* (conjunctions of literals).

Guards become products and sums of probabilities that way. :func:`of_formula` reads the cubes off the automaton of a
whole formula; :func:`of_outline` puts them together from the automaton of a formula's outline and the cubes of its
events, which are few and known from other formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nesy.errors import GroundingError
from nesy.reasoners.temporal.automaton import Automaton, build
from nesy.reasoners.temporal.core import Core, neg

MAX_CUBES = 1024
"""The largest number of transition cubes of one automaton."""

Cube: TypeAlias = dict[int, bool]


@dataclass(frozen=True, eq=False)
class Edges:
    """Transitions, those of one source together.

    source, target: [E] states; cubes: [E] how many disjoint cubes each has, whose probabilities are summed.
    literals: [P] how many each cube has; literal: all of them in order, 2 k, or 2 k + 1 for a negated one.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    cubes: NDArray[np.int64]
    literals: NDArray[np.int64]
    literal: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cubes:
    """An automaton as a table of transitions; shared by all cases of the same structure.

    source, target: [P] states of each transition cube; cubes of one source exclude each other and cover everything.
    positive, negative: [P, K] 1 where the cube contains the literal.
    accepting: [S] whether a clip may end in the state; the initial state is 0.
    slot: [P] the running number of each cube among those of its source.
    width: the largest number of cubes of one source.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    positive: NDArray[np.float32]
    negative: NDArray[np.float32]
    accepting: NDArray[np.bool_]
    slot: NDArray[np.int64]
    width: int

    @cached_property
    def literals(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many literals each cube has, [P], and all of them in order: 2 k, or 2 k + 1 for a negated one."""
        both = np.stack([self.positive, self.negative], -1).reshape(len(self.source), -1) > 0  # [P, 2 K]
        return both.sum(1), both.nonzero()[1]

    @cached_property
    def wanted(self) -> NDArray[np.bool_]:
        """Whether some transition wants the proposition to be true, [K]."""
        return np.asarray(self.positive.any(0))

    @cached_property
    def edges(self) -> Edges:
        """The cubes joined: one transition from a state to another, however many cubes it has."""
        order = np.lexsort((self.target, self.source))
        pairs = np.stack([self.source, self.target])[:, order]
        begins = np.flatnonzero(np.concatenate([[True], (pairs[:, 1:] != pairs[:, :-1]).any(0)]))
        count, literal = self.literals
        parts = np.split(literal, count.cumsum()[:-1])
        return Edges(
            pairs[0, begins],
            pairs[1, begins],
            np.diff(begins, append=len(order)),
            count[order],
            np.concatenate([parts[k] for k in order]),
        )


@lru_cache(maxsize=4096)
def of_formula(core: Core, propositions: int) -> Cubes:
    """The transitions of a formula over propositions 0 .. ``propositions`` - 1.

    Raises:
        GroundingError: more than MAX_CUBES of them.
    """
    automaton = build(core)
    number = _numbers(automaton)
    found = [
        (state, {number[k]: value for k, value in cube.items()}, target)
        for state, root in enumerate(automaton.roots)
        for cube, target in _paths(automaton, root)
    ]
    return _table(found, automaton.accepting, propositions)


def of_outline(outline: Automaton, events: Sequence[Core], propositions: int) -> Cubes:
    """The transitions of a formula from the automaton of its outline, whose propositions stand for ``events``.

    Raises:
        GroundingError: more than MAX_CUBES of them.
    """
    found: list[tuple[int, Cube, int]] = []
    for state, root in enumerate(outline.roots):
        for decided, target in _paths(outline, root):
            ways = [ways_of(events[k], value) for k, value in decided.items()]
            for some in product(*ways):
                cube: Cube = {}
                if all(cube.setdefault(k, value) == value for way in some for k, value in way):
                    found.append((state, cube, target))
                    if len(found) > MAX_CUBES:
                        raise _too_many()
    return _table(found, outline.accepting, propositions)


@lru_cache(maxsize=4096)
def ways_of(event: Core, value: bool) -> tuple[tuple[tuple[int, bool], ...], ...]:
    """The disjoint ways in which a formula about one frame has a truth value, as literals."""
    automaton = build(event if value else neg(event))
    number, paths = _numbers(automaton), _paths(automaton, automaton.roots[0])
    return tuple(
        tuple((number[k], v) for k, v in cube.items()) for cube, target in paths if automaton.accepting[target]
    )


def _numbers(automaton: Automaton) -> list[int]:
    """The propositions of an automaton of a formula whose propositions are numbers."""
    return [int(p[0]) for p in automaton.propositions]  # type: ignore[index]


def _paths(automaton: Automaton, root: int) -> Iterator[tuple[Cube, int]]:
    """Each path of a state's decision: the values of the propositions on it, and the next state."""
    stack: list[tuple[int, Cube]] = [(root, {})]
    for _ in range(2 * MAX_CUBES):
        if not stack:
            return
        node, cube = stack.pop()
        if node < 0:
            yield cube, -1 - node
        else:
            proposition, low, high = automaton.branches[node]
            stack += [(low, {**cube, proposition: False}), (high, {**cube, proposition: True})]
    raise _too_many()


def _table(found: Sequence[tuple[int, Cube, int]], accepting: Sequence[bool], propositions: int) -> Cubes:
    if len(found) > MAX_CUBES:
        raise _too_many()
    shape = (len(found), propositions)
    positive, negative = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    count: dict[int, int] = {}
    slot = []
    for row, (source, cube, _) in enumerate(found):
        for proposition, value in cube.items():
            (positive if value else negative)[row, proposition] = 1
        slot.append(count.get(source, 0))
        count[source] = slot[-1] + 1
    return Cubes(
        np.array([s for s, _, _ in found], np.int64),
        np.array([t for _, _, t in found], np.int64),
        positive,
        negative,
        np.array(accepting),
        np.array(slot, np.int64),
        max(count.values()),
    )


def _too_many() -> GroundingError:
    return GroundingError(
        f"the spec's automaton has more than {MAX_CUBES} transition cubes",
        hint="split the spec, or use fewer facts in one event",
    )
