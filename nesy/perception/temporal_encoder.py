"""Mixing a track's features over time: self-attention, or a gated linear recurrence in both directions.

Both map [M, T, W] to [M, T, W], keep the input beside what they add (so that zero layers is the identity) and neither
read nor write frames in which the track is absent.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, scaled_dot_product_attention

from nesy.errors import DataError, did_you_mean

CHUNK = 16  # frames in a chunk of the recurrence: T/16 + 16 dependent steps instead of T


class Attention(nn.Module):
    """One pre-norm layer of self-attention over the frames in which a track is present, O(T^2)."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        m, t, w = x.shape
        normal = self.norm(x) + positions(t, w, x.device)
        q, k, v = self.project(normal).reshape(m, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        # A track that is nowhere would attend to nothing (0/0); it may attend to anything, its output is not used.
        seen = present | ~present.any(1, keepdim=True)
        mixed = scaled_dot_product_attention(q, k, v, attn_mask=seen[:, None, None, :])
        x = x + self.out(mixed.transpose(1, 2).reshape(m, t, w))
        out: Tensor = x + self.think(self.after(x))
        return out


class Recurrence(nn.Module):
    """h_t = (1 - z_t) h_{t-1} + z_t v_t with gates z and values v of the input alone, both directions, O(T).

    The gated linear recurrence of Feng et al., "Were RNNs all we needed?" (2024), computed in chunks.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.project, self.out = nn.Linear(width, 5 * width), nn.Linear(2 * width, width)
        nn.init.constant_(self.project.bias[: 2 * width], -1.0)  # remember about three frames at first

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        w = x.shape[-1]
        gates, values, share = self.project(self.norm(x)).split([2 * w, 2 * w, w], -1)
        z = gates.sigmoid() * present[..., None]  # an absent frame changes nothing
        v = z * values
        forward = linear_recurrence(1 - z[..., :w], v[..., :w])
        backward = linear_recurrence((1 - z[..., w:]).flip(1), v[..., w:].flip(1)).flip(1)
        out: Tensor = x + self.out(torch.cat([forward, backward], -1)) * gelu(share)
        return out


def linear_recurrence(a: Tensor, b: Tensor) -> Tensor:
    """h_t = a_t h_{t-1} + b_t with h_{-1} = 0, along axis 1 of [M, T, W]; work O(T), T/16 + 16 dependent steps."""
    m, t, w = a.shape
    chunks = -(-t // CHUNK)
    a = pad(a, (0, 0, 0, chunks * CHUNK - t), value=1.0).reshape(m, chunks, CHUNK, w)
    b = pad(b, (0, 0, 0, chunks * CHUNK - t)).reshape(m, chunks, CHUNK, w)
    inner, keeps = [b[:, :, 0]], [a[:, :, 0]]
    for k in range(1, CHUNK):  # all chunks side by side, as if each began at zero
        inner.append(a[:, :, k] * inner[-1] + b[:, :, k])
        keeps.append(a[:, :, k] * keeps[-1])
    local, kept = torch.stack(inner, 2), torch.stack(keeps, 2)
    carry, carries = torch.zeros_like(local[:, 0, 0]), []
    for c in range(chunks):
        carries.append(carry)
        carry = kept[:, c, -1] * carry + local[:, c, -1]
    out = local + kept * torch.stack(carries, 1)[:, :, None]
    return out.reshape(m, chunks * CHUNK, w)[:, :t]


def positions(length: int, width: int, device: torch.device) -> Tensor:
    """Sinusoids [T, W] (Vaswani et al., 2017)."""
    t = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, device=device) * (-9.2103 / width))
    return torch.stack([torch.sin(t * rate), torch.cos(t * rate)], -1).reshape(length, -1)[:, :width]


class TemporalEncoder(nn.Module):
    """A stack of layers of one kind.

    Args:
        kind: ``none``, ``transformer`` or ``recurrent``.
        width: features W; a multiple of 4 for the transformer.
        layers: how many.
    """

    def __init__(self, kind: str, width: int, layers: int = 2) -> None:
        super().__init__()
        if kind not in KINDS:
            raise DataError(f"perception.temporal is {kind!r}", expected=KINDS, hint=did_you_mean(kind, KINDS))
        layer: Any = {"transformer": Attention, "recurrent": Recurrence}.get(kind)
        self.layers = nn.ModuleList(layer(width) for _ in range(layers if layer else 0))

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """[M, T, W] and present [M, T] bool -> [M, T, W]."""
        for layer in self.layers:
            x = layer(x, present)
        return x


KINDS = ("none", "transformer", "recurrent")


def convolved(act: nn.Sequential, tracks: Tensor, lengths: Tensor) -> Tensor:
    """A convolution over time, an activation and another convolution: [B, N, W, T] and lengths [B] -> [B, N, U, T].

    Behind the end of a clip the second convolution sees zeros, as it does when the clip is alone: the first one's bias
    in the padding would make a clip's last frame depend on the others of its batch.
    """
    first, activation, last = act
    b, n, _, t = tracks.shape
    inside = torch.arange(t, device=tracks.device) < lengths.to(tracks.device)[:, None]
    hidden = activation(first(tracks.flatten(0, 1))) * inside.repeat_interleave(n, 0)[:, None]
    out: Tensor = last(hidden).unflatten(0, (b, n))
    return out
