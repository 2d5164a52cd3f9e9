"""What a model says of objects that were found, and not given: the whole way from pixels to triplets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nesy.datasets.base import Clip, GroundTruth
from nesy.errors import DataError
from nesy.evaluation.protocols import Found
from nesy.perception import PredicateModel, batch_views, view_of
from nesy.scenegraph import read_graph


def on_found_boxes(
    model: PredicateModel,
    clips: Sequence[Clip],
    folder: Path,
    truth_of: Callable[[GroundTruth | None], GroundTruth | None],
    told: Callable[[int, int], None] | None = None,
) -> Iterator[Found]:
    """The model's graph of each clip with truth, on the tracks of ``folder/VIDEO.json`` (see ``nesy track``).

    A clip in whose frames nothing was found has a graph without objects.

    Args:
        truth_of: gives a truth in the model's vocabulary, None where it says nothing.
        told: called with how many clips are done, and of how many.

    Raises:
        DataError: no tracks of a clip's video, or tracks of fewer frames than it has.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}", hint="nesy track VIDEO -o FOLDER/VIDEO.json, for each video")
    device = next(model.parameters()).device
    model.eval()
    for done, clip in enumerate(clips):
        if told is not None:
            told(done, len(clips))
        truth = truth_of(clip.truth)
        if truth is None:
            continue
        boxes, present = _found(folder / f"{clip.video.stem}.json", clip)
        with torch.no_grad():
            view = view_of(model, clip.frames(), boxes, present)
            graph = model(batch_views([view], [clip.fps]).to(device)).to("cpu")
        yield graph, boxes, truth, clip.tracks
    if told is not None:
        told(len(clips), len(clips))


def _found(path: Path, clip: Clip) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Boxes [T, M, 4] and present [T, M] of what a file of tracks has in the frames of a clip."""
    file = read_graph(path)
    picks = list(clip.picks) if clip.picks is not None else list(range(clip.length))
    frames = file.graph.present.shape[1]
    if picks and picks[-1] >= frames:
        raise DataError(
            f"{path} has {frames} frames, but frame {picks[-1] + 1} of {clip.video} is asked for",
            hint="track this very video again",
        )
    present = file.graph.present[0].numpy()[picks]
    seen = present.any(0)
    return file.boxes.float().numpy()[picks][:, seen], present[:, seen]
