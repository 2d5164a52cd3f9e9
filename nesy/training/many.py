"""Prediction over folders of videos: resumable, failures listed and not fatal; on Ray Data where Ray is installed.

Every worker holds the run's model once (:class:`nesy.training.predict.Predictor`) and writes one scene-graph file a
video, whole or not at all. A file that exists is not made again, so that a broken-off job goes on where it stopped, and
a worker that dies is started anew by Ray, which gives its videos to another. On one machine or a cluster. Without Ray
the same worker does one video after the other in this process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nesy.errors import DataError, NesyError
from nesy.files import write_whole

SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm")
FAILURES = "failures.jsonl"


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
    """What one worker does with a batch of rows ``{"video": [path, ...]}``; any NesyError becomes the row's reason."""

    def __init__(self, run: str, root: str, out: str, tracks: str | None, before: Callable[[str], None] | None) -> None:
        from nesy.training.predict import Predictor

        self.predict = Predictor(Path(run))
        self.root, self.out = Path(root), Path(out)
        self.tracks = Path(tracks) if tracks else None
        self.before = before

    def __call__(self, rows: dict[str, list[str]]) -> dict[str, list[str]]:
        return {"video": list(rows["video"]), "reason": [self._one(Path(str(v))) for v in rows["video"]]}

    def _one(self, video: Path) -> str:
        from nesy.scenegraph import write_graph

        if self.before is not None:
            self.before(str(video))
        place = graph_of(video, self.root, self.out)
        boxes = graph_of(video, self.root, self.tracks) if self.tracks else None
        try:
            graph, _ = self.predict(video, tracks=boxes)
            place.parent.mkdir(parents=True, exist_ok=True)
            write_graph(graph, place)
        except NesyError as e:
            return e.message
        except OSError as e:
            return f"{place}: {e.strerror}"
        return ""


def predict_many(
    run: Path,
    root: Path,
    out: Path,
    *,
    tracks: Path | None = None,
    workers: int = 2,
    batch: int = 8,
    gpus: float = 0.0,
    before: Callable[[str], None] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Predict the scene graphs of all videos below ``root`` into the same places below ``out``.

    Args:
        tracks: a folder with the boxes of each video in the same places, as ``nesy track`` writes them.
        workers: models at work at the same time.
        batch: videos handed to a worker at once; what is lost when it dies.
        gpus: share of a GPU that each worker takes.
        before: called with each video's path before it is read (in the worker).
        told: called with how many videos are done, and of how many.

    Returns:
        What was made; the failures are also written to ``out/failures.jsonl``.

    Raises:
        DataError: no videos.
    """
    videos = videos_below(root)
    open_ = [v for v in videos if not graph_of(v, root, out).is_file()]
    paths = [str(p.resolve()) if p else None for p in (run, root, out, tracks)]
    failed: dict[str, str] = {}
    if open_:
        done = _on_ray(open_, (*paths, before), workers, batch, gpus) if on_ray() else _here(open_, (*paths, before))
        for i, (video, reason) in enumerate(done, 1):
            if reason:
                failed[video] = reason
            if told is not None:
                told(i, len(open_))
    rows = [json.dumps({"video": v, "reason": r}) + "\n" for v, r in sorted(failed.items())]
    write_whole(out / FAILURES, "".join(rows))
    return Outcome(len(open_) - len(failed), len(videos) - len(open_), failed)


def on_ray() -> bool:
    """Whether Ray is installed, so that several workers share a folder."""
    return find_spec("ray") is not None


def _here(videos: Sequence[Path], work: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    """Each video with the reason why it failed, or nothing."""
    worker = Work(*work)
    for video in videos:
        path = str(video.resolve())
        yield path, worker({"video": [path]})["reason"][0]


def _on_ray(
    videos: Sequence[Path], work: tuple[Any, ...], workers: int, batch: int, gpus: float
) -> Iterator[tuple[str, str]]:
    """The same from several workers, in any order."""
    import ray
    from ray.data import ActorPoolStrategy

    if not ray.is_initialized():
        ray.init(num_cpus=max(workers, os.cpu_count() or 1), include_dashboard=False, log_to_driver=False)
    rows = ray.data.from_items(
        [{"video": str(v.resolve())} for v in videos], override_num_blocks=len(videos) // batch + 1
    )
    done = rows.map_batches(
        Work,
        fn_constructor_args=work,
        batch_size=batch,
        compute=ActorPoolStrategy(size=workers),
        num_gpus=gpus or None,
    )
    for row in done.iter_rows():
        yield row["video"], row["reason"]
