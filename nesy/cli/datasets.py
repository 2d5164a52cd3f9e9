"""``nesy data list`` and ``nesy data check``: which formats there are, and whether files of one are whole."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from nesy.cli.app import err, out
from nesy.cli.data import data
from nesy.cli.progress import bars
from nesy.errors import DataError


@data.command("list")
def list_formats(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The datasets and formats that a data block can name, with their settings.

    Example: nesy data list
    """
    from nesy.datasets.base import datasets

    rows = {
        name: {
            "summary": datasets[name].summary,
            "settings": dict(datasets[name].settings),
            "layout": datasets[name].layout,
            "extra": datasets[name].extra,
        }
        for name in datasets
    }
    if as_json:
        print(json.dumps(rows))
        return
    table = Table("name", "what it is", "settings and defaults")
    for name, row in rows.items():
        settings = ", ".join(f"{k}: {json.dumps(v)}" for k, v in datasets[name].settings.items())
        table.add_row(name, str(row["summary"]), settings)
    out.print(table)


@data.command("check")
def check(
    name: Annotated[str, typer.Argument(help="A format of `nesy data list`, or a folder.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the format: root=FOLDER, fps=4, ...")
    ] = None,
    decode: Annotated[bool, typer.Option("--decode", help="Also decode every clip (slow).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read a dataset and report what is missing, broken or inconsistent; exit code 1 if anything is.

    Example: nesy data check openpvsg --set root=data/pvsg --set fps=1 --decode
    """
    from nesy.datasets import open_dataset
    from nesy.datasets.integrity import check_dataset
    from nesy.training.run import cache_folder

    with bars() as shown:
        dataset = open_dataset(
            name, parse(settings or []), cache_folder(), lambda done, total: shown.tell("reading", done, total)
        )
        began = time.perf_counter()
        found = check_dataset(dataset, decode, lambda done, total: shown.tell("checking", done, total))
    if as_json:
        print(json.dumps(found.as_dict()))
    else:
        out.print(f"{dataset.name}: {found.clips} clips, {found.frames} frames in {found.videos} videos", markup=False)
        for reason, count in found.problems.items():
            out.print(f"  {count} x {reason} (first: {found.examples[reason]})", markup=False)
        err.print(f"checked in {time.perf_counter() - began:.1f} s", markup=False)
    if found.problems:
        raise typer.Exit(1)


def parse(settings: list[str]) -> dict[str, Any]:
    """``key=value`` texts as settings; values are JSON, and anything else is a text."""
    chosen: dict[str, Any] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise DataError(f"cannot understand the setting {text!r}", expected=["root=FOLDER", "fps=4"])
        try:
            chosen[key.strip()] = json.loads(value)
        except ValueError:
            chosen[key.strip()] = value
    if "root" in chosen:
        chosen["root"] = str(Path(str(chosen["root"])))
    return chosen


@data.command("convert")
def convert(
    name: Annotated[str, typer.Argument(help="actiongenome or llava-video.")],
    root: Annotated[Path, typer.Argument(help="The folder of the dataset.")],
) -> None:
    """Convert pickled annotations once into files that are safe to read.

    A pickle is a program. Only plain data and numpy arrays are accepted here, anything else in a file is refused; the
    readers themselves never open a pickle.

    Example: nesy data convert actiongenome data/ag
    """
    from nesy.datasets.convert import convert_actiongenome, convert_llava
    from nesy.errors import did_you_mean

    known = {"actiongenome": convert_actiongenome, "llava-video": convert_llava}
    if name not in known:
        raise DataError(f"nothing to convert for `{name}`", expected=known, hint=did_you_mean(name, known))
    with bars() as shown:
        written = known[name](root, lambda done, total: shown.tell("converting", done, total))
    err.print(f"wrote {len(written)} files, last {written[-1]}", markup=False)
