"""A folder of one's own videos with captions and, if they exist, boxes.

    captions.csv or captions.jsonl   video, caption, and if wanted start, end (seconds), split, group, kind
    VIDEO.mp4 ...                    named in the captions relative to the folder
    boxes.json                       COCO (see nesy.datasets.boxes.read_coco), or
    boxes/VIDEO.txt                  MOT Challenge, with class names in boxes/labels.txt, or
    tracks/VIDEO.json                scene-graph files, as ``nesy track`` writes them

Rows with the same video, start and end are captions of one clip. Without boxes a clip is left out and the report says
so; ``boxes: "frame"`` takes the whole picture for the only object instead.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import (
    Caption,
    Clip,
    DataReport,
    Dataset,
    Format,
    GroundTruth,
    LazyTracks,
    Vocabulary,
    datasets,
)
from nesy.datasets.boxes import BoxArrays, Boxes, read_coco, read_labels, read_mot, read_tracks
from nesy.datasets.grouping import groups_of, splits_of
from nesy.datasets.settings import COMMON, COMMON_BOUNDS, pick_frames, root_of, split_of
from nesy.datasets.text import rows_of, text_of
from nesy.datasets.video import Header, read_header
from nesy.errors import DataError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Row:
    """One line of the captions file; ``split`` and ``group`` are empty where it states none."""

    place: str  # file:line, for messages
    video: str
    caption: str
    start: float | None
    end: float | None
    split: str
    group: str
    kind: str


def read_captions(root: Path) -> Iterator[Row | DataError]:
    """The rows of ``captions.csv`` or ``captions.jsonl``; a broken row is given as its error.

    Raises:
        DataError: no such file, or a table without the columns ``video`` and ``caption``.
    """
    table, lines = root / "captions.csv", root / "captions.jsonl"
    if table.is_file():
        columns, rows = rows_of(table)
        missing = {"video", "caption"} - set(columns)
        if missing:
            raise DataError(
                f"{table} has no column {' and no '.join(sorted(missing))}",
                expected=["video", "caption", f"and if wanted {', '.join(COLUMNS[2:])}"],
            )
        for number, row in rows:
            yield _row(f"{table}:{number}", row)
    elif lines.is_file():
        for number, line in enumerate(text_of(lines, "utf-8-sig").split("\n"), 1):  # others end no JSON line
            if line.strip():
                try:
                    values = json.loads(line)
                except (ValueError, RecursionError) as e:
                    yield DataError(f"{lines}:{number}: no JSON ({e})")
                    continue
                yield _row(f"{lines}:{number}", values)
    else:
        raise DataError(f"{root} has no captions", expected=["captions.csv", "captions.jsonl"], hint="see docs/data.md")


COLUMNS = ("video", "caption", "start", "end", "split", "group", "kind")


def _row(place: str, values: Any) -> Row | DataError:
    if not isinstance(values, dict):
        return DataError(f"{place}: no object with video and caption")
    if any(values.get(None) or ()):  # where csv puts what is behind the last column
        return DataError(f"{place}: more values than columns; a caption with a comma stands in quotes")
    text = {k: v for k in COLUMNS if values.get(k) is not None and (v := str(values[k]).strip())}
    if "video" not in text or "caption" not in text:
        return DataError(f"{place}: no {'video' if 'video' not in text else 'caption'}")
    try:
        start, end = (float(text[k]) if k in text else None for k in ("start", "end"))
        if not all(0 <= x < math.inf for x in (start or 0.0, end or 0.0)):
            raise ValueError(f"not {text.get('start', '')}-{text.get('end', '')}")
    except ValueError as e:
        return DataError(f"{place}: start and end are seconds ({e})")
    if text.get("split", "train") not in SPLITS:
        return DataError(f"{place}: split {text['split']!r}", expected=SPLITS)
    return Row(
        place, text["video"], text["caption"], start, end,
        text.get("split", ""), text.get("group", ""), text.get("kind", "manual"),
    )  # fmt: skip


def _stem(video: str) -> str:
    return str(Path(video).with_suffix(""))


class BoxSource:
    """Where a folder's boxes lie; each video's file is read once."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root, self.whole = root, kind == "frame"
        self.coco = read_coco(root / "boxes.json") if (root / "boxes.json").is_file() and not self.whole else {}
        self.labels = read_labels(root / "boxes")

    def of(self, video: str, header: Header) -> Boxes | None:
        """The boxes of a video, None when none are known. Raises DataError for a broken file."""
        stem = _stem(video)
        if self.whole:
            box = (0.0, 0.0, float(header.size[0]), float(header.size[1]))
            return Boxes({"frame": dict.fromkeys(range(header.frames), box)})
        for name in (stem, Path(stem).name):
            if name in self.coco:
                return self.coco[name]
            if (path := self.root / "boxes" / f"{name}.txt").is_file():
                return read_mot(path, self.labels)
            if (path := self.root / "tracks" / f"{name}.json").is_file():
                return read_tracks(path)
        return None


