"""The search: sizes in turn, kept whole while memory allows, above that only asked whether they separate.

Small sizes are enumerated and stored (:mod:`nesy.synthesis.examples.pool`). Larger formulas are put together from the
stored ones and tried first on a few examples that most candidates fail; boolean combinations at the root need only the
values at the first frame, so millions of pairs cost a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nesy.dsl.ast import And, Atom, Binding, Distinct, Exists, Formula, walk
from nesy.dsl.printer import to_text
from nesy.errors import DataError, NesyError
from nesy.synthesis.examples.bits import ONE, Words
from nesy.synthesis.examples.operators import DEFAULT, OPERATORS, Operator, chosen
from nesy.synthesis.examples.pool import Block, OutOfTime, Pool, Tree
from nesy.synthesis.examples.problem import BooleanTrace, Problem, contradictions, from_traces

WINDOWS = ((0, 1), (0, 2), (0, 3), (0, 4), (0, 5))
PROBES = 24


@dataclass(frozen=True)
class Candidate:
    """A formula with its errors: positives that it misses, negatives that it accepts.

    size: its nodes; ``a then b then c`` counts as two operators, a window and a quantified variable as one more node.
    expected: on scene graphs with probabilities, the expected number of errors.
    """

    formula: Formula
    size: int
    missed: int
    accepted: int
    weight: float = field(default=0.0, compare=False)
    expected: float | None = None

    @property
    def errors(self) -> int:
        return self.missed + self.accepted


@dataclass(frozen=True)
class Result:
    """Candidates, best first; ``status`` tells whether the best one is within the allowed errors.

    status: ``found``; ``exhausted`` (nothing up to the largest size); ``timeout`` (the best so far).
    tried: how many formulas were evaluated.
    """

    candidates: tuple[Candidate, ...]
    status: str
    seconds: float
    tried: int

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None


@dataclass(frozen=True)
class Search:
    """What may be searched and for how long.

    noise: errors allowed, a number of examples. top: candidates wanted. timeout: seconds.
    operators: names in :data:`nesy.synthesis.examples.operators.OPERATORS`. windows: bounds in frames of windowed
    ``eventually`` and ``always``. memory: bytes for stored values.
    """

    max_size: int = 8
    noise: int = 0
    top: int = 5
    timeout: float = 60.0
    operators: tuple[str, ...] = DEFAULT
    windows: tuple[tuple[int, int], ...] = WINDOWS
    memory: int = 96 << 20

    def __post_init__(self) -> None:
        for name, least in (("max_size", 1), ("noise", 0), ("top", 1)):
            if getattr(self, name) < least:
                raise NesyError(f"`{name}` cannot be {getattr(self, name)}", expected=[f"{least} or more"])
        if self.timeout <= 0:
            raise NesyError(f"`timeout` cannot be {self.timeout}", expected=["seconds above 0"])


def synthesize(
    positive: Sequence[BooleanTrace],
    negative: Sequence[BooleanTrace],
    settings: Search | None = None,
    *,
    names: Sequence[str] | None = None,
) -> Result:
    """The smallest formulas that hold at the first frame of the positive traces and not of the negative ones.

    Args:
        positive, negative: traces; a trace lists the propositions that are true in each frame.
        settings: sizes, operators, noise, time.
        names: the propositions, where some of them may never be true.

    Raises:
        DataError: an empty side or trace, or contradictory examples beyond the allowed noise.

    >>> synthesize([[["a"], ["b"]]], [[["b"], ["a"]]]).best.formula
    Atom(predicate='a', args=())
    """
    return search(from_traces(positive, negative, names), settings)


def search(problem: Problem | Sequence[Problem], settings: Search | None = None) -> Result:
    """The same on problems that are already packed: several are different choices of variables on the same examples.

    Raises:
        DataError: contradictory examples beyond the allowed noise.
    """
    settings = settings or Search()
    problems = [problem] if isinstance(problem, Problem) else list(problem)
    clash = min((contradictions(p) for p in problems), default=0)
    if clash > settings.noise:
        raise DataError(
            f"the examples contradict each other: {clash} of them look like an example with the other label",
            hint=f"allow noise ({clash} or more), or give the examples more propositions",
        )
    start = time.monotonic()
    share = settings.memory // max(1, len(problems))
    runs = [_Run(p, settings, share, start + settings.timeout) for p in problems]
    status = "exhausted"
    try:
        for size in range(1, settings.max_size + 1):
            for run in runs:
                run.extend(size)
            if any(run.fits for run in runs):
                break
    except OutOfTime:
        status = "timeout"
    fits = [c for run in runs for c in run.fits.values()]
    near = [c for run in runs for c in run.near.values()]
    order = sorted(fits, key=lambda c: (c.size, c.errors, c.weight, to_text(c.formula)))
    order += sorted(near, key=lambda c: (c.errors, c.size, c.weight, to_text(c.formula)))
    tried = sum(run.tried for run in runs)
    return Result(tuple(order[: settings.top]), "found" if fits else status, time.monotonic() - start, tried)


def quantified(body: Formula, bindings: tuple[Binding, ...]) -> Formula:
    """``exists`` the variables, in the order of the text; those of one class are different objects."""
    if not bindings:
        return body
    named = [name for f in walk(body) if isinstance(f, Atom) for name in f.args]
    bindings = tuple(sorted(bindings, key=lambda b: named.index(b.var) if b.var in named else len(named)))
    groups = [tuple(b.var for b in bindings if b.sort == sort) for sort in dict.fromkeys(b.sort for b in bindings)]
    apart: list[Formula] = [Distinct(names) for names in groups if len(names) > 1]
    return Exists(bindings, And((*apart, body)) if apart else body)


class _Run:
    """The search on one problem, size by size."""

    def __init__(self, problem: Problem, settings: Search, memory: int, deadline: float) -> None:
        self.problem = problem
        self.settings = settings
        operators = chosen(settings.operators, settings.windows)
        self.pool = Pool(problem, operators, memory, deadline)
        self.roots = tuple(o for o in operators if o.arity == 1 and o.root and o.name != "not")
        self.fits: dict[str, Candidate] = {}
        self.near: dict[str, Candidate] = {}
        self.tried = 0
        self.stored = 0
        self._probe: Problem | None = None

    def extend(self, size: int) -> None:
        """Look at the formulas of one size; a quantified variable counts as one node."""
        if size > len(self.problem.bindings):
            self._size(size - len(self.problem.bindings))

    def _size(self, size: int) -> None:
        if self.stored == size - 1:
            new = self.pool.grow(size)
            if new is not None:
                self.stored = size
                self.tried += self.pool.count(size) if size > 1 else len(new)
                for a in range(new.start, new.stop, 4096):
                    rows = np.arange(a, min(new.stop, a + 4096))
                    self._report(self.pool.values[rows], [int(r) for r in rows], size)
                return
        self._boolean(size)
        self._binary(size)
        if not self.fits:
            self._below_root(size)

    # -- candidates that are not stored ------------------------------------------------------------------------------

    def _boolean(self, size: int) -> None:
        """``and``, ``or``, ``->`` at the root: pairs of values at the first frame."""
        pool, noise = self.pool, self.settings.noise
        labels = self.problem.labels
        names = {o.name: o for o in pool.operators}
        now = (pool.values[..., 0] & ONE).astype(bool)  # [M, N]
        order = np.lexsort((pool.weights, pool.sizes))
        packed = np.packbits(now, axis=1)
        _, first = np.unique(packed[order], axis=0, return_index=True)
        rows = np.sort(order[first])
        for name in ("and", "or", "->"):
            if name not in names:
                continue
            left = ~now[rows] if name == "->" else now[rows]
            sides = []
            for side in (left, now[rows]):
                verdict = self.problem.verdicts(side)
                wrong = (~verdict[:, labels]).sum(1) if name == "and" else verdict[:, ~labels].sum(1)
                sides.append(wrong <= noise)
            for i in range(1, size - 1):
                j = size - 1 - i
                if name != "->" and i > j:
                    continue
                a = np.flatnonzero(sides[0] & (pool.sizes[rows] == i))
                b = np.flatnonzero(sides[1] & (pool.sizes[rows] == j))
                self._combine(names[name].name, left, now[rows], a, b, rows, size)

    def _combine(
        self,
        name: str,
        left: npt.NDArray[np.bool_],
        right: npt.NDArray[np.bool_],
        a: npt.NDArray[np.int64],
        b: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        size: int,
    ) -> None:
        operator = OPERATORS[name]
        if not len(a) or not len(b):
            return
        block = max(1, (1 << 20) // (len(b) * left.shape[1]))
        for start in range(0, len(a), block):
            if time.monotonic() > self.pool.deadline:
                raise OutOfTime
            x, y = left[a[start : start + block], None], right[None, b]
            joint = x & y if name == "and" else x | y
            wrong = self.problem.verdicts(joint) != self.problem.labels
            errors = wrong.sum(-1)
            self.tried += errors.size
            for i, j in np.argwhere(errors <= self.settings.noise):
                tree = (operator, int(rows[a[start + i]]), int(rows[b[j]]))
                self._add(tree, size, wrong[i, j])

    def _binary(self, size: int) -> None:
        """An operator on stored formulas at the root."""
        names = {"and", "or", "->"}
        for values, trees in self._on_probes(size, skip=names):
            self._survivors(values, trees, size)

    def _below_root(self, size: int) -> None:
        """A unary root over an operator on stored formulas, the latter not stored itself."""
        probe, _ = self._probes()
        costs = sorted({o.cost for o in self.roots})
        for cost in costs:
            if size - cost <= self.stored:
                continue
            for values, trees in self._on_probes(size - cost, skip=set()):
                for root in self.roots:
                    if root.cost == cost:
                        above = _Above(root, trees)
                        self._survivors(root.bits(values, probe.clock), above, size)

    def _on_probes(self, size: int, skip: set[str]) -> Iterator[tuple[Words, Sequence[Tree]]]:
        probe, values = self._probes()
        columns = values.shape[1] * values.shape[2]
        for block in self.pool.blocks(size, columns):
            if block.operator.name not in skip and (block.operator.root or not skip):
                yield self.pool.evaluate(block, values, probe), _Trees(block)

    def _probes(self) -> tuple[Problem, Words]:
        """A few examples of both labels, those that the best stored formulas get wrong first."""
        if self._probe is None:
            now = (self.pool.values[..., 0] & ONE).astype(bool)
            wrong = self.problem.verdicts(now) != self.problem.labels
            errors = wrong.sum(1)
            best = np.argsort(errors, kind="stable")[:200]
            hard = wrong[best].mean(0)
            count = PROBES // 2 + 2 * self.settings.noise
            picks = []
            for label in (True, False):
                mine = np.flatnonzero(self.problem.labels == label)
                picks.append(mine[np.argsort(-hard[mine], kind="stable")[:count]])
            examples = np.concatenate(picks)
            self._probe = self.problem.some(examples)
            ends = np.append(self.problem.starts[1:], self.problem.words.shape[1])
            traces = np.concatenate([np.arange(self.problem.starts[e], ends[e]) for e in examples])
            self._probe_values = np.ascontiguousarray(self.pool.values[:, traces])
        return self._probe, self._probe_values

    def _survivors(self, values: Words, trees: Sequence[Tree], size: int) -> None:
        """Candidates that pass on the probes are evaluated on everything."""
        probe, _ = self._probes()
        self.tried += len(values)
        verdicts = probe.verdicts((values[..., 0] & ONE).astype(bool))
        errors = (verdicts != probe.labels).sum(-1)
        for k in np.flatnonzero(errors <= self.settings.noise):
            tree = trees[int(k)]
            full = self._value(tree)
            self._report(full[None], [tree], size)

    def _value(self, tree: Tree) -> Words:
        if isinstance(tree, int):
            stored: Words = self.pool.values[tree]
            return stored
        operator, *parts = tree
        return operator.bits(*(self._value(p) for p in parts), self.problem.clock)

    # -- results -----------------------------------------------------------------------------------------------------

    def _report(self, values: Words, trees: Sequence[Tree], size: int) -> None:
        verdicts = self.problem.verdicts((values[..., 0] & ONE).astype(bool))
        wrong = verdicts != self.problem.labels
        errors = wrong.sum(-1)
        worst = max((c.errors for c in self.near.values()), default=0)
        keep = max(self.settings.top, 8)
        for k in np.argsort(errors, kind="stable")[
            : 64 if errors.min(initial=1 << 30) <= self.settings.noise else keep
        ]:
            if errors[k] <= self.settings.noise or len(self.near) < keep or errors[k] < worst:
                self._add(trees[int(k)], size, wrong[k])

    def _add(self, tree: Tree, size: int, wrong: npt.NDArray[np.bool_]) -> None:
        labels = self.problem.labels
        errors = int(wrong.sum())
        formula = quantified(self.pool.formula(tree), self.problem.bindings)
        candidate = Candidate(
            formula,
            size + len(self.problem.bindings),
            int(wrong[labels].sum()),
            errors - int(wrong[labels].sum()),
            self.pool.weight(tree),
        )
        where = self.fits if errors <= self.settings.noise else self.near
        where.setdefault(to_text(formula), candidate)
        if len(where) > 4 * max(self.settings.top, 8):
            order = sorted(where.items(), key=lambda i: (i[1].errors, i[1].size, i[1].weight))
            for text, _ in order[2 * max(self.settings.top, 8) :]:
                del where[text]


class _Trees(Sequence[Tree]):
    """The trees of a block, made when asked for."""

    def __init__(self, block: Block) -> None:
        self.block = block

    def __len__(self) -> int:
        return len(self.block.left)

    def __getitem__(self, k: int) -> Tree:  # type: ignore[override]
        return self.block.tree(k)


class _Above(Sequence[Tree]):
    """The same trees with one more operator on top."""

    def __init__(self, root: Operator, trees: Sequence[Tree]) -> None:
        self.root, self.trees = root, trees

    def __len__(self) -> int:
        return len(self.trees)

    def __getitem__(self, k: int) -> Tree:  # type: ignore[override]
        return (self.root, self.trees[k])
