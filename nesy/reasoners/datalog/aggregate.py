"""Aggregates: from the tuples of one group to result tuples and the firings that derive them.

For uncertain tuples a fold over the group keeps one circuit node per reachable state (number so far, sum so far):
``state' = state * tuple + state * not tuple``. That is the sum over all worlds wherever ``*`` distributes over ``+``.
Where it does not (the noisy-or families) every world becomes one firing, as Scallop does, up to ``MAX_WORLDS_OF``
uncertain tuples.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nesy.errors import GroundingError
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog.builtins import to_text
from nesy.reasoners.datalog.choice import SEED
from nesy.reasoners.datalog.circuit import TRUE, Block, Circuit
from nesy.reasoners.datalog.values import FLOATS, INTEGERS

MAX_WORLDS_OF = 16
MAX_STATES = 200_000


@dataclass(slots=True)
class Item:
    """A tuple of the group: argument values, binding values (decoded), and its literal (0 if certain)."""

    args: tuple[Any, ...]
    values: tuple[Any, ...]
    literal: int


Outcome = tuple[tuple[Any, ...], int]

CHOICES = frozenset({"top", "unique", "uniform", "categorical"})
DISTRIBUTIONS = frozenset({"normalize", "softmax", "disjunct"})
ORDERED = frozenset({"sort", "argsort", "rank", "enumerate"})


def chosen_count(reduce: ir.Reduce) -> int:
    """The k of ``top<k>`` and the samplers; one where it is not given."""
    if reduce.op == "unique" or not reduce.params:
        return 1
    text = reduce.params[0]
    if len(reduce.params) > 1 or not text.isdigit() or int(text) < 1:
        raise GroundingError(
            f"the parameter of `{reduce.op}` must be a positive integer, not `{', '.join(reduce.params)}`",
            span=reduce.span, hint=f"write `{reduce.op}<3>(x: ...)`",
        )  # fmt: skip
    return int(text)


@dataclass(slots=True)
class Fold:
    """An aggregate as a fold: start state, step, and the result of a final state (None: no result)."""

    start: Any
    step: Callable[[Any, Item], Any]
    finish: Callable[[Any], tuple[Any, ...] | None]


def _bounded(kind: str, value: Any) -> Any:
    if kind in INTEGERS:
        low, high = INTEGERS[kind]
        return min(max(value, low), high)
    return float(value) if kind in FLOATS else value


def fold_of(reduce: ir.Reduce, kind: str) -> Fold | None:
    """The fold of an aggregate over values of type ``kind``; None for those that go by order."""
    match reduce.op:
        case "count":
            return Fold(0, lambda n, _: n + 1, lambda n: (n,))
        case "sum":
            return Fold(_bounded(kind, 0), lambda s, i: _bounded(kind, s + i.values[0]), lambda s: (s,))
        case "prod":
            return Fold(_bounded(kind, 1), lambda s, i: _bounded(kind, s * i.values[0]), lambda s: (s,))
        case "avg":
            return Fold((_bounded(kind, 0), 0), lambda s, i: (s[0] + i.values[0], s[1] + 1), lambda s: _mean(kind, s))
        case "string_join":
            between = reduce.params[0] if reduce.params else ""
            return Fold(None, lambda s, i: _join(between, s, i), lambda s: ("" if s is None else s,))
        case _:
            return None


def _mean(kind: str, state: tuple[Any, int]) -> tuple[Any, ...] | None:
    if state[1] == 0:
        return None
    return (state[0] / state[1] if kind in FLOATS else int(state[0] / state[1]),)


def _join(between: str, state: str | None, item: Item) -> str:
    text = to_text(item.values[0])
    return text if state is None else state + between + text


class Aggregator:
    """Applies one ``Reduce`` to groups; ``circuit`` None means that only the actual world counts."""

    def __init__(
        self,
        reduce: ir.Reduce,
        kind: str,
        circuit: Circuit | None,
        block: Block,
        hard: bool,
        distributive: bool,
        weighs: bool = True,
    ) -> None:
        self.reduce, self.circuit, self.block, self.weighs = reduce, circuit, block, weighs
        self.hard, self.distributive = hard or reduce.discrete, distributive
        self.fold = fold_of(reduce, kind)

    def outcomes(self, items: Sequence[Item], key: int) -> list[tuple[tuple[Any, ...], int, int]]:
        """Result values with two literals whose product is their tag; ``key`` is the literal of the group's key."""
        uncertain = any(i.literal != TRUE for i in items)
        if self.circuit is not None and not self.hard and not self.distributive and uncertain and self.fold is not None:
            return [(v, x, TRUE) for v, x in self._enumerated(items, key)]
        return [(v, x, key) for v, x in self._outcomes(items)]

    def _outcomes(self, items: Sequence[Item]) -> list[Outcome]:
        items = self._sorted(items)
        if self.reduce.op in CHOICES or self.reduce.op in DISTRIBUTIONS:
            return self._chosen(items)
        if self.reduce.op in ORDERED:
            return self._ordered(items)
        if self.circuit is None or self.hard:
            if self.circuit is not None and not self.reduce.discrete and self.fold is None:
                return self._by_presence(items)
            return self._one_world(items)
        if self.reduce.op in ("exists", "forall"):
            return self._exists(items)
        if self.fold is None:
            return self._extreme(items)
        return self._folded(items)

    def _sorted(self, items: Sequence[Item]) -> Sequence[Item]:
        ordered = self.reduce.op == "string_join" or (self.fold is not None and self.reduce.args)
        return sorted(items, key=lambda i: (i.args, i.values)) if ordered else items

    def _chosen(self, items: Sequence[Item]) -> list[Outcome]:
        """Some of the tuples by weight, or all with new tags; without weights the first ones in their order."""
        items = sorted(items, key=lambda i: (i.args, i.values))
        k = chosen_count(self.reduce) if self.reduce.op in CHOICES else len(items)
        weighted = self.circuit is not None and self.weighs and not self.reduce.discrete
        if self.circuit is None or not weighted:
            if self.reduce.op in ("uniform", "categorical"):
                items = random.Random(SEED).sample(list(items), min(k, len(items)))
            return [((*i.args, *i.values), i.literal) for i in items[:k]]
        if self.reduce.op in DISTRIBUTIONS:
            leaves = self.circuit.new_gate(self.reduce.op, k, [i.literal for i in items], True)
            return [((*i.args, *i.values), leaf) for i, leaf in zip(items, leaves, strict=True)]
        if len(items) <= k:
            return [((*i.args, *i.values), i.literal) for i in items]
        op = "top" if self.reduce.op == "unique" else self.reduce.op
        leaves = self.circuit.new_gate(op, k, [i.literal for i in items], False)
        return [
            ((*i.args, *i.values), self._and([i.literal, leaf])) for i, leaf in zip(items, leaves, strict=True)
        ]  # fmt: skip

    def _ordered(self, items: Sequence[Item]) -> list[Outcome]:
        """The tuples with their position, counted over all possible tuples; tags pass through."""
        if self.reduce.op == "enumerate":
            ordered = sorted(items, key=lambda i: (i.args, i.values))
        else:
            # as in Scallop, sort and argsort begin with the greatest
            order = self.reduce.params[0] if self.reduce.params else "asc" if self.reduce.op == "rank" else "desc"
            descending = order.startswith("desc") != order.endswith("=false")
            ordered = sorted(items, key=lambda i: (i.values, i.args), reverse=descending)
        if self.reduce.op == "rank":  # equal values share the rank of the first of them
            first: dict[tuple[Any, ...], int] = {}
            return [
                ((first.setdefault(i.values, n), *i.args, *i.values), i.literal) for n, i in enumerate(ordered)
            ]  # fmt: skip
        if self.reduce.op == "argsort":
            return [((n, *i.args), i.literal) for n, i in enumerate(ordered)]
        return [((n, *i.args, *i.values), i.literal) for n, i in enumerate(ordered)]

    def _by_presence(self, items: Sequence[Item]) -> list[Outcome]:
        """Without negation of tags a tuple that is there at all leaves no world without it."""
        if self.reduce.op in ("exists", "forall"):
            value = bool(items) == (self.reduce.op == "exists")
            return [((value,), self._or([[i.literal] for i in items]) if items else TRUE)]
        if not items:
            return []
        best = (min if self.reduce.op.endswith("min") else max)(i.values for i in items)
        return [(self._shown(i), i.literal) for i in items if i.values == best]

    def _one_world(self, items: Sequence[Item]) -> list[Outcome]:
        literal = TRUE
        if self.circuit is not None and not self.reduce.discrete:
            literal = self._and([i.literal for i in items])
        if self.reduce.op in ("exists", "forall"):
            value = bool(items) == (self.reduce.op == "exists")
            return [((value,), literal)]
        if self.fold is not None:
            state = self.fold.start
            for item in items:
                state = self.fold.step(state, item)
            result = self.fold.finish(state)
            return [] if result is None else [(result, literal)]
        if not items:
            return []
        best = (min if self.reduce.op.endswith("min") else max)(i.values for i in items)
        return [(self._shown(i), literal) for i in items if i.values == best]

    def _shown(self, item: Item) -> tuple[Any, ...]:
        return item.args if self.reduce.op.startswith("arg") else (*item.args, *item.values)

    # ------------------------------------------------------------------ circuits
    def _and(self, literals: Sequence[int]) -> int:
        kept = [x for x in literals if x != TRUE]
        if ~TRUE in kept:
            return ~TRUE
        if len(kept) <= 1:
            return kept[0] if kept else TRUE
        return self._or([kept])

    def _or(self, bodies: Sequence[Sequence[int]]) -> int:
        bodies = [[x for x in b if x != TRUE] for b in bodies if ~TRUE not in b]
        if not bodies:
            return ~TRUE
        if any(not b for b in bodies):
            return TRUE
        if len(bodies) == 1 and len(bodies[0]) == 1:
            return bodies[0][0]
        if self.circuit is None:
            raise GroundingError("an aggregate of one world has no circuit")
        node = int(self.circuit.new_nodes(1)[0])
        self.circuit.fire(self.block, [node] * len(bodies), bodies)
        return node

    def _exists(self, items: Sequence[Item]) -> list[Outcome]:
        some = self._or([[i.literal] for i in items])
        none = self._and([~i.literal for i in items])
        yes = self.reduce.op == "exists"
        pairs = [((yes,), some), ((not yes,), none)]
        return [(v, x) for v, x in pairs if x != ~TRUE]

    def _extreme(self, items: Sequence[Item]) -> list[Outcome]:
        ordered = sorted(items, key=lambda i: i.values, reverse=self.reduce.op.endswith("max"))
        out: list[Outcome] = []
        none_better, at = TRUE, 0
        while at < len(ordered) and none_better != ~TRUE:
            tied = [i for i in ordered[at:] if i.values == ordered[at].values]
            for item in tied:
                out.append((self._shown(item), self._and([none_better, item.literal])))
            none_better = self._and([none_better, *(~i.literal for i in tied)])
            at += len(tied)
        return [(v, x) for v, x in out if x != ~TRUE]

    def _folded(self, items: Sequence[Item]) -> list[Outcome]:
        if self.fold is None:
            raise GroundingError(f"aggregate `{self.reduce.op}` is no fold")
        states: dict[Any, int] = {self.fold.start: TRUE}
        for item in items:
            bodies: dict[Any, list[list[int]]] = {}
            for state, literal in states.items():
                bodies.setdefault(self.fold.step(state, item), []).append([literal, item.literal])
                if item.literal != TRUE:
                    bodies.setdefault(state, []).append([literal, ~item.literal])
            if len(bodies) > MAX_STATES:
                raise GroundingError(
                    f"aggregate `{self.reduce.op}` has more than {MAX_STATES} possible results",
                    span=self.reduce.span, hint="aggregate fewer uncertain tuples, for example with retain_topk",
                )  # fmt: skip
            states = {s: self._or(b) for s, b in bodies.items()}
        return self._finished([(s, [[x]]) for s, x in states.items()])

    def _enumerated(self, items: Sequence[Item], key: int) -> list[Outcome]:
        items = self._sorted(items)
        if self.fold is None:
            raise GroundingError(f"aggregate `{self.reduce.op}` is no fold")
        unsure = [k for k, i in enumerate(items) if i.literal != TRUE]
        if len(unsure) > MAX_WORLDS_OF:
            raise GroundingError(
                f"aggregate `{self.reduce.op}` over {len(unsure)} uncertain tuples has 2^{len(unsure)} worlds",
                span=self.reduce.span, hint=f"this provenance enumerates worlds: at most {MAX_WORLDS_OF} tuples",
            )  # fmt: skip
        bodies: dict[Any, list[list[int]]] = {}
        for world in range(2 ** len(unsure)):
            state, literals = self.fold.start, [key]
            absent = {k for bit, k in enumerate(unsure) if not world >> bit & 1}
            for k, item in enumerate(items):
                literals.append(~item.literal if k in absent else item.literal)
                if k not in absent:
                    state = self.fold.step(state, item)
            bodies.setdefault(state, []).append(literals)
        return self._finished(list(bodies.items()))

    def _finished(self, states: Sequence[tuple[Any, Sequence[Sequence[int]]]]) -> list[Outcome]:
        if self.fold is None:
            raise GroundingError(f"aggregate `{self.reduce.op}` is no fold")
        results: dict[tuple[Any, ...], list[Sequence[int]]] = {}
        for state, bodies in states:
            result = self.fold.finish(state)
            if result is not None:
                results.setdefault(result, []).extend(bodies)
        out = [(r, self._or(b)) for r, b in results.items()]
        return [(r, x) for r, x in out if x != ~TRUE]
