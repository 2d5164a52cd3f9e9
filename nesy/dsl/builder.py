"""Formulas written in Python: the same syntax tree, the same checks, no text in between.

>>> from nesy.dsl.builder import eventually, exists, frames, predicates, variables
>>> jumping, near, dead = predicates("jumping near dead")
>>> a, c, s = variables("a c s")
>>> spec = exists(a, c, s)(eventually(jumping(a) & near(a, c), within=frames(2, 10)) >> dead(s))
>>> print(spec)
exists a, c, s { eventually[2, 10] (jumping(a) and near(a, c)) -> dead(s) }
>>> print(jumping(a).then(dead(a), within=frames(1, 5)) | ~dead(a))
(jumping(a) then[1, 5] dead(a)) or not dead(a)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from nesy.dsl import ast
from nesy.dsl.ast import Binding, Window
from nesy.dsl.check import check_formula
from nesy.dsl.depth import depth
from nesy.dsl.diagnostics import Diagnostic
from nesy.dsl.limits import COUNT, NESTING
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.dsl.words import ANY_OBJECT, RESERVED
from nesy.errors import SpecTypeError

Number = int | float | str | Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A variable; ``of("mugen")`` gives it a class where it is quantified. ``a == b`` and ``a != b`` are formulas."""

    name: str
    sort: str | None = None

    def of(self, sort: str) -> Variable:
        """The same variable, ranging over the objects of one class."""
        return Variable(self.name, None if sort == ANY_OBJECT else _name(sort, "class"))

    def __eq__(self, other: object) -> Formula:  # type: ignore[override]
        return Formula(ast.Equal(self.name, _variable(other).name))

    def __ne__(self, other: object) -> Formula:  # type: ignore[override]
        return ~(self == other)

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula under construction; ``node`` is its syntax tree.

    ``&`` and, ``|`` or, ``~`` not, ``>>`` implies, ``f.iff(g)``, ``f.then(g)``, ``f.until(g)``, ``f.at("early")``.
    """

    node: ast.Formula

    def __str__(self) -> str:
        return to_text(self.node)

    def __and__(self, other: Formula) -> Formula:
        return _junction(ast.And, self, other)

    def __or__(self, other: Formula) -> Formula:
        return _junction(ast.Or, self, other)

    def __invert__(self) -> Formula:
        return _made(ast.Not(self.node))

    def __rshift__(self, other: Formula) -> Formula:
        return _made(ast.Implies(self.node, _node(other)))

    def __bool__(self) -> bool:
        raise SpecTypeError(
            "a formula is not true or false by itself",
            hint="combine formulas with `&`, `|` and `~`, not with `and`, `or`, `not`; put brackets around `a == b`",
        )

    def iff(self, other: Formula) -> Formula:
        """Both or neither."""
        return _made(ast.Iff(self.node, _node(other)))

    def then(self, other: Formula, within: Window | None = None) -> Formula:
        """This, and at a later frame ``other``; ``within`` limits the distance. Chains: ``a.then(b).then(c)``."""
        if isinstance(self.node, ast.Then):
            return _made(ast.Then((*self.node.parts, _node(other)), (*self.node.gaps, within)))
        return _made(ast.Then((self.node, _node(other)), (within,)))

    def until(self, other: Formula, within: Window | None = None) -> Formula:
        """``other`` happens, and this holds at every frame before."""
        return _made(ast.Until(self.node, _node(other), within))

    def weak_until(self, other: Formula, within: Window | None = None) -> Formula:
        """As until, but ``other`` need not happen."""
        return _made(ast.WeakUntil(self.node, _node(other), within))

    def release(self, other: Formula, within: Window | None = None) -> Formula:
        """``other`` holds up to and including the first frame at which this holds, or to the end."""
        return _made(ast.Release(self.node, _node(other), within))

    def since(self, other: Formula, within: Window | None = None) -> Formula:
        """``other`` happened, and this held at every frame after it."""
        return _made(ast.Since(self.node, _node(other), within))

    def at(
        self,
        location: Literal["early", "mid", "late"] | tuple[Number, Number] | None = None,
        duration: Literal["short", "medium", "long"] | Number | None = None,
    ) -> Formula:
        """A hint where in the clip, and for how long, this is said to happen; fractions of the clip or a word."""
        if location is None and duration is None:
            raise SpecTypeError(
                "a hint says where or how long", hint='write `f.at("early")` or `f.at(duration="short")`'
            )
        place: Any = location
        if isinstance(location, tuple):
            place = (_share(location[0]), _share(location[1]))
        elif location is not None and location not in ("early", "mid", "late"):
            raise SpecTypeError(f"unknown location `{location}`", expected=("early", "mid", "late", "(0, 1/3)"))
        lasting: Any = duration
        if duration is not None and duration not in ("short", "medium", "long"):
            lasting = _share(duration)
        return _made(ast.Hinted(self.node, place, lasting))

    def check(self, signature: Signature) -> tuple[Diagnostic, ...]:
        """Check against a vocabulary and return the warnings; raises ErrorGroup as :func:`check_formula` does."""
        return check_formula(self.node, signature, source=None)


# --------------------------------------------------------------------------------------------------------------------
# Names


def variables(names: str) -> tuple[Variable, ...]:
    """Variables for the names in a text: ``a, b = variables("a b")``."""
    return tuple(Variable(_name(n, "variable")) for n in names.replace(",", " ").split())


def predicates(names: str) -> tuple[Callable[..., Formula], ...]:
    """Predicates for the names in a text: ``jumping, near = predicates("jumping near")``; call them on variables."""
    return tuple(predicate(n) for n in names.replace(",", " ").split())


def predicate(name: str) -> Callable[..., Formula]:
    """A class, learned or custom predicate, rule or macro of this name."""
    _name(name, "predicate")

    def apply(*objects: Variable) -> Formula:
        return Formula(ast.Atom(name, tuple(_variable(o).name for o in objects)))

    return apply


def distinct(*objects: Variable) -> Formula:
    """Pairwise different objects."""
    return Formula(ast.Distinct(tuple(_variable(o).name for o in objects)))


true = Formula(ast.Truth(True))
false = Formula(ast.Truth(False))


# --------------------------------------------------------------------------------------------------------------------
# Time


def next(f: Formula) -> Formula:
    """At the next frame; false at the last one."""
    return _made(ast.Next(_node(f)))


def weak_next(f: Formula) -> Formula:
    """At the next frame, if there is one."""
    return _made(ast.WeakNext(_node(f)))


def previous(f: Formula) -> Formula:
    """At the frame before; false at the first one."""
    return _made(ast.Previous(_node(f)))


def weak_previous(f: Formula) -> Formula:
    """At the frame before, if there is one."""
    return _made(ast.WeakPrevious(_node(f)))


def eventually(f: Formula, within: Window | None = None) -> Formula:
    """Now or at a later frame."""
    return _made(ast.Eventually(_node(f), within))


def always(f: Formula, within: Window | None = None) -> Formula:
    """Now and at every later frame."""
    return _made(ast.Always(_node(f), within))


def once(f: Formula, within: Window | None = None) -> Formula:
    """Now or at an earlier frame."""
    return _made(ast.Once(_node(f), within))


def historically(f: Formula, within: Window | None = None) -> Formula:
    """Now and at every earlier frame."""
    return _made(ast.Historically(_node(f), within))


def frames(lo: int, hi: int | None = None) -> Window:
    """From ``lo`` to ``hi`` frames away; without ``hi`` there is no end."""
    return _window(Fraction(lo), None if hi is None else Fraction(hi), "frames")


def seconds(lo: Number, hi: Number | None = None) -> Window:
    """From ``lo`` to ``hi`` seconds away."""
    return _window(_exact(lo), None if hi is None else _exact(hi), "seconds")


def part(lo: Number, hi: Number) -> Window:
    """The part of the clip between two shares of it: ``part(0, 0.5)`` is the first half."""
    return _window(_share(lo), _share(hi), "fraction")


# --------------------------------------------------------------------------------------------------------------------
# Quantifiers


def exists(*objects: Variable, at_least: int | None = None) -> Callable[[Formula], Formula]:
    """``exists(m.of("mugen"), s)(f)``: some objects satisfy ``f``; with ``at_least=2`` two different choices do."""
    bindings = _bindings(objects)

    def body(f: Formula) -> Formula:
        if at_least is None:
            return _made(ast.Exists(bindings, _node(f)))
        return _made(ast.ExistsAtLeast(_number(at_least), bindings, _node(f)))

    return body


def forall(*objects: Variable) -> Callable[[Formula], Formula]:
    """``forall(c.of("coin"))(f)``: all objects satisfy ``f``."""
    bindings = _bindings(objects)
    return lambda f: _made(ast.Forall(bindings, _node(f)))


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The number of objects that satisfy a formula; compare it with a number to get a formula."""

    bindings: tuple[Binding, ...]
    body: ast.Formula

    def _compare(self, comparison: ast.Comparison, number: object) -> Formula:
        return _made(ast.Count(comparison, _number(number), self.bindings, self.body))

    def __eq__(self, number: object) -> Formula:  # type: ignore[override]
        return self._compare("=", number)

    def __ne__(self, number: object) -> Formula:  # type: ignore[override]
        return self._compare("!=", number)

    def __lt__(self, number: int) -> Formula:
        return self._compare("<", number)

    def __le__(self, number: int) -> Formula:
        return self._compare("<=", number)

    def __gt__(self, number: int) -> Formula:
        return self._compare(">", number)

    def __ge__(self, number: int) -> Formula:
        return self._compare(">=", number)

    __hash__ = object.__hash__


