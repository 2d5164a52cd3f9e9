"""Tracks on disk: scene-graph files that hold boxes and classes and no facts, and a cache of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from nesy.datasets.base import Tracks
from nesy.errors import DataError
from nesy.perception.tracking.detections import LabelledTracks
from nesy.scenegraph import GraphFile, SceneGraph, Vocabulary, read_graph, write_graph


def to_graph(found: LabelledTracks, fps: float | None) -> GraphFile:
    """Tracks as a scene graph without predicates: classes are the detections' labels."""
    names = tuple(sorted({name for label in found.labels for name in label}))
    frames, n = found.tracks.present.shape
    classes = torch.zeros(n, len(names), dtype=torch.float64)
    for i, label in enumerate(found.labels):
        for name, share in label.items():
            classes[i, names.index(name)] = share
    graph = SceneGraph.from_probabilities(
        Vocabulary(names, (), ()),
        classes,
        torch.zeros(frames, n, 0),
        torch.zeros(frames, n, n, 0),
        torch.from_numpy(found.tracks.present),
        fps,
    )
    return GraphFile(graph, found.tracks.ids, torch.from_numpy(found.tracks.boxes).double())


def from_graph(file: GraphFile) -> LabelledTracks:
    """The tracks of a scene-graph file; scores are not stored in it, they are 1."""
    g = file.graph.clip(0)
    names, shares = g.vocabulary.classes, g.classes[0].exp()
    labels = tuple({name: float(p) for name, p in zip(names, row, strict=True) if p > 0} for row in shares)
    tracks = Tracks(file.boxes.float().numpy(), g.present[0].numpy(), file.ids)
    return LabelledTracks(tracks, labels, (1.0,) * len(file.ids))


def write_tracks(found: LabelledTracks, path: Path, fps: float | None) -> None:
    """Write tracks as a scene-graph file, whole or not at all."""
    write_graph(to_graph(found, fps), path)


def read_tracks_file(path: Path) -> LabelledTracks:
    """Read what :func:`write_tracks` wrote.

    Raises:
        DataError: missing or damaged.
    """
    return from_graph(read_graph(path))


class TrackCache:
    """Tracks by the video's bytes and by everything that decided how they were found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, video: Path, settings: Mapping[str, object]) -> Path:
        """Where the tracks of this video under these settings are kept."""
        digest = hashlib.blake2b(digest_size=16)
        try:
            with video.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as e:
            raise DataError(f"video file {video} cannot be read ({e.strerror})") from None
        digest.update(json.dumps(stamped(settings), sort_keys=True, default=str).encode())
        return self.folder / f"{digest.hexdigest()}.json"

    def get(self, path: Path) -> LabelledTracks | None:
        """What is stored there, None when nothing or something damaged is."""
        try:
            return read_tracks_file(path)
        except DataError:
            return None

    def put(self, path: Path, found: LabelledTracks, fps: float | None) -> None:
        """Store tracks."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise DataError(f"{self.folder}: cannot make the folder of tracks ({e.strerror})") from None
        write_tracks(found, path, fps)


def stamped(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings in which a file or folder of weights is told from its later versions by size and time."""
    out = dict(settings)
    for name, value in settings.items():
        if isinstance(value, str) and value and os.path.exists(os.path.expanduser(value)):
            path = Path(value).expanduser()
            files = sorted(path.glob("*")) if path.is_dir() else [path]
            out[f"{name} files"] = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return out


def thinned(frames: int, every: int) -> list[int]:
    """Every so-manieth frame, the last one included."""
    return sorted({*range(0, frames, every), frames - 1})


def spread(found: LabelledTracks, at: list[int], frames: int) -> LabelledTracks:
    """Tracks found in some frames laid over all of them, boxes between on straight lines."""
    tracks = found.tracks
    boxes = np.zeros((frames, len(tracks.ids), 4), np.float32)
    present = np.zeros((frames, len(tracks.ids)), bool)
    places = np.asarray(at)
    for n in range(len(tracks.ids)):
        seen = np.flatnonzero(tracks.present[:, n])
        first, last = places[seen[0]], places[seen[-1]]
        span = np.arange(first, last + 1)
        boxes[span, n] = np.stack([np.interp(span, places[seen], tracks.boxes[seen, n, c]) for c in range(4)], 1)
        present[span, n] = True
    return LabelledTracks(Tracks(boxes, present, tracks.ids), found.labels, found.scores)
