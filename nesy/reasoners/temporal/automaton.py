"""From a ground formula to a deterministic automaton, by progression.

A state says what the rest of the trace still owes: a boolean function (a decision diagram) over *step variables*
"``g`` holds at the next frame", strong or weak. Past operators add registers: what each remembered formula was at the
previous frame, again as such a function, because its value may itself depend on the future. Reading a frame replaces
each step variable by the one-step expansion of its formula; facts are ordered before step variables, so that the upper
part of the new diagram decides between the next states and the lower part *is* the next state. Decision diagrams are
canonical and the step formulas of one formula are finitely many, hence the construction ends.

Source: formula progression (Bacchus and Kabanza, 2000) and LTLf (De Giacomo and Vardi, 2013).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeAlias

from nesy.errors import GroundingError
from nesy.reasoners.temporal.bdd import FALSE, TRUE, Diagrams
from nesy.reasoners.temporal.core import Core, Proposition

_STEP = 1 << 30  # step variables are numbered from here, below all facts

Branch: TypeAlias = "tuple[int, int, int]"
"""A decision: (proposition, target if false, target if true); a target >= 0 is a branch, -1 - s is state ``s``."""


@dataclass(frozen=True)
class Automaton:
    """A complete deterministic automaton whose letters are truth assignments to ``propositions``.

    propositions: what the decisions test, by number.
    initial: the first state (before any frame is read).
    accepting: per state, whether a trace that ends there satisfies the formula.
    roots: per state, the target (branch or state) at which the decision on the next frame begins.
    branches: all decisions, children before parents.
    """

    propositions: tuple[Proposition, ...]
    initial: int
    accepting: tuple[bool, ...]
    roots: tuple[int, ...]
    branches: tuple[Branch, ...] = field(repr=False)

    def step(self, state: int, true: frozenset[int] | set[int]) -> int:
        """The state after reading one frame in which exactly the propositions ``true`` hold."""
        target = self.roots[state]
        while target >= 0:
            proposition, low, high = self.branches[target]
            target = high if proposition in true else low
        return -1 - target


def build(formula: Core, *, states: int = 2_000, nodes: int = 200_000) -> Automaton:
    """The minimal automaton of ``formula``; cached on its structure: which facts it speaks of does not matter.

    Raises:
        GroundingError: more than ``states`` states or ``nodes`` decision nodes before minimisation.
    """
    bare, propositions = structure(formula)
    return replace(_build(bare, states, nodes), propositions=propositions)


def structure(formula: Core) -> tuple[Core, tuple[Proposition, ...]]:
    """``formula`` with its propositions replaced by their numbers in order of first appearance, and what they were."""
    propositions = propositions_of(formula)
    number = {p: k for k, p in enumerate(propositions)}
    done: dict[int, Core] = {}
    stack = [formula]
    while stack:
        f = stack[-1]
        if f[0] == "prop":
            done[id(f)] = ("prop", (number[f[1]],))
            stack.pop()
            continue
        waiting = [g for g in f[1:] if isinstance(g, tuple) and id(g) not in done]
        if waiting:
            stack.extend(waiting)
            continue
        done[id(f)] = tuple(done[id(g)] if isinstance(g, tuple) else g for g in f)
        stack.pop()
    return done[id(formula)], tuple(propositions)


@lru_cache(maxsize=4096)
def _build(formula: Core, states: int, nodes: int) -> Automaton:
    return minimise(Progression(formula, states=states, nodes=nodes).automaton())


def propositions_of(formula: Core) -> list[Proposition]:
    """The propositions of ``formula`` in order of first appearance."""
    found: dict[Proposition, None] = {}
    seen: set[int] = set()
    stack = [formula]
    while stack:
        f = stack.pop()
        if id(f) in seen:
            continue
        seen.add(id(f))
        if f[0] == "prop":
            found[f[1]] = None
        else:
            stack.extend(x for x in reversed(f[1:]) if isinstance(x, tuple))
    return list(found)


class Progression:
    """The construction for one formula, one state at a time: :meth:`root` reveals a state's successors when asked.

    Without :meth:`automaton` only the states that a given clip can reach are ever built, which answers large formulas
    on clips whose facts are mostly certain.
    """

    def __init__(self, formula: Core, *, states: int = 2_000, nodes: int = 200_000) -> None:
        self.formula = formula
        self.limit = states
        self.bdd = Diagrams(nodes)
        self.propositions = propositions_of(formula)
        self.number = {p: i for i, p in enumerate(self.propositions)}
        self.steps: list[tuple[Core, bool]] = []  # (formula, weak) of each step variable
        self.step_number: dict[tuple[Core, bool], int] = {}
        self.registers: list[tuple[Core, bool]] = []  # (formula, its value before the first frame)
        self.register_number: dict[tuple[Core, bool], int] = {}
        self._find_registers(formula, set())
        # Before the first frame the whole formula is one step away; state 0.
        start = (self._step(formula, weak=False), *(TRUE if first else FALSE for _, first in self.registers))
        self.states: list[tuple[int, ...]] = []
        self.branches: list[Branch] = []
        self._roots: list[int | None] = []
        self._number: dict[tuple[int, ...], int] = {}
        self._branch_number: dict[Branch, int] = {}
        self._state(start)

    # -- which formulas must be remembered ---------------------------------------------------------------------------

    def _find_registers(self, f: Core, seen: set[Core]) -> None:
        if f in seen:
            return
        seen.add(f)
        for g in f[1:]:
            if isinstance(g, tuple) and f[0] != "prop":
                self._find_registers(g, seen)
        for remembered, first in _remembers(f):
            if (remembered, first) not in self.register_number:
                self.register_number[remembered, first] = len(self.registers)
                self.registers.append((remembered, first))
                self._find_registers(remembered, seen)

    # -- one frame ---------------------------------------------------------------------------------------------------

    def _step(self, f: Core, weak: bool) -> int:
        key = (f, weak)
        if key not in self.step_number:
            self.step_number[key] = len(self.steps)
            self.steps.append(key)
        return self.bdd.var(_STEP + self.step_number[key])

    def _expand(self, f: Core, past: tuple[int, ...], memo: dict[Core, int]) -> int:
        """``f`` at the present frame as a diagram over facts and step variables; ``past`` holds the registers."""
        found = memo.get(f)
        if found is not None:
            return found
        bdd = self.bdd

        def recur(g: Core) -> int:
            return self._expand(g, past, memo)

        match f:
            case ("true",):
                out = TRUE
            case ("false",):
                out = FALSE
            case ("prop", p):
                out = bdd.var(self.number[p])
            case ("not", g):
                out = bdd.neg(recur(g))
            case ("and", *gs):
                out = TRUE
                for g in reversed(gs):
                    out = bdd.conj(recur(g), out)
            case ("or", *gs):
                out = FALSE
                for g in reversed(gs):
                    out = bdd.disj(recur(g), out)
            case ("next", g):
                out = self._step(g, weak=False)
            case ("wnext", g):
                out = self._step(g, weak=True)
            case ("prev", g):
                out = self._recall((g, False), past, memo)
            case ("wprev", g):
                out = self._recall((g, True), past, memo)
            case ("until", g, h, lo, hi):
                now = recur(h) if lo == 0 else FALSE
                later = FALSE if hi == 0 else bdd.conj(recur(g), self._step(_shift(f), weak=False))
                out = bdd.disj(now, later)
            case ("release", g, h, lo, hi):
                now = recur(h) if lo == 0 else TRUE
                later = TRUE if hi == 0 else bdd.disj(recur(g), self._step(_shift(f), weak=True))
                out = bdd.conj(now, later)
            case ("since", g, h, lo, hi):
                now = recur(h) if lo == 0 else FALSE
                before = FALSE if hi == 0 else bdd.conj(recur(g), self._recall((_shift(f), False), past, memo))
                out = bdd.disj(now, before)
            case ("trigger", g, h, lo, hi):
                now = recur(h) if lo == 0 else TRUE
                before = TRUE if hi == 0 else bdd.disj(recur(g), self._recall((_shift(f), True), past, memo))
                out = bdd.conj(now, before)
            case _:
                raise AssertionError(f"no core operator `{f[0]}`")
        memo[f] = out
        return out

    def _recall(self, key: tuple[Core, bool], past: tuple[int, ...], memo: dict[Core, int]) -> int:
        """A register's formula at the previous frame, said in terms of the present one.

        A register was written one frame ago, so its step variables speak of the present frame. Their formulas stand
        strictly inside the remembered one, hence the recursion ends.
        """
        return self._substitute(past[self.register_number[key]], past, memo, {})

    def _substitute(self, f: int, past: tuple[int, ...], memo: dict[Core, int], done: dict[int, int]) -> int:
        """Replace every step variable of ``f`` by the expansion of its formula at the present frame."""
        if f <= TRUE:
            return f
        found = done.get(f)
        if found is None:
            low, high = self.bdd.branches(f)
            formula, _ = self.steps[self.bdd.top(f) - _STEP]
            found = done[f] = self.bdd.ite(
                self._expand(formula, past, memo),
                self._substitute(high, past, memo, done),
                self._substitute(low, past, memo, done),
            )
        return found

    def _at_end(self, f: int) -> bool:
        """The value of ``f`` when there is no next frame: strong steps are false, weak ones true."""
        while f > TRUE:
            low, high = self.bdd.branches(f)
            f = high if self.steps[self.bdd.top(f) - _STEP][1] else low
        return f == TRUE

    # -- states ------------------------------------------------------------------------------------------------------

    def root(self, state: int) -> int:
        """The target at which the decision on the next frame begins in ``state``; new states are numbered on the way.

        Raises:
            GroundingError: more than ``limit`` states or decision nodes.
        """
        known = self._roots[state]
        if known is None:
            with _deep_recursion():
                known = self._roots[state] = self._root(state)
        return known

    def _root(self, state: int) -> int:
        memo: dict[Core, int] = {}
        owed, *past = self.states[state]
        registers = tuple(past)
        now = self._substitute(owed, registers, memo, {})
        if now > TRUE:
            after = (now, *(self._expand(g, registers, memo) for g, _ in self.registers))
        else:
            after = (now, *(FALSE for _ in self.registers))
        return self._decide(after, {})

    def _decide(self, after: tuple[int, ...], split: dict[tuple[int, ...], int]) -> int:
        """The decision on the facts above ``after``; below the facts, ``after`` is the next state."""
        if after[0] <= TRUE:  # nothing is owed any more: what the registers hold no longer matters
            after = (after[0],) + (FALSE,) * (len(after) - 1)
        found = split.get(after)
        if found is not None:
            return found
        var = min(self.bdd.top(f) for f in after)
        if var >= _STEP:
            target = -1 - self._state(after)
        else:
            pairs = [self.bdd.cofactors(f, var) for f in after]
            low = self._decide(tuple(p[0] for p in pairs), split)
            high = self._decide(tuple(p[1] for p in pairs), split)
            target = low if low == high else _intern((var, low, high), self.branches, self._branch_number)
        split[after] = target
        return target

    def _state(self, key: tuple[int, ...]) -> int:
        found = self._number.get(key)
        if found is None:
            found = self._number[key] = len(self.states)
            if found >= self.limit:
                raise GroundingError(
                    f"the automaton of the formula has more than {self.limit} states",
                    hint="use fewer objects or shorter windows, or ask for bounds: --method bounds",
                )
            self.states.append(key)
            self._roots.append(None)
        return found

    @property
    def size(self) -> int:
        """Decision nodes made so far."""
        return len(self.bdd) + len(self.branches)

    def accepts(self, state: int) -> bool:
        """Whether a trace that ends in ``state`` satisfies the formula."""
        return on_empty_trace(self.formula) if state == 0 else self._at_end(self.states[state][0])

    def automaton(self) -> Automaton:
        """All reachable states, found breadth-first."""
        roots = []
        for state, _ in enumerate(self.states):  # grows while it is read
            roots.append(self.root(state))
        accepting = tuple(self.accepts(s) for s in range(len(self.states)))
        return Automaton(tuple(self.propositions), 0, accepting, tuple(roots), tuple(self.branches))


def on_empty_trace(f: Core) -> bool:
    """Whether a clip without frames satisfies ``f``."""
    match f:
        case ("not", g):
            return not on_empty_trace(g)
        case ("and", *gs):
            return all(map(on_empty_trace, gs))
        case ("or", *gs):
            return any(map(on_empty_trace, gs))
    return f[0] in ("true", "wnext", "wprev", "release", "trigger")


def _remembers(f: Core) -> list[tuple[Core, bool]]:
    """What ``f`` needs to know of the previous frame, with its value before the first frame."""
    match f:
        case ("prev", g):
            return [(g, False)]
        case ("wprev", g):
            return [(g, True)]
        case ("since", _, _, _, hi) if hi != 0:
            return [(_shift(f), False)]
        case ("trigger", _, _, _, hi) if hi != 0:
            return [(_shift(f), True)]
    return []


def _shift(f: Core) -> Core:
    """A windowed operator seen from one frame further on: both ends of its window come one closer."""
    op, g, h, lo, hi = f
    return (op, g, h, max(lo - 1, 0), None if hi is None else hi - 1)


def _intern(branch: Branch, branches: list[Branch], numbers: dict[Branch, int]) -> int:
    if branch not in numbers:
        numbers[branch] = len(branches)
        branches.append(branch)
    return numbers[branch]


@contextmanager
def _deep_recursion(limit: int = 20_000) -> Iterator[None]:
    """Decision diagrams are walked recursively, one level a fact: more levels than Python allows by default."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, limit))
    try:
        yield
    except RecursionError:
        raise GroundingError(
            "the formula is about too many facts of one frame",
            hint="use fewer objects or quantifiers, or ask for bounds: --method bounds",
        ) from None
    finally:
        sys.setrecursionlimit(before)


