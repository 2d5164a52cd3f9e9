"""Strata: strongly connected components of the dependency graph, in an order in which they can be evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from nesy.errors import SpecTypeError
from nesy.reasoners.datalog import ir


@dataclass(slots=True)
class Stratum:
    """Relations that depend on each other, and whether any of them depends on itself."""

    relations: list[str]
    recursive: bool


def stratify(program: ir.Program, source: str) -> list[Stratum]:
    """Strata in evaluation order; raises if a relation depends on its own negation or aggregate."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(program.relations)
    negative: dict[tuple[str, str], ir.Atom | ir.Reduce] = {}
    for clause in program.clauses:
        for literal in clause.body:
            if isinstance(literal, ir.Atom):
                graph.add_edge(literal.relation, clause.head)
                if literal.negated:
                    negative[literal.relation, clause.head] = literal
    for reduce in program.reduces:
        for relation in (reduce.source, reduce.domain):
            if relation is not None:
                graph.add_edge(relation, reduce.out)
                negative[relation, reduce.out] = reduce
    component: dict[str, int] = {}
    components = [sorted(c) for c in nx.strongly_connected_components(graph)]
    for i, members in enumerate(components):
        component.update(dict.fromkeys(members, i))
    for (body, head), cause in negative.items():
        if component[body] == component[head]:
            a, b = (_visible(program, x) for x in (body, head))
            kind = "negative" if isinstance(cause, ir.Atom) else "aggregation"
            raise SpecTypeError(
                f"Cannot stratify program: {kind} cycle detected between predicate `{a}` and `{b}`",
                span=cause.span, source=source,
                hint="a relation may not depend on its own negation or aggregate; split it in two",
            )  # fmt: skip
    condensed = nx.condensation(graph, [set(c) for c in components])
    out = []
    for i in nx.lexicographical_topological_sort(condensed, key=lambda i: components[i][0]):
        members = components[i]
        recursive = len(members) > 1 or graph.has_edge(members[0], members[0])
        out.append(Stratum(members, recursive))
    return out


def _visible(program: ir.Program, name: str) -> str:
    """For a helper relation, the relation it was made for."""
    seen: set[str] = set()
    while name.startswith("#") and name not in seen:
        seen.add(name)
        users = [c.head for c in program.clauses if any(isinstance(x, ir.Atom) and x.relation == name for x in c.body)]
        users += [r.out for r in program.reduces if name in (r.source, r.domain)]
        name = users[0] if users else name
    return name
