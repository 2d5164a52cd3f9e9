"""Captions by the million: files of captions to files of results, in parts, by several workers, resumable.

A file of captions is cut into parts; a worker makes the results of one part whole or not at all
(:func:`nesy.jobs.work`). When all parts of a file are there they become its file of results, in the order of its
captions. Until then they lie in a folder beside it, whose name changes with the captions, the domain and the extractor.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from nesy.errors import DataError, NesyError
from nesy.files import replacing, write_whole
from nesy.jobs import claim, list_failures, work
from nesy.predicates import load_predicates
from nesy.synthesis.captions import Caption, json_lines, read_captions
from nesy.synthesis.choice import Choice, domain_digest
from nesy.synthesis.extraction import Result, extract

PART = 500
"""Captions of a part: half a second of the rules, minutes of a language model; what a killed worker does again."""


@dataclass(frozen=True)
class Outcome:
    """How many files of results were made now and how many were there already; what failed, with the reasons.

    results: all files of results, made and kept.
    """

    made: int
    kept: int
    failed: dict[str, str]
    results: list[Path]

    def read(self) -> Iterator[Result]:
        """The results of all files, one after the other."""
        for path in self.results:
            for _, row in json_lines(path):
                yield Result.of_json(row)


class Work:
    """What one worker does with a part: ``[file of captions, first, end, file of its results]`` as JSON."""

    def __init__(self, domain: str, name: str | None, settings: Mapping[str, Any], code: Sequence[str]) -> None:
        for path in code:
            load_predicates(path)
        choice = Choice.of(Path(domain), name, settings)
        self.domain, self.extractor = choice.domain, choice.make()
        self.last: tuple[str, list[Caption]] = "", []

    def __call__(self, item: str) -> None:
        source, first, end, place = json.loads(item)
        if source != self.last[0]:  # its parts come one after the other
            self.last = source, read_captions(Path(source))
        results = extract(self.extractor, self.last[1][first:end], self.domain)
        write_whole(place, "".join(json.dumps(r.to_json()) + "\n" for r in results))


def extract_many(
    captions: Path,
    out: Path,
    domain: Path,
    *,
    extractor: str | None = None,
    settings: Mapping[str, Any] | None = None,
    code: Sequence[Path] = (),
    workers: int = 2,
    part: int = PART,
    before: Callable[[str], None] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Translate one file of captions to one of results, or all ``.jsonl`` files below a folder to files below another.

    In a folder, results that are not older than their captions are kept. What fails (a file that cannot be read, a part
    for which the extractor could not work at all) stops nothing else, is listed in ``out/failures.jsonl`` if ``out`` is
    a folder, and is tried again when the same is asked again.

    Args:
        domain: the ``.dsl`` file whose names the specs use.
        extractor, settings: as for :meth:`nesy.synthesis.choice.Choice.of`.
        code: Python files of one's own that workers run first, as ``--predicates`` does.
        workers: extractors at work at the same time, where Ray is installed.
        part: captions of a part.
        before: called with each part before it is begun (in the worker).
        told: called with how many captions are done, and of how many.

    Raises:
        DataError: no captions, or ``out`` holds the results of another domain or extractor.
        NesyError: an unknown extractor or setting.
    """
    choice = Choice.of(domain, extractor, settings)
    choice.make()  # what is wrong with the settings is said once, and before any work
    about = {
        "made by": "nesy extract",
        "extractor": choice.name,
        "settings": dict(choice.settings),
        "domain": domain_digest(domain),
    }
    whole = captions.is_dir()
    files = _files(captions, out)
    if whole:
        claim(out, about)
    open_ = {s: t for s, t in files.items() if not (whole and _is_kept(s, t))}
    failed: dict[str, str] = {}
    waiting: dict[Path, list[Path]] = {}  # by file of captions: the parts of its results
    items: dict[str, tuple[Path, int]] = {}  # what is still to be done: the file and the number of captions
    total = 0
    for source, target in open_.items():
        try:
            count = len(read_captions(source))
            folder = _parts_folder(source, target, about, part)
        except NesyError as e:
            failed[str(source)] = e.message
            continue
        waiting[source] = [folder / f"{i:07}.jsonl" for i in range(-(-count // part))]
        for i, place in enumerate(waiting[source]):
            end = min((i + 1) * part, count)
            if not place.is_file():
                total += end - i * part
                items[json.dumps([str(source), i * part, end, str(place)])] = source, end - i * part
    left = {source: sum(not p.is_file() for p in places) for source, places in waiting.items()}
    made = [_joined(waiting[s], files[s]) for s in waiting if not left[s]]
    done = 0
    args = [str(domain), extractor, dict(settings or {}), [str(p.resolve()) for p in code]]
    for item, reason in work(Work, args, list(items), workers=workers, batch=1, before=before):
        source, count = items[item]
        done += count
        left[source] -= not reason
        if reason:
            first, end = json.loads(item)[1:3]
            failed[f"{source}, captions {first + 1} to {end}"] = reason
        elif not left[source]:
            made.append(_joined(waiting[source], files[source]))
        if told is not None:
            told(done, total)
    if whole:
        list_failures(out, ({"captions": c, "reason": r} for c, r in sorted(failed.items())))
    kept = [t for s, t in files.items() if s not in open_]
    return Outcome(len(made), len(kept), failed, sorted([*made, *kept]))


def _files(captions: Path, out: Path) -> dict[Path, Path]:
    """Each file of captions with its file of results; a folder's results may lie below it and are no captions."""
    if not captions.is_dir():
        if not captions.is_file():
            raise DataError(f"{captions}: no such file")
        return {captions: out}
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is no folder", hint="the results of a folder of captions go to a folder: -o specs")
    below = out.resolve()
    if below == captions.resolve():
        raise DataError(f"the results cannot lie in the folder of the captions, {captions}", hint="-o another folder")
    found = sorted(
        p
        for p in captions.rglob("*.jsonl")
        if below not in p.resolve().parents and not any(n.startswith(".") for n in p.relative_to(captions).parts)
    )
    if not found:
        raise DataError(f"no file of captions below {captions}", expected=[".jsonl"])
    return {p: out / p.relative_to(captions) for p in found}


def _is_kept(source: Path, target: Path) -> bool:
    return target.is_file() and target.stat().st_mtime >= source.stat().st_mtime


def _parts_folder(source: Path, target: Path, about: Mapping[str, Any], part: int) -> Path:
    """Where the parts of a file's results lie until all are there; what other captions or settings made is removed."""
    told = hashlib.sha256(source.read_bytes() + json.dumps([about, part]).encode()).hexdigest()[:12]
    folder = target.with_name(f".{target.name}.{told}.parts")
    for other in target.parent.glob(f".{escape(target.name)}.*.parts"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _joined(parts: list[Path], target: Path) -> Path:
    with replacing(target) as whole, whole.open("wb") as to:
        for place in parts:
            with place.open("rb") as part:
                shutil.copyfileobj(part, to)
    if parts:
        shutil.rmtree(parts[0].parent, ignore_errors=True)
    return target
