"""``nesy check``: find every mistake in a task file or formula file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nesy.cli.app import app, err, out
from nesy.cli.own_code import OwnCode, load_own

if TYPE_CHECKING:
    from nesy.dsl.check import CheckedModule
    from nesy.errors import NesyError


@app.command("check")
def check(
    spec: Annotated[Path, typer.Argument(help="A .dsl file.")],
    predicates: OwnCode = None,
    as_json: Annotated[bool, typer.Option("--json", help="Errors and warnings as a JSON list, for editors.")] = False,
) -> None:
    """Check a .dsl file; exit code 1 when it has mistakes.

    Example: nesy check examples/platformer.dsl
    """
    from nesy.dsl.check import check_module
    from nesy.dsl.diagnose import diagnose
    from nesy.dsl.diagnostics import Diagnostic, flatten, in_order
    from nesy.dsl.parser import load
    from nesy.errors import DataError

    if not spec.exists():
        raise DataError(f"{spec}: no such file")
    load_own(predicates)
    found = diagnose(spec)
    if not any(d.severity == "error" for d in found):
        wrong_blocks = _of_blocks(check_module(load(spec)), bool(predicates))
        found = in_order([*found, *(Diagnostic.of(e) for error in wrong_blocks for e in flatten(error))])
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
        code = f"{len(s.predicates)} predicates with code, " if s.predicates else ""
        out.print(
            f"{spec}: ok ({len(s.classes)} classes, {len(s.unary)} unary and {len(s.binary)} binary predicates, "
            f"{code}{len(checked.specs)} specs, {len(checked.constraints)} constraints)",
            markup=False,
        )


def _of_blocks(checked: CheckedModule, own: bool) -> list[NesyError]:
    """What is wrong with the blocks and, where files of one's own were given, with predicates that have code.

    Without such a file a declared predicate may have its code in one.
    """
    from nesy.errors import NesyError
    from nesy.predicates import registered, vocabulary_of
    from nesy.scenegraph import Vocabulary
    from nesy.training.blocks import mistakes

    s = checked.signature
    found: list[NesyError] = []
    names = Vocabulary(s.classes, s.unary, s.binary)
    known = registered()
    for name, declared in s.predicates.items():
        if own or name in known:
            try:
                names = vocabulary_of(names, {name: declared})
            except NesyError as e:
                e.source = e.source or checked.module.source
                found.append(e)
    return [*found, *mistakes(checked, names)]
