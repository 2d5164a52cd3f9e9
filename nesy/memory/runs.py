"""A trained run's own clips as scene graphs, ready to be remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from nesy.datasets import open_dataset
from nesy.datasets.base import Clip
from nesy.errors import DataError
from nesy.perception import batch_views, view_of
from nesy.scenegraph import GraphFile
from nesy.training import run as runs


def predicted(
    run: Path, split: str = "test", clips: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Iterator[tuple[Clip, GraphFile]]:
    """The predicted scene graph of each clip of a split of the run's data, with the clip's tracks.

    Raises:
        CheckpointError: no trained run.
        DataError: no such split, or a clip that cannot be decoded.
    """
    task = runs.reopen(run)
    model = runs.load_model(run, task)
    name, settings = task.data
    dataset = open_dataset(name, settings, runs.cache_folder())
    if split not in dataset.splits:
        raise DataError(f"the data of {run} has no split `{split}`", expected=dataset.splits)
    chosen = dataset.splits[split][:clips]
    for i, clip in enumerate(chosen):
        if progress is not None:
            progress(i, len(chosen))
        with torch.no_grad():
            view = view_of(model, clip.frames(), clip.tracks.boxes, clip.tracks.present, clip.masks)
            graph = model(batch_views([view], [clip.fps])).to("cpu")
        yield clip, GraphFile(graph, clip.tracks.ids, torch.from_numpy(clip.tracks.boxes))
    if progress is not None:
        progress(len(chosen), len(chosen))


def true_graph(clip: Clip) -> GraphFile:
    """The true scene graph of a clip, every probability 0 or 1.

    Raises:
        DataError: the clip has no ground truth.
    """
    from nesy.scenegraph import SceneGraph

    t = clip.truth
    if t is None:
        raise DataError(f"clip {clip.id} has no ground truth")
    classes = torch.nn.functional.one_hot(torch.from_numpy(t.classes), len(t.vocabulary.classes)).double()
    graph = SceneGraph.from_probabilities(
        t.vocabulary, classes, torch.from_numpy(t.unary).double(), torch.from_numpy(t.binary).double(),
        torch.from_numpy(clip.tracks.present), clip.fps,
    )  # fmt: skip
    return GraphFile(graph, clip.tracks.ids, torch.from_numpy(clip.tracks.boxes))
