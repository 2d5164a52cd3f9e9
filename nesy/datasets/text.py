"""Text files of datasets, with one error for everything that can be wrong with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from nesy.errors import DataError


def text_of(path: Path, encoding: str = "utf-8") -> str:
    """What is written in a file.

    Raises:
        DataError: missing, not readable, or not in this encoding.
    """
    try:
        return path.read_text(encoding)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", hint="check the data folder") from None
    except UnicodeDecodeError as e:
        raise DataError(
            f"{path} is no {encoding.upper().removesuffix('-SIG')} text (byte {e.start})", hint="save it as UTF-8"
        ) from None
    except OSError as e:
        raise DataError(f"{path} cannot be read ({e.strerror})") from None


def rows_of(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """The columns of a CSV file, and its rows with their lines.

    Raises:
        DataError: as for :func:`text_of`; while rows are read, what csv refuses.
    """
    reader = csv.DictReader(io.StringIO(text_of(path, "utf-8-sig"), newline=""))  # spreadsheets write a byte-order mark

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        try:
            for row in reader:
                yield reader.line_num, row
        except csv.Error as e:
            raise DataError(f"{path}:{reader.line_num}: not CSV ({e})") from None

    try:
        return list(reader.fieldnames or ()), rows()
    except csv.Error as e:
        raise DataError(f"{path}: not CSV ({e})") from None
