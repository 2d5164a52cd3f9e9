"""Unfold macros and rules, so that only classes, learned and custom predicates remain.

A macro's use is its formula. A rule's head is the disjunction of the bodies of all rules of that head, each with the
variables that the head does not name existentially closed. Bound variables are renamed where they would capture.
Counts are said with ``exists at least``.
"""

from __future__ import annotations

from collections.abc import Sequence

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.depth import depth
from nesy.dsl.fold import fold
from nesy.dsl.limits import NESTING, NODES
from nesy.dsl.signature import Signature
from nesy.dsl.variables import free_variables, substitute
from nesy.errors import SpecTypeError


class Elaborator:
    """Unfolds formulas over one signature; what a name stands for is worked out once."""

    def __init__(self, signature: Signature, source: str | None = None) -> None:
        self.signature = signature
        self.source = source
        self._bodies: dict[str, tuple[tuple[str, ...], Formula]] = {}
        self._sizes: dict[str, int] = {}

    def elaborate(self, formula: Formula) -> Formula:
        """``formula`` over classes, learned and custom predicates only.

        Raises:
            SpecTypeError: a name depends on itself, or the result exceeds a limit of the language.
        """
        self._prepare(formula)
        return self._unfold(formula)

    def _prepare(self, formula: Formula) -> None:
        """Work out every name that ``formula`` uses, the innermost first."""
        waiting = [(name, False) for name in self._names(formula)]
        open_: list[str] = []
        while waiting:
            name, ready = waiting.pop()
            if ready:
                open_.pop()
                params, body = self._definition(name)
                self._bodies[name] = params, self._unfold(body)
                self._sizes[name] = fold(self._bodies[name][1], lambda _, sizes: 1 + sum(sizes))
            elif name in open_:
                raise self._recursive(name, open_)
            elif name not in self._bodies:
                open_.append(name)
                waiting.append((name, True))
                waiting.extend((used, False) for used in self._names(self._definition(name)[1]))

    def _names(self, formula: Formula) -> list[str]:
        known = {*self.signature.rules, *self.signature.defines}
        found = {g.predicate: None for g in ast.walk(formula) if isinstance(g, ast.Atom) and g.predicate in known}
        return list(found)

    def _definition(self, name: str) -> tuple[tuple[str, ...], Formula]:
        """The parameters of a macro or rule, and what it says of them."""
        if name in self.signature.defines:
            define = self.signature.defines[name]
            return tuple(p.name for p in define.params), define.formula
        rules = self.signature.rules[name]
        head = rules[0].head.args
        bodies = []
        for r in rules:
            body = r.body
            local = [v for v in free_variables(body) if v not in r.head.args]
            if local:
                body = ast.Exists(tuple(ast.Binding(v) for v in local), body, span=body.span)
            bodies.append(substitute(body, dict(zip(r.head.args, head, strict=True))))
        return head, bodies[0] if len(bodies) == 1 else ast.Or(tuple(bodies), span=rules[0].span)

    def _unfold(self, formula: Formula) -> Formula:
        size = fold(formula, self._size)
        if size > NODES:
            raise SpecTypeError(
                f"the formula has {size:,} parts once macros and rules are unfolded; the limit is {NODES:,}",
                span=formula.span,
                source=self.source,
                hint="use fewer macros inside of macros",
                code="E081",
            )
        out = fold(formula, self._replace)
        if depth(out) > NESTING:
            raise SpecTypeError(
                f"the formula is nested deeper than {NESTING} levels once macros and rules are unfolded",
                span=formula.span,
                source=self.source,
                hint="use fewer macros inside of macros",
                code="E081",
            )
        return out

    def _size(self, f: Formula, below: Sequence[int]) -> int:
        if isinstance(f, ast.Atom) and f.predicate in self._bodies:
            return self._sizes[f.predicate]
        if isinstance(f, ast.Count):
            return 3 + 2 * below[0]
        return 1 + sum(below)

    def _replace(self, f: Formula, below: Sequence[Formula]) -> Formula:
        match f:
            case ast.Atom(name, args) if name in self._bodies:
                params, body = self._bodies[name]
                if len(params) != len(args):
                    raise SpecTypeError(
                        f"`{name}` takes {len(params)} objects, not {len(args)}",
                        span=f.span,
                        source=self.source,
                        hint=f"write `{name}({', '.join(params)})`",
                        code="E021",
                    )
                return substitute(body, dict(zip(params, args, strict=True)))
            case ast.Count():
                return at_least(f, below[0])
        same = all(a is b for a, b in zip(below, ast.children(f), strict=True))
        return f if same else ast.replace_children(f, tuple(below))

    def _recursive(self, name: str, open_: Sequence[str]) -> SpecTypeError:
        cycle = [*open_[open_.index(name) :], name]
        macro = name in self.signature.defines
        span = self.signature.defines[name].span if macro else self.signature.rules[name][0].span
        return SpecTypeError(
            f"`{name}` is defined by itself ({' -> '.join(cycle)}) and cannot be unfolded",
            span=span,
            source=self.source,
            hint="say it with `eventually`, `always`, `until` or `since`"
            + ("" if macro else ", or run the rules with the Datalog reasoner: `nesy compile --to scallop`"),
            code="E064" if macro else "E065",
        )


def elaborate(formula: Formula, signature: Signature) -> Formula:
    """``formula`` with macros and rules unfolded: only class, learned and custom predicates remain.

    Raises:
        SpecTypeError: a name depends on itself, or the result exceeds a limit of the language.
    """
    return Elaborator(signature).elaborate(formula)


def at_least(f: ast.Count, body: Formula) -> Formula:
    """A comparison of a count, said with :class:`ExistsAtLeast`."""

    def some(n: int) -> Formula:
        return ast.Truth(True, span=f.span) if n <= 0 else ast.ExistsAtLeast(n, f.bindings, body, span=f.span)

    def no(g: Formula) -> Formula:
        return ast.Not(g, span=f.span)

    n = f.number
    match f.comparison:
        case ">=":
            return some(n)
        case ">":
            return some(n + 1)
        case "<":
            return no(some(n))
        case "<=":
            return no(some(n + 1))
        case "=":
            return ast.And((some(n), no(some(n + 1))), span=f.span)
    return ast.Or((no(some(n)), some(n + 1)), span=f.span)


def universally_closed(formula: Formula) -> Formula:
    """``formula`` with its free variables quantified over all objects, as a constraint is meant."""
    free = free_variables(formula)
    if not free:
        return formula
    return ast.Forall(tuple(ast.Binding(v) for v in free), formula, span=formula.span)
