"""Facts that exclude or equal each other, found in the constraints and then built into the distribution.

``always (walking(x) -> not (running(x) or jumping(x)))`` says that at most one of a group of facts is true. Instead of
punishing a model for breaking that, the distribution is conditioned on it. For independent facts with log-odds l_i,

    P(i | at most one of the group) = exp(l_i) / (1 + sum_j exp(l_j)),

a softmax with one more option, "none", at log-odds 0. ``always (above(x, y) <-> below(y, x))`` says that two facts are
one: given that, the log-odds of both are l_i + l_j. Each fact gets its exact conditional probability under its group;
what is computed from the graph afterwards takes the facts for independent again, as in every scene graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import networkx as nx
import torch
from torch import Tensor

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.pointwise import literals
from nesy.scenegraph import SceneGraph, Vocabulary

MOST = 24  # predicates of one arity in a constraint; more are not searched for exclusions


@dataclass(frozen=True)
class Rule:
    """A constraint of the form "always, for all objects: a formula about one frame"."""

    variables: tuple[str, ...]
    body: Formula


def rule_of(constraint: Formula) -> Rule | None:
    """The constraint as a :class:`Rule`, None when it says something else (a temporal body, more than two objects)."""
    variables: tuple[str, ...] = ()
    body, always = constraint, False
    while isinstance(body, (ast.Forall, ast.Always)):
        if isinstance(body, ast.Forall):
            if any(b.sort is not None for b in body.bindings):
                return None
            variables += tuple(b.var for b in body.bindings)
        elif always or body.window is not None:
            return None
        else:
            always = True
        body = body.body
    one_frame = (ast.Truth, ast.Atom, ast.Equal, ast.Distinct, ast.Not, ast.And, ast.Or, ast.Implies, ast.Iff)
    if not always or len(variables) > 2 or not all(isinstance(g, one_frame) for g in ast.walk(body)):
        return None
    return Rule(variables, body)


@dataclass(frozen=True)
class Groups:
    """Columns of predicates of which at most one is true of the same object(s) in a frame; no column twice.

    same: pairs of binary columns (i, j) with i(x, y) <-> j(y, x); i == j for a symmetric relation.
    """

    unary: tuple[tuple[int, ...], ...] = ()
    binary: tuple[tuple[int, ...], ...] = ()
    same: tuple[tuple[int, int], ...] = ()


def exclusive_groups(constraints: Sequence[Formula], vocabulary: Vocabulary) -> Groups:
    """The largest groups first, each of predicates that exclude each other in pairs by some constraint."""
    unary: nx.Graph[str] = nx.Graph()
    binary: nx.Graph[str] = nx.Graph()
    same: dict[int, tuple[int, int]] = {}  # by column; a column is tied once
    for constraint in constraints:
        rule = rule_of(constraint)
        if rule is None:
            continue
        places = [(0,), (1,)] if len(rule.variables) == 2 else [(0,)]
        for graph, names, ways in ((unary, vocabulary.unary, places), (binary, vocabulary.binary, [(0, 1), (1, 0)])):
            used = {f.predicate for f in ast.walk(rule.body) if isinstance(f, ast.Atom)} & set(names)
            if len(rule.variables) < max(map(len, ways)) or not 2 <= len(used) <= MOST:
                continue
            worlds = literals(rule.body, rule.variables, vocabulary.classes)
            for args in ways:
                for a, b in combinations(sorted(used), 2):
                    if all((a, args, False) in w or (b, args, False) in w for w in worlds):
                        graph.add_edge(a, b)
        if len(rule.variables) == 2:
            for i, j in _inverse(rule, vocabulary):
                if i not in same and j not in same:
                    same[i] = same[j] = (i, j)
    return Groups(_cover(unary, vocabulary.unary), _cover(binary, vocabulary.binary), tuple(sorted(set(same.values()))))


def _inverse(rule: Rule, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    """Pairs of binary columns that the rule makes each other's inverse."""
    used = {f.predicate for f in ast.walk(rule.body) if isinstance(f, ast.Atom)}
    names = [n for n in vocabulary.binary if n in used]
    worlds = literals(rule.body, rule.variables, vocabulary.classes)
    if len(names) > 2 or not worlds:
        return []
    out = []
    for k, a in enumerate(names):
        for b in names[k:]:
            for there, back in (((0, 1), (1, 0)), ((1, 0), (0, 1))):
                signs = [[(a, there, s) in w and (b, back, s) in w for s in (True, False)] for w in worlds]
                if all(any(both) for both in signs):
                    out.append((vocabulary.binary.index(a), vocabulary.binary.index(b)))
    return out


def _cover(graph: nx.Graph[str], names: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Disjoint cliques, greedily by size; ties by the order of the names, so that the answer is always the same."""
    graph = graph.copy()
    out = []
    while graph.number_of_edges():
        cliques = [tuple(sorted(names.index(n) for n in c)) for c in nx.find_cliques(graph)]
        best = max(cliques, key=lambda c: (len(c), [-i for i in c]))
        out.append(best)
        graph.remove_nodes_from([names[i] for i in best])
    return tuple(out)


def condition(graph: SceneGraph, groups: Groups) -> SceneGraph:
    """The scene graph given that inverse facts are equal and at most one fact of each group is true."""
    unary, binary = exclude(graph.unary, groups.unary), exclude(tie(graph.binary, groups.same), groups.binary)
    return SceneGraph(
        graph.vocabulary, graph.classes, unary, binary, graph.present, graph.lengths, graph.objects, graph.fps
    )


def tie(logits: Tensor, same: Sequence[tuple[int, int]]) -> Tensor:
    """Log-odds of binary facts [..., N, N, R] given that i(x, y) <-> j(y, x) for each pair of columns."""
    if not same:
        return logits
    columns = list(logits.unbind(-1))
    for i, j in same:
        both = columns[i] + columns[j].transpose(-1, -2)
        columns[i], columns[j] = both, both.transpose(-1, -2)
    return torch.stack(columns, -1)


def exclude(logits: Tensor, groups: Sequence[tuple[int, ...]]) -> Tensor:
    """Log-odds of facts [..., P] given that at most one of each group of columns is true."""
    if not groups:
        return logits
    columns = list(logits.unbind(-1))
    for group in groups:
        own = logits[..., list(group)]
        others = own[..., None, :].expand(*own.shape, len(group))
        same = torch.eye(len(group), dtype=torch.bool, device=logits.device)
        # In the diagonal's place stands "none", with log-odds 0: log of 1 + the sum of the others' odds.
        rest = torch.where(same, torch.zeros_like(others), others).logsumexp(-1)
        for k, column in enumerate(group):
            columns[column] = own[..., k] - rest[..., k]
    return torch.stack(columns, -1)
