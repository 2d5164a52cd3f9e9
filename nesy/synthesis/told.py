"""What a spec tells, fact by fact: predicate, polarity, classes, objects, and when in relation to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nesy.dsl import ast
from nesy.dsl.ast import Formula

Key = tuple[str, bool, str, tuple[str, ...]]
"""Predicate, whether it is affirmed, at some or at every moment, and the classes of its arguments."""


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of a spec.

    variables: its arguments, named apart where quantifiers use one name twice.
    chain, place: the sequence of events that it belongs to, and at which event of it.
    """

    key: Key
    variables: tuple[str, ...]
    chain: int
    place: int

    def order(self, other: Told) -> str:
        """``same``, ``before``, ``after``, or ``open`` where the spec does not say."""
        if self.chain != other.chain:
            return "open"
        return "same" if self.place == other.place else "before" if self.place < other.place else "after"


def told(formula: Formula) -> list[Told]:
    """The facts of a spec in the order in which it tells them; formulas of classes and equality are no facts.

    >>> from nesy.dsl.parser import parse_formula
    >>> [t.key for t in told(parse_formula("exists d: dog { not eventually barking(d) }"))]
    [('barking', False, 'every', ('dog',))]
    """
    found: list[Told] = []
    chains = 0
    scopes = 0
    # formula, affirmed, at every moment, variable -> (own name, class), chain, place; iterative: depth costs no stack
    stack: list[tuple[Formula, bool, bool, Mapping[str, tuple[str, str]], int, int]] = [
        (formula, True, False, {}, 0, 0)
    ]
    while stack:
        f, positive, every, env, chain, place = stack.pop()
        below: list[tuple[Formula, bool, bool, Mapping[str, tuple[str, str]], int, int]] = []
        match f:
            case ast.Atom(predicate, args):
                pairs = [env.get(a, (a, "")) for a in args]
                key = predicate, positive, "every" if every else "some", tuple(sort for _, sort in pairs)
                found.append(Told(key, tuple(name for name, _ in pairs), chain, place))
            case ast.Not(body):
                below = [(body, not positive, every, env, chain, place)]
            case ast.Implies(left, right):
                below = [(left, not positive, every, env, chain, place), (right, positive, every, env, chain, place)]
            case ast.Eventually(body) | ast.Always(body) | ast.Once(body) | ast.Historically(body):
                chains += 1
                strong = isinstance(f, ast.Always | ast.Historically) == positive
                below = [(body, positive, strong, env, chains, 0)]
            case ast.Then(parts):
                chains += 1
                below = [(p, positive, every, env, chains, i) for i, p in enumerate(parts)]
            case ast.Until(left, right) | ast.WeakUntil(left, right):
                below = [(left, positive, every, env, chain, place), (right, positive, every, env, chain, place + 1)]
            case ast.Exists(bindings) | ast.Forall(bindings) | ast.ExistsAtLeast(_, bindings):
                scopes += 1
                inner = {**env, **{b.var: (f"{b.var}'{scopes}", b.sort or "") for b in bindings}}
                below = [(f.body, positive, every, inner, chain, place)]
            case _:
                below = [(g, positive, every, env, chain, place) for g in ast.children(f)]
        stack.extend(reversed(below))
    return found


def matched(gold: list[Told], found: list[Told]) -> list[tuple[Told, Told]]:
    """Facts of both with the same key; of several with one key the first is paired with the first, and so on."""
    waiting: dict[Key, list[Told]] = {}
    for t in found:
        waiting.setdefault(t.key, []).append(t)
    return [(t, waiting[t.key].pop(0)) for t in gold if waiting.get(t.key)]
