"""From a run and a video to a scene-graph file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from nesy.datasets.base import Tracks
from nesy.datasets.boxes import boxes_of, read_json
from nesy.datasets.mugen import read_scene
from nesy.datasets.video import read_video, video_rate
from nesy.errors import DataError
from nesy.perception import batch_views, view_of
from nesy.perception.proposals import load_proposer, track
from nesy.scenegraph import GraphFile, read_graph
from nesy.training import run as runs


def predict_video(
    run: Path, video: Path, *, tracks: Path | None = None, fps: float | None = None
) -> tuple[GraphFile, str]:
    """The predicted scene graph of a video and where its boxes came from.

    Raises:
        CheckpointError: no trained run.
        DataError: unreadable video, or boxes that do not fit it.
    """
    return Predictor(run)(video, tracks=tracks, fps=fps)


class Predictor:
    """A run's model, loaded once for many videos; on a GPU when there is one.

    Raises:
        CheckpointError: no trained run.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.model = runs.load_model(run, runs.reopen(run))
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(self.device)

    def __call__(self, video: Path, *, tracks: Path | None = None, fps: float | None = None) -> tuple[GraphFile, str]:
        """The predicted scene graph of a video and where its boxes came from.

        Raises:
            DataError: unreadable video, or boxes that do not fit it.
        """
        frames = read_video(video)
        rate = fps or video_rate(video)
        found, source = _tracks(self.run, video, frames, tracks)
        if found.present.shape[0] != len(frames):
            raise DataError(
                f"{video} has {len(frames)} frames, but the boxes are of {found.present.shape[0]} ({source})"
            )
        with torch.no_grad():
            view = view_of(self.model, frames, found.boxes, found.present)
            graph = self.model(batch_views([view], [rate]).to(self.device)).to("cpu")
        return GraphFile(graph, found.ids, torch.from_numpy(found.boxes)), source


def _given(path: Path, video: Path, frames: int) -> Tracks:
    """The boxes in a file that the folder dataset reads too; one that states its number of frames keeps it."""
    if path.suffix.lower() == ".json" and path.is_file() and "images" not in read_json(path):
        graph = read_graph(path)
        return Tracks(graph.boxes.float().numpy(), graph.graph.present[0].numpy(), graph.ids)
    boxes = boxes_of(path, video)
    last = max((k for at in boxes.at.values() for k in at), default=-1)
    if last < 0:
        raise DataError(f"{path} has no box of {video.stem}")
    ids = boxes.seen(range(last + 1))
    return Tracks(*boxes.arrays(ids, range(max(frames, last + 1))), ids)


def _tracks(run: Path, video: Path, frames: np.ndarray, tracks: Path | None) -> tuple[Tracks, str]:
    if tracks is not None:
        return _given(tracks, video, len(frames)), str(tracks)
    game = video.parent.parent / "video_metadata" / f"{video.stem}.json"
    if game.is_file():
        try:
            scene = json.loads(game.read_text("utf-8"))["nesy"]
            return read_scene(scene, len(frames))[0], str(game)
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise DataError(f"{game}: not a readable game file ({type(e).__name__}: {e})") from None
    proposals = run / runs.PROPOSALS
    if proposals.is_file():
        return track(load_proposer(proposals).propose(frames)), "the run's proposals"
    raise DataError(
        f"{video}: no boxes of its objects are known",
        hint="give --tracks FILE (a scene graph, COCO or MOT), or train with perception { proposals: true }",
    )
