"""The ``torchvision`` detector: any detection network of torchvision, with weights from a safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from nesy.errors import CheckpointError, DataError, did_you_mean
from nesy.perception.options import read_options
from nesy.perception.tracking.detections import Detections, Detector, detectors

DEFAULTS: dict[str, object] = {
    "network": "fasterrcnn_mobilenet_v3_large_320_fpn",
    "weights": "",  # a safetensors file in torchvision's names, or "random"
    "labels": "coco",  # or the names of the weights' classes after the background, separated by commas
    "threshold": 0.1,
    "batch": 8,
    "device": "auto",
}


class TorchvisionDetector:
    """A network of ``torchvision.models.detection``; see DEFAULTS for the settings."""

    def __init__(
        self, network: str, weights: str, labels: str, threshold: float, batch: int, device: str, **shape: Any
    ) -> None:
        from torchvision.models import detection, list_models

        known = list_models(module=detection)
        if network not in known:
            raise DataError(
                f"torchvision has no detection network `{network}`", expected=known, hint=did_you_mean(network, known)
            )
        self.labels = coco() if labels == "coco" else ("__background__", *(x.strip() for x in labels.split(",")))
        build = getattr(detection, network)
        self.model = build(weights=None, weights_backbone=None, num_classes=len(self.labels), **shape).eval()
        self.threshold, self.batch = threshold, batch
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        if weights != "random":
            self._load(weights, network)
        self.model.to(self.device)

    def _load(self, weights: str, network: str) -> None:
        path = Path(weights).expanduser()
        if not weights or not path.is_file() or path.suffix != ".safetensors":
            raise CheckpointError(
                f"there is no safetensors file {weights!r} of the detector's weights"
                if weights
                else "the torchvision detector needs weights",
                hint=f"safetensors.torch.save_file(torchvision.models.detection.{network}"
                f'(weights="DEFAULT").state_dict(), "{network}.safetensors"), then --set weights={network}.safetensors'
                "; without weights, --detector motion finds what moves",
            )
        try:
            self.model.load_state_dict(load_file(path))
        except (OSError, SafetensorError, RuntimeError) as e:
            raise CheckpointError(
                f"{path}: the weights do not fit {network} with {len(self.labels)} classes, background included "
                f"({(str(e).splitlines() or ['?'])[-1].strip()[:120]})"
            ) from None

    @torch.no_grad()
    def __call__(self, frames: NDArray[np.uint8]) -> list[Detections]:
        found = []
        for start in range(0, len(frames), self.batch):
            chunk = torch.from_numpy(np.ascontiguousarray(frames[start : start + self.batch])).to(self.device)
            for out in self.model(list(chunk.permute(0, 3, 1, 2).float() / 255)):
                keep = out["scores"] >= self.threshold
                found.append(
                    Detections(
                        out["boxes"][keep].float().cpu().numpy(),
                        out["scores"][keep].float().cpu().numpy(),
                        tuple(self.labels[k] for k in out["labels"][keep].tolist()),
                    )
                )
        return found


def coco() -> tuple[str, ...]:
    """The 91 names of torchvision's COCO detectors, the background first."""
    from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

    return tuple(FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"])


@detectors.register("torchvision")
def torchvision(settings: Mapping[str, object]) -> Detector:
    """A detection network of torchvision."""
    return TorchvisionDetector(**read_options("torchvision", settings, DEFAULTS, least={"batch": 1}, block="detector"))
