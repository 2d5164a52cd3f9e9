"""Boxes that others' tools write: COCO (with videos), MOT Challenge text files, and scene-graph files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.names import name_of
from nesy.datasets.text import text_of
from nesy.dsl.words import ANY_OBJECT, is_name
from nesy.errors import DataError
from nesy.scenegraph import read_graph


@dataclass
class Boxes:
    """The boxes of one video.

    at: object name -> frame number of the video (from 0) -> x0, y0, x1, y1 in pixels.
    classes: object name -> class name, where known; a label that a spec cannot contain is changed to a name.
    """

    at: dict[str, dict[int, tuple[float, float, float, float]]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, frame: int, box: Sequence[float], category: str | None = None) -> None:
        """One box; a second one of the same object and frame replaces the first."""
        x0, y0, x1, y1 = (float(v) for v in box)
        self.at.setdefault(name, {})[frame] = (x0, y0, x1, y1)
        if category is not None:
            self.classes.setdefault(name, _spec_name(category))

    def arrays(self, ids: Sequence[str], picks: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Boxes [T, N, 4] and present [T, N] of the chosen objects in the picked frames."""
        boxes = np.zeros((len(picks), len(ids), 4), np.float32)
        present = np.zeros((len(picks), len(ids)), bool)
        for n, name in enumerate(ids):
            frames = self.at[name]
            for t, k in enumerate(picks):
                if k in frames:
                    boxes[t, n], present[t, n] = frames[k], True
        return boxes, present

    def seen(self, picks: Sequence[int]) -> tuple[str, ...]:
        """Names of the objects with a box in at least one of the picked frames, in the order of the file."""
        return tuple(name for name, frames in self.at.items() if any(k in frames for k in picks))


def _spec_name(label: str) -> str:
    return label if is_name(label) and label != ANY_OBJECT else name_of(label)


def read_coco(path: Path) -> dict[str, Boxes]:
    """Boxes of all videos of a COCO file, by the video's name without its suffix.

    Understood are files with ``videos`` (``images[].video_id`` and ``frame_id`` from 0) and plain ones whose
    ``images[].file_name`` is VIDEO/NUMBER.jpg or VIDEO_NUMBER.jpg. ``bbox`` is x, y, width, height. An object is
    followed by ``track_id`` or ``instance_id``; without either, every box of one category is taken for one object if
    the category occurs at most once a frame, and the file is refused otherwise.

    Raises:
        DataError: not readable as COCO, or boxes of one frame that cannot be told apart.
    """
    data = read_json(path)
    try:
        categories = {c["id"]: str(c["name"]) for c in data["categories"]}
        videos = {v["id"]: str(v.get("file_name") or v["name"]) for v in data.get("videos", [])}
        place = {image["id"]: _place(image, videos) for image in data["images"]}
        found: dict[str, Boxes] = {}
        for a in data["annotations"]:
            video, frame = place[a["image_id"]]
            x, y, width, height = (float(v) for v in a["bbox"])
            category = categories[a["category_id"]]
            number = a.get("track_id", a.get("instance_id"))
            boxes = found.setdefault(video, Boxes())
            name = category if number is None else f"{category}-{number}"
            if number is None and frame in boxes.at.get(name, {}):
                raise DataError(
                    f"{path}: two boxes of `{category}` in frame {frame} of {video}, and no track_id tells them apart",
                    hint="follow the objects first: nesy track VIDEO",
                )
            boxes.add(name, frame, (x, y, x + width, y + height), category)
    except (OverflowError, KeyError, TypeError, ValueError, AttributeError) as e:
        raise DataError(
            f"{path} is not COCO: {type(e).__name__} {e}", expected=["images", "annotations", "categories"]
        ) from e
    return found


def _place(image: dict[str, Any], videos: dict[Any, str]) -> tuple[str, int]:
    """Video (without suffix) and frame number of a COCO image."""
    if "video_id" in image:
        frame = image["frame_id"] if "frame_id" in image else image["frame_index"]
        return str(Path(videos[image["video_id"]]).with_suffix("")), int(frame)
    name = str(image["file_name"])
    match = re.fullmatch(r"(.+)[/_](\d+)\.\w+", name)
    if match is None:
        raise ValueError(f"file_name {name!r} does not end in /NUMBER or _NUMBER")
    return match[1], int(match[2])


