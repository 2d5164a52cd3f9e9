"""From features of tracks and pairs to logits: what is trained on top of any encoder of pictures or videos."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nesy.perception.base import Batch
from nesy.perception.temporal_encoder import TemporalEncoder, convolved
from nesy.perception.tiny import GEOMETRY, MOTION, geometry, motion
from nesy.scenegraph import SceneGraph, Vocabulary

IMPOSSIBLE = -30.0  # log-odds of an object's relation to itself or to one that is absent


class Head(nn.Module):
    """Features and motion of tracks, mixed over time, to logits of classes, unary and binary predicates.

    Args:
        features, pair_features: widths of the input features.
        width: of the hidden layers.
        temporal, layers: see :class:`TemporalEncoder`.
        start: the log-odds of unary and binary facts before training.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        features: int,
        pair_features: int,
        *,
        width: int = 128,
        temporal: str = "none",
        layers: int = 2,
        start: float = 0.0,
        zero: bool = False,
    ) -> None:
        super().__init__()
        c, u, r = vocabulary.sizes()
        self.enter = nn.Sequential(nn.LayerNorm(features), nn.Linear(features, width), nn.GELU())
        self.moving = nn.Linear(MOTION, width)
        self.over_time = TemporalEncoder(temporal, width, layers)
        self.classify = nn.Linear(width, c)
        self.act = nn.Sequential(nn.Conv1d(width, width, 3, padding=1), nn.GELU(), nn.Conv1d(width, u, 3, padding=1))
        self.subject, self.object = nn.Linear(width, width // 2), nn.Linear(width, width // 2)
        self.space = nn.Linear(GEOMETRY, width // 2)
        self.pair = nn.Sequential(nn.LayerNorm(pair_features), nn.Linear(pair_features, width // 2))
        self.relate = nn.Sequential(nn.GELU(), nn.Linear(width // 2, width // 2), nn.GELU(), nn.Linear(width // 2, r))
        with torch.no_grad():
            for last in (self.classify, self.act[2], self.relate[3]):
                if zero:
                    last.weight.zero_()  # type: ignore[operator]
                last.bias.fill_(start if last is not self.classify else 0.0)  # type: ignore[operator]

    def forward(self, features: Tensor, pairs: Tensor, both: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of classes [B, N, C], unary [B, T, N, U] and binary [P, R].

        Args:
            features: [B, T, N, D], zeros where absent.
            pairs: [P, E], features of the pairs that ``both`` marks, in its order.
            both: bool [B, T, N, N].
        """
        there = batch.view.present
        b, t, n = there.shape
        x = self.enter(features) + self.moving(motion(batch.view.boxes, there))
        x = x * there[..., None]
        tracks = x.transpose(1, 2).reshape(b * n, t, x.shape[-1])
        tracks = self.over_time(tracks, there.transpose(1, 2).reshape(b * n, t))
        x = tracks.reshape(b, n, t, x.shape[-1]).transpose(1, 2) * there[..., None]
        share = there[..., None].to(x.dtype)
        classes = self.classify((x * share).sum(1) / share.sum(1).clamp_min(1))
        unary = convolved(self.act, x.permute(0, 2, 3, 1), batch.lengths).permute(0, 3, 1, 2)
        where, when, who, whom = both.nonzero(as_tuple=True)
        space = self.space(geometry(batch.view.boxes, there)[both])
        hidden = self.subject(x)[where, when, who] + self.object(x)[where, when, whom] + space + self.pair(pairs)
        return classes, unary, self.relate(hidden)


def pairs_of(present: Tensor) -> Tensor:
    """The ordered pairs of different present objects, bool [.., N, N] of present [.., N]."""
    n = present.shape[-1]
    return present[..., :, None] & present[..., None, :] & ~torch.eye(n, dtype=torch.bool, device=present.device)


def scene_graph(
    vocabulary: Vocabulary, classes: Tensor, unary: Tensor, binary: Tensor, both: Tensor, batch: Batch
) -> SceneGraph:
    """The scene graph of class logits [B, N, C] and log-odds unary [B, T, N, U] and binary [P, R] of marked pairs."""
    whole = binary.new_full((*both.shape, binary.shape[-1]), IMPOSSIBLE)
    whole[both] = binary
    there = batch.view.present
    return SceneGraph(vocabulary, classes.log_softmax(-1), unary, whole, there, batch.lengths, batch.objects, batch.fps)
