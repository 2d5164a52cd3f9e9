"""Facts from CSV files (``@file``)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nesy.errors import DataError, Span
from nesy.reasoners.datalog.expr import parse_value


def read_facts(
    options: Mapping[str, Any], relation: str, kinds: Sequence[str], names: Sequence[str | None]
) -> list[tuple[float | None, tuple[Any, ...]]]:
    """Facts ``(probability or None, tuple)`` of one relation.

    Options: ``path``; ``deliminator`` (or ``delimiter``); ``has_header``; ``has_probability`` (first column);
    ``fields``: the columns to take, by header name; ``keys``: a column per row key and the rest as (key, field, value).
    """
    path = Path(str(options["path"]))
    delimiter = str(options.get("deliminator", options.get("delimiter", ",")))
    if options.get("keys") is not None:
        raise DataError(f"not supported yet: `keys` in @file of `{relation}`", hint="write the file in long form")
    header = bool(options.get("has_header", options.get("header", False)))
    tagged = bool(options.get("has_probability", False))
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file, delimiter=delimiter))
    except OSError as error:
        raise DataError(f"Cannot open file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    columns: list[int] | None = None
    if header and lines:
        head = lines[0][1:] if tagged else lines[0]
        fields = options.get("fields")
        if isinstance(fields, list):
            unknown = [f for f in fields if f not in head]
            if unknown:
                raise DataError(f"{path} has no column `{unknown[0]}`", expected=head)
            columns = [head.index(str(f)) for f in fields]
    out: list[tuple[float | None, tuple[Any, ...]]] = []
    for number, cells in enumerate(lines[1:] if header else lines, start=2 if header else 1):
        if not cells:
            continue
        span = Span(str(path), number, 1, number, 2)
        probability = _probability(cells[0], span) if tagged else None
        cells = cells[1:] if tagged else cells
        if columns is not None:
            cells = [cells[c] for c in columns if c < len(cells)]
        if len(cells) != len(kinds):
            raise DataError(f"expected {len(kinds)} columns for `{relation}`, found {len(cells)}", span=span)
        values = []
        for cell, kind in zip(cells, kinds, strict=True):
            try:
                values.append(parse_value(cell.strip() if kind not in ("String", "Symbol") else cell, kind))
            except ValueError:
                raise DataError(f"cannot read {cell!r} as `{kind}`", span=span) from None
        out.append((probability, tuple(values)))
    return out


def _probability(cell: str, span: Span) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise DataError(f"cannot read {cell!r} as a probability", span=span) from None
    if not 0 <= value <= 1:
        raise DataError(f"probability {value:g} is not between 0 and 1", span=span)
    return value
