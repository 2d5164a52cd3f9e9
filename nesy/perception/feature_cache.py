"""Features on disk: one safetensors file a clip, named after its pixels, its boxes and the encoder's weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from nesy.errors import DataError
from nesy.files import write_tensors


class FeatureCache:
    """A folder of features made by one set of weights.

    Args:
        folder: made when it does not exist.
        weights: names the weights (and whatever else the features depend on beside the clip).
    """

    def __init__(self, folder: str, weights: str) -> None:
        self.folder = Path(folder).expanduser() / weights
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise DataError(f"perception.cache: cannot make the folder {self.folder} ({e.strerror})") from None

    def get(self, key: str) -> dict[str, Tensor] | None:
        """What was stored, None when nothing or something damaged was."""
        try:
            return dict(load_file(self.folder / f"{key}.safetensors"))
        except (OSError, SafetensorError):
            return None

    def put(self, key: str, features: dict[str, Tensor]) -> None:
        """Store features, whole or not at all."""
        write_tensors(self.folder / f"{key}.safetensors", features)


def key_of(
    frames: NDArray[np.uint8], boxes: NDArray[np.float32], present: NDArray[np.bool_], shapes: Tensor | None = None
) -> str:
    """A name for a clip's pixels, boxes and masks."""
    digest = hashlib.blake2b(digest_size=16)
    for array in (frames, boxes, present, *(() if shapes is None else (shapes.numpy(),))):
        digest.update(str((array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def fingerprint(model: nn.Module) -> str:
    """A short name that changes with the weights, for caches of what they make."""
    digest = hashlib.blake2b(digest_size=12)
    for name, tensor in sorted(model.state_dict(keep_vars=True).items()) + sorted(model.named_parameters()):
        flat = tensor.detach().flatten()
        sample = flat[:: max(1, len(flat) // 512)][:1024].float().cpu()
        digest.update(name.encode() + sample.numpy().tobytes())
    return digest.hexdigest()
