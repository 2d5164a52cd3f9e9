"""Loops over numbers that numba compiles: for one CPU core, where a tensor operation costs more than its arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled at its first call: once a machine where the result can be kept on disk, else once a process."""
    fast: Callable[..., Any]
    try:
        fast = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # nowhere to write
        fast = numba.njit(nogil=True, error_model="numpy")(function)
    return fast
