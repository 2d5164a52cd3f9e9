"""The operators that candidates are made of: their bits, their syntax, and what they weigh in a tie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.errors import NesyError, did_you_mean
from nesy.synthesis.examples.bits import Clock, Words, earlier, eventually, later, once, since, until, within


@dataclass(frozen=True)
class Operator:
    """One way to make a formula of one or two smaller ones.

    cost: what it adds to the size; a window counts as one more node.
    weight: what is preferred among formulas of one size: the lower sum of weights.
    root: whether it can be the whole formula's outermost operator usefully; past operators cannot, as a formula is
    asked of the first frame.
    """

    name: str
    arity: int
    bits: Callable[..., Words]
    syntax: Callable[..., Formula]
    cost: int = 1
    weight: float = 1.0
    root: bool = True
    symmetric: bool = False


def _not(x: Words, c: Clock) -> Words:
    return ~x & c.inside


def _both(kind: type[ast.And] | type[ast.Or]) -> Callable[[Formula, Formula], Formula]:
    def make(a: Formula, b: Formula) -> Formula:
        parts = [p for f in (a, b) for p in (f.args if isinstance(f, kind) else (f,))]
        return kind(tuple(parts))

    return make


def _then(a: Formula, b: Formula) -> Formula:
    if isinstance(b, ast.Then):  # a then (b then c) is a then b then c: eventually eventually is eventually
        return ast.Then((a, *b.parts), (None, *b.gaps))
    return ast.Then((a, b), (None,))


def _always(x: Words, c: Clock) -> Words:
    return ~eventually(~x & c.inside, c) & c.inside


OPERATORS: dict[str, Operator] = {
    o.name: o
    for o in (
        Operator("not", 1, _not, ast.Not, weight=1.3),
        Operator("next", 1, lambda x, c: later(x), ast.Next, weight=1.5),
        Operator("weak next", 1, lambda x, c: later(x) | c.last, ast.WeakNext, weight=2.0),
        Operator("eventually", 1, eventually, ast.Eventually),
        Operator("always", 1, _always, ast.Always),
        Operator("previous", 1, lambda x, c: earlier(x, 1, c), ast.Previous, weight=2.0, root=False),
        Operator("once", 1, once, ast.Once, weight=1.5, root=False),
        Operator(
            "historically", 1, lambda x, c: ~once(~x & c.inside, c) & c.inside, ast.Historically, weight=2, root=False
        ),
        Operator("and", 2, lambda x, y, c: x & y, _both(ast.And), symmetric=True),
        Operator("or", 2, lambda x, y, c: x | y, _both(ast.Or), weight=1.1, symmetric=True),
        Operator("->", 2, lambda x, y, c: (~x | y) & c.inside, ast.Implies),
        Operator("then", 2, lambda x, y, c: eventually(x & later(eventually(y, c)), c), _then),
        Operator("until", 2, until, ast.Until, weight=1.2),
        Operator("weak until", 2, lambda x, y, c: until(x, y, c) | _always(x, c), ast.WeakUntil, weight=1.2),
        Operator(
            "release", 2, lambda x, y, c: ~until(~x & c.inside, ~y & c.inside, c) & c.inside, ast.Release, weight=1.6
        ),
        Operator("since", 2, since, ast.Since, weight=2.0, root=False),
    )
}

DEFAULT = tuple(name for name in OPERATORS if name not in ("weak next", "release"))
"""``release`` is ``weak until`` the other way round and one ``and``; ``weak next`` only differs at the last frame."""


def windowed(lo: int, hi: int) -> tuple[Operator, Operator]:
    """``eventually[lo, hi]`` and ``always[lo, hi]`` in frames."""
    window = Window(Fraction(lo), Fraction(hi))

    def some(x: Words, c: Clock) -> Words:
        return within(x, lo, hi)

    def every(x: Words, c: Clock) -> Words:
        return ~within(~x & c.inside, lo, hi) & c.inside

    return (
        Operator(f"eventually[{lo},{hi}]", 1, some, lambda f: ast.Eventually(f, window), 2, 2.0),
        Operator(f"always[{lo},{hi}]", 1, every, lambda f: ast.Always(f, window), 2, 2.0),
    )


def chosen(names: Iterable[str], windows: Iterable[tuple[int, int]]) -> tuple[Operator, ...]:
    """The operators with these names, and the windowed ones.

    Raises:
        NesyError: an unknown name, or a window that is empty or begins before the present.
    """
    out: list[Operator] = []
    for name in names:
        if name not in OPERATORS:
            raise NesyError(f"no operator `{name}`", expected=OPERATORS, hint=did_you_mean(name, OPERATORS))
        out.append(OPERATORS[name])
    for lo, hi in windows:
        if not 0 <= lo <= hi:
            raise NesyError(f"the window [{lo},{hi}] is empty", expected=["0 <= first frame <= last frame"])
        out += windowed(lo, hi)
    return tuple(out)
