"""``nesy synthesize``: specs from examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nesy.cli.app import app, err, out
from nesy.errors import DataError

if TYPE_CHECKING:
    from nesy.dsl.ast import Binding
    from nesy.synthesis.examples import Result, Search


@app.command("synthesize")
def synthesize(
    positive: Annotated[Path, typer.Option(help="Traces (.jsonl) or scene graphs (.json) of which the spec holds.")],
    negative: Annotated[Path, typer.Option(help="The same, of which it does not hold.")],
    max_size: Annotated[int, typer.Option(min=1, max=20, help="Nodes of the largest formula.")] = 8,
    noise: Annotated[int, typer.Option(min=0, help="Wrong examples that are allowed.")] = 0,
    top: Annotated[int, typer.Option(min=1, help="Candidates to show.")] = 5,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds; then the best so far.")] = 60.0,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="Facts of scene graphs are true from here on.")] = 0.5,
    variables: Annotated[
        str | None, typer.Option("--for", help="Variables of scene graphs: 'm: mugen, s: snail'.")
    ] = None,
    windows: Annotated[
        str, typer.Option(help="Windows in frames that may be used, such as 0-3,0-5; empty: none.")
    ] = "0-1,0-2,0-3,0-4,0-5",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The smallest formulas that tell positive examples from negative ones.

    Exit code 1: nothing within the allowed errors; the best so far is shown.

    Example: nesy synthesize --positive good/ --negative bad/ --noise 2
    """
    from nesy.dsl.printer import to_text
    from nesy.synthesis.examples import Search

    settings = Search(max_size=max_size, noise=noise, top=top, timeout=timeout, windows=_windows(windows))
    result = _search(positive, negative, settings, threshold, variables)
    rows = [
        {
            "formula": to_text(c.formula),
            "size": c.size,
            "errors": c.errors,
            "missed": c.missed,
            "accepted": c.accepted,
            "expected_errors": c.expected,
        }
        for c in result.candidates
    ]
    if as_json:
        print(json.dumps({"status": result.status, "seconds": round(result.seconds, 3), "candidates": rows}))
    else:
        for c in rows:
            wrong = (
                f"{c['errors']} errors ({c['missed']} missed, {c['accepted']} accepted)" if c["errors"] else "no error"
            )
            expected = "" if c["expected_errors"] is None else f", {c['expected_errors']:.2f} expected"
            out.print(f"{c['formula']}\n  size {c['size']}, {wrong}{expected}", markup=False)
        said = {
            "found": "found",
            "timeout": "out of time: the best so far",
            "exhausted": f"nothing up to size {max_size} is within {noise} errors: the nearest",
        }
        err.print(f"{said[result.status]}; {result.tried:,} formulas in {result.seconds:.1f} s", markup=False)
    if result.status != "found":
        raise typer.Exit(1)


def _search(positive: Path, negative: Path, settings: Search, threshold: float, variables: str | None) -> Result:
    from nesy.scenegraph import SceneGraph
    from nesy.synthesis.examples import synthesize, synthesize_from_graphs
    from nesy.synthesis.examples.reading import read_examples

    sides = [read_examples(positive), read_examples(negative)]
    graphs = [[x for x in side if isinstance(x, SceneGraph)] for side in sides]
    traces = [[x for x in side if not isinstance(x, SceneGraph)] for side in sides]
    if all(graphs):
        return synthesize_from_graphs(
            graphs[0], graphs[1], settings, variables=_bindings(variables), threshold=threshold
        )
    if any(graphs):
        raise DataError(
            "one side has scene graphs and the other boolean traces", hint="both must be .json, or both .jsonl"
        )
    if variables is not None:
        raise DataError("boolean traces have no objects", hint="leave out --for")
    return synthesize(traces[0], traces[1], settings)


def _bindings(text: str | None) -> list[Binding] | None:
    from nesy.dsl import ast
    from nesy.dsl.parser import parse_formula

    if text is None:
        return None
    formula = parse_formula(f"exists {text} {{ true }}", "--for")
    return list(formula.bindings) if isinstance(formula, ast.Exists) else None


def _windows(text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        low, _, high = part.partition("-")
        if not (low.isdecimal() and high.isdecimal()):
            raise DataError(f"`{part}` is not a window", expected=["two frames, such as 0-3"])
        found.append((int(low), int(high)))
    return tuple(found)
