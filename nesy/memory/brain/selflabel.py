"""Self-generated labels: what the brain is sure of in unlabelled scenes becomes a target of further training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nesy.memory.brain.brain import TensorBrain
from nesy.memory.brain.statement import UNKNOWN, Features, Statements


@dataclass(frozen=True)
class SelfLabels:
    """Targets with -1 where the brain was not sure enough, and the confidences [B] of subject, object, predicate."""

    statements: Statements
    confidence: tuple[Tensor, Tensor, Tensor]

    def share(self) -> float:
        """The share of the slots that were accepted."""
        slots = torch.stack([self.statements.subject, self.statements.object, self.statements.predicate])
        return float((slots != UNKNOWN).float().mean())


@torch.no_grad()
def self_label(brain: TensorBrain, seen: Features, *, threshold: float = 0.9) -> SelfLabels:
    """Decode unlabelled scenes and keep each slot whose probability reaches ``threshold``.

    A slot counts only when those before it in the chain were accepted too, since it was decoded from them.
    """
    out = brain.perceive(seen, mode="argmax")
    k = out.chosen
    sure = torch.ones_like(k.subject, dtype=torch.bool)
    kept: list[Tensor] = []
    confidence: list[Tensor] = []
    for n, choice in ((out.subject, k.subject), (out.object, k.object), (out.predicate, k.predicate)):
        chance = n.softmax(-1).gather(-1, choice[:, None])[:, 0]
        sure = sure & (chance >= threshold)
        kept.append(torch.where(sure, choice, torch.full_like(choice, UNKNOWN)))
        confidence.append(chance)
    return SelfLabels(Statements(kept[0], kept[1], kept[2]), (confidence[0], confidence[1], confidence[2]))
