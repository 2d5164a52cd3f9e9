"""Check a module or a formula against its vocabulary, and give it back ready for the reasoners."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.depth import too_deep
from nesy.dsl.diagnostics import Diagnostic, in_order
from nesy.dsl.elaborate import Elaborator, universally_closed
from nesy.dsl.formulas import FormulaChecker
from nesy.dsl.rules import check_recursion, check_rule
from nesy.dsl.signature import Signature, declared, modules_of
from nesy.dsl.variables import free_variables
from nesy.dsl.words import ANY_OBJECT
from nesy.errors import ErrorGroup, NesyError, Span, SpecTypeError


@dataclass(frozen=True)
class CheckedModule:
    """A module without errors.

    specs: the formula of every spec, macros and rules unfolded.
    constraints: the same of every constraint, free variables universally quantified; imported ones first.
    blocks: the configuration of each stage that the file gives.
    warnings: what is probably not meant.
    """

    module: ast.Module
    signature: Signature
    specs: Mapping[str, Formula]
    constraints: tuple[Formula, ...]
    blocks: Mapping[str, ast.Block]
    warnings: tuple[Diagnostic, ...] = ()


def check_formula(
    formula: Formula, signature: Signature, *, source: str | None = None, free: Iterable[str] = ()
) -> tuple[Diagnostic, ...]:
    """Check one formula against ``signature`` and return the warnings.

    Args:
        source: the text of the formula, for messages that show it.
        free: variables that the caller binds; all others must be bound by quantifiers.

    Raises:
        ErrorGroup: one SpecTypeError for every mistake.
    """
    deep = too_deep([formula], source)
    if deep:
        raise ErrorGroup(deep)
    checker = FormulaChecker(signature, source)
    checker.check(formula, {v: ast.Binding(v) for v in free})
    return _warnings(checker.found)


def check_module(module: ast.Module) -> CheckedModule:
    """Check all statements of ``module`` (and of what it imports) and unfold its specs and constraints.

    Raises:
        ErrorGroup: one SpecTypeError for every mistake.
    """
    found = find_mistakes(module)
    warnings = _warnings(found)
    signature = Signature.from_module(module)
    elaborator = Elaborator(signature, module.source)
    specs: dict[str, Formula] = {}
    constraints: list[Formula] = []
    errors: list[NesyError] = []
    for m in modules_of(module):
        for s in m.statements:
            try:
                match s:
                    case ast.Constraint(formula):
                        constraints.append(elaborator.elaborate(universally_closed(formula)))
                    case ast.Spec(name, formula) if m is module:
                        specs[name] = elaborator.elaborate(formula)
            except NesyError as e:
                e.span = e.span or s.span
                errors.append(e)
    if errors:
        raise ErrorGroup(errors)
    blocks: dict[str, ast.Block] = {b.kind: b for b in cast(list[ast.Block], module.of(ast.Block))}
    return CheckedModule(module, signature, specs, tuple(constraints), blocks, warnings)


def find_mistakes(module: ast.Module, lost: Collection[str] = frozenset()) -> list[Diagnostic]:
    """Everything that is wrong with ``module`` and its imports, errors and warnings, in order of place.

    lost: words of statements that did not parse; names among them are not reported as unknown.
    """
    signature = Signature.from_module(module)
    found: list[Diagnostic] = []
    names: dict[str, tuple[ast.Statement, Span | None]] = {}
    for m in modules_of(module):
        frames, fps = _clip(m)
        checker = FormulaChecker(signature, m.source, lost, frames, fps)
        _declarations(m, checker, names)
        for s in m.statements:
            _statement(s, checker)
        if m is module:
            check_recursion(signature, checker)
        found += checker.found
    return in_order(found)


def _warnings(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The warnings among ``found``; errors are raised together."""
    found = in_order(found)
    errors = [d for d in found if d.severity == "error"]
    if errors:
        raise ErrorGroup(
            SpecTypeError(d.message, span=d.span, source=d.source, expected=d.expected, hint=d.hint, code=d.code)
            for d in errors
        )
    return tuple(found)


