"""Sets of proofs for a whole batch as bit masks: products, unions, duplicates and the best k, all as tensor operations.

A proof is two masks over the leaves, of positive and of negative literals, in words of 63 bits, plus the mask of facts
that its positive facts exclude. A slot without a proof has weight -1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

WORD = 63


@dataclass(slots=True)
class Slots:
    """Proofs [..., B, K]: masks [..., B, K, W] of positive, negative and excluded facts, and weights [..., B, K]."""

    pos: Tensor
    neg: Tensor
    out: Tensor
    weight: Tensor

    def rows(self, index: Tensor, slots: int) -> Slots:
        """The first ``slots`` proofs of some rows."""
        return Slots(
            self.pos[index, :, :slots], self.neg[index, :, :slots], self.out[index, :, :slots],
            self.weight[index, :, :slots],
        )  # fmt: skip

    def take(self, index: Tensor) -> Slots:
        """Slots chosen per row and sample, ``index`` [..., B, k]."""
        wide = index[..., None].expand(*index.shape, self.pos.shape[-1])
        return Slots(
            self.pos.gather(-2, wide), self.neg.gather(-2, wide), self.out.gather(-2, wide),
            self.weight.gather(-1, index),
        )  # fmt: skip

    @property
    def count(self) -> int:
        """How many slots there are."""
        return self.weight.shape[-1]


@dataclass(slots=True)
class Facts:
    """Leaf probabilities [B, V] and where each leaf's bit is."""

    p: Tensor
    word: Tensor
    bit: Tensor

    def weigh(self, pos: Tensor, neg: Tensor, sample: Tensor) -> Tensor:
        """Weights [n] of proofs with masks [n, W] of the given samples [n]."""
        p = self.p[sample]
        positive = (pos[:, self.word] >> self.bit) & 1
        negative = (neg[:, self.word] >> self.bit) & 1
        one = p.new_ones(())
        return (torch.where(positive.bool(), p, one) * torch.where(negative.bool(), 1 - p, one)).prod(-1)


def positions(leaves: int, device: torch.device) -> tuple[Tensor, Tensor, int]:
    """The word and bit of every leaf, and the number of words."""
    index = torch.arange(leaves, device=device)
    return index // WORD, index % WORD, max(1, -(-leaves // WORD))


def product(a: Slots, b: Slots, facts: Facts) -> Slots:
    """Every proof of ``a`` joined with every one of ``b``; inconsistent ones get weight -1."""
    pos = (a.pos[..., :, None, :] | b.pos[..., None, :, :]).flatten(-3, -2)
    neg = (a.neg[..., :, None, :] | b.neg[..., None, :, :]).flatten(-3, -2)
    out = (a.out[..., :, None, :] | b.out[..., None, :, :]).flatten(-3, -2)
    valid = ((a.weight[..., :, None] >= 0) & (b.weight[..., None, :] >= 0)).flatten(-2)
    weight = (a.weight[..., :, None] * b.weight[..., None, :]).flatten(-2)
    shared = (a.pos[..., :, None, :] & b.pos[..., None, :, :]) | (a.neg[..., :, None, :] & b.neg[..., None, :, :])
    again = shared.flatten(-3, -2).any(-1) & valid
    if bool(again.any()):  # a fact used on both sides counts once
        at = again.nonzero(as_tuple=True)
        weight[at] = facts.weigh(pos[at], neg[at], at[-2])
    valid &= ~(pos & (neg | out)).any(-1)
    return Slots(pos, neg, out, torch.where(valid, weight, -1.0))


def keys(slots: Slots) -> Tensor:
    """A 64-bit key per proof, 0 for an empty slot."""
    key = torch.zeros_like(slots.weight, dtype=torch.long)
    for masks in (slots.pos, slots.neg):
        for w in range(masks.shape[-1]):
            key = (key ^ masks[..., w]) * -7046029254386353131  # the golden ratio in 64 bits, as a signed number
            key = key ^ (key >> 29)
    return torch.where(slots.weight >= 0, key | 1, 0)


def best(slots: Slots, k: int, stable: bool = False) -> Slots:
    """The k heaviest different proofs, heaviest first; ``stable``: of equally heavy ones the first stay.

    Under recursion what is there must stay unless something is truly better: else equal proofs would take each other's
    place for ever.
    """
    if slots.count == 1:
        return slots
    key, order = keys(slots).sort(dim=-1, stable=True)
    double = torch.zeros_like(key, dtype=torch.bool)
    double[..., 1:] = (key[..., 1:] == key[..., :-1]) & (key[..., 1:] != 0)
    weight = slots.weight.scatter(-1, order, torch.where(double, -1.0, slots.weight.gather(-1, order)))
    if stable:
        ordered = weight.sort(dim=-1, descending=True, stable=True)
        values, indices = ordered.values[..., :k], ordered.indices[..., :k]
    else:
        values, indices = weight.topk(min(k, slots.count), dim=-1)
    chosen = slots.take(indices)
    return Slots(chosen.pos, chosen.neg, chosen.out, values)
