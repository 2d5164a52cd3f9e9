"""A spec compiled once for all clips: its quantified variables, and one table of transitions for each way to bind them.

A spec ``exists x: c, y: d { body }`` is compiled to *cases*. In a case every block of variables denotes one object and
different blocks different objects, so that within one assignment of objects to blocks all facts of the body are
different facts and the automaton's forward pass is exact. Variables of different classes never share a block: classes
exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import TypeAlias

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.variables import free
from nesy.errors import GroundingError
from nesy.reasoners.temporal.core import FALSE, LOCAL, TRUE, Core, Ground, Proposition, Some, bound, of_frame
from nesy.reasoners.temporal.cubes import Cubes
from nesy.reasoners.temporal.outline import Event, Outline, event_of
from nesy.reasoners.temporal.scope import literals, miniscope

Sort: TypeAlias = "str | frozenset[str]"
"""What is known of an object's class: its name, or the classes it does not have (the empty set: nothing is known)."""

ANY: Sort = frozenset()


@dataclass(frozen=True, eq=False)
class Case:
    """One way in which the variables of a spec may coincide, with its automaton.

    sorts: what is known of the class of each block of variables.
    propositions: frame facts whose arguments are block numbers, facts of some object, parts of the clip; K of them.
    """

    sorts: tuple[Sort, ...]
    propositions: tuple[Proposition, ...]
    cubes: Cubes


@lru_cache(maxsize=16384)
def cases(formula: Formula, classes: tuple[str, ...], fps: float | None, scoped: bool = False) -> tuple[Case, ...]:
    """All cases of a spec that is a body without quantifiers behind leading ``exists``, ``scoped``: after miniscoping.

    Raises:
        GroundingError: other quantifiers, free variables, or more than MAX_CUBES transitions.
    """
    return tuple(_compile(formula, classes, fps, scoped))


def _compile(formula: Formula, classes: tuple[str, ...], fps: float | None, scoped: bool) -> Iterator[Case]:
    bindings, body = prefix(miniscope(formula) if scoped else formula)
    names = [b.var for b in bindings]
    outline = Outline.of(body)
    for sorts_of in _refinements(bindings, outline.events, classes):
        for blocks in coincidences(sorts_of):
            sorts = tuple(sort for sort, _ in blocks)
            place = {i: k for k, (_, block) in enumerate(blocks) for i in block}
            env = {name: place[i] for i, name in enumerate(names)}  # of two of the same name the inner one counts
            events = [_event(e, _of_its_own(e, env, sorts), classes) for e in outline.events]
            found = outline.compiled(events, fps)
            if found is not None:
                yield Case(sorts, *found)


Own: TypeAlias = "tuple[tuple[str, int, Sort], ...]"
"""Of each free variable of an event its block and what is known of the block's class."""


def _of_its_own(event: Formula, env: Mapping[str, int], sorts: Sequence[Sort]) -> Own:
    return tuple([(v, env[v], sorts[env[v]]) for v in sorted(free(event)) if v in env])


@lru_cache(maxsize=1 << 15)
def _event(event: Formula, variables: Own, classes: tuple[str, ...]) -> Event:
    """The meaning of an event; kept, as windows and orders of a caption share its events."""
    env = {name: block for name, block, _ in variables}
    sorts = {block: sort for _, block, sort in variables}
    return event_of(of_frame(event, _atom(sorts, classes), env, partial(_some, sorts=sorts, classes=classes)))


def _atom(sorts: Mapping[int, Sort], classes: tuple[str, ...]) -> Ground:
    """The meaning of atoms where the blocks have these sorts."""

    def atom(name: str, objects: tuple[int, ...], node: ast.Atom) -> Core:
        if len(objects) == 1 and name in classes:
            return TRUE if sorts[objects[0]] == name else FALSE
        return ("prop", (name, *objects))

    return atom


