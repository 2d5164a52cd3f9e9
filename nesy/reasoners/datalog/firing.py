"""One clause on the tables of the moment: joins, tests, foreign predicates; every row is a firing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nesy.errors import DataError, GroundingError, NesyError
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import CLOSED_RANGE, NO_VALUE, DatalogWarning, ForeignPredicate
from nesy.reasoners.datalog.circuit import TRUE, Circuit
from nesy.reasoners.datalog.expr import Evaluator, integer_operation
from nesy.reasoners.datalog.grounding import Compiled, Limits, Mode, Rows, rows_keep
from nesy.reasoners.datalog.plan import Bind, Equal, PlannedClause, order
from nesy.reasoners.datalog.store import Ids, Table, expand
from nesy.reasoners.datalog.values import (
    FLOATS,
    INTEGERS,
    Codes,
    Mask,
    Symbols,
    as_floats,
    decode,
    decode_column,
    encode,
    from_floats,
)


class Firing:
    """A program's tables while it is evaluated, and the firings of its clauses."""

    def __init__(self, compiled: Compiled, mode: Mode, symbols: Symbols, limits: Limits, salt: int) -> None:
        self.compiled, self.mode, self.symbols, self.limits = compiled, mode, symbols, limits
        self.program = compiled.program
        self.tables = {name: Table(r.arity, salt) for name, r in self.program.relations.items()}
        self.circuit = Circuit() if mode.record else None
        self.computed = self.program.computed()
        self.evaluators = [
            Evaluator(c.types.terms, symbols, compiled.functions, compiled.source) for c in compiled.clauses
        ]
        self.by_head: dict[str, list[int]] = {}
        for i, clause in enumerate(compiled.clauses):
            self.by_head.setdefault(clause.clause.head, []).append(i)
        self.reduces = {r.out: r for r in self.program.reduces}
        self.externals: dict[tuple[str, tuple[int, ...], tuple[str, ...]], list[tuple[int, tuple[int, ...]]]] = {}
        self.choices: dict[tuple[int, tuple[int, ...]], int] = {}
        self.chosen: dict[tuple[int, tuple[int, ...], int], int] = {}
        self.total = 0

    # ------------------------------------------------------------------ clauses
    def _clause(
        self, number: int, recent: ir.Atom | None, start: Mapping[str, int], members: set[str] | dict[str, int]
    ) -> list[tuple[list[Codes], int, Ids]]:
        """All groundings of a clause; ``recent`` ranges over the rows that are new, atoms before it over older ones."""
        planned = self.compiled.clauses[number]
        evaluator = self.evaluators[number]
        predicates = self.compiled.predicates
        steps = order(planned, recent, lambda r: self.tables[r].rows, lambda p: predicates[p].bound)
        inside = [a for a in planned.atoms() if a.relation in members]
        before = inside[: next(i for i, a in enumerate(inside) if a is recent)] if recent is not None else []
        rows = Rows(1)
        for step in steps:
            match step:
                case ir.Atom(negated=True):
                    self._negation(step, rows, evaluator)
                case ir.Atom():
                    low, high = 0, self.tables[step.relation].rows
                    if step is recent:
                        low = start[step.relation]
                    elif any(step is a for a in before):
                        high = start[step.relation]
                    self._join(step, rows, evaluator, low, high)
                case Equal():
                    self._equal(step, rows, evaluator)
                case Bind():
                    self._bind(step, rows, evaluator)
                case ir.Guard(test=test):
                    codes, mask = evaluator.value(test, rows.env, rows.count)
                    keep = codes != 0
                    rows_keep(rows, keep if mask is None else keep & mask)
                case ir.External():
                    self._external(step, rows, evaluator, planned)
                case ir.Construct():
                    self._construct(step, rows, evaluator)
            if rows.count == 0:
                return []
        return self._heads(planned, rows, evaluator)

    def _heads(self, planned: PlannedClause, rows: Rows, evaluator: Evaluator) -> list[tuple[list[Codes], int, Ids]]:
        clause = planned.clause
        if clause.tag is not None or clause.group is not None:
            self._tag(clause, rows, evaluator)
        columns: list[Codes] = []
        for a in clause.args:
            codes, mask = evaluator.value(a, rows.env, rows.count)
            if mask is not None and not mask.all():
                rows_keep(rows, mask)
                columns = [c[mask] for c in columns]
                codes = codes[mask]
            columns.append(np.ascontiguousarray(codes))
        if rows.count == 0:
            return []
        if self.circuit is None:
            return [(columns, rows.count, np.zeros((rows.count, 0), dtype=np.int64))]
        if not rows.literals:
            return [(columns, rows.count, np.zeros((rows.count, 1), dtype=np.int64))]
        return [(columns, rows.count, np.stack(rows.literals, axis=1))]

    def _tag(self, clause: ir.Clause, rows: Rows, evaluator: Evaluator) -> None:
        """A fresh fact per grounding; groundings that differ only in the chosen head exclude each other."""
        if clause.tag is not None:
            kind = evaluator.types[id(clause.tag)]
            if kind not in FLOATS and kind not in INTEGERS and kind != "bool":
                raise GroundingError(
                    f"a tag of type {kind} is no probability", span=clause.tag.span, source=self.compiled.source,
                    hint="a tag is a number between 0 and 1, or a bool",
                )  # fmt: skip
            codes, mask = evaluator.value(clause.tag, rows.env, rows.count)
            if mask is not None:
                rows_keep(rows, mask)
                codes = codes[mask]
            values = [float(v) for v in decode_column(np.ascontiguousarray(codes), kind, self.symbols)]
        else:
            values = [1 / clause.choices if self.mode.shares else 1.0] * rows.count
        if self.circuit is None:
            return
        # one choice per value of the body's variables; helpers of one head (new terms, solved arguments) do not count
        names = sorted(n for n in rows.env if not n.startswith(("#e", "#x")))
        literals = []
        for i, p in enumerate(values):
            if not 0 <= p <= 1:
                raise GroundingError(
                    f"the tag of this rule is {p:g}, not a probability", span=clause.tag.span if clause.tag else None,
                    source=self.compiled.source, hint="a tag lies between 0 and 1",
                )  # fmt: skip
            if clause.group is None:
                literals.append(TRUE if p == 1.0 else self.circuit.new_leaf(p))
                continue
            key = (clause.group, tuple(int(rows.env[n][i]) for n in names))
            if key not in self.choices:
                self.choices[key] = self.circuit.new_group()
            choice = (*key, clause.choice)
            if choice not in self.chosen:
                self.chosen[choice] = self.circuit.new_leaf(p, self.choices[key])
            literals.append(self.chosen[choice])
        rows.literals.append(np.array(literals, dtype=np.int64))

    def _join(self, atom: ir.Atom, rows: Rows, evaluator: Evaluator, low: int, high: int) -> None:
        table = self.tables[atom.relation]
        on: list[int] = []
        keys: list[Codes] = []
        fresh: list[tuple[str, int]] = []
        same: list[tuple[int, int]] = []
        for i, a in enumerate(atom.args):
            if isinstance(a, ast.Wildcard):
                continue
            if isinstance(a, ast.Var) and a.name not in rows.env:
                twin = [j for name, j in fresh if name == a.name]
                if twin:
                    same.append((twin[0], i))
                else:
                    fresh.append((a.name, i))
                continue
            codes, _ = evaluator.value(a, rows.env, rows.count)
            on.append(i)
            keys.append(codes)
        if not on and low > 0 and rows.count == 1 and not rows.env:
            probe, row = np.zeros(high - low, dtype=np.int64), np.arange(low, high)
        elif not on:
            self._afford(rows.count * (high - low), atom)
            probe = np.repeat(np.arange(rows.count), high - low)
            row = np.tile(np.arange(low, high), rows.count)
        else:
            if rows.count * table.rows > self.limits.rows:
                self._afford(table.count(tuple(on), keys, rows.count), atom)
            probe, row = table.lookup(tuple(on), keys, rows.count)
            if low > 0 or high < table.rows:
                keep = (row >= low) & (row < high)
                probe, row = probe[keep], row[keep]
        for i, j in same:
            keep = table.column(i)[row] == table.column(j)[row]
            probe, row = probe[keep], row[keep]
        env = {k: v[probe] for k, v in rows.env.items()}
        for name, i in fresh:
            env[name] = table.column(i)[row]
        rows.literals = [x[probe] for x in rows.literals]
        rows.env, rows.count = env, len(probe)
        if self.circuit is not None:
            rows.literals.append(self.circuit.simplify(table.nodes[row]))

    def _afford(self, count: int, atom: ir.Atom) -> None:
        if count > self.limits.rows:
            raise GroundingError(
                f"joining `{atom.relation}` here gives {count} rows, more than the budget of {self.limits.rows}",
                span=atom.span, source=self.compiled.source,
                hint="let the atoms of the rule share variables, or split the rule",
            )  # fmt: skip

    def _negation(self, atom: ir.Atom, rows: Rows, evaluator: Evaluator) -> None:
        table = self.tables[atom.relation]
        keys = [evaluator.value(a, rows.env, rows.count)[0] for a in atom.args]
        found = table.find(keys, rows.count)
        if self.circuit is None or self.mode.hard_negation:
            rows_keep(rows, found < 0)
            return
        literals = np.zeros(rows.count, dtype=np.int64)
        hit = found >= 0
        literals[hit] = self.circuit.simplify(~table.nodes[found[hit]])
        rows.literals.append(literals)
        rows_keep(rows, literals != ~TRUE)

    def _equal(self, step: Equal, rows: Rows, evaluator: Evaluator) -> None:
        a, am = evaluator.value(step.left, rows.env, rows.count)
        b, bm = evaluator.value(step.right, rows.env, rows.count)
        keep = evaluator.compare("==", a, b, step.kind)
        for mask in (am, bm):
            if mask is not None:
                keep = keep & mask
        rows_keep(rows, keep)

    def _bind(self, step: Bind, rows: Rows, evaluator: Evaluator) -> None:
        codes, mask = evaluator.value(step.known, rows.env, rows.count)
        for symbol, operand in step.inverse:
            other, m = evaluator.value(operand, rows.env, rows.count)
            if m is not None:
                mask = m if mask is None else mask & m
            codes = self._invert(symbol, codes, other, step.equal.kind)
        rows.env[step.var] = np.array(codes)
        if mask is not None:
            rows_keep(rows, mask)
        if step.inverse and step.equal.kind in FLOATS:
            # rounding forbids asking for equality; an overflow has no solution
            rows_keep(rows, np.isfinite(as_floats(rows.env[step.var])))
        elif step.inverse:
            self._equal(step.equal, rows, evaluator)

    def _invert(self, symbol: str, codes: Codes, other: Codes, kind: str) -> Codes:
        a, b = (other, codes) if symbol == "from" else (codes, other)
        operator = "-" if symbol == "from" else symbol
        if kind in INTEGERS:
            return integer_operation(operator, a, b, kind)
        x, y = as_floats(np.ascontiguousarray(a)), as_floats(np.ascontiguousarray(b))
        return from_floats(x + y if operator == "+" else x - y, kind)

    def _construct(self, step: ir.Construct, rows: Rows, evaluator: Evaluator) -> None:
        for a in step.args:
            _, mask = evaluator.value(a, rows.env, rows.count)
            if mask is not None:
                rows_keep(rows, mask)
        columns = [evaluator.value(a, rows.env, rows.count)[0].tolist() for a in step.args]
        make = self.symbols.entity
        codes = [make(step.constructor, tuple(c[i] for c in columns)) for i in range(rows.count)]
        rows.env[step.result.name] = np.array(codes, dtype=np.int64)

    def _external(self, step: ir.External, rows: Rows, evaluator: Evaluator, planned: PlannedClause) -> None:
        predicate = self.compiled.predicates[step.predicate]
        kinds = tuple(planned.types.terms[id(a)] for a in step.args)
        given = [evaluator.value(a, rows.env, rows.count)[0] for a in step.args[: predicate.bound]]
        if step.predicate == "range" and kinds[0] in INTEGERS:
            probe, outputs, literals = self._range(given, step, evaluator.compare, kinds[0])
        else:
            if step.closed:
                predicate = CLOSED_RANGE
            probe, outputs, literals = self._call(predicate, step, given, kinds, rows.count)
        if step.negated:
            self._unless(step, predicate, rows, evaluator, probe, outputs, literals)
            return
        env = {k: v[probe] for k, v in rows.env.items()}
        rows.literals = [x[probe] for x in rows.literals]
        rows.count = len(probe)
        keep = np.ones(rows.count, dtype=bool)
        for a, codes in zip(step.args[predicate.bound :], outputs, strict=True):
            if isinstance(a, ast.Wildcard):
                continue
            if isinstance(a, ast.Var) and a.name not in env:
                env[a.name] = codes
                continue
            keep &= evaluator.value(a, env, rows.count)[0] == codes
        rows.env = env
        if self.circuit is not None and literals is not None:
            rows.literals.append(literals)
        rows_keep(rows, keep)

    def _unless(
        self,
        step: ir.External,
        predicate: ForeignPredicate,
        rows: Rows,
        evaluator: Evaluator,
        probe: Ids,
        outputs: list[Codes],
        literals: Ids | None,
    ) -> None:
        """Keep the rows to which a foreign predicate gives no answer; an uncertain answer becomes a negated literal."""
        match = np.ones(len(probe), dtype=bool)
        for a, codes in zip(step.args[predicate.bound :], outputs, strict=True):
            if not isinstance(a, ast.Wildcard):
                match &= evaluator.value(a, rows.env, rows.count)[0][probe] == codes
        found = np.flatnonzero(match)
        keep = np.ones(rows.count, dtype=bool)
        unsure: dict[int, list[int]] = {}
        for i in found.tolist():
            literal = TRUE if literals is None else int(literals[i])
            if literal == TRUE or self.circuit is None or self.mode.hard_negation:
                keep[probe[i]] = False
            else:
                unsure.setdefault(int(probe[i]), []).append(~literal)
        for j in range(max(map(len, unsure.values()), default=0)):
            column = np.zeros(rows.count, dtype=np.int64)
            for row, negations in unsure.items():
                column[row] = negations[j] if j < len(negations) else TRUE
            rows.literals.append(column)
        rows_keep(rows, keep)

    def _range(
        self, given: list[Codes], step: ir.External, compare: Callable[[str, Codes, Codes, str], Mask], kind: str
    ) -> tuple[Ids, list[Codes], None]:
        low, high = given
        # the difference as an unsigned number is right for all integer types, however far apart the ends are
        apart = np.minimum(high.view(np.uint64) - low.view(np.uint64), np.uint64(self.limits.rows + 1)).astype(np.int64)
        counts = np.where(compare("<=", low, high, kind), apart + step.closed, 0)
        self._afford(int(counts.sum()), ir.Atom("range", step.args, False, step.span))
        probe, offset = expand(counts)
        return probe, [low[probe] + offset], None

    def _call(
        self, predicate: ForeignPredicate, step: ir.External, given: list[Codes], kinds: tuple[str, ...], count: int
    ) -> tuple[Ids, list[Codes], Ids]:
        probe: list[int] = []
        literals: list[int] = []
        outputs: list[tuple[int, ...]] = []
        for i in range(count):
            args = tuple(int(c[i]) for c in given)
            key = (predicate.name, args, kinds)
            if key not in self.externals:
                self.externals[key] = self._answers(predicate, step, args, kinds)
            for literal, values in self.externals[key]:
                probe.append(i)
                literals.append(literal)
                outputs.append(values)
        free = len(predicate.types) - predicate.bound
        table = np.array(outputs, dtype=np.int64).reshape(len(outputs), free)
        columns = [np.ascontiguousarray(table[:, i]) for i in range(free)]
        return np.array(probe, dtype=np.int64), columns, np.array(literals, dtype=np.int64)

    def _answers(
        self, predicate: ForeignPredicate, step: ir.External, args: tuple[int, ...], kinds: tuple[str, ...]
    ) -> list[tuple[int, tuple[int, ...]]]:
        values = [decode(c, k, self.symbols) for c, k in zip(args, kinds, strict=False)]
        free = kinds[predicate.bound :]
        out: list[tuple[int, tuple[int, ...]]] = []
        try:
            for tag, row in predicate.call(*values):
                if len(row) != len(free):
                    raise DataError(f"expected {len(free)} values, got {row!r}")
                codes = tuple(encode(v, k, self.symbols) for v, k in zip(row, free, strict=True))
                out.append((self._answer(tag), codes))
                if len(out) > self.limits.answers:
                    raise DataError(f"more than the budget of {self.limits.answers}")
        except NO_VALUE:
            return out
        except NesyError as error:
            message = f"foreign predicate `{predicate.name}` gave wrong answers: {error.message}"
            raise GroundingError(message, span=step.span, source=self.compiled.source) from None
        except Exception as error:  # a user's predicate may raise anything; it then has no answer, but not silently
            warnings.warn(f"{step.span}: foreign predicate `{predicate.name}` failed: {error}", DatalogWarning, 2)
        return out

    def _answer(self, tag: Any) -> int:
        """The literal of an answer with this tag; None: certain."""
        if tag is None:
            return TRUE
        if not self.mode.weighs:  # costs, or whatever a custom provenance takes for a tag
            return TRUE if self.circuit is None else self.circuit.new_leaf(tag)
        try:
            probability = float(tag)
        except (TypeError, ValueError, RuntimeError):
            raise DataError(f"{tag!r} is not a probability") from None
        if not 0 <= probability <= 1:
            raise DataError(f"{probability:g} is not a probability between 0 and 1")
        return TRUE if self.circuit is None or probability == 1 else self.circuit.new_leaf(probability)
