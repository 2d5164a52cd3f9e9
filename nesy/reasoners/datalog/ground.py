"""Semi-naive evaluation: all derivable tuples, and the circuit of their derivations.

In a stratum, round 0 takes the facts and the rules that do not use the stratum itself; each later round joins the
tuples that were new in the round before (once per position of a recursive atom), so every firing is found exactly once
and belongs to the round in which the last of its tuples was new.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nesy.errors import DataError, GroundingError, NesyError
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.aggregate import Aggregator, Item
from nesy.reasoners.datalog.builtins import NO_VALUE, DatalogWarning, ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.circuit import TRUE, Block, Circuit
from nesy.reasoners.datalog.demand import PREFIX
from nesy.reasoners.datalog.expr import Evaluator, integer_operation
from nesy.reasoners.datalog.plan import Bind, Equal, PlannedClause, order
from nesy.reasoners.datalog.store import Ids, KeyCollision, Table, expand
from nesy.reasoners.datalog.stratify import Stratum
from nesy.reasoners.datalog.values import (
    INTEGERS,
    Codes,
    Symbols,
    as_floats,
    decode,
    decode_column,
    encode,
    from_floats,
)


@dataclass(slots=True)
class Compiled:
    """A checked program, ready to be grounded on facts."""

    program: ir.Program
    clauses: list[PlannedClause]
    strata: list[Stratum]
    functions: Mapping[str, ForeignFunction]
    predicates: Mapping[str, ForeignPredicate]
    source: str


@dataclass(slots=True)
class InputFacts:
    """Facts from outside: rows of codes [n, arity], which have a probability, and their exclusive groups (-1: none)."""

    relation: str
    rows: Codes
    tagged: bool = True
    groups: Ids | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """What the provenance needs.

    ``record``: a circuit; ``hard_negation``: negation by presence; ``distributive``: ``*`` distributes over ``+``;
    ``weighs``: tags are probabilities, by which ``top`` and its like choose.
    """

    record: bool = False
    hard_negation: bool = True
    distributive: bool = True
    weighs: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets that turn a runaway program into an error."""

    iterations: int | None = None
    rounds: int = 20_000
    rows: int = 20_000_000


@dataclass(slots=True)
class Grounding:
    """All derivable tuples by relation, and how they are derived (None when only truth was asked)."""

    tables: dict[str, Table]
    circuit: Circuit | None


@dataclass(slots=True)
class _Rows:
    """A binding table: codes per variable, and the literals used so far."""

    count: int
    env: dict[str, Codes] = field(default_factory=dict)
    literals: list[Ids] = field(default_factory=list)


def ground(
    compiled: Compiled, inputs: Sequence[InputFacts], mode: Mode, symbols: Symbols, limits: Limits | None = None
) -> Grounding:
    """Evaluate a program on facts; ``GroundingError`` when a budget or an operation fails."""
    for salt in range(8):
        try:
            return _Grounder(compiled, mode, symbols, limits or Limits(), salt).run(inputs)
        except KeyCollision:
            continue
    raise GroundingError("the tuples of this program collide under every hash salt", hint="please report this program")


