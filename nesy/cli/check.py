"""``nesy check``: find every mistake in a task file or formula file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err, out


@app.command("check")
def check(
    spec: Annotated[Path, typer.Argument(help="A .dsl file.")],
) -> None:
    """Check a .dsl file; exit code 1 when it has mistakes.

    Example: nesy check examples/platformer.dsl
    """
    from nesy.dsl.check import check_module
    from nesy.dsl.parser import load
    from nesy.errors import DataError, NesyError

    if not spec.exists():
        raise DataError(f"{spec}: no such file")
    try:
        checked = check_module(load(spec))
    except NesyError as e:
        err.print(str(e), markup=False)
        raise typer.Exit(1) from None
    for warning in checked.warnings:
        err.print(str(warning), markup=False)
    s = checked.signature
    out.print(
        f"{spec}: ok ({len(s.classes)} classes, {len(s.unary)} unary and {len(s.binary)} binary predicates, "
        f"{len(checked.specs)} specs, {len(checked.constraints)} constraints)",
        markup=False,
    )
