"""Datasets that are made by running something: written once, in the layout that the MUGEN reader reads.

A dataset is made in a folder beside its final one and renamed when it is whole, under a lock: an interrupted run leaves
nothing that looks finished, and a second process waits for the first.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from nesy.datasets.base import Caption, Dataset, GroundTruth, Tracks
from nesy.datasets.mugen import load_mugen
from nesy.datasets.settings import split_of
from nesy.datasets.video import write_video
from nesy.errors import DataError

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Recorded:
    """One clip of a run: pictures uint8 [T, H, W, 3], objects, facts, and what is said of it."""

    name: str
    group: str
    frames: NDArray[np.uint8]
    fps: float
    tracks: Tracks
    truth: GroundTruth
    captions: tuple[Caption, ...]


def made(
    name: str,
    version: int,
    settings: Mapping[str, object],
    cache: Path,
    record: Callable[[], Iterable[Recorded]],
    count: int,
    progress: Progress | None,
) -> Dataset:
    """The dataset of these settings, recorded on the first call and read from ``cache`` afterwards.

    Args:
        version: of the recorder; another version records anew.
        record: gives the clips.
        count: how many, for the progress.
    """
    key = hashlib.sha256(json.dumps([name, version, dict(settings)], sort_keys=True).encode()).hexdigest()[:12]
    folder = Path(cache) / f"{name}-{key}"
    lock = Path(tempfile.gettempdir()) / f"nesy-{name}-{key}.lock"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            if not folder.exists():
                part = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
                shutil.rmtree(part, ignore_errors=True)
                _write(part, record(), count, settings, progress)
                os.replace(part, folder)
            lock.unlink(missing_ok=True)  # who waited for it finds the folder made
    except OSError as e:
        raise DataError(f"cannot write {folder}: {e}", hint="check the free space and the permissions") from e
    dataset = load_mugen(folder)
    dataset.name = name
    return dataset


def _write(
    folder: Path, clips: Iterable[Recorded], count: int, settings: Mapping[str, object], progress: Progress | None
) -> None:
    index: dict[str, list[dict[str, Any]]] = {"train": [], "val": [], "test": []}
    for k in ("videos", "video_metadata"):
        (folder / k).mkdir(parents=True)
    for done, clip in enumerate(clips):
        files = {"json_file": f"video_metadata/{clip.name}.json", "video_file": f"videos/{clip.name}.mp4"}
        write_video(folder / files["video_file"], clip.frames, clip.fps)
        game = {"level_seed": clip.group, "nesy": scene_json(clip)}
        (folder / files["json_file"]).write_text(json.dumps(game, separators=(",", ":")), "utf-8")
        annotations = [{"type": c.kind, "text": c.text} for c in clip.captions]
        split = split_of(clip.group, int(str(settings["seed"])), 0.15, 0.15)
        index[split].append({"video": {**files, "num_frames": len(clip.frames)}, "annotations": annotations})
        if progress is not None:
            progress(done + 1, count)
    for split, entries in index.items():
        content = {"metadata": {"data_folder": ".", "split": split, **settings}, "data": entries}
        (folder / f"{split}.json").write_text(json.dumps(content), "utf-8")


def scene_json(clip: Recorded) -> dict[str, Any]:
    """Tracks and facts as stretches of frames, in the form that :func:`nesy.datasets.mugen.read_scene` reads."""
    v, tracks, truth = clip.truth.vocabulary, clip.tracks, clip.truth
    unary: dict[str, dict[str, list[list[int]]]] = {}
    binary: dict[str, list[list[Any]]] = {}
    for n, k in zip(*np.nonzero(truth.unary.any(0)), strict=True):
        unary.setdefault(v.unary[k], {})[tracks.ids[n]] = _spans(truth.unary[:, n, k])
    for a, b, k in zip(*np.nonzero(truth.binary.any(0)), strict=True):
        binary.setdefault(v.binary[k], []).append([tracks.ids[a], tracks.ids[b], _spans(truth.binary[:, a, b, k])])
    return {
        "vocabulary": {"classes": v.classes, "unary": v.unary, "binary": v.binary},
        "fps": clip.fps,
        "size": [clip.frames.shape[2], clip.frames.shape[1]],
        "tracks": [
            {
                "id": name,
                "class": v.classes[truth.classes[n]],
                "present": _spans(tracks.present[:, n]),
                "boxes": np.round(tracks.boxes[tracks.present[:, n], n].astype(float), 2).tolist(),
            }
            for n, name in enumerate(tracks.ids)
        ],
        "unary": unary,
        "binary": binary,
    }


def _spans(held: NDArray[np.bool_]) -> list[list[int]]:
    """Stretches [first, stop) of a set of frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(np.int8)))
    return [[int(a), int(b)] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def layers(
    ids: Sequence[str], present: Sequence[Mapping[str, Sequence[float]]]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Boxes [T, N, 4] and present [T, N] of a list of frames, each object name -> box."""
    boxes = np.zeros((len(present), len(ids), 4), np.float32)
    there = np.zeros((len(present), len(ids)), bool)
    for t, frame in enumerate(present):
        for n, name in enumerate(ids):
            if name in frame:
                boxes[t, n], there[t, n] = frame[name], True
    return boxes, there
