"""Prediction over folders of videos: one scene-graph file a video, in the same place below another folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nesy.errors import DataError
from nesy.jobs import claim, list_failures, work
from nesy.predicates import load_predicates
from nesy.training import run as runs

SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm")


@dataclass(frozen=True)
class Outcome:
    """How many graphs were made now and how many were there already; the videos that failed, with the reasons."""

    made: int
    kept: int
    failed: dict[str, str]


def videos_below(folder: Path) -> list[Path]:
    """All video files below a folder, sorted.

    Raises:
        DataError: no such folder, or none in it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(f"no video below {folder}", expected=SUFFIXES)
    return found


def graph_of(video: Path, root: Path, out: Path) -> Path:
    """Where the graph of a video below ``root`` is written."""
    return out / video.relative_to(root).with_suffix(".json")


class Work:
    """What one worker does with a video's path."""

    def __init__(self, run: str, root: str, out: str, tracks: str | None, code: Sequence[str]) -> None:
        from nesy.training.predict import Predictor

        for path in code:
            load_predicates(path)
        self.predict = Predictor(Path(run))
        self.root, self.out = Path(root), Path(out)
        self.tracks = Path(tracks) if tracks else None

    def __call__(self, item: str) -> None:
        from nesy.scenegraph import write_graph

        video = Path(item)
        boxes = graph_of(video, self.root, self.tracks) if self.tracks else None
        if boxes is not None and not boxes.is_file() and boxes.with_suffix(".txt").is_file():
            boxes = boxes.with_suffix(".txt")  # MOT
        graph, _ = self.predict(video, tracks=boxes)
        write_graph(graph, graph_of(video, self.root, self.out))


def predict_many(
    run: Path,
    root: Path,
    out: Path,
    *,
    tracks: Path | None = None,
    code: Sequence[Path] = (),
    workers: int = 2,
    batch: int = 8,
    gpus: float = 0.0,
    before: Callable[[str], None] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Predict the scene graphs of all videos below ``root`` into the same places below ``out``.

    Args:
        tracks: a folder with the boxes of each video in the same places, as ``nesy track`` writes them.
        code: Python files of one's own that workers run first, as ``--predicates`` does.
        workers: models at work at the same time.
        batch: videos handed to a worker at once; what is lost when it dies.
        gpus: share of a GPU that each worker takes.
        before: called with each video's path before it is read (in the worker).
        told: called with how many videos are done, and of how many.

    Returns:
        What was made; the failures are also written to ``out/failures.jsonl``.

    Raises:
        DataError: no videos, or ``out`` holds the graphs of other weights.
        CheckpointError: no trained run.
    """
    videos = videos_below(root)
    boxes = str(tracks.resolve()) if tracks else None
    claim(out, {"made by": "nesy predict", "weights": runs.weights_digest(run), "tracks": boxes})
    open_ = [str(v.resolve()) for v in videos if not graph_of(v, root, out).is_file()]
    args = [*(str(p.resolve()) if p else None for p in (run, root, out, tracks)), [str(p.resolve()) for p in code]]
    failed: dict[str, str] = {}
    done = work(Work, args, open_, workers=workers, batch=batch, gpus=gpus, before=before)
    for i, (video, reason) in enumerate(done, 1):
        if reason:
            failed[video] = reason
        if told is not None:
            told(i, len(open_))
    list_failures(out, ({"video": v, "reason": r} for v, r in sorted(failed.items())))
    return Outcome(len(open_) - len(failed), len(videos) - len(open_), failed)
