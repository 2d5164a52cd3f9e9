"""Low-rank adaptation (Hu et al., 2021): y = W x + (alpha / r) B A x, W fixed, A random, B zero at first."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from nesy.errors import DataError


class LowRank(nn.Module):
    """A linear layer whose weight is fixed and which learns a correction of rank ``rank``."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.base(x)
        return y + self.scale * linear(linear(x, self.down.to(x.dtype)), self.up.to(x.dtype))


def add_low_rank(model: nn.Module, names: Collection[str], rank: int, alpha: float) -> int:
    """Fix all weights of ``model`` and wrap its linear layers of these names; returns how many were wrapped.

    Raises:
        DataError: no layer has one of these names.
    """
    model.requires_grad_(False)
    found = [
        (parent, name, child)
        for parent in list(model.modules())
        for name, child in parent.named_children()
        if name in names and isinstance(child, nn.Linear)
    ]
    for parent, name, child in found:
        setattr(parent, name, LowRank(child, rank, alpha))
    if not found:
        linears = sorted({n.rsplit(".", 1)[-1] for n, m in model.named_modules() if isinstance(m, nn.Linear)})
        raise DataError(f"no linear layer is named {' or '.join(sorted(names))}", expected=linears)
    return len(found)


def keep_fixed_weights_out(model: nn.Module) -> None:
    """Leave weights that are not trained out of ``model.state_dict()`` and accept state dicts without them.

    They are read from the checkpoint directory anyway, and a run's checkpoints stay as small as what was learned.
    """

    def drop(module: nn.Module, state: dict[str, Tensor], prefix: str, _: object) -> None:
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                state.pop(prefix + name, None)

    def fill(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                state.setdefault(prefix + name, parameter.detach())

    model.register_state_dict_post_hook(drop)  # type: ignore[no-untyped-call]
    model.register_load_state_dict_pre_hook(fill)  # type: ignore[no-untyped-call]
