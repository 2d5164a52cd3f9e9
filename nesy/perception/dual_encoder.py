"""Picture and text encoders with one common space, as ``save_pretrained`` of transformers writes them.

A checkpoint is a directory with ``config.json``, ``model.safetensors`` (one file or shards) and a tokenizer. It is read
from the disk alone, and weights in any other format than safetensors are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from nesy.errors import CheckpointError

KINDS = ("clip", "siglip", "metaclip_2")  # model types whose pictures are plain [3, S, S] tensors


class DualEncoder(nn.Module):
    """A CLIP or SigLIP model with its tokenizer and its normalisation of pictures.

    size: side of the pictures in pixels.  width: number of features.
    scale, bias: of the checkpoint's own log-odds, ``scale * cosine + bias`` (CLIP has no bias: None).
    """

    def __init__(self, model: nn.Module, tokenizer: Any, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        config: Any = model.config
        self.kind = str(config.model_type)
        self.size = int(config.vision_config.image_size)
        self.longest = int(config.text_config.max_position_embeddings)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.scale = float(model.logit_scale.detach().exp())  # type: ignore[operator]
        bias = getattr(model, "logit_bias", None)
        self.bias = None if bias is None else float(bias.detach())
        with torch.no_grad():
            self.width = self.texts(["a"]).shape[-1]

    def pictures(self, regions: Tensor) -> Tensor:
        """Unit features [M, D] of pictures [M, 3, S, S] from 0 to 255."""
        pixels = (regions / 255 - self.mean) / self.std  # type: ignore[operator]
        out: Any = self.model.get_image_features(pixel_values=pixels)  # type: ignore[operator]
        return normalize(_pooled(out).float(), dim=-1)

    def texts(self, prompts: Sequence[str]) -> Tensor:
        """Unit features [K, D] of texts; a text longer than the encoder takes is cut."""
        whole = "max_length" if self.kind == "siglip" else True  # SigLIP was trained on texts of one length
        tokens = self.tokenizer(
            list(prompts), padding=whole, truncation=True, max_length=self.longest, return_tensors="pt"
        )
        tokens = {k: v.to(self.mean.device) for k, v in tokens.items() if k in ("input_ids", "attention_mask")}
        if self.kind == "siglip":
            tokens.pop("attention_mask", None)  # and attends to the padding
        out: Any = self.model.get_text_features(**tokens)  # type: ignore[operator]
        return normalize(_pooled(out).float(), dim=-1)


def _pooled(out: Any) -> Tensor:
    """The projected features; transformers before 5 returned the tensor alone."""
    features: Tensor = out if isinstance(out, Tensor) else out.pooler_output
    return features


def load_dual_encoder(checkpoint: str, *, random: bool = False) -> DualEncoder:
    """The encoders of a checkpoint directory, or of a name (``owner/model``) that was downloaded before.

    Args:
        random: take the architecture and the tokenizer alone, with random weights.

    Raises:
        CheckpointError: no such directory, not a CLIP or SigLIP model, no tokenizer, or weights that are missing,
            damaged or not safetensors.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    folder = directory_of(checkpoint)
    kind = model_type(folder)
    if kind not in KINDS:
        raise CheckpointError(f"{folder} holds a model of type {kind!r}, which has no common space", expected=KINDS)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if random:
            model = AutoModel.from_config(config)
        else:
            model = load_weights(AutoModel, folder)
    except (ValueError, TypeError, KeyError) as e:
        raise CheckpointError(f"{folder}: config.json is not usable ({_line(e)})") from None
    # Without files transformers makes a tokenizer of no words, to which every text is the same.
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json", "spiece.model", "vocab.txt")):
        raise CheckpointError(f"{folder} holds no tokenizer", hint="tokenizer.save_pretrained(directory)")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as e:  # tokenizer classes raise whatever their libraries do
        raise CheckpointError(
            f"{folder} holds no readable tokenizer ({_line(e)})", hint="tokenizer.save_pretrained(directory)"
        ) from None
    mean, std = _normalisation(folder, kind)
    return DualEncoder(model.float(), tokenizer, mean, std)


def directory_of(checkpoint: str) -> Path:
    """The directory of a checkpoint given by its path, or by a name that the local Hugging Face cache holds."""
    folder = Path(checkpoint).expanduser()
    if checkpoint and folder.is_dir():
        return folder
    if re.fullmatch(r"[\w.-]+/[\w.-]+", checkpoint):
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(checkpoint, local_files_only=True))
        except (OSError, ValueError):
            pass  # neither a directory nor in the cache
    raise CheckpointError(
        f"there is no checkpoint directory {checkpoint!r}" if checkpoint else "no checkpoint directory is named",
        hint=f"hf download {checkpoint or 'openai/clip-vit-base-patch32'} --local-dir DIRECTORY, "
        'then perception "..." { checkpoint: "DIRECTORY" }',
    )


def model_type(folder: Path) -> str:
    """The ``model_type`` that a directory's config.json states."""
    try:
        return str(json.loads((folder / "config.json").read_text("utf-8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise CheckpointError(
            f"{folder} is no checkpoint directory: config.json is missing or not readable ({_line(e)})",
            hint="a checkpoint directory is what `model.save_pretrained(directory)` writes",
        ) from None


def load_processor(kind: Any, folder: Path) -> Any:
    """A processor of transformers from a directory.

    Raises:
        CheckpointError: none there, or it cannot be read.
    """
    try:
        return kind.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise CheckpointError(
            f"{folder} holds no readable processor ({_line(e)})", hint="processor.save_pretrained(directory)"
        ) from None


def load_weights(kind: Any, folder: Path) -> Any:
    """``kind.from_pretrained(folder)``, offline, from safetensors only.

    Raises:
        CheckpointError: no, damaged or ill-fitting weights.
    """
    from safetensors import SafetensorError

    if not any(folder.glob("*.safetensors")):
        other = next((p.name for p in folder.glob("*.bin")), None)
        raise CheckpointError(
            f"{folder} holds no model.safetensors" + (f", only {other}, which is a pickle" if other else ""),
            hint="load it where you trust it and `model.save_pretrained(directory)`: that writes safetensors",
        )
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return kind.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, SafetensorError, RuntimeError) as e:
        raise CheckpointError(f"{folder}: the weights cannot be read ({_line(e)})") from None
    finally:
        if shown:
            logging.enable_progress_bar()


def _normalisation(folder: Path, kind: str) -> tuple[list[float], list[float]]:
    path = folder / "preprocessor_config.json"
    if path.is_file():
        try:
            stated = json.loads(path.read_text("utf-8"))
            return [float(x) for x in stated["image_mean"]], [float(x) for x in stated["image_std"]]
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise CheckpointError(f"{path}: no usable image_mean and image_std ({_line(e)})") from None
    if kind == "siglip":
        return [0.5] * 3, [0.5] * 3
    return [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def _line(e: Exception) -> str:
    return (str(e).splitlines() or [type(e).__name__])[0][:160]
