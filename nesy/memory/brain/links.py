"""Semantic memory trained for questions with one open slot: who? (?, p, o), what? (s, p, ?), how related? (s, ?, o).

Fitting the joint P(s, o, p) alone spends most of its effort on which entities are frequent. Here the loss is that of
the questions: -log P(slot | the other two), each by Bayes' rule from the same joint, so memory stays one distribution.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from nesy.memory.brain.brain import TensorBrain
from nesy.memory.brain.statement import Statements


def open_slot_loss(table: Tensor, truth: Statements) -> Tensor:
    """Mean of -log P(s | p, o) - log P(o | s, p) - log P(p | s, o) over known statements, from a joint [S, O, P]."""
    s, o, p = truth.subject, truth.object, truth.predicate
    return -torch.stack([table.log_softmax(axis)[s, o, p].mean() for axis in range(3)]).sum()


def fit_links(
    brain: TensorBrain,
    truth: Statements,
    *,
    steps: int = 300,
    rate: float = 0.01,
    decay: float = 0.0,
    judge: Callable[[Tensor], float] | None = None,
    every: int = 25,
) -> list[float]:
    """Fit semantic memory to statements by the loss of open slots; returns the loss of every step.

    One step enumerates all S x O x P statements (20,000 pairs of entities take about 0.2 s on one core).

    Args:
        judge: rates the joint table, higher is better; every ``every`` steps the best weights so far are kept, and
            the brain ends with them.
    """
    optimiser = AdamW([p for p in brain.parameters() if p.requires_grad], lr=rate, weight_decay=decay)
    schedule = CosineAnnealingLR(optimiser, steps)
    history: list[float] = []
    best, weights = -float("inf"), None
    for step in range(steps):
        brain.train()
        loss = open_slot_loss(brain.joint(brain.semantic), truth)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        history.append(float(loss.detach()))
        if judge is not None and ((step + 1) % every == 0 or step + 1 == steps):
            brain.eval()
            with torch.no_grad():
                value = judge(brain.joint(brain.semantic))
            if value > best:
                best, weights = value, copy.deepcopy(brain.state_dict())
    if weights is not None:
        brain.load_state_dict(weights)
    brain.eval()
    return history
