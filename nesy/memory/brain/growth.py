"""New indices after training: one row is fitted to a few examples, and every other number of the brain stays.

Times need no fitting (their column is a copy of the state). An entity's column must also be *recognised* among others,
so it starts from the state that its examples evoke and takes some gradient steps at the length of its group's columns.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.optim import Adam

from nesy.errors import NesyError
from nesy.memory.brain.brain import TensorBrain
from nesy.memory.brain.statement import Features, Statements, nll


def learn_entity(
    brain: TensorBrain,
    name: str,
    seen: Features,
    *,
    role: str = "entity",
    given: Statements | None = None,
    steps: int = 50,
    rate: float = 0.1,
) -> int:
    """Write a new entity from a few scenes [B] in which it is the subject; returns its row in ``role``.

    Args:
        seen: features with the new entity in the subject's box.
        given: what else is known of the scenes (objects, predicates, labels; -1 where unknown); its subject is ignored.

    Raises:
        NesyError: the name is taken, the pool is empty, features are missing or not finite. The brain is as before.
    """
    if role not in brain.subjects:
        raise NesyError(f"`{role}` is no group of subjects", expected=brain.subjects)
    if seen.scene is None or seen.subject is None:
        raise NesyError("a new entity needs the features of its scenes and of its box")
    group = brain.groups[role]
    known = brain.bank(role).detach()[group.rows()]
    row = group.take(name)
    parameter = brain.columns[role]
    before = parameter.detach().clone()
    try:
        column = _fitted(brain, role, row, seen, given, known, steps, rate)
        if not bool(torch.isfinite(column).all()):  # it would make NaN of every measurement, also of others
            raise NesyError(f"`{name}` cannot be learned: its features are not finite")
    except BaseException:  # nothing is left of a name that could not be learned
        parameter.data[row] = before[row]
        group.release(row)
        raise
    parameter.data[row] = column
    return row


def _fitted(
    brain: TensorBrain,
    role: str,
    row: int,
    seen: Features,
    given: Statements | None,
    known: Tensor,
    steps: int,
    rate: float,
) -> Tensor:
    """The column [D] of a new entity, after some steps of gradient; ``known`` [K, D] are the group's other columns."""
    position = brain.candidates(brain.subjects).position(brain.groups[role].name(row))
    count = 0 if seen.scene is None else len(seen.scene)
    open_slot = torch.full((count,), -1, device=known.device)
    truth = replace(
        given if given is not None else Statements(open_slot, open_slot, open_slot),
        subject=torch.full_like(open_slot, position),
    )
    parameter = brain.columns[role]
    before = parameter.detach().clone()
    length = known.norm(dim=-1).mean() if len(known) else torch.tensor(2.0)
    with torch.no_grad():
        q, _ = brain.evolve(brain.start(count) + brain.encode(scene=seen.scene), known.new_zeros(count, brain.context))
        evoked = (q + brain.encode(box=seen.subject)).mean(0)
    column: Tensor = (evoked / evoked.norm().clamp_min(1e-6) * length).requires_grad_()
    optimiser = Adam([column], lr=rate)
    mask = torch.zeros(len(before), 1, dtype=torch.bool, device=known.device)
    mask[row] = True
    for _ in range(steps):
        with torch.no_grad():  # recognition measures through the parameter, so the candidate column stands in it
            parameter.data[row] = column
        out = torch.func.functional_call(
            _Chain(brain), {f"brain.columns.{role}": torch.where(mask, column, before)}, (seen, truth)
        )
        (column.grad,) = torch.autograd.grad(out, [column])
        optimiser.step()
        with torch.no_grad():  # a longer column would win every measurement, also those of others
            column.mul_(length / column.norm().clamp_min(1e-6))
    return column.detach()


class _Chain(torch.nn.Module):
    """The loss of perceiving scenes as stated, as a module, so that one column can be swapped for a variable."""

    def __init__(self, brain: TensorBrain) -> None:
        super().__init__()
        self.brain = brain

    def forward(self, seen: Features, truth: Statements) -> Tensor:
        labels = tuple(truth.subject_labels)
        out = self.brain.perceive(seen, mode="teacher", given=truth, labels=labels)
        heads = [nll(out.subject, truth.subject), nll(out.object, truth.object), nll(out.predicate, truth.predicate)]
        heads += [nll(out.subject_labels[g], truth.subject_labels[g]) for g in labels]
        return torch.stack(heads).sum()
