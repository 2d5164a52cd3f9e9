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


SEEN = ("perceive", "engram", "recognise")


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
    tasks = tuple(tasks)
    for task in tasks:
        one_of(task, Task, "training task")
        if task in SEEN and (seen is None or seen.scene is None):
            raise NesyError(f"training task `{task}` needs the features of the scenes")
    found: dict[str, Tensor] = {}
    scene = None
    if seen is not None and seen.scene is not None:
        scene = brain.start(len(truth)) + brain.encode(scene=seen.scene)
    if "perceive" in tasks and seen is not None:
        heads = brain.perceive(seen, mode="teacher", given=truth, labels=labels).losses(truth)
        heads.pop("time", None)
        found["perceive"] = torch.stack(list(heads.values())).mean()
    if "recognise" in tasks and scene is not None:
        found["recognise"] = nll(brain.measure(scene, TIME), _times(truth))
    starts: dict[str, Tensor] = {}
    if "episodic" in tasks:
        starts["episodic"] = brain.bank(TIME)[_times(truth)]
    if "engram" in tasks and scene is not None:
        starts["engram"] = scene
    if "semantic" in tasks:
        starts["semantic"] = brain.semantic.expand(len(truth), -1)
    if starts:  # one pass of the chain for all of memory: at these sizes a pass costs by the call
        everything = truth[torch.arange(len(truth), device=brain.semantic.device).repeat(len(starts))]
        out = brain.decode(torch.cat(list(starts.values())), mode="teacher", given=everything, labels=labels)
        for i, name in enumerate(starts):
            part = out.part(slice(i * len(truth), (i + 1) * len(truth)))
            if weight is not None and name == "semantic":
                found[name] = -(weight * part.log_prob()).sum() / 3
            else:
                found[name] = torch.stack(list(part.losses(truth).values())).mean()
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
        weight: [len(truth)], as in ``losses``.
        only: the parameters to be fitted, if not all.
    """
    chosen = list(brain.parameters() if only is None else only)
    optimiser = Adam([p for p in chosen if p.requires_grad], lr=rate)
    schedule = CosineAnnealingLR(optimiser, steps)
    generator = torch.Generator().manual_seed(seed)
    device = brain.semantic.device
    history: list[float] = []
    for _ in range(steps):
        part, view, share = truth, seen, weight
        if batch is not None:
            rows = torch.randint(len(truth), (batch,), generator=generator).to(device)
            part, view = truth[rows], None if seen is None else seen[rows]
            share = None if weight is None else weight[rows] * (len(truth) / batch)  # the sum over all, in the mean
        total = torch.stack(list(losses(brain, part, view, tasks=tasks, labels=labels, weight=share).values())).sum()
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        history.append(float(total.detach()))
    return history
