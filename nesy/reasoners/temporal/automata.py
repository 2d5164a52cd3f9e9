"""The distinct automata of a batch as flat tables: what a compiled loop reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nesy.reasoners.temporal.shape import Case


class Automata:
    """C automata with E transitions in all, those of one automaton and of one state together.

    Attributes:
        sizes: [C] transitions of each.
        tables: states [C]; first [C + 1] transition of each; source, target [E]; begin [E + 1] of each transition's
            literals in literal [L], 2 k for proposition k and 2 k + 1 for its negation; used [C] propositions.
        accepting, rejecting: [C, S] bool.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        cubes = [c.cubes for c in cases]
        states = np.array([len(c.accepting) for c in cubes], np.int64)
        self.sizes = np.array([len(c.source) for c in cubes], np.int64)
        counts, literals = zip(*(c.literals for c in cubes), strict=True)
        self.tables: tuple[NDArray[np.int64], ...] = (
            states,
            _ends(self.sizes),
            np.concatenate([c.source for c in cubes]),
            np.concatenate([c.target for c in cubes]),
            _ends(np.concatenate(counts)),
            np.concatenate(literals),
            np.array([len(c.propositions) for c in cases], np.int64),
        )
        self.accepting = np.zeros((len(cases), states.max()), np.bool_)
        self.rejecting = np.zeros_like(self.accepting)
        for row, case in enumerate(cubes):
            self.accepting[row, : states[row]] = case.accepting
            self.rejecting[row, : states[row]] = ~case.accepting


def _ends(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), sizes.cumsum()])