def count(*objects: Variable) -> Callable[[Formula], Counted]:
    """``count(c.of("coin"))(f) >= 2``."""
    bindings = _bindings(objects)
    return lambda f: Counted(bindings, _node(f))


# --------------------------------------------------------------------------------------------------------------------
# Mistakes


def _made(node: ast.Formula) -> Formula:
    if depth(node) > NESTING:
        raise SpecTypeError(
            f"the formula is nested deeper than {NESTING} levels", hint="split it into several specs", code="E013"
        )
    return Formula(node)


def _junction(kind: type[ast.And] | type[ast.Or], left: Formula, right: Formula) -> Formula:
    """``a & b & c`` is one conjunction of three, as in text; a conjunction on the right stays a part."""
    first = left.node.args if isinstance(left.node, ast.And | ast.Or) and isinstance(left.node, kind) else (left.node,)
    return _made(kind((*first, _node(right))))


def _node(f: object) -> ast.Formula:
    if isinstance(f, Formula):
        return f.node
    if isinstance(f, ast.Formula):
        return f
    raise SpecTypeError(
        f"expected a formula, not {f!r}",
        hint="call a predicate on its variables: `jumping(m)`; constants are `true`, `false`",
    )


def _variable(v: object) -> Variable:
    if isinstance(v, Variable):
        return v
    raise SpecTypeError(f"expected a variable, not {v!r}", hint='make variables with `a, b = variables("a b")`')


