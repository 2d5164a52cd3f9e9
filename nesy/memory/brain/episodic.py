"""Episodic memory: one column per remembered moment, written in one shot and never touched again.

write      a_t <- q_T, a copy of the scene's state (the engram), into a row of the reserve pool
recognise  which stored moments does a cue resemble? cosine with the mean column taken off, plus lambda times recency
recall     decode statements from a_t by the chain, without senses
forget     rows go back to the pool, by age, by salience or down to a budget
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from nesy.errors import NesyError
from nesy.memory.brain.brain import TIME, TensorBrain
from nesy.memory.brain.scores import one_of
from nesy.memory.brain.slots import Answer, ask

Policy = Literal["age", "salience", "budget"]
Match = Literal["cosine", "measure"]


@dataclass
class Moment:
    """What is known of a stored time besides its column.

    clock: when it was written (1, 2, ...). salience: how much it matters, 1 by default. hits: how often it was
    recognised. source: `observed` or `self` (decoded by the brain itself).
    """

    name: str
    clock: int
    salience: float = 1.0
    hits: int = 0
    source: str = "observed"


@dataclass(frozen=True)
class Resembling:
    """A stored time that resembles a cue; score is the cosine (or the measured score) plus the recency term."""

    time: str
    score: float
    probability: float


class EpisodicMemory:
    """The times of a brain, with what is needed to recall and to forget them.

    Times that the brain was trained on count as written in the order of their rows.

    Args:
        horizon: number of writes after which recency has fallen to 1/e.
        automatic: when the pool is empty, forget the least salient tenth instead of refusing to write.
    """

    def __init__(self, brain: TensorBrain, *, horizon: float = 1000.0, automatic: Policy | None = None) -> None:
        if automatic is not None:
            one_of(automatic, Policy, "forgetting policy")
        self.brain, self.horizon, self.automatic = brain, horizon, automatic
        self.times = brain.groups[TIME]
        self.moments = {row: Moment(self.times.name(row), i + 1) for i, row in enumerate(self.times.rows())}
        self.clock = len(self.moments)

    # -- writing --------------------------------------------------------------------------------------------------

    def state(self, scene: Tensor) -> Tensor:
        """The scene's state q_T [B, D] of features [B, F] or [F]."""
        scene = scene if scene.ndim > 1 else scene[None]
        return self.brain.start(len(scene)) + self.brain.encode(scene=scene)

    @torch.no_grad()
    def write(self, state: Tensor, name: str, *, salience: float = 1.0, source: str = "observed") -> int:
        """Store a state q_T [D] under ``name``; returns its row. No other column changes.

        Raises:
            NesyError: the name is taken, the state is not finite, or the pool is empty and nothing may be forgotten.
        """
        if state.shape != (self.brain.width,) or not bool(torch.isfinite(state).all()):
            raise NesyError(f"a state to remember must be {self.brain.width} finite numbers, got {tuple(state.shape)}")
        if self.automatic and name not in self.times and len(self.times) == self.times.capacity:
            self.forget(self.automatic, keep=len(self.times) - max(1, len(self.times) // 10))
        row = self.times.take(name)
        self.brain.columns[TIME].data[row] = state
        self.clock += 1
        self.moments[row] = Moment(name, self.clock, salience, source=source)
        return row

    @torch.no_grad()
    def remember(self, scene: Tensor, name: str, *, salience: float = 1.0, source: str = "observed") -> int:
        """See a scene (features [F]) once and store it; returns the row of the new time."""
        return self.write(self.state(scene)[0], name, salience=salience, source=source)

    # -- recognising ----------------------------------------------------------------------------------------------

    def resemblance(self, states: Tensor, match: Match = "cosine") -> tuple[Tensor, Tensor]:
        """How much states [B, D] resemble every stored time: scores [B, T] and the times' rows [T].

        cosine compares with unit columns after the mean column is taken off both (columns of one encoder share a
        large common part, which says nothing); measure is the bottom-up score of the chain.
        """
        one_of(match, Match, "way to match")
        rows = torch.tensor(self.times.rows(), dtype=torch.long, device=states.device)
        if len(rows) == 0:
            return states.new_zeros(len(states), 0), rows
        if match == "measure":
            return self.brain.measure(states, TIME)[:, rows], rows
        columns = self.brain.bank(TIME)[rows]
        mean = columns.mean(0) if len(rows) > 1 else torch.zeros_like(columns[0])
        unit = torch.nn.functional.normalize(columns - mean, dim=-1)
        return torch.nn.functional.normalize(states - mean, dim=-1) @ unit.T, rows

    def recency(self, rows: Tensor) -> Tensor:
        """exp(-age / horizon) of stored rows, in (0, 1]; the last written has age 0."""
        ages = [self.clock - self.moments[int(r)].clock for r in rows]
        return torch.tensor([math.exp(-a / self.horizon) for a in ages], device=rows.device)

    @torch.no_grad()
    def recognise(
        self, state: Tensor, *, k: int = 1, recency: float = 0.0, match: Match = "cosine", sharpen: float = 20.0
    ) -> list[Resembling]:
        """The ``k`` stored times that a cue's state [D] resembles most, best first.

        ``recency`` > 0 prefers recent moments and < 0 remote ones; the probabilities are softmax(sharpen * score)
        over all stored times (sharpen is 1 for ``measure``, which has its own temperature).
        """
        scores, rows = self.resemblance(state[None], match)
        total = scores[0] + recency * self.recency(rows)
        chance = ((1.0 if match == "measure" else sharpen) * total).softmax(-1)
        found = []
        for i in total.topk(min(k, len(rows))).indices.tolist():
            moment = self.moments[int(rows[i])]
            moment.hits += 1
            found.append(Resembling(moment.name, float(total[i]), float(chance[i])))
        return found

    def familiarity(self, states: Tensor) -> Tensor:
        """The best cosine [B] of states [B, D] with any stored time; -1 where nothing is stored."""
        scores, rows = self.resemblance(states)
        return scores.amax(-1) if len(rows) else states.new_full((len(states),), -1.0)

    @torch.no_grad()
    def is_novel(self, state: Tensor, threshold: float = 0.8) -> bool:
        """Whether no stored time resembles the state [D] by at least ``threshold`` (a cosine)."""
        return float(self.familiarity(state[None])[0]) < threshold

    # -- recalling ------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def recall(
        self,
        time: str,
        *,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,
        k: int = 5,
    ) -> list[Answer]:
        """The ``k`` most probable statements of a stored time; a named slot is clamped (the rest is asked for)."""
        row = self.times.row(time)
        start = self.brain.bank(TIME)[row]
        return ask(self.brain, start, subject=subject, predicate=predicate, object=object, k=k)

    def recall_from_cue(
        self, state: Tensor, *, recency: float = 0.0, k: int = 5, **slots: str | None
    ) -> tuple[str, list[Answer]]:
        """Recognise a cue's state [D], then recall the time it resembles most: its name and its statements."""
        found = self.recognise(state, recency=recency)
        if not found:
            raise NesyError("nothing is remembered yet")
        return found[0].time, self.recall(found[0].time, k=k, **slots)

    # -- forgetting -----------------------------------------------------------------------------------------------

    def weight(self, row: int, *, horizon: float | None = None, use: float = 0.1) -> float:
        """salience exp(-age / horizon) + use log(1 + hits): what the salience policy ranks by."""
        m = self.moments[row]
        age = self.clock - m.clock
        return m.salience * math.exp(-age / (horizon or self.horizon)) + use * math.log1p(m.hits)

    @torch.no_grad()
    def forget(self, policy: Policy = "salience", *, keep: int, names: Iterable[str] = ()) -> list[str]:
        """Free all but ``keep`` times, and those in ``names``; returns what was forgotten, oldest first.

        age keeps the newest. salience keeps the largest age-weighted salience. budget keeps the most salient whatever
        their age.
        """
        one_of(policy, Policy, "forgetting policy")
        gone = {self.times.row(n) for n in names}
        value: dict[str, Callable[[int], float]] = {
            "age": lambda row: float(self.moments[row].clock),
            "salience": self.weight,
            "budget": lambda row: self.moments[row].salience,
        }
        rest = sorted(
            (r for r in self.moments if r not in gone), key=lambda r: (value[policy](r), self.moments[r].clock)
        )
        gone |= set(rest[: max(0, len(rest) - keep)])
        order = sorted(gone, key=lambda r: self.moments[r].clock)
        for row in order:
            self.brain.columns[TIME].data[row] = 0.0
            del self.moments[row]
        return [self.times.release(row) for row in order]
