"""``nesy extract`` of a folder, or of one file by several workers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from nesy.cli.app import err
from nesy.cli.progress import bars
from nesy.errors import DataError


def extract_folder(
    captions: Path,
    spec: Path | None,
    output: Path | None,
    extractor: str | None,
    settings: dict[str, Any],
    code: list[Path],
    workers: int,
    as_json: bool,
) -> None:
    """Translate all captions to files of results, and say how many specs there are and what failed."""
    from nesy.jobs import FAILURES, on_ray
    from nesy.synthesis.extraction import Summary
    from nesy.synthesis.many import extract_many

    what = "a folder" if captions.is_dir() else "captions with --workers"
    if spec is None:
        raise DataError(
            f"{what} needs a domain", hint="let --open declare one for some of the captions, and give it with --spec"
        )
    if output is None or not (captions.is_dir() or output.suffix == ".jsonl"):
        raise DataError(
            f"where do the results of {what} go?", hint="-o a folder" if captions.is_dir() else "-o results.jsonl"
        )
    if not on_ray():
        err.print("one part after the other; several at a time: pip install 'nesy[ray]'", markup=False)
    with bars() as shown:
        outcome = extract_many(
            captions, output, spec, extractor=extractor, settings=settings, code=code, workers=workers,
            told=lambda done, total: shown.tell("captions", done, total),
        )  # fmt: skip
    summary = Summary.of(outcome.read())
    failures = output / FAILURES if captions.is_dir() else None
    if as_json:
        counts = {"made": outcome.made, "kept": outcome.kept, "failed": outcome.failed}
        print(json.dumps({**counts, **asdict(summary)}))
    err.print(
        f"{output}: {outcome.made} files of results made, {outcome.kept} kept, {len(outcome.failed)} failures",
        markup=False,
    )
    for place, reason in list(outcome.failed.items())[:3]:
        err.print(f"  {place}: {reason}", markup=False)
    if outcome.failed and failures is not None:
        err.print(f"what failed, and why: {failures}", markup=False)
    err.print(str(summary), markup=False)
    if outcome.failed or not (summary.accepted or summary.repaired):
        raise typer.Exit(1)