def read_mot(path: Path, labels: Sequence[str]) -> Boxes:
    """Boxes of a MOT Challenge file: frame, id, left, top, width, height, confidence, class, visibility.

    Frames count from 1. Rows with confidence 0 are marked "to be ignored" by the format and are left out; class -1 or
    a short row gives no class. Class k is the k-th line (from 1) of ``labels``. Rows with id -1 are boxes that nobody
    followed; they are one object as long as there is one a frame.

    Raises:
        DataError: a row that is no such row, or a second box without an id in a frame, with its line.
    """
    boxes = Boxes()
    for number, line in enumerate(text_of(path, "utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = [float(x) for x in re.split(r"[,\s]+", line.strip().rstrip(","))]
            frame, name = int(row[0]) - 1, str(int(row[1]))
            left, top, width, height = row[2:6]
            kind = int(row[7]) if len(row) > 7 else -1
            if frame < 0:
                raise ValueError("frames count from 1")
        except (OverflowError, ValueError, IndexError) as e:
            raise DataError(
                f"{path}:{number}: not a MOT row ({e})", expected=["frame,id,left,top,width,height,..."]
            ) from e
        if len(row) > 6 and row[6] == 0:
            continue
        if name.startswith("-") and frame in boxes.at.get(name, {}):
            raise DataError(
                f"{path}:{number}: two boxes without an id in frame {frame + 1}",
                hint="follow the objects first: nesy track VIDEO",
            )
        if kind > len(labels) and labels:
            raise DataError(f"{path}:{number}: class {kind}, but labels.txt has {len(labels)} lines")
        category = labels[kind - 1] or None if labels and kind >= 1 else None
        boxes.add(name, frame, (left, top, left + width, top + height), category)
    return boxes


def read_labels(folder: Path) -> list[str]:
    """The class names beside MOT files, ``labels.txt``, one a line (an empty one in between is no class's)."""
    path = folder / "labels.txt"
    return [x.strip() for x in text_of(path, "utf-8-sig").rstrip().split("\n")] if path.is_file() else []


def boxes_of(path: Path, video: Path) -> Boxes:
    """The boxes of a video in a file of any kind that is read here: MOT (``.txt``), COCO or a scene graph (``.json``).

    Raises:
        DataError: missing, of no such kind, or a COCO file without this video.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file", hint=f"`nesy track {video} -o {path}` writes one")
    if path.suffix.lower() != ".json":
        return read_mot(path, read_labels(path.parent))
    if "images" not in read_json(path):
        return read_tracks(path)
    found = read_coco(path)
    for name, boxes in found.items():
        if name == video.stem or Path(name).name == video.stem:
            return boxes
    raise DataError(f"{path} has no boxes of {video.stem}", expected=found)


def read_tracks(path: Path) -> Boxes:
    """Boxes of a scene-graph file (as ``nesy track`` and ``nesy predict`` write), with the likeliest classes."""
    file = read_graph(path)
    boxes = Boxes()
    present, classes = file.graph.present[0], file.graph.classes[0]
    for n, name in enumerate(file.ids):
        known = classes.shape[1] > 0 and bool(classes[n].max() > -np.inf)
        category = file.graph.vocabulary.classes[int(classes[n].argmax())] if known else None
        for t in present[:, n].nonzero()[:, 0].tolist():
            boxes.add(name, t, file.boxes[t, n].tolist(), category)
    return boxes


@overload
def read_json(path: Path) -> dict[str, Any]: ...
@overload
def read_json(path: Path, kind: type[list[Any]]) -> list[Any]: ...
def read_json(path: Path, kind: type[Any] = dict) -> Any:
    """The JSON object (or list) in a file; DataError, naming the file, when there is none."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", hint="check the data folder") from None
    except (OSError, ValueError, RecursionError) as e:
        raise DataError(f"{path} is no JSON: {e}", hint="copy the file again") from None
    if not isinstance(data, kind):
        raise DataError(f"{path} holds no JSON {'object' if kind is dict else 'list'}")
    return data


@dataclass(frozen=True)
class BoxArrays:
    """Lays out a clip's boxes when they are wanted."""

    boxes: Boxes
    ids: tuple[str, ...]
    picks: tuple[int, ...]

    def __call__(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return self.boxes.arrays(self.ids, self.picks)
