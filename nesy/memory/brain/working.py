"""Working memory: the state that is carried from frame to frame of one video.

    q <- W h' + g(v) + sum of the columns of the indices measured in this window

The context h is what survives from the past; q is overwritten in every step and holds nothing by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import torch
from torch import Tensor

from nesy.memory.brain.brain import TensorBrain


class WorkingMemory:
    """Context and the last measured indices while a video runs.

    Args:
        span: how many measured indices stay in mind; the oldest leaves first.
    """

    def __init__(self, brain: TensorBrain, *, span: int = 7) -> None:
        self.brain = brain
        self.held: deque[tuple[str, int]] = deque(maxlen=span)
        self.clear()

    def clear(self) -> None:
        """Forget the context and what is held, as at the start of a video."""
        self.held.clear()
        self.q = self.brain.start(1)
        self.h = self.q.new_zeros(1, self.brain.context)

    def step(self, scene: Tensor | None = None) -> Tensor:
        """Move on by one frame, with its features [F] or without senses; returns the new state q [D]."""
        q, self.h = self.brain.evolve(self.q, self.h)
        q = q + self.brain.encode(scene=None if scene is None else scene[None])
        for role, row in self.held:
            q = q + self.brain.bank(role)[row]
        self.q = q
        return q[0]

    def attend(self, role: str, k: int = 1) -> list[tuple[str, float]]:
        """Measure the state in a group; the ``k`` best are fed back and held in mind: their names and probabilities."""
        group = self.brain.groups[role]
        chance = self.brain.measure(self.q, role)[0].softmax(-1)
        best = chance.topk(min(k, len(group)))
        for row in best.indices.tolist():
            self.held.append((role, row))
            self.q = self.q + self.brain.bank(role)[row]
        return [(group.name(r), float(v)) for v, r in zip(best.values.tolist(), best.indices.tolist(), strict=True)]

    def in_mind(self) -> Sequence[str]:
        """The names held, oldest first."""
        return [self.brain.groups[role].name(row) for role, row in self.held]

    def engram(self) -> Tensor:
        """The present state [D], as it would be written into episodic memory."""
        return self.q[0].detach().clone()


@torch.no_grad()
def chaining(brain: TensorBrain, q: Tensor, roles: Sequence[str], mode: str = "argmax") -> list[Tensor]:
    """Semantic chaining: measure group after group, each chosen index fed back; positions [B] per group.

    Sparky -> Dog -> Mammal: every step measures a state that already holds the columns of the steps before it.
    """
    chosen = []
    for role in roles:
        n = brain.measure(q, role)
        q, k = brain.feedback(q, n, role, mode)  # type: ignore[arg-type]
        chosen.append(k)
    return chosen
