"""The vocabulary of a domain as the checker's signature, with what the domain's file says about each name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from nesy.dsl import ast
from nesy.dsl.signature import Signature, declared, modules_of
from nesy.dsl.words import BUILTIN_UNARY
from nesy.synthesis.base import Names


@dataclass(frozen=True)
class Documented(Signature):
    """A signature whose names may have a sentence of explanation."""

    docs: Mapping[str, str] = field(default_factory=dict)


Use = tuple[str, str]
"""What a name is used as (class, unary or binary), and the name."""


def uses(formula: ast.Formula) -> set[Use]:
    """The classes and predicates that a formula uses; a predicate of three or more objects counts as what it is.

    >>> from nesy.dsl.parser import parse_formula
    >>> sorted(uses(parse_formula("exists d: dog { eventually near(d, d) }")))
    [('binary', 'near'), ('class', 'dog')]
    """
    found: set[Use] = set()
    for f in ast.walk(formula):
        match f:
            case ast.Atom(name, args) if not (len(args) == 1 and name in BUILTIN_UNARY):
                found.add(({1: "unary", 2: "binary"}.get(len(args), f"{len(args)} objects"), name))
            case ast.Exists(bindings) | ast.Forall(bindings) | ast.ExistsAtLeast(_, bindings):
                found |= {("class", b.sort) for b in bindings if b.sort}
            case ast.Count(_, _, bindings):
                found |= {("class", b.sort) for b in bindings if b.sort}
    return found


@dataclass(frozen=True)
class OpenDomain(Documented):
    """The domain of captions that nobody has declared one for: a formula may use any names, each in one role."""

    def around(self, formula: ast.Formula) -> Signature:
        """The signature of the names that a formula uses itself."""
        used = sorted(uses(formula))
        return Signature.of(
            classes=[n for k, n in used if k == "class"],
            unary=[n for k, n in used if k == "unary" and ("class", n) not in used],
            binary=[n for k, n in used if k == "binary" and ("unary", n) not in used and ("class", n) not in used],
        )


def signature_of(names: Names) -> Signature:
    """``names`` itself if it is a signature (it may have macros and custom predicates), else one of its names alone."""
    if isinstance(names, Signature):
        return names
    return Signature.of(classes=names.classes, unary=names.unary, binary=names.binary)


def documented(module: ast.Module) -> Documented:
    """The signature of a module with the comments of its declarations.

    A comment at the end of the line in which a name is declared is about that name if it is the only one declared in
    that line, else about all names of the line; a comment line above a statement is about all its names that have none.

    >>> from nesy.dsl.parser import parse_module
    >>> documented(parse_module("unary asleep // eyes closed, not moving")).docs
    {'asleep': 'eyes closed, not moving'}
    """
    docs: dict[str, str] = {}
    for m in modules_of(module):
        lines = m.source.split("\n")
        for s in m.statements:
            if s.span is None:
                continue
            above = _above(lines, s.span.line)
            for name, span in declared(s):
                place = span or s.span
                beside = _comment(lines[place.line - 1]) if place.line <= len(lines) else ""
                if isinstance(s, ast.Rule | ast.Define) and s.span.end_line != s.span.line:
                    beside = ""
                if beside or above:
                    docs.setdefault(name, beside or above)
    signature = Signature.from_module(module)
    return Documented(**{f.name: getattr(signature, f.name) for f in fields(signature)}, docs=docs)


def _comment(line: str) -> str:
    """The text of a line's comment; declarations have no strings in which ``//`` could stand."""
    return line.partition("//")[2].strip()


def _above(lines: list[str], line: int) -> str:
    """The comment lines directly above a line, as one text."""
    found: list[str] = []
    i = line - 2
    while 0 <= i < len(lines) and lines[i].strip().startswith("//"):
        found.insert(0, _comment(lines[i]))
        i -= 1
    return " ".join(found)
