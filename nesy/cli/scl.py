"""``nesy scl``: run a Scallop program, as ``scli`` does."""

from __future__ import annotations

import json
import math
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nesy.cli.app import app, err
from nesy.errors import DataError, NesyError, did_you_mean

if TYPE_CHECKING:
    from nesy.reasoners.datalog.context import ScallopContext

NAME = re.compile(r"[A-Za-z][A-Za-z_0-9]*")


@app.command("scl")
def scl(
    file: Annotated[Path, typer.Argument(metavar="FILE.scl", help="A Scallop program.")],
    provenance: Annotated[str, typer.Option("--provenance", "-p", help="unit, exact, topkproofs ...")] = "unit",
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="Proofs that the top-k provenances keep.")] = 3,
    query: Annotated[
        list[str] | None, typer.Option("--query", "-q", help="A relation or an atom `r(0, x)`; may be repeated.")
    ] = None,
    iterations: Annotated[int | None, typer.Option("--iter-limit", min=1, help="Rounds of recursion at most.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: relation to rows.")] = False,
) -> None:
    """Run a Scallop program and print what it asks: its queries, or every relation if it has none.

    Example: nesy scl path.scl --provenance topkproofs --k 3 --query 'path(0, x)'
    """
    from nesy.reasoners.datalog.context import ScallopContext

    if provenance == "custom":
        raise NesyError("provenance `custom` is an object in Python", hint="choose another, such as exact")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ctx = ScallopContext(provenance, k=k)
            ctx.import_file(file)
            ctx.set_iter_limit(iterations)
            names = _asked(ctx, query)
            ctx.run()
            found = {name: _rows(ctx, name) for name in names}
    finally:
        for text in dict.fromkeys(str(w.message) for w in caught):
            err.print(f"warning: {text}", markup=False)
    if as_json:
        print(json.dumps({n: [{"tag": _plain(g), "tuple": _plain(t)} for g, t in rows] for n, rows in found.items()}))
        return
    for name, rows in found.items():
        kinds = ctx.kinds(name)
        print(f"{name}: {{{', '.join(_shown(tag, row, kinds) for tag, row in rows)}}}")


def _asked(ctx: ScallopContext, queries: list[str] | None) -> list[str]:
    """The relations to print, in the order asked for."""
    program = ctx.compiled().program
    if not queries:
        return list(dict.fromkeys(program.queries)) or ctx.relations()
    names = []
    for text in queries:
        name = NAME.match(text.strip())
        if name is None or not ctx.has_relation(name[0]):
            label = text if name is None else name[0]
            raise DataError(
                f"{ctx.files()[-1]}: no relation `{label}`", expected=ctx.relations(),
                hint=did_you_mean(label, ctx.relations()) or "ask for a relation of the program",
            )  # fmt: skip
        if name[0] == text.strip():
            names.append(name[0])
        else:  # an atom with constants: a relation of its own
            ctx.add_program(f"query {text}")
            names.append(ctx.compiled().program.queries[-1])
    return list(dict.fromkeys(names))


def _rows(ctx: ScallopContext, relation: str) -> list[tuple[Any, tuple[Any, ...]]]:
    """Tags (None where the provenance has none) and tuples."""
    untagged = ctx.provenance == "unit"
    return [(None, found) if untagged else found for found in ctx.relation(relation, debug=True)]


def _shown(tag: Any, row: tuple[Any, ...], kinds: tuple[str, ...]) -> str:
    values = ", ".join(_value(v, k) for v, k in zip(row, kinds, strict=True))
    return f"({values})" if tag is None else f"{_tag(tag)}::({values})"


def _tag(tag: Any) -> str:
    if isinstance(tag, list | tuple | set | frozenset):  # proofs: sets of fact numbers
        proofs = sorted(sorted(str(x) for x in proof) for proof in tag)
        return "{" + ", ".join("{" + ", ".join(p) + "}" for p in proofs) + "}"
    return f"{float(tag):.10g}"


def _value(value: Any, kind: str) -> str:
    if kind in ("String", "Symbol"):
        return json.dumps(value, ensure_ascii=False)
    if kind == "char":
        return f"'{value}'"
    if kind == "bool":
        return "true" if value else "false"
    return str(value)


def _plain(value: Any) -> Any:
    """A value that JSON has: infinities become texts."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, set | frozenset):
        return sorted((_plain(v) for v in value), key=str)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    number = float(value)
    return number if math.isfinite(number) else str(number)
