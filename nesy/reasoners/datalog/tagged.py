"""Rules from Python with a tag and a demand pattern of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from nesy.errors import NesyError, Span
from nesy.reasoners.datalog import syntax as ast


def with_tag(program: ast.Program, tag: Any, demand: str | None) -> ast.Program:
    """The program with ``tag`` on its rules, a probability or None, and a demand pattern if given."""
    probability = None if tag is None else _probability(tag)
    items: list[ast.Item] = []
    for item in program.items:
        if isinstance(item, ast.Rule) and probability is not None:
            if item.tag is not None:
                raise NesyError("the rule has a tag already", span=item.tag.span, source=program.source)
            item = replace(item, tag=ast.Const(item.span, probability, "float"))
        elif probability is not None:
            hint = "only rules and single facts have one"
            raise NesyError("this cannot have a tag", span=item.span, source=program.source, hint=hint)
        if demand is not None and isinstance(item, ast.Rule | ast.FactSet | ast.AggregateRule):
            item = replace(item, attributes=(*item.attributes, _demand(item.span, demand)))
        items.append(item)
    return replace(program, items=tuple(items))


def _demand(span: Span, pattern: str) -> ast.Attribute:
    return ast.Attribute(span, "demand", (pattern,), ())


def _probability(tag: Any) -> float:
    if isinstance(tag, Tensor) and tag.requires_grad:
        hint = "give the probability to a fact, and let the rule ask for it: `h(x) = b(x), rule(1)`"
        raise NesyError("the tag of a rule gets no gradient", hint=hint)
    try:
        value = float(tag)
    except (TypeError, ValueError, RuntimeError):
        raise NesyError(f"{tag!r} is not a probability", hint="a tag is a number between 0 and 1") from None
    if not 0 <= value <= 1:
        raise NesyError(f"probability {value:g} is not between 0 and 1")
    return value
