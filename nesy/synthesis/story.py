"""What a text tells: moments in their order, and what is said beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nesy.dsl import ast
from nesy.dsl.ast import Formula


@dataclass(eq=False)
class Moment:
    """Facts that hold together in one frame."""

    facts: Formula


@dataclass(eq=False)
class Denial:
    """What is denied, behind which moment, whether of the time behind it alone, and whether of its frame at least."""

    what: Formula
    after: Moment | None
    later: bool = False
    frame: bool = False


@dataclass
class Story:
    """A chain of moments, each strictly later, and what is said beside it: unordered events and what never happens."""

    chain: list[Moment] = field(default_factory=list)
    beside: list[Formula] = field(default_factory=list)
    never: list[Denial] = field(default_factory=list)


def sequence(events: Sequence[Formula]) -> Formula:
    """One event somewhere, or several, each strictly later."""
    if len(events) == 1:
        return ast.Eventually(events[0])
    return ast.Then(tuple(events), (None,) * (len(events) - 1))


def facts_of(f: Formula) -> tuple[Formula, ...]:
    return f.args if isinstance(f, ast.And) else (f,)


def contradict(a: Formula, b: Formula, exclusive: Sequence[frozenset[str]]) -> bool:
    """Whether two conjunctions deny each other, or say two things of an object that exclude each other."""
    xs, ys = set(facts_of(a)), set(facts_of(b))
    if {f.body if isinstance(f, ast.Not) else ast.Not(f) for f in xs} & ys:
        return True
    atoms = {f for f in xs | ys if isinstance(f, ast.Atom)}
    return any(
        f.args == g.args and f.predicate != g.predicate
        for group in exclusive
        for f in atoms
        if f.predicate in group
        for g in atoms
        if g.predicate in group
    )


def retold(events: Sequence[Formula], told: Formula) -> bool:
    """Whether ``events`` only say again what the same parties did: ``lands on a snail and kills it``."""
    facts = {f for e in events for f in facts_of(e)}
    return any(isinstance(f, ast.Atom) and len(f.args) == 2 for f in facts) and facts == set(facts_of(told))


def already_told(f: Formula, told: Formula) -> bool:
    return set(facts_of(f)) <= set(facts_of(told))
