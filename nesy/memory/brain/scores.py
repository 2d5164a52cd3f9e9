"""Three readings of the representation layer: how a state q becomes activations, scores and the next state.

sigmoid  gamma = sig(q)           the equation of the papers
relu     gamma = LeakyReLU(q)     what the papers' experiments ran with
centred  gamma = 4 (sig(q) - 1/2) slope 1 at q = 0 and no common offset; the score has a learned inverse temperature

The mean 1/2 of sig adds the same offset (sum of a column, halved) to every score, larger than the signal; and read-out
wants short columns where feedback wants long ones. Centring removes the first trouble, the temperature the second.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from nesy.errors import NesyError

Act = Literal["centred", "sigmoid", "relu"]
Score = Literal["plain", "softplus"]
Evolution = Literal["context", "window", "product", "none"]
Mode = Literal["sample", "argmax", "attend", "teacher"]


def one_of(value: str, kind: object, what: str) -> None:
    """Refuse ``value`` unless it is one of the literal type's words."""
    words = get_args(kind)
    if value not in words:
        raise NesyError(f"unknown {what} `{value}`", expected=words)


def activate(q: Tensor, act: Act) -> Tensor:
    """The activation gamma of a representation layer's state."""
    if act == "centred":
        return 2 * torch.tanh(q / 2)  # = 4 (sig(q) - 1/2), without cancellation
    return q.sigmoid() if act == "sigmoid" else leaky_relu(q, 0.02)


def scores(gamma: Tensor, columns: Tensor, score: Score) -> Tensor:
    """n_k = a_k . gamma; ``softplus`` subtracts sum_l softplus(a_kl), the normaliser of a Bernoulli likelihood.

    For binary gamma the second form is log P(gamma | k) with P(gamma_l = 1 | k) = sig(a_kl).

    Args:
        gamma: [..., D].
        columns: [K, D].

    Returns:
        [..., K].
    """
    n = gamma @ columns.T
    return n - softplus(columns).sum(-1) if score == "softplus" else n


class Evolve(nn.Module):
    """From one step of a statement to the next: q is overwritten, the dynamic context h is carried.

    context  h' = B sig(sig(h) + V gamma(q)), q' = W gamma(h')   (relu: h' = ReLU(B ReLU(V gamma + h)), q' = W h')
    product  h' = V gamma(q) * (1 + U h), q' = W h'. Elementwise: subject and object meet in a product, as in the tensor
             models (Tucker, CP) that this chain is a relative of; needed where relations compose (kinship)
    window   h' = sig(v0 + V gamma), q' = W h'
    none     q' = q, so that the roles of subject and object cannot be told apart
    """

    def __init__(self, width: int, context: int, act: Act, kind: Evolution) -> None:
        super().__init__()
        self.act, self.kind = act, kind
        self.read = nn.Linear(width, context, bias=kind == "window")
        self.mix = nn.Linear(context, context, bias=False)
        self.write = nn.Linear(context, width, bias=False)

    def forward(self, q: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """The next state [..., D] and context [..., H]."""
        if self.kind == "none":
            return q, h
        seen = self.read(activate(q, self.act))
        if self.kind == "window":
            h = seen.sigmoid()
            return self.write(h), h
        if self.kind == "product":
            h = seen * (1 + self.mix(h))
            return self.write(h), h
        if self.act == "relu":
            h = self.mix((seen + h).relu()).relu()
            return self.write(h), h
        h = self.mix((h.sigmoid() + seen).sigmoid())
        return self.write(activate(h, self.act)), h
