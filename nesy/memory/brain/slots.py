"""Questions with open slots: P(s, p, o | start) with any of the slots clamped, by enumeration and Bayes' rule."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nesy.errors import NesyError
from nesy.memory.brain.brain import PREDICATE, TensorBrain


@dataclass(frozen=True)
class Answer:
    """One statement and its probability given the clamped slots."""

    subject: str
    predicate: str
    object: str
    probability: float


def posterior(
    brain: TensorBrain,
    start: Tensor,
    *,
    subject: str | None = None,
    predicate: str | None = None,
    object: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """log P over the open slots given the clamped ones, [S, O, P], and the positions on the first two axes.

    An axis has length 1 where its slot is clamped; otherwise it runs over every index in use. The chain decodes the
    subject first, so a question for the subject is answered by Bayes' rule over all candidates.

    Args:
        start: the state [D] to decode from: a time's column, a semantic vector.

    Raises:
        NesyError: a name that the brain has not, or no subject or predicate is in use yet.
    """
    things = brain.candidates(brain.subjects)
    every = things.used().nonzero()[:, 0].to(start.device)
    if len(every) == 0:
        raise NesyError(f"the brain has no {' or '.join(brain.subjects)} yet")
    s = every if subject is None else torch.tensor([things.position(subject)], device=start.device)
    o = every if object is None else torch.tensor([things.position(object)], device=start.device)
    table = brain.joint(start, s, o)
    if predicate is not None:
        row = brain.groups[PREDICATE].row(predicate)
        table = table[..., row : row + 1]
    return table - table.flatten().logsumexp(0), s, o


def ask(
    brain: TensorBrain,
    start: Tensor,
    *,
    subject: str | None = None,
    predicate: str | None = None,
    object: str | None = None,
    k: int = 5,
) -> list[Answer]:
    """The ``k`` most probable fillings of the open slots, best first."""
    table, s, o = posterior(brain, start, subject=subject, predicate=predicate, object=object)
    things, relations = brain.candidates(brain.subjects), brain.groups[PREDICATE]
    best = table.flatten().topk(min(k, table.numel()))
    found = []
    for value, place in zip(best.values.tolist(), best.indices.tolist(), strict=True):
        if value == -torch.inf:
            break
        i, rest = divmod(place, table.shape[1] * table.shape[2])
        j, r = divmod(rest, table.shape[2])
        name = predicate if predicate is not None else relations.name(r)
        found.append(Answer(things.name(int(s[i])), name, things.name(int(o[j])), float(torch.tensor(value).exp())))
    return found
