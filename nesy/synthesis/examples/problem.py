"""What a search is given: traces of propositions, bundled into examples with a label each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nesy.dsl import ast
from nesy.errors import DataError
from nesy.synthesis.examples.bits import Clock, Words, pack

BooleanTrace = Sequence[Iterable[str]]
"""The propositions that are true in each frame."""


@dataclass(frozen=True)
class Problem:
    """Labelled examples; an example holds when one of its traces does.

    atoms: what each proposition is called in formulas.
    words: bit-packed values [P, N, W]; clock: which bits are frames.
    starts: where the traces of each example begin, [E]; traces of an example stand together.
    labels: [E], true for a positive example.
    possible: [E], false for an example whose traces stand for nothing: no formula holds of it.
    bindings: the quantified variables whose choices of objects the traces are; empty for boolean traces.
    """

    atoms: tuple[ast.Formula, ...]
    words: Words
    clock: Clock
    starts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.bool_]
    possible: npt.NDArray[np.bool_]
    bindings: tuple[ast.Binding, ...] = ()

    @property
    def single(self) -> bool:
        """Every example is one trace."""
        return bool(len(self.starts) == self.words.shape[1])

    def verdicts(self, values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Values of traces [..., N] to values of examples [..., E]."""
        if self.single:
            return np.asarray(values & self.possible, bool)
        return np.asarray(np.logical_or.reduceat(values, self.starts, axis=-1) & self.possible, bool)

    def some(self, examples: npt.NDArray[np.int64]) -> Problem:
        """The same with only these examples, in this order."""
        ends = np.append(self.starts[1:], self.words.shape[1])
        ranges = [np.arange(self.starts[e], ends[e]) for e in examples]
        traces = np.concatenate(ranges)
        starts = np.cumsum([0, *(len(r) for r in ranges[:-1])])
        return Problem(
            self.atoms, self.words[:, traces], self.clock.of_traces(traces), starts,
            self.labels[examples], self.possible[examples], self.bindings,
        )  # fmt: skip


def from_traces(
    positive: Sequence[BooleanTrace], negative: Sequence[BooleanTrace], names: Sequence[str] | None = None
) -> Problem:
    """A problem whose every example is one boolean trace.

    Args:
        names: the propositions; without them, all that occur, in alphabetical order.

    Raises:
        DataError: no example on one side, an empty trace, or an unknown proposition.
    """
    if not positive or not negative:
        side = "negative" if positive else "positive"
        raise DataError(f"there is no {side} example", hint="a formula is found by what tells the two sets apart")
    traces = [[frozenset(frame) for frame in trace] for trace in (*positive, *negative)]
    for k, trace in enumerate(traces):
        if not trace:
            where = f"positive {k + 1}" if k < len(positive) else f"negative {k + 1 - len(positive)}"
            raise DataError(f"trace {where} has no frame")
    occurring = {p for trace in traces for frame in trace for p in frame}
    chosen = tuple(sorted(occurring)) if names is None else tuple(names)
    unknown = sorted(occurring - set(chosen))
    if unknown:
        raise DataError(f"proposition `{unknown[0]}` occurs in a trace but is not declared", expected=chosen)
    if not chosen:
        raise DataError("no proposition is true anywhere in the traces")
    number = {p: k for k, p in enumerate(chosen)}
    lengths = np.array([len(t) for t in traces])
    values = np.zeros((len(chosen), len(traces), int(lengths.max())), bool)
    for n, trace in enumerate(traces):
        for j, frame in enumerate(trace):
            for p in frame:
                values[number[p], n, j] = True
    labels = np.arange(len(traces)) < len(positive)
    atoms = tuple(ast.Atom(p, ()) for p in chosen)
    return Problem(atoms, pack(values), Clock.of(lengths), np.arange(len(traces)), labels, np.ones(len(traces), bool))


def contradictions(problem: Problem) -> int:
    """The fewest errors that any formula must make: equal examples with different labels.

    Only exact for single traces; of examples with several traces the sets of traces are compared.
    """
    ends = np.append(problem.starts[1:], problem.words.shape[1])
    count: dict[frozenset[bytes], list[int]] = {}
    for e, label in enumerate(problem.labels):
        rows = range(int(problem.starts[e]), int(ends[e]))
        key = frozenset(problem.words[:, r].tobytes() + problem.clock.inside[r].tobytes() for r in rows)
        count.setdefault(key if problem.possible[e] else frozenset(), [0, 0])[int(label)] += 1
    return sum(min(c) for c in count.values())
