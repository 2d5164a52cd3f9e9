"""The exact sibling: a multilinear store of episodes, training-free, in which marginalising over time is exact.

    phi(s, p, o) = shift(v_s, 1) * v_p * shift(v_o, 3)     v are +-1 vectors, * is elementwise
    a_t          = sum of phi over the triples of time t   one superposed vector a time
    score        = <phi, a_t> / D                          1 for a stored triple, noise of size sqrt(K/D) otherwise

Because the score is linear in a_t, the mean score over times is the score of the mean vector. The noise sets the
capacity: about D / 60 triples a time are read back without error among a few thousand candidates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from nesy.errors import NesyError
from nesy.memory.brain.indices import Group
from nesy.memory.brain.slots import Answer

Fact = tuple[str, str, str]
SUBJECT_SHIFT, OBJECT_SHIFT = 1, 3


class MultilinearStore:
    """Remembers sets of triples (subject, predicate, object) by time, and reads them back by their scores.

    New entities, predicates and times need nothing but a name: their vectors are the bits of a hash of it, so
    that two stores with one seed agree (SHAKE-256: of a hash of 32 bits some names share a vector).

    Args:
        width: D; at most about D / 60 triples a time.
    """

    def __init__(self, width: int = 4096, *, seed: int = 0) -> None:
        if width < 8:
            raise NesyError(f"a multilinear store needs at least 8 dimensions, got {width}")
        self.width, self.seed = width, seed
        self.entities, self.predicates, self.times = Group("entity", ()), Group("predicate", ()), Group("time", ())
        self._entity = torch.empty(0, width, dtype=torch.float64)
        self._predicate = torch.empty(0, width, dtype=torch.float64)
        self._time = torch.empty(0, width, dtype=torch.float64)

    def _sign(self, kind: str, name: str) -> Tensor:
        digest = hashlib.shake_256(f"{self.seed}/{kind}/{name}".encode()).digest(-(-self.width // 8))
        bits = np.unpackbits(np.frombuffer(digest, np.uint8))[: self.width]
        return torch.from_numpy(bits).double() * 2 - 1

    @staticmethod
    def _put(group: Group, bank: Tensor, name: str, column: Tensor) -> tuple[int, Tensor]:
        if len(group) == group.capacity:
            more = max(16, group.capacity)
            group.extend(more)
            bank = torch.cat([bank, bank.new_zeros(more, bank.shape[1])])
        row = group.take(name)
        bank[row] = column
        return row, bank

    def _known(self, facts: Iterable[Fact]) -> None:
        for s, p, o in facts:
            for name in (s, o):
                if name not in self.entities:
                    _, self._entity = self._put(self.entities, self._entity, name, self._sign("entity", name))
            if p not in self.predicates:
                _, self._predicate = self._put(self.predicates, self._predicate, p, self._sign("predicate", p))

    def _phi(self, facts: Sequence[Fact]) -> Tensor:
        s = self._entity[[self.entities.row(f[0]) for f in facts]].roll(SUBJECT_SHIFT, -1)
        o = self._entity[[self.entities.row(f[2]) for f in facts]].roll(OBJECT_SHIFT, -1)
        return s * self._predicate[[self.predicates.row(f[1]) for f in facts]] * o

    # -- writing --------------------------------------------------------------------------------------------------

    def remember(self, time: str, facts: Sequence[Fact]) -> None:
        """Add triples to a time, creating it when new; other times are not touched."""
        facts = list(facts)
        self._known(facts)
        if time not in self.times:
            _, self._time = self._put(self.times, self._time, time, torch.zeros(self.width, dtype=torch.float64))
        if facts:
            self._time[self.times.row(time)] += self._phi(facts).sum(0)

    def unsay(self, time: str, facts: Sequence[Fact]) -> None:
        """Take triples out of a time again; exact, because writing is a sum."""
        if facts:
            self._time[self.times.row(time)] -= self._phi(list(facts)).sum(0)

    def forget(self, time: str) -> None:
        """Drop a time."""
        row = self.times.row(time)
        self._time[row] = 0.0
        self.times.release(row)

    # -- reading --------------------------------------------------------------------------------------------------

    def state(self, time: str | None = None) -> Tensor:
        """The vector [D] of a time, or the mean over all times, which is the exact marginal."""
        if time is not None:
            return self._time[self.times.row(time)]
        rows = self.times.rows()
        if not rows:
            raise NesyError("nothing is remembered yet")
        return self._time[rows].mean(0)

    def table(
        self, state: Tensor, *, subject: str | None = None, predicate: str | None = None, object: str | None = None
    ) -> tuple[Tensor, list[str], list[str], list[str]]:
        """Scores [S, P, O] of all triples that fit the clamped slots, and the names on the three axes."""

        def axis(group: Group, bank: Tensor, name: str | None) -> tuple[Tensor, list[str]]:
            rows = group.rows() if name is None else [group.row(name)]
            return bank[rows], [group.name(r) for r in rows]

        s, subjects = axis(self.entities, self._entity, subject)
        p, predicates = axis(self.predicates, self._predicate, predicate)
        o, objects = axis(self.entities, self._entity, object)
        left = s.roll(SUBJECT_SHIFT, -1) * state
        right = o.roll(OBJECT_SHIFT, -1)
        if not predicates:
            raise NesyError("no triple is remembered yet", hint="remember some with a predicate first")
        scores = torch.stack([(left * row) @ right.T for row in p], 1) / self.width
        return scores, subjects, predicates, objects

    def recall(
        self,
        time: str | None = None,
        *,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,
        k: int = 5,
    ) -> list[Answer]:
        """The ``k`` best scored triples of a time, or of the mean over all times (``None``: what is generally so).

        ``probability`` of an answer is its score, the estimated share of times that hold it, clipped to [0, 1].
        """
        scores, subjects, predicates, objects = self.table(
            self.state(time), subject=subject, predicate=predicate, object=object
        )
        best = scores.flatten().topk(min(k, scores.numel()))
        found = []
        for value, place in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            i, rest = divmod(place, scores.shape[1] * scores.shape[2])
            j, m = divmod(rest, scores.shape[2])
            found.append(Answer(subjects[i], predicates[j], objects[m], min(1.0, max(0.0, value))))
        return found

    def when(self, facts: Sequence[Fact], *, k: int = 5) -> list[tuple[str, float]]:
        """The ``k`` times that hold the given triples best, with the mean score of the triples."""
        rows = self.times.rows()
        if not rows or not facts:
            return []
        scores = self._time[rows] @ self._phi(list(facts)).mean(0) / self.width
        best = scores.topk(min(k, len(rows)))
        return [(self.times.name(rows[i]), float(v)) for v, i in zip(best.values, best.indices.tolist(), strict=True)]
