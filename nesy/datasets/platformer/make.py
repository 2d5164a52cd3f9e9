"""Make a platformer dataset on disk in MUGEN's layout: deterministic, resumable, whole or not at all."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from filelock import FileLock

from nesy.datasets.platformer.captions import auto_caption
from nesy.datasets.platformer.events import extract
from nesy.datasets.platformer.gamefile import game_json, nesy_json
from nesy.datasets.platformer.level import DIFFICULTIES
from nesy.datasets.platformer.manual import manual_captions
from nesy.datasets.platformer.render import render
from nesy.datasets.platformer.simulate import simulate
from nesy.datasets.platformer.truth import observe
from nesy.datasets.video import write_video
from nesy.errors import DataError, did_you_mean
from nesy.files import write_whole

CLIPS_PER_LEVEL = 2
SHARES = {"val": 0.15, "test": 0.15}
VERSION = 5  # raise when the same arguments give other data


def make_platformer(
    out: Path,
    clips: int,
    *,
    seed: int = 0,
    frames: int = 24,
    fps: float = 8,
    size: int = 64,
    difficulty: str = "normal",
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write ``clips`` clips with captions and exact scene graphs to the folder ``out``.

    Clips are made in ``.<name>.partial`` beside ``out``, which is renamed when all is done: an interrupted making
    leaves no half dataset, and the same call goes on where it stopped. A folder that already holds this very dataset is
    left alone. ``size`` is the picture's side in pixels; ``progress`` is called with (clips done, clips in all).

    Raises:
        DataError: an argument out of range, or ``out`` holds something else.
    """
    _check(clips, frames, fps, size, difficulty)
    out = Path(out)
    arguments = {
        "generator": f"nesy platformer {VERSION}",
        "clips": clips,
        "seed": seed,
        "frames": frames,
        "fps": fps,
        "size": size,
        "difficulty": difficulty,
    }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # A second process that wants the same folder waits here and then finds it made.
        lock = _lock_of(out)
        with FileLock(lock):
            if not out.exists() or _replaceable(out, arguments):
                _make(out, arguments, progress)
            elif progress:
                progress(clips, clips)
            lock.unlink(missing_ok=True)  # who waited for it finds the folder made
    except OSError as error:
        raise DataError(f"cannot write {out}: {error}", hint="check the free space and the permissions") from error


def _lock_of(out: Path) -> Path:
    """A lock file in the system's temporary folder, so that nothing is left beside the user's data."""
    name = hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"nesy-{getpass.getuser()}-{name}.lock"


def _make(out: Path, arguments: dict[str, Any], progress: Callable[[int, int], None] | None) -> None:
    clips, seed = arguments["clips"], arguments["seed"]
    shape = {k: arguments[k] for k in ("frames", "fps", "size", "difficulty")}
    work = out.parent / f".{out.name}.partial"
    _open_work(work, arguments)
    split_of = split_levels(clips, seed)
    index: dict[str, list[dict[str, Any]]] = {"train": [], "val": [], "test": []}
    for clip in range(clips):
        entry = _clip(work, clip, seed, **shape)
        index[split_of[clip // CLIPS_PER_LEVEL]].append(entry)
        if progress:
            progress(clip + 1, clips)
    for split, entries in index.items():
        metadata = {"data_folder": ".", "split": split, **arguments}
        write_whole(work / f"{split}.json", _json({"metadata": metadata, "data": entries}))
    if out.exists():
        out.rmdir()  # only an empty folder gets this far
    os.replace(work, out)
    (out / "arguments.json").unlink(missing_ok=True)


def split_levels(clips: int, seed: int) -> list[str]:
    """The split of every level: 70/15/15, whole levels, and no split empty where there are three levels or more."""
    levels = -(-clips // CLIPS_PER_LEVEL)
    order = list(range(levels))
    Random(f"split/{seed}").shuffle(order)
    split_of = ["train"] * levels
    start = 0
    for split, share in SHARES.items():
        count = max(1, round(share * levels)) if levels >= 3 else 0
        for level in order[start : start + count]:
            split_of[level] = split
        start += count
    return split_of


def _clip(work: Path, clip: int, seed: int, frames: int, fps: float, size: int, difficulty: str) -> dict[str, Any]:
    level = clip // CLIPS_PER_LEVEL
    name = f"platformer_seed_{seed}_level_{level:05d}_clip_{clip % CLIPS_PER_LEVEL}"
    files = {"json_file": f"video_metadata/{name}.json", "video_file": f"videos/{name}.mp4"}
    key = f"{seed}/{level}/{clip % CLIPS_PER_LEVEL}"
    world, record = simulate(f"{seed}/{level}", key, DIFFICULTIES[difficulty], frames, fps)
    tracks, truth, _ = observe(record, size, key)
    events = extract(truth, record.vx[:, 0], record.box[:, 0, 1])
    rng = Random(f"captions/{key}")
    told = [auto_caption(events, truth, rng)]
    told += manual_captions(events, truth, rng)
    annotations = [{"type": "auto" if i == 0 else "manual", "text": text} for i, (text, _) in enumerate(told)]
    if not ((work / files["json_file"]).is_file() and (work / files["video_file"]).is_file()):
        game = game_json(world, record, clip=clip, level_seed=level, agent_seed=clip, size=size, fps=fps)
        game["nesy"] = nesy_json(tracks, truth, events, [c for _, c in told], fps, size)
        write_video(work / files["video_file"], render(world, record, size), fps)
        write_whole(work / files["json_file"], _json(game))
    return {"video": {**files, "num_frames": frames}, "annotations": annotations}


def _check(clips: int, frames: int, fps: float, size: int, difficulty: str) -> None:
    if clips < 1:
        raise DataError(f"cannot make {clips} clips", expected=["clips >= 1"])
    if not 2 <= frames <= 10_000:
        raise DataError(f"cannot make clips of {frames} frames", expected=["frames from 2 to 10000"])
    if not 4 <= fps <= 24:
        raise DataError(f"cannot make {fps} frames a second", expected=["fps from 4 to 24"])
    if not 32 <= size <= 1024 or size % 2:
        raise DataError(f"cannot make pictures of side {size}", expected=["an even size from 32 to 1024"])
    if difficulty not in DIFFICULTIES:
        raise DataError(
            f"unknown difficulty `{difficulty}`", expected=DIFFICULTIES, hint=did_you_mean(difficulty, DIFFICULTIES)
        )


def _replaceable(out: Path, arguments: dict[str, Any]) -> bool:
    """May ``out`` be made? False when it already holds this dataset; DataError when it holds anything else."""
    if out.is_dir() and not any(out.iterdir()):
        return True
    try:
        metadata = json.loads((out / "train.json").read_text())["metadata"]
    except (OSError, ValueError, KeyError, TypeError):
        metadata = {}
    if all(metadata.get(k) == value for k, value in arguments.items()):
        return False
    raise DataError(f"{out} exists and holds something else", hint="choose another --out, or remove that folder first")


def _open_work(work: Path, arguments: dict[str, Any]) -> None:
    """Take up the partial folder of the same arguments, or begin a new one."""
    note = work / "arguments.json"
    try:
        same = json.loads(note.read_text()) == arguments
    except (OSError, ValueError):
        same = False
    if not same:
        if work.exists():
            shutil.rmtree(work)
        for folder in ("videos", "video_metadata"):
            (work / folder).mkdir(parents=True, exist_ok=True)
        write_whole(note, _json(arguments))
    for left in [*work.rglob(".*.tmp"), *work.rglob(".*.part")]:  # half a file of a run that was killed
        left.unlink()


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
