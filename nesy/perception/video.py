"""The ``video`` backend: a video network of torchvision, read where the tracks are.

The network gives a map of features over time and space; objects are cut out of it by ROI alignment of their boxes,
pairs by that of their unions, frame by frame; nesy.perception.head, with a temporal encoder, makes facts of them. For
closed vocabularies: it learns the names from the data, and needs no text.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision.ops import roi_align

from nesy.perception.backbones import load_backbone
from nesy.perception.base import Batch, backends
from nesy.perception.encoding import Encoding, compiled, settled
from nesy.perception.feature_cache import FeatureCache, fingerprint
from nesy.perception.head import Head, scene_graph
from nesy.perception.lora import keep_fixed_weights_out
from nesy.perception.options import read_options
from nesy.scenegraph import SceneGraph, Vocabulary

DEFAULTS: dict[str, Any] = {
    "backbone": "r3d_18",
    "weights": "random",  # or a safetensors file in torchvision's names
    "train": "full",
    "size": 224,  # side of the square into which frames are put
    "window": 16,  # frames that mvit_v2_s takes at once
    "width": 128,
    "temporal": "transformer",
    "layers": 2,
    "precision": "float32",
    "checkpointing": False,
    "cache": "",
    "device": "auto",
    "compile": False,
}
CHOICES = {
    "backbone": ("s3d", "r3d_18", "mvit_v2_s"),
    "train": ("frozen", "full"),
    "temporal": ("none", "transformer", "recurrent"),
    "precision": ("float32", "bfloat16"),
}
LEAST = {"size": 32, "window": 2, "width": 8, "layers": 1}
RARE = -3.0  # log-odds of a fact before training
GRID = 2  # points a side at which a box is read


class Video(Encoding):
    """See the module. ``options`` are the settings of DEFAULTS."""

    def __init__(self, vocabulary: Vocabulary, options: dict[str, Any]) -> None:
        super().__init__(
            vocabulary,
            frozen=options["train"] == "frozen",
            resolution=options["size"],
            device=options["device"],
            precision=options["precision"],
        )
        names = ("weights", "size", "window", "checkpointing")
        with settled(self.frozen):
            self.backbone = load_backbone(options["backbone"], *(options[n] for n in names))
        # Tracks of one clip decide nothing about another: running statistics of the loaded weights stay as they are.
        self.fixed_statistics = options["weights"] != "random"
        if self.frozen:
            self.backbone.requires_grad_(False)
            keep_fixed_weights_out(self.backbone)
        self._maps = compiled(self.backbone.__call__, options["compile"])
        d = self.backbone.width
        shape = {key: options[key] for key in ("width", "temporal", "layers")}
        self.head = Head(vocabulary, d, d, **shape, start=RARE)
        if self.frozen and options["cache"]:
            name = f"{options['backbone']}-{options['size']}-{options['window']}-{fingerprint(self.backbone)}"
            self.cache = FeatureCache(options["cache"], name)

    @property
    def network(self) -> torch.nn.Module:
        return self.backbone

    def encode(self, frames: Tensor, box: Tensor, there: Tensor, both: Tensor, shapes: Tensor | None) -> Tensor:
        """Features of boxes and unions, read from the map of their frame."""
        with self.autocast(frames.device):
            maps = self._maps(frames).float()
        flat = maps.transpose(1, 2).flatten(0, 1)  # [B T, D, S', S']
        scale = flat.shape[-1] / frames.shape[-1]
        box, there, both = box.flatten(0, 1), there.flatten(0, 1), both.flatten(0, 1)
        frame, who = there.nonzero(as_tuple=True)
        when, subject, other = both.nonzero(as_tuple=True)
        a, b = box[when, subject], box[when, other]
        union = torch.cat([torch.minimum(a[:, :2], b[:, :2]), torch.maximum(a[:, 2:], b[:, 2:])], 1)
        rois = torch.cat([torch.cat([frame, when])[:, None].float(), torch.cat([box[frame, who], union])], 1)
        read: Tensor = roi_align(flat, rois, GRID, spatial_scale=scale, sampling_ratio=2, aligned=True)
        return read.mean((2, 3))

    def perceive(self, batch: Batch) -> SceneGraph:
        objects, pairs, both = self.features(batch)
        classes, unary, binary = self.head(objects, pairs, both, batch)
        return scene_graph(self.vocabulary, classes, unary, binary, both, batch)

    def train(self, mode: bool = True) -> Video:
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        elif self.fixed_statistics:
            for module in self.backbone.modules():
                if isinstance(module, torch.nn.BatchNorm3d):
                    module.eval()
        return self


@backends.register("video")
def video(vocabulary: Vocabulary, settings: dict[str, object]) -> Video:
    """Build the backend from the settings of a ``perception "video" { backbone: "r3d_18", ... }`` block."""
    return Video(vocabulary, read_options("video", settings, DEFAULTS, choices=CHOICES, least=LEAST))
