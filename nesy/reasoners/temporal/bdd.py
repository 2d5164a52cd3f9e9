"""Reduced ordered binary decision diagrams: the canonical form of boolean functions over numbered variables.

Small on purpose: the automaton construction needs if-then-else, negation and restriction on diagrams of a few hundred
nodes, and wants to look inside them. A diagram is an integer; 0 is false, 1 is true.
"""

from __future__ import annotations

from nesy.errors import GroundingError

FALSE, TRUE = 0, 1
_LEAF = 1 << 60  # the level of both leaves: below every variable


class Diagrams:
    """A table of shared diagrams. Smaller variable numbers are tested first.

    Args:
        budget: the largest number of nodes before :class:`GroundingError` says that the formula is too large.
    """

    def __init__(self, budget: int = 200_000) -> None:
        self.budget = budget
        self._nodes: list[tuple[int, int, int]] = [(_LEAF, 0, 0), (_LEAF, 1, 1)]
        self._unique: dict[tuple[int, int, int], int] = {}
        self._ite: dict[tuple[int, int, int], int] = {}

    def node(self, var: int, lo: int, hi: int) -> int:
        """The diagram "if ``var`` then ``hi`` else ``lo``"; both must only test later variables."""
        if lo == hi:
            return lo
        key = (var, lo, hi)
        found = self._unique.get(key)
        if found is None:
            if len(self._nodes) >= self.budget:
                raise GroundingError(
                    f"the formula needs more than {self.budget} decision nodes",
                    hint="use fewer objects or variables, or a bound: --method bounds",
                )
            found = self._unique[key] = len(self._nodes)
            self._nodes.append(key)
        return found

    def __len__(self) -> int:
        return len(self._nodes)

    def var(self, i: int) -> int:
        """The diagram of variable ``i``."""
        return self.node(i, FALSE, TRUE)

    def top(self, f: int) -> int:
        """The variable that ``f`` tests first; for a leaf a number above every variable."""
        return self._nodes[f][0]

    def branches(self, f: int) -> tuple[int, int]:
        """``f`` when its first variable is false, and when it is true."""
        _, lo, hi = self._nodes[f]
        return lo, hi

    def cofactors(self, f: int, var: int) -> tuple[int, int]:
        """``f`` with ``var`` false and true, for ``var`` not below the first variable of ``f``."""
        level, lo, hi = self._nodes[f]
        return (lo, hi) if level == var else (f, f)

    def ite(self, c: int, t: int, e: int) -> int:
        """If ``c`` then ``t`` else ``e``; every connective is a case of this one."""
        if c == TRUE or t == e:
            return t
        if c == FALSE:
            return e
        if t == TRUE and e == FALSE:
            return c
        key = (c, t, e)
        found = self._ite.get(key)
        if found is None:
            var = min(self.top(c), self.top(t), self.top(e))
            c0, c1 = self.cofactors(c, var)
            t0, t1 = self.cofactors(t, var)
            e0, e1 = self.cofactors(e, var)
            found = self._ite[key] = self.node(var, self.ite(c0, t0, e0), self.ite(c1, t1, e1))
        return found

    def neg(self, f: int) -> int:
        return self.ite(f, FALSE, TRUE)

    def conj(self, f: int, g: int) -> int:
        return self.ite(f, g, FALSE)

    def disj(self, f: int, g: int) -> int:
        return self.ite(f, TRUE, g)

    def support(self, f: int) -> set[int]:
        """The variables that ``f`` tests."""
        seen: set[int] = set()
        stack, out = [f], set()
        while stack:
            g = stack.pop()
            if g > TRUE and g not in seen:
                seen.add(g)
                out.add(self.top(g))
                stack.extend(self.branches(g))
        return out
