"""``nesy data``: make and inspect datasets."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from nesy.cli.app import app, err, out
from nesy.cli.progress import bars
from nesy.errors import DataError, did_you_mean

data = typer.Typer(help="Make and inspect datasets.", no_args_is_help=True)
app.add_typer(data, name="data")


@data.command("make")
def make(
    name: Annotated[str, typer.Argument(help="Which dataset: platformer.")],
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")],
    clips: Annotated[int, typer.Option(min=1, help="Number of clips.")] = 600,
    frames: Annotated[int, typer.Option(min=2, help="Frames a clip.")] = 24,
    fps: Annotated[int, typer.Option(min=1, help="Frames a second.")] = 8,
    size: Annotated[int, typer.Option(min=16, help="Width and height in pixels.")] = 64,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    difficulty: Annotated[str, typer.Option(help="easy, normal or hard.")] = "normal",
) -> None:
    """Make a dataset of simulated clips with captions and exact scene graphs.

    Example: nesy data make platformer --clips 600 --out data/platformer
    """
    from nesy.datasets.platformer import make_platformer

    if name != "platformer":
        raise DataError(
            f"no dataset `{name}` can be made", expected=["platformer"], hint=did_you_mean(name, ["platformer"])
        )
    began = time.perf_counter()
    with bars() as shown:
        make_platformer(
            out_folder, clips, seed=seed, frames=frames, fps=fps, size=size, difficulty=difficulty,
            progress=lambda done, total: shown.tell("making clips", done, total),
        )  # fmt: skip
    seconds = time.perf_counter() - began
    err.print(f"{clips} clips in {seconds:.1f} s ({clips * frames / seconds:.0f} frames/s): {out_folder}", markup=False)


@data.command("info")
def info(
    folder: Annotated[Path, typer.Argument(help="A dataset's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What a dataset holds, and what in it cannot be used and why.

    Example: nesy data info data/platformer
    """
    from nesy.datasets import describe, open_dataset

    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder", hint="`nesy data make platformer --out FOLDER` makes one")
    found = describe(open_dataset(str(folder), {}, folder))
    if as_json:
        print(json.dumps(found))
        return
    for key, value in found.items():
        if isinstance(value, dict) and not value:
            out.print(f"{key}: none", markup=False)
        elif key in ("unary", "binary") and isinstance(value, dict):
            table = Table(f"{key} predicate", "share of clips", "share of frames")
            for name, (of_clips, of_frames) in value.items():
                table.add_row(name, f"{of_clips:.0%}", f"{of_frames:.1%}")
            out.print(table)
        elif isinstance(value, dict):
            out.print(f"{key}: {', '.join(f'{name} {x}' for name, x in value.items())}", markup=False)
        else:
            out.print(f"{key}: {value}", markup=False)
