"""Files of captions: one JSON object a line, with ``id`` and ``caption``, or in a ``.txt`` file one caption a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nesy.errors import DataError

LINE_BYTES = 1 << 20
"""Size of one line of captions or answers."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One caption and what it is called."""

    id: str
    text: str


def read_captions(path: Path) -> list[Caption]:
    """The captions of a jsonl file, in order; other keys of its lines are ignored.

    A ``.txt`` file has one caption a line, which is called by its number; empty lines are skipped.

    Raises:
        DataError: a line is no such object, or an id stands twice; with the line's number.
    """
    if path.suffix.lower() == ".txt":
        return [Caption(str(number), line.strip()) for number, line in _lines(path) if line.strip()]
    captions: list[Caption] = []
    first: dict[str, int] = {}
    for number, line in json_lines(path):
        name, text = line.get("id"), line.get("caption")
        if isinstance(name, int) and not isinstance(name, bool):
            name = str(name)
        if not isinstance(name, str) or not name:
            raise DataError(f"{path}, line {number}: no `id`", expected=['{"id": "clip-1", "caption": "A dog runs."}'])
        if not isinstance(text, str):
            raise DataError(f"{path}, line {number}: `{name}` has no `caption` text", hint="give it as a string")
        if name in first:
            raise DataError(f"{path}, line {number}: the id `{name}` is already that of line {first[name]}")
        first[name] = number
        captions.append(Caption(name, text))
    return captions


def json_lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a jsonl file with their line numbers; empty lines are skipped.

    Raises:
        DataError: the file cannot be read, or a line is not a JSON object.
    """
    found: list[tuple[int, dict[str, Any]]] = []
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as e:
            remedy = "one object a line; plain captions, one a line, go into a file called .txt"
            raise DataError(f"{path}, line {number}: not JSON ({e})", hint=remedy) from None
        if not isinstance(value, dict):
            raise DataError(f"{path}, line {number}: a {type(value).__name__}, not an object")
        found.append((number, value))
    return found


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{path}: cannot read it ({e})") from None
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_BYTES:
            raise DataError(f"{path}, line {number}: longer than {LINE_BYTES:,} characters")
    return list(enumerate(lines, 1))
