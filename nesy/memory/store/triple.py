"""What the store holds: interval triples, and the patterns that ask for them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nesy.errors import DataError

IS_A = "is_a"
"""The predicate of class membership: ``(video/o1, is_a, snail)``."""


@dataclass(frozen=True, slots=True)
class Triple:
    """One statement with its interval.

    subject, object: names; a frame object has the global name ``video/object``. A unary predicate has no object.
    start, end: frames; the interval is half open, [start, end), so that "a meets b" is ``a.end == b.start``.
    confidence, peak: mean and largest frame probability within the interval, in [0, 1].
    fps: frames a second of the video, None where unknown.
    source: where it comes from, such as the name of a run or of a file.
    """

    subject: str
    predicate: str
    object: str | None
    video: str
    start: int
    end: int
    confidence: float = 1.0
    peak: float | None = None
    fps: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not self.subject or not self.predicate or not self.video or self.object == "":
            raise DataError(f"{self}: empty name in a triple")
        if not 0 <= self.start < self.end < 2**53:
            raise DataError(
                f"{self}: frames [{self.start}, {self.end}) are not an interval", expected=["0 <= start < end"]
            )
        if not 0 <= self.confidence <= 1 or not (self.peak is None or 0 <= self.peak <= 1):
            raise DataError(f"{self}: confidence {self.confidence} is not a probability")
        if self.fps is not None and not (0 < self.fps < math.inf and self.end / self.fps < math.inf):
            raise DataError(f"{self}: {self.fps} frames a second")

    @property
    def seconds(self) -> tuple[float, float] | None:
        """Start and end in seconds, None without a frame rate."""
        return None if self.fps is None else (self.start / self.fps, self.end / self.fps)

    def __str__(self) -> str:
        return f"({self.subject}, {self.predicate}{'' if self.object is None else ', ' + self.object})"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A triple with open slots; None in a slot is "anything".

    subject, object: a name, or a class: then every member of it, and the confidence of membership is multiplied in.
    unary: True for triples without object only, False for those with one only.
    confidence: the least confidence of an answer.
    frames: only triples that share a frame with [start, end).
    seconds: the same in seconds; videos without frame rate have no answer.
    exact: names are names, never classes.

    Raises:
        DataError: a time in which nothing can lie, such as (5, 5), or a confidence outside [0, 1].
    """

    subject: str | None = None
    predicate: str | None = None
    object: str | None = None
    video: str | None = None
    confidence: float = 0.0
    frames: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    source: str | None = None
    unary: bool | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        for window, unit in ((self.frames, "frames"), (self.seconds, "seconds")):
            if window is not None and not window[0] < window[1]:  # so is every comparison with NaN
                raise DataError(f"{unit} from {window[0]} to {window[1]} hold nothing", expected=["from < to"])
        if not 0 <= self.confidence <= 1:
            raise DataError(f"confidence {self.confidence} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Match:
    """An answer: a stored triple and the confidence that it is what the pattern asks for.

    id: number of the triple in the store.
    confidence: the triple's own, times that of the class memberships that the pattern asks for.
    """

    id: int
    triple: Triple
    confidence: float
