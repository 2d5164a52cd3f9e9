"""Tags that are sets of proofs: all of them, the k most probable, or k clauses of either normal form.

A literal is ``leaf + 1`` or its negative; a proof (clause) is a frozenset of literals. Top-k: Huang et al., NeurIPS
2021, section 3; the k is applied at every ``add`` and ``mult``, so the result is a lower bound of the probability
under independent facts.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nesy.errors import GroundingError
from nesy.reasoners.datalog.provenance.base import Provenance

Clause = frozenset[int]
Dnf = tuple[Clause, ...]
TRUE_CLAUSE: Clause = frozenset()


class _Facts:
    """Leaf probabilities and exclusive groups, shared by the proof provenances."""

    def __init__(self, probabilities: Sequence[float], groups: Sequence[int]) -> None:
        self.p, self.groups = probabilities, groups

    def literal(self, literal: int) -> float:
        return self.p[literal - 1] if literal > 0 else 1 - self.p[-literal - 1]

    def weight(self, clause: Clause) -> float:
        out = 1.0
        for x in sorted(clause, key=abs):
            out *= self.literal(x)
        return out

    def consistent(self, clause: Clause) -> bool:
        """No fact with its negation, and no two facts of one exclusive group."""
        taken: set[int] = set()
        for x in clause:
            if -x in clause:
                return False
            if x > 0 and (group := self.groups[x - 1]) >= 0:
                if group in taken:
                    return False
                taken.add(group)
        return True


class Proofs(Provenance):
    """``proofs``: every proof, without absorption; there is no negation of a set of proofs."""

    name = "proofs"

    def __init__(self, groups: Sequence[int]) -> None:
        self.facts = _Facts([1.0] * len(groups), groups)

    def leaf(self, index: int) -> Dnf:
        """The tag of an input fact."""
        return (frozenset({index + 1}),)

    def zero(self) -> Dnf:
        return ()

    def one(self) -> Dnf:
        return (TRUE_CLAUSE,)

    def add(self, a: Dnf, b: Dnf) -> Dnf:
        return tuple(dict.fromkeys((*a, *b)))

    def mult(self, a: Dnf, b: Dnf) -> Dnf:
        pairs = (x | y for x in a for y in b)
        return tuple(dict.fromkeys(c for c in pairs if self.facts.consistent(c)))

    def negate(self, a: Dnf) -> Dnf:
        raise GroundingError(
            "provenance `proofs` has no negation and no aggregates", hint="use topkproofs or exact for this program"
        )

    def discard(self, a: Dnf) -> bool:
        return not a

    def saturated(self, old: Dnf, new: Dnf) -> bool:
        return set(old) == set(new)


class TopKProofs(Provenance):
    """``topkproofs``: at most k proofs, the most probable ones."""

    name = "topkproofs"

    def __init__(self, k: int, probabilities: Sequence[float], groups: Sequence[int]) -> None:
        self.k, self.facts = k, _Facts(probabilities, groups)

    def leaf(self, index: int) -> Dnf:
        """The tag of an input fact."""
        return (frozenset({index + 1}),)

    def zero(self) -> Dnf:
        return ()

    def one(self) -> Dnf:
        return (TRUE_CLAUSE,)

    def cut(self, clauses: Iterable[Clause]) -> Dnf:
        """The k most probable different clauses, most probable first."""
        return tuple(sorted(dict.fromkeys(clauses), key=lambda c: -self.facts.weight(c))[: self.k])

    def add(self, a: Dnf, b: Dnf) -> Dnf:
        return self.cut((*a, *b))

    def mult(self, a: Dnf, b: Dnf) -> Dnf:
        pairs = (x | y for x in a for y in b)
        return self.cut(c for c in pairs if self.facts.consistent(c))

    def negate(self, a: Dnf) -> Dnf:
        return best_models([[-x for x in sorted(c, key=abs)] for c in a], self.k, self.facts)

    def discard(self, a: Dnf) -> bool:
        return not a

    def saturated(self, old: Dnf, new: Dnf) -> bool:
        return set(old) == set(new)


class SampleKProofs(TopKProofs):
    """``samplekproofs``: k proofs drawn in proportion to their probability, without replacement.

    Each proof keeps its luck for one evaluation (the k largest of log weight + Gumbel noise), so that recursion ends.
    """

    name = "samplekproofs"

    def __init__(self, k: int, probabilities: Sequence[float], groups: Sequence[int], seed: int) -> None:
        super().__init__(k, probabilities, groups)
        self.seed = seed
        self.luck: dict[Clause, float] = {}

    def score(self, clause: Clause) -> float:
        """Log weight with the proof's noise."""
        if clause not in self.luck:
            u = random.Random(f"{self.seed}:{sorted(clause)}").random()
            self.luck[clause] = -math.log(-math.log(min(max(u, 1e-12), 1 - 1e-12)))
        return math.log(max(self.facts.weight(clause), 1e-300)) + self.luck[clause]

    def cut(self, clauses: Iterable[Clause]) -> Dnf:
        return tuple(sorted(dict.fromkeys(clauses), key=lambda c: -self.score(c))[: self.k])

    def negate(self, a: Dnf) -> Dnf:
        raise GroundingError(
            "provenance `diffsamplekproofs` has no negation and no aggregates", hint="use difftopkproofs or exact"
        )


