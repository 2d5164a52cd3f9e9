"""The values of gates: choices by weight (``top``, samplers) and new distributions (``normalize``, ``softmax``)."""

from __future__ import annotations

import torch
from torch import Tensor

from nesy.reasoners.datalog.circuit import Gate

SEED = 1234


def gate_values(gate: Gate, weights: Tensor, generator: torch.Generator) -> Tensor:
    """Probabilities [n, B] of a gate's facts from the values [n, B] of its nodes; choices carry no gradient."""
    match gate.op:
        case "normalize":
            total = weights.sum(dim=0)
            return torch.where(total > 0, weights / torch.where(total > 0, total, torch.ones_like(total)), weights)
        case "softmax":
            return weights.softmax(dim=0)
        case "disjunct":
            return weights
    with torch.no_grad():
        n, batch = weights.shape
        if gate.op == "uniform":
            score = torch.rand((n, batch), generator=generator).to(weights)
        elif gate.op == "categorical":  # the k largest of log w + Gumbel noise: a sample without replacement
            noise = torch.rand((n, batch), generator=generator).to(weights).clamp(1e-12, 1 - 1e-7)
            score = weights.clamp_min(1e-30).log() - (-noise.log()).log()
        else:
            score = weights
        best = score.argsort(dim=0, descending=True, stable=True)[: gate.k]
        return torch.zeros_like(weights).scatter_(0, best, 1.0)
