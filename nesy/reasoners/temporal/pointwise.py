"""The exact probability of a formula about one frame, for all frames and all objects at once.

One tensor axis a variable: a formula without temporal operators over x and y becomes [B, T, N, N]. Its truth is decided
by a decision diagram over the facts that it mentions; each path of the diagram is a product, broadcast over the axes.
Classes are summed over: within one choice of classes for the variables the facts are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.automaton import build
from nesy.reasoners.temporal.core import FALSE, TRUE, Core, ground
from nesy.reasoners.temporal.definition import VISIBLE
from nesy.reasoners.temporal.logspace import DEEP, FLOOR, rest
from nesy.scenegraph import SceneGraph


@dataclass(frozen=True)
class Term:
    """A product: the classes of the variables (None: another one, or none at all) and the literals of one path."""

    classes: tuple[tuple[int, str | None], ...]
    literals: tuple[tuple[str, tuple[int, ...], bool], ...]


class FrameFacts:
    """log P of the facts of a graph, each computed once however many formulas use it."""

    def __init__(self, graph: SceneGraph) -> None:
        self.graph = graph
        self._facts: dict[tuple[str, int, bool], Tensor] = {}
        self._classes: dict[tuple[str | None, tuple[str, ...]], Tensor] = {}
        self._possible: Tensor | None = None

    def fact(self, name: str, arity: int, positive: bool) -> Tensor:
        """[B, T, N] of a unary predicate, [B, T, N, N] of a binary one."""
        key = (name, arity, positive)
        if key not in self._facts:
            self._facts[key] = _fact(self.graph, *key)
        return self._facts[key]

    def of_class(self, name: str | None, mentioned: tuple[str, ...]) -> Tensor:
        """[B, N] of a class; None: of those that are not mentioned."""
        key = (name, mentioned if name is None else ())
        if key not in self._classes:
            if self._possible is None:
                self._possible = self.graph.classes.clamp_min(FLOOR)
            self._classes[key] = _class(self._possible, self.graph.vocabulary.classes, name, mentioned)
        return self._classes[key]


def log_probability(
    formula: Formula, variables: Sequence[str], graph: SceneGraph, facts: FrameFacts | None = None
) -> Tensor:
    """log P(formula) in every frame for every choice of objects, [B, T, N, ... N] with one axis a variable.

    ``facts`` of the same graph saves work where there are many formulas.

    Different variables are taken to denote different objects; entries of the diagonal mean nothing, as do absent
    objects and padding: the caller masks them.

    Raises:
        GroundingError: temporal operators or quantifiers, unknown predicates.
    """
    terms, mentioned = terms_of(formula, tuple(variables), graph.vocabulary.classes)
    known = facts or FrameFacts(graph)
    b, t, n = graph.present.shape
    shape = (b, t, *(n,) * len(variables))
    total = graph.unary.new_full(shape, DEEP)
    for term in terms:
        value = graph.unary.new_zeros(shape)
        for variable, name in term.classes:
            value = value + _axes(known.of_class(name, mentioned[variable])[:, None], (variable,), len(variables))
        for name, args, positive in term.literals:
            value = value + _axes(known.fact(name, len(args), positive), args, len(variables))
        total = torch.logaddexp(total, value)
    return total.clamp_max(0)


def _axes(x: Tensor, args: tuple[int, ...], count: int) -> Tensor:
    """[B, T, N(, N)] with its object axes moved to the places ``args`` among ``count``."""
    if len(args) == 2 and args[0] == args[1]:
        x, args = x.diagonal(dim1=2, dim2=3), args[:1]
    elif len(args) == 2 and args[0] > args[1]:
        x, args = x.transpose(2, 3), args[::-1]
    index: list[slice | None] = [slice(None), slice(None)]
    index += [slice(None) if k in args else None for k in range(count)]
    return x[tuple(index)]


def _fact(graph: SceneGraph, name: str, arity: int, positive: bool) -> Tensor:
    v = graph.vocabulary
    if arity == 1 and name in v.unary:
        logits = graph.unary[..., v.unary.index(name)]
    elif arity == 2 and name in v.binary:
        logits = graph.binary[..., v.binary.index(name)]
    elif arity == 1 and name == VISIBLE:
        logits = torch.where(graph.present, torch.inf, -torch.inf).to(graph.unary.dtype)
    else:
        known = [*v.classes, *v.unary, *v.binary]
        raise GroundingError(f"the scene graph has no predicate `{name}`", hint=did_you_mean(name, known))
    return logsigmoid(logits if positive else -logits).clamp_min(FLOOR)


def _class(classes: Tensor, names: tuple[str, ...], name: str | None, mentioned: tuple[str, ...]) -> Tensor:
    if name is not None:
        return classes[..., names.index(name)]
    others = [k for k, c in enumerate(names) if c not in mentioned]
    return torch.cat([classes[..., others], rest(classes)[..., None]], -1).logsumexp(-1).clamp_min(FLOOR)


def literals(
    formula: Formula, variables: Sequence[str], classes: tuple[str, ...]
) -> list[frozenset[tuple[str, tuple[int, ...], bool]]]:
    """The ways in which a formula about one frame can be true, as sets of (predicate, variable numbers, sign)."""
    terms, _ = terms_of(formula, tuple(variables), classes)
    return [frozenset(term.literals) for term in terms]


@lru_cache(maxsize=1024)
def terms_of(
    formula: Formula, variables: tuple[str, ...], names: tuple[str, ...]
) -> tuple[tuple[Term, ...], tuple[tuple[str, ...], ...]]:
    """The disjoint ways in which a formula about one frame can be true, and the classes asked of each variable."""
    asked: list[dict[str, None]] = [{} for _ in variables]
    for g in ast.walk(formula):
        if isinstance(g, ast.Atom) and len(g.args) == 1 and g.predicate in names and g.args[0] in variables:
            asked[variables.index(g.args[0])][g.predicate] = None
    mentioned = tuple(tuple(a) for a in asked)
    terms: list[Term] = []
    env = {v: k for k, v in enumerate(variables)}
    for ways in product(*([*m, None] if m else [None] for m in mentioned)):

        def atom(name: str, objects: tuple[int, ...], node: ast.Atom, ways: tuple[str | None, ...] = ways) -> Core:
            if len(objects) == 1 and name in names:
                return TRUE if ways[objects[0]] == name else FALSE
            return ("prop", (name, *objects))

        core = ground(formula, range(len(variables)), atom, in_class=lambda o, c: True, env=env)
        classes = tuple((k, c) for k, c in enumerate(ways) if mentioned[k])
        terms += [Term(classes, path) for path in _paths(core)]
    return tuple(terms), mentioned


def _paths(core: Core) -> list[tuple[tuple[str, tuple[int, ...], bool], ...]]:
    """The disjoint conjunctions of literals under which a formula about one frame is true."""
    automaton = build(core)
    settled = {s for s, root in enumerate(automaton.roots) if root == -1 - s}
    out = []
    stack: list[tuple[int, tuple[tuple[str, tuple[int, ...], bool], ...]]] = [(automaton.roots[0], ())]
    while stack:
        target, path = stack.pop()
        if target < 0:
            if -1 - target not in settled:
                raise GroundingError("a formula about one frame has no temporal operators")
            if automaton.accepting[-1 - target]:
                out.append(path)
            continue
        proposition, low, high = automaton.branches[target]
        name, *args = automaton.propositions[proposition]  # type: ignore[misc]
        literal = (str(name), tuple(int(a) for a in args))
        stack += [(low, (*path, (*literal, False))), (high, (*path, (*literal, True)))]
    return out
