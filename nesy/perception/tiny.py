"""The ``tiny`` backend: small convolutions on object and union crops with box motion, trained from scratch in minutes.

crops  [M, 3, 16, 16] -> 64 features an object and frame   (M present objects of the whole batch, one pass)
unions [P, 3, 8, 8]   -> 16 features a pair and frame      (P present ordered pairs, one pass)
motion: position, size, velocity and their neighbours in time; geometry of pairs
class:  mean of a track's features over its frames -> softmax
unary:  convolution over time of (features, motion) -> log-odds
binary: two-layer perceptron on (subject, object, geometry, union) -> log-odds
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import log_softmax, pad

from nesy.errors import DataError
from nesy.perception.base import Batch, PredicateModel, View, backends
from nesy.perception.crops import cut
from nesy.perception.options import read_options
from nesy.perception.temporal_encoder import TemporalEncoder, convolved
from nesy.scenegraph import SceneGraph, Vocabulary

RARE = -3.0  # log-odds of a fact before training
MOTION = 10  # features of motion() per object and frame
GEOMETRY = 14  # features of geometry() per ordered pair and frame


class Tiny(PredicateModel):
    """About 100 k parameters.

    Args:
        vocabulary: names of the outputs.
        width: features an object.
        crop: side of the object crops in pixels, a multiple of 4.
        temporal: encoder over a track's features: none, transformer or recurrent.
    """

    def __init__(self, vocabulary: Vocabulary, width: int = 64, crop: int = 16, temporal: str = "none") -> None:
        super().__init__(vocabulary)
        c, u, r = vocabulary.sizes()
        self.crop = crop
        # Strided convolutions in channels-last memory: a third of the time of convolutions with max-pooling here.
        self.eye = nn.Sequential(
            nn.Conv2d(3, 24, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(24, 32, 4, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * (crop // 4) ** 2, width), nn.ReLU(),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        self.pair_eye = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16, 16), nn.ReLU()
        ).to(memory_format=torch.channels_last)
        self.classify = nn.Linear(width, c)
        self.act = nn.Sequential(
            nn.Conv1d(width + MOTION, width, 3, padding=1), nn.ReLU(), nn.Conv1d(width, max(u, 1), 3, padding=1)
        )
        self.subject = nn.Linear(width, 32)
        self.object = nn.Linear(width, 32)
        self.space = nn.Linear(GEOMETRY + 16, 32)
        self.relate = nn.Sequential(nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, r))
        self.over_time = TemporalEncoder(temporal, width, 1)
        # Facts are rare. Starting from p = 1/2 every temporal spec is almost surely true of every clip, and its
        # gradient says nothing; from a small p it says which frames and objects come closest.
        with torch.no_grad():
            for name, bias in self.named_parameters():
                if name in ("act.2.bias", "relate.3.bias"):
                    bias.fill_(RARE)

    def look(self, frames: NDArray[np.uint8], boxes: NDArray[np.float32], present: NDArray[np.bool_]) -> View:
        return cut(frames, boxes, present, size=self.crop)

    def perceive(self, batch: Batch) -> SceneGraph:
        view, there = batch.view, batch.view.present
        b, t, n = there.shape
        seen = self.eye(_pixels(view.crops[there]))
        features = seen.new_zeros(b, t, n, seen.shape[-1])
        features[there] = seen
        if self.over_time.layers:
            tracks = features.transpose(1, 2).reshape(b * n, t, seen.shape[-1])
            tracks = self.over_time(tracks, there.transpose(1, 2).reshape(b * n, t))
            features = tracks.unflatten(0, (b, n)).transpose(1, 2) * there[..., None]
        share = there[..., None].to(features.dtype)
        track = (features * share).sum(1) / share.sum(1).clamp_min(1)
        moving = motion(view.boxes, there)
        by_track = torch.cat([features, moving], -1).permute(0, 2, 3, 1)
        unary = convolved(self.act, by_track, batch.lengths).permute(0, 3, 1, 2)[..., : self.vocabulary.sizes()[1]]

        both = there[:, :, :, None] & there[:, :, None, :] & ~torch.eye(n, dtype=torch.bool, device=there.device)
        pixels = self.pair_eye(_pixels(view.unions[both]))
        where, when, who, whom = both.nonzero(as_tuple=True)
        space = torch.cat([geometry(view.boxes, there)[both], pixels], -1)
        hidden = self.subject(features)[where, when, who] + self.object(features)[where, when, whom] + self.space(space)
        related = self.relate(hidden)
        # An object never relates to itself: such facts are impossible, not merely unlikely.
        binary = related.new_full((b, t, n, n, related.shape[-1]), -30.0)
        binary[both] = related
        return SceneGraph(
            self.vocabulary,
            log_softmax(self.classify(track), -1),
            unary,
            binary,
            there,
            batch.lengths,
            batch.objects,
            batch.fps,
        )


def _pixels(x: Tensor) -> Tensor:
    return x.to(torch.float32, memory_format=torch.channels_last) / 127.5 - 1


def motion(boxes: Tensor, present: Tensor) -> Tensor:
    """Centre, size and the velocity before and after, [B, T, N, 10]; velocities are 0 where a neighbour is absent."""
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    size = boxes[..., 2:] - boxes[..., :2]
    step = (centre[:, 1:] - centre[:, :-1]) * (present[:, 1:] & present[:, :-1])[..., None]
    before = pad(step, (0, 0, 0, 0, 1, 0))
    after = pad(step, (0, 0, 0, 0, 0, 1))
    out = torch.cat([centre - 0.5, size * 4, before * 16, after * 16, (after - before) * 16], -1)
    return out * present[..., None]


def geometry(boxes: Tensor, present: Tensor) -> Tensor:
    """An object as seen from the subject, [B, T, N, N, 14]; lengths in units of the subject's size."""
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    size = (boxes[..., 2:] - boxes[..., :2]).clamp_min(1e-3)
    s, o = size[:, :, :, None], size[:, :, None, :]
    offset = centre[:, :, None, :] - centre[:, :, :, None]
    reach = (s + o) / 2
    gap = offset.abs() - reach  # negative where the boxes overlap on an axis
    moving = motion(boxes, present)[..., 4:8]
    towards = moving[:, :, None, :] - moving[:, :, :, None]
    scaled, apart = offset / s, gap / s
    return torch.cat(
        [scaled.clamp(-8, 8) / 4, apart.clamp(-4, 8) / 4, torch.tanh(apart * 4), (o / s).log().clamp(-3, 3),
         towards, torch.tanh(scaled * 4)],
        -1,
    )  # fmt: skip


@backends.register("tiny")
def tiny(vocabulary: Vocabulary, settings: dict[str, object]) -> Tiny:
    """Build the backend from the settings of a ``perception "tiny" { ... }`` block: width, crop, temporal."""
    defaults = {"width": 64, "crop": 16, "temporal": "none"}
    choices = {"temporal": ("none", "transformer", "recurrent")}
    return Tiny(vocabulary, **read_options("tiny", settings, defaults, choices=choices, check=_sizes))


def _sizes(options: Mapping[str, Any]) -> None:
    for key in ("width", "crop"):
        if options[key] < 8 or options[key] % 4:
            raise DataError(f"perception.{key} is {options[key]!r}, expected a multiple of 4 from 8 on")
