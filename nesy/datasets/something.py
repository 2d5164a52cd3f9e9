"""Reader of Something-Something v2 with the boxes of Something-Else, and pre/post-conditions where they are given.

    ROOT/labels/{train,validation}.json (also something-something-v2-{train,validation}.json, also in ROOT itself)
    ROOT/bounding_box_smthsmth_part1.json ... part4.json (any number of parts; or bounding_box_annotations.json)
    ROOT/videos/ID.webm (also ROOT/20bn-something-something-v2/ID.webm)
    ROOT/domain.pddl, if wanted: see nesy.datasets.conditions

The box files number frames from 1, at 12 frames a second. The official ``validation`` is the ``test`` split here (the
official test set has no labels); ``val`` is cut out of the official ``train``. A clip has the captions ``label`` (kind
manual) and its template (kind auto); with conditions, also a formula (kind spec).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Caption, Clip, DataReport, Dataset, Format, LazyTracks, LazyTruth, Vocabulary, datasets
from nesy.datasets.boxes import BoxArrays, Boxes, read_json
from nesy.datasets.conditions import Action, plain_template, read_conditions
from nesy.datasets.names import name_of
from nesy.datasets.settings import COMMON, COMMON_BOUNDS, pick_frames, root_of, split_of
from nesy.datasets.spans import Spans
from nesy.errors import DataError

FPS = 12.0
FOLDERS = ("videos", "20bn-something-something-v2")


def load_something(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Read labels and boxes; no video is opened (its size is not known before it is decoded).

    Raises:
        DataError: missing label or box files, or not a single usable clip.
    """
    root = root_of(settings)
    generic = str(settings["classes"]) == "generic"
    labels = dict(_labels(root, settings))
    parts = sorted(root.glob("bounding_box*.json"))
    if not parts:
        raise DataError(f"{root} has no boxes", expected=["bounding_box_smthsmth_part1.json", "..."])
    domain = root / "domain.pddl"
    actions = read_conditions(domain) if domain.is_file() else {}
    report = DataReport()
    drafts: list[tuple[Clip, str, Boxes]] = []
    taken: set[str] = set()
    count: Counter[str] = Counter()
    limit = int(str(settings["limit"]))
    for done, part in enumerate(parts):
        if progress is not None:
            progress(done, len(parts))
        for number, frames in read_json(part).items():
            if number not in labels:
                report.skip("no label", f"{number} of {part.name} has no label")
                continue
            if number in taken:
                report.skip("boxes given twice", f"{number} of {part.name} was in another file before")
                continue
            entry, split = labels[number]
            if count[split] >= limit:
                continue
            try:
                boxes = read_boxes(frames, generic)
                clip = _clip(root, number, entry, boxes, frame_count(frames), settings, actions)
            except DataError as e:
                report.skip("unusable clip", f"{number}: {e.message}")
            except (OverflowError, KeyError, TypeError, ValueError, IndexError, AttributeError) as e:
                report.skip("malformed entry", f"{number} of {part.name}: {type(e).__name__} {e}")
            else:
                taken.add(number)
                drafts.append((clip, split, boxes))
                count[split] += 1
                report.read += 1
        if all(count[s] >= limit for s in {split for _, split in labels.values()}):
            break
    if not drafts:
        raise report.nothing(root, "the box files are empty")
    vocabulary = Vocabulary(tuple(sorted({c for _, _, boxes in drafts for c in boxes.classes.values()})), (), ())
    index = {name: k for k, name in enumerate(vocabulary.classes)}
    splits: dict[str, list[Clip]] = {"train": [], "val": [], "test": []}
    for clip, split, boxes in drafts:
        from dataclasses import replace

        classes = np.array([index[boxes.classes[name]] for name in clip.tracks.ids], np.int64)
        spans = Spans(vocabulary, (), (), clip.picks or (), clip.tracks)
        splits[split].append(replace(clip, truth=LazyTruth(vocabulary, classes, spans)))
    return Dataset("something", vocabulary, splits, report)


