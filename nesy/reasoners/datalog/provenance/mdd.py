"""Multi-valued decision diagrams: a canonical form of a formula over facts and groups of exclusive facts.

An independent fact is a variable with two values, an exclusive group one with a value per fact and one for "none of
them". The weights of a variable's values sum to one, so a variable that a path skips costs nothing and the weighted
model count is a polynomial: no smoothing, no encoding of exclusion, no division. (Binary diagrams: Bryant 1986; many
values: Srinivasan et al. 1990.)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from nesy.errors import GroundingError

FALSE, TRUE = 0, 1
DEFAULT_BUDGET = 500_000


class Diagrams:
    """A shared store of reduced ordered diagrams; variable ``v`` has ``arity[v]`` values, smaller ones on top."""

    def __init__(self, arity: list[int], budget: int = DEFAULT_BUDGET) -> None:
        self.arity, self.budget = arity, budget
        bottom = len(arity)
        self.var: list[int] = [bottom, bottom]
        self.children: list[tuple[int, ...]] = [(), ()]
        self._unique: dict[tuple[int, tuple[int, ...]], int] = {}
        self._and: dict[tuple[int, int], int] = {}
        self._or: dict[tuple[int, int], int] = {}
        self._not: dict[int, int] = {FALSE: TRUE, TRUE: FALSE}

    def make(self, var: int, children: tuple[int, ...]) -> int:
        """The node with these children, or the child if all are one."""
        first = children[0]
        if all(c == first for c in children):
            return first
        key = (var, children)
        node = self._unique.get(key)
        if node is None:
            node = len(self.var)
            if node > self.budget:
                raise GroundingError(
                    f"the exact decision diagram needs more than {self.budget} nodes",
                    hint="raise node_budget, or use difftopkproofs (a lower bound) for this program",
                )
            self._unique[key] = node
            self.var.append(var)
            self.children.append(children)
        return node

    def literal(self, var: int, value: int) -> int:
        """The diagram of "variable has value"."""
        return self.make(var, tuple(TRUE if i == value else FALSE for i in range(self.arity[var])))

    def conjoin(self, a: int, b: int) -> int:
        """a and b."""
        if a == b or b == TRUE:
            return a
        if a == TRUE:
            return b
        if a == FALSE or b == FALSE:
            return FALSE
        key = (a, b) if a < b else (b, a)
        found = self._and.get(key)
        if found is None:
            va, vb = self.var[a], self.var[b]
            var = va if va < vb else vb
            n = self.arity[var]
            ca = self.children[a] if va == var else (a,) * n
            cb = self.children[b] if vb == var else (b,) * n
            conjoin = self.conjoin
            found = self._and[key] = self.make(var, tuple([conjoin(x, y) for x, y in zip(ca, cb, strict=True)]))
        return found

    def disjoin(self, a: int, b: int) -> int:
        """a or b."""
        if a == b or b == FALSE:
            return a
        if a == FALSE:
            return b
        if a == TRUE or b == TRUE:
            return TRUE
        key = (a, b) if a < b else (b, a)
        found = self._or.get(key)
        if found is None:
            va, vb = self.var[a], self.var[b]
            var = va if va < vb else vb
            n = self.arity[var]
            ca = self.children[a] if va == var else (a,) * n
            cb = self.children[b] if vb == var else (b,) * n
            disjoin = self.disjoin
            found = self._or[key] = self.make(var, tuple([disjoin(x, y) for x, y in zip(ca, cb, strict=True)]))
        return found

    def negate(self, a: int) -> int:
        """not a."""
        found = self._not.get(a)
        if found is None:
            found = self.make(self.var[a], tuple([self.negate(c) for c in self.children[a]]))
            self._not[a] = found
            self._not[found] = a
        return found

    @contextmanager
    def deep(self) -> Iterator[None]:
        """Allow recursion as deep as there are variables."""
        old = sys.getrecursionlimit()
        sys.setrecursionlimit(max(old, 3 * len(self.arity) + 1000))
        try:
            yield
        finally:
            sys.setrecursionlimit(old)

    def reachable(self, roots: list[int]) -> list[int]:
        """Inner nodes below the roots, each variable's nodes together, lowest variable first."""
        seen: set[int] = set()
        stack = [r for r in roots if r > TRUE]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            stack += [c for c in self.children[node] if c > TRUE and c not in seen]
        return sorted(seen, key=lambda n: (-self.var[n], n))
