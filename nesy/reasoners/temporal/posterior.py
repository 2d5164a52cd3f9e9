"""What a clip looks like once its spec is known to hold: the marginal of every fact given the formula.

For a fact with log-odds l and prior p, and an exact P(formula),

    d log P(formula) / d l = P(fact | formula) - p,

so that one backward pass gives the posterior of all facts at once (forward-backward, by differentiation).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nesy.dsl.ast import Formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.exact import exact
from nesy.scenegraph import SceneGraph


@dataclass(frozen=True)
class Posterior:
    """Marginals given a formula.

    probability: P(formula).
    classes [N, C], unary [T, N, U], binary [T, N, N, R]: P(fact | formula), float64; 0 for absent objects.
    """

    probability: float
    classes: Tensor
    unary: Tensor
    binary: Tensor


def posterior(formula: Formula, graph: SceneGraph) -> Posterior:
    """The exact marginals of one clip (B = 1) given ``formula``.

    Raises:
        GroundingError: the formula is impossible on this clip, or over the budget of :func:`exact`.
    """
    one = graph.clip(0)
    classes = one.classes[0].double().exp().detach().requires_grad_()
    unary = one.unary.double().detach().requires_grad_()
    binary = one.binary.double().detach().requires_grad_()
    with torch.enable_grad():
        p = exact(formula, replace(one, classes=classes.log()[None], unary=unary, binary=binary))
    if float(p.detach()) <= 0:
        raise GroundingError(
            "the formula is impossible on this clip: nothing follows from it", hint="nesy query says what is missing"
        )
    slopes: list[Tensor | None] = [None] * 3
    if p.requires_grad:
        slopes = list(torch.autograd.grad(p.log(), (classes, unary, binary), allow_unused=True))
    by_class, by_unary, by_binary = (
        torch.zeros_like(x) if g is None else torch.nan_to_num(g)
        for x, g in zip((classes, unary, binary), slopes, strict=True)
    )
    here = one.present[0]
    # P is linear in the classes of one object, P = sum_c w_c f_c + (1 - sum_c w_c) f_0, so that dP/dw_c = f_c - f_0.
    weight = classes.detach()
    other = 1 - (weight * by_class).sum(-1, keepdim=True)  # f_0 / P
    return Posterior(
        float(p.detach()),
        (weight * (by_class + other)).clamp(0, 1),
        (unary.detach().sigmoid()[0] + by_unary[0]).clamp(0, 1) * here[..., None],
        (binary.detach().sigmoid()[0] + by_binary[0]).clamp(0, 1) * (here[:, :, None] & here[:, None, :])[..., None],
    )
