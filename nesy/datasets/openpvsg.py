"""Reader of OpenPVSG (Panoptic Video Scene Graph, Yang et al., CVPR 2023).

    ROOT/pvsg.json
    ROOT/{vidor,epic_kitchen,ego4d}/videos/VIDEO.mp4 (or .MP4), 5 frames a second
    ROOT/{vidor,epic_kitchen,ego4d}/masks/VIDEO/0000.png ..., one a frame

A clip is one caption's stretch of frames (LASER's data point); ``clip: "video"`` takes whole videos instead. Stretches
are inclusive at both ends, "7" is one frame and "12-" goes to the end. The official ``val`` list is the ``test`` split
here, because it is what the field reports; ``val`` is cut out of the official ``train`` by video.

Quirks of the files that are handled: a class may be listed twice; relations whose name is not in the list are left out
(as in the official code); masks may have another size than the video; captions may be blank or reversed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Caption, Clip, DataReport, Dataset, Format, Vocabulary, datasets
from nesy.datasets.boxes import read_json
from nesy.datasets.masks import MaskFiles
from nesy.datasets.names import name_of, names_of
from nesy.datasets.settings import COMMON, COMMON_BOUNDS, pick_frames, root_of, split_of
from nesy.datasets.spans import Fact, lazy_scene
from nesy.errors import DataError

FPS = 5.0


def load_openpvsg(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Read the annotations of all videos whose files are there; masks are read when a clip's boxes are asked for.

    Raises:
        DataError: no ``pvsg.json`` or another file of that name, or not a single usable clip.
    """
    root = root_of(settings)
    whole = str(settings["clip"]) == "video"
    data = read_json(root / "pvsg.json")
    try:
        labels = [str(x) for group in ("thing", "stuff") for x in data["objects"][group]]
        relations = names_of(str(x) for x in data["relations"])
        where = {
            str(video): (source, official)
            for source, splits in data["split"].items()
            for official in ("train", "val")
            for video in splits.get(official, [])
        }
        entries = {str(entry["video_id"]): entry for entry in data["data"]}
    except (KeyError, TypeError, AttributeError) as e:
        raise DataError(
            f"{root / 'pvsg.json'} is not OpenPVSG's: {type(e).__name__} {e}",
            expected=["objects{thing,stuff}", "relations", "split", "data"],
        ) from e
    vocabulary = Vocabulary(names_of(labels), (), relations)
    report, out = DataReport(), {split: list[Clip]() for split in ("train", "val", "test")}
    for done, (video, (source, official)) in enumerate(where.items()):
        if progress is not None:
            progress(done, len(where))
        split = "test" if official == "val" else split_of(
            video, int(str(settings["seed"])), float(str(settings["val"])), 0.0
        )  # fmt: skip
        room = int(str(settings["limit"])) - len(out[split])
        if room <= 0:
            continue
        if video not in entries:
            report.skip("video without annotations", f"{video} is in the {official} list, but not in `data`")
            continue
        try:
            found = list(_clips(root / source, entries[video], vocabulary, settings, whole, report))
        except DataError as e:
            report.skip("missing files", e.message)
        except (OverflowError, KeyError, TypeError, ValueError, IndexError, AttributeError) as e:
            report.skip("malformed entry", f"{video}: {type(e).__name__} {e}")
        else:
            out[split] += found[:room]
            report.read += len(found[:room])
    if not report.read:
        raise report.nothing(root, "the lists are empty")
    return Dataset("openpvsg", vocabulary, out, report)


def _clips(
    folder: Path,
    entry: dict[str, Any],
    vocabulary: Vocabulary,
    settings: Mapping[str, object],
    whole: bool,
    report: DataReport,
) -> Iterator[Clip]:
    video = str(entry["video_id"])
    meta = entry["meta"]
    total, size = int(meta["num_frames"]), (int(meta["width"]), int(meta["height"]))
    rate = float(meta.get("fps") or FPS)
    path = next((p for s in (".mp4", ".MP4") if (p := folder / "videos" / f"{video}{s}").is_file()), None)
    if path is None:
        raise DataError(f"{folder / 'videos' / video}.mp4 does not exist")
    masks = folder / "masks" / video
    if not masks.is_dir():
        raise DataError(f"{masks} does not exist")
    numbers = tuple(int(o["object_id"]) for o in entry["objects"])
    classes = np.array([vocabulary.classes.index(name_of(o["category"])) for o in entry["objects"]], np.int64)
    index = {number: i for i, number in enumerate(numbers)}
    facts = tuple(
        Fact(vocabulary.binary.index(name_of(name)), (index[int(a)], index[int(b)]), int(first), int(last) + 1)
        for a, b, name, spans in entry["relations"]
        if name_of(name) in vocabulary.binary
        for first, last in spans
    )
    ids = tuple(f"o{number}" for number in numbers)
    if not entry["captions"]:
        report.skip("no caption", f"{video} has no caption")
    for (first, stop), texts in _stretches(entry, total, whole, report).items():
        picks, fps = pick_frames(first, stop, rate, float(str(settings["fps"])), int(str(settings["frames"])))
        if not (masks / f"{picks[0]:04d}.png").is_file():
            report.skip("missing masks", f"{masks / f'{picks[0]:04d}.png'} does not exist")
            continue
        files = MaskFiles(tuple(masks / f"{k:04d}.png" for k in picks), numbers, size)
        tracks, truth = lazy_scene(vocabulary, classes, ids, picks, files.boxes, (), facts)
        name = video if whole else f"{video}@{first}-{stop - 1}"
        captions = tuple(Caption("manual", text) for text in texts)
        yield Clip(name, path, fps, size, video, captions, tracks, truth, picks, files.masks)


def _stretches(entry: dict[str, Any], total: int, whole: bool, report: DataReport) -> dict[tuple[int, int], list[str]]:
    """Stretch of frames [first, stop) -> its captions, without repetitions."""
    out: dict[tuple[int, int], list[str]] = {}
    for caption in entry["captions"]:
        text = " ".join(str(caption.get("description") or "").split())
        match = re.fullmatch(r"\s*(\d+)\s*(?:([-–])\s*(\d*))?\s*", str(caption.get("time", "")))
        if not text or match is None:
            report.skip("broken caption", f"{entry['video_id']}: {caption}")
            continue
        first = int(match[1])
        last = first if match[2] is None else int(match[3]) if match[3] else total - 1
        if whole:
            first, last = 0, total - 1
        last = min(last, total - 1)  # some captions run beyond the last frame
        if last < first:
            report.skip("caption outside the video", f"{entry['video_id']}: {caption['time']} of {total} frames")
        elif text not in out.setdefault((first, last + 1), []):
            out[first, last + 1].append(text)
    return out


datasets.register("openpvsg")(
    Format(
        "OpenPVSG: panoptic video scene graphs, captions of stretches",
        {**COMMON, "clip": "caption"},
        load_openpvsg,
        bounds={**COMMON_BOUNDS, "clip": ["caption", "video"]},
        marker="pvsg.json",
        layout="pvsg.json, {vidor,epic_kitchen,ego4d}/{videos/VIDEO.mp4,masks/VIDEO/0000.png}",
    )
)