def _declarations(m: ast.Module, checker: FormulaChecker, names: dict[str, tuple[ast.Statement, Span | None]]) -> None:
    """Report names declared twice; ``names`` collects them over all modules."""
    specs: dict[str, ast.Spec] = {}
    kinds: set[str] = set()
    for s in m.statements:
        for name, span in declared(s):
            first, place = names.setdefault(name, (s, span))
            together = isinstance(s, ast.Rule) and isinstance(first, ast.Rule)
            if place is span or together:
                continue
            where = f" in {place.file}, line {place.line}" if place else ""
            checker.error(
                "E024", f"`{name}` is already declared{where}", span, "leave one declaration out, or rename it"
            )
        for name, span in declared(s):
            if checker.signature.kind(name) == "built-in predicate" or name == "visible":
                checker.error("E024", f"`{name}` is built in", span, "leave the declaration out")
            if name == ANY_OBJECT and isinstance(s, ast.Declaration) and s.kind == "class":
                checker.error("E024", "`object` is any object, whatever its class", span, "choose another name")
        match s:
            case ast.Spec(name):
                if name in specs:
                    place = specs[name].span
                    line = place.line if place else None
                    where = f" in line {line}" if line else ""
                    checker.error("E024", f"the spec `{name}` is already given{where}", s.span, "rename one of them")
                specs.setdefault(name, s)
            case ast.Block(kind) | ast.Domain(kind):
                kind = kind if isinstance(s, ast.Block) else "domain"
                if kind in kinds:
                    checker.error("E028", f"`{kind}` is given twice", s.span, "keep one of them")
                kinds.add(kind)
    for s in m.of(ast.Block):
        if isinstance(s, ast.Block) and s.kind == "captions" and s.name == "data" and "data" not in kinds:
            remedy = 'add one, for example `data "platformer" { clips: 600 }`, or name a file of captions'
            checker.error("E030", "`captions from data`, but the file has no `data` block", s.span, remedy)


def _statement(s: ast.Statement, checker: FormulaChecker) -> None:
    match s:
        case ast.PredicateSignature(_, params):
            _parameters(params, checker, s.span)
        case ast.Rule():
            check_rule(s, checker)
        case ast.Define(_, params, formula):
            _parameters(params, checker, s.span)
            used = free_variables(formula)
            for p in params:
                if p.name not in used:
                    checker.warn("W001", f"`{p.name}` is never used", p.span or s.span, "leave the parameter out")
            scope = {p.name: ast.Binding(p.name, p.sort) for p in params}
            checker.check(formula, scope)
        case ast.Constraint(formula):
            checker.check(formula, closed=False)
        case ast.Spec(_, formula):
            checker.check(formula)
        case ast.Block(_, _, settings):
            _settings(settings, checker, s.span)


def _parameters(params: tuple[ast.Parameter, ...], checker: FormulaChecker, span: Span | None) -> None:
    names: set[str] = set()
    for p in params:
        if p.name in names:
            checker.error("E060", f"`{p.name}` stands twice among the parameters", p.span or span, "use two names")
        names.add(p.name)
        if p.sort is not None:
            checker.sort(p.sort, p.span or span)


def _settings(settings: ast.Settings, checker: FormulaChecker, span: Span | None) -> None:
    keys: set[str] = set()
    for i, (key, value) in enumerate(settings.items):
        if key in keys:
            place = settings.spans[i] if settings.spans else settings.span or span
            checker.error("E028", f"`{key}` is set twice", place, "keep one of the values")
        keys.add(key)
        if isinstance(value, ast.Settings):
            _settings(value, checker, span)


def _clip(m: ast.Module) -> tuple[int | None, float | None]:
    """Length in frames and frames a second of the clips, where the file's ``data`` block gives them as numbers."""
    for b in cast(list[ast.Block], m.of(ast.Block)):
        if b.kind == "data":
            given = b.settings.as_dict()
            frames, fps = given.get("frames"), given.get("fps")
            return (
                frames if isinstance(frames, int) and frames > 0 else None,
                float(fps) if isinstance(fps, int | float) and fps > 0 else None,
            )
    return None, None
