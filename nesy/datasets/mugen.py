"""Reader of MUGEN's on-disk layout; it serves the real MUGEN and the built-in platformer alike.

``<root>/{train,val,test}.json`` hold ``metadata`` (with ``data_folder``) and ``data``: for each clip ``video``
(``json_file``, ``video_file``, ``num_frames``) and ``annotations`` (``type`` auto or manual, ``text``). A clip's game
file holds the state of every frame; one written by this package also holds the exact scene graph under ``nesy``.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Caption, Clip, DataReport, Dataset, GroundTruth, Tracks, Vocabulary
from nesy.datasets.platformer.vocabulary import VOCABULARY
from nesy.datasets.video import check_mp4
from nesy.errors import DataError

SPLITS = ("train", "val", "test")


class Broken(Exception):
    """One sample that cannot be used: the reason it is counted under, and the message."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def load_mugen(
    root: Path | str, *, splits: tuple[str, ...] = SPLITS, size: int = 256, limit: int | None = None
) -> Dataset:
    """Load every usable clip of a folder in MUGEN's layout; videos are checked by their boxes and not decoded.

    Args:
        root: the folder with ``train.json`` and the like; a missing split is empty.
        splits: which to read.
        size: side of the pictures in pixels, where a game file does not say (real MUGEN).
        limit: read at most so many entries of each split (real MUGEN has 375 thousand clips).

    Raises:
        DataError: no index file at all, an index that is not MUGEN's, or not a single usable clip.
    """
    root = Path(root)
    present = [s for s in splits if (root / f"{s}.json").is_file()]
    if not present:
        raise DataError(
            f"{root} holds no MUGEN dataset",
            expected=[f"{s}.json" for s in splits],
            hint="make one: nesy data make platformer --clips 600 --out DIR",
        )
    report = DataReport()
    loaded: dict[str, list[Clip]] = {s: [] for s in splits}
    vocabularies: Counter[Vocabulary] = Counter()
    for split in present:
        folder, entries = _index(root, split)
        for entry in entries[:limit]:
            try:
                clip = _clip(folder, entry, size)
            except Broken as broken:
                report.skip(broken.reason, str(broken))
                continue
            vocabularies[clip.truth.vocabulary if clip.truth else VOCABULARY] += 1
            loaded[split].append(clip)
            report.read += 1
    if not report.read:
        raise report.nothing(root, "the index files list no clip")
    if len(vocabularies) > 1:
        raise DataError(
            f"clips of {root} use {len(vocabularies)} different vocabularies", hint="keep one dataset a folder"
        )
    return Dataset(root.name, next(iter(vocabularies)), loaded, report)


def _index(root: Path, split: str) -> tuple[Path, list[Any]]:
    path = root / f"{split}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        folder, entries = content["metadata"].get("data_folder", "."), content["data"]
        if not isinstance(entries, list) or not isinstance(folder, str):
            raise TypeError("`data` is no list, or `data_folder` no text")
    except (OverflowError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{path} is no MUGEN index: {error}",
            expected=['{"metadata": {"data_folder": ...}, "data": [{"video": ..., "annotations": ...}, ...]}'],
        ) from error
    # the release names a folder of the authors' machine; the files may also lie beside the index
    return next((f for f in (root / folder, root / Path(folder).name) if f.is_dir()), root), entries


def _clip(folder: Path, entry: Any, size: int) -> Clip:
    try:
        video, annotations = entry["video"], entry["annotations"]
        video_path, json_path = folder / str(video["video_file"]), folder / str(video["json_file"])
        frames = int(video["num_frames"])
        captions = tuple(
            Caption(str(a["type"]), text) for a in annotations if (text := str(a.get("text") or "").strip())
        )
    except (OverflowError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Broken("malformed index entry", f"an index entry lacks or mistypes {error}") from error
    if not video_path.is_file():
        raise Broken("missing video", f"{video_path} does not exist")
    try:
        check_mp4(video_path)
    except DataError as error:
        raise Broken("truncated video", error.message) from error
    if not captions:
        raise Broken("no caption", f"{video_path} has no caption with text")
    if frames < 2:
        raise Broken("one-frame clip", f"{video_path} has {frames} frame; events need at least 2")
    game = _game(json_path)
    try:
        if "nesy" in game:
            tracks, truth, fps, shape = read_scene(game["nesy"], frames)
        else:
            from nesy.datasets.mugen_state import derive_scene

            tracks, truth, fps, shape = derive_scene(game, frames, size)
        group = f"level {game['level_seed']}"
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise Broken("inconsistent game file", f"{json_path}: {type(error).__name__}: {error}") from error
    if not tracks.ids or not tracks.present.any():
        raise Broken("no objects", f"{json_path} has no visible object")
    return Clip(video_path.stem, video_path, fps, shape, group, captions, tracks, truth)


def _game(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise Broken("missing game file", f"{path} does not exist")
    try:
        game = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Broken("unreadable game file", f"{path} is no JSON: {error}") from error
    if not isinstance(game, dict):
        raise Broken("unreadable game file", f"{path} holds no JSON object")
    return game


def read_scene(scene: dict[str, Any], frames: int) -> tuple[Tracks, GroundTruth, float, tuple[int, int]]:
    """Tracks, facts, fps and (width, height) from the ``nesy`` key of a game file; ValueError when inconsistent."""
    names = scene["vocabulary"]
    vocabulary = Vocabulary(tuple(names["classes"]), tuple(names["unary"]), tuple(names["binary"]))
    n = len(scene["tracks"])
    index = {t["id"]: i for i, t in enumerate(scene["tracks"])}
    if len(index) < n:
        raise ValueError("two tracks have the same id")
    boxes, present = np.zeros((frames, n, 4), np.float32), np.zeros((frames, n), bool)
    for i, track in enumerate(scene["tracks"]):
        for start, end in track["present"]:
            _span(start, end, frames)
            present[start:end, i] = True
        own = np.array(track["boxes"], np.float32).reshape(-1, 4)
        if len(own) != present[:, i].sum():  # numpy would repeat a single one
            raise ValueError(f"{len(own)} boxes for {int(present[:, i].sum())} frames of {track['id']}")
        boxes[present[:, i], i] = own
    unary = np.zeros((frames, n, len(vocabulary.unary)), bool)
    binary = np.zeros((frames, n, n, len(vocabulary.binary)), bool)
    for name, holders in scene["unary"].items():
        for object_id, spans in holders.items():
            for start, end in spans:
                _span(start, end, frames)
                unary[start:end, index[object_id], vocabulary.unary.index(name)] = True
    for name, pairs in scene["binary"].items():
        for a, b, spans in pairs:
            for start, end in spans:
                _span(start, end, frames)
                binary[start:end, index[a], index[b], vocabulary.binary.index(name)] = True
    classes = np.array([vocabulary.classes.index(t["class"]) for t in scene["tracks"]], np.int64)
    width, height = scene["size"]
    tracks = Tracks(boxes, present, tuple(index))
    return tracks, GroundTruth(vocabulary, classes, unary, binary), float(scene["fps"]), (int(width), int(height))


def _span(start: int, end: int, frames: int) -> None:
    if not 0 <= start < end <= frames:
        raise ValueError(f"span [{start}, {end}) is outside the clip's {frames} frames")
