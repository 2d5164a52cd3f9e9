"""Reader of Action Genome (Ji et al., CVPR 2020): people and what they do with things, in sparse frames of Charades.

    ROOT/annotations/object_bbox_and_relationship.json and person_bbox.json, made by `nesy data convert` from the .pkl
    ROOT/frames/VIDEO.mp4/000123.png ...     (all frames, or the annotated ones alone)
    ROOT/Charades_v1_{train,test}.csv, if wanted: their scripts and descriptions are the captions

A clip is the annotated frames of one video. All relations go from the person (the first box of the frame) to a thing.
Names such as ``closet/cabinet`` become ``closet_cabinet``. Boxes of things are x, y, width, height; of people x0 y0 x1
y1. ``rate`` is the frame rate of the dumped frames, which the files do not state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Caption, Clip, DataReport, Dataset, Format, LazyTracks, LazyTruth, Vocabulary, datasets
from nesy.datasets.boxes import BoxArrays, Boxes, read_json
from nesy.datasets.names import name_of
from nesy.datasets.settings import COMMON, COMMON_BOUNDS, root_of, split_of
from nesy.datasets.spans import Fact, Spans
from nesy.datasets.text import rows_of
from nesy.datasets.video import pictures
from nesy.errors import DataError

RELATIONS = ("attention_relationship", "spatial_relationship", "contacting_relationship")
PERSON = "person"


def load_actiongenome(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Read the converted annotations; pictures are decoded when a clip's frames are asked for.

    Raises:
        DataError: annotations missing or not converted yet, or not a single usable clip.
    """
    root = root_of(settings)
    things, people = (_annotations(root, name) for name in ("object_bbox_and_relationship", "person_bbox"))
    captions = read_charades(root)
    videos: dict[str, list[str]] = {}
    for key in sorted(things):
        videos.setdefault(key.rpartition("/")[0], []).append(key)
    report, vocabulary = DataReport(), _vocabulary(things)
    splits: dict[str, list[Clip]] = {"train": [], "val": [], "test": []}
    for done, (video, keys) in enumerate(videos.items()):
        if progress is not None:
            progress(done, len(videos))
        try:
            official = next((str(o["metadata"]["set"]) for k in keys for o in things[k] if "metadata" in o), "train")
            split = "test" if official.startswith("test") else split_of(
                video, int(str(settings["seed"])), float(str(settings["val"])), 0.0
            )  # fmt: skip
            if len(splits[split]) >= int(str(settings["limit"])):
                continue
            clip = _clip(root, video, keys, things, people, vocabulary, settings, captions)
        except DataError as e:
            report.skip("unusable video", e.message)
        except (OverflowError, KeyError, TypeError, ValueError, IndexError, AttributeError) as e:
            report.skip("malformed entry", f"{video}: {type(e).__name__} {e}")
        else:
            splits[split].append(clip)
            report.read += 1
    if not report.read:
        raise report.nothing(root, "the annotations are empty")
    return Dataset("actiongenome", vocabulary, splits, report)


def _annotations(root: Path, name: str) -> dict[str, Any]:
    path = root / "annotations" / f"{name}.json"
    if not path.is_file() and path.with_suffix(".pkl").is_file():
        raise DataError(
            f"{path.with_suffix('.pkl')} is a pickle, which may hold programs and is not read",
            hint=f"convert it once into JSON: nesy data convert actiongenome {root}",
        )
    return read_json(path)


def _vocabulary(things: Mapping[str, Any]) -> Vocabulary:
    classes, relations = {PERSON}, set[str]()
    for entries in things.values():
        for o in entries if isinstance(entries, list) else ():
            if not isinstance(o, dict):
                continue  # the clip it belongs to is left out with its reason
            classes.add(name_of(str(o.get("class"))))
            groups = [x for group in RELATIONS if isinstance(x := o.get(group), list)]
            relations |= {name_of(str(r)) for group in groups for r in group}
    return Vocabulary(tuple(sorted(classes)), (), tuple(sorted(relations)))


