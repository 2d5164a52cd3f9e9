"""What every dataset gives: clips with captions, tracks and, for evaluation, the true scene graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nesy.registry import Registry
from nesy.scenegraph.vocabulary import Vocabulary as Vocabulary


@dataclass(frozen=True, slots=True)
class Caption:
    """One description of a clip; ``kind`` is ``auto`` (template) or ``manual`` (a person's words)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Tracks:
    """Objects followed through a clip: T frames, N objects.

    boxes: float32 [T, N, 4], pixels, x0 y0 x1 y1, y downwards; zeros where absent.
    present: bool [T, N].
    ids: one name an object.
    """

    boxes: NDArray[np.float32]
    present: NDArray[np.bool_]
    ids: tuple[str, ...]


@dataclass(frozen=True)
class GroundTruth:
    """The exact scene graph of a clip; absent objects have only false facts.

    classes: int64 [N], index into ``vocabulary.classes``.
    unary: bool [T, N, U].  binary: bool [T, N, N, R], subject before object.
    """

    vocabulary: Vocabulary
    classes: NDArray[np.int64]
    unary: NDArray[np.bool_]
    binary: NDArray[np.bool_]


@dataclass(frozen=True)
class Clip:
    """One video with what is known about it. Nothing is decoded before :meth:`frames` is called."""

    id: str
    video: Path
    fps: float
    size: tuple[int, int]  # width, height in pixels
    group: str  # clips of one group (a level, a long video) never fall into different splits
    captions: tuple[Caption, ...]
    tracks: Tracks
    truth: GroundTruth | None = None

    def frames(self) -> NDArray[np.uint8]:
        """Decode the video: uint8 [T, H, W, 3], RGB. Raises DataError, naming the file, when it cannot be decoded."""
        from nesy.datasets.video import read_video

        return read_video(self.video, expected_frames=self.tracks.present.shape[0])


@dataclass
class DataReport:
    """What was read, what was left out and why: printed by ``nesy data info`` and stored with every run."""

    read: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> count
    examples: dict[str, str] = field(default_factory=dict)  # reason -> the first message

    def skip(self, reason: str, message: str) -> None:
        """Count one left-out sample under ``reason``; the first full message of each reason is kept."""
        self.skipped[reason] += 1
        self.examples.setdefault(reason, message)


@dataclass
class Dataset:
    """Clips by split (``train``, ``val``, ``test``), their vocabulary and the report of reading them."""

    name: str
    vocabulary: Vocabulary
    splits: dict[str, list[Clip]]
    report: DataReport

    @cached_property
    def clips(self) -> list[Clip]:
        """All clips of all splits."""
        return [c for clips in self.splits.values() for c in clips]


Opener = Callable[[Mapping[str, object], Path, Callable[[int, int], None] | None], Dataset]
"""Settings, cache folder and progress callback to a dataset; see :func:`nesy.datasets.open_dataset`."""

datasets: Registry[Opener] = Registry("dataset")
