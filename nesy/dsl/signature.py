"""The names that a formula may use, and what each of them takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nesy.dsl import ast
from nesy.dsl.words import BUILTIN_UNARY
from nesy.errors import Span

Kind = Literal[
    "class", "unary predicate", "binary predicate", "custom predicate", "rule", "macro", "built-in predicate"
]


@dataclass(frozen=True)
class Signature:
    """The vocabulary of a module or of a scene graph.

    classes, unary, binary: learned names in the order of their declaration.
    predicates: signatures of custom predicates.
    rules: the rules of each head, all alternatives together.
    defines: macros.
    """

    classes: tuple[str, ...] = ()
    unary: tuple[str, ...] = ()
    binary: tuple[str, ...] = ()
    predicates: Mapping[str, ast.PredicateSignature] = field(default_factory=dict)
    rules: Mapping[str, tuple[ast.Rule, ...]] = field(default_factory=dict)
    defines: Mapping[str, ast.Define] = field(default_factory=dict)

    @classmethod
    def of(cls, *, classes: Iterable[str] = (), unary: Iterable[str] = (), binary: Iterable[str] = ()) -> Signature:
        """The signature of a vocabulary alone, for example of a scene graph's."""
        return cls(tuple(classes), tuple(unary), tuple(binary))

    @classmethod
    def from_module(cls, module: ast.Module) -> Signature:
        """What ``module`` and the modules that it imports declare; of a name declared twice the first one counts."""
        learned: dict[str, dict[str, None]] = {"class": {}, "unary": {}, "binary": {}}
        predicates: dict[str, ast.PredicateSignature] = {}
        rules: dict[str, tuple[ast.Rule, ...]] = {}
        defines: dict[str, ast.Define] = {}
        for m in modules_of(module):
            for s in m.statements:
                match s:
                    case ast.Declaration(kind, names):
                        learned[kind].update(dict.fromkeys(names))
                    case ast.PredicateSignature(name):
                        predicates.setdefault(name, s)
                    case ast.Rule(head):
                        rules[head.predicate] = (*rules.get(head.predicate, ()), s)
                    case ast.Define(name):
                        defines.setdefault(name, s)
        return cls(
            tuple(learned["class"]), tuple(learned["unary"]), tuple(learned["binary"]), predicates, rules, defines
        )

    def kind(self, name: str) -> Kind | None:
        """What ``name`` is, None when it is unknown."""
        tables: tuple[tuple[Iterable[str], Kind], ...] = (
            (self.classes, "class"),
            (self.unary, "unary predicate"),
            (self.binary, "binary predicate"),
            (self.predicates, "custom predicate"),
            (self.rules, "rule"),
            (self.defines, "macro"),
            (BUILTIN_UNARY, "built-in predicate"),
        )
        return next((kind for names, kind in tables if name in names), None)

    def parameters(self, name: str) -> tuple[ast.Parameter, ...] | None:
        """The parameters of a predicate, with the classes that they demand; None when it is unknown."""
        match self.kind(name):
            case "class" | "unary predicate" | "built-in predicate":
                return (ast.Parameter("object"),)
            case "binary predicate":
                return (ast.Parameter("subject"), ast.Parameter("object"))
            case "custom predicate":
                return self.predicates[name].params
            case "rule":
                return tuple(ast.Parameter(a) for a in self.rules[name][0].head.args)
            case "macro":
                return self.defines[name].params
        return None

    def names(self) -> list[str]:
        """Everything that can be asked of objects."""
        return [*self.classes, *self.unary, *self.binary, *self.predicates, *self.rules, *self.defines, *BUILTIN_UNARY]


def modules_of(module: ast.Module) -> Iterator[ast.Module]:
    """The imported modules, innermost first and each once, then ``module`` itself."""
    seen: set[int] = set()
    stack: list[tuple[ast.Module, bool]] = [(module, False)]
    while stack:
        m, ready = stack.pop()
        if ready:
            yield m
        elif id(m) not in seen:
            seen.add(id(m))
            stack.append((m, True))
            stack.extend((i, False) for i in reversed(m.imports))


def declared(s: ast.Statement) -> list[tuple[str, Span | None]]:
    """The names that a statement declares."""
    match s:
        case ast.Declaration(_, names):
            return [(n, s.spans[i] if s.spans else s.span) for i, n in enumerate(names)]
        case ast.PredicateSignature(name) | ast.Define(name):
            return [(name, s.span)]
        case ast.Rule(head):
            return [(head.predicate, head.span)]
    return []
