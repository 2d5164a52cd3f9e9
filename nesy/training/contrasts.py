"""What a clip is contrasted with: specs that are (almost surely) false of it.

Another caption's spec alone is too easy a contrast: the classes of its objects give it away, and a model that calls
every predicate true at all times tells clips apart by who appears in them. So the contrasts of a step are

    other      another caption's spec
    nameless   another caption's spec with its objects' classes forgotten, except those that every caption shares
    reordered  the own spec with its events in another order: only time can tell
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.renaming import same, shape
from nesy.registry import Registry

Draw = Callable[[Sequence[Formula], torch.Generator], list[tuple[int, Formula]]]
"""From the own specs of a batch, contrasts as pairs (index into the batch, false spec)."""

contrasts: Registry[Draw] = Registry("contrast")


@contrasts.register("other")
def other(own: Sequence[Formula], choice: torch.Generator) -> list[tuple[int, Formula]]:
    """Each clip with the spec of one other clip of the batch."""
    if len(own) < 2:
        return []
    shift = int(torch.randint(1, len(own), (1,), generator=choice))
    pairs = [(i, own[(i + shift) % len(own)]) for i in range(len(own))]
    return [(i, spec) for i, spec in pairs if not same(spec, own[i])]


@contrasts.register("nameless")
def nameless(own: Sequence[Formula], choice: torch.Generator) -> list[tuple[int, Formula]]:
    """As ``other``, but a class that not every spec of the batch mentions is replaced by "any object"."""
    counts = Counter(c for spec in own for c in sorts(spec))
    shared = {c for c, n in counts.items() if n == len(own)}
    return [(i, forget(spec, shared)) for i, spec in other(own, choice)]


@contrasts.register("reordered")
def reordered(own: Sequence[Formula], choice: torch.Generator) -> list[tuple[int, Formula]]:
    """Each clip with its own spec, the events of its outermost ``then`` in another order that says something else."""
    drawn = [(i, shuffle(spec, choice)) for i, spec in enumerate(own)]
    return [(i, spec) for i, spec in drawn if spec is not None]


def sorts(spec: Formula) -> set[str]:
    """The classes that a spec's leading variables have."""
    out = set()
    while isinstance(spec, ast.Exists):
        out |= {b.sort for b in spec.bindings if b.sort is not None}
        spec = spec.body
    return out


def forget(spec: Formula, keep: set[str]) -> Formula:
    """``spec`` with the classes of its leading variables removed, except those in ``keep``."""
    if not isinstance(spec, ast.Exists):
        return spec
    bindings = tuple(b if b.sort in keep else ast.Binding(b.var) for b in spec.bindings)
    return ast.Exists(bindings, forget(spec.body, keep))


def shuffle(spec: Formula, choice: torch.Generator, tries: int = 4) -> Formula | None:
    """``spec`` with the parts of its outermost ``then`` in a random other order; None when no order drawn is another.

    "She takes a coin, then another one" with its events exchanged is the same story, the coins exchanged.
    """
    body = spec
    while isinstance(body, ast.Exists):
        body = body.body
    if not isinstance(body, ast.Then):
        return None
    as_told, shapes = list(range(len(body.parts))), [shape(part) for part in body.parts]
    for _ in range(tries):
        order = torch.randperm(len(shapes), generator=choice).tolist()
        if order == as_told or ([shapes[k] for k in order] == shapes and _twins(spec, tuple(order))):
            continue
        return _ordered(spec, order)
    return None


@lru_cache(maxsize=1 << 15)  # an order of a spec is drawn again in every epoch
def _twins(spec: Formula, order: tuple[int, ...]) -> bool:
    return same(_ordered(spec, order), spec)


def _ordered(spec: Formula, order: Sequence[int]) -> Formula:
    """``spec`` with the parts of its outermost ``then`` in this order."""
    if isinstance(spec, ast.Exists):
        return ast.Exists(spec.bindings, _ordered(spec.body, order))
    return ast.Then(tuple(spec.parts[k] for k in order), spec.gaps) if isinstance(spec, ast.Then) else spec
