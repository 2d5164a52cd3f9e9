"""A spec compiled once for all clips: its quantified variables, and one table of transitions for each way to bind them.

A spec ``exists x: c, y: d { body }`` is compiled to *cases*. In a case every block of variables denotes one object and
different blocks different objects, so that within one assignment of objects to blocks all facts of the body are
different facts and the automaton's forward pass is exact. Variables of different classes never share a block: classes
exclude each other. Transitions are stored as disjoint *cubes* (conjunctions of literals), which turns the guards of a
whole batch into one matrix product of log-probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.automaton import Automaton, build
from nesy.reasoners.temporal.core import FALSE, TRUE, Core, Proposition, ground

MAX_CUBES = 1024
"""The largest number of transition cubes of one case."""


@dataclass(frozen=True)
class Case:
    """One way in which the variables of a spec may coincide, with its automaton as a table.

    sorts: the class of each block of variables, None for any.
    propositions: frame facts whose arguments are block numbers, or parts of the clip; K of them.
    source, target: [P] states of each transition cube; cubes of one source exclude each other and cover everything.
    positive, negative: [P, K] 1 where the cube contains the literal.
    accepting: [S] whether a clip may end in the state; the initial state is 0.
    """

    sorts: tuple[str | None, ...]
    propositions: tuple[Proposition, ...]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    positive: NDArray[np.float32]
    negative: NDArray[np.float32]
    accepting: NDArray[np.bool_]


@lru_cache(maxsize=65536)
def cases(formula: Formula, classes: tuple[str, ...], fps: float | None) -> tuple[Case, ...]:
    """All cases of a spec that is a body without quantifiers behind at most one ``exists``.

    Raises:
        GroundingError: quantifiers inside the body, free variables, or more than MAX_CUBES transitions.
    """
    bindings, body = prefix(formula)
    names = [b.var for b in bindings]
    if any(isinstance(g, (ast.Exists, ast.Forall, ast.ExistsAtLeast)) for g in ast.walk(body)):
        raise GroundingError(
            "only one leading `exists` can be compiled for training",
            span=formula.span,
            hint="move the quantifiers to the front, or ask for the exact probability of single clips",
        )
    out = []
    for blocks in coincidences([b.sort for b in bindings]):
        sorts = tuple(next((bindings[i].sort for i in b if bindings[i].sort is not None), None) for b in blocks)
        env = {names[i]: k for k, block in enumerate(blocks) for i in block}

        def atom(name: str, objects: tuple[int, ...], node: ast.Atom, sorts: tuple[str | None, ...] = sorts) -> Core:
            if len(objects) == 1 and name in classes:
                sort = sorts[objects[0]]
                if sort is None:
                    raise GroundingError(
                        f"the class of `{node.args[0]}` must be given where it is quantified",
                        span=node.span,
                        hint=f"write `exists {node.args[0]}: {name}`",
                    )
                return TRUE if sort == name else FALSE
            return ("prop", (name, *objects))

        core = ground(body, range(len(blocks)), atom, in_class=lambda o, c: True, env=env, fps=fps)
        if core != FALSE:
            out.append(_table(sorts, build(core)))
    return tuple(out)


def prefix(formula: Formula) -> tuple[tuple[ast.Binding, ...], Formula]:
    """The leading existential bindings of ``formula`` and what they range over."""
    bindings: tuple[ast.Binding, ...] = ()
    while isinstance(formula, (ast.Exists, ast.Hinted)):
        if isinstance(formula, ast.Exists):
            bindings += formula.bindings
        formula = formula.body
    return bindings, formula


def coincidences(sorts: Sequence[str | None]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """All partitions of the variables 0..k-1 into blocks in which no two different classes meet."""

    def extend(blocks: tuple[tuple[int, ...], ...], i: int) -> Iterator[tuple[tuple[int, ...], ...]]:
        if i == len(sorts):
            yield blocks
            return
        for k, block in enumerate(blocks):
            seen = {sorts[j] for j in block} - {None}
            if sorts[i] is None or not seen or sorts[i] in seen:
                yield from extend((*blocks[:k], (*block, i), *blocks[k + 1 :]), i + 1)
        yield from extend((*blocks, (i,)), i + 1)

    yield from extend((), 0)


def _table(sorts: tuple[str | None, ...], automaton: Automaton) -> Case:
    source: list[int] = []
    target: list[int] = []
    cubes: list[dict[int, bool]] = []
    for state, root in enumerate(automaton.roots):
        stack: list[tuple[int, dict[int, bool]]] = [(root, {})]
        while stack:
            node, cube = stack.pop()
            if node < 0:
                source.append(state)
                target.append(-1 - node)
                cubes.append(cube)
                if len(cubes) > MAX_CUBES:
                    raise GroundingError(
                        f"the spec's automaton has more than {MAX_CUBES} transition cubes",
                        hint="split the spec, or use fewer facts in one event",
                    )
            else:
                proposition, low, high = automaton.branches[node]
                stack += [(low, {**cube, proposition: False}), (high, {**cube, proposition: True})]
    shape = (len(cubes), len(automaton.propositions))
    positive, negative = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, cube in enumerate(cubes):
        for proposition, value in cube.items():
            (positive if value else negative)[row, proposition] = 1
    return Case(
        sorts,
        automaton.propositions,
        np.array(source, np.int64),
        np.array(target, np.int64),
        positive,
        negative,
        np.array(automaton.accepting),
    )
