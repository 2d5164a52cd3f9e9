"""What a program means to the engine: clauses in disjunctive normal form over typed relations.

Sugar is gone (implies, ranges, several heads, aggregation bodies, algebraic patterns); expressions stay syntax terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nesy.errors import Span
from nesy.reasoners.datalog import syntax as ast


@dataclass(slots=True)
class Relation:
    """A relation's columns; ``types`` entries are filled by inference where the program is silent."""

    name: str
    arity: int
    types: list[str | None]
    names: tuple[str | None, ...] = ()
    declared: bool = False
    demand: str | None = None
    hidden: bool = False
    span: Span | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The column types, once inferred."""
        return tuple(t or "i32" for t in self.types)


@dataclass(slots=True)
class Atom:
    """``relation(args)``; arguments are variables, wildcards, constants or expressions."""

    relation: str
    args: tuple[ast.Term, ...]
    negated: bool
    span: Span


@dataclass(slots=True)
class Guard:
    """A boolean expression; an equality may bind a variable."""

    test: ast.Term
    span: Span


@dataclass(slots=True)
class External:
    """A foreign predicate; ``closed``: a range that takes its last value too."""

    predicate: str
    args: tuple[ast.Term, ...]
    type_args: tuple[str, ...]
    span: Span
    negated: bool = False
    closed: bool = False


@dataclass(slots=True)
class Construct:
    """``entity = constructor(args)`` for ``new``: makes the term when the arguments are bound."""

    constructor: str
    args: tuple[ast.Term, ...]
    result: ast.Var
    span: Span


@dataclass(slots=True)
class Pending:
    """An aggregate in a body, before its relations exist; ``truth`` tests the result of a bare exists/forall."""

    aggregate: ast.Aggregate
    results: tuple[ast.Term, ...]
    truth: bool | None
    span: Span


Literal = Atom | Guard | External | Construct | Pending


@dataclass(slots=True)
class Clause:
    """``tag :: head(args) :- body``; in a ``group``, equal groundings of its clauses exclude each other.

    ``choice`` is the place of the head among the ``choices`` of its group.
    """

    head: str
    args: tuple[ast.Term, ...]
    body: list[Literal]
    tag: ast.Term | None
    span: Span
    group: int | None = None
    choice: int = 0
    choices: int = 1


@dataclass(slots=True)
class Reduce:
    """``out(groups, results) := op(source(groups, args, bindings))``, keyed by ``domain(groups)`` if given."""

    out: str
    op: str
    params: tuple[str, ...]
    source: str
    groups: int
    args: int
    bindings: int
    domain: str | None
    discrete: bool
    span: Span


@dataclass(slots=True)
class Fact:
    """A tuple without variables; its tag (a term if it has to be computed) or None, its exclusive group or None."""

    relation: str
    args: tuple[ast.Term, ...]
    tag: float | ast.Term | None
    group: int | None
    span: Span


@dataclass(slots=True)
class Program:
    """A lowered program; clauses, reductions and facts refer to relations by name."""

    relations: dict[str, Relation] = field(default_factory=dict)
    clauses: list[Clause] = field(default_factory=list)
    reduces: list[Reduce] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    constructors: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    entities: list[ast.Call] = field(default_factory=list)  # terms without variables that the program speaks of

    def computed(self) -> set[str]:
        """Relations that rules or aggregates derive."""
        return {c.head for c in self.clauses} | {r.out for r in self.reduces}


def variables(term: ast.Term | None) -> Iterator[ast.Var]:
    """All variables of a term, aggregates' bodies included."""
    match term:
        case ast.Var():
            yield term
        case ast.Call(args=args) | ast.Func(args=args) | ast.Op(args=args):
            for a in args:
                yield from variables(a)
        case ast.Tuple(items=items):
            for a in items:
                yield from variables(a)
        case ast.Cast(arg=arg):
            yield from variables(arg)
        case ast.InRange(var=v, low=low, high=high):
            for a in (v, low, high):
                yield from variables(a)
        case ast.Case(subject=a, pattern=b):
            yield from variables(a)
            yield from variables(b)
        case ast.New(call=call):
            yield from variables(call)
        case ast.Aggregate():
            for a in (*term.args, *term.bindings, term.body, *term.groups):
                yield from variables(a)
            yield from variables(term.group_body)
        case _:
            return


def literal_variables(literal: Literal) -> set[str]:
    """The names a literal mentions."""
    match literal:
        case Atom(args=args) | External(args=args):
            return {v.name for a in args for v in variables(a)}
        case Guard(test=test):
            return {v.name for v in variables(test)}
        case Construct(args=args, result=result):
            return {v.name for a in args for v in variables(a)} | {result.name}
        case Pending(aggregate=agg, results=results):
            return {v.name for v in variables(agg)} | {v.name for r in results for v in variables(r)}
