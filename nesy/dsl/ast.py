"""The syntax of nesy as plain, frozen data: formulas first, then the statements of a ``.dsl`` file.

Two nodes are equal when they say the same; where they stand in a file (``span``) does not count. All nodes work with
``match``. What the operators mean is defined, in plain Python on boolean traces, by
:mod:`nesy.reasoners.temporal.definition`. The file is long because it is the one list of everything that can be said.
"""

# ruff: noqa: RUF009  (the default of `span` is one immutable field)
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from fractions import Fraction
from operator import attrgetter
from typing import Any, Literal, TypeAlias

from nesy.errors import Span


def _span() -> Span | None:
    return field(default=None, compare=False, repr=False, kw_only=True)


Unit: TypeAlias = Literal["frames", "seconds", "fraction"]


@dataclass(frozen=True, slots=True)
class Window:
    """A metric window, inclusive at both ends; ``hi`` None means "without end".

    ``frames`` (integers) and ``seconds`` count from the present position, forwards for future operators and backwards
    for past ones. ``fraction`` (0 to 1) names a part of the clip, wherever the present position is: frame ``j`` of
    ``n`` lies in it when its middle ``(j + 1/2)/n`` does.
    """

    lo: Fraction
    hi: Fraction | None
    unit: Unit = "frames"
    span: Span | None = _span()

    @property
    def empty(self) -> bool:
        """Whether it ends before it begins: nothing lies in it, and no text says it."""
        return self.hi is not None and self.hi < self.lo


class Formula:
    """Base of all formulas. Subclasses are frozen dataclasses; comparing and hashing them costs no Python stack."""

    __slots__ = ("_free", "_hash", "_shape")
    span: Span | None
    _hash: int
    _free: frozenset[str]
    _shape: int

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Formula):
            return NotImplemented
        if self is other or hash(self) != hash(other):
            return self is other
        stack: list[tuple[Formula, Formula]] = [(self, other)]
        done: set[tuple[int, int]] = set()  # shared subformulas are compared once
        while stack:
            a, b = stack.pop()
            if a is b or (id(a), id(b)) in done:
                continue
            if type(a) is not type(b) or hash(a) != hash(b) or own(a) != own(b):
                return False
            xs, ys = children(a), children(b)
            if len(xs) != len(ys):
                return False
            done.add((id(a), id(b)))
            stack.extend(zip(xs, ys, strict=True))
        return True

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            pass
        stack: list[Formula] = [self]
        while stack:
            f = stack[-1]
            below = children(f)
            try:
                value = hash((type(f).__name__, own(f), *[g._hash for g in below]))
            except AttributeError:
                stack.extend(g for g in below if not hasattr(g, "_hash"))
                continue
            object.__setattr__(f, "_hash", value)
            stack.pop()
        return self._hash


