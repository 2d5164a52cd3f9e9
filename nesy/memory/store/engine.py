"""What the store asks of a database: one dialect of SQL in two engines, SQLite in a file and PostgreSQL on a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError

Matrix = NDArray[np.float32]


class StoreError(DataError):
    """The memory is missing, broken, of another version, or busy."""


class Rows(Protocol):
    """What a statement answers."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Engine(Protocol):
    """A connection; statements mark their values with ``?``.

    where: how messages name the database.
    greatest, least: the functions of several numbers.
    ordered_join: a join of few rows with a table, in this order.
    unindexed: before a column that is to be sorted without an index, as few rows are left.
    """

    where: str
    greatest: str
    least: str
    ordered_join: str
    unindexed: str

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Run one statement."""

    def guard(self) -> AbstractContextManager[None]:
        """Turn the engine's errors into a ``StoreError`` that names the database and the remedy."""

    def writing(self) -> AbstractContextManager[None]:
        """One transaction, of one writer at a time: all of it is stored when this returns, or none of it."""

    def state(self) -> object:
        """Another value after each change, by this connection or another."""

    def size(self) -> int:
        """Bytes on the disk."""

    def shrink(self) -> None:
        """Give back the space of what was forgotten."""

    def check(self) -> None:
        """Raises StoreError: what is stored does not fit together."""

    def close(self, *, tidy: bool) -> None:
        """Close the connection; ``tidy``: after looking after the indices."""

    def put_vector(self, space: str, name: int, row: Matrix) -> None:
        """Store one vector, replacing an earlier one of the name."""

    def vector_length(self, space: str) -> int | None:
        """The length of a space's vectors, None of an unknown space."""

    def all_vectors(self, space: str) -> tuple[list[str], Matrix]:
        """Names and matrix [names, D] of a space, in the order of the names' numbers."""

    def nearest(self, row: Matrix, space: str, top: int) -> list[tuple[str, float]]:
        """The ``top`` names by cosine, nearest first; the caller has seen to the length."""


def checked(engine: Engine, space: str, vector: Iterable[float] | Matrix) -> Matrix:
    """A vector as a float32 row [D].

    Raises:
        DataError: not finite, or of another length than the space's others.
    """
    row = np.ascontiguousarray(np.asarray(vector), dtype="<f4")
    if row.ndim != 1 or row.size == 0 or not bool(np.isfinite(row).all()):
        raise DataError(f"space `{space}`: a vector must be one row of finite numbers, got shape {row.shape}")
    length = engine.vector_length(space)
    if length is not None and length != row.size:
        raise DataError(f"space `{space}` holds vectors of length {length}, not {row.size}")
    return row
