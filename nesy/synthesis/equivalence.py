"""Whether two specs mean the same, judged on sampled worlds: no string is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from nesy.dsl.ast import Formula
from nesy.dsl.elaborate import Elaborator
from nesy.dsl.signature import Signature
from nesy.errors import GroundingError, NesyError
from nesy.reasoners.temporal.definition import World, holds
from nesy.reasoners.temporal.degrees import degree
from nesy.synthesis.worlds import Names, sample, scene_graphs


@dataclass(frozen=True)
class Comparison:
    """How two specs do on sampled worlds.

    same: the share of worlds on which both are true or both false. witness: a world on which they differ.
    left, right: the shares of worlds in which each is true; near 0 or 1 they say little.
    """

    same: float
    left: float
    right: float
    witness: World | None = None

    @property
    def equivalent(self) -> bool:
        """Whether no sampled world tells them apart."""
        return self.witness is None


def compare(f: Formula, g: Formula, signature: Signature, *, worlds: int = 240, seed: int = 0) -> Comparison:
    """Two specs of one domain on ``worlds`` small worlds that are made to tell them apart.

    Equivalent specs are always found equivalent; different ones may be missed where only a rare world differs.

    Raises:
        NesyError: a spec cannot be evaluated: it does not unfold, or asks something of three objects at once.
    """
    unfold = Elaborator(signature).elaborate
    pair = unfold(f), unfold(g)
    names = Names.of(pair, signature.classes)
    made = sample(pair, names, worlds, seed)
    left, right = (truths(h, made, names) for h in pair)
    differ = left != right
    witness = made[int(differ.nonzero()[0, 0])] if bool(differ.any()) else None
    return Comparison(
        1 - float(differ.float().mean()), float(left.float().mean()), float(right.float().mean()), witness
    )  # fmt: skip


def equivalent(f: Formula, g: Formula, signature: Signature, *, worlds: int = 240, seed: int = 0) -> bool:
    """Whether no sampled world tells ``f`` and ``g`` apart; False if one of them cannot be evaluated."""
    try:
        return compare(f, g, signature, worlds=worlds, seed=seed).equivalent
    except NesyError:
        return False


def truths(f: Formula, worlds: Sequence[World], names: Names) -> torch.Tensor:
    """The truth of ``f`` in each world: on tensors, and by the definition where those cannot."""
    try:
        return degree(f, scene_graphs(worlds, names), "boolean") > 0.5
    except GroundingError:
        return torch.tensor([holds(f, w) for w in worlds])
