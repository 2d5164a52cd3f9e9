"""What grounding leaves for the numeric phase: a circuit over facts, in the order in which it was derived.

Node 0 is true. A literal is a node ``n`` or, negated, ``~n``; so ``~0`` is false. A firing is a head node and a body of
literals (padded with 0): the head's tag is the sum over its firings of the product of the body. Blocks come in
stratification order; the layers of a block are the rounds of semi-naive evaluation, and a body literal reads the tag
its node had before the round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nesy.errors import GroundingError
from nesy.reasoners.datalog.store import Ids

TRUE = 0
MAX_NODES = 20_000_000


@dataclass(slots=True)
class Layer:
    """Firings of one round: heads [m] and bodies [m, width] of literals."""

    heads: Ids
    bodies: Ids


@dataclass(slots=True)
class Block:
    """The rounds of one stratum; only a recursive one may need to run beyond its recorded rounds."""

    recursive: bool
    layers: list[Layer] = field(default_factory=list)


@dataclass(slots=True)
class Gate:
    """Facts whose probabilities follow from those of other nodes: a choice among ``nodes``, or a new distribution.

    ``leaves[i]`` belongs to ``nodes[i]``. ``op``: ``top``, ``uniform`` and ``categorical`` set the chosen ``k`` to one
    and the others to zero; ``normalize`` and ``softmax`` distribute one over them; ``disjunct`` copies the values.
    """

    op: str
    k: int
    nodes: list[int]
    leaves: list[int]


@dataclass(slots=True)
class Circuit:
    """Leaves and blocks. Leaf ``i`` is node ``leaf_node[i]``.

    ``leaf_input[i]`` is the position of its probability among the input facts, or -1 for a constant ``leaf_prob[i]``.
    Leaves with one ``leaf_group`` (not -1) are mutually exclusive. ``certain`` nodes hold in every world.
    """

    nodes: int = 1
    leaf_node: list[int] = field(default_factory=list)
    leaf_input: list[int] = field(default_factory=list)
    leaf_prob: list[float] = field(default_factory=list)
    leaf_group: list[int] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    certain: np.ndarray[tuple[int], np.dtype[np.bool_]] = field(default_factory=lambda: np.ones(1, dtype=bool))
    groups: int = 0
    gates: list[Gate] = field(default_factory=list)
    gate_of: dict[int, tuple[int, int]] = field(default_factory=dict)

    def new_gate(self, op: str, k: int, nodes: Sequence[int], exclusive: bool) -> list[int]:
        """One new fact for each node, with a probability that follows from theirs; see ``Gate``."""
        group = self.new_group() if exclusive else -1
        leaves = [self.new_leaf(1.0, group) for _ in nodes]
        self.gate_of.update({leaf: (len(self.gates), i) for i, leaf in enumerate(leaves)})
        self.gates.append(Gate(op, k, list(nodes), leaves))
        return leaves

    def new_nodes(self, count: int) -> Ids:
        """Numbers for new nodes."""
        if self.nodes + count > MAX_NODES:
            raise GroundingError(
                f"the ground program has more than {MAX_NODES} tuples", hint="restrict the rules or the inputs"
            )
        ids = np.arange(self.nodes, self.nodes + count)
        self.nodes += count
        if self.nodes > len(self.certain):
            self.certain = np.concatenate([self.certain, np.zeros(max(self.nodes, 1024), dtype=bool)])
        return ids

    def new_leaf(self, probability: float, group: int = -1, position: int = -1) -> int:
        """A fact of its own; ``position`` among the inputs if its probability comes from outside."""
        node = int(self.new_nodes(1)[0])
        self.leaf_node.append(node)
        self.leaf_input.append(position)
        self.leaf_prob.append(probability)
        self.leaf_group.append(group)
        return node

    def new_group(self) -> int:
        """The number of a new exclusive group."""
        self.groups += 1
        return self.groups - 1

    def simplify(self, literals: Ids) -> Ids:
        """Literals with certain nodes replaced by true (``TRUE``) or false (``~TRUE``)."""
        node = np.where(literals < 0, ~literals, literals)
        sure = self.certain[node]
        return np.where(sure, np.where(literals < 0, ~TRUE, TRUE), literals)

    def fire(self, block: Block, heads: Sequence[int], bodies: Sequence[Sequence[int]]) -> None:
        """Add a layer given as Python lists; bodies may differ in length. False bodies are dropped."""
        kept = [(h, b) for h, b in zip(heads, bodies, strict=True) if ~TRUE not in b]
        if not kept:
            return
        width = max(max(len(b) for _, b in kept), 1)
        array = np.zeros((len(kept), width), dtype=np.int64)
        for i, (_, b) in enumerate(kept):
            array[i, : len(b)] = b
        self.add(block, np.array([h for h, _ in kept], dtype=np.int64), array)

    def add(self, block: Block, heads: Ids, bodies: Ids) -> None:
        """Add a layer; heads with an all-true body become certain."""
        if not len(heads):
            return
        block.layers.append(Layer(heads, bodies))
        self.certain[heads[(bodies == TRUE).all(axis=1)]] = True

    def close(self, block: Block) -> None:
        """Propagate certainty through a finished block."""
        changed = block.recursive
        while changed:
            changed = False
            for layer in block.layers:
                bodies = self.simplify(layer.bodies)
                sure = layer.heads[(bodies == TRUE).all(axis=1)]
                sure = sure[~self.certain[sure]]
                if len(sure):
                    self.certain[sure] = True
                    changed = True

    def pruned(self, roots: Ids) -> Circuit:
        """The same circuit with only the firings that ``roots`` depend on; node numbers stay."""
        needed = np.zeros(self.nodes, dtype=bool)
        needed[roots] = True
        blocks: list[Block] = []
        for block in reversed(self.blocks):
            changed = True
            while changed:
                before = int(needed.sum())
                for layer in reversed(block.layers):
                    mine = needed[layer.heads] & ~self.certain[layer.heads]
                    literals = layer.bodies[mine].reshape(-1)
                    needed[np.where(literals < 0, ~literals, literals)] = True
                changed = block.recursive and int(needed.sum()) > before
            layers = []
            for layer in block.layers:
                mine = needed[layer.heads] & ~self.certain[layer.heads]
                if mine.any():
                    layers.append(Layer(layer.heads[mine], layer.bodies[mine]))
            if layers:
                blocks.append(Block(block.recursive, layers))
        blocks.reverse()
        used = [i for i, n in enumerate(self.leaf_node) if needed[n]]
        return Circuit(
            self.nodes, [self.leaf_node[i] for i in used], [self.leaf_input[i] for i in used],
            [self.leaf_prob[i] for i in used], [self.leaf_group[i] for i in used], blocks,
            self.certain[: self.nodes], self.groups,
        )  # fmt: skip
