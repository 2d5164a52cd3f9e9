"""What is left of a formula without its names, so that "x walks, then y falls" is compiled once for all verbs.

Captions share few patterns and have many words; compiling a pattern takes a hundred times as long as renaming it.
"""

from __future__ import annotations

from dataclasses import dataclass

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.definition import VISIBLE


@dataclass
class Names:
    """The names of a formula in order of first appearance, those of classes apart from the others."""

    facts: dict[str, int]
    classes: dict[str, int]

    def renamed(self, other: Names) -> tuple[dict[str, str], dict[str, str]]:
        """From these names to those of another formula of the same pattern: of facts, of classes."""
        return dict(zip(self.facts, other.facts, strict=True)), dict(zip(self.classes, other.classes, strict=True))


def pattern(formula: Formula, classes: frozenset[str]) -> tuple[tuple[object, ...], Names]:
    """A key that formulas share exactly when a one-to-one renaming of their names makes them equal; and the names.

    Names of ``classes`` are only exchanged for names of classes, and ``visible`` for nothing.
    """
    names = Names({}, {})
    variables: dict[str, int] = {}
    key: list[object] = []

    def number(among: dict[str, int], name: str) -> int:
        return among.setdefault(name, len(among))

    def bind(bindings: tuple[ast.Binding, ...]) -> None:
        key.append(len(bindings))
        for b in bindings:
            key.append(number(variables, b.var))
            key.append(None if b.sort is None else number(names.classes, b.sort))

    for g in ast.walk(formula):
        key.append(type(g))
        match g:
            case ast.Atom(name, args):
                if name in classes:
                    key.append(-1 - number(names.classes, name))
                else:
                    key.append(name if name == VISIBLE else number(names.facts, name))
                key.append(len(args))
                key.extend(number(variables, a) for a in args)
            case ast.Equal(left, right):
                key += number(variables, left), number(variables, right)
            case ast.Distinct(args):
                key.append(len(args))
                key.extend(number(variables, a) for a in args)
            case ast.Truth(value):
                key.append(value)
            case ast.And(parts) | ast.Or(parts):
                key.append(len(parts))
            case ast.Then(parts, gaps):
                key += len(parts), gaps
            case ast.Hinted(_, location, duration):
                key += location, duration
            case ast.Exists(bindings) | ast.Forall(bindings):
                bind(bindings)
            case ast.ExistsAtLeast(count, bindings):
                key.append(count)
                bind(bindings)
            case ast.Count(comparison, bound, bindings):
                key += comparison, bound
                bind(bindings)
            case (
                ast.Not()
                | ast.Implies()
                | ast.Iff()
                | ast.Next()
                | ast.WeakNext()
                | ast.Previous()
                | ast.WeakPrevious()
            ):
                pass
            case _:
                key.append(g.window)  # type: ignore[attr-defined]
    return tuple(key), names
