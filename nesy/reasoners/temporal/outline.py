"""The outline of a formula: what is left when its events, the largest parts about one frame, are single propositions.

``jumping(m) and above(m, s) then dead(s)`` has the outline ``a then b``. Captions say many events in few outlines, so
the automaton of an outline is nearly always known, and a new formula costs no more than its events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.automaton import Automaton, build, on_empty_trace, structure
from nesy.reasoners.temporal.core import FALSE, TRUE, Core, Part, Proposition, ground
from nesy.reasoners.temporal.cubes import Cubes, of_formula, of_outline

Key: TypeAlias = "int | tuple[object, ...]"
"""An outline as a key: the number of an event, or (operator, what it says itself, its operands)."""

NEVER, ALWAYS = -1, -2
"""An event that is false, or true, whatever the facts are."""

_BOOLEAN = (ast.And, ast.Or, ast.Not, ast.Implies, ast.Iff)


@dataclass(frozen=True)
class Outline:
    """A formula taken apart; outlines are equal if they differ in their events only. A quantifier is part of an event.

    body: the formula with atoms named 0, 1, .. in place of its events.
    events: formulas about one frame.
    """

    key: Key
    body: Formula = field(compare=False)
    events: tuple[Formula, ...] = field(compare=False)

    @staticmethod
    def of(formula: Formula) -> Outline:
        """Take a formula apart."""
        events: list[Formula] = []

        def split(f: Formula) -> tuple[Key, Formula] | None:
            """None of a formula about one frame."""
            if isinstance(f, ast.Hinted):  # hints never change truth
                return split(f.body)
            parts = ast.children(f)
            if not parts or isinstance(f, ast.QUANTIFIERS):
                return None
            found = [split(g) for g in parts]
            if isinstance(f, _BOOLEAN) and not any(found):
                return None
            keys, new = zip(*(event(g) if x is None else x for g, x in zip(parts, found, strict=True)), strict=True)
            return (type(f), ast.own(f), *keys), ast.replace_children(f, new)

        def event(f: Formula) -> tuple[Key, Formula]:
            events.append(f)
            return len(events) - 1, ast.Atom(str(len(events) - 1), ())

        key, body = split(formula) or event(formula)
        return Outline(key, body, tuple(events))

    def compiled(self, meanings: Sequence[Event], fps: float | None) -> tuple[tuple[Proposition, ...], Cubes] | None:
        """The propositions of the formula and its transitions over them; None if no clip can satisfy it.

        Args:
            meanings: of its events.

        Raises:
            GroundingError: the automaton is too large.
        """
        number: dict[Event, int] = {}
        what = []
        for event in meanings:
            what.append(number.setdefault(event, len(number)) if event.known is None else event.known)
        found = _known(self, tuple(what), fps)
        events = list(number)
        if not any(found.automaton.accepting) and not on_empty_trace(_joined(found.core, _cores(events))):
            return None
        numbers: dict[Proposition, int] = {}
        bare = []
        for k in found.events:
            facts = tuple([numbers.setdefault(p, len(numbers)) for p in events[k].facts])
            bare.append((events[k].bare, facts))
        every = (*numbers, *found.parts)
        cubes = _cubes(found, tuple(bare), len(numbers))
        if cubes is None:
            whole, every = structure(_joined(found.core, _cores(events)))
            return every, of_formula(whole, len(every))
        return every, cubes


@dataclass(frozen=True, eq=False)
class Bare:
    """A core formula over propositions 0, 1, .., one object for each, so that it is hashed in no time."""

    core: Core


@dataclass(frozen=True, eq=False)
class Event:
    """What an event means; events that mean the same are one object.

    facts: its propositions in order of first appearance.
    bare: the core formula in which they are 0, 1, ..
    known: NEVER or ALWAYS where there is nothing left to decide.
    """

    core: Core
    facts: tuple[Proposition, ...]
    bare: Bare
    known: int | None


@lru_cache(maxsize=1 << 15)
def event_of(core: Core) -> Event:
    """The event that a core formula about one frame is."""
    numbers: dict[Proposition, int] = {}
    bare = _numbered(core, numbers)
    known = {TRUE: ALWAYS, FALSE: NEVER}.get(core)
    return Event(core, tuple(numbers), _BARE.setdefault(bare, Bare(bare)), known)


_BARE: dict[Core, Bare] = {}
"""There are as many as ways to put literals together."""


class _Known:
    """An outline whose events may be constants or equal: its core formula, its automaton, the events that matter."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.automaton: Automaton = build(core)
        names = self.automaton.propositions
        self.events = [int(p[0]) for p in names if not isinstance(p, Part)]  # type: ignore[index]
        self.parts = [p for p in names if isinstance(p, Part)]


@lru_cache(maxsize=4096)
def _known(outline: Outline, what: tuple[int, ...], fps: float | None) -> _Known:
    def atom(name: str, objects: tuple[int, ...], node: ast.Atom) -> Core:
        known = what[int(name)]
        return {ALWAYS: TRUE, NEVER: FALSE}.get(known, ("prop", (known,)))

    return _Known(ground(outline.body, (), atom, in_class=lambda o, c: True, fps=fps))


@lru_cache(maxsize=4096)
def _cubes(found: _Known, events: tuple[tuple[Bare, tuple[int, ...]], ...], propositions: int) -> Cubes | None:
    """The transitions of an outline with these events; None where they must be found for the formula as a whole.

    events: ``Event.bare`` and what its propositions are.
    """
    means_of: dict[int, Core] = {}
    for k, (bare, facts) in zip(found.events, events, strict=True):
        means_of[k] = _put(bare.core, [("prop", (f,)) for f in facts])
    if on_empty_trace(found.core) != on_empty_trace(_joined(found.core, means_of)):
        return None
    number: dict[Proposition, Core] = {(k,): core for k, core in means_of.items()}
    number |= {p: ("prop", (propositions + k,)) for k, p in enumerate(found.parts)}
    try:
        means = [number[p] for p in found.automaton.propositions]
        return of_outline(found.automaton, means, propositions + len(found.parts))
    except GroundingError:  # parts that are the same in two events may make the whole smaller
        return None


def _numbered(core: Core, numbers: dict[Proposition, int]) -> Core:
    """An event with its propositions replaced by their numbers in order of first appearance."""
    if core[0] == "prop":
        return ("prop", (numbers.setdefault(core[1], len(numbers)),))
    return (core[0], *[_numbered(x, numbers) for x in core[1:]])


def _put(bare: Core, facts: Sequence[Core]) -> Core:
    """An event with other propositions in place of its numbers."""
    if bare[0] == "prop":
        number: int = bare[1][0]
        return facts[number]
    return (bare[0], *[_put(x, facts) for x in bare[1:]])


def _joined(core: Core, events: Mapping[int, Core]) -> Core:
    """An outline's core formula with its events put in."""
    if core[0] == "prop":
        return core if isinstance(core[1], Part) else events[core[1][0]]
    return (core[0], *(_joined(x, events) if isinstance(x, tuple) else x for x in core[1:]))


def _cores(events: Sequence[Event]) -> dict[int, Core]:
    return {k: event.core for k, event in enumerate(events)}
