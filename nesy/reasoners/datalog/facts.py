"""The facts that a program holds itself: their values, their leaves, and the terms they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from nesy.errors import DataError, GroundingError
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.circuit import TRUE, Circuit
from nesy.reasoners.datalog.declared import constructor_relation
from nesy.reasoners.datalog.expr import Evaluator
from nesy.reasoners.datalog.grounding import Compiled
from nesy.reasoners.datalog.store import Ids
from nesy.reasoners.datalog.values import ENTITY, FLOATS, INTEGERS, Codes, Symbols, decode, encode


def program_facts(
    compiled: Compiled, symbols: Symbols, circuit: Circuit | None, shares: bool
) -> Iterator[tuple[str, Codes, Ids]]:
    """Rows of codes [n, arity] and their literals [n], by relation; ``shares`` as in ``Mode``.

    A fact whose value does not exist (a failed cast, NaN) is left out.
    """
    evaluator = Evaluator(compiled.fact_types, symbols, compiled.functions, compiled.source)
    relations = compiled.program.relations
    found: dict[str, list[tuple[list[int], int]]] = {}
    known: list[tuple[ir.Fact, list[int], float | None]] = []
    for fact in compiled.program.facts:
        codes = [
            _code(t, k, evaluator) for t, k in zip(fact.args, relations[fact.relation].kinds, strict=True)
        ]  # fmt: skip
        present = [c for c in codes if c is not None]
        if len(present) == len(codes):
            known.append((fact, present, _tag(fact.tag, evaluator)))
    rest = _shares(known) if shares else {}
    groups: dict[int, int] = {}
    for fact, codes_, tag in known:
        literal = TRUE
        if circuit is not None and fact.group is not None:
            if fact.group not in groups:
                groups[fact.group] = circuit.new_group()
            alone = rest.get(fact.group, 1.0)
            literal = circuit.new_leaf(alone if tag is None else tag, groups[fact.group])
        elif circuit is not None and tag is not None:
            literal = circuit.new_leaf(tag)
        found.setdefault(fact.relation, []).append((codes_, literal))
    for relation, rows in found.items():
        table = np.array([c for c, _ in rows], dtype=np.int64).reshape(len(rows), relations[relation].arity)
        yield relation, table, np.array([x for _, x in rows], dtype=np.int64)
    roots = [int(evaluator.value(e, {}, 1)[0][0]) for e in compiled.program.entities]
    for relation, table in terms_below(roots, relations, symbols).items():
        yield relation, table, np.zeros(len(table), dtype=np.int64)


def terms_below(roots: Iterable[int], relations: Mapping[str, ir.Relation], symbols: Symbols) -> dict[str, Codes]:
    """Rows of the constructors' relations for terms and all their parts."""
    waiting, seen = list(roots), set[int]()
    found: dict[str, list[tuple[int, ...]]] = {}
    while waiting:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        name, args = symbols.term(code)
        relation = constructor_relation(name)
        found.setdefault(relation, []).append((code, *args))
        kinds = relations[relation].kinds[1:]
        waiting += [a for a, k in zip(args, kinds, strict=True) if k == ENTITY]
    return {name: np.array(sorted(rows), dtype=np.int64) for name, rows in found.items()}


def _code(term: ast.Term, kind: str, evaluator: Evaluator) -> int | None:
    if isinstance(term, ast.Const):
        try:
            return encode(term.value, kind, evaluator.symbols)
        except DataError as error:
            raise DataError(error.message, span=term.span, source=evaluator.source, hint=error.hint) from None
    codes, mask = evaluator.value(term, {}, 1)
    return int(codes[0]) if mask is None or mask[0] else None


def _tag(tag: float | ast.Term | None, evaluator: Evaluator) -> float | None:
    """The value of a tag; computed ones are checked here."""
    if tag is None or isinstance(tag, float):
        return tag
    kind = evaluator.types[id(tag)]
    if kind not in FLOATS and kind not in INTEGERS and kind != "bool":
        raise GroundingError(
            f"a tag of type {kind} is no probability", span=tag.span, source=evaluator.source,
            hint="a tag is a number between 0 and 1, or a bool",
        )  # fmt: skip
    codes, mask = evaluator.value(tag, {}, 1)
    value = float(decode(int(codes[0]), kind, evaluator.symbols)) if mask is None or mask[0] else float("nan")
    if not 0 <= value <= 1:
        raise GroundingError(
            f"the tag of this fact is {value:g}, not a probability", span=tag.span, source=evaluator.source,
            hint="a tag lies between 0 and 1",
        )  # fmt: skip
    return value


def _shares(facts: Iterable[tuple[ir.Fact, list[int], float | None]]) -> dict[int, float]:
    """By exclusive group, the probability of each alternative without a tag."""
    used: dict[int, float] = {}
    count: dict[int, int] = {}
    for fact, _, tag in facts:
        if fact.group is not None:
            used[fact.group] = used.get(fact.group, 0.0) + (tag or 0.0)
            count[fact.group] = count.get(fact.group, 0) + (tag is None)
    return {g: max(0.0, 1 - used[g]) / n for g, n in count.items() if n}
