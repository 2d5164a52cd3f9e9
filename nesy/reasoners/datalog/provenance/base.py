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
    run = _Run(circuit, p, tags, early_discard)
    ready: list[int] = []
    changed: set[int] = set()
    for layer in block.layers:
        numbers = run.add([
            (int(h), [int(x) for x in b if x != TRUE]) for h, b in zip(layer.heads, layer.bodies, strict=True)
        ])  # fmt: skip
        ready, more = run.round([*numbers, *ready])
        changed |= more
    if not block.recursive:
        return
    for _ in range(MAX_ROUNDS):
        again = list(dict.fromkeys([*ready, *run.users(changed)]))
        if not again:
            return
        ready, changed = run.round(again)
    raise GroundingError(
        f"provenance `{p.name}` has not reached a fixpoint after {MAX_ROUNDS} rounds", hint="set an iteration limit"
    )


class _Run:
    """The firings of one block, applied round by round.

    A firing that meets a tuple without a tag waits and fires in the round after that tuple got one: the recorded
    layers know which tuples are possible, not which of them the provenance keeps (exclusive facts, zeros).
    """

    def __init__(self, circuit: Circuit, p: Provenance, tags: list[Any], early_discard: bool) -> None:
        self.circuit, self.p, self.tags, self.early_discard = circuit, p, tags, early_discard
        self.firings: list[Firing] = []
        self._waiting: dict[int, dict[int, None]] = {}
        self._users: dict[int, list[int]] = {}
        self._counted = 0

    def add(self, firings: list[Firing]) -> range:
        """Number the firings of a layer."""
        start = len(self.firings)
        self.firings += firings
        return range(start, len(self.firings))

    def users(self, nodes: set[int]) -> list[int]:
        """The firings that read any of these nodes."""
        if not nodes:
            return []
        for number in range(self._counted, len(self.firings)):
            for literal in set(self.firings[number][1]):
                self._users.setdefault(literal if literal >= 0 else ~literal, []).append(number)
        self._counted = len(self.firings)
        return [number for node in sorted(nodes) for number in self._users.get(node, [])]

    def round(self, numbers: Sequence[int]) -> tuple[list[int], set[int]]:
        """Apply firings at once: those that waited for a new tag, and the nodes whose tag changed."""
        fresh: dict[int, Any] = {}
        for number in numbers:
            head, body = self.firings[number]
            if self.circuit.certain[head]:
                continue
            tag = _product(body, self.p, self.tags)
            if tag is None:
                missing = next((x for x in body if x >= 0 and self.tags[x] is None), None)
                if missing is not None:
                    self._waiting.setdefault(missing, {})[number] = None
                continue
            if self.early_discard and self.p.discard(tag):
                continue
            fresh[head] = self.p.add(fresh[head], tag) if head in fresh else tag
        ready: list[int] = []
        changed = set()
        for head, tag in fresh.items():
            old = self.tags[head]
            if old is None:
                self.tags[head] = tag
                ready += self._waiting.pop(head, {})
                continue
            new = self.tags[head] = self.p.add(old, tag)
            if not self.p.always_saturated and not self.p.saturated(old, new):
                changed.add(head)
        return ready, changed


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
