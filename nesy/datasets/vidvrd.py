"""Reader of ImageNet-VidVRD and VidOR annotations (Shang et al., 2017 and 2019).

    ROOT/{train,test}/VIDEO.json (VidOR: ROOT/{training,validation}/GROUP/VIDEO.json)
    ROOT/videos/VIDEO.mp4 (also below folders)
    ROOT/info/{objects,predicates}.txt, if there: the full lists of names, else those that occur
    ROOT/captions.csv or captions.jsonl, if wanted: video and caption

``trajectories`` has one list a frame; ``relation_instances`` hold from ``begin_fid`` to before ``end_fid``. The
official test (validation) list is the ``test`` split, ``val`` is cut out of the official training list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Caption, Clip, DataReport, Dataset, Format, LazyTracks, LazyTruth, Vocabulary, datasets
from nesy.datasets.boxes import BoxArrays, Boxes, read_json
from nesy.datasets.folder import Row, read_captions
from nesy.datasets.names import name_of, names_of
from nesy.datasets.settings import COMMON, COMMON_BOUNDS, pick_frames, root_of, split_of
from nesy.datasets.spans import Fact, Spans
from nesy.datasets.text import text_of
from nesy.errors import DataError

FOLDERS = {"train": "train", "training": "train", "test": "test", "validation": "test"}


def load_vidvrd(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Read the annotations of all videos whose files are there.

    Raises:
        DataError: no annotation folder, or not a single usable clip.
    """
    root = root_of(settings)
    files = [(path, split) for f, split in FOLDERS.items() for path in sorted((root / f).rglob("*.json"))]
    if not files:
        raise DataError(f"{root} holds no VidVRD annotations", expected=["train/VIDEO.json", "test/VIDEO.json"])
    videos = {path.stem: path for path in (root / "videos").rglob("*.mp4")}
    report, drafts = DataReport(), list[tuple[dict[str, Any], str]]()
    captions = _captions(root, report)
    for done, (path, official) in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        try:
            entry = read_json(path)
            video = str(entry["video_id"])
        except (DataError, KeyError) as e:
            report.skip("unreadable annotation", f"{path}: {e}")
            continue
        if video not in videos:
            report.skip("missing video", f"{root / 'videos' / video}.mp4 does not exist")
            continue
        split = "test" if official == "test" else split_of(
            video, int(str(settings["seed"])), float(str(settings["val"])), 0.0
        )  # fmt: skip
        if sum(s == split for _, s in drafts) < int(str(settings["limit"])):
            drafts.append((entry, split))
    vocabulary = _vocabulary(root, [entry for entry, _ in drafts])
    splits: dict[str, list[Clip]] = {"train": [], "val": [], "test": []}
    for entry, split in drafts:
        video = str(entry["video_id"])
        try:
            clip = _clip(videos[video], entry, vocabulary, settings, captions.get(video, []))
        except (OverflowError, DataError, KeyError, TypeError, ValueError, IndexError, AttributeError) as e:
            report.skip("malformed annotation", f"{video}: {type(e).__name__} {e}")
        else:
            splits[split].append(clip)
            report.read += 1
    if not report.read:
        raise report.nothing(root, "the annotations are empty")
    return Dataset("vidvrd", vocabulary, splits, report)


def _captions(root: Path, report: DataReport) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    if (root / "captions.csv").is_file() or (root / "captions.jsonl").is_file():
        for row in read_captions(root):
            if isinstance(row, Row):
                out.setdefault(Path(row.video).stem, []).append(row.caption)
            else:
                report.skip("broken row", row.message)
    return out


def _vocabulary(root: Path, entries: list[dict[str, Any]]) -> Vocabulary:
    listed = []
    for name, key, field in (
        ("objects", "subject/objects", "category"),
        ("predicates", "relation_instances", "predicate"),
    ):
        path = root / "info" / f"{name}.txt"
        if path.is_file():
            listed.append(names_of(x for x in text_of(path).splitlines() if x.strip()))
        else:
            lists = [x for e in entries if isinstance(x := e.get(key), list)]
            listed.append(
                names_of(sorted({str(x[field]) for y in lists for x in y if isinstance(x, dict) and field in x}))
            )
    return Vocabulary(listed[0], (), listed[1])


def _clip(
    path: Path, entry: dict[str, Any], vocabulary: Vocabulary, settings: Mapping[str, object], captions: list[str]
) -> Clip:
    frames = len(entry["trajectories"])
    picks, fps = pick_frames(
        0, frames, float(entry["fps"]), float(str(settings["fps"])), int(str(settings["frames"]))
    )  # fmt: skip
    kinds = {int(o["tid"]): name_of(str(o["category"])) for o in entry["subject/objects"]}
    boxes = Boxes()
    for k, row in enumerate(entry["trajectories"]):
        for o in row:
            b = o["bbox"]
            name = kinds[int(o["tid"])]
            boxes.add(str(o["tid"]), k, (b["xmin"], b["ymin"], b["xmax"], b["ymax"]), name)
    ids = boxes.seen(picks)
    if not ids:
        raise DataError(f"{path}: no box in the picked frames")
    index = {int(name): i for i, name in enumerate(ids)}
    facts = tuple(
        Fact(
            vocabulary.binary.index(name_of(str(r["predicate"]))),
            (index[int(r["subject_tid"])], index[int(r["object_tid"])]),
            int(r["begin_fid"]),
            int(r["end_fid"]),
        )
        for r in entry["relation_instances"]
        if int(r["subject_tid"]) in index and int(r["object_tid"]) in index
    )
    tracks = LazyTracks(ids, BoxArrays(boxes, ids, picks))
    classes = np.array([vocabulary.classes.index(boxes.classes[name]) for name in ids], np.int64)
    truth = LazyTruth(vocabulary, classes, Spans(vocabulary, (), facts, picks, tracks))
    video = str(entry["video_id"])
    said = tuple(Caption("manual", text) for text in captions)
    size = (int(entry["width"]), int(entry["height"]))
    return Clip(video, path, fps, size, video, said, tracks, truth, picks)


datasets.register("vidvrd")(
    Format(
        "ImageNet-VidVRD and VidOR: relations between tracked objects",
        dict(COMMON),
        load_vidvrd,
        bounds=COMMON_BOUNDS,
        marker="train*/**/*.json",
        layout="{train,test}/VIDEO.json, videos/VIDEO.mp4, [info/*.txt], [captions.csv]",
    )
)
