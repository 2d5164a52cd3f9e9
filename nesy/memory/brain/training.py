"""Joint training of perception, episodic and semantic memory, teacher-forced.

Losses, each the mean over its heads' negative log-likelihoods:
    perceive   from the scene's and the boxes' features
    episodic   from the stored column a_t, without senses
    engram     from the scene's own state q_T, without senses; what makes a one-shot write readable
    semantic   from the start vector of semantic memory
    recognise  the scene's own time index among all times
    embody     features from columns (see :mod:`nesy.memory.brain.embody`)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR

from nesy.errors import NesyError
from nesy.memory.brain.brain import TIME, TensorBrain
from nesy.memory.brain.scores import one_of
from nesy.memory.brain.statement import Features, Statements, nll

Task = Literal["perceive", "episodic", "engram", "semantic", "recognise"]


def losses(
    brain: TensorBrain,
    truth: Statements,
    seen: Features | None = None,
    *,
    tasks: Iterable[Task],
    labels: Sequence[str] = (),
    weight: Tensor | None = None,
) -> dict[str, Tensor]:
    """The mean loss of every task on a batch of statements.

    Args:
        labels: label groups to be read after subject and object.
        weight: [B], probabilities of the statements in place of one each; semantic task only.
    """
    found: dict[str, Tensor] = {}
    for task in tasks:
        one_of(task, Task, "training task")
        if task in ("perceive", "engram", "recognise"):
            if seen is None or seen.scene is None:
                raise NesyError(f"training task `{task}` needs the features of the scenes")
            if task == "perceive":
                heads = brain.perceive(seen, mode="teacher", given=truth, labels=labels).losses(truth)
                heads.pop("time", None)
                found[task] = torch.stack(list(heads.values())).mean()
                continue
            q = brain.start(len(truth)) + brain.encode(scene=seen.scene)
            if task == "recognise":
                found[task] = nll(brain.measure(q, TIME), _times(truth))
                continue
        elif task == "episodic":
            q = brain.bank(TIME)[_times(truth)]
        else:
            q = brain.semantic.expand(len(truth), -1)
        out = brain.decode(q, mode="teacher", given=truth, labels=labels)
        if weight is not None and task == "semantic":
            found[task] = -(weight * out.log_prob()).sum() / 3
        else:
            found[task] = torch.stack(list(out.losses(truth).values())).mean()
    return found


def _times(truth: Statements) -> Tensor:
    if truth.time is None:
        raise NesyError("this training task needs the times of the statements")
    return truth.time


def train(
    brain: TensorBrain,
    truth: Statements,
    seen: Features | None = None,
    *,
    tasks: Sequence[Task] = ("perceive", "episodic", "engram", "semantic", "recognise"),
    labels: Sequence[str] = (),
    steps: int = 2000,
    batch: int | None = 128,
    rate: float = 3e-3,
    weight: Tensor | None = None,
    only: Iterable[Tensor] | None = None,
    seed: int = 0,
) -> list[float]:
    """Fit the brain with Adam and a cosine schedule; returns the total loss of every step.

    Args:
        batch: statements a step, drawn with replacement; None takes all of them in every step.
        only: the parameters to be fitted, if not all.
    """
    chosen = list(brain.parameters() if only is None else only)
    optimiser = Adam([p for p in chosen if p.requires_grad], lr=rate)
    schedule = CosineAnnealingLR(optimiser, steps)
    generator = torch.Generator().manual_seed(seed)
    device = brain.semantic.device
    history: list[float] = []
    for _ in range(steps):
        part, view = truth, seen
        if batch is not None:
            rows = torch.randint(len(truth), (batch,), generator=generator).to(device)
            part, view = truth[rows], None if seen is None else seen[rows]
        total = torch.stack(list(losses(brain, part, view, tasks=tasks, labels=labels, weight=weight).values())).sum()
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        history.append(float(total.detach()))
    return history