def load_folder(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Read a folder of videos; only the containers' headers and the boxes are read, no picture is decoded.

    Raises:
        DataError: no captions file, an unreadable box file for all videos, a video in two groups or a group in two
            splits, or not a single usable clip.
    """
    root = root_of(settings)
    source, report = BoxSource(root, str(settings["boxes"])), DataReport()
    together: dict[tuple[str, float | None, float | None], list[Row]] = {}
    for row in read_captions(root):
        if isinstance(row, DataError):
            report.skip("broken row", row.message)
        else:
            together.setdefault((row.video, row.start, row.end), []).append(row)
    groups = groups_of(r for rows in together.values() for r in rows)
    stated = splits_of((r for rows in together.values() for r in rows), groups)
    drafts: list[tuple[Clip, str, dict[str, str]]] = []
    count: dict[str, int] = dict.fromkeys(SPLITS, 0)
    known: dict[str, tuple[Header, Boxes] | _Unusable] = {}
    for done, rows in enumerate(together.values()):
        if progress is not None:
            progress(done + 1, len(together))
        row, group = rows[0], groups[rows[0].video]
        split = stated.get(group) or split_of(
            group, int(str(settings["seed"])), float(str(settings["val"])), float(str(settings["test"]))
        )
        if count[split] >= int(str(settings["limit"])):
            continue
        if row.video not in known:
            known[row.video] = _open(root, row.video, source)
        video = known[row.video]
        if isinstance(video, _Unusable):
            report.skip(video.reason, video.message)
            continue
        header, boxes = video
        first = 0 if row.start is None else round(row.start * header.fps)
        last = header.frames if row.end is None else min(header.frames, round(row.end * header.fps))
        picks, fps = pick_frames(first, last, header.fps, float(str(settings["fps"])), int(str(settings["frames"])))
        ids = boxes.seen(picks)
        if not picks:
            report.skip("empty span", f"{row.place}: {row.start}-{row.end} s is outside {row.video}")
        elif not ids:
            report.skip("no objects", f"{row.place}: no box in the span of {row.video}")
        else:
            captions = tuple(dict.fromkeys(Caption(r.kind, r.caption) for r in rows))
            tracks = LazyTracks(ids, BoxArrays(boxes, ids, picks))
            name = _stem(row.video) + ("" if row.start is None and row.end is None else f"@{first}-{last - 1}")
            clip = Clip(name, root / row.video, fps, header.size, group, captions, tracks, None, picks)
            drafts.append((clip, split, boxes.classes))
            count[split] += 1
            report.read += 1
    if not drafts:
        raise report.nothing(root, "the captions file has no row")
    vocabulary = Vocabulary(tuple(sorted({c for _, _, classes in drafts for c in classes.values()})), (), ())
    splits: dict[str, list[Clip]] = {s: [] for s in SPLITS}
    for clip, split, classes in drafts:
        splits[split].append(_with_classes(clip, classes, vocabulary))
    return Dataset(root.name, vocabulary, splits, report)


@dataclass(frozen=True)
class _Unusable:
    """Why a video is left out."""

    reason: str
    message: str


def _open(root: Path, video: str, source: BoxSource) -> tuple[Header, Boxes] | _Unusable:
    """Header and boxes of a video, or why it is left out."""
    try:
        if not (root / video).is_file():
            return _Unusable("missing video", f"{root / video} does not exist")
        header = read_header(root / video)
    except DataError as e:
        return _Unusable("unreadable video", e.message)
    except OSError as e:  # no name that a file can have, such as a whole caption
        return _Unusable("missing video", f"{str(root / video)[:200]}: {e.strerror}")
    try:
        boxes = source.of(video, header)
    except DataError as e:
        return _Unusable("unreadable boxes", e.message)
    if boxes is None:
        return _Unusable("no boxes", f'{root / video}: no boxes (run `nesy track`, or set boxes: "frame")')
    return header, boxes


def _with_classes(clip: Clip, classes: Mapping[str, str], vocabulary: Vocabulary) -> Clip:
    """The clip with its classes as truth, where all of them are known."""
    from dataclasses import replace

    if not vocabulary.classes or any(name not in classes for name in clip.tracks.ids):
        return clip
    n, frames = len(clip.tracks.ids), clip.length
    indices = np.array([vocabulary.classes.index(classes[name]) for name in clip.tracks.ids], np.int64)
    truth = GroundTruth(vocabulary, indices, np.zeros((frames, n, 0), bool), np.zeros((frames, n, n, 0), bool))
    return replace(clip, truth=truth)


datasets.register("folder")(
    Format(
        "a folder of your own videos with captions.csv or captions.jsonl",
        {**COMMON, "boxes": "auto"},
        load_folder,
        bounds={**COMMON_BOUNDS, "boxes": ["auto", "frame"]},
        marker="captions.[cj]s*",
        layout="captions.csv|jsonl, videos, and boxes.json (COCO) or boxes/*.txt (MOT) or tracks/*.json",
    )
)