@dataclass(frozen=True, slots=True, eq=False)
class Truth(Formula):
    """``true`` or ``false``."""

    value: bool
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Atom(Formula):
    """``predicate(arg, ...)``: a class, a learned predicate, a custom predicate, a rule head or a macro."""

    predicate: str
    args: tuple[str, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Equal(Formula):
    """``a = b``: both variables denote the same object (``a != b`` is ``Not(Equal(a, b))``)."""

    left: str
    right: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Distinct(Formula):
    """``distinct(a, b, ...)``: pairwise different objects."""

    args: tuple[str, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Not(Formula):
    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class And(Formula):
    """Conjunction of two or more."""

    args: tuple[Formula, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Or(Formula):
    """Disjunction of two or more."""

    args: tuple[Formula, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Implies(Formula):
    left: Formula
    right: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Iff(Formula):
    left: Formula
    right: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Next(Formula):
    """Strong next: false at the last frame."""

    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class WeakNext(Formula):
    """Weak next: true at the last frame."""

    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Previous(Formula):
    """Strong previous: false at the first frame."""

    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class WeakPrevious(Formula):
    """Weak previous: true at the first frame."""

    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Eventually(Formula):
    body: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Always(Formula):
    body: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Once(Formula):
    """Past ``eventually``: now or at an earlier frame."""

    body: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Historically(Formula):
    """Past ``always``: now and at every earlier frame."""

    body: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Until(Formula):
    """``right`` holds at some j >= i (inside the window), ``left`` at every k with i <= k < j."""

    left: Formula
    right: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Release(Formula):
    """Dual of until: ``not (not left until not right)``."""

    left: Formula
    right: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class WeakUntil(Formula):
    """``left until right``, or ``left`` to the end (with a window: to the window's end)."""

    left: Formula
    right: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Since(Formula):
    """``right`` held at some j <= i (inside the window), ``left`` at every k with j < k <= i."""

    left: Formula
    right: Formula
    window: Window | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Then(Formula):
    """``a then b then c``: ``eventually (a and next eventually (b and next eventually c))``, each strictly later.

    ``gaps[i]`` limits the distance from event ``i`` to event ``i + 1``: ``a then[1,5] b`` is
    ``eventually (a and eventually[1,5] b)`` (lower ends below 1 count as 1, so that the order stays strict).
    """

    parts: tuple[Formula, ...]
    gaps: tuple[Window | None, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Hinted(Formula):
    """``f @ early short``: where in the clip, and for how long, ``f`` is said to happen.

    A hint never changes the truth of a formula; it feeds the temporal loss. ``location`` is a word or a stretch of
    the clip as two fractions, ``duration`` a word or a fraction.
    """

    body: Formula
    location: Literal["early", "mid", "late"] | tuple[Fraction, Fraction] | None = None
    duration: Literal["short", "medium", "long"] | Fraction | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Binding:
    """``m: mugen`` in a quantifier; without a class the variable ranges over all objects."""

    var: str
    sort: str | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Exists(Formula):
    bindings: tuple[Binding, ...]
    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class Forall(Formula):
    bindings: tuple[Binding, ...]
    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True, eq=False)
class ExistsAtLeast(Formula):
    """``exists at least n x: c { ... }``: at least ``n`` different objects (tuples of objects) satisfy the body."""

    count: int
    bindings: tuple[Binding, ...]
    body: Formula
    span: Span | None = _span()


Comparison: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True, eq=False)
class Count(Formula):
    """``count x: c { ... } >= n``: how many objects (tuples of objects) satisfy the body, compared with a number.

    Elaboration (:mod:`nesy.dsl.elaborate`) says it with :class:`ExistsAtLeast`; reasoners never meet it.
    """

    comparison: Comparison
    number: int
    bindings: tuple[Binding, ...]
    body: Formula
    span: Span | None = _span()


_OWN: dict[type[Formula], Callable[[Any], tuple[object, ...]]] = {
    **dict.fromkeys((And, Or, Not, Implies, Iff, Next, WeakNext, Previous, WeakPrevious), lambda f: ()),
    Truth: lambda f: (f.value,),
    Atom: attrgetter("predicate", "args"),
    Equal: attrgetter("left", "right"),
    Distinct: attrgetter("args"),
    Then: attrgetter("gaps"),
    Hinted: attrgetter("location", "duration"),
    **dict.fromkeys((Exists, Forall), attrgetter("bindings")),
    ExistsAtLeast: lambda f: (f.count, *f.bindings),
    Count: lambda f: (f.comparison, f.number, *f.bindings),
}


def own(f: Formula) -> tuple[object, ...]:
    """What ``f`` says itself, without its subformulas and its place."""
    found = _OWN.get(type(f))
    return found(f) if found is not None else (f.window,)  # type: ignore[attr-defined]


QUANTIFIERS = (Exists, Forall, ExistsAtLeast, Count)

_CHILDREN: dict[type[Formula], Callable[[Any], tuple[Formula, ...]]] = {
    **dict.fromkeys((And, Or), attrgetter("args")),
    **dict.fromkeys((Implies, Iff, Until, Release, WeakUntil, Since), attrgetter("left", "right")),
    **dict.fromkeys((Truth, Atom, Equal, Distinct), lambda f: ()),
    Then: attrgetter("parts"),
}


def children(f: Formula) -> tuple[Formula, ...]:
    """The direct subformulas of ``f``, left to right."""
    found = _CHILDREN.get(type(f))
    return found(f) if found is not None else (f.body,)  # type: ignore[attr-defined]


def walk(f: Formula) -> Iterator[Formula]:
    """``f`` and all its subformulas, parents first; iterative, so that depth costs no Python stack."""
    stack = [f]
    while stack:
        g = stack.pop()
        yield g
        stack.extend(reversed(children(g)))


# --------------------------------------------------------------------------------------------------------------------
# Statements of a file

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | Settings"


@dataclass(frozen=True, slots=True)
class Settings:
    """``{ key: value, ... }`` of a block; values are JSON-like and may nest."""

    items: tuple[tuple[str, Value], ...] = ()
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False, kw_only=True)  # one a pair, if known
    span: Span | None = _span()

    def as_dict(self) -> dict[str, object]:
        """The same as nested Python dictionaries and lists."""

        def plain(v: Value) -> object:
            if isinstance(v, Settings):
                return v.as_dict()
            return [plain(x) for x in v] if isinstance(v, tuple) else v

        return {k: plain(v) for k, v in self.items}


class Statement:
    """Base of all statements. Subclasses are frozen dataclasses."""

    __slots__ = ()
    span: Span | None


@dataclass(frozen=True, slots=True)
class Domain(Statement):
    name: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Import(Statement):
    path: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Declaration(Statement):
    """``class a, b`` / ``unary p, q`` / ``binary r, s``."""

    kind: Literal["class", "unary", "binary"]
    names: tuple[str, ...]
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False, kw_only=True)  # one a name, if known
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    sort: str | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class PredicateSignature(Statement):
    """``predicate near(a, b: coin)``: computed by a Python function of that name."""

    name: str
    params: tuple[Parameter, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Rule(Statement):
    """``rule head(a, c) :- body.``: several rules with one head are alternatives."""

    head: Atom
    body: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Constraint(Statement):
    """``constraint formula``: true of every clip; free variables are universally quantified over all objects."""

    formula: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Define(Statement):
    """``define hunts(a, b) = formula``: a macro; uses are replaced by the formula."""

    name: str
    params: tuple[Parameter, ...]
    formula: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Spec(Statement):
    """``spec name: formula``."""

    name: str
    formula: Formula
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Block(Statement):
    """``data "platformer" { ... }``: configuration of one stage of a task."""

    kind: Literal["data", "captions", "perception", "train"]
    name: str | None
    settings: Settings
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed file: its statements in order."""

    statements: tuple[Statement, ...]
    file: str = field(default="<text>", compare=False)
    source: str = field(default="", compare=False, repr=False)
    imports: tuple[Module, ...] = field(default=(), compare=False, repr=False)

    def of(self, kind: type[Statement]) -> list[Statement]:
        """All statements of one type, in order."""
        return [s for s in self.statements if isinstance(s, kind)]


def replace_children(f: Formula, new: tuple[Formula, ...]) -> Formula:
    """``f`` with its direct subformulas replaced, in the order of :func:`children`; the span is kept."""
    match f:
        case And() | Or():
            return type(f)(new, span=f.span)
        case Then(_, gaps):
            return Then(new, gaps, span=f.span)
        case Truth() | Atom() | Equal() | Distinct():
            return f
    values = {x.name: getattr(f, x.name) for x in fields(f)}  # type: ignore[arg-type]
    if len(new) == 2:
        values["left"], values["right"] = new
    else:
        (values["body"],) = new
    return type(f)(**values)
