"""What goes into grounding a program and what comes out: facts, modes, budgets, rows of bindings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog.builtins import ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.circuit import Circuit
from nesy.reasoners.datalog.plan import PlannedClause
from nesy.reasoners.datalog.store import Ids, Table
from nesy.reasoners.datalog.stratify import Stratum
from nesy.reasoners.datalog.values import (
    Codes,
)


@dataclass(slots=True)
class Compiled:
    """A checked program, ready to be grounded on facts; ``fact_types``: types of the terms of its own facts, by id."""

    program: ir.Program
    clauses: list[PlannedClause]
    fact_types: Mapping[int, str]
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
    ``weighs``: tags are probabilities, by which ``top`` and its like choose; ``shares``: alternatives of an exclusive
    set that have no tags share what the others leave (elsewhere each has tag one, as in Scallop).
    """

    record: bool = False
    hard_negation: bool = True
    distributive: bool = True
    weighs: bool = False
    shares: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets that turn a runaway program into an error."""

    iterations: int | None = None
    rounds: int = 20_000
    rows: int = 20_000_000
    answers: int = 1_000_000  # of one call of a foreign predicate


@dataclass(slots=True)
class Grounding:
    """All derivable tuples by relation, and how they are derived (None when only truth was asked)."""

    tables: dict[str, Table]
    circuit: Circuit | None


@dataclass(slots=True)
class Rows:
    """A binding table: codes per variable, and the literals used so far."""

    count: int
    env: dict[str, Codes] = field(default_factory=dict)
    literals: list[Ids] = field(default_factory=list)


def rows_keep(rows: Rows, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    """Keep the rows where ``keep`` holds."""
    if keep.all():
        return
    index = np.flatnonzero(keep)
    rows.env = {k: v[index] for k, v in rows.env.items()}
    rows.literals = [x[index] for x in rows.literals]
    rows.count = len(index)
