"""Datasets by name or by path, as a ``.dsl`` file's data block names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Dataset, Format, datasets
from nesy.datasets.settings import root_of
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
        name_or_path: a registered name, or a folder whose format is recognised by its files.
        settings: those of the format (``nesy data list``); for a path, without ``root``.
        cache: where made datasets live, one folder for each choice of settings.
        progress: called with (clips done, clips in all) while a dataset is made.

    Raises:
        DataError: unknown name, unknown or mistyped setting, or a dataset that cannot be read.
    """
    if name_or_path in datasets:
        return datasets[name_or_path](settings, Path(cache), progress)
    if Path(name_or_path).is_dir():
        name = format_of(Path(name_or_path))
        return datasets[name]({**settings, "root": str(name_or_path)}, Path(cache), progress)
    raise unknown_dataset(name_or_path)


def unknown_dataset(name: str) -> DataError:
    """The error of a name that is neither registered nor a folder."""
    return DataError(
        f"unknown dataset `{name}`",
        expected=[*datasets, "a folder in one of their layouts"],
        hint=did_you_mean(name, datasets) or f"there is no folder {Path(name).absolute()} either",
    )


def format_of(folder: Path) -> str:
    """The registered format whose marker file lies in ``folder``; MUGEN's when there is none."""
    for name in sorted(datasets, key=lambda name: name == "folder"):  # captions may lie beside another format's files
        marker = datasets[name].marker
        if marker and any(folder.glob(marker)):
            return name
    return "mugen"


def _mugen(settings: Mapping[str, object], cache: Path, progress: Progress | None) -> Dataset:
    """MUGEN's layout below ``root``."""
    from nesy.datasets.mugen import load_mugen

    return load_mugen(root_of(settings), size=int(str(settings["size"])), limit=int(str(settings["limit"])))


def _platformer(settings: Mapping[str, object], cache: Path, progress: Progress | None) -> Dataset:
    """The generated dataset of these settings, made on the first call."""
    from nesy.datasets.mugen import load_mugen
    from nesy.datasets.platformer import make_platformer
    from nesy.datasets.platformer.make import VERSION

    key = hashlib.sha256(json.dumps([VERSION, dict(settings)], sort_keys=True).encode()).hexdigest()[:12]
    folder = cache / f"platformer-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    arguments: dict[str, Any] = dict(settings)
    make_platformer(folder, arguments.pop("clips"), progress=progress, **arguments)
    dataset = load_mugen(folder)
    dataset.name = "platformer"
    return dataset


datasets.register("platformer")(
    Format(
        "simulated platform game with exact scene graphs, made here",
        PLATFORMER_DEFAULTS,
        _platformer,
        bounds={
            "clips": (1, inf),
            "frames": (2, 10_000),
            "fps": (4, 24),
            "size": (32, 1024),
            "difficulty": ["easy", "normal", "hard"],
        },
    )
)
datasets.register("mugen")(
    Format(
        "MUGEN: clips of CoinRun with game state and captions",
        {"root": "", "size": 256, "limit": 1_000_000},
        _mugen,
        bounds={"size": (1, inf), "limit": (1, inf)},
        layout="train.json, val.json, test.json and the folder that their metadata names",
    )
)


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
