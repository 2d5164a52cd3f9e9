"""The ``clip`` backend: any CLIP or SigLIP checkpoint of transformers, asked in words about objects and ordered pairs.

An object's picture dims what lies outside its box; a pair's picture tints subject and object (nesy.perception.regions).
With picture features v and text features w of unit length, a fact's log-odds are

    sigmoid:   a <v, w> + b             (SigLIP's own a and b; CLIP's a and b = -a/4)
    contrast:  a (<v, w> - <v, w'>) + b (w' is the text of the contrary, b = 0 at first)

with a, b learned for each predicate, and classes are a softmax of a <v, w> of a track's mean. ``head: true`` adds
logits of a small network on features, motion and their course in time (nesy.perception.head), which begin at zero.

``train``: "frozen" computes the features once a clip, in ``look``, and keeps them (in memory, and with ``cache`` on
disk); "lora" and "full" encode all pictures of a batch together in every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from nesy.perception.base import Batch, backends
from nesy.perception.dual_encoder import load_dual_encoder
from nesy.perception.encoding import Encoding, compiled, settled
from nesy.perception.feature_cache import FeatureCache, fingerprint
from nesy.perception.head import Head, scene_graph
from nesy.perception.lora import add_low_rank, keep_fixed_weights_out
from nesy.perception.options import read_options
from nesy.perception.prompts import prompts_for
from nesy.perception.regions import object_regions, pair_regions
from nesy.scenegraph import SceneGraph, Vocabulary

DEFAULTS: dict[str, Any] = {
    "checkpoint": "",  # a directory that save_pretrained wrote, or the name of one that was downloaded before
    "weights": "checkpoint",  # "random": the directory's architecture and tokenizer alone
    "train": "frozen",
    "score": "auto",  # sigmoid for SigLIP, contrast for CLIP
    "prompts": {},
    "templates": {},
    "negations": {},
    "head": True,
    "width": 128,
    "temporal": "none",
    "layers": 2,
    "resolution": 448,  # longer side of the frames that "lora" and "full" keep
    "rank": 8,
    "alpha": 16.0,
    "adapt": "q_proj|v_proj",
    "precision": "float32",
    "checkpointing": False,
    "chunk": 256,  # pictures encoded at once without gradients
    "cache": "",
    "device": "auto",
    "masks": False,  # show objects by the data's masks instead of their boxes
    "compile": False,
}
CHOICES = {
    "weights": ("checkpoint", "random"),
    "train": ("frozen", "lora", "full"),
    "score": ("auto", "sigmoid", "contrast"),
    "temporal": ("none", "transformer", "recurrent"),
    "precision": ("float32", "bfloat16"),
}
LEAST = {"width": 8, "layers": 1, "resolution": 32, "rank": 1, "chunk": 1}


class Clip(Encoding):
    """See the module. ``options`` are the settings of DEFAULTS."""

    def __init__(self, vocabulary: Vocabulary, options: dict[str, Any]) -> None:
        frozen = options["train"] == "frozen"
        super().__init__(
            vocabulary,
            frozen=frozen,
            resolution=None if frozen else options["resolution"],
            device=options["device"],
            precision=options["precision"],
        )
        self.options = options
        self.masked = bool(options["masks"])
        self.prompts = prompts_for(vocabulary, options["prompts"], options["templates"], options["negations"])
        with settled(frozen or options["train"] == "lora"):
            self.encoder = load_dual_encoder(options["checkpoint"], random=options["weights"] == "random")
        score = options["score"]
        self.contrast = score == "contrast" or (score == "auto" and self.encoder.kind != "siglip")
        if self.frozen:
            self.encoder.requires_grad_(False)
        elif options["train"] == "lora":
            add_low_rank(self.encoder, options["adapt"].split("|"), options["rank"], options["alpha"])
        if options["checkpointing"] and not self.frozen:
            network: Any = self.encoder.model
            enable = getattr(network, "activation_checkpointing_enable", None) or network.gradient_checkpointing_enable
            enable()
        keep_fixed_weights_out(self.encoder)
        _, u, r = vocabulary.sizes()
        scale, bias = self.encoder.scale, self.encoder.bias
        if bias is None:
            bias = -scale / 4  # CLIP's cosines of pictures with fitting texts lie around 1/4
        self.scale_classes = nn.Parameter(torch.tensor(scale).log())
        self.scales = nn.Parameter(torch.full((u + r,), scale).log())
        self.biases = nn.Parameter(torch.full((u + r,), 0.0 if self.contrast else bias))
        self.head: Head | None = None
        if options["head"]:
            d = self.encoder.width
            shape = {key: options[key] for key in ("width", "temporal", "layers")}
            self.head = Head(vocabulary, d, d, **shape, zero=True)
        self._texts: Tensor | None = None
        self._pictures = compiled(self.encoder.pictures, options["compile"])
        if self.frozen and options["cache"]:
            self.cache = FeatureCache(options["cache"], fingerprint(self.encoder))

    @property
    def network(self) -> nn.Module:
        return self.encoder

    def encode(self, frames: Tensor, box: Tensor, there: Tensor, both: Tensor, shapes: Tensor | None) -> Tensor:
        """Unit features; with gradients all pictures go through the encoder together, without in chunks."""
        video, box = frames.flatten(0, 1), box.flatten(0, 1)
        there, both = there.flatten(0, 1), both.flatten(0, 1)
        shapes = None if shapes is None else shapes.flatten(0, 1)
        size = self.encoder.size

        def shape(frame: Tensor, who: Tensor) -> Tensor | None:
            return None if shapes is None else shapes[frame, who]

        frame, who = there.nonzero(as_tuple=True)
        when, subject, other = both.nonzero(as_tuple=True)
        m, total = len(frame), len(frame) + len(when)
        step = total if torch.is_grad_enabled() else self.options["chunk"]
        out = [torch.zeros(0, self.encoder.width, device=video.device)]
        for start in range(0, total, max(1, step)):
            end = min(start + step, total)
            one = slice(min(start, m), min(end, m))
            two = slice(max(start - m, 0), max(end - m, 0))
            regions = torch.cat([
                object_regions(
                    video, frame[one], box[frame[one], who[one]], size, shapes=shape(frame[one], who[one])
                ),
                pair_regions(
                    video, when[two], box[when[two], subject[two]], box[when[two], other[two]], size,
                    shapes=(shape(when[two], subject[two]), shape(when[two], other[two])),
                ),
            ])  # fmt: skip
            with self.autocast(video.device):
                out.append(self._pictures(regions).float())
        return torch.cat(out)

    def perceive(self, batch: Batch) -> SceneGraph:
        v = self.vocabulary
        objects, pairs, both = self.features(batch)
        c, u, _ = v.sizes()
        texts = self.text_features()
        wanted, contrary = texts[: c + len(self.scales)], texts[c + len(self.scales) :]
        track = normalize(objects.sum(1), dim=-1)
        classes = self.scale_classes.exp() * track @ wanted[:c].T
        unary = self._log_odds(objects, wanted[c : c + u], contrary[:u], slice(0, u))
        binary = self._log_odds(pairs, wanted[c + u :], contrary[u:], slice(u, None))
        if self.head is not None:
            more = self.head(objects * objects.shape[-1] ** 0.5, pairs * pairs.shape[-1] ** 0.5, both, batch)
            classes, unary, binary = classes + more[0], unary + more[1], binary + more[2]
        return scene_graph(v, classes, unary, binary, both, batch)

    def _log_odds(self, features: Tensor, wanted: Tensor, contrary: Tensor, which: slice) -> Tensor:
        likeness = features @ (wanted - contrary).T if self.contrast else features @ wanted.T
        return likeness * self.scales[which].exp() + self.biases[which]

    def text_features(self) -> Tensor:
        """Features of classes, unary, binary, and the contraries of unary and binary: unit rows, one below the other.

        They are computed once, except while the text side is being trained.
        """
        learning = self.training and not self.frozen and torch.is_grad_enabled()
        if learning:
            self._texts = None
            return self._encode_texts()
        if self._texts is None or self._texts.device != self.scales.device:
            with torch.no_grad():
                self._texts = self._encode_texts()
        return self._texts

    def _encode_texts(self) -> Tensor:
        p = self.prompts
        groups = [*p.classes, *p.unary, *p.binary, *p.absent_unary, *p.absent_binary]
        if not groups:
            return torch.zeros(0, self.encoder.width, device=self.scales.device)
        self.encoder.to(self.scales.device)
        features = self.encoder.texts([text for group in groups for text in group])
        return _means(features, [len(group) for group in groups])

    def train(self, mode: bool = True) -> Clip:
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        if mode or not self.frozen:
            self._texts = None if not self.frozen else self._texts  # the text side may have changed
        return self

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._texts = None
        super()._load_from_state_dict(*args, **kwargs)


def _means(features: Tensor, counts: Sequence[int]) -> Tensor:
    """The unit mean of each run of rows."""
    return torch.stack([normalize(x.mean(0), dim=-1) for x in torch.split(features, list(counts))])


@backends.register("clip")
def clip(vocabulary: Vocabulary, settings: dict[str, object]) -> Clip:
    """Build the backend from the settings of a ``perception "clip" { checkpoint: "DIRECTORY" }`` block."""
    return Clip(vocabulary, read_options("clip", settings, DEFAULTS, choices=CHOICES, least=LEAST))
