"""Checks of rules and macros: heads, safety, stratified negation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.formulas import FormulaChecker, count
from nesy.dsl.signature import Signature
from nesy.dsl.variables import free_variables


def check_rule(rule: ast.Rule, checker: FormulaChecker) -> None:
    """Report what is wrong with one rule on its own."""
    head, name = rule.head, rule.head.predicate
    for v in dict.fromkeys(head.args):
        if head.args.count(v) > 1:
            checker.error(
                "E060",
                f"`{v}` stands twice in the head of the rule",
                head.span,
                f"use two names and add `{v} = {v}2` to the body",
            )
    arity = len(checker.signature.rules[name][0].head.args) if name in checker.signature.rules else len(head.args)
    if arity != len(head.args):
        checker.error(
            "E021",
            f"an earlier rule for `{name}` has {count(arity, 'argument')}, this one {len(head.args)}",
            head.span,
            "give all rules of one head the same number of arguments",
        )
    checker.check(rule.body, closed=False)
    free = free_variables(rule.body)
    bound = positive_variables(rule.body)
    for v in head.args:
        if v not in free:
            checker.error(
                "E061",
                f"the body of the rule says nothing of `{v}`",
                head.span,
                f"add a condition on `{v}`, for example `visible({v})`, or take it out of the head",
            )
    for v in free:
        if v not in bound:
            checker.error(
                "E062",
                f"`{v}` occurs only under negation, so the rule would hold of objects that are nowhere to be seen",
                rule.body.span,
                f"add a condition that `{v}` satisfies, for example `visible({v})`"
                + ("" if v in head.args else f", or write `not exists {v} {{ ... }}`"),
            )


def positive_variables(f: Formula) -> frozenset[str]:
    """Free variables that some condition which is not negated must satisfy, whenever ``f`` holds."""
    bound: dict[tuple[int, bool], frozenset[str]] = {}
    stack = [(f, True, False)]
    while stack:
        g, sign, ready = stack.pop()
        parts = list(signed_children(g, sign))
        if not ready:
            stack.append((g, sign, True))
            stack.extend((h, s, False) for h, s in parts)
            continue
        sets = [bound[id(h), s] for h, s in parts]
        everything = frozenset(free_variables(g))
        match g:
            case ast.Atom(_, args):
                out = frozenset(args) if sign else frozenset()
            case ast.Equal() | ast.Distinct():
                out = frozenset()
            case ast.Truth(v):
                out = frozenset() if v == sign else everything
            case ast.And() | ast.Or() | ast.Implies() | ast.Then():
                both = isinstance(g, (ast.And, ast.Then)) == sign
                out = frozenset().union(*sets) if both else frozenset.intersection(*sets)
            case ast.Iff():
                out = frozenset()
            case ast.Until() | ast.Since() if sign:
                out = sets[1]
            case ast.Release() if not sign:
                out = sets[1]
            case ast.Eventually() | ast.Once() | ast.Next() | ast.Previous() if sign:
                out = sets[0]
            case ast.Always() | ast.Historically() if not sign or g.window is None:
                out = sets[0]
            case ast.WeakNext() | ast.WeakPrevious() if not sign:
                out = sets[0]
            case ast.Not() | ast.Hinted():
                out = sets[0]
            case ast.Exists() | ast.ExistsAtLeast() if sign:
                out = sets[0] & everything
            case ast.Forall() if not sign:
                out = sets[0] & everything
            case _:
                out = frozenset()
        bound[id(g), sign] = out
    return bound[id(f), True]


def signed_children(f: Formula, sign: bool) -> Iterator[tuple[Formula, bool]]:
    """The direct subformulas, each with whether it counts positively when ``f`` counts as ``sign``."""
    match f:
        case ast.Not(g):
            yield g, not sign
        case ast.Implies(a, b):
            yield a, not sign
            yield b, sign
        case _:
            for g in ast.children(f):
                yield g, sign


def check_recursion(signature: Signature, checker: FormulaChecker) -> None:
    """Report macros that use themselves and rules that depend on their own negation."""
    uses: dict[str, dict[str, bool]] = {}  # name -> used name -> whether under negation, `forall` or a count
    for name, rules in signature.rules.items():
        uses[name] = {}
        for r in rules:
            _collect(r.body, signature, uses[name])
    for name, define in signature.defines.items():
        if name not in uses:
            uses[name] = {}
            _collect(define.formula, signature, uses[name])
    group = _components(uses)
    for name, used in uses.items():
        inside = {
            u: negative for u, negative in used.items() if group.get(u) == group[name] and _cyclic(name, uses, group)
        }
        if name in signature.defines and name not in signature.rules and inside:
            checker.error(
                "E064",
                f"the macro `{name}` uses itself" + ("" if name in inside else f" through `{next(iter(inside))}`"),
                signature.defines[name].span,
                "a macro is replaced by its formula; say repetition with `eventually`, `always` or `until`",
            )
        elif any(inside.values()):
            other = next(u for u, negative in inside.items() if negative)
            checker.error(
                "E063",
                f"`{name}` depends on its own negation" + ("" if other == name else f" through `{other}`"),
                signature.rules[name][0].span,
                "break the cycle: a rule may negate, count or quantify with `forall` only what does not depend on it",
            )


def _collect(body: Formula, signature: Signature, used: dict[str, bool]) -> None:
    stack = [(body, False)]
    while stack:
        f, negative = stack.pop()
        match f:
            case ast.Atom(name) if name in signature.rules or name in signature.defines:
                used[name] = used.get(name, False) or negative
            case ast.Not() | ast.Iff() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                negative = True
            case ast.Implies(a, b):
                stack += [(a, True), (b, negative)]
                continue
        stack.extend((g, negative) for g in ast.children(f))


def _cyclic(name: str, uses: Mapping[str, Mapping[str, bool]], group: Mapping[str, int]) -> bool:
    """Whether ``name`` lies on a cycle."""
    return name in uses[name] or sum(g == group[name] for g in group.values()) > 1


def _components(uses: Mapping[str, Mapping[str, bool]]) -> dict[str, int]:
    """The strongly connected component of every name (Tarjan's algorithm, iterative)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    group: dict[str, int] = {}
    path: list[str] = []
    for root in uses:
        work = [(root, iter(uses[root]))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            path.append(root)
        while work:
            name, rest = work[-1]
            for used in rest:
                if used not in uses:
                    continue
                if used not in index:
                    index[used] = low[used] = len(index)
                    path.append(used)
                    work.append((used, iter(uses[used])))
                    break
                if used not in group:
                    low[name] = min(low[name], index[used])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    while True:
                        member = path.pop()
                        group[member] = index[name]
                        if member == name:
                            break
    return group