def best_models(cnf: list[list[int]], k: int, facts: _Facts) -> Dnf:
    """The k most probable conjunctions that satisfy every clause of a CNF, one literal per clause.

    Best first: a partial choice weighs at least as much as each of its completions, so the first k complete ones that
    come off the heap are the best k.
    """
    count = itertools.count()
    heap: list[tuple[float, int, int, Clause]] = [(-1.0, 0, next(count), TRUE_CLAUSE)]
    out: list[Clause] = []
    seen: set[tuple[int, Clause]] = set()
    while heap and len(out) < k:
        weight, depth, _, chosen = heapq.heappop(heap)
        depth = -depth
        while depth < len(cnf) and any(x in chosen for x in cnf[depth]):
            depth += 1
        if (depth, chosen) in seen:
            continue
        seen.add((depth, chosen))
        if depth == len(cnf):
            if chosen not in out:
                out.append(chosen)
            continue
        for x in cnf[depth]:
            extended = chosen | {x}
            if facts.consistent(extended):
                heapq.heappush(heap, (weight * facts.literal(x), -(depth + 1), next(count), extended))
    return tuple(out)


class Formula(NamedTuple):
    """Clauses of a disjunctive (``cnf`` False) or conjunctive normal form."""

    cnf: bool
    clauses: Dnf


class TopBottomKClauses(Provenance):
    """``topbottomkclauses``: a DNF of the k most probable or a CNF of the k least probable clauses; negation flips.

    Unlike Scallop 0.2.5 equal clauses are kept once, so that a cycle cannot fill all k places with one proof.
    """

    name = "topbottomkclauses"

    def __init__(self, k: int, probabilities: Sequence[float], groups: Sequence[int]) -> None:
        self.k, self.facts = k, _Facts(probabilities, groups)
        self.top = TopKProofs(k, probabilities, groups)

    def leaf(self, index: int) -> Formula:
        """The tag of an input fact."""
        return Formula(False, (frozenset({index + 1}),))

    def zero(self) -> Formula:
        return Formula(False, ())

    def one(self) -> Formula:
        return Formula(False, (TRUE_CLAUSE,))

    def _any(self, clause: Clause) -> float:
        none = 1.0
        for x in clause:
            none *= 1 - self.facts.literal(x)
        return 1 - none

    def _bottom(self, clauses: Iterable[Clause]) -> Formula:
        real = [c for c in dict.fromkeys(clauses) if not any(-x in c for x in c)]
        return Formula(True, tuple(sorted(real, key=self._any)[: self.k]))

    def dnf(self, a: Formula) -> Dnf:
        """The formula as a DNF of at most k clauses."""
        if not a.cnf:
            return a.clauses
        return best_models([sorted(c, key=abs) for c in a.clauses], self.k, self.facts)

    def add(self, a: Formula, b: Formula) -> Formula:
        if a.cnf and b.cnf:
            return self._bottom(x | y for x in a.clauses for y in b.clauses)
        return Formula(False, self.top.add(self.dnf(a), self.dnf(b)))

    def mult(self, a: Formula, b: Formula) -> Formula:
        if a.cnf and b.cnf:
            return self._bottom((*a.clauses, *b.clauses))
        return Formula(False, self.top.mult(self.dnf(a), self.dnf(b)))

    def negate(self, a: Formula) -> Formula:
        return Formula(not a.cnf, tuple(frozenset(-x for x in c) for c in a.clauses))

    def discard(self, a: Formula) -> bool:
        return a.clauses == () if not a.cnf else TRUE_CLAUSE in a.clauses

    def saturated(self, old: Formula, new: Formula) -> bool:
        return old.cnf == new.cnf and set(old.clauses) == set(new.clauses)
