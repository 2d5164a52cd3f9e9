"""Syntax tree to clauses: declarations collected, sugar removed, bodies in disjunctive normal form."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from nesy.errors import NesyError, Span, SpecTypeError, did_you_mean
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import DatalogWarning, ForeignPredicate
from nesy.reasoners.datalog.values import BASE_TYPES, ENTITY, LATER_TYPES

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
LATER_AGGREGATES = frozenset({"weighted_sum", "weighted_avg"})
SCHEDULERS = ("lfp", "dfs", "astar", "beam")
# goal, scheduler and storage ask for a way of evaluation, not for another result: this engine has one way
KNOWN_ATTRIBUTES = frozenset({"hidden", "file", "demand", "tagged", "no_temp_relation", "goal", "scheduler", "storage"})


class Lowering:
    """Lowers any number of program texts into one ``ir.Program``; later texts see earlier declarations."""

    def __init__(self, predicates: Mapping[str, ForeignPredicate]) -> None:
        self.program = ir.Program()
        self.predicates = predicates
        self.aliases: dict[str, str] = {}
        self.consts: dict[str, ast.Const | ast.Cast | ast.Term] = {}
        self._fresh = itertools.count()
        self._groups = itertools.count()
        self._source = ""
        self._folder = Path()

    # ------------------------------------------------------------------ items
    def add(self, program: ast.Program) -> None:
        """Lower every item of a program; imports must already be resolved."""
        self._source, self._folder = program.source, Path(program.file).parent
        for item in program.items:
            if isinstance(item, ast.Declared):
                self._declare_type(item)
        for item in program.items:
            if isinstance(item, ast.Declared) and isinstance(item.item, ast.RelationType):
                self._declare_relation(item.item, item.attributes)
            elif isinstance(item, ast.ConstDecl):
                self._declare_const(item)
        for item in program.items:
            match item:
                case ast.FactSet():
                    self._attributes(item.attributes, item.name)
                    group = next(self._groups) if item.exclusive else None
                    for entry in item.entries:
                        args = entry.tuple.items if isinstance(entry.tuple, ast.Tuple) else (entry.tuple,)
                        self._fact(ast.Call(entry.span, item.name, args), entry.tag, group)
                case ast.Rule():
                    self._rule(item)
                case ast.AggregateRule():
                    self._aggregate_rule(item)
                case ast.Query():
                    self._query(item)
                case _:
                    pass

    def error(self, message: str, span: Span, hint: str | None = None) -> SpecTypeError:
        return SpecTypeError(message, span=span, source=self._source, hint=hint)

    def fresh(self, stem: str) -> str:
        """A name no program can write."""
        return f"#{stem}{next(self._fresh)}"

    # ------------------------------------------------------------------ declarations
    def resolve(self, name: str, span: Span) -> str:
        """The base type that a type name stands for."""
        seen = {name}
        while name in self.aliases:
            name = self.aliases[name]
            if name in seen and name not in self.aliases:
                break
            if name in seen:
                raise self.error(f"type `{name}` is defined by itself", span)
            seen.add(name)
        if name in BASE_TYPES or name == ENTITY:
            return name
        if name in LATER_TYPES:
            raise self.error(f"not supported yet: columns of type `{name}`", span)
        known = [*BASE_TYPES, *self.aliases]
        raise self.error(f"unknown type `{name}`", span, did_you_mean(name, known))

    def _declare_type(self, item: ast.Declared) -> None:
        match item.item:
            case ast.TypeDefinition(name=name, variants=variants, span=span):
                if len(variants) == 1 and variants[0].types is None and variants[0].value is None:
                    self.aliases[name] = variants[0].name
                elif all(v.types is None for v in variants):
                    self.aliases[name] = "usize"
                    value = -1
                    for v in variants:
                        value = v.value if v.value is not None else value + 1
                        self.consts[v.name] = ast.Const(v.span, value, "usize")
                else:
                    self.aliases[name] = ENTITY
                    for v in variants:
                        if v.types is None:
                            v = replace(v, types=())
                        self._declare_constructor(name, v, span)
            case ast.Subtype(name=name, base=base):
                self.aliases[name] = base
            case ast.FunctionType(span=span):
                hint = "register the function from Python with @foreign_function"
                raise self.error("not supported yet: a type declaration of a foreign function", span, hint)
            case _:
                return

    def _declare_constructor(self, data_type: str, variant: ast.Variant, span: Span) -> None:
        types = variant.types or ()
        self.program.constructors[variant.name] = (data_type, types)
        relation = constructor_relation(variant.name)
        self.program.relations[relation] = ir.Relation(
            relation, len(types) + 1, [ENTITY, *[None] * len(types)], (), True, None, True, span
        )

    def _declare_relation(self, item: ast.RelationType, attributes: tuple[ast.Attribute, ...]) -> None:
        types: list[str | None] = [self.resolve(f.type, f.span) for f in item.fields]
        demand = "".join("b" if f.bound else "f" for f in item.fields) if any(f.bound for f in item.fields) else None
        self.declare(item.name, types, tuple(f.name for f in item.fields), demand, item.span)
        self._attributes(attributes, item.name)

    def declare(
        self, name: str, types: list[str | None], names: tuple[str | None, ...], demand: str | None, span: Span | None
    ) -> None:
        """Give a relation its column types; a second declaration must agree with the first."""
        old = self.program.relations.get(name)
        if old is not None and old.arity != len(types):
            raise SpecTypeError(
                f"arity mismatch for relation `{name}`. Expected {old.arity}, found {len(types)}:",
                span=span, source=self._source if span else None,
            )  # fmt: skip
        if old is not None and old.declared and old.types != types:
            raise SpecTypeError(
                f"relation `{name}` is already declared with types ({', '.join(map(str, old.types))})",
                span=span, source=self._source if span else None,
            )  # fmt: skip
        self.program.relations[name] = ir.Relation(name, len(types), types, names, True, demand, False, span)

    def _declare_const(self, item: ast.ConstDecl) -> None:
        value = self.substitute(item.value)
        if isinstance(value, ast.Const):
            if item.type is not None:
                value = ast.Const(value.span, value.value, self.resolve(item.type, item.span))
            self.consts[item.name] = value
        elif isinstance(value, ast.Call) and value.name in self.program.constructors:
            self.consts[item.name] = value
        else:
            raise self.error(f"the value of constant `{item.name}` is not a constant", item.value.span)

    def _attributes(self, attributes: tuple[ast.Attribute, ...], relation: str) -> None:
        for attribute in attributes:
            name = attribute.name
            if name not in KNOWN_ATTRIBUTES:
                hint = did_you_mean(name, KNOWN_ATTRIBUTES)
                raise self.error(f"Unknown attribute `@{name}`", attribute.span, hint)
            if name == "scheduler" and attribute.args and attribute.args[0] not in SCHEDULERS:
                hint = f"one of {', '.join(SCHEDULERS)}"
                raise self.error(f"unknown scheduler `{attribute.args[0]}`", attribute.span, hint)
            if name == "file":
                if not attribute.args or not isinstance(attribute.args[0], str):
                    raise self.error("`@file` needs the path of a CSV file", attribute.span, '@file("edges.csv")')
                path = str(self._folder / attribute.args[0])
                self.program.files[relation] = {"path": path, **dict(attribute.kwargs)}
            info = self.program.relations.get(relation)
            if name == "hidden" and info is not None:
                info.hidden = True
            if name == "demand":
                pattern = attribute.args[0] if attribute.args else None
                if not isinstance(pattern, str) or set(pattern) - {"b", "f"}:
                    raise self.error("`@demand` needs a pattern of b and f", attribute.span, '@demand("bf")')
                if info is not None and len(pattern) != info.arity:
                    raise self.error(f"the demand pattern of `{relation}` needs {info.arity} letters", attribute.span)
                if info is not None:
                    info.demand = pattern

    def relation(self, name: str, arity: int, span: Span) -> ir.Relation:
        """The relation of an atom, made known if it is new; its arity is checked."""
        found = self.program.relations.get(name)
        if found is None:
            found = self.program.relations[name] = ir.Relation(name, arity, [None] * arity, span=span)
        elif found.arity != arity:
            raise self.error(f"arity mismatch for relation `{name}`. Expected {found.arity}, found {arity}:", span)
        return found

    # ------------------------------------------------------------------ facts, rules, queries
    def _fact(self, call: ast.Call, tag: ast.Term | None, group: int | None) -> None:
        args = tuple(self.substitute(a) for a in call.args)
        for a in args:
            if isinstance(a, ast.Wildcard) or any(True for _ in ir.variables(a)):
                raise self.error("Argument of the head of a rule is unbounded", a.span, "a fact holds constants only")
        self.relation(call.name, len(args), call.span)
        weight = self._constant_tag(tag)
        if all(isinstance(a, ast.Const) for a in args) and (tag is None or weight is not None):
            constants = tuple(a for a in args if isinstance(a, ast.Const))
            self.program.facts.append(ir.Fact(call.name, constants, weight, group, call.span))
        else:
            self._clause(replace(call, args=args), None if tag is None else self.substitute(tag), [], group)

    def _constant_tag(self, tag: ast.Term | None) -> float | None:
        if tag is None:
            return None
        term = self.substitute(tag)
        if isinstance(term, ast.Const) and isinstance(term.value, int | float):
            weight = float(term.value)
            if not 0 <= weight <= 1:
                hint = "for weights outside [0, 1] use the tropical provenance with facts added from Python"
                raise self.error(f"probability {weight:g} is not between 0 and 1", tag.span, hint)
            return weight
        return None

    def _rule(self, item: ast.Rule) -> None:
        for head in item.heads:
            self.relation(head.name, len(head.args), head.span)
            self._attributes(item.attributes, head.name)
        if item.body is None and not item.exclusive:
            for head in item.heads:
                self._fact(head, item.tag, None)
            return
        bodies: list[list[ir.Literal]] = [[]] if item.body is None else self._dnf(self.substitute(item.body), True)
        tag = None if item.tag is None else self.substitute(item.tag)
        self._constant_tag(tag)
        for body in bodies:
            group = next(self._groups) if item.exclusive else None
            for choice, head in enumerate(item.heads):
                head = replace(head, args=tuple(self.substitute(a) for a in head.args))
                self._clause(head, tag, list(body), group, choice)

    def _aggregate_rule(self, item: ast.AggregateRule) -> None:
        body = self.substitute(item.body)
        if not isinstance(body, ast.Aggregate):
            raise self.error("expected an aggregation", item.span)
        width = result_width(body, self.error)
        results = tuple(ast.Var(item.span, self.fresh("r")) for _ in range(width))
        head = ast.Call(item.span, item.name, (*(g for g in body.groups), *results))
        self.relation(item.name, len(head.args), item.span)
        self._attributes(item.attributes, item.name)
        self._clause(head, None, [ir.Pending(body, results, None, item.span)], None)

    def _clause(
        self, head: ast.Call, tag: ast.Term | None, body: list[ir.Literal], group: int | None, choice: int = 0
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
            if isinstance(a, ast.New):
                a = self._construct(a.call, literals)
            elif isinstance(a, ast.Call) and a.name in self.program.constructors:
                a = self._construct(a, literals)
            elif isinstance(a, ast.Wildcard):
                raise self.error("a wildcard cannot stand in the head of a rule", a.span)
            args.append(a)
        self.program.clauses.append(ir.Clause(head.name, tuple(args), literals, tag, head.span, group, choice))
        for made in [x for x in literals if isinstance(x, ir.Construct)]:
            columns = (made.result, *made.args)
            self.program.clauses.append(
                ir.Clause(constructor_relation(made.constructor), columns, list(literals), None, made.span)
            )

    def _construct(self, call: ast.Call, literals: list[ir.Literal]) -> ast.Var:
        types = self.program.constructors.get(call.name)
        if types is None:
            raise self.error(f"unknown constructor `{call.name}`", call.span)
        if len(types[1]) != len(call.args):
            message = f"constructor `{call.name}` takes {len(types[1])} arguments, not {len(call.args)}"
            raise self.error(message, call.span)
        args = tuple(
            self._construct(a, literals)
            if isinstance(a, ast.Call)
            else self._construct(a.call, literals)
            if isinstance(a, ast.New)
            else a
            for a in call.args
        )
        result = ast.Var(call.span, self.fresh("e"))
        literals.append(ir.Construct(call.name, args, result, call.span))
        return result

    def _query(self, item: ast.Query) -> None:
        if item.args is None:
            if item.name not in self.program.relations:
                self._unknown(item.name, item.span)
            self.program.queries.append(item.name)
            return
        name = f"{item.name}({', '.join(show(a) for a in item.args)})"
        args = tuple(self.substitute(a) for a in item.args)
        self.relation(item.name, len(args), item.span)
        self.program.relations[name] = ir.Relation(name, len(args), [None] * len(args), span=item.span)
        columns = tuple(ast.Var(a.span, self.fresh("q")) if isinstance(a, ast.Wildcard) else a for a in args)
        body: list[ir.Literal] = [ir.Atom(item.name, columns, False, item.span)]
        self.program.clauses.append(ir.Clause(name, columns, body, None, item.span))
        self.program.queries.append(name)

    def _unknown(self, name: str, span: Span) -> None:
        hint = did_you_mean(name, self.program.relations) or "consider adding a type declaration"
        warnings.warn(f"{span}: relation `{name}` is not computed but directly used; {hint}", DatalogWarning, 3)

    # ------------------------------------------------------------------ terms
    def substitute(self, term: ast.Term) -> ast.Term:
        """The term with constants in place of their names."""
        match term:
            case ast.Var(name=name) if name in self.consts:
                value = self.consts[name]
                return replace(value, span=term.span)
            case ast.Call(args=args) | ast.Func(args=args) | ast.Op(args=args):
                return replace(term, args=tuple(self.substitute(a) for a in args))
            case ast.Tuple(items=items):
                return replace(term, items=tuple(self.substitute(a) for a in items))
            case ast.Cast(arg=arg):
                return ast.Cast(term.span, self.substitute(arg), self.resolve(term.type, term.span))
            case ast.InRange():
                var, low, high = (self.substitute(t) for t in (term.var, term.low, term.high))
                return ast.InRange(term.span, var, low, high, term.closed)
            case ast.Case(subject=a, pattern=b):
                return ast.Case(term.span, self.substitute(a), self.substitute(b))
            case ast.New(call=call):
                inner = self.substitute(call)
                return ast.New(term.span, inner) if isinstance(inner, ast.Call) else term
            case ast.Aggregate():
                return replace(
                    term,
                    args=tuple(self.substitute(a) for a in term.args),
                    body=self.substitute(term.body),
                    group_body=None if term.group_body is None else self.substitute(term.group_body),
                )
            case _:
                return term

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

    def _check_value(self, term: ast.Term) -> None:
        """An expression holds no atoms and no aggregates."""
        match term:
            case ast.Call():
                hint = "an atom has no value; functions are written with `$`"
                raise self.error(f"expected a value, found `{show(term)}`", term.span, hint)
            case ast.Aggregate():
                hint = f"give the aggregate a name first: `n := {term.op}(...)`"
                raise self.error("not supported yet: an aggregate inside an expression", term.span, hint)
            case ast.Op(symbol="and" | "or" | "not" | "implies" as s):
                raise self.error(f"expected a value, found a formula with `{s}`", term.span, "use `&&`, `||`, `!`")
            case ast.Wildcard() | ast.Tuple() | ast.InRange() | ast.Case() | ast.New():
                raise self.error("expected a value", term.span)
            case ast.Op(args=args) | ast.Func(args=args):
                for a in args:
                    self._check_value(a)
            case ast.Cast(arg=arg):
                self._check_value(arg)
            case _:
                pass

    def _atom(self, term: ast.Call, positive: bool) -> list[ir.Literal]:
        extra: list[ir.Literal] = []
        args: list[ast.Term] = []
        for a in term.args:
            if isinstance(a, ast.Call) and a.name in self.program.constructors:
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

    def _pattern(self, subject: ast.Term, pattern: ast.Term, out: list[ir.Literal]) -> None:
        if not isinstance(pattern, ast.Call) or pattern.name not in self.program.constructors:
            known = did_you_mean(getattr(pattern, "name", ""), self.program.constructors)
            raise self.error("expected a constructor after `is`", pattern.span, known)
        args: list[ast.Term] = []
        nested: list[tuple[ast.Var, ast.Call]] = []
        for a in pattern.args:
            if isinstance(a, ast.Call):
                inner = ast.Var(a.span, self.fresh("c"))
                nested.append((inner, a))
                a = inner
            args.append(a)
        relation = constructor_relation(pattern.name)
        self.relation(relation, len(args) + 1, pattern.span)
        out.append(ir.Atom(relation, (subject, *args), False, pattern.span))
        for inner, call in nested:
            self._pattern(inner, call, out)

    def _in_range(self, term: ast.InRange, positive: bool) -> list[ir.Literal]:
        if positive:
            high = term.high
            if term.closed:
                high = ast.Op(high.span, "+", (high, ast.Const(high.span, 1, "int")))
            return [ir.External("range", (term.low, high, term.var), (), term.span)]
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


def constructor_relation(name: str) -> str:
    """The hidden relation that holds the terms built by a constructor."""
    return f"adt#{name}"


def show(term: ast.Term) -> str:
    """A term as text, for query names and messages."""
    match term:
        case ast.Var(name=name):
            return name
        case ast.Wildcard():
            return "_"
        case ast.Const(value=value, kind=kind):
            if kind == "bool":
                return "true" if value else "false"
            return f'"{value}"' if kind in ("String", "Symbol") else repr(value) if kind == "char" else str(value)
        case ast.Call(name=name, args=args):
            return f"{name}({', '.join(map(show, args))})"
        case ast.Func(name=name, args=args):
            return f"${name}({', '.join(map(show, args))})"
        case ast.Op(symbol=symbol, args=(a, b)):
            return f"{show(a)} {symbol} {show(b)}"
        case _:
            return "..."
