"""Syntax tree to clauses: declarations collected, sugar removed, bodies in disjunctive normal form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.formulas import Formulas, result_width
from nesy.reasoners.datalog.terms import show


class Lowering(Formulas):
    """Lowers any number of program texts into one ``ir.Program``; later texts see earlier declarations."""

    # ------------------------------------------------------------------ items
    def add(self, program: ast.Program) -> None:
        """Lower every item of a program; imports must already be resolved."""
        self._source, self._folder = program.source, Path(program.file).parent
        for item in program.items:
            if isinstance(item, ast.Declared):
                self._declare_type(item)
        self._resolve_constructors()
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

    # ------------------------------------------------------------------ facts, rules, queries
    def _fact(self, call: ast.Call, tag: ast.Term | None, group: int | None) -> None:
        args = tuple(a.call if isinstance(a, ast.New) else a for a in map(self.substitute, call.args))
        for a in args:
            if isinstance(a, ast.Wildcard) or any(True for _ in ir.variables(a)):
                raise self.error("Argument of the head of a rule is unbounded", a.span, "a fact holds constants only")
            self._check_value(a)
        self.relation(call.name, len(args), call.span)
        weight: float | ast.Term | None = self._constant_tag(tag)
        if tag is not None and weight is None:
            weight = self.substitute(tag)
            for v in ir.variables(weight):
                raise self.error(f"variable `{v.name}` of the tag is not bound", v.span, "a fact has no body")
            self._check_value(weight)
        self.program.facts.append(ir.Fact(call.name, args, weight, group, call.span))

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
                self._clause(head, tag, list(body), group, choice, len(item.heads))

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
        body: list[ir.Literal] = []
        shown: list[ast.Term] = []
        for column in columns:  # a pattern such as `Add(x, y)` shows the terms that match it
            if isinstance(column, ast.Call) and not self.is_entity(column):
                term = ast.Var(column.span, self.fresh("q"))
                self._pattern(term, column, body)
                column = term
            elif isinstance(column, ast.Call):
                self._check_value(column)
            shown.append(column)
        body.insert(0, ir.Atom(item.name, tuple(shown), False, item.span))
        self.program.clauses.append(ir.Clause(name, tuple(shown), body, None, item.span))
        self.program.queries.append(name)
