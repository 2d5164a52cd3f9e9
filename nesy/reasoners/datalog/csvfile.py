"""Facts from CSV files (``@file``)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nesy.errors import DataError, Span
from nesy.reasoners.datalog.expr import parse_value


@dataclass(frozen=True, slots=True)
class CSVFileOptions:
    """How to read a CSV file from Python, with the options of ``@file``."""

    path: str
    deliminator: str | None = None
    has_header: bool = False
    has_probability: bool = False
    keys: str | list[str] | None = None
    fields: list[str] | None = None

    def options(self) -> dict[str, Any]:
        """As ``read_facts`` takes them."""
        return {k: v for k, v in asdict(self).items() if v is not None}


def read_facts(
    options: Mapping[str, Any], relation: str, kinds: Sequence[str], names: Sequence[str | None]
) -> list[tuple[float | None, tuple[Any, ...]]]:
    """Facts ``(probability or None, tuple)`` of one relation.

    Options: ``path``; ``deliminator`` (or ``delimiter``); ``has_header``; ``has_probability`` (first column);
    ``fields``: the columns to take, by header name; ``keys``: columns that name a row, whose other columns (or
    ``fields``) become one fact (keys, field, value) each. Both say that there is a header.
    """
    path = Path(str(options["path"]))
    delimiter = str(options.get("deliminator", options.get("delimiter", ",")))
    keys, fields = _names(options.get("keys")), _names(options.get("fields"))
    header = bool(options.get("has_header", options.get("header", False))) or bool(keys) or bool(fields)
    tagged = bool(options.get("has_probability", False))
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file, delimiter=delimiter))
    except OSError as error:
        raise DataError(f"Cannot open file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    head = (lines[0][1:] if tagged else lines[0]) if header and lines else []
    unknown = [f for f in (*keys, *fields) if f not in head]
    if unknown and lines:
        raise DataError(f"{path} has no column `{unknown[0]}`", expected=head)
    wanted = [*keys, *(fields or [h for h in head if h not in keys])] if keys else fields
    columns = [head.index(f) for f in wanted] if wanted and lines else None
    out: list[tuple[float | None, tuple[Any, ...]]] = []
    for number, cells in enumerate(lines[1:] if header else lines, start=2 if header else 1):
        if not cells:
            continue
        span = Span(str(path), number, 1, number, 2)
        probability = _probability(cells[0], span) if tagged else None
        cells = cells[1:] if tagged else cells
        if columns is not None:
            cells = [cells[c] for c in columns if c < len(cells)]
        n = len(keys)
        rows = [[*cells[:n], wanted[i], cells[i]] for i in range(n, len(cells))] if keys else [cells]
        out += [(probability, _values(row, relation, kinds, span)) for row in rows]
    return out


def _names(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else [str(v) for v in value]


def _values(cells: Sequence[str], relation: str, kinds: Sequence[str], span: Span) -> tuple[Any, ...]:
    if len(cells) != len(kinds):
        raise DataError(f"expected {len(kinds)} columns for `{relation}`, found {len(cells)}", span=span)
    values = []
    for cell, kind in zip(cells, kinds, strict=True):
        try:
            values.append(parse_value(cell.strip() if kind not in ("String", "Symbol") else cell, kind))
        except ValueError:
            raise DataError(f"cannot read {cell!r} as `{kind}`", span=span) from None
    return tuple(values)


def _probability(cell: str, span: Span) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise DataError(f"cannot read {cell!r} as a probability", span=span) from None
    if not 0 <= value <= 1:
        raise DataError(f"probability {value:g} is not between 0 and 1", span=span)
    return value
