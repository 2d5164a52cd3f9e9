"""``nesy fmt``, ``nesy explain`` and ``nesy compile``: what a .dsl file looks like, says and becomes."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err, out
from nesy.errors import DataError, did_you_mean
from nesy.files import write_whole

SpecFile = Annotated[Path, typer.Argument(help="A .dsl file.")]
Name = Annotated[str | None, typer.Option("--spec", help="Only this named spec.")]


@app.command("fmt")
def fmt(
    files: Annotated[list[Path], typer.Argument(help="Files to format in place.")],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 if it would.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; show what would.")] = False,
) -> None:
    """Format .dsl files; comments stay, and formatting twice changes nothing more.

    Example: nesy fmt examples/platformer.dsl
    """
    from nesy.dsl.format import format_source

    changed = 0
    formatted = [(path, text := _read(path), format_source(text, str(path))) for path in files]  # all or none
    for path, before, after in formatted:
        if before == after:
            continue
        changed += 1
        if diff:
            lines = difflib.unified_diff(
                before.splitlines(True), after.splitlines(True), str(path), f"{path} formatted"
            )
            print("".join(lines), end="")
        elif check:
            out.print(f"{path}: would be formatted", markup=False)
        else:
            write_whole(path, after)
            out.print(f"{path}: formatted", markup=False)
    if changed and (check or diff):
        raise typer.Exit(1)


@app.command("explain")
def explain(spec: SpecFile, name: Name = None) -> None:
    """Read the specs, rules and constraints of a file back in English, with their formula trees.

    Example: nesy explain examples/platformer.dsl --spec hunt
    """
    from nesy.dsl import ast
    from nesy.dsl.check import check_module
    from nesy.dsl.explain import explain_module
    from nesy.dsl.parser import load

    _exists(spec)
    module = load(spec)
    check_module(module)
    if name is not None:
        _named(module, name)
        kept = tuple(
            s for s in module.statements if not isinstance(s, (ast.Spec, ast.Constraint, ast.Define, ast.Rule))
        )
        module = ast.Module((*kept, *(s for s in module.statements if isinstance(s, ast.Spec) and s.name == name)))
    print(explain_module(module).rstrip() or "nothing to explain: the file has no spec, rule, macro or constraint")


@app.command("compile")
def compile_(
    spec: SpecFile,
    to: Annotated[
        str, typer.Option("--to", help="scallop (a Datalog program) or dfa (an automaton in DOT).")
    ] = "scallop",
    name: Name = None,
    fps: Annotated[float | None, typer.Option(min=0, help="Frames a second, for windows in seconds.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
) -> None:
    """Translate the specs of a file to a Scallop program or to finite automata.

    The automaton is that of a spec's body, its variables standing for one fixed choice of different objects.

    Example: nesy compile examples/platformer.dsl --to dfa --spec hunt | dot -Tsvg > hunt.svg
    """
    from nesy.dsl import ast
    from nesy.dsl.check import check_module
    from nesy.dsl.parser import load
    from nesy.dsl.scallop import compile_formula, compile_module

    if to not in ("scallop", "dfa"):
        raise DataError(
            f"cannot compile to `{to}`", expected=["scallop", "dfa"], hint=did_you_mean(to, ("scallop", "dfa"))
        )
    _exists(spec)
    module = load(spec)
    checked = check_module(module)
    specs = {s.name: s.formula for s in module.statements if isinstance(s, ast.Spec)}
    if not specs:
        raise DataError(
            f"{spec} has no spec to compile", hint="add one: spec hunt: exists m: mugen { eventually jumping(m) }"
        )
    if name is not None:
        _named(module, name)
    if to == "scallop":
        text = compile_module(module, fps=fps) if name is None else compile_formula(
            specs[name], checked.signature, name=name, fps=fps
        )  # fmt: skip
    else:
        if name is None and len(specs) > 1:
            raise DataError(f"{spec} has {len(specs)} specs", expected=list(specs), hint="choose one with --spec")
        from nesy.reasoners.temporal.dot import to_dot

        chosen = name or next(iter(specs))
        text = to_dot(checked.specs[chosen], checked.signature, fps=fps, title=chosen)
    if output is None:
        print(text, end="" if text.endswith("\n") else "\n")
    else:
        write_whole(output, text)
        err.print(f"{output}: written", markup=False)


def _named(module: object, name: str) -> None:
    from nesy.dsl import ast

    names = [s.name for s in module.statements if isinstance(s, ast.Spec)]  # type: ignore[attr-defined]
    if name not in names:
        raise DataError(f"no spec `{name}`", expected=names, hint=did_you_mean(name, names))


def _exists(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"{path}: no such file")


def _read(path: Path) -> str:
    _exists(path)
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{path}: cannot read it ({e})") from None
