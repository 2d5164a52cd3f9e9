"""Orders instead of a report: what is asked for in any order, and what after what.

``A and B`` asks for both; ``A, then B`` and ``B after you A`` ask that all of A is done when B is, at the same time or
later: one step can fulfil the last of A and the first of B.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.synthesis.clause import Clause
from nesy.synthesis.discourse import Reading, conjunction
from nesy.synthesis.story import Story


def arrange_orders(clauses: Sequence[Clause], readings: Sequence[Reading | None], notes: list[str]) -> Story:
    """The story of orders: nothing in a chain, what is asked for beside it."""
    groups: list[list[Formula]] = [[]]
    at = 0
    for clause, reading in zip(clauses, readings, strict=True):
        if clause.order == "after":
            groups.insert(at, [])
        elif clause.link == "then" or clause.order == "before" or (clause.opens and groups != [[]]):
            at += 1
            groups.insert(at, [])
        if reading is None:
            continue
        if reading.negative or clause.order not in ("", "after", "before") or clause.link == "or":
            notes.append(f"`{clause.text}` was left out: no order that is understood")
            continue
        groups[at].append(conjunction(reading.events))
    groups = [g for g in groups if g]
    if len(groups) == 1:
        return Story(beside=[ast.Eventually(f) for f in groups[0]])
    story = Story()
    for first, second in pairwise(groups):
        for a in first:
            for b in second:
                story.beside.append(ast.Eventually(conjunction([a, ast.Eventually(b)])))
    return story
