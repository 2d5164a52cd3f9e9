"""The ``grounding-dino`` detector: objects named in words, by a Grounding DINO checkpoint as transformers ships it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from nesy.errors import CheckpointError, DataError
from nesy.perception.dual_encoder import directory_of, load_processor, load_weights, model_type
from nesy.perception.options import read_options
from nesy.perception.tracking.detections import Detections, Detector, detectors

KINDS = ("grounding-dino", "mm-grounding-dino")
DEFAULTS: dict[str, object] = {
    "checkpoint": "",
    "text": "",  # what to look for, names separated by commas
    "threshold": 0.25,
    "batch": 4,
    "device": "auto",
}


class GroundingDetector:
    """See the module; the settings are those of DEFAULTS.

    Each frame's boxes get the name whose words the box attends to most: a box's score of a name is its greatest token
    probability within the name, so that every label is one of the names asked for.
    """

    def __init__(self, checkpoint: str, text: str, threshold: float, batch: int, device: str) -> None:
        from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

        self.names = tuple(dict.fromkeys(x.strip().lower() for x in text.split(",") if x.strip()))
        if not self.names:
            raise DataError("Grounding DINO needs the names of what to look for", hint='--text "person, car"')
        folder = directory_of(checkpoint)
        if model_type(folder) not in KINDS:
            raise CheckpointError(f"{folder} holds a model of type {model_type(folder)!r}", expected=KINDS)
        self.model = load_weights(AutoModelForZeroShotObjectDetection, folder).float().eval()
        self.processor = load_processor(AutoProcessor, folder)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        self.model.to(self.device)
        self.threshold, self.batch = threshold, batch
        self.caption = " ".join(f"{name}." for name in self.names)
        self.spans = self._spans()

    def _spans(self) -> list[list[int]]:
        """Which tokens of the caption are those of each name."""
        tokenizer = self.processor.tokenizer
        encoded = tokenizer(self.caption, return_offsets_mapping=True)
        spans, start = [], 0
        for name in self.names:
            end = start + len(name)
            tokens = [i for i, (a, b) in enumerate(encoded["offset_mapping"]) if a < b and a >= start and b <= end]
            if not tokens:
                raise DataError(f"Grounding DINO's tokenizer sees nothing in the name {name!r}")
            spans.append(tokens)
            start = end + 2  # ". "
        return spans

    @torch.no_grad()
    def __call__(self, frames: NDArray[np.uint8]) -> list[Detections]:
        height, width = frames.shape[1:3]
        size = torch.tensor([width, height, width, height], dtype=torch.float32)
        found = []
        for start in range(0, len(frames), self.batch):
            images = list(frames[start : start + self.batch])
            inputs = self.processor(images=images, text=[self.caption] * len(images), return_tensors="pt")
            out = self.model(**inputs.to(self.device))
            for logits, boxes in zip(out.logits.float().cpu(), out.pred_boxes.float().cpu(), strict=True):
                tokens = logits.sigmoid()  # [queries, tokens]; padding is -inf
                by_name = torch.stack([tokens[:, span].amax(1) for span in self.spans], 1)
                score, name = by_name.max(1)
                keep = (score >= self.threshold).nonzero()[:, 0]
                keep = keep[score[keep].argsort(descending=True)]
                middle, half = boxes[keep, :2], boxes[keep, 2:] / 2
                corners = torch.cat([middle - half, middle + half], 1).clamp(0, 1) * size
                found.append(
                    Detections(corners.numpy(), score[keep].numpy(), tuple(self.names[k] for k in name[keep].tolist()))
                )
        return found


@detectors.register("grounding-dino")
def grounding_dino(settings: Mapping[str, object]) -> Detector:
    """Objects named in words."""
    return GroundingDetector(**read_options("grounding-dino", settings, DEFAULTS, least={"batch": 1}, block="detector"))
