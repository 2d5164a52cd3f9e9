"""From a video file to tracks: decode, detect, join, and with SAM 2 follow by masks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nesy.datasets.video import read_video
from nesy.errors import DataError
from nesy.perception.tracking.associate import Association, associate
from nesy.perception.tracking.cache import TrackCache, spread, thinned
from nesy.perception.tracking.detections import LabelledTracks, detectors


def options_of(settings: Sequence[str]) -> dict[str, object]:
    """``name=value`` texts as settings; a value that is JSON is taken as such, any other as a text.

    Raises:
        DataError: no ``=``.
    """
    out: dict[str, object] = {}
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals:
            raise DataError(f"cannot understand the setting {text!r}", expected=["name=value"])
        try:
            out[name.strip()] = json.loads(value)
        except ValueError:
            out[name.strip()] = value
    return out


def track_video(
    video: Path,
    detector: str,
    settings: dict[str, object],
    *,
    masks: str | None = None,
    every: int = 1,
    sure: float = 0.5,
    shortest: int = 3,
    cache: Path | None = None,
) -> LabelledTracks:
    """The tracks of a video.

    Args:
        detector: a name of ``detectors``, with its ``settings``.
        masks: a SAM 2 video checkpoint directory; the objects are then followed by their masks between detections.
        every: detect in every so-manieth frame only.
        sure, shortest: see :class:`Association`.
        cache: a folder in which tracks are kept; the same video and settings are not computed twice.

    Raises:
        DataError, CheckpointError: unreadable video, unknown setting, missing weights.
    """
    stored = TrackCache(cache) if cache else None
    how = {
        "detector": detector, "masks": masks or "", "every": every, "sure": sure, "shortest": shortest,
        **{f"{detector}.{k}": v for k, v in settings.items()},
    }  # fmt: skip
    detect = detectors[detector](settings)  # wrong settings are told before the video is decoded
    place = stored.path(video, how) if stored else None
    if stored and place:
        known = stored.get(place)
        if known is not None:
            return known
    frames = read_video(video)
    at = thinned(len(frames), every)
    association = Association(sure=sure, least=min(0.1, sure), shortest=min(shortest, len(at)), gap=max(2, 12 // every))
    found = spread(associate(detect(frames[at]), association), at, len(frames))
    if masks:
        from nesy.perception.tracking.masks import follow

        found = follow(frames, found, masks)
    if stored and place:
        stored.put(place, found, None)
    return found
