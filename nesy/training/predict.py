"""From a run and a video to a scene-graph file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from nesy.datasets.base import Tracks
from nesy.datasets.mugen import read_scene
from nesy.datasets.video import read_video, video_rate
from nesy.errors import DataError
from nesy.perception import batch_views
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
    task = runs.reopen(run)
    model = runs.load_model(run, task)
    frames = read_video(video)
    rate = fps or video_rate(video)
    found, source = _tracks(run, video, frames, tracks)
    if found.present.shape[0] != len(frames):
        raise DataError(f"{video} has {len(frames)} frames, but the boxes are of {found.present.shape[0]} ({source})")
    with torch.no_grad():
        view = model.look(frames, found.boxes, found.present)
        graph = model(batch_views([view], [rate]))
    return GraphFile(graph, found.ids, torch.from_numpy(found.boxes)), source


def _tracks(run: Path, video: Path, frames: np.ndarray, tracks: Path | None) -> tuple[Tracks, str]:
    if tracks is not None:
        given = read_graph(tracks)
        return Tracks(given.boxes.float().numpy(), given.graph.present[0].numpy(), given.ids), str(tracks)
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
        hint="give --tracks graph.json, or train with perception { proposals: true }",
    )
