"""Bottom-up computation on formulas, without recursion and with every shared subformula visited once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from nesy.dsl.ast import Formula, children

T = TypeVar("T")


def fold(f: Formula, combine: Callable[[Formula, Sequence[T]], T]) -> T:
    """``combine(g, values of g's children)`` for every subformula ``g``, children first; the value of ``f``."""
    known: dict[int, T] = {}
    stack = [f]
    while stack:
        g = stack[-1]
        if id(g) in known:
            stack.pop()
            continue
        below = children(g)
        waiting = [h for h in below if id(h) not in known]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            stack.pop()
            known[id(g)] = combine(g, [known[id(h)] for h in below])
    return known[id(f)]
