"""Video networks of torchvision as encoders of clips into maps of features over time and space."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad
from torch.utils.checkpoint import checkpoint

from nesy.errors import CheckpointError

KINETICS = ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))
SHORTEST = 16  # frames below which s3d's poolings leave nothing
HALF = ((0.45,) * 3, (0.225,) * 3)


class Backbone(nn.Module):
    """Frames [B, T, 3, S, S] from 0 to 255 to features [B, D, T, S', S'], one map a frame.

    Args:
        name: s3d, r3d_18 or mvit_v2_s.
        size: side S of the frames.
        window: frames that mvit_v2_s takes at once (its positions are learned for this number).
        checkpointing: recompute activations in the backward pass.
    """

    def __init__(self, name: str, size: int, window: int, checkpointing: bool = False) -> None:
        super().__init__()
        from torchvision.models import video

        self.name, self.size, self.window, self.checkpointing = name, size, window, checkpointing
        if name == "mvit_v2_s":
            network: Any = mvit_v2_s(size, window)
            network.head = nn.Identity()
            self.width = network.norm.normalized_shape[0]
        elif name == "s3d":
            network = video.s3d(weights=None)
            network.classifier, network.avgpool = nn.Identity(), nn.Identity()
            self.width = 1024
        else:
            network = video.r3d_18(weights=None)
            network.fc, network.avgpool = nn.Identity(), nn.Identity()
            self.width = 512
        self.network = network
        mean, std = HALF if name == "mvit_v2_s" else KINETICS
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1, 1), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        t = frames.shape[1]
        x = (frames.transpose(1, 2).float() / 255 - self.mean) / self.std  # type: ignore[operator]
        if self.name == "mvit_v2_s":
            maps = self._windows(x)
        else:
            least = SHORTEST if self.name == "s3d" else 1
            maps = self._run(self._stages(), pad(x, (0, 0, 0, 0, 0, max(0, least - t)), mode="replicate"))
            maps = _real(maps, t, max(t, least))
        out: Tensor = interpolate(maps.float(), size=(t, *maps.shape[3:]), mode="trilinear", align_corners=False)
        return out

    def _stages(self) -> list[Any]:
        network: Any = self.network
        if self.name == "s3d":
            return list(network.features)
        return [network.stem, network.layer1, network.layer2, network.layer3, network.layer4]

    def _run(self, stages: list[Any], x: Tensor) -> Tensor:
        for stage in stages:
            x = self._call(stage, x)
        return x

    def _call(self, stage: Any, *x: Any) -> Any:
        if self.checkpointing and torch.is_grad_enabled():
            return checkpoint(stage, *x, use_reentrant=False)
        return stage(*x)

    def _windows(self, x: Tensor) -> Tensor:
        """MViT takes a fixed number of frames: windows side by side, the last one filled with its last frame."""
        b, c, t, h, w = x.shape
        count = math.ceil(t / self.window)
        x = pad(x, (0, 0, 0, 0, 0, count * self.window - t), mode="replicate")
        x = x.reshape(b, c, count, self.window, h, w).transpose(1, 2).flatten(0, 1)
        network: Any = self.network
        grid = network.conv_proj(x)
        thw = tuple(grid.shape[2:])
        tokens = network.pos_encoding(grid.flatten(2).transpose(1, 2))
        for block in network.blocks:
            tokens, thw = self._call(block, tokens, thw)
        maps = network.norm(tokens)[:, 1:].transpose(1, 2).unflatten(2, thw)  # without the class token
        maps = maps.unflatten(0, (b, count)).transpose(1, 2).flatten(2, 3)
        return _real(maps, t, count * self.window)


def _real(maps: Tensor, frames: int, filled: int) -> Tensor:
    """The slices of a map of ``filled`` frames that show the first ``frames`` of them; the rest repeats the last."""
    return maps[:, :, : max(1, math.ceil(maps.shape[2] * frames / filled))]


def mvit_v2_s(size: int, window: int) -> Any:
    """torchvision's mvit_v2_s for frames of another size or number, which its own function does not offer.

    Li et al., MViTv2 (2022): 16 blocks; blocks 1, 3 and 14 halve the map and double the width.
    """
    from torchvision.models.video.mvit import MSBlockConfig, MViT

    blocks, width, heads, reach = [], 96, 1, 8
    for i in range(16):
        shrinks = i in (1, 3, 14)
        out = width * 2 if shrinks else width
        if shrinks:
            heads, reach = heads * 2, reach // 2
        stride = [1, 2, 2] if shrinks else [1, 1, 1]
        blocks.append(MSBlockConfig(heads, width, out, [3, 3, 3], [3, 3, 3], stride, [1, reach, reach]))
        width = out
    return MViT(
        (size, size),
        window,
        blocks,
        residual_pool=True,
        residual_with_cls_embed=False,
        rel_pos_embed=True,
        proj_after_attn=True,
        stochastic_depth_prob=0.2,
    )


def load_backbone(name: str, weights: str, size: int, window: int, checkpointing: bool = False) -> Backbone:
    """A backbone with the weights of a safetensors file in torchvision's own names; ``random`` gives random ones.

    Raises:
        CheckpointError: no such file, not safetensors, or weights of another network.
    """
    backbone = Backbone(name, size, window, checkpointing)
    if weights == "random":
        return backbone
    path = Path(weights).expanduser()
    if not path.is_file() or path.suffix != ".safetensors":
        raise CheckpointError(
            f"perception.weights: there is no safetensors file {weights!r}",
            hint=f"from torchvision's own: safetensors.torch.save_file(torchvision.models.video.{name}("
            f'weights="DEFAULT").state_dict(), "{name}.safetensors"); or weights: "random"',
        )
    try:
        stored = load_file(path)
        missing, unexpected = backbone.network.load_state_dict(stored, strict=False)
    except (OSError, SafetensorError, RuntimeError) as e:
        raise CheckpointError(f"{path}: the weights do not fit {name} ({(str(e).splitlines() or ['?'])[0]})") from None
    strange = [k for k in unexpected if not k.startswith(("fc.", "classifier.", "head."))]  # of the classes it had
    if missing or strange:
        raise CheckpointError(
            f"{path}: not the weights of {name} ({len(missing)} missing, {len(strange)} of another network, "
            f"for example {[*missing, *strange][0]})"
        )
    return backbone
