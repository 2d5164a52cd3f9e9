"""The nearest of float32 rows by a plain scan: what an engine without vectors of its own uses."""

from __future__ import annotations

import numpy as np

from nesy.memory.store.engine import Matrix


def nearest(names: list[str], matrix: Matrix, query: Matrix, top: int) -> list[tuple[str, float]]:
    """The ``top`` names by cosine, nearest first; a zero vector has cosine 0 with everything.

    Lengths are taken in float64 and the query is brought to length 1 first, as squares of 1e20 overflow in float32.
    """
    length = float(np.linalg.norm(query.astype(np.float64)))
    unit = (query / length if length > 0 else query).astype(np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    cosine = np.divide(matrix @ unit, norms, out=np.zeros(len(names)), where=norms > 0)
    order = np.argsort(-cosine, kind="stable")[:top]
    return [(names[i], float(cosine[i])) for i in order]
