"""Whether two formulas over propositions say the same of every trace, decided by their automaton."""

from __future__ import annotations

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.automaton import build
from nesy.reasoners.temporal.core import Core, ground


def equivalent(f: Formula, g: Formula, *, states: int = 5_000) -> bool:
    """Whether ``f`` and ``g``, whose atoms have no arguments, hold of the same traces of at least one frame.

    Raises:
        GroundingError: the automaton of "exactly one of them" has more than ``states`` states.
    """

    def proposition(name: str, objects: tuple[int, ...], atom: ast.Atom) -> Core:
        return ("prop", (name, *objects))

    differ = ground(ast.Not(ast.Iff(f, g)), (), proposition, in_class=lambda o, c: False)
    automaton = build(differ, states=states)
    reached = {-1 - t for t in automaton.roots if t < 0}
    reached |= {-1 - t for _, low, high in automaton.branches for t in (low, high) if t < 0}
    return not any(automaton.accepting[s] for s in reached)
