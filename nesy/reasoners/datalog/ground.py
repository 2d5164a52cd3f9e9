"""Semi-naive evaluation: all derivable tuples, and the circuit of their derivations.

In a stratum, round 0 takes the facts and the rules that do not use the stratum itself; each later round joins the
tuples that were new in the round before (once per position of a recursive atom), so every firing is found exactly once
and belongs to the round in which the last of its tuples was new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nesy.errors import GroundingError
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog.aggregate import Aggregator, Item
from nesy.reasoners.datalog.circuit import TRUE, Block
from nesy.reasoners.datalog.demand import PREFIX
from nesy.reasoners.datalog.facts import program_facts
from nesy.reasoners.datalog.firing import Firing
from nesy.reasoners.datalog.grounding import Compiled, Grounding, InputFacts, Limits, Mode
from nesy.reasoners.datalog.store import Ids, KeyCollision
from nesy.reasoners.datalog.stratify import Stratum
from nesy.reasoners.datalog.values import (
    Codes,
    Symbols,
    decode_column,
    encode,
)


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


class _Grounder(Firing):
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
        for relation, rows, literals in program_facts(self.compiled, self.symbols, self.circuit, self.mode.shares):
            pending.setdefault(relation, []).append((rows, literals))
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
                if any(v != v for v in values):  # NaN, such as the sum of both infinities, is no value
                    continue
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
