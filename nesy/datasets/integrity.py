"""Is a dataset whole? What the reader left out, and what does not fit in what it kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nesy.datasets.base import Clip, Dataset
from nesy.errors import DataError


@dataclass
class Integrity:
    """Problems by reason with the first example of each; none means that every sample can be used as it is."""

    clips: int = 0
    frames: int = 0
    videos: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, example: str) -> None:
        """Count one problem."""
        self.problems[reason] += 1
        self.examples.setdefault(reason, example)

    def as_dict(self) -> dict[str, Any]:
        """JSON-like."""
        return {**vars(self), "problems": dict(self.problems)}


def check_dataset(dataset: Dataset, decode: bool, progress: Callable[[int, int], None] | None = None) -> Integrity:
    """Go through all clips: ids, splits, boxes, facts and, with ``decode``, every picture."""
    found = Integrity(clips=len(dataset.clips), videos=len({c.video for c in dataset.clips}))
    for reason, count in dataset.report.skipped.items():
        found.problems[reason] += count
        found.examples[reason] = dataset.report.examples[reason]
    for group, splits in split_overlaps(dataset).items():
        found.add("group in several splits", f"{group}: {', '.join(sorted(splits))}")
    for name, times in Counter(c.id for c in dataset.clips).items():
        if times > 1:
            found.add("clip id used twice", name)
    for i, clip in enumerate(dataset.clips):
        if progress is not None:
            progress(i + 1, len(dataset.clips))
        found.frames += clip.length
        try:
            for reason, example in _faults(clip, decode):
                found.add(reason, f"{clip.id}: {example}")
        except DataError as e:
            found.add("unreadable", f"{clip.id}: {e.message}")
    if progress is not None:
        progress(len(dataset.clips), len(dataset.clips))
    return found


def split_overlaps(dataset: Dataset) -> dict[str, set[str]]:
    """Groups (videos, levels) that have clips in more than one split; empty for a sound dataset."""
    where: dict[str, set[str]] = {}
    for split, clips in dataset.splits.items():
        for clip in clips:
            where.setdefault(clip.group, set()).add(split)
    return {group: splits for group, splits in where.items() if len(splits) > 1}


def _faults(clip: Clip, decode: bool) -> Iterator[tuple[str, str]]:
    if not clip.captions:
        yield "no caption", str(clip.video)
    boxes, present = clip.tracks.boxes, clip.tracks.present
    if present.shape != (clip.length, len(clip.tracks.ids)) or boxes.shape != (*present.shape, 4):
        yield "boxes of another shape", f"boxes {boxes.shape}, present {present.shape}, {clip.length} frames"
        return
    if not present.any():
        yield "no objects", "no box in any frame"
    shown = boxes[present]
    if not np.isfinite(shown).all():
        yield "box not finite", "a coordinate is not a number"
    elif len(shown):
        flat = (shown[:, 2] <= shown[:, 0]) | (shown[:, 3] <= shown[:, 1])
        if flat.any():
            yield "empty box", f"{int(flat.sum())} boxes without area, first {shown[flat][0].tolist()}"
        width, height = clip.size
        out = (shown[:, 2] <= 0) | (shown[:, 3] <= 0) | (shown[:, 0] >= width) | (shown[:, 1] >= height)
        if width and out.any():
            yield "box outside the picture", f"{shown[out][0].tolist()} in {width} x {height}"
    if clip.truth is not None:
        absent = clip.truth.unary.any(-1) & ~present
        both = present[:, :, None] & present[:, None, :]
        if absent.any() or (clip.truth.binary.any(-1) & ~both).any():
            yield "fact of an absent object", "facts need their objects' boxes"
    if decode:
        frames = clip.frames()
        if frames.shape[0] != clip.length or (clip.size[0] and (frames.shape[2], frames.shape[1]) != clip.size):
            yield (
                "another size than stated",
                f"{clip.video} decodes to {frames.shape[2]} x {frames.shape[1]}, stated {clip.size}",
            )
