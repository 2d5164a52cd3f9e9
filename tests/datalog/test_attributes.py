"""Foreign attributes: declarations that Python turns into functions and predicates."""

from __future__ import annotations

from typing import Any

import pytest

from nesy.errors import NesyError
from nesy.reasoners import scallopy


@scallopy.foreign_attribute
def plus(item: Any, amount: int) -> Any:
    assert item.is_function_decl(), "only before a function"
    (kind,) = item.function_decl_arg_types()
    assert kind.is_i32() and item.function_decl_ret_type().is_i32(), "only (i32) -> i32"

    @scallopy.foreign_function(name=item.function_decl_name())
    def add(x: scallopy.i32) -> scallopy.i32:  # type: ignore[valid-type]
        return x + amount

    return add


@scallopy.foreign_attribute
def joined(item: Any, separator: str = ",") -> Any:
    assert item.is_relation_decl() and len(item.relation_decls()) == 1
    relation = item.relation_decl(0)
    kinds = [b.ty for b in relation.arg_bindings]
    adornments = [b.adornment for b in relation.arg_bindings]
    assert all(k.is_string() for k in kinds), "only texts"
    assert all(a is not None and a.is_bound() for a in adornments[:-1]), "all but the last are bound"
    assert adornments[-1] is None or adornments[-1].is_free(), "the last is free"

    @scallopy.foreign_predicate(
        name=relation.name.name, input_arg_types=kinds[:-1], output_arg_types=kinds[-1:]
    )  # fmt: skip
    def f(*args: str) -> scallopy.Generator[None, str]:
        yield (separator.join(args),)  # type: ignore[misc]

    return f


@scallopy.foreign_attribute
def noted(item: Any) -> None:
    """Changes nothing."""


def context() -> scallopy.ScallopContext:
    ctx = scallopy.Context()
    for attribute in (plus, joined, noted):
        ctx.register_foreign_attribute(attribute)
    return ctx


def test_a_function() -> None:
    for ctx in (context(), context().clone()):
        ctx.add_program("@plus(3)\ntype $more(x: i32) -> i32\nrel s = {(1,)}\nrel r($more(x)) = s(x)")
        ctx.run()
        assert list(ctx.relation("r")) == [(4,)]


@pytest.mark.parametrize(
    ("use", "last", "text"), [("", "", "x,y"), ('("-")', "free ", "x-y"), ('(separator="")', "", "xy")]
)
def test_a_predicate(use: str, last: str, text: str) -> None:
    ctx = context()
    ctx.add_program(
        f"@joined{use} type both(bound a: String, bound b: String, {last}c: String)\n"
        'rel s = {("x", "y")}\nrel r(c) = s(a, b) and both(a, b, c)'
    )
    ctx.run()
    assert list(ctx.relation("r")) == [(text,)]


def test_an_attribute_without_result_leaves_the_declaration() -> None:
    ctx = context()
    ctx.add_program("@noted type a(i32)\nrel a(1)")
    ctx.run()
    assert list(ctx.relation("a")) == [(1,)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@plus(3) type $f(x: usize) -> i32", r"only \(i32\) -> i32"),
        ("@plus type $f(x: i32) -> i32", "missing 1 required"),
        ("@plus(1) type f(i32)", "only before a function"),
        ("@joined type f(bound a: String, b: String, c: String)", "all but the last"),
        ("@unheard type f(i32)", "Unknown attribute `@unheard`"),
        ("type $f(x: i32) -> i32", "not supported yet: a type declaration"),
    ],
)
def test_mistakes(text: str, words: str) -> None:
    ctx = context()
    with pytest.raises(NesyError, match=words) as caught:
        ctx.add_program(text)
    assert caught.value.span is not None and caught.value.span.line == 1
    ctx.add_program("rel fine(1)")
    with pytest.raises(NesyError, match="already exists"):
        ctx.register_foreign_attribute(plus)
    with pytest.raises(NesyError, match="decorate it"):
        ctx.register_foreign_attribute(len)  # type: ignore[arg-type]


def test_a_program_that_fails_registers_nothing() -> None:
    ctx = context()
    with pytest.raises(NesyError, match="unbounded"):
        ctx.add_program("@plus(3) type $more(x: i32) -> i32\nrel r(y) = r(x)")
    ctx.add_program("@plus(4) type $more(x: i32) -> i32\nrel r($more(1))")
    ctx.run()
    assert list(ctx.relation("r")) == [(5,)]