def minimise(automaton: Automaton) -> Automaton:
    """Merge states that accept the same traces (Moore's refinement on the decision diagrams)."""
    count = len(automaton.roots)
    block = [int(a) for a in automaton.accepting]
    while True:
        memo: dict[int, object] = {}
        table: dict[object, int] = {}

        def canonical(target: int, block: list[int] = block, memo: dict[int, object] = memo,
                      table: dict[object, int] = table) -> int:  # fmt: skip
            """A number for the decision at ``target``, equal for decisions that lead to the same blocks."""
            if target < 0:
                return -1 - block[-1 - target]
            if target not in memo:
                proposition, low, high = automaton.branches[target]
                a, b = canonical(low), canonical(high)
                memo[target] = a if a == b else table.setdefault((proposition, a, b), len(table))
            return memo[target]  # type: ignore[return-value]

        names: dict[tuple[int, int], int] = {}
        refined = [names.setdefault((block[s], canonical(automaton.roots[s])), len(names)) for s in range(count)]
        if len(names) == len(set(block)):
            break
        block = refined
    return _quotient(automaton, block)


def _quotient(automaton: Automaton, block: list[int]) -> Automaton:
    order: dict[int, int] = {}  # block -> state, in order of discovery from the initial state
    representative: list[int] = []
    branches: list[Branch] = []
    numbers: dict[Branch, int] = {}
    done: dict[int, int] = {}

    def state_of(old: int) -> int:
        b = block[old]
        if b not in order:
            order[b] = len(representative)
            representative.append(old)
        return order[b]

    def copy(target: int) -> int:
        if target < 0:
            return -1 - state_of(-1 - target)
        if target not in done:
            proposition, low, high = automaton.branches[target]
            a, b = copy(low), copy(high)
            done[target] = a if a == b else _intern((proposition, a, b), branches, numbers)
        return done[target]

    state_of(automaton.initial)
    roots = []
    for old in representative:  # grows while it is read
        roots.append(copy(automaton.roots[old]))
    accepting = tuple(automaton.accepting[s] for s in representative)
    return Automaton(automaton.propositions, 0, accepting, tuple(roots), tuple(branches))
