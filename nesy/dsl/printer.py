"""Syntax to canonical text: one spelling for every operator, parentheses where a reader could doubt.

``parse_formula(to_text(f)) == f`` for every formula whose nodes have the shapes that :mod:`nesy.dsl.ast` states.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.dsl.fold import fold
from nesy.dsl.limits import DIGITS

# How tightly a text binds; an operand is put in parentheses when it binds less tightly than its place demands.
IFF, IMPLIES, THEN, OR, AND, UNTIL, HINTED, PREFIX, PRIMARY = range(9)
Bound = tuple[str, int]


def to_text(f: Formula) -> str:
    """``f`` on one line, in canonical form.

    >>> from nesy.dsl.parser import parse_formula
    >>> to_text(parse_formula("F (p(x) & q(x)) -> G !r(x, y)"))
    'eventually (p(x) and q(x)) -> always not r(x, y)'
    """
    return fold(f, _combine)[0]


def _combine(f: Formula, parts: Sequence[Bound]) -> Bound:
    def operand(i: int, least: int) -> str:
        text, level = parts[i]
        return text if level >= least else f"({text})"

    def operands(word: str, least: int) -> str:
        return f" {word} ".join(operand(i, least) for i in range(len(parts)))

    def prefix(word: str) -> Bound:
        return f"{word} {operand(0, PREFIX)}", PREFIX

    match f:
        case ast.Truth(value):
            return ("true" if value else "false"), PRIMARY
        case ast.Atom(name, args):
            return f"{name}({', '.join(args)})", PRIMARY
        case ast.Equal(a, b):
            return f"{a} = {b}", PRIMARY
        case ast.Distinct(args):
            return f"distinct({', '.join(args)})", PRIMARY
        case ast.Not(ast.Equal(a, b)):
            return f"{a} != {b}", PRIMARY
        case ast.Not():
            return prefix("not")
        case ast.And():  # the words and, or, then beside each other get parentheses, but for `and` under `then`
            return operands("and", UNTIL), AND
        case ast.Or():
            return operands("or", UNTIL), OR
        case ast.Implies():
            return f"{operand(0, OR)} -> {operand(1, OR)}", IMPLIES
        case ast.Iff():
            return f"{operand(0, OR)} <-> {operand(1, OR)}", IFF
        case ast.Next():
            return prefix("next")
        case ast.WeakNext():
            return prefix("weak next")
        case ast.Previous():
            return prefix("previous")
        case ast.WeakPrevious():
            return prefix("weak previous")
        case ast.Eventually() | ast.Always() | ast.Once() | ast.Historically():
            return prefix(type(f).__name__.lower() + window_text(f.window))
        case ast.Until() | ast.Release() | ast.Since() | ast.WeakUntil():
            word = "weak until" if isinstance(f, ast.WeakUntil) else type(f).__name__.lower()
            return f"{operand(0, HINTED)} {word}{window_text(f.window)} {operand(1, HINTED)}", UNTIL
        case ast.Then(_, gaps):
            text = operand(0, AND)
            for i, gap in enumerate(gaps, 1):
                text += f" then{window_text(gap)} {operand(i, AND)}"
            return text, THEN
        case ast.Hinted(_, location, duration):
            return f"{operand(0, PREFIX)} @ {hint_text(location, duration)}", HINTED
        case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
            opening, closing = quantifier_text(f)
            return f"{opening} {{ {parts[0][0]} }}{closing}", PRIMARY
    raise TypeError(f"not a formula: {type(f).__name__}")


def quantifier_text(f: ast.Exists | ast.Forall | ast.ExistsAtLeast | ast.Count) -> tuple[str, str]:
    """What stands before and behind the braces of a quantifier."""
    bindings = ", ".join(typed(b.var, b.sort) for b in f.bindings)
    match f:
        case ast.Exists():
            return f"exists {bindings}", ""
        case ast.Forall():
            return f"forall {bindings}", ""
        case ast.ExistsAtLeast(count):
            return f"exists at least {count} {bindings}", ""
        case ast.Count("<=", number):
            return f"exists at most {number} {bindings}", ""
        case ast.Count("=", number):
            return f"exists exactly {number} {bindings}", ""
        case ast.Count(comparison, number):
            return f"count {bindings}", f" {comparison} {number}"


def typed(name: str, sort: str | None) -> str:
    return name if sort is None else f"{name}: {sort}"


def window_text(w: Window | None) -> str:
    """``[2, 10]``, ``[0.5s, 2s]``, ``[0%, 33%]``, ``[3,]``; nothing for None."""
    if w is None:
        return ""
    low = quantity_text(w.lo, w.unit)
    return f"[{low},]" if w.hi is None else f"[{low}, {quantity_text(w.hi, w.unit)}]"


def quantity_text(value: Fraction, unit: ast.Unit) -> str:
    """A number with its unit, exact: decimal where that ends, else as a fraction (``1/3``, ``1/3s``)."""
    if unit == "frames":
        return str(value)
    suffix, scaled = ("s", value) if unit == "seconds" else ("%", value * 100)
    decimal = decimal_text(scaled)
    if decimal is not None:
        return decimal + suffix
    return f"{value.numerator}/{value.denominator}" + ("s" if unit == "seconds" else "")


def decimal_text(value: Fraction) -> str | None:
    """``value`` as a finite decimal of moderate length, else None."""
    for places in range(DIGITS):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
            return whole + ("." + part if part else "") if len(digits) <= DIGITS else None
    return None


def hint_text(
    location: str | tuple[Fraction, Fraction] | None,
    duration: str | Fraction | None,
) -> str:
    """What stands behind the ``@`` of a hint."""
    words = []
    if location is not None:
        words.append(location if isinstance(location, str) else window_text(Window(*location, "fraction"))
    )  # fmt: skip
    if duration is not None:
        words.append(duration if isinstance(duration, str) else quantity_text(duration, "fraction"))
    return " ".join(words)


# --------------------------------------------------------------------------------------------------------------------
# Statements


def statement_text(s: ast.Statement) -> str:
    """One statement in canonical form, on one line."""
    match s:
        case ast.Domain(name):
            return f"domain {name}"
        case ast.Import(path):
            return f"import {string_text(path)}"
        case ast.Declaration(kind, names):
            return f"{kind} {', '.join(names)}"
        case ast.PredicateSignature(name, params):
            return f"predicate {name}({parameters_text(params)})"
        case ast.Rule(head, body):
            parts = body.args if isinstance(body, ast.And) else (body,)
            return f"rule {to_text(head)} :- {', '.join(to_text(p) for p in parts)}."
        case ast.Constraint(formula):
            return f"constraint {to_text(formula)}"
        case ast.Define(name, params, formula):
            return f"define {name}({parameters_text(params)}) = {to_text(formula)}"
        case ast.Spec(name, formula):
            return f"spec {name}: {to_text(formula)}"
        case ast.Block(_, _, settings):
            return f"{block_head(s)} {settings_text(settings)}"
    raise TypeError(f"not a statement: {type(s).__name__}")


def module_to_text(module: ast.Module) -> str:
    """All statements in canonical form, one a line."""
    return "".join(statement_text(s) + "\n" for s in module.statements)


def parameters_text(params: tuple[ast.Parameter, ...]) -> str:
    return ", ".join(typed(p.name, p.sort) for p in params)


def block_head(b: ast.Block) -> str:
    """``data "platformer"``, ``captions from data``, ``train``."""
    if b.name is None:
        return b.kind
    if b.kind == "captions":
        return "captions from data" if b.name == "data" else f"captions from {string_text(b.name)}"
    return f"{b.kind} {string_text(b.name)}"


def settings_text(settings: ast.Settings) -> str:
    """``{ key: value, ... }`` on one line."""
    if not settings.items:
        return "{ }"
    return "{ " + ", ".join(f"{key_text(k)}: {value_text(v)}" for k, v in settings.items) + " }"


def key_text(key: str) -> str:
    return key if key.isascii() and key.isidentifier() else string_text(key)


def value_text(value: ast.Value) -> str:
    match value:
        case ast.Settings():
            return settings_text(value)
        case tuple():
            return "[" + ", ".join(value_text(v) for v in value) + "]"
        case str():
            return string_text(value)
        case bool():
            return "true" if value else "false"
        case _:
            return json.dumps(value)


def string_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