class _Grounder:
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
        self.total = 0

    def run(self, inputs: Sequence[InputFacts]) -> Grounding:
        pending = self._leaves(inputs)
        for stratum in self.compiled.strata:
            self._stratum(stratum, pending)
        return Grounding(self.tables, self.circuit)

    # ------------------------------------------------------------------ facts
    def _leaves(self, inputs: Sequence[InputFacts]) -> dict[str, list[tuple[Codes, Ids]]]:
        """Rows and literals of all facts by relation; makes the leaves."""
        pending: dict[str, list[tuple[Codes, Ids]]] = {}
        position = 0
        groups: dict[tuple[int, int], int] = {}
        for number, facts in enumerate(inputs):
            literals = np.zeros(len(facts.rows), dtype=np.int64)
            if facts.tagged:
                if self.circuit is not None:
                    for i in range(len(facts.rows)):
                        group = -1
                        if facts.groups is not None and facts.groups[i] >= 0:
                            key = (number, int(facts.groups[i]))
                            if key not in groups:
                                groups[key] = self.circuit.new_group()
                            group = groups[key]
                        literals[i] = self.circuit.new_leaf(1.0, group, position + i)
                position += len(facts.rows)
            pending.setdefault(facts.relation, []).append((facts.rows, literals))
        constants: dict[str, list[tuple[list[int], int]]] = {}
        for fact in self.program.facts:
            kinds = self.program.relations[fact.relation].kinds
            codes = []
            for term, kind in zip(fact.args, kinds, strict=True):
                try:
                    codes.append(encode(term.value, kind, self.symbols))
                except DataError as error:
                    source = self.compiled.source
                    raise DataError(error.message, span=term.span, source=source, hint=error.hint) from None
            literal = TRUE
            if fact.tag is not None and self.circuit is not None:
                group = -1
                if fact.group is not None:
                    key = (-1, fact.group)
                    if key not in groups:
                        groups[key] = self.circuit.new_group()
                    group = groups[key]
                literal = self.circuit.new_leaf(fact.tag, group)
            constants.setdefault(fact.relation, []).append((codes, literal))
        for relation, rows in constants.items():
            arity = self.program.relations[relation].arity
            table = np.array([c for c, _ in rows], dtype=np.int64).reshape(len(rows), arity)
            pending.setdefault(relation, []).append((table, np.array([x for _, x in rows], dtype=np.int64)))
        return pending

    # ------------------------------------------------------------------ strata
    def _stratum(self, stratum: Stratum, pending: dict[str, list[tuple[Codes, Ids]]]) -> None:
        block = Block(stratum.recursive)
        members = set(stratum.relations)
        start = {name: 0 for name in stratum.relations}
        derived: dict[str, list[tuple[list[Codes], int, Ids]]] = {name: [] for name in stratum.relations}
        for name in stratum.relations:
            for rows, literals in pending.get(name, []):
                columns = [np.ascontiguousarray(rows[:, i]) for i in range(rows.shape[1])]
                derived[name].append((columns, len(rows), literals.reshape(-1, 1)))
        recursive: list[tuple[int, ir.Atom]] = []
        for name in stratum.relations:
            if name in self.reduces:
                self._reduce(self.reduces[name], block, derived[name])
            for i in self.by_head.get(name, []):
                inside = [a for a in self.compiled.clauses[i].atoms() if a.relation in members]
                recursive += [(i, a) for a in inside]
                if not inside:
                    derived[name] += self._clause(i, None, {}, {})
        rounds = 0
        while True:
            before = {name: self.tables[name].rows for name in stratum.relations}
            self._merge(derived, block, stratum)
            rounds += 1
            fresh = any(self.tables[n].rows > before[n] for n in stratum.relations)
            if not recursive or not fresh or (self.limits.iterations is not None and rounds >= self.limits.iterations):
                break
            if rounds > self.limits.rounds:
                names = ", ".join(f"`{n}`" for n in stratum.relations if not n.startswith("#"))
                raise GroundingError(
                    f"the recursion through {names} has not ended after {self.limits.rounds} rounds",
                    hint="bound the values it computes, ask for a demand pattern (`bound`), or set an iteration limit",
                )
            start = before
            derived = {name: [] for name in stratum.relations}
            for i, atom in recursive:
                if self.tables[atom.relation].rows > start[atom.relation]:
                    derived[self.compiled.clauses[i].clause.head] += self._clause(i, atom, start, members)
        if self.circuit is not None and block.layers:
            self.circuit.close(block)
            self.circuit.blocks.append(block)

    def _merge(self, derived: Mapping[str, list[tuple[list[Codes], int, Ids]]], block: Block, stratum: Stratum) -> None:
        """Insert one round's tuples and record its firings as one layer."""
        heads: list[Ids] = []
        bodies: list[Ids] = []
        for name in stratum.relations:
            batches = [b for b in derived[name] if b[1]]
            table = self.tables[name]
            if name not in self.computed and len(batches) > 1:
                batches = [_joined(batches)]
            for columns, count, literals in batches:
                old = table.rows
                ids = table.insert(columns, count)
                self._spend(table.rows - old)
                if self.circuit is None or name.startswith(PREFIX):
                    continue  # without a tag: node 0, true
                if name not in self.computed and table.rows == count:
                    table.set_nodes(0, literals[:, 0])  # distinct facts: their leaves are their nodes
                    continue
                if table.rows > old:
                    table.set_nodes(old, self.circuit.new_nodes(table.rows - old))
                heads.append(table.nodes[ids])
                bodies.append(literals)
        if self.circuit is not None and heads:
            width = max(b.shape[1] for b in bodies)
            padded = [np.pad(b, ((0, 0), (0, width - b.shape[1]))) for b in bodies]
            self.circuit.add(block, np.concatenate(heads), np.concatenate(padded))

    def _spend(self, rows: int) -> None:
        self.total += rows
        if self.total > self.limits.rows:
            raise GroundingError(
                f"the program derives more than {self.limits.rows} tuples", hint="restrict the rules or the inputs"
            )

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
        rows = _Rows(1)
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

    def _heads(self, planned: PlannedClause, rows: _Rows, evaluator: Evaluator) -> list[tuple[list[Codes], int, Ids]]:
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

    def _tag(self, clause: ir.Clause, rows: _Rows, evaluator: Evaluator) -> None:
        """A fresh fact per grounding; groundings that differ only in the chosen head exclude each other."""
        if clause.tag is not None:
            kind = evaluator.types[id(clause.tag)]
            codes, mask = evaluator.value(clause.tag, rows.env, rows.count)
            if mask is not None:
                rows_keep(rows, mask)
                codes = codes[mask]
            values = [float(v) for v in decode_column(np.ascontiguousarray(codes), kind, self.symbols)]
        else:
            values = [1.0] * rows.count
        if self.circuit is None:
            return
        names = sorted(n for n in rows.env)
        literals = []
        for i, p in enumerate(values):
            if not 0 <= p <= 1:
                raise GroundingError(
                    f"the tag of this rule is {p:g}, not a probability", span=clause.tag.span if clause.tag else None,
                    source=self.compiled.source, hint="a tag lies between 0 and 1",
                )  # fmt: skip
            group = -1
            if clause.group is not None:
                key = (clause.group, tuple(int(rows.env[n][i]) for n in names))
                if key not in self.choices:
                    self.choices[key] = self.circuit.new_group()
                group = self.choices[key]
            sure = p == 1.0 and group < 0
            literals.append(TRUE if sure else self.circuit.new_leaf(p, group))
        rows.literals.append(np.array(literals, dtype=np.int64))

    def _join(self, atom: ir.Atom, rows: _Rows, evaluator: Evaluator, low: int, high: int) -> None:
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

    def _negation(self, atom: ir.Atom, rows: _Rows, evaluator: Evaluator) -> None:
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

    def _equal(self, step: Equal, rows: _Rows, evaluator: Evaluator) -> None:
        a, am = evaluator.value(step.left, rows.env, rows.count)
        b, bm = evaluator.value(step.right, rows.env, rows.count)
        keep = evaluator.compare("==", a, b, step.kind)
        for mask in (am, bm):
            if mask is not None:
                keep = keep & mask
        rows_keep(rows, keep)

    def _bind(self, step: Bind, rows: _Rows, evaluator: Evaluator) -> None:
        codes, mask = evaluator.value(step.known, rows.env, rows.count)
        for symbol, operand in step.inverse:
            other, m = evaluator.value(operand, rows.env, rows.count)
            if m is not None:
                mask = m if mask is None else mask & m
            codes = self._invert(symbol, codes, other, step.equal.kind)
        rows.env[step.var] = np.array(codes)
        if mask is not None:
            rows_keep(rows, mask)
        if step.inverse:
            self._equal(step.equal, rows, evaluator)

    def _invert(self, symbol: str, codes: Codes, other: Codes, kind: str) -> Codes:
        a, b = (other, codes) if symbol == "from" else (codes, other)
        operator = "-" if symbol == "from" else symbol
        if kind in INTEGERS:
            return integer_operation(operator, a, b, kind)
        x, y = as_floats(np.ascontiguousarray(a)), as_floats(np.ascontiguousarray(b))
        return from_floats(x + y if operator == "+" else x - y, kind)

    def _construct(self, step: ir.Construct, rows: _Rows, evaluator: Evaluator) -> None:
        columns = [evaluator.value(a, rows.env, rows.count)[0].tolist() for a in step.args]
        make = self.symbols.entity
        codes = [make(step.constructor, tuple(c[i] for c in columns)) for i in range(rows.count)]
        rows.env[step.result.name] = np.array(codes, dtype=np.int64)

    def _external(self, step: ir.External, rows: _Rows, evaluator: Evaluator, planned: PlannedClause) -> None:
        predicate = self.compiled.predicates[step.predicate]
        kinds = tuple(planned.types.terms[id(a)] for a in step.args)
        given = [evaluator.value(a, rows.env, rows.count)[0] for a in step.args[: predicate.bound]]
        if step.predicate == "range" and kinds[0] in INTEGERS:
            probe, outputs, literals = self._range(given, step)
        else:
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
        rows: _Rows,
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

    def _range(self, given: list[Codes], step: ir.External) -> tuple[Ids, list[Codes], None]:
        low, high = given
        counts = np.maximum(high - low, 0)
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
        out = []
        try:
            for probability, row in predicate.call(*values):
                literal = TRUE
                if probability is not None and self.circuit is not None and probability < 1:
                    literal = self.circuit.new_leaf(float(probability))
                codes = tuple(encode(v, k, self.symbols) for v, k in zip(row, kinds[predicate.bound :], strict=True))
                out.append((literal, codes))
        except NO_VALUE:
            return out
        except NesyError as error:
            message = f"foreign predicate `{predicate.name}` gave a wrong value: {error.message}"
            raise GroundingError(message, span=step.span, source=self.compiled.source) from None
        except Exception as error:  # a user's predicate may raise anything; it then has no answer, but not silently
            warnings.warn(f"{step.span}: foreign predicate `{predicate.name}` failed: {error}", DatalogWarning, 2)
        return out

    # ------------------------------------------------------------------ aggregates
    def _reduce(self, reduce: ir.Reduce, block: Block, derived: list[tuple[list[Codes], int, Ids]]) -> None:
        source = self.tables[reduce.source]
        kinds = self.program.relations[reduce.source].kinds
        out_kinds = self.program.relations[reduce.out].kinds
        columns = [decode_column(source.column(i), kinds[i], self.symbols) for i in range(reduce.groups, source.arity)]
        keys = [
            tuple(int(c) for c in row) for row in zip(*(source.column(i) for i in range(reduce.groups)), strict=True)
        ]
        if not reduce.groups:
            keys = [()] * source.rows
        nodes = source.nodes if self.circuit is None else self.circuit.simplify(source.nodes)
        groups: dict[tuple[int, ...], list[Item]] = {}
        for i, key in enumerate(keys):
            args = tuple(c[i] for c in columns[: reduce.args])
            values = tuple(c[i] for c in columns[reduce.args :])
            groups.setdefault(key, []).append(Item(args, values, int(nodes[i])))
        domain: dict[tuple[int, ...], int] = {}
        if reduce.domain is not None:
            table = self.tables[reduce.domain]
            rows = (
                zip(*(table.column(i) for i in range(reduce.groups)), strict=True)
                if reduce.groups
                else [()] * table.rows
            )
            literals = table.nodes if self.circuit is None else self.circuit.simplify(table.nodes)
            domain = {tuple(int(c) for c in row): int(x) for row, x in zip(rows, literals, strict=True)}
        elif not reduce.groups:
            domain = {(): TRUE}
        else:
            domain = dict.fromkeys(groups, TRUE)
        kind = kinds[-1] if reduce.bindings else "i32"
        mode = self.mode
        aggregator = Aggregator(
            reduce, kind, self.circuit, block, mode.hard_negation, mode.distributive, mode.weighs
        )  # fmt: skip
        table_rows: list[tuple[int, ...]] = []
        bodies: list[tuple[int, int]] = []
        for key, literal in domain.items():
            for values, outcome, of_key in aggregator.outcomes(groups.get(key, []), literal):
                codes = tuple(
                    encode(v, k, self.symbols) for v, k in zip(values, out_kinds[reduce.groups :], strict=True)
                )
                table_rows.append((*key, *codes))
                bodies.append((outcome, of_key))
        rows_array = np.array(table_rows, dtype=np.int64).reshape(len(table_rows), len(out_kinds))
        out_columns = [np.ascontiguousarray(rows_array[:, i]) for i in range(len(out_kinds))]
        derived.append((out_columns, len(table_rows), np.array(bodies, dtype=np.int64).reshape(-1, 2)))


def _joined(batches: Sequence[tuple[list[Codes], int, Ids]]) -> tuple[list[Codes], int, Ids]:
    columns = [np.concatenate(parts) for parts in zip(*(b[0] for b in batches), strict=True)]
    return columns, sum(b[1] for b in batches), np.concatenate([b[2] for b in batches])


def rows_keep(rows: _Rows, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    """Keep the rows where ``keep`` holds."""
    if keep.all():
        return
    index = np.flatnonzero(keep)
    rows.env = {k: v[index] for k, v in rows.env.items()}
    rows.literals = [x[index] for x in rows.literals]
    rows.count = len(index)
