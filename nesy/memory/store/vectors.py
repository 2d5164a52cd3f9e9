"""The nearest of float32 rows by a plain scan: what an engine without vectors of its own uses."""

from __future__ import annotations

import numpy as np

from nesy.memory.store.engine import Matrix


def nearest(names: list[str], matrix: Matrix, query: Matrix, top: int) -> list[tuple[str, float]]:
    """The ``top`` names by cosine, nearest first; a zero vector has cosine 0 with everything."""
    norms = np.linalg.norm(matrix, axis=1) * float(np.linalg.norm(query))
    cosine = np.divide(matrix @ query, norms, out=np.zeros(len(names), np.float32), where=norms > 0)
    order = np.argsort(-cosine, kind="stable")[:top]
    return [(names[i], float(cosine[i])) for i in order]
