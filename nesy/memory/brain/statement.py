"""What goes into and comes out of one pass of the chain time -> subject -> object -> predicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

UNKNOWN = -1


@dataclass(frozen=True)
class Features:
    """What is seen of B scenes: each [B, F] or None, where nothing is seen (recall from memory).

    scene: the whole picture; subject, object: the two boxes; union: the smallest box around both.
    """

    scene: Tensor | None = None
    subject: Tensor | None = None
    object: Tensor | None = None
    union: Tensor | None = None

    def __getitem__(self, rows: Tensor) -> Features:
        return Features(*(None if x is None else x[rows] for x in (self.scene, self.subject, self.object, self.union)))


@dataclass(frozen=True)
class Statements:
    """B known statements as positions [B] in the candidate sets; ``UNKNOWN`` (-1) where a slot is open.

    subject, object: positions among the brain's subject candidates.
    time: rows of the time group. labels of subject and object: one [B] a label group.
    """

    subject: Tensor
    object: Tensor
    predicate: Tensor
    time: Tensor | None = None
    subject_labels: Mapping[str, Tensor] = field(default_factory=dict)
    object_labels: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.subject.shape[0])

    def __getitem__(self, rows: Tensor | slice) -> Statements:
        return Statements(
            self.subject[rows],
            self.object[rows],
            self.predicate[rows],
            None if self.time is None else self.time[rows],
            {g: x[rows] for g, x in self.subject_labels.items()},
            {g: x[rows] for g, x in self.object_labels.items()},
        )


@dataclass(frozen=True)
class Decoded:
    """Scores and choices of one pass; scores are logits [B, K] with -inf where a position is not a candidate.

    chosen: positions [B] whose column was fed back (or the arg-max where feedback was a mixture).
    scene: the state q_T [B, D] from which the statement was decoded.
    """

    time: Tensor | None
    subject: Tensor
    object: Tensor
    predicate: Tensor
    subject_labels: dict[str, Tensor]
    object_labels: dict[str, Tensor]
    chosen: Statements
    scene: Tensor

    def part(self, rows: slice) -> Decoded:
        """The pass of some rows only."""
        return Decoded(
            None if self.time is None else self.time[rows],
            self.subject[rows],
            self.object[rows],
            self.predicate[rows],
            {g: x[rows] for g, x in self.subject_labels.items()},
            {g: x[rows] for g, x in self.object_labels.items()},
            self.chosen[rows],
            self.scene[rows],
        )

    def log_prob(self) -> Tensor:
        """log P of the chosen statement, [B], by the chain rule."""
        parts = (
            (self.subject, self.chosen.subject),
            (self.object, self.chosen.object),
            (self.predicate, self.chosen.predicate),
        )
        return torch.stack([n.log_softmax(-1).gather(-1, k[:, None])[:, 0] for n, k in parts]).sum(0)

    def losses(self, truth: Statements) -> dict[str, Tensor]:
        """Mean negative log-likelihood of every head whose truth is known, by name."""
        found = {"subject": nll(self.subject, truth.subject), "object": nll(self.object, truth.object)}
        found["predicate"] = nll(self.predicate, truth.predicate)
        if self.time is not None and truth.time is not None:
            found["time"] = nll(self.time, truth.time)
        for side, have, want in (
            ("subject", self.subject_labels, truth.subject_labels),
            ("object", self.object_labels, truth.object_labels),
        ):
            found |= {f"{side} {g}": nll(have[g], want[g]) for g in have if g in want}
        return found


def nll(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean -log softmax at the truth; open slots count nothing, and nothing known gives 0."""
    known = (truth != UNKNOWN).sum().clamp_min(1)
    return cross_entropy(logits, truth, ignore_index=UNKNOWN, reduction="sum") / known
