"""Free variables and substitution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.fold import fold

Quantifier = ast.Exists | ast.Forall | ast.ExistsAtLeast | ast.Count


def free_variables(f: Formula) -> tuple[str, ...]:
    """The free variables of ``f`` in order of first appearance."""

    def combine(g: Formula, below: Sequence[dict[str, None]]) -> dict[str, None]:
        match g:
            case ast.Atom(_, args) | ast.Distinct(args):
                return dict.fromkeys(args)
            case ast.Equal(left, right):
                return dict.fromkeys((left, right))
            case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                bound = {b.var for b in g.bindings}
                return {v: None for v in below[0] if v not in bound}
        return {v: None for names in below for v in names}

    return tuple(fold(f, combine).keys())


def free(f: Formula) -> frozenset[str]:
    """The free variables of ``f``; every formula remembers its own."""
    if hasattr(f, "_free"):
        return f._free
    stack = [f]
    while stack:
        g = stack[-1]
        kind = type(g)
        if kind is ast.Atom or kind is ast.Distinct:
            found = frozenset(g.args)  # type: ignore[attr-defined]
        elif kind is ast.Equal:
            found = frozenset((g.left, g.right))  # type: ignore[attr-defined]
        else:
            below = ast.children(g)
            unknown = [h for h in below if not hasattr(h, "_free")]
            if unknown:
                stack.extend(unknown)
                continue
            found = below[0]._free if len(below) == 1 else frozenset().union(*[h._free for h in below])
            if isinstance(g, ast.QUANTIFIERS):
                found -= {b.var for b in g.bindings}
        object.__setattr__(g, "_free", found)
        stack.pop()
    return f._free


def all_variables(f: Formula) -> set[str]:
    """Every variable that occurs in ``f``, free or bound."""
    names: set[str] = set()
    for g in ast.walk(f):
        match g:
            case ast.Atom(_, args) | ast.Distinct(args):
                names.update(args)
            case ast.Equal(a, b):
                names.update((a, b))
            case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                names.update(b.var for b in g.bindings)
    return names


def fresh(name: str, taken: Iterable[str]) -> str:
    """``name`` itself when it is not taken, else with the smallest number that makes it so."""
    used = set(taken)
    if name not in used:
        return name
    return next(n for k in range(1, len(used) + 2) if (n := f"{name}_{k}") not in used)


def substitute(f: Formula, names: Mapping[str, str]) -> Formula:
    """``f`` with its free variables renamed; bound variables that would capture a new name are renamed as well."""
    if all(old == new for old, new in names.items()):
        return f
    match f:
        case ast.Truth():
            return f
        case ast.Atom(p, args):
            return ast.Atom(p, tuple(names.get(a, a) for a in args), span=f.span)
        case ast.Distinct(args):
            return ast.Distinct(tuple(names.get(a, a) for a in args), span=f.span)
        case ast.Equal(left, right):
            return ast.Equal(names.get(left, left), names.get(right, right), span=f.span)
        case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
            free = free_variables(f)
            inner = {v: names[v] for v in free if v in names}
            taken = {*inner.values(), *free}
            bindings = []
            for b in f.bindings:
                new = fresh(b.var, taken)
                taken.add(new)
                inner[b.var] = new
                bindings.append(replace(b, var=new))
            return replace(f, bindings=tuple(bindings), body=substitute(f.body, inner))
    new_children = []
    for g in ast.children(f):
        new_children.append(substitute(g, names))
    return ast.replace_children(f, tuple(new_children))
