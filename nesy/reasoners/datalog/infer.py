"""Whole-program type inference by unification.

A type variable is unknown, "a number" (an integer literal), "a float" (a float literal) or a concrete type. What stays
open at the end becomes i32, i32 and f32, as in Scallop. There is no widening: two concrete types in one variable are
an error that shows both places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nesy.errors import Span, SpecTypeError, did_you_mean
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import ANY, ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.declared import constructor_relation
from nesy.reasoners.datalog.values import ENTITY, FLOATS, INTEGERS, TEXTS

_NUMERIC = frozenset(INTEGERS) | FLOATS


class _Type:
    """A node of the union-find forest; ``kind`` is "", "number", "float" or a concrete type."""

    __slots__ = ("kind", "parent", "span")

    def __init__(self, kind: str = "", span: Span | None = None) -> None:
        self.parent: _Type | None = None
        self.kind, self.span = kind, span

    def root(self) -> _Type:
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    def resolved(self) -> str:
        kind = self.root().kind
        return {"": "i32", "number": "i32", "float": "f32"}.get(kind, kind)


def _meet(a: str, b: str) -> str | None:
    if a == b or not b:
        return a
    if not a:
        return b
    for x, y in ((a, b), (b, a)):
        if x == "number" and (y in _NUMERIC or y == "float"):
            return y
        if x == "float" and y in FLOATS:
            return y
    if {a, b} <= TEXTS:
        return "String"
    return None


@dataclass(slots=True)
class ClauseTypes:
    """The concrete types in one clause: of its variables, and of every expression by identity."""

    variables: dict[str, str] = field(default_factory=dict)
    terms: dict[int, str] = field(default_factory=dict)


class Inference:
    """Fills ``relation.types`` and returns the types of each clause."""

    def __init__(
        self,
        program: ir.Program,
        functions: Mapping[str, ForeignFunction],
        predicates: Mapping[str, ForeignPredicate],
        source: str,
    ) -> None:
        self.program, self.functions, self.predicates, self.source = program, functions, predicates, source
        self.columns = {name: [_Type(t or "", rel.span) for t in rel.types] for name, rel in program.relations.items()}
        self._vars: dict[str, _Type] = {}
        self._terms: dict[int, _Type] = {}
        self._casts: list[tuple[_Type, str, Span]] = []
        self._families: list[tuple[_Type, str, str, Span]] = []

    def run(self) -> list[ClauseTypes]:
        """Infer; raises ``SpecTypeError`` where types clash. The last entry is for the terms of all facts."""
        scopes = []
        for clause in self.program.clauses:
            self._vars, self._terms = {}, {}
            self._clause(clause)
            scopes.append((self._vars, self._terms))
        self._vars, self._terms = {}, {}
        for fact in self.program.facts:
            for column, term in zip(self.columns[fact.relation], fact.args, strict=True):
                # a literal's type is that of its column; only what has to be computed is remembered
                self.unify(column, self._term(term) if isinstance(term, ast.Const) else self.term(term), term.span)
            if isinstance(fact.tag, ast.Term):
                self.term(fact.tag)
        for entity in self.program.entities:
            self.term(entity)
        scopes.append((self._vars, self._terms))
        for reduce in self.program.reduces:
            self._reduce(reduce)
        for node, family, what, span in self._families:
            self._check_family(node.root(), family, what, span)
        for node, target, span in self._casts:
            if not _castable(node.resolved(), target):
                message = f"cannot cast `{node.resolved()}` to `{target}`"
                raise SpecTypeError(message, span=span, source=self.source, hint="by way of `String`, if that is meant")
        for name, columns in self.columns.items():
            self.program.relations[name].types = [c.resolved() for c in columns]
        return [
            ClauseTypes({n: t.resolved() for n, t in v.items()}, {i: t.resolved() for i, t in e.items()})
            for v, e in scopes
        ]

    def _check_family(self, node: _Type, family: str, what: str, span: Span) -> None:
        """A type parameter is of the family that its owner asks for; an open number becomes a float where one is."""
        if family == "Float" and node.kind in ("", "number"):
            node.kind = "float"
        kinds = {"Number": _NUMERIC, "Integer": frozenset(INTEGERS), "Float": FLOATS}.get(family)
        if kinds is not None and node.resolved() not in kinds:
            wanted = {"Number": "numbers", "Integer": "integers", "Float": "floats"}[family]
            raise SpecTypeError(
                f"{what} is for {wanted}, not for `{node.resolved()}`", span=span, source=self.source,
                hint="convert with `as`",
            )  # fmt: skip

    def unify(self, a: _Type, b: _Type, span: Span | None) -> None:
        """Make two types one."""
        a, b = a.root(), b.root()
        if a is b:
            return
        kind = _meet(a.kind, b.kind)
        if kind is None:
            first = f" (`{a.kind}` comes from line {a.span.line})" if a.span is not None else ""
            raise SpecTypeError(
                f"cannot unify types `{a.kind}` and `{b.kind}`{first}",
                span=span, source=self.source if span else None, hint="convert one side with `as`",
            )  # fmt: skip
        a.kind, a.span = kind, (a.span or b.span) if kind == a.kind else b.span
        b.parent = a

    def _require(self, node: _Type, kind: str, span: Span) -> None:
        self.unify(node, _Type(kind, span), span)

    def _clause(self, clause: ir.Clause) -> None:
        for literal in clause.body:
            match literal:
                case ir.Atom(relation=relation, args=args):
                    for column, term in zip(self.columns[relation], args, strict=True):
                        self.unify(column, self.term(term), term.span)
                case ir.Guard(test=test):
                    self._require(self.term(test), "bool", test.span)
                case ir.External():
                    self._external(literal)
                case ir.Construct(constructor=name, args=args, result=result):
                    for column, term in zip(self.columns[constructor_relation(name)], (result, *args), strict=True):
                        self.unify(column, self.term(term), term.span)
                case _:
                    pass
        for column, term in zip(self.columns[clause.head], clause.args, strict=True):
            self.unify(column, self.term(term), term.span)
        if clause.tag is not None:
            self.term(clause.tag)

    def _external(self, literal: ir.External) -> None:
        predicate = self.predicates[literal.predicate]
        params: dict[str, _Type] = {}
        if len(literal.type_args) > len(predicate.type_params):
            message = f"`{predicate.name}` takes {len(predicate.type_params)} type arguments"
            raise SpecTypeError(message, span=literal.span, source=self.source)
        for name, given in zip(predicate.type_params, literal.type_args, strict=False):
            params[name] = _Type(given, literal.span)
        for kind, term in zip(predicate.types, literal.args, strict=True):
            want = params.setdefault(kind, _Type()) if kind in (*predicate.type_params, ANY) else _Type(kind)
            self.unify(want, self.term(term), term.span)
        self._families += [(p, predicate.family, f"`{predicate.name}`", literal.span) for p in params.values()]

    def _reduce(self, reduce: ir.Reduce) -> None:
        out, source = self.columns[reduce.out], self.columns[reduce.source]
        span = reduce.span
        for a, b in zip(out[: reduce.groups], source[: reduce.groups], strict=True):
            self.unify(a, b, span)
        if reduce.domain is not None:
            for a, b in zip(out, self.columns[reduce.domain], strict=False):
                self.unify(a, b, span)
        results = out[reduce.groups :]
        args = source[reduce.groups : reduce.groups + reduce.args]
        bindings = source[reduce.groups + reduce.args :]
        match reduce.op:
            case "count":
                self._require(results[0], "usize", span)
            case "exists" | "forall":
                self._require(results[0], "bool", span)
            case "argmin" | "argmax":
                for a, b in zip(results, args, strict=True):
                    self.unify(a, b, span)
            case "sort" | "rank" | "enumerate" | "argsort":
                self._require(results[0], "usize", span)
                shown = args if reduce.op == "argsort" else [*args, *bindings]
                for a, b in zip(results[1:], shown, strict=True):
                    self.unify(a, b, span)
            case "sum" | "prod" | "avg":
                self.unify(results[0], bindings[0], span)
                self._families.append((bindings[0], "Number", f"aggregate `{reduce.op}`", span))
            case "string_join":
                self._require(bindings[0], "String", span)
                self._require(results[0], "String", span)
            case _:
                for a, b in zip(results, [*args, *bindings], strict=True):
                    self.unify(a, b, span)

    def term(self, term: ast.Term) -> _Type:
        """The type of an expression, remembered under its identity."""
        node = self._term(term)
        self._terms[id(term)] = node
        return node

    def _term(self, term: ast.Term) -> _Type:
        match term:
            case ast.Var(name=name):
                return self._vars.setdefault(name, _Type("", None))
            case ast.Const(kind=kind, span=span):
                return _Type("number" if kind == "int" else kind, span)
            case ast.Wildcard():
                return _Type()
            case ast.Cast(arg=arg, type=kind, span=span):
                self._casts.append((self.term(arg), kind, span))
                return _Type(kind, span)
            case ast.Func(name=name, args=args):
                return self._function(term, name, args)
            case ast.Op(symbol="if", args=(test, yes, no)):
                self._require(self.term(test), "bool", test.span)
                left = self.term(yes)
                self.unify(left, self.term(no), no.span)
                return left
            case ast.Op(symbol="==" | "!=" | "<" | ">" | "<=" | ">=", args=(a, b)):
                self.unify(self.term(a), self.term(b), term.span)
                return _Type("bool", term.span)
            case ast.Op(symbol="&&" | "||" | "^" | "!", args=args):
                for a in args:
                    self._require(self.term(a), "bool", a.span)
                return _Type("bool", term.span)
            case ast.Op(args=args, symbol=symbol):
                first = self.term(args[0])
                for a in args[1:]:
                    self.unify(first, self.term(a), term.span)
                kind = first.root().kind
                if not kind and symbol != "+":
                    first.root().kind = "number"
                elif kind and kind not in _NUMERIC | {"number", "float"} and not (kind in TEXTS and symbol == "+"):
                    message = f"cannot apply `{symbol}` to values of type `{kind}`"
                    raise SpecTypeError(message, span=term.span, source=self.source)
                return first
            case ast.Call(name=name, args=args) if name in self.program.constructors:
                for column, a in zip(self.columns[constructor_relation(name)][1:], args, strict=True):
                    self.unify(column, self.term(a), a.span)
                return _Type(ENTITY, term.span)
            case _:
                raise SpecTypeError("expected a value", span=term.span, source=self.source)

    def _function(self, term: ast.Func, name: str, args: tuple[ast.Term, ...]) -> _Type:
        function = self.functions.get(name)
        if function is None:
            hint = did_you_mean(name, self.functions)
            raise SpecTypeError(f"unknown function `${name}`", span=term.span, source=self.source, hint=hint)
        problem = function.arity_error(len(args))
        if problem is not None:
            raise SpecTypeError(problem, span=term.span, source=self.source)
        params: dict[str, _Type] = {}
        for i, a in enumerate(args):
            kind = function.args[i] if i < len(function.args) else function.variadic
            node = self.term(a)
            if kind is None or kind == "*":
                continue
            want = params.setdefault(kind, _Type()) if _is_parameter(kind) else _Type(kind)
            self.unify(want, node, a.span)
        self._families += [(p, function.family, f"function `${name}`", term.span) for p in params.values()]
        if _is_parameter(function.result):
            return params.setdefault(function.result, _Type())
        return _Type(function.result, term.span)


def _castable(source: str, target: str) -> bool:
    if source == target or source in TEXTS or target in TEXTS:
        return target != ENTITY or source == target
    if source in _NUMERIC:
        return target in _NUMERIC
    return source in ("bool", "char") and target in INTEGERS


def _is_parameter(kind: str) -> bool:
    return len(kind) <= 2 and kind[:1].isupper()
