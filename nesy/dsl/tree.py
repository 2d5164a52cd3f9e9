"""A formula as a tree of text."""

from __future__ import annotations

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.printer import hint_text, quantifier_text, to_text, window_text


def tree(formula: Formula) -> str:
    """One line a node, the operators above their operands.

    >>> from nesy.dsl.parser import parse_formula
    >>> print(tree(parse_formula("exists m { p(m) then[1,5] not q(m) }")))
    exists m
    └─ then [1, 5]
       ├─ p(m)
       └─ not
          └─ q(m)
    """
    out: list[str] = []
    stack: list[tuple[Formula, str, str]] = [(formula, "", "")]
    while stack:
        f, own, below = stack.pop()
        out.append(own + label(f))
        parts = () if is_leaf(f) else ast.children(f)
        for i, g in reversed(list(enumerate(parts))):
            last = i + 1 == len(parts)
            stack.append((g, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")))
    return "\n".join(out)


def is_leaf(f: Formula) -> bool:
    """Whether the tree shows ``f`` on one line: atoms, constants, comparisons."""
    return not ast.children(f) or (isinstance(f, ast.Not) and isinstance(f.body, ast.Equal))


def label(f: Formula) -> str:
    """The operator of ``f`` with its window, hint or variables."""
    if is_leaf(f):
        return to_text(f)
    match f:
        case ast.And() | ast.Or() | ast.Not() | ast.Next() | ast.Previous():
            return type(f).__name__.lower()
        case ast.Implies():
            return "->"
        case ast.Iff():
            return "<->"
        case ast.WeakNext():
            return "weak next"
        case ast.WeakPrevious():
            return "weak previous"
        case ast.WeakUntil(_, _, w):
            return "weak until" + window_text(w)
        case ast.Then(_, gaps):
            return "then" + "".join(" " + (window_text(g) or "-") for g in gaps if any(gaps))
        case ast.Hinted(_, location, duration):
            return f"@ {hint_text(location, duration)}"
        case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
            return "".join(quantifier_text(f))
    return type(f).__name__.lower() + window_text(f.window)  # type: ignore[attr-defined]
