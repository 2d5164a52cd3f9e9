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

import torch

from nesy.dsl import ast
from nesy.dsl.ast import Formula
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
    return [(i, spec) for i, spec in pairs if spec != own[i]]


@contrasts.register("nameless")
def nameless(own: Sequence[Formula], choice: torch.Generator) -> list[tuple[int, Formula]]:
    """As ``other``, but a class that not every spec of the batch mentions is replaced by "any object"."""
    counts = Counter(c for spec in own for c in sorts(spec))
    shared = {c for c, n in counts.items() if n == len(own)}
    return [(i, forget(spec, shared)) for i, spec in other(own, choice)]


@contrasts.register("reordered")
def reordered(own: Sequence[Formula], choice: torch.Generator) -> list[tuple[int, Formula]]:
    """Each clip with its own spec, the events of its outermost ``then`` in another order."""
    out = []
    for i, spec in enumerate(own):
        shuffled = shuffle(spec, choice)
        if shuffled != spec:
            out.append((i, shuffled))
    return out


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


def shuffle(spec: Formula, choice: torch.Generator, tries: int = 4) -> Formula:
    """``spec`` with the parts of its outermost ``then`` in a random other order."""
    if isinstance(spec, ast.Exists):
        return ast.Exists(spec.bindings, shuffle(spec.body, choice, tries))
    if not isinstance(spec, ast.Then):
        return spec
    for _ in range(tries):
        order = torch.randperm(len(spec.parts), generator=choice).tolist()
        shuffled = ast.Then(tuple(spec.parts[k] for k in order), spec.gaps)
        if shuffled != spec:
            return shuffled
    return spec
