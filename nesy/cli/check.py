"""``nesy check``: find every mistake in a task file or formula file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err, out


@app.command("check")
def check(
    spec: Annotated[Path, typer.Argument(help="A .dsl file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Errors and warnings as a JSON list, for editors.")] = False,
) -> None:
    """Check a .dsl file; exit code 1 when it has mistakes.

    Example: nesy check examples/platformer.dsl
    """
    from nesy.dsl.check import check_module
    from nesy.dsl.diagnose import diagnose
    from nesy.dsl.parser import load
    from nesy.errors import DataError

    if not spec.exists():
        raise DataError(f"{spec}: no such file")
    found = diagnose(spec)
    wrong = any(d.severity == "error" for d in found)
    if as_json:
        print(json.dumps([d.to_json() for d in found], indent=1))
    else:
        for d in found:
            err.print(str(d), markup=False)
    if wrong:
        raise typer.Exit(1)
    if not as_json:
        checked = check_module(load(spec))
        s = checked.signature
        out.print(
            f"{spec}: ok ({len(s.classes)} classes, {len(s.unary)} unary and {len(s.binary)} binary predicates, "
            f"{len(checked.specs)} specs, {len(checked.constraints)} constraints)",
            markup=False,
        )
