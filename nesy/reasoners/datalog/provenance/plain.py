"""One-number tags as plain Python: the definitions behind the batched algebras, and tropical."""

from __future__ import annotations

import math

from nesy.reasoners.datalog.provenance.base import Provenance


class MinMaxProb(Provenance):
    """Goedel: add is max, mult is min."""

    name = "minmaxprob"

    def zero(self) -> float:
        return 0.0

    def one(self) -> float:
        return 1.0

    def add(self, a: float, b: float) -> float:
        return max(a, b)

    def mult(self, a: float, b: float) -> float:
        return min(a, b)

    def negate(self, a: float) -> float:
        return 1 - a

    def discard(self, a: float) -> bool:
        return a <= 0


class MaxMultProb(MinMaxProb):
    """The most probable proof, facts counted as often as they are used (Viterbi)."""

    name = "maxmultprob"

    def mult(self, a: float, b: float) -> float:
        return a * b


class AddMultProb(MaxMultProb):
    """Sum (at most 1) and product; exact for exclusive alternatives of independent facts."""

    name = "addmultprob"
    always_saturated = True

    def add(self, a: float, b: float) -> float:
        return min(1.0, a + b)


class NandMultProb(MaxMultProb):
    """Noisy-or and product; exact where no fact is used twice."""

    name = "nandmultprob"
    always_saturated = True

    def add(self, a: float, b: float) -> float:
        return 1 - (1 - a) * (1 - b)


class NandMinProb(NandMultProb):
    """Noisy-or and min."""

    name = "nandminprob"

    def mult(self, a: float, b: float) -> float:
        return min(a, b)


class Tropical(Provenance):
    """Shortest derivations: add is min, mult is plus; untagged facts cost 0."""

    name = "tropical"

    def zero(self) -> float:
        return math.inf

    def one(self) -> int:
        return 0

    def add(self, a: float, b: float) -> float:
        return min(a, b)

    def mult(self, a: float, b: float) -> float:
        return a + b
