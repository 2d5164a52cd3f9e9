"""Loops over numbers that numba compiles: for one CPU core, where a tensor operation costs more than its arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

# contract: a product and a sum may be one instruction; reassoc: sums of rows may be added up in parts. Neither loses
# digits, and the same machine always gives the same numbers.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc"}}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled at its first call: once a machine where the result can be kept on disk, else once a process."""
    fast: Callable[..., Any]
    try:
        fast = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # nowhere to write
        fast = numba.njit(**_OPTIONS)(function)
    return fast


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A part of a compiled function: handing an array over costs more than a short loop over it."""
    fast: Callable[..., Any] = numba.njit(inline="always", **_OPTIONS)(function)
    return fast