def _some(f: Formula, blocks: Mapping[str, int], sorts: Mapping[int, Sort], classes: tuple[str, ...]) -> Core:
    """The proposition of an inner ``exists x { literals }``, its other variables standing for these blocks."""
    found = literals(f.body) if isinstance(f, ast.Exists) and len(f.bindings) == 1 else None
    if found is None or not isinstance(f, ast.Exists):
        raise GroundingError(
            "this quantifier cannot be compiled for training",
            span=f.span,
            hint="move `exists` to the front of the spec, or ask for the exact probability of single clips",
        )
    (binding,) = f.bindings
    sort: Sort = binding.sort if binding.sort is not None else ANY
    own: list[tuple[str, tuple[int, ...], bool]] = []
    for a, positive in found:
        args = tuple(LOCAL if x == binding.var else bound(x, blocks, a) for x in a.args)
        if len(args) == 1 and a.predicate in classes:
            if args[0] == LOCAL:
                met = _meet(sort, a.predicate if positive else frozenset([a.predicate]))
                if met is None:
                    return FALSE
                sort = met
            elif (sorts[args[0]] == a.predicate) is not positive:
                return FALSE
        else:
            own.append((a.predicate, args, positive))
    return ("prop", Some(sort, tuple(sorted(own))))


def _refinements(
    bindings: Sequence[ast.Binding], events: Sequence[Formula], classes: tuple[str, ...]
) -> Iterator[tuple[Sort, ...]]:
    """The sorts of the variables; a variable without class splits by the class atoms that the body asks of it."""
    asked: dict[str, list[str]] = {b.var: [] for b in bindings}
    last = {b.var: i for i, b in enumerate(bindings)}  # another one of the same name is out of sight
    for event in events:
        for name, of in _classes_asked(event, classes):
            if of in asked:
                asked[of].append(name)
    options: list[list[Sort]] = []
    for i, b in enumerate(bindings):
        mentioned = dict.fromkeys(asked[b.var] if last[b.var] == i else ())
        options.append([b.sort] if b.sort is not None else [*mentioned, frozenset(mentioned)])
    yield from product(*options)


@lru_cache(maxsize=1 << 15)
def _classes_asked(event: Formula, classes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Class atoms, (class, variable) each."""
    atoms = [g for g in ast.walk(event) if isinstance(g, ast.Atom) and len(g.args) == 1]
    return tuple((a.predicate, a.args[0]) for a in atoms if a.predicate in classes)


def prefix(formula: Formula) -> tuple[tuple[ast.Binding, ...], Formula]:
    """The leading existential bindings of ``formula`` and what they range over."""
    bindings: tuple[ast.Binding, ...] = ()
    while isinstance(formula, ast.Exists):
        bindings += formula.bindings
        formula = formula.body
    return bindings, formula


def coincidences(sorts: Sequence[Sort]) -> Iterator[tuple[tuple[Sort, tuple[int, ...]], ...]]:
    """All partitions of the variables 0..k-1 into blocks whose sorts agree: (sort, variables) of each block."""

    def extend(
        blocks: tuple[tuple[Sort, tuple[int, ...]], ...], i: int
    ) -> Iterator[tuple[tuple[Sort, tuple[int, ...]], ...]]:
        if i == len(sorts):
            yield blocks
            return
        for k, (sort, block) in enumerate(blocks):
            both = _meet(sort, sorts[i])
            if both is not None:
                yield from extend((*blocks[:k], (both, (*block, i)), *blocks[k + 1 :]), i + 1)
        yield from extend((*blocks, (sorts[i], (i,))), i + 1)

    yield from extend((), 0)


def _meet(a: Sort, b: Sort) -> Sort | None:
    """The sort of an object that has both; None where they contradict each other."""
    if isinstance(a, str):
        a, b = b, a  # a name, if there is one, is now b
    if isinstance(a, str):
        return a if a == b else None
    if isinstance(b, str):
        return None if b in a else b
    return a | b
