"""Formulas of rule bodies to literals in disjunctive normal form; aggregations to relations of their own."""

from __future__ import annotations

from collections.abc import Callable

from nesy.errors import NesyError, Span, did_you_mean
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.declared import constructor_relation
from nesy.reasoners.datalog.terms import Terms

MAX_DISJUNCTS = 4096
AGGREGATES = frozenset(
    {
        "count",
        "exists",
        "forall",
        "sum",
        "prod",
        "avg",
        "min",
        "max",
        "argmin",
        "argmax",
        "top",
        "unique",
        "string_join",
    }
    | {"uniform", "categorical", "normalize", "softmax", "disjunct", "rank", "sort", "argsort", "enumerate"}
)
ORDERS = ("asc", "asc=true", "asc=false")
LATER_AGGREGATES = frozenset({"weighted_sum", "weighted_avg"})


class Formulas(Terms):
    """Bodies over the declared names."""

    # ------------------------------------------------------------------ formulas
    def _dnf(self, term: ast.Term, positive: bool) -> list[list[ir.Literal]]:
        match term:
            case ast.Op(symbol="not", args=(a,)):
                return self._dnf(a, not positive)
            case ast.Op(symbol="implies", args=(a, b)):
                not_a = ast.Op(a.span, "not", (a,))
                return self._dnf(ast.Op(term.span, "or", (not_a, b)), positive)
            case ast.Op(symbol="and" | "or" as symbol, args=(a, b)):
                left, right = self._dnf(a, positive), self._dnf(b, positive)
                if (symbol == "or") == positive:
                    return left + right
                if len(left) * len(right) > MAX_DISJUNCTS:
                    raise self.error(f"the formula has more than {MAX_DISJUNCTS} alternatives", term.span)
                return [x + y for x in left for y in right]
            case _:
                return [self._literal(term, positive)]

    def _literal(self, term: ast.Term, positive: bool) -> list[ir.Literal]:
        match term:
            case ast.Call():
                return self._atom(term, positive)
            case ast.Case(subject=subject, pattern=pattern):
                if not positive:
                    raise self.error("not supported yet: negated `case ... is`", term.span)
                if not isinstance(subject, ast.Wildcard):
                    self._check_value(subject)
                out: list[ir.Literal] = []
                self._pattern(subject, pattern, out)
                return out
            case ast.InRange():
                return self._in_range(term, positive)
            case ast.Aggregate():
                if term.op not in ("exists", "forall"):
                    message = f"the result of `{term.op}` is not used"
                    raise self.error(message, term.span, f"write `x := {term.op}(...)`")
                return [ir.Pending(term, (), positive, term.span)]
            case ast.Op(symbol="==", args=(left, right)) if isinstance(right, ast.Aggregate):
                return self._assign_aggregate(left, right, positive, term.span)
            case ast.Op(symbol="==", args=(left, right)) if isinstance(left, ast.Aggregate):
                return self._assign_aggregate(right, left, positive, term.span)
            case ast.Op(symbol="==", args=(left, ast.New(call=call))) if positive and isinstance(left, ast.Var):
                made: list[ir.Literal] = []
                result = self._construct(call, made)
                return [*made, ir.Guard(ast.Op(term.span, "==", (left, result)), term.span)]
            case ast.Op() | ast.Var() | ast.Const() | ast.Func():
                self._check_value(term)
                test = term if positive else ast.Op(term.span, "!", (term,))
                return [ir.Guard(test, term.span)]
            case _:
                raise self.error("expected a formula", term.span)

    def _atom(self, term: ast.Call, positive: bool) -> list[ir.Literal]:
        extra: list[ir.Literal] = []
        args: list[ast.Term] = []
        for a in term.args:
            if isinstance(a, ast.Call) and a.name in self.program.constructors and not self.is_entity(a):
                subject = ast.Var(a.span, self.fresh("c"))
                self._pattern(subject, a, extra)
                a = subject
            elif not isinstance(a, ast.Wildcard):
                self._check_value(a)
            args.append(a)
        predicate = self.predicates.get(term.name)
        if predicate is not None and term.name not in self.program.relations:
            if len(args) != len(predicate.types):
                message = (
                    f"arity mismatch for relation `{term.name}`. Expected {len(predicate.types)}, found {len(args)}:"
                )
                raise self.error(message, term.span)
            targs = tuple(self.resolve(t, term.span) for t in term.targs)
            if extra and not positive:
                raise self.error("not supported yet: negation of an atom with a pattern", term.span)
            return [*extra, ir.External(term.name, tuple(args), targs, term.span, not positive)]
        if term.targs:
            hint = did_you_mean(term.name, self.predicates)
            raise self.error(f"unknown foreign predicate `{term.name}`", term.span, hint)
        self.relation(term.name, len(args), term.span)
        if not positive:
            if extra:
                raise self.error("not supported yet: negation of an atom with a pattern", term.span)
            return [self._negation(term, args)]
        return [*extra, ir.Atom(term.name, tuple(args), False, term.span)]

    def _negation(self, term: ast.Call, args: list[ast.Term]) -> ir.Atom:
        """A negated atom; one with wildcards reads a projection, so that "no such tuple" is one tag."""
        if not any(isinstance(a, ast.Wildcard) for a in args):
            return ir.Atom(term.name, tuple(args), True, term.span)
        kept = [i for i, a in enumerate(args) if not isinstance(a, ast.Wildcard)]
        columns = {i: ast.Var(term.span, f"#k{i}") for i in kept}
        name = self.fresh("proj")
        self.program.relations[name] = ir.Relation(name, len(kept), [None] * len(kept), hidden=True)
        inner = tuple(columns.get(i, ast.Wildcard(term.span)) for i in range(len(args)))
        body: list[ir.Literal] = [ir.Atom(term.name, inner, False, term.span)]
        self.program.clauses.append(ir.Clause(name, tuple(columns[i] for i in kept), body, None, term.span))
        return ir.Atom(name, tuple(args[i] for i in kept), True, term.span)

    def _in_range(self, term: ast.InRange, positive: bool) -> list[ir.Literal]:
        if positive:
            return [ir.External("range", (term.low, term.high, term.var), (), term.span, False, term.closed)]
        below = ast.Op(term.span, "<", (term.var, term.low))
        above = ast.Op(term.span, ">" if term.closed else ">=", (term.var, term.high))
        return [ir.Guard(ast.Op(term.span, "||", (below, above)), term.span)]

    # ------------------------------------------------------------------ aggregation
    def _assign_aggregate(
        self, left: ast.Term, agg: ast.Aggregate, positive: bool, span: Span
    ) -> list[ir.Literal]:  # fmt: skip
        if not positive:
            raise self.error("not supported yet: a negated assignment of an aggregate", span)
        results = left.items if isinstance(left, ast.Tuple) else (left,)
        width = result_width(agg, self.error)
        if len(results) != width:
            raise self.error(f"`{agg.op}` gives {width} values here, but {len(results)} are named", span)
        return [ir.Pending(agg, tuple(results), None, span)]

    def _aggregation(self, pending: ir.Pending, outer: set[str]) -> list[ir.Literal]:
        """Relations for the body and the result of an aggregate; the literal that reads the result."""
        agg, span = pending.aggregate, pending.span
        if agg.op in LATER_AGGREGATES:
            raise self.error(f"not supported yet: aggregate `{agg.op}`", agg.span)
        if agg.op not in AGGREGATES:
            hint = did_you_mean(agg.op, AGGREGATES)
            raise self.error(f"unknown aggregate `{agg.op}`", agg.span, hint)
        check_params(agg, self.error)
        for b in (*agg.bindings, *agg.groups, *agg.args):
            if not isinstance(b, ast.Var):
                raise self.error("expected a variable", b.span)
        bindings = [b for b in agg.bindings if isinstance(b, ast.Var)]
        args = [a for a in agg.args if isinstance(a, ast.Var)]
        named = [g for g in agg.groups if isinstance(g, ast.Var)]
        local = {v.name for v in (*bindings, *args)}
        mentioned = {v.name: v for v in ir.variables(agg.body)}
        implicit = [v for n, v in mentioned.items() if n in outer and n not in local]
        implicit = [v for v in implicit if v.name not in {g.name for g in named}]
        groups = [*named, *implicit]

        body, op = agg.body, agg.op
        if op == "forall":
            if not (isinstance(body, ast.Op) and body.symbol == "implies"):
                hint = "write `forall(x: a(x) implies b(x))`"
                raise self.error("the body of `forall` must be an implication", body.span, hint)
            body = ast.Op(body.span, "and", (body.args[0], ast.Op(body.span, "not", (body.args[1],))))
        columns = (*groups, *args, *bindings)
        source = self.fresh("agg")
        self.program.relations[source] = ir.Relation(source, len(columns), [None] * len(columns), hidden=True)
        for conjunction in self._dnf(body, True):
            self._clause(ast.Call(span, source, columns), None, conjunction, None)
        domain = None
        if agg.group_body is not None:
            domain = self.fresh("where")
            keys = tuple(groups)
            self.program.relations[domain] = ir.Relation(domain, len(keys), [None] * len(keys), hidden=True)
            bound = {v.name for v in ir.variables(agg.group_body)}
            missing = [g for g in groups if g.name not in bound]
            for conjunction in self._dnf(agg.group_body, True):
                if missing:  # a group variable that `where` does not mention takes its values from the body
                    conjunction = [*conjunction, ir.Atom(source, columns, False, span)]
                self._clause(ast.Call(span, domain, keys), None, conjunction, None)
        width = result_width(agg, self.error)
        out = self.fresh("res")
        self.program.relations[out] = ir.Relation(out, len(groups) + width, [None] * (len(groups) + width), hidden=True)
        self.program.reduces.append(
            ir.Reduce(
                out, op, agg.params, source, len(groups), len(args), len(bindings), domain, agg.discrete, agg.span
            )
        )
        results = pending.results
        if pending.truth is not None:
            results = (ast.Const(span, pending.truth, "bool"),)
        return [ir.Atom(out, (*groups, *results), False, span)]

    # ------------------------------------------------------------------ clauses
    def _clause(
        self,
        head: ast.Call,
        tag: ast.Term | None,
        body: list[ir.Literal],
        group: int | None,
        choice: int = 0,
        choices: int = 1,
    ) -> None:
        outer = {v.name for a in head.args for v in ir.variables(a)} | {v.name for v in ir.variables(tag)}
        literals: list[ir.Literal] = []
        for i, literal in enumerate(body):
            if isinstance(literal, ir.Pending):
                rest = set(outer).union(*(ir.literal_variables(b) for j, b in enumerate(body) if j != i), set())
                literals += self._aggregation(literal, rest)
            else:
                literals.append(literal)
        args: list[ast.Term] = []
        for a in head.args:
            if isinstance(a, ast.New | ast.Call):
                a = self._construct(a.call if isinstance(a, ast.New) else a, literals)
            elif isinstance(a, ast.Wildcard):
                raise self.error("a wildcard cannot stand in the head of a rule", a.span)
            else:
                self._check_value(a)
            args.append(a)
        self.program.clauses.append(ir.Clause(head.name, tuple(args), literals, tag, head.span, group, choice, choices))
        for made in [x for x in literals if isinstance(x, ir.Construct)]:
            columns = (made.result, *made.args)
            self.program.clauses.append(
                ir.Clause(constructor_relation(made.constructor), columns, list(literals), None, made.span)
            )