def _name(name: str, role: str) -> str:
    if name in RESERVED:
        raise SpecTypeError(f"`{name}` is a keyword and cannot name a {role}", hint=f"use `{name}_`", code="E004")
    if not (name.isascii() and name.isidentifier()):
        raise SpecTypeError(
            f"`{name}` cannot name a {role}", hint="names are made of the letters a to z, digits and `_`", code="E002"
        )
    return name


def _bindings(objects: tuple[Variable, ...]) -> tuple[Binding, ...]:
    if not objects:
        raise SpecTypeError("a quantifier needs a variable", hint="write `exists(a)(f)`")
    for v in objects:
        if _variable(v).name in ("at", "exactly"):
            raise SpecTypeError(f"`{v.name}` is a keyword after `exists`", hint="use another name", code="E004")
    return tuple(Binding(v.name, v.sort) for v in objects)


def _number(n: object) -> int:
    if isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= COUNT:
        return n
    raise SpecTypeError(f"objects are counted from 0 to {COUNT}, not {n!r}", code="E008")


def _exact(value: Number) -> Fraction:
    """A number as it is written: 0.1 is one tenth."""
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise SpecTypeError(f"`{value}` is not a number", hint="write 0.5 or Fraction(1, 3)", code="E008") from None


def _share(value: Number) -> Fraction:
    share = _exact(value)
    if not 0 <= share <= 1:
        raise SpecTypeError(f"a share of the clip lies between 0 and 1, not at {value}", code="E010")
    return share


def _window(lo: Fraction, hi: Fraction | None, unit: ast.Unit) -> Window:
    if lo < 0 or (hi is not None and hi < lo):
        raise SpecTypeError(f"the window ends at {hi}, before it begins at {lo}", code="E040")
    return Window(lo, hi, unit)
