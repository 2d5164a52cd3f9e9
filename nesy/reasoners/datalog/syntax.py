"""The syntax tree of a Scallop program: plain, located, immutable data."""

from __future__ import annotations

from dataclasses import dataclass, field

from nesy.errors import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that has a place in the text."""

    span: Span = field(compare=False, repr=False)


# ---------------------------------------------------------------- terms (formulas and expressions)


@dataclass(frozen=True, slots=True)
class Var(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Wildcard(Node):
    pass


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A literal; ``kind`` is ``int``, ``float``, ``bool``, ``char``, ``String`` or ``Symbol``."""

    value: int | float | bool | str
    kind: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``name<targs>(args)``: an atom, a foreign predicate or a constructor."""

    name: str
    args: tuple[Term, ...]
    targs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Func(Node):
    """``$name(args)``."""

    name: str
    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Op(Node):
    """An operator applied to terms; ``symbol`` as in the text, ``not``/``and``/``or``/``implies`` for formulas."""

    symbol: str
    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Cast(Node):
    arg: Term
    type: str


@dataclass(frozen=True, slots=True)
class Tuple(Node):
    items: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class InRange(Node):
    """``var in low..high`` (half open) or ``low..=high`` (closed)."""

    var: Term
    low: Term
    high: Term
    closed: bool


@dataclass(frozen=True, slots=True)
class Case(Node):
    """``case subject is pattern``."""

    subject: Term
    pattern: Term


@dataclass(frozen=True, slots=True)
class New(Node):
    call: Call


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """``op!<params>[args](bindings: body where groups: group_body)``."""

    op: str
    discrete: bool
    params: tuple[str, ...]
    args: tuple[Term, ...]
    bindings: tuple[Term, ...]
    body: Term
    groups: tuple[Term, ...] = ()
    group_body: Term | None = None


Term = Var | Wildcard | Const | Call | Func | Op | Cast | Tuple | InRange | Case | New | Aggregate


# ---------------------------------------------------------------- items


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    name: str
    args: tuple[object, ...]
    kwargs: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Import(Node):
    path: str


@dataclass(frozen=True, slots=True)
class Field(Node):
    type: str
    name: str | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class RelationType(Node):
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class FunctionType(Node):
    """``type $name(fields) -> result``."""

    name: str
    fields: tuple[Field, ...]
    result: str


@dataclass(frozen=True, slots=True)
class Variant(Node):
    """An enum constant (``value`` given or counted) or, with ``types``, a constructor."""

    name: str
    value: int | None = None
    types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TypeDefinition(Node):
    """An alias (one plain variant without value), an enum, or an algebraic data type."""

    name: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Subtype(Node):
    name: str
    base: str


@dataclass(frozen=True, slots=True)
class ConstDecl(Node):
    name: str
    type: str | None
    value: Term


@dataclass(frozen=True, slots=True)
class FactEntry(Node):
    tag: Term | None
    tuple: Term


@dataclass(frozen=True, slots=True)
class FactSet(Node):
    name: str
    entries: tuple[FactEntry, ...]
    exclusive: bool
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """``tag :: heads = body``; ``body`` None is a single fact, ``exclusive`` a ``{a; b}`` head."""

    tag: Term | None
    heads: tuple[Call, ...]
    exclusive: bool
    body: Term | None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class AggregateRule(Node):
    """``rel name = count(x: ...)``: the head's columns are the aggregate's results."""

    name: str
    body: Term
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Query(Node):
    name: str
    args: tuple[Term, ...] | None = None


@dataclass(frozen=True, slots=True)
class Declared(Node):
    """A type item together with its attributes (``@file``, ``@demand``)."""

    item: RelationType | TypeDefinition | Subtype | FunctionType
    attributes: tuple[Attribute, ...] = ()


Item = Import | Declared | ConstDecl | FactSet | Rule | AggregateRule | Query


@dataclass(frozen=True, slots=True)
class Program:
    """Items in source order, and the text they came from."""

    items: tuple[Item, ...]
    source: str
    file: str