def check_params(agg: ast.Aggregate, error: Callable[[str, Span, str | None], NesyError]) -> None:
    """Parameters that an aggregate does not know are errors; numbers are checked where they are used."""
    match agg.op:
        case "top" | "uniform" | "categorical":
            return
        case "string_join":
            known, hint = len(agg.params) <= 1, 'write `string_join<", ">(x: ...)`'
        case "sort" | "argsort" | "rank":
            known = len(agg.params) <= 1 and all(p.replace("desc", "asc") in ORDERS for p in agg.params)
            hint = f"write `{agg.op}<asc>(x: ...)` or `{agg.op}<desc>(x: ...)`"
        case _:
            known, hint = not agg.params, f"write `{agg.op}(x: ...)`"
    if not known:
        raise error(f"`{agg.op}` has no parameters `{', '.join(agg.params)}`", agg.span, hint)


def result_width(agg: ast.Aggregate, error: Callable[[str, Span], NesyError]) -> int:
    """How many values an aggregate gives, group keys not counted."""
    match agg.op:
        case "min" | "max":
            return len(agg.args) + len(agg.bindings)
        case "argmin" | "argmax":
            if not agg.args:
                raise error(f"`{agg.op}` needs arguments: `{agg.op}[a](x: ...)`", agg.span)
            return len(agg.args)
        case "top" | "unique" | "uniform" | "categorical" | "normalize" | "softmax" | "disjunct":
            return len(agg.args) + len(agg.bindings)
        case "sort" | "rank" | "enumerate":
            return 1 + len(agg.args) + len(agg.bindings)
        case "argsort":
            if not agg.args:
                raise error(f"`{agg.op}` needs arguments: `{agg.op}[a](x: ...)`", agg.span)
            return 1 + len(agg.args)
        case "sum" | "prod" | "avg" | "string_join":
            if len(agg.bindings) != 1:
                raise error(f"`{agg.op}` aggregates one variable", agg.span)
            return 1
        case _:
            return 1