def _clip(
    root: Path,
    video: str,
    keys: list[str],
    things: Mapping[str, Any],
    people: Mapping[str, Any],
    vocabulary: Vocabulary,
    settings: Mapping[str, object],
    captions: Mapping[str, list[str]],
) -> Clip:
    folder = root / "frames" / video
    if not folder.is_dir():
        raise DataError(f"{folder} does not exist")
    place = {path.stem: k for k, path in enumerate(pictures(folder))}
    numbers = [Path(key).stem for key in keys]
    lost = [n for n in numbers if n not in place]
    if lost:
        raise DataError(f"{folder / lost[0]}.png does not exist")
    most = int(str(settings["frames"]))
    if most and len(keys) > most:
        chosen = [int(i * len(keys) / most) for i in range(most)]
        keys, numbers = [keys[i] for i in chosen], [numbers[i] for i in chosen]
    picks = tuple(place[n] for n in numbers)
    span = int(numbers[-1]) - int(numbers[0])
    fps = float(str(settings["rate"])) * (len(keys) - 1) / span if span > 0 else float(str(settings["rate"]))
    boxes = Boxes()
    facts: list[tuple[int, str, str]] = []  # frame, predicate, class of the thing
    for key, k in zip(keys, picks, strict=True):
        person = people.get(key, {}).get("bbox") or []
        if person:
            boxes.add(PERSON, k, person[0], PERSON)
        for o in things[key]:
            if not o.get("visible") or o.get("bbox") is None:
                continue
            name = name_of(str(o["class"]))
            x, y, width, height = (float(v) for v in o["bbox"])
            boxes.add(name, k, (x, y, x + width, y + height), name)
            if person:
                facts += [(k, name_of(str(r)), name) for group in RELATIONS for r in o.get(group) or ()]
    ids = boxes.seen(picks)
    if not ids:
        raise DataError(f"{video}: no visible object")
    laid = tuple(
        Fact(vocabulary.binary.index(r), (ids.index(PERSON), ids.index(name)), k, k + 1) for k, r, name in facts
    )
    tracks = LazyTracks(ids, BoxArrays(boxes, ids, picks))
    classes = np.array([vocabulary.classes.index(boxes.classes[name]) for name in ids], np.int64)
    truth = LazyTruth(vocabulary, classes, Spans(vocabulary, (), laid, picks, tracks))
    name = Path(video).stem
    said = tuple(Caption("manual", text) for text in dict.fromkeys(captions.get(name, ())))
    return Clip(name, folder, fps, (0, 0), name, said, tracks, truth, picks)


def read_charades(root: Path) -> dict[str, list[str]]:
    """Video -> the script it was filmed from and what others wrote about it; empty without the CSV files."""
    out: dict[str, list[str]] = {}
    for path in sorted(root.glob("Charades*_v1_*.csv")) or sorted(root.glob("Charades_v1_*.csv")):
        for _, row in rows_of(path)[1]:
            texts = [*_sentences(row.get("script")), *_sentences(row.get("descriptions"))]
            out.setdefault(str(row.get("id")), []).extend(texts)
    return out


def _sentences(text: str | None) -> Iterator[str]:
    for part in (text or "").split(";"):
        if part.strip():
            yield " ".join(part.split())


datasets.register("actiongenome")(
    Format(
        "Action Genome: person-object relations in frames of Charades",
        {**{k: v for k, v in COMMON.items() if k != "fps"}, "rate": 24.0},
        load_actiongenome,
        bounds={**COMMON_BOUNDS, "rate": (1e-3, inf)},
        marker="annotations/object_bbox_and_relationship.*",
        layout="annotations/*.json (nesy data convert), frames/VIDEO.mp4/000123.png, [Charades_v1_{train,test}.csv]",
    )
)
