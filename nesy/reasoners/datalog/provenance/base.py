"""The provenance interface, and the plain interpreter that runs any provenance over a circuit.

Equations: Green, Karvounarakis and Tannen, "Provenance semirings", PODS 2007; Huang et al., "Scallop", NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nesy.errors import GroundingError
from nesy.reasoners.datalog.circuit import TRUE, Block, Circuit

MAX_ROUNDS = 100_000


class Provenance:
    """A commutative semiring of tags with negation, under Scallop's method names.

    ``saturated`` answers whether a tag that went from ``old`` to ``new`` needs no further propagation; a provenance
    whose answer is always yes (the default for ``add`` that is not idempotent) expands every tuple once.
    """

    name = "custom"
    always_saturated = False

    def zero(self) -> Any:
        """The tag of what is never true."""
        raise NotImplementedError

    def one(self) -> Any:
        """The tag of what is always true."""
        raise NotImplementedError

    def add(self, a: Any, b: Any) -> Any:
        """The tag of "a or b"."""
        raise NotImplementedError

    def mult(self, a: Any, b: Any) -> Any:
        """The tag of "a and b"."""
        raise NotImplementedError

    def negate(self, a: Any) -> Any:
        """The tag of "not a"; None: a tuple that is present at all makes its negation false."""
        return None

    def discard(self, a: Any) -> bool:
        """Whether a derived tuple with this tag is dropped."""
        return False

    def saturated(self, old: Any, new: Any) -> bool:
        """Whether the change needs no propagation."""
        return bool(old == new)


def interpret(circuit: Circuit, provenance: Provenance, leaves: Sequence[Any], early_discard: bool = True) -> list[Any]:
    """The tag of every node (None: not derived or discarded), given the tags of the leaves, in leaf order.

    This is the slow definition that every batched evaluation is tested against.
    """
    tags: list[Any] = [None] * circuit.nodes
    for node, tag in zip(circuit.leaf_node, leaves, strict=True):
        tags[node] = tag
    one = provenance.one()
    for node in np.flatnonzero(circuit.certain[: circuit.nodes]).tolist():
        tags[node] = one
    for block in circuit.blocks:
        _block(block, circuit, provenance, tags, early_discard)
    return tags


Firing = tuple[int, list[int]]


def _block(block: Block, circuit: Circuit, p: Provenance, tags: list[Any], early_discard: bool) -> None:
    layers = [
        [(int(h), [int(x) for x in b if x != TRUE]) for h, b in zip(layer.heads, layer.bodies, strict=True)]
        for layer in block.layers
    ]
    dirty: set[int] = set()
    for firings in layers:
        dirty |= _round(firings, circuit, p, tags, early_discard)
    if not block.recursive or p.always_saturated:
        return
    users: dict[int, list[Firing]] = {}
    for firings in layers:
        for firing in firings:
            for literal in set(firing[1]):
                users.setdefault(literal if literal >= 0 else ~literal, []).append(firing)
    for _ in range(MAX_ROUNDS):
        if not dirty:
            return
        again = [f for node in sorted(dirty) for f in users.get(node, [])]
        dirty = _round(again, circuit, p, tags, early_discard)
    raise GroundingError(
        f"provenance `{p.name}` has not reached a fixpoint after {MAX_ROUNDS} rounds", hint="set an iteration limit"
    )


def _round(firings: list[Firing], circuit: Circuit, p: Provenance, tags: list[Any], early_discard: bool) -> set[int]:
    """Apply firings at once; the nodes that had a tag before and changed it."""
    fresh: dict[int, Any] = {}
    for head, body in firings:
        if circuit.certain[head]:
            continue
        tag = _product(body, p, tags)
        if tag is None or (early_discard and p.discard(tag)):
            continue
        fresh[head] = p.add(fresh[head], tag) if head in fresh else tag
    dirty = set()
    for head, tag in fresh.items():
        old = tags[head]
        if old is None:
            tags[head] = tag
            continue
        new = p.add(old, tag)
        tags[head] = new
        if not p.saturated(old, new):
            dirty.add(head)
    return dirty


def _product(body: list[int], p: Provenance, tags: list[Any]) -> Any:
    result: Any = None
    for literal in body:
        if literal >= 0:
            tag = tags[literal]
            if tag is None:
                return None
        else:
            tag = tags[~literal]
            if tag is None:
                continue
            tag = p.negate(tag)
            if tag is None:
                return None
        result = tag if result is None else p.mult(result, tag)
    return p.one() if result is None else result
