"""Examples from files: a folder (or one file) of boolean traces, or of scene graphs.

Boolean traces are JSON lines, ``{"trace": [["a", "b"], [], ...]}``: the propositions that are true in each frame.
Scene graphs are ``graph.json`` files (:mod:`nesy.scenegraph.file`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nesy.dsl.words import is_name
from nesy.errors import DataError
from nesy.scenegraph import SceneGraph, read_graph

HINT = 'write one trace a line: {"trace": [["a", "b"], [], ["a"]]}, or give graph.json files'
Examples = list[list[list[str]]] | list[SceneGraph]


def read_examples(path: Path) -> Examples:
    """All traces, or all scene graphs, of a folder and its subfolders, in the order of the names.

    Raises:
        DataError: a missing or empty folder, an unknown format, both formats, or a broken file with its line.
    """
    if not path.exists():
        raise DataError(f"{path}: no such folder or file")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".json", ".jsonl"))
    if not files:
        raise DataError(f"{path}: no .jsonl or .json file in the folder", hint=HINT)
    kinds = {p.suffix for p in files}
    if not kinds <= {".json", ".jsonl"}:
        raise DataError(f"{path}: unknown format `{path.suffix}`", expected=[".jsonl", ".json"], hint=HINT)
    if len(kinds) > 1:
        raise DataError(f"{path}: traces (.jsonl) and scene graphs (.json) in one folder", hint="keep them apart")
    if kinds == {".json"}:
        return [read_graph(p).graph for p in files]
    traces = [trace for p in files for trace in read_traces(p)]
    if not traces:
        raise DataError(f"{path}: no trace in {len(files)} file(s)", hint=HINT)
    return traces


def read_traces(path: Path) -> list[list[list[str]]]:
    """The traces of one ``.jsonl`` file; empty lines are skipped."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{path}: cannot read it ({e})") from None
    out = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as e:
            raise DataError(f"{path}:{number}: not JSON ({str(e)[:80]})", hint=HINT) from None
        out.append(_trace(data, f"{path}:{number}"))
    return out


def _trace(data: Any, place: str) -> list[list[str]]:
    trace = data.get("trace") if isinstance(data, dict) else None
    if not isinstance(trace, list):
        raise DataError(f'{place}: no "trace" in the line', hint=HINT)
    for k, frame in enumerate(trace):
        if not isinstance(frame, list) or not all(isinstance(p, str) for p in frame):
            raise DataError(f"{place}: frame {k} is not a list of names", hint=HINT)
        for p in frame:
            if not is_name(p):
                expected = ["letters, digits and _", "no word of the language, such as next or F"]
                raise DataError(f"{place}: `{p}` is not a name", expected=expected)
    if not trace:
        raise DataError(f"{place}: a trace without frames")
    return trace
