"""Facts from CSV files (``@file``)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nesy.errors import DataError, Span
from nesy.reasoners.datalog.checks import unknown_options
from nesy.reasoners.datalog.expr import parse_value

OPTIONS = (
    "path", "deliminator", "delimiter", "has_header", "header", "has_probability", "keys", "fields",
)  # fmt: skip
MAX_CELL = 10_000_000  # characters


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
    check_options(options)
    delimiter = str(options.get("deliminator", options.get("delimiter", ",")))
    keys, fields = _names(options.get("keys")), _names(options.get("fields"))
    header = bool(options.get("has_header", options.get("header", False))) or bool(keys) or bool(fields)
    tagged = bool(options.get("has_probability", False))
    try:
        csv.field_size_limit(MAX_CELL)
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file, delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from None
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


def check_options(options: Mapping[str, Any]) -> None:
    """The options of ``@file`` have these names and types."""
    unknown_options(options, OPTIONS, "`@file`")
    for name in ("deliminator", "delimiter"):
        value = options.get(name, ",")
        if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
            raise DataError(f"the deliminator of a CSV file is one character, not {value!r}", hint='deliminator="\\t"')
    for name in ("has_header", "header", "has_probability"):
        if not isinstance(options.get(name, False), bool):
            raise DataError(f"option `{name}` of a CSV file is true or false, not {options[name]!r}")
    for name in ("keys", "fields"):
        value = options.get(name)
        names = [value] if isinstance(value, str) or value is None else value
        if not isinstance(names, list | tuple) or not all(v is None or isinstance(v, str) for v in names):
            raise DataError(f"option `{name}` of a CSV file names columns, not {value!r}", hint=f'{name}=["a", "b"]')


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
            raise DataError(f"cannot read {_short(cell)} as `{kind}`", span=span) from None
    return tuple(values)


def _short(cell: str) -> str:
    return repr(cell if len(cell) <= 60 else cell[:57] + "...")


def _probability(cell: str, span: Span) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise DataError(f"cannot read {cell!r} as a probability", span=span) from None
    if not 0 <= value <= 1:
        raise DataError(f"probability {value:g} is not between 0 and 1", span=span)
    return value
