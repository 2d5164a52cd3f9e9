"""``nesy query``: ask a scene graph."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from nesy.cli.app import app, err, out
from nesy.errors import DataError, NesyError, did_you_mean


@app.command("query")
def query(
    arguments: Annotated[list[str], typer.Argument(help="FORMULA GRAPH.json, or only GRAPH.json with --formulas.")],
    formulas: Annotated[
        Path | None, typer.Option("--formulas", help="A file with one formula a line (// begins a comment).")
    ] = None,
    method: Annotated[str, typer.Option(help="auto, exact or bounds.")] = "auto",
    threshold: Annotated[float, typer.Option(min=0, max=1, help="Exit with 1 when P is below.")] = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a formula.")] = False,
) -> None:
    """The probability of a formula on a scene graph, with a witness.

    Example: nesy query 'exists m: mugen { eventually jumping(m) then landing(m) }' graph.json
    """
    from nesy.scenegraph import read_graph

    if method not in ("auto", "exact", "bounds"):
        raise DataError(f"no method `{method}`", expected=["auto", "exact", "bounds"])
    if len(arguments) != (1 if formulas else 2):
        raise DataError(
            "expected FORMULA GRAPH.json" if formulas is None else "with --formulas expected only GRAPH.json",
            hint="put the formula in quotes: nesy query 'exists x { eventually jumping(x) }' graph.json",
        )
    if formulas is None and Path(arguments[0]).suffix == ".json" and not Path(arguments[1]).is_file():
        raise DataError(
            f"{arguments[1]}: no such file",
            hint=f"the formula comes first: nesy query '{arguments[1]}' {arguments[0]}",
        )
    file = read_graph(arguments[-1])
    texts = [("<formula>", arguments[0])] if formulas is None else _lines(formulas)
    low, failed = False, False
    for where, text in texts:
        try:
            row = _answer(text, where, file, method)
        except NesyError as e:
            if formulas is None:
                raise
            failed = True  # the other lines are answered all the same
            err.print(str(e), markup=False)
            if as_json:
                print(json.dumps({"formula": text, "probability": None, "witness": None, "error": e.message}))
            continue
        low |= row["probability"] < threshold
        if as_json:
            print(json.dumps(row))
        else:
            _show(row)
    if failed:
        raise typer.Exit(2)
    if low:
        raise typer.Exit(1)


def _lines(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{path}: cannot read the formulas ({e})") from None
    found = [(f"{path}:{i}", t) for i, line in enumerate(lines, 1) if (t := line.split("//")[0].strip())]
    if not found:
        raise DataError(f"{path}: no formula in the file", hint="write one formula a line")
    return found


def _answer(text: str, where: str, file: Any, method: str) -> dict[str, Any]:
    from nesy.dsl.check import check_formula
    from nesy.dsl.elaborate import elaborate
    from nesy.dsl.parser import parse_formula
    from nesy.dsl.printer import to_text
    from nesy.dsl.signature import Signature
    from nesy.reasoners.temporal.query import query as ask

    formula = parse_formula(text, where)
    v = file.graph.vocabulary
    empty = [] if file.declared else _empty_classes(formula, v.classes)
    for name in empty:
        err.print(
            f"warning: no object of the graph can be a `{name}`: quantifiers over it range over nothing", markup=False
        )
    signature = Signature.of(classes=(*v.classes, *empty), unary=v.unary, binary=v.binary)
    for warning in check_formula(formula, signature, source=text):
        err.print(str(warning), markup=False)
    formula = elaborate(formula, signature)
    answer = ask(formula, file.graph, method=method)  # type: ignore[arg-type]
    witness = None
    if answer.witness is not None:
        w = answer.witness
        steps, missing = (
            [{**asdict(s), "objects": [file.ids[o] for o in s.objects]} for s in some] for some in (w.steps, w.missing)
        )
        objects = {name: file.ids[o] for name, o in w.objects.items()}
        witness = {"objects": objects, "frames": list(w.frames), "steps": steps, "missing": missing}
    return {
        "formula": to_text(formula),
        "probability": answer.probability,
        "method": answer.method,
        "lower": answer.lower,
        "upper": answer.upper,
        "note": answer.note,
        "witness": witness,
    }


def _empty_classes(formula: Any, known: tuple[str, ...]) -> list[str]:
    """Classes that a file without vocabulary does not mention, unless they look like a slip of the pen."""
    from nesy.dsl import ast

    asked = {
        b.sort: None
        for f in ast.walk(formula)
        if isinstance(f, (ast.Exists, ast.Forall, ast.ExistsAtLeast))
        for b in f.bindings
        if b.sort is not None and b.sort not in known
    }
    return [name for name in asked if did_you_mean(name, known) is None]


def _show(row: dict[str, Any]) -> None:
    out.print(row["formula"], markup=False)
    if row["method"] == "exact":
        out.print(f"  P = {row['probability']:.6f} (exact)", markup=False)
    else:
        out.print(
            f"  {row['lower']:.6f} <= P <= {row['upper']:.6f} (bounds: {row['note'] or 'as asked'})", markup=False
        )
    if row["witness"] is None:
        out.print("  no witness", markup=False)
        return
    if row["witness"]["objects"]:
        out.print("  with " + ", ".join(f"{k} = {v}" for k, v in row["witness"]["objects"].items()), markup=False)
    by_frame: dict[int, list[str]] = {}
    for s in row["witness"]["steps"]:
        fact = ("" if s["holds"] else "not ") + f"{s['predicate']}({', '.join(s['objects'])})"
        by_frame.setdefault(s["frame"], []).append(fact + (" (unlikely)" if s in row["witness"]["missing"] else ""))
    for frame, facts in list(by_frame.items())[:24]:
        out.print(f"  frame {frame:>3}: " + ", ".join(facts), markup=False)
    if len(by_frame) > 24:
        out.print(f"  ... and {len(by_frame) - 24} more frames (all of them with --json)", markup=False)
