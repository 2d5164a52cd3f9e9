"""Relations as append-only columns with hash indexes that grow by merging sorted runs.

A relation never forgets or moves a row, so "stable" and "recent" are row ranges and an index built in one round serves
the next. A key of several columns is a 64-bit mix of them; true equality is verified after every lookup, and two
different rows with one mix (odds 1e-8 for a million rows) raise ``KeyCollision``: the caller starts again with another
salt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nesy.reasoners.datalog.values import Codes

Ids = npt.NDArray[np.int64]


class KeyCollision(Exception):
    """Two different rows got one key; internal."""


def mix(columns: Sequence[Codes], salt: int) -> Codes:
    """One 64-bit key per row; a single column is its own key."""
    if len(columns) == 1:
        return columns[0]
    with np.errstate(over="ignore"):
        h = np.full(len(columns[0]), np.uint64(salt * 2 + 1), dtype=np.uint64)
        for column in columns:
            h = (h ^ column.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            h ^= h >> np.uint64(32)
            h *= np.uint64(0xD6E8FEB86659FD93)
            h ^= h >> np.uint64(29)
    return h.view(np.int64)


class Runs:
    """Sorted (key, row) runs; a new run is merged while it is at least half as long as the one before."""

    def __init__(self) -> None:
        self._runs: list[tuple[Codes, Ids]] = []

    def add(self, keys: Codes, ids: Ids) -> None:
        """Add rows; O(n log n) amortised over all of them."""
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        keys, ids = keys[order], ids[order]
        while self._runs and 2 * len(keys) >= len(self._runs[-1][0]):
            old_keys, old_ids = self._runs.pop()
            both = np.concatenate([old_keys, keys])
            order = np.argsort(both, kind="stable")
            keys, ids = both[order], np.concatenate([old_ids, ids])[order]
        self._runs.append((keys, ids))

    def one(self, keys: Codes) -> Ids:
        """The row of each key, -1 where there is none; keys in the index are unique."""
        found = np.full(len(keys), -1, dtype=np.int64)
        for run_keys, run_ids in self._runs:
            at = np.searchsorted(run_keys, keys)
            at[at == len(run_keys)] = 0
            hit = run_keys[at] == keys
            found[hit] = run_ids[at[hit]]
        return found

    def count(self, keys: Codes) -> int:
        """How many matches ``all`` would give."""
        total = 0
        for run_keys, _ in self._runs:
            high = np.searchsorted(run_keys, keys, side="right")
            total += int((high - np.searchsorted(run_keys, keys)).sum())
        return total

    def all(self, keys: Codes) -> tuple[Ids, Ids]:
        """All pairs (position in ``keys``, matching row)."""
        probes, rows = [], []
        for run_keys, run_ids in self._runs:
            low = np.searchsorted(run_keys, keys)
            counts = np.searchsorted(run_keys, keys, side="right") - low
            probe, offset = expand(counts)
            probes.append(probe)
            rows.append(run_ids[low[probe] + offset])
        if not probes:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty
        if len(probes) == 1:
            return probes[0], rows[0]
        return np.concatenate(probes), np.concatenate(rows)


def expand(counts: Ids) -> tuple[Ids, Ids]:
    """For counts [2, 0, 1]: positions [0, 0, 2] and offsets [0, 1, 0]."""
    probe = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return probe, np.arange(len(probe)) - starts[probe]


class Table:
    """One relation: columns, the circuit node of each row, and indexes made on demand."""

    def __init__(self, arity: int, salt: int) -> None:
        self.arity, self.salt, self.rows = arity, salt, 0
        self._columns = np.zeros((arity, 16), dtype=np.int64)
        self._nodes = np.zeros(16, dtype=np.int64)
        self._members = Runs()
        self._indexes: dict[tuple[int, ...], tuple[Runs, list[int]]] = {}

    def column(self, i: int) -> Codes:
        """A column's codes."""
        return self._columns[i, : self.rows]

    def columns(self) -> list[Codes]:
        """All columns."""
        return [self.column(i) for i in range(self.arity)]

    @property
    def nodes(self) -> Ids:
        """The circuit node of each row."""
        return self._nodes[: self.rows]

    def _key(self, columns: Sequence[Codes], rows: int) -> Codes:
        return mix(columns, self.salt) if columns else np.zeros(rows, dtype=np.int64)

    def find(self, columns: Sequence[Codes], rows: int) -> Ids:
        """The row number of each given tuple, -1 where absent."""
        found = self._members.one(self._key(columns, rows))
        if self.arity > 1:
            hit = found >= 0
            for mine, theirs in zip(self.columns(), columns, strict=True):
                if not np.array_equal(mine[found[hit]], theirs[hit]):
                    raise KeyCollision
        return found

    def insert(self, columns: Sequence[Codes], rows: int) -> Ids:
        """Add the tuples that are new; the row number of every given tuple."""
        if rows == 0:
            return np.zeros(0, dtype=np.int64)
        keys = self._key(columns, rows)
        # sorted needles keep the binary searches in cache
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        found = self._members.one(unique)
        if self.arity > 1:
            hit = found >= 0
            for mine, theirs in zip(self.columns(), columns, strict=True):
                heads = theirs[first]
                if not (np.array_equal(mine[found[hit]], heads[hit]) and np.array_equal(heads[inverse], theirs)):
                    raise KeyCollision
        fresh = np.flatnonzero(found < 0)
        if len(fresh):
            fresh = fresh[np.argsort(first[fresh], kind="stable")]  # rows in order of appearance
            new = first[fresh]
            self._grow(self.rows + len(fresh))
            for i, c in enumerate(columns):
                self._columns[i, self.rows : self.rows + len(fresh)] = c[new]
            found[fresh] = self.rows + np.arange(len(fresh))
            self._members.add(unique[fresh], found[fresh])
            self.rows += len(fresh)
        return found[inverse]

    def _grow(self, rows: int) -> None:
        capacity = self._columns.shape[1]
        if self.arity == 0:
            capacity = len(self._nodes)
        if rows > capacity:
            size = max(rows, 2 * capacity)
            columns = np.zeros((self.arity, size), dtype=np.int64)
            columns[:, : self.rows] = self._columns[:, : self.rows]
            nodes = np.zeros(size, dtype=np.int64)
            nodes[: self.rows] = self._nodes[: self.rows]
            self._columns, self._nodes = columns, nodes

    def set_nodes(self, start: int, nodes: Ids) -> None:
        """Name the circuit nodes of the rows from ``start`` on."""
        self._nodes[start : start + len(nodes)] = nodes

    def _index(self, on: tuple[int, ...]) -> Runs:
        runs, built = self._indexes.setdefault(on, (Runs(), [0]))
        if built[0] < self.rows:
            columns = [self._columns[i, built[0] : self.rows] for i in on]
            ids = np.arange(built[0], self.rows)
            runs.add(np.array(self._key(columns, len(ids))), ids)
            built[0] = self.rows
        return runs

    def count(self, on: tuple[int, ...], keys: Sequence[Codes], rows: int) -> int:
        """How many pairs ``lookup`` would give (before verification)."""
        if not on:
            return rows * self.rows
        return self._index(on).count(self._key(keys, rows))

    def lookup(self, on: tuple[int, ...], keys: Sequence[Codes], rows: int) -> tuple[Ids, Ids]:
        """Join on columns ``on``: pairs (position in ``keys``, row here)."""
        if not on:
            mine = np.arange(self.rows)
            return np.repeat(np.arange(rows), self.rows), np.tile(mine, rows)
        probe, row = self._index(on).all(self._key(keys, rows))
        if len(on) > 1:
            same = np.ones(len(probe), dtype=bool)
            for i, key in zip(on, keys, strict=True):
                same &= self._columns[i, row] == key[probe]
            if not same.all():
                probe, row = probe[same], row[same]
        return probe, row