def _labels(root: Path, settings: Mapping[str, object]) -> Iterator[tuple[str, tuple[dict[str, Any], str]]]:
    """Video number -> (label entry, split)."""
    found = False
    for official in ("train", "validation"):
        long = f"something-something-v2-{official}.json"
        names = (f"labels/{official}.json", f"labels/{long}", long, f"{official}.json")
        path = next((root / n for n in names if (root / n).is_file()), None)
        if path is None:
            continue
        found = True
        for entry in read_json(path, list):
            number = str(entry.get("id")) if isinstance(entry, dict) else ""
            split = "test" if official == "validation" else split_of(
                number, int(str(settings["seed"])), float(str(settings["val"])), 0.0
            )  # fmt: skip
            yield number, (entry, split)
    if not found:
        raise DataError(f"{root} has no labels", expected=["labels/train.json", "labels/validation.json"])


def frame_count(frames: list[dict[str, Any]]) -> int:
    """Frames of the video as far as its boxes go: to the highest number, as frames in between may not be listed."""
    return max((int(Path(frame["name"]).stem) for frame in frames), default=0)


def read_boxes(frames: list[dict[str, Any]], generic: bool = False) -> Boxes:
    """Boxes of one video's frames (frame ``ID/0001.jpg`` is number 0).

    An object is followed by ``gt_annotation`` ("object 0", "hand"), or by its category where that is missing; a second
    box of the same name in one frame (the other hand) is an object of its own.
    """
    boxes = Boxes()
    for frame in frames:
        k = int(Path(frame["name"]).stem) - 1
        seen: Counter[str] = Counter()
        for label in frame["labels"]:
            box = label["box2d"]
            hand = "hand" in (label.get("standard_category"), label.get("category"), label.get("gt_annotation"))
            category = "hand" if hand else "thing" if generic else name_of(str(label["category"]))
            name = "hand" if hand else str(label.get("gt_annotation") or label["category"])
            seen[name] += 1
            if seen[name] > 1:
                name = f"{name} {seen[name]}"
            boxes.add(name, k, (box["x1"], box["y1"], box["x2"], box["y2"]), category)
    return boxes


def _clip(
    root: Path,
    number: str,
    entry: dict[str, Any],
    boxes: Boxes,
    frames: int,
    settings: Mapping[str, object],
    actions: Mapping[str, Action],
) -> Clip:
    video = next((p for f in FOLDERS if (p := root / f / f"{number}.webm").is_file()), None)
    if video is None:
        raise DataError(f"{root / FOLDERS[0] / number}.webm does not exist")
    picks, fps = pick_frames(0, frames, FPS, float(str(settings["fps"])), int(str(settings["frames"])))
    ids = boxes.seen(picks)
    if not ids:
        raise DataError("no box in any frame")
    template = plain_template(str(entry["template"]))
    captions = [Caption("manual", str(entry["label"])), Caption("auto", template)]
    if template in actions:
        captions.append(Caption("spec", actions[template].spec(_classes(entry, boxes))))
    return Clip(
        number, video, fps, (0, 0), number, tuple(captions), LazyTracks(ids, BoxArrays(boxes, ids, picks)), None, picks
    )


def _classes(entry: dict[str, Any], boxes: Boxes) -> list[str | None]:
    """The classes of the template's placeholders, None for one without a box."""
    known = set(boxes.classes.values())
    if "thing" in known:
        return ["thing"] * len(entry.get("placeholders", []))
    return [name if (name := name_of(str(p))) in known else None for p in entry.get("placeholders", [])]


datasets.register("something")(
    Format(
        "Something-Something v2 with Something-Else boxes and GPA's conditions",
        {**COMMON, "classes": "names"},
        load_something,
        bounds={**COMMON_BOUNDS, "classes": ["names", "generic"]},
        marker="bounding_box*.json",
        layout="labels/{train,validation}.json, bounding_box_smthsmth_part*.json, videos/ID.webm, [domain.pddl]",
    )
)
