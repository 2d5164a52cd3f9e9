"""``nesy doctor``: is everything here that nesy needs?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from nesy.cli.app import app, out

MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


@app.command("doctor")
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Also ask the language model's server.")] = False,
) -> None:
    """Check versions, GPU, extras, disk and language model, with a remedy for each problem.

    Exit code 1 when there is a problem.

    Example: nesy doctor
    """
    from nesy.cli.installation import examine

    findings = []
    for f in examine(online):
        findings.append(f)
        if not as_json:
            out.print(f"{MARKS[f.status]} {f.name}: {f.value}", markup=False)
            if f.remedy:
                out.print(f"        help: {f.remedy}", markup=False)
    problems = [f for f in findings if f.status == "problem"]
    if as_json:
        print(json.dumps({"ok": not problems, "findings": [asdict(f) for f in findings]}))
    else:
        word = "problem" if len(problems) == 1 else "problems"
        out.print(f"{len(problems) or 'no'} {word}", markup=False)
    if problems:
        raise typer.Exit(1)
