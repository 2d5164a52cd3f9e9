"""Formulas by size, each different from every smaller one on the given traces: bottom-up enumeration.

Two formulas with the same value at every frame of every trace are interchangeable inside any larger formula, so only
the first of them is kept (observational equivalence: Udupa et al., "TRANSIT", 2013). Values are compared by 64-bit
hashes; a collision could lose a formula but never admit a wrong one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nesy.dsl.ast import Formula
from nesy.synthesis.examples.bits import ONE, Words
from nesy.synthesis.examples.operators import Operator
from nesy.synthesis.examples.problem import Problem

Tree: TypeAlias = "int | tuple[Operator, Tree] | tuple[Operator, Tree, Tree]"
"""A formula over the pool: the number of a kept one, or an operator on such."""

CHUNK = 1 << 16
"""Words of one operation: few enough for the cache, enough to hide the cost of a call."""


class OutOfTime(Exception):
    """The deadline has passed; never leaves this package."""


@dataclass(frozen=True)
class Block:
    """Candidates made by one operator: ``left[k]`` and ``right[k]`` of the pool."""

    operator: Operator
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]

    def tree(self, k: int) -> Tree:
        if self.operator.arity == 1:
            return (self.operator, int(self.left[k]))
        return (self.operator, int(self.left[k]), int(self.right[k]))


class Pool:
    """The kept formulas of one problem, level by level.

    Args:
        limit: bytes of values that are kept at most; a level that could exceed it is not stored.
        deadline: a moment of ``time.monotonic()``.
    """

    def __init__(self, problem: Problem, operators: Sequence[Operator], limit: int, deadline: float) -> None:
        self.problem = problem
        self.operators = tuple(sorted(operators, key=lambda o: o.weight))
        self.deadline = deadline
        self.traces, self.width = problem.words.shape[1:]
        self.rows = max(64, limit // (8 * self.traces * self.width))
        self.levels: dict[int, tuple[int, int]] = {}  # size: (first, end)
        self.values: Words = np.empty((0, self.traces, self.width), np.uint64)
        self.weights = np.empty(0)
        self.sizes = np.empty(0, np.int64)
        self.made: list[Tree | Formula] = []
        self._known = np.empty(0, np.uint64)
        rng = np.random.default_rng(0)
        self._mix = rng.integers(0, 1 << 63, (self.traces, self.width), dtype=np.uint64) * np.uint64(2) + ONE

    def __len__(self) -> int:
        return len(self.made)

    def grow(self, size: int) -> range | None:
        """Keep the new formulas of one size; None when there could be too many."""
        if size == 1:
            first = 0
            self._keep(self.problem.words, list(self.problem.atoms), np.ones(len(self.problem.atoms)), 1)
        else:
            if self.count(size) > 4 * self.rows or len(self) > self.rows:
                return None
            first = len(self)
            parts: list[tuple[Words, list[Tree | Formula], npt.NDArray[np.float64]]] = []
            for block in self.blocks(size):
                values = self.evaluate(block, self.values, self.problem)
                new = self._new(values)
                if len(new):
                    left, right = block.left[new], block.right[new]
                    weights = block.operator.weight + self.weights[left]
                    if block.operator.arity == 2:
                        weights = weights + self.weights[right]
                    parts.append((values[new], [block.tree(int(k)) for k in new], weights))
            for values, trees, weights in parts:
                self._append(values, trees, weights, size)
        self.levels[size] = (first, len(self))
        return range(first, len(self))

    def count(self, size: int) -> int:
        """How many candidates of a size there are before equivalent ones are dropped."""
        return sum(len(a) * len(b) for _, a, b in self._pairs(size))

    def _pairs(self, size: int) -> Iterator[tuple[Operator, range, range]]:
        for o in self.operators:
            rest = size - o.cost
            if o.arity == 1:
                if rest in self.levels:
                    yield o, range(*self.levels[rest]), range(1)
                continue
            for i in range(1, rest):
                if i in self.levels and rest - i in self.levels and not (o.symmetric and i > rest - i):
                    yield o, range(*self.levels[i]), range(*self.levels[rest - i])

    def blocks(self, size: int, columns: int | None = None, arity: int | None = None) -> Iterator[Block]:
        """All candidates of a size, in pieces of about :data:`CHUNK` words; ``columns``: words of one value."""
        rows = max(16, CHUNK // (columns or self.traces * self.width))
        for o, a, b in self._pairs(size):
            if arity is not None and o.arity != arity:
                continue
            total = len(a) * len(b)
            for start in range(0, total, rows):
                if time.monotonic() > self.deadline:
                    raise OutOfTime
                k = np.arange(start, min(total, start + rows))
                left, right = a.start + k // len(b), b.start + k % len(b)
                if o.symmetric:
                    keep = left < right
                    left, right = left[keep], right[keep]
                if len(left):
                    yield Block(o, left, right)

    def evaluate(self, block: Block, values: Words, problem: Problem) -> Words:
        """The values [rows, N, W] of a block's candidates, from the pool's values on the traces of ``problem``."""
        o = block.operator
        if o.arity == 1:
            return o.bits(values[block.left], problem.clock)
        return o.bits(values[block.left], values[block.right], problem.clock)

    def _hash(self, values: Words) -> Words:
        h = values ^ (values >> np.uint64(32))
        h *= self._mix
        h ^= h >> np.uint64(29)
        out: Words = h.reshape(len(values), -1).sum(axis=1, dtype=np.uint64)
        return out

    def hashes(self, values: Words) -> Words:
        """One number a row; equal rows have equal numbers."""
        return self._hash(values)

    def _new(self, values: Words) -> npt.NDArray[np.int64]:
        """The rows that nobody had before, each once; they are known from now on."""
        hashes = self._hash(values)
        unique, first = np.unique(hashes, return_index=True)
        place = np.searchsorted(self._known, unique)
        fresh = np.ones(len(unique), bool)
        inside = place < len(self._known)
        fresh[inside] = self._known[place[inside]] != unique[inside]
        self._known = np.insert(self._known, place[fresh], unique[fresh])
        return np.sort(first[fresh]).astype(np.int64)

    def _keep(self, values: Words, made: Sequence[Tree | Formula], weights: npt.NDArray[np.float64], size: int) -> None:
        new = self._new(values)
        self._append(values[new], [made[int(k)] for k in new], weights[new], size)

    def _append(
        self, values: Words, made: Sequence[Tree | Formula], weights: npt.NDArray[np.float64], size: int
    ) -> None:
        self._grow_to(len(self.made) + len(made))
        a, b = len(self.made), len(self.made) + len(made)
        self._values[a:b] = values
        self.values = self._values[:b]
        self.weights = np.concatenate([self.weights, weights])
        self.sizes = np.concatenate([self.sizes, np.full(len(made), size)])
        self.made += made

    def _grow_to(self, rows: int) -> None:
        if not hasattr(self, "_values"):
            self._values: Words = np.empty((1024, self.traces, self.width), np.uint64)
        if rows > len(self._values):
            larger = np.empty((max(rows, 2 * len(self._values)), self.traces, self.width), np.uint64)
            larger[: len(self.made)] = self._values[: len(self.made)]
            self._values = larger

    def formula(self, tree: Tree) -> Formula:
        """A tree over the pool as syntax."""
        if isinstance(tree, int):
            made = self.made[tree]
            return made if isinstance(made, Formula) else self.formula(made)
        operator, *parts = tree
        return operator.syntax(*(self.formula(p) for p in parts))

    def weight(self, tree: Tree) -> float:
        if isinstance(tree, int):
            return float(self.weights[tree])
        operator, *parts = tree
        return operator.weight + sum(self.weight(p) for p in parts)
