"""Passive statements that name no doer: "the cat was chased" is true whoever chased it.

A caption of a world without a hero is read as if a person had done it. The variable of that doer is the one that takes
another class when the statement names one: "the cat was chased by a dog".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nesy.dsl import ast
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text

TRIED = 5
"""How many classes are tried as the doer: one may be the default, another may be spoken of already."""
VERBS = ("was", "were", "is", "are", "be", "been", "being", "get", "gets", "got", "gotten")


def by_anyone(
    statement: str,
    formula: ast.Formula,
    read: Callable[[str], ast.Formula | None],
    classes: Sequence[str],
    at_end: Callable[[list[str], str], str],
) -> ast.Formula:
    """The formula of a statement, its unnamed doers open to any class.

    Args:
        read: the formula of another statement, None where it is not understood word for word.
        at_end: words and a phrase to the statement with the phrase at the end of its first clause.
    """
    words = statement.split()
    lower = [w.lower() for w in words]
    if "by" in lower or not any(w in VERBS for w in lower):
        return formula
    own = bindings(formula)
    doers: list[ast.Binding] = []
    for place in (at_end, lambda said, doer: " ".join([*said, doer])):  # the first clause, and the last
        for c in classes[:TRIED]:
            named = read(place(words, f"by a {c}"))
            other = [] if named is None else bindings(named)
            pairs = [(x, y) for x, y in zip(own, other, strict=False) if x.sort != y.sort]
            if named is None or len(own) != len(other) or len(pairs) != 1 or pairs[0][1].sort != c:
                continue
            (mine, its) = pairs[0]
            if _numbered(_open(to_text(formula), mine), own) == _numbered(_open(to_text(named), its), other):
                doers.append(mine)
                break
    text = to_text(formula)
    for doer in doers:
        text = _open(text, doer)
    return parse_formula(text) if doers else formula


def bindings(formula: ast.Formula) -> list[ast.Binding]:
    """The variables that a formula binds by `exists`, outer ones first."""
    return [b for f in ast.walk(formula) if isinstance(f, ast.Exists) for b in f.bindings]


def _open(text: str, binding: ast.Binding) -> str:
    """The text of a formula with one of its variables open to any class."""
    return re.sub(rf"\b{binding.var}: {binding.sort}\b", binding.var, text)


def _numbered(text: str, bound: Sequence[ast.Binding]) -> str:
    """The text of a formula with its variables numbered in the order of their bindings."""
    number = {b.var: f"v{i}" for i, b in enumerate(bound)}
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda m: number.get(m[0], m[0]), text)
