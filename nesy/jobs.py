"""Jobs of many independent items: in this process one after the other or, where Ray is installed, by several workers.

A worker makes the file of one item whole or not at all, so that a job which was broken off goes on where it stopped.
What is wrong with one item is kept as its reason and stops nothing; a worker that dies is started anew by Ray, which
gives its items to another. On one machine or, over a shared file system, on a cluster.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nesy.errors import DataError, NesyError
from nesy.files import write_whole
from nesy.own import own_mistakes

FAILURES = "failures.jsonl"
ABOUT = "job.json"

Worker = Callable[[str], None]
"""Makes the file of one item; a NesyError or OSError is the reason why it could not."""


def on_ray() -> bool:
    """Whether Ray is installed, so that several workers share a job."""
    return find_spec("ray") is not None


def work(
    make: Callable[..., Worker],
    args: Sequence[Any],
    items: Sequence[str],
    *,
    workers: int = 2,
    batch: int = 8,
    gpus: float = 0.0,
    before: Callable[[str], None] | None = None,
) -> Iterator[tuple[str, str]]:
    """Each item, in any order, with the reason why it failed, which is empty where it did not.

    Args:
        make: what makes a worker of ``args``, once in each process (so a model is loaded once); like ``args`` it
            must be something that can be sent to another process.
        items: what to do; anything that a text can say.
        workers: how many are at work at the same time.
        batch: items that are handed to a worker at once; what is done again when it dies.
        gpus: share of a GPU that each worker takes.
        before: called with each item before it is begun, in the worker.

    Raises:
        NesyError: no worker can be made of ``args``.
    """
    if not items:
        return
    if not on_ray():
        one = _Rows(make, args, before, None)
        for item in items:
            yield item, one.reason(item)
        return
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    if not ray.is_initialized():
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        ray.init(
            num_cpus=max(workers, os.cpu_count() or 1),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    DataContext.get_current().enable_progress_bars = False  # callers have their own
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):  # what matters is raised; the rest is in Ray's log files
            handler.setLevel(logging.CRITICAL)
    blocks = -(-len(items) // batch)
    rows = ray.data.from_items([{"item": i} for i in items], override_num_blocks=blocks)
    done = rows.map_batches(
        _Rows,
        fn_constructor_args=(make, args, before, os.getcwd()),
        batch_size=batch,
        compute=ActorPoolStrategy(size=min(workers, blocks)),
        num_gpus=gpus or None,
    )
    try:
        for row in done.iter_rows():
            yield row["item"], row["reason"]
    except ray.exceptions.RayError as e:
        raise _told(e) from None


def _told(error: BaseException) -> BaseException:
    """What a worker had to say when it could not begin, else the error itself."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, NesyError):
        found = getattr(found, "cause", None) or found.__cause__
    return found or error


class _Rows:
    """One worker as Ray Data wants it: batches of rows to batches of rows."""

    def __init__(
        self,
        make: Callable[..., Worker],
        args: Sequence[Any],
        before: Callable[[str], None] | None,
        place: str | None,
    ) -> None:
        if place is not None:
            os.chdir(place)  # so that relative paths mean what they mean to the caller
        with own_mistakes():
            self.one = make(*args)
        self.before = before

    def __call__(self, rows: dict[str, list[str]]) -> dict[str, list[str]]:
        items = [str(i) for i in rows["item"]]
        return {"item": items, "reason": [self.reason(i) for i in items]}

    def reason(self, item: str) -> str:
        if self.before is not None:
            self.before(item)
        try:
            with own_mistakes():
                self.one(item)
        except NesyError as e:
            return e.message if e.hint is None else f"{e.message} ({e.hint})"
        except OSError as e:
            return f"{e.filename}: {e.strerror}" if e.filename else str(e)
        return ""


def claim(out: Path, about: Mapping[str, Any]) -> None:
    """Note in a job's folder what its files are made with, so that no other job's files are kept as its own.

    Raises:
        DataError: the folder holds files that were made with something else, or cannot be written.
    """
    place = out / ABOUT
    told = json.loads(json.dumps(about))
    if place.is_file():
        try:
            before = json.loads(place.read_text("utf-8"))
        except (OSError, ValueError) as e:
            raise DataError(f"{place}: cannot read it ({e})") from None
        if before != told:
            keys = list({**told, **before}) if isinstance(before, dict) else []
            other = [k for k in keys if before.get(k) != told.get(k)]
            what = ", ".join(f"{k}: {before.get(k)!r}, not {told.get(k)!r}" for k in other)
            raise DataError(
                f"{out} holds the files of another job ({what})", hint="name another folder, or remove that one"
            )
        return
    write_whole(place, json.dumps(told, indent=1) + "\n")


def list_failures(out: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the items that failed, with their reasons, to ``failures.jsonl``; an empty file says that none did."""
    write_whole(out / FAILURES, "".join(json.dumps(dict(r)) + "\n" for r in rows))
