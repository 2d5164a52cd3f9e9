"""Datasets by name or by path, as a ``.dsl`` file's data block names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Dataset, datasets
from nesy.errors import DataError, did_you_mean

PLATFORMER_DEFAULTS: dict[str, object] = {
    "clips": 600,
    "frames": 24,
    "fps": 8,
    "size": 64,
    "seed": 0,
    "difficulty": "normal",
}
Progress = Callable[[int, int], None]


def open_dataset(
    name_or_path: str, settings: Mapping[str, object], cache: Path, progress: Progress | None = None
) -> Dataset:
    """Open a dataset: ``platformer`` is made once for each choice of settings and kept under ``cache``; a path is read.

    Args:
        name_or_path: ``platformer``, or a folder in MUGEN's layout.
        settings: for ``platformer`` any of clips, frames, fps, size, seed, difficulty; for a folder, size (of real
            MUGEN's pictures) and limit (entries of each split).
        cache: where made datasets live, one folder for each choice of settings.
        progress: called with (clips done, clips in all) while a dataset is made.

    Raises:
        DataError: unknown name, unknown or mistyped setting, or a dataset that cannot be read.
    """
    if name_or_path in datasets:
        return datasets[name_or_path](settings, Path(cache), progress)
    if Path(name_or_path).is_dir():
        from nesy.datasets.mugen import load_mugen

        chosen = _checked(settings, {"size": 256, "limit": 1_000_000})
        return load_mugen(Path(name_or_path), size=int(str(chosen["size"])), limit=int(str(chosen["limit"])))
    raise DataError(
        f"unknown dataset `{name_or_path}`",
        expected=[*datasets, "a folder in MUGEN's layout"],
        hint=did_you_mean(name_or_path, datasets) or "is the path right?",
    )


@datasets.register("platformer")
def _platformer(settings: Mapping[str, object], cache: Path, progress: Progress | None) -> Dataset:
    """The generated dataset of these settings, made on the first call."""
    from nesy.datasets.mugen import load_mugen
    from nesy.datasets.platformer import make_platformer
    from nesy.datasets.platformer.make import VERSION

    chosen = _checked(settings, PLATFORMER_DEFAULTS)
    key = hashlib.sha256(json.dumps([VERSION, chosen], sort_keys=True).encode()).hexdigest()[:12]
    folder = cache / f"platformer-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    arguments: dict[str, Any] = dict(chosen)
    make_platformer(folder, arguments.pop("clips"), progress=progress, **arguments)
    dataset = load_mugen(folder)
    dataset.name = "platformer"
    return dataset


def _checked(settings: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """Defaults overridden by settings of the same names and types."""
    chosen = dict(defaults)
    for name, value in settings.items():
        if name not in defaults:
            raise DataError(f"unknown data setting `{name}`", expected=defaults, hint=did_you_mean(name, defaults))
        default = defaults[name]
        if isinstance(value, float) and isinstance(default, int) and value == int(value):
            value = int(value)  # a .dsl file's numbers may come as floats
        wanted = (int, float) if name == "fps" else type(default)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise DataError(f"data setting `{name}` cannot be {value!r}", expected=[f"a value like {default!r}"])
        chosen[name] = value
    return chosen


def describe(dataset: Dataset) -> dict[str, Any]:
    """What ``nesy data info`` prints: sizes, class and predicate shares, and the report of reading."""
    clips = [c for c in dataset.clips if c.truth is not None]
    vocabulary = dataset.vocabulary
    classes: dict[str, int] = dict.fromkeys(vocabulary.classes, 0)
    shares: dict[str, dict[str, tuple[float, float]]] = {"unary": {}, "binary": {}}
    seen = {name: np.zeros((2, len(getattr(vocabulary, name)))) for name in shares}
    frames = 0
    for clip in clips:
        if clip.truth is None:
            continue
        for c in clip.truth.classes.tolist():
            classes[vocabulary.classes[c]] += 1
        frames += clip.tracks.present.shape[0]
        for name, facts in (("unary", clip.truth.unary.any(1)), ("binary", clip.truth.binary.any((1, 2)))):
            seen[name] += [facts.any(0), facts.sum(0)]
    for name in shares:
        for k, predicate in enumerate(getattr(vocabulary, name)):
            shares[name][predicate] = (
                float(seen[name][0, k]) / max(len(clips), 1),
                float(seen[name][1, k]) / max(frames, 1),
            )
    return {
        "name": dataset.name,
        "clips": {split: len(c) for split, c in dataset.splits.items()},
        "frames": sum(c.tracks.present.shape[0] for c in dataset.clips),
        "captions": {
            kind: sum(caption.kind == kind for c in dataset.clips for caption in c.captions)
            for kind in sorted({caption.kind for c in dataset.clips for caption in c.captions})
        },
        "objects_per_clip": float(np.mean([len(c.tracks.ids) for c in dataset.clips])) if dataset.clips else 0.0,
        "classes": classes,
        "unary": shares["unary"],  # predicate -> (share of clips, share of frames) in which it holds of any object
        "binary": shares["binary"],
        "read": dataset.report.read,
        "skipped": dict(dataset.report.skipped),
        "examples": dict(dataset.report.examples),
    }
