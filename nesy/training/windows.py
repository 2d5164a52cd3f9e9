"""Shorter specs that follow from a long one.

``a then b then c then d`` implies ``a then c`` and every other subsequence. A random subsequence of a few events asks
the same of a clip with a shorter automaton and a stronger gradient for each event; over an epoch all of them are asked.
"""

from __future__ import annotations

import torch

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.variables import free


def window(spec: Formula, size: int, choice: torch.Generator) -> Formula:
    """A random subsequence of ``size`` events of the spec's outermost ``then``; the spec itself if it has no more.

    Only plain chains (no gap windows) are shortened, because only there does the subsequence follow. Variables that
    are no longer used are dropped with their classes.
    """
    if isinstance(spec, ast.Exists):
        body = window(spec.body, size, choice)
        if body is spec.body:
            return spec
        used = free(body)
        bindings = tuple(b for b in spec.bindings if b.var in used)
        return ast.Exists(bindings, body) if bindings else body
    if not isinstance(spec, ast.Then) or len(spec.parts) <= size or any(g is not None for g in spec.gaps):
        return spec
    chosen = sorted(torch.randperm(len(spec.parts), generator=choice)[:size].tolist())
    parts = tuple(spec.parts[k] for k in chosen)
    return ast.Then(parts, (None,) * (size - 1)) if size > 1 else ast.Eventually(parts[0])
