"""What a program declares: types, constructors, relations, constants, attributes."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nesy.errors import DataError, NesyError, Span, SpecTypeError, did_you_mean
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import DatalogWarning, ForeignPredicate
from nesy.reasoners.datalog.csvfile import check_options
from nesy.reasoners.datalog.parser import parse
from nesy.reasoners.datalog.values import BASE_TYPES, ENTITY, LATER_TYPES, Symbols, encode

SCHEDULERS = ("lfp", "dfs", "astar", "beam")
# goal, scheduler and storage ask for a way of evaluation, not for another result: this engine has one way
KNOWN_ATTRIBUTES = frozenset({"hidden", "file", "demand", "tagged", "no_temp_relation", "goal", "scheduler", "storage"})


class Declared:
    """Declarations collected from any number of program texts."""

    def __init__(self, predicates: Mapping[str, ForeignPredicate]) -> None:
        self.program = ir.Program()
        self.predicates = predicates
        self.aliases: dict[str, str] = {}
        self.consts: dict[str, ast.Const | ast.Cast | ast.Term] = {}
        self._meanings: dict[str, object] = {}
        self._fresh = itertools.count()
        self._groups = itertools.count()
        self._source = ""
        self._folder = Path()

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

    def _define(self, name: str, meaning: object, span: Span) -> None:
        """A name has one meaning; the same definition may come again."""
        if self._meanings.setdefault(name, meaning) != meaning:
            raise self.error(f"`{name}` is already defined as something else", span, "give one of the two another name")

    def _declare_type(self, item: ast.Declared) -> None:
        if isinstance(item.item, ast.TypeDefinition | ast.Subtype):
            if item.item.name in BASE_TYPES | LATER_TYPES:
                raise self.error(f"`{item.item.name}` is a type of the language", item.item.span, "choose another name")
            self._define(f"type {item.item.name}", item.item, item.item.span)
            self._check_attributes(item.attributes)
        match item.item:
            case ast.TypeDefinition(name=name, variants=variants, span=span):
                if len(variants) == 1 and variants[0].types is None and variants[0].value is None:
                    self.aliases[name] = variants[0].name
                elif all(v.types is None for v in variants):
                    self.aliases[name] = "usize"
                    value = -1
                    taken: dict[int, str] = {}
                    for v in variants:
                        value = v.value if v.value is not None else value + 1
                        if taken.setdefault(value, v.name) != v.name:
                            message = f"`{v.name}` and `{taken[value]}` of `{name}` are both {value}"
                            raise self.error(message, v.span, "give one of them another number")
                        self._define(v.name, (name, value), v.span)
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
        self._define(variant.name, (data_type, types), variant.span)
        self.program.constructors[variant.name] = (data_type, types)
        relation = constructor_relation(variant.name)
        self.program.relations[relation] = ir.Relation(
            relation, len(types) + 1, [ENTITY, *[None] * len(types)], (), True, None, True, span
        )

    def _resolve_constructors(self) -> None:
        """Column types of the constructors' relations; they may name aliases and enums declared later."""
        for name in self.program.constructors:
            info = self.program.relations[constructor_relation(name)]
            if None in info.types and info.span is not None:
                types = self.program.constructors[name][1]
                info.types = [ENTITY, *(self.resolve(t, info.span) for t in types)]

    def _declare_relation(self, item: ast.RelationType, attributes: tuple[ast.Attribute, ...]) -> None:
        types: list[str | None] = [self.resolve(f.type, f.span) for f in item.fields]
        seen: set[str] = set()
        for f in item.fields:
            if f.name in seen:
                raise self.error(f"relation `{item.name}` has two columns `{f.name}`", f.span)
            seen |= {f.name} if f.name else set()
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
        self._define(item.name, (item.type, value), item.span)
        if isinstance(value, ast.Const):
            if item.type is not None:
                value = ast.Const(value.span, value.value, self.resolve(item.type, item.span))
                try:
                    encode(value.value, value.kind, Symbols())
                except DataError as error:
                    raise self.error(f"constant `{item.name}`: {error.message}", value.span, error.hint) from None
            self.consts[item.name] = value
        elif isinstance(value, ast.Call) and self.is_entity(value):
            self.consts[item.name] = value
            self.program.entities.append(value)
        else:
            raise self.error(f"the value of constant `{item.name}` is not a constant", item.value.span)

    def is_entity(self, term: ast.Term) -> bool:
        """Whether this is a constructor applied to constants; the number of arguments is checked."""
        if not isinstance(term, ast.Call) or term.name not in self.program.constructors:
            return False
        self.check_constructor(term)
        return all(isinstance(a, ast.Const) or self.is_entity(a) for a in term.args)

    def check_constructor(self, call: ast.Call) -> None:
        """The constructor exists and has so many arguments."""
        types = self.program.constructors.get(call.name)
        if types is None:
            hint = did_you_mean(call.name, self.program.constructors)
            raise self.error(f"unknown constructor `{call.name}`", call.span, hint)
        if len(types[1]) != len(call.args):
            message = f"constructor `{call.name}` takes {len(types[1])} arguments, not {len(call.args)}"
            raise self.error(message, call.span)

    def _check_attributes(self, attributes: tuple[ast.Attribute, ...]) -> None:
        for attribute in attributes:
            if attribute.name not in KNOWN_ATTRIBUTES:
                hint = did_you_mean(attribute.name, KNOWN_ATTRIBUTES)
                raise self.error(f"Unknown attribute `@{attribute.name}`", attribute.span, hint)

    def _attributes(self, attributes: tuple[ast.Attribute, ...], relation: str) -> None:
        self._check_attributes(attributes)
        for attribute in attributes:
            name = attribute.name
            if name == "scheduler" and attribute.args and attribute.args[0] not in SCHEDULERS:
                hint = f"one of {', '.join(SCHEDULERS)}"
                raise self.error(f"unknown scheduler `{attribute.args[0]}`", attribute.span, hint)
            if name == "file":
                if not attribute.args or not isinstance(attribute.args[0], str):
                    raise self.error("`@file` needs the path of a CSV file", attribute.span, '@file("edges.csv")')
                path = str(self._folder / attribute.args[0])
                self.program.files[relation] = {"path": path, **dict(attribute.kwargs)}
                try:
                    check_options(self.program.files[relation])
                except NesyError as error:
                    raise self.error(error.message, attribute.span, error.hint) from None
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

    def _unknown(self, name: str, span: Span) -> None:
        hint = did_you_mean(name, self.program.relations) or "consider adding a type declaration"
        warnings.warn(f"{span}: relation `{name}` is not computed but directly used; {hint}", DatalogWarning, 3)

    def _parsed(self, text: str, span: Span) -> ast.Term:
        """The term that a string spells."""
        try:
            item = parse(f"const x = {text}").items[0]
        except NesyError:
            item = None
        term = self.substitute(item.value) if isinstance(item, ast.ConstDecl) else None
        if not isinstance(term, ast.Call) or not self.is_entity(term):
            raise self.error(f"`{text}` is not a term of constants", span, 'such as "Add(Const(1), Const(2))"')
        return replace(term, span=span)

    def substitute(self, term: ast.Term) -> ast.Term:
        """The term with constants in place of their names."""
        match term:
            case ast.Var(name=name) if name in self.consts:
                value = self.consts[name]
                return replace(value, span=term.span)
            case ast.Func(name="parse_entity", args=(ast.Const(value=str() as text, span=span),)):
                return self._parsed(text, span)
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


def constructor_relation(name: str) -> str:
    """The hidden relation that holds the terms built by a constructor."""
    return f"adt#{name}"
