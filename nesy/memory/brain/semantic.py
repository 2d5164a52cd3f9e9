"""Semantic memory: the same chain from a start vector of its own, and consolidation of episodes into it.

A class is an index like any other: clamping the subject to `dog` asks what dogs do. Averaging the columns of all times
is NOT the marginal over times, because the chain is not linear; replay is the remedy: statements sampled from stored
times are what a new start vector is trained on, everything else frozen.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Adam

from nesy.errors import NesyError
from nesy.memory.brain.brain import TIME, TensorBrain
from nesy.memory.brain.slots import Answer, ask
from nesy.memory.brain.statement import Statements


@torch.no_grad()
def replay(
    brain: TensorBrain, *, each: int = 1, times: Sequence[str] | None = None, generator: torch.Generator | None = None
) -> Statements:
    """Sample ``each`` statements from every stored time (or from those named)."""
    group = brain.groups[TIME]
    rows = group.rows() if times is None else [group.row(t) for t in times]
    if not rows:
        raise NesyError("no times are stored, so there is nothing to replay")
    stored = torch.tensor(rows, device=brain.semantic.device).repeat_interleave(each)
    k = brain.decode(brain.bank(TIME)[stored], mode="sample", generator=generator).chosen
    return Statements(k.subject, k.object, k.predicate, stored)


def fit_start(brain: TensorBrain, truth: Statements, *, steps: int = 300, rate: float = 0.1) -> Tensor:
    """A start vector [D] from which the chain decodes the given statements; every weight of the brain stays frozen."""
    vector = torch.zeros(brain.width, device=brain.semantic.device, requires_grad=True)
    optimiser = Adam([vector], lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    # One row per different statement: replayed statements repeat a lot, and the chain costs by the row.
    cells, counts = torch.unique(
        torch.stack([truth.subject, truth.object, truth.predicate], -1), dim=0, return_counts=True
    )
    share = counts / counts.sum()
    given = Statements(cells[:, 0], cells[:, 1], cells[:, 2])
    for _ in range(steps):
        out = brain.decode(vector.expand(len(cells), -1), mode="teacher", given=given)
        loss = -(share * out.log_prob()).sum()
        (vector.grad,) = torch.autograd.grad(loss, [vector])
        optimiser.step()
        schedule.step()
    return vector.detach()


def consolidate(
    brain: TensorBrain,
    *,
    each: int = 1,
    times: Sequence[str] | None = None,
    steps: int = 300,
    rate: float = 0.1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Replay stored episodes into semantic memory; returns its new start vector, which the brain now uses."""
    vector = fit_start(brain, replay(brain, each=each, times=times, generator=generator), steps=steps, rate=rate)
    brain.semantic.data.copy_(vector)
    return vector


@torch.no_grad()
def generalise(
    brain: TensorBrain,
    *,
    subject: str | None = None,
    predicate: str | None = None,
    object: str | None = None,
    start: Tensor | None = None,
    k: int = 5,
) -> list[Answer]:
    """What is generally so: the most probable statements from the semantic start vector, slots clamped at will.

    ``subject`` and ``object`` may name a class as well as an entity, where classes are among the brain's subjects.
    """
    begin = brain.semantic if start is None else start
    return ask(brain, begin, subject=subject, predicate=predicate, object=object, k=k)


@torch.no_grad()
def label(brain: TensorBrain, name: str, group: str) -> dict[str, float]:
    """P(label | index) for every label of ``group``: what semantic memory knows of an entity or a class."""
    position = torch.tensor([brain.candidates(brain.subjects).position(name)], device=brain.semantic.device)
    open_slot = torch.full_like(position, -1)
    given = Statements(position, open_slot, open_slot)
    out = brain.decode(brain.semantic[None], mode="teacher", given=given, labels=[group])
    chance = out.subject_labels[group][0].softmax(-1)
    return {n: float(chance[i]) for i, n in enumerate(brain.groups[group].names) if n is not None}
