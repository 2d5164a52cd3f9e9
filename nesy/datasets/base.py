"""What every dataset gives: clips with captions, tracks and, for evaluation, the true scene graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError, did_you_mean
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


class LazyTracks(Tracks):
    """Tracks whose boxes are read when they are first asked for; ``ids`` are known before.

    Args:
        ids: one name an object.
        read: gives boxes [T, N, 4] and present [T, N]; called once.
    """

    def __init__(self, ids: tuple[str, ...], read: Callable[[], tuple[NDArray[np.float32], NDArray[np.bool_]]]) -> None:
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "_read", read)

    def __getattr__(self, name: str) -> Any:
        if name not in ("boxes", "present"):
            raise AttributeError(name)
        boxes, present = self.__dict__["_read"]()
        object.__setattr__(self, "boxes", boxes)
        object.__setattr__(self, "present", present)
        return boxes if name == "boxes" else present


class LazyTruth(GroundTruth):
    """A scene graph whose facts are laid out when they are first asked for; vocabulary and classes are known before.

    Args:
        read: gives unary [T, N, U] and binary [T, N, N, R]; called once.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        classes: NDArray[np.int64],
        read: Callable[[], tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    ) -> None:
        object.__setattr__(self, "vocabulary", vocabulary)
        object.__setattr__(self, "classes", classes)
        object.__setattr__(self, "_read", read)

    def __getattr__(self, name: str) -> Any:
        if name not in ("unary", "binary"):
            raise AttributeError(name)
        unary, binary = self.__dict__["_read"]()
        object.__setattr__(self, "unary", unary)
        object.__setattr__(self, "binary", binary)
        return unary if name == "unary" else binary


@dataclass(frozen=True)
class Clip:
    """One video with what is known about it. Nothing is decoded before :meth:`frames` is called.

    picks: numbers of the video's frames that make the clip, rising; None for all of them.
    fps: frames a second of the clip (after picking).
    video: a video file, or a folder of pictures, one a frame, in the order of their names.
    read_masks: gives the objects' masks, bool [T, N, H, W], where the dataset has them.
    """

    id: str
    video: Path
    fps: float
    size: tuple[int, int]  # width, height in pixels; (0, 0) where not known before decoding
    group: str  # clips of one group (a level, a long video) never fall into different splits
    captions: tuple[Caption, ...]
    tracks: Tracks
    truth: GroundTruth | None = None
    picks: tuple[int, ...] | None = None
    read_masks: Callable[[], NDArray[np.bool_]] | None = None

    @property
    def length(self) -> int:
        """The number of frames T, known without decoding."""
        return self.tracks.present.shape[0] if self.picks is None else len(self.picks)

    def frames(self) -> NDArray[np.uint8]:
        """Decode the clip: uint8 [T, H, W, 3], RGB. Raises DataError, naming the file, when it cannot be decoded."""
        from nesy.datasets.video import read_frames, read_video

        if self.picks is not None:
            return read_frames(self.video, self.picks)
        return read_video(self.video, expected_frames=self.tracks.present.shape[0])

    def masks(self) -> NDArray[np.bool_] | None:
        """The objects' masks, bool [T, N, H, W], decoded now; None where the dataset has only boxes."""
        return None if self.read_masks is None else self.read_masks()


@dataclass
class DataReport:
    """What was read, what was left out and why: printed by ``nesy data info`` and stored with every run.

    read: clips.  captions: those that became a formula; None where none was read yet.
    """

    read: int = 0
    captions: int | None = None
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> count
    examples: dict[str, str] = field(default_factory=dict)  # reason -> the first message

    def skip(self, reason: str, message: str) -> None:
        """Count one left-out sample under ``reason``; the first full message of each reason is kept."""
        self.skipped[reason] += 1
        self.examples.setdefault(reason, message)

    def nothing(self, root: Path, otherwise: str) -> DataError:
        """The error of a dataset of which nothing can be used: with what was left out, or else ``otherwise``."""
        hint = next(iter(self.examples.values()), otherwise)
        left = ", ".join(f"{count} x {reason}" for reason, count in self.skipped.items())
        return DataError(f"no usable clip in {root}" + (f" ({left})" if left else ""), hint=hint)


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


Bounds = tuple[float, float] | list[str]
"""What a setting may be: a number from the first to the second, or one of these words."""

Opener = Callable[[Mapping[str, object], Path, Callable[[int, int], None] | None], Dataset]
"""Settings, cache folder and progress callback to a dataset; see :func:`nesy.datasets.open_dataset`."""


@dataclass(frozen=True)
class Format:
    """A registered dataset or on-disk format.

    summary: one line for ``nesy data list``.
    settings: what a data block may set, with the defaults; ``root`` is the folder of the files.
    read: the opener, given checked settings.
    marker: a file by whose presence a folder is recognised as of this format; empty when it has none.
    layout: the files that are expected below ``root``, in words.
    extra: the optional dependency that must be installed, empty when none.
    bounds: what the settings may be, beyond their types.
    """

    summary: str
    settings: Mapping[str, object]
    read: Opener
    marker: str = ""
    layout: str = ""
    extra: str = ""
    bounds: Mapping[str, Bounds] = field(default_factory=dict)

    @property
    def __wrapped__(self) -> Opener:  # a format of the same opener is this one, registered again
        return self.read

    def __call__(
        self, settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None
    ) -> Dataset:
        return self.read(self.checked(settings), cache, progress)

    def checked(self, settings: Mapping[str, object], without: Iterable[str] = ()) -> dict[str, object]:
        """The settings of a data block with the defaults for the others; those in ``without`` it may not give.

        Raises:
            DataError: unknown, mistyped or impossible setting.
        """
        known = {k: v for k, v in self.settings.items() if k not in without}
        return checked_settings(settings, known, self.bounds)


datasets: Registry[Format] = Registry("dataset")
"""Datasets by the name that a ``.dsl`` file's data block gives."""


def checked_settings(
    settings: Mapping[str, object], defaults: Mapping[str, object], bounds: Mapping[str, Bounds]
) -> dict[str, object]:
    """Defaults overridden by settings of the same names and types, within their bounds.

    Raises:
        DataError: unknown, mistyped or impossible setting.
    """
    chosen = dict(defaults)
    for name, value in settings.items():
        if name not in defaults:
            raise DataError(f"unknown data setting `{name}`", expected=defaults, hint=did_you_mean(name, defaults))
        default = defaults[name]
        if isinstance(value, float) and isinstance(default, int) and value.is_integer():
            value = int(value)  # a .dsl file's numbers may come as floats
        wanted = (int, float) if name == "fps" or isinstance(default, float) else type(default)
        if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, wanted):
            raise DataError(f"data setting `{name}` cannot be {value!r}", expected=[f"a value like {default!r}"])
        if name in bounds:
            _within(name, value, bounds[name])
        chosen[name] = value
    return chosen


def _within(name: str, value: object, bounds: Bounds) -> None:
    hint = None
    if isinstance(bounds, list):
        if value in bounds:
            return
        expected, hint = [f'"{word}"' for word in bounds], did_you_mean(str(value), bounds)
    else:
        low, high = bounds
        if isinstance(value, int | float) and low <= value <= high:
            return
        expected = [f"at least {low}" if high == inf else f"from {low} to {high}"]
    raise DataError(f"data setting `{name}` cannot be {value!r}", expected=expected, hint=hint)
