"""Vectors beside the triples: float32 rows, searched by a plain scan."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError

Matrix = NDArray[np.float32]


class Vectors:
    """The vectors of one connection; a space's matrix is kept until the file changes."""

    def __init__(self, link: sqlite3.Connection) -> None:
        self._link = link
        self._kept: dict[str, tuple[tuple[int, int], list[str], Matrix]] = {}

    def put(self, space: str, name: int, vector: Matrix) -> None:
        """Store one vector [D], replacing an earlier one.

        Raises:
            DataError: not finite, or of another length than the space's others.
        """
        row = np.ascontiguousarray(vector, dtype="<f4")
        if row.ndim != 1 or row.size == 0 or not bool(np.isfinite(row).all()):
            raise DataError(f"space `{space}`: a vector must be one row of finite numbers, got shape {row.shape}")
        other = self._link.execute("SELECT length(vector) FROM vectors WHERE space = ? LIMIT 1", (space,)).fetchone()
        if other is not None and other[0] != row.nbytes:
            raise DataError(f"space `{space}` holds vectors of length {other[0] // 4}, not {row.size}")
        self._link.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (space, name, row.tobytes()))

    def load(self, space: str) -> tuple[list[str], Matrix]:
        """Names and matrix [names, D] of a space."""
        state = (int(self._link.execute("PRAGMA data_version").fetchone()[0]), self._link.total_changes)
        kept = self._kept.get(space)
        if kept is not None and kept[0] == state:
            return kept[1], kept[2]
        rows = self._link.execute(
            "SELECT n.name, v.vector FROM vectors v JOIN names n ON n.id = v.name WHERE v.space = ? ORDER BY v.name",
            (space,),
        ).fetchall()
        names = [name for name, _ in rows]
        joined = b"".join(blob for _, blob in rows)
        matrix = np.frombuffer(joined, dtype="<f4").reshape(len(rows), -1) if rows else np.zeros((0, 0), np.float32)
        self._kept[space] = (state, names, matrix)
        return names, matrix

    def nearest(self, vector: Matrix, space: str, top: int) -> list[tuple[str, float]]:
        """The ``top`` names by cosine, nearest first; a zero vector has cosine 0 with everything."""
        names, matrix = self.load(space)
        if not names or top <= 0:
            return []
        query = np.asarray(vector, dtype=np.float32)
        if query.shape != matrix.shape[1:]:
            raise DataError(f"space `{space}` holds vectors of length {matrix.shape[1]}, the query has {query.size}")
        norms = np.linalg.norm(matrix, axis=1) * float(np.linalg.norm(query))
        cosine = np.divide(matrix @ query, norms, out=np.zeros(len(names), np.float32), where=norms > 0)
        order = np.argsort(-cosine, kind="stable")[:top]
        return [(names[i], float(cosine[i])) for i in order]
