"""Embodiment: from a concept back to what it looks like, v_k = g+(gamma(a_k)).

The papers propose this decoder of columns into sensory prototypes and the loop features -> index -> features; no public
code has it. Here g+ is one linear map, fitted with the columns frozen, so that imagining never disturbs remembering.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Adam

from nesy.errors import NesyError
from nesy.memory.brain.brain import TensorBrain
from nesy.memory.brain.scores import activate


class Embodiment(nn.Module):
    """The decoder g+ of one kind of features (boxes or scenes) for the indices of ``roles``."""

    def __init__(self, brain: TensorBrain, features: int, roles: tuple[str, ...] | None = None) -> None:
        super().__init__()
        self.act, self.roles = brain.act, brain.subjects if roles is None else roles
        self.imagine = nn.Linear(brain.width, features)

    def forward(self, columns: Tensor) -> Tensor:
        """Features [..., F] of columns [..., D]."""
        pictured: Tensor = self.imagine(activate(columns, self.act))
        return pictured

    def fit(
        self, brain: TensorBrain, positions: Tensor, features: Tensor, *, steps: int = 300, rate: float = 0.01
    ) -> float:
        """Bring g+(gamma(a_k)) near the features [B, F] seen with index k [B]; returns the mean square error.

        The brain's columns stay as they are.
        """
        if len(positions) == 0 or features.shape != (len(positions), self.imagine.out_features):
            raise NesyError(
                f"one row of {self.imagine.out_features} features an index is needed, got {tuple(features.shape)}"
            )
        columns = brain.bank(self.roles).detach()[positions]
        optimiser = Adam(self.parameters(), lr=rate)
        loss = features.new_zeros(())
        for _ in range(steps):
            loss = (self(columns) - features).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return float(loss.detach())

    @torch.no_grad()
    def embody(self, brain: TensorBrain, name: str) -> Tensor:
        """The sensory prototype [F] of an index."""
        pictured: Tensor = self(brain.bank(self.roles)[brain.candidates(self.roles).position(name)])
        return pictured
