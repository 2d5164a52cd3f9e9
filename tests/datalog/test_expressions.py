"""Values in rules: arithmetic of every number type against exact integers, casts, comparisons, functions."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nesy.errors import NesyError
from nesy.reasoners.scallopy import ScallopContext

INTEGERS = {
    **{f"i{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 16, 32, 64)},
    **{f"u{n}": (0, 2**n - 1) for n in (8, 16, 32, 64)},
    "isize": (-(2**63), 2**63 - 1),
    "usize": (0, 2**64 - 1),
}


def answers(program: str, relation: str, **facts: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """The tuples of a relation."""
    context = ScallopContext()
    context.add_program(program)
    for name, rows in facts.items():
        context.add_facts(name, rows)
    context.run()
    return set(context.relation(relation))


def expected(symbol: str, a: int, b: int, kind: str) -> int | None:
    """Scallop's rule: + and - saturate, * wraps, / and % truncate to zero; None where there is no value."""
    low, high = INTEGERS[kind]
    if symbol == "+":
        return min(max(a + b, low), high)
    if symbol == "-":
        return min(max(a - b, low), high)
    if symbol == "*":
        return (a * b - low) % (high - low + 1) + low
    if b == 0:
        return None
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    if quotient > high:
        return high if symbol == "/" else 0  # the least number by -1, where Rust stops the program
    return quotient if symbol == "/" else a - quotient * b


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A type, and pairs of its numbers, the ends of its range often among them."""
    kind = draw(st.sampled_from(list(INTEGERS)))
    low, high = INTEGERS[kind]
    ends = [n for n in (low, low + 1, -1, 0, 1, 2, high - 1, high) if low <= n <= high]
    number = st.sampled_from(ends) | st.integers(low, high)
    return kind, draw(st.lists(st.tuples(number, number), min_size=1, max_size=12, unique=True))


@settings(max_examples=150, deadline=None)
@given(pairs())
@example(("i8", [(-128, -1)]))
@example(("i64", [(-(2**63), -1)]))
def test_arithmetic_of_integers(case: tuple[str, list[tuple[int, int]]]):
    kind, rows = case
    rules = f"type v({kind}, {kind})\n"
    for name, symbol in (("plus", "+"), ("minus", "-"), ("times", "*")):
        rules += f"rel {name}(a, b, a {symbol} b) = v(a, b)\n"
    rules += "rel w(a, b) = v(a, b), b != 0\nrel over(a, b, a / b) = w(a, b)\nrel rest(a, b, a % b) = w(a, b)\n"
    for name, symbol in (("plus", "+"), ("minus", "-"), ("times", "*"), ("over", "/"), ("rest", "%")):
        wanted = {(a, b, expected(symbol, a, b, kind)) for a, b in rows if symbol in "+-*" or b}
        assert answers(rules, name, v=rows) == wanted, (kind, symbol)


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_comparisons_of_integers(case: tuple[str, list[tuple[int, int]]]):
    kind, rows = case
    rules = f"type v({kind}, {kind})\n"
    tests = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "==": int.__eq__, "!=": int.__ne__}
    for i, symbol in enumerate(tests):
        rules += f"rel c{i}(a, b) = v(a, b), a {symbol} b\n"
    for i, test in enumerate(tests.values()):
        assert answers(rules, f"c{i}", v=rows) == {(a, b) for a, b in rows if test(a, b)}


@settings(max_examples=60, deadline=None)
@given(pairs(), st.sampled_from(list(INTEGERS)))
def test_casts_between_integers_keep_the_low_bits(case: tuple[str, list[tuple[int, int]]], target: str):
    kind, rows = case
    low, high = INTEGERS[target]
    rules = f"type v({kind}, {kind})\nrel out(a, a as {target}) = v(a, b)\n"
    assert answers(rules, "out", v=rows) == {(a, (a - low) % (high - low + 1) + low) for a, _ in rows}


@pytest.mark.parametrize(
    ("source", "value", "target", "wanted"),
    [
        ("f64", 2.9, "i32", 2), ("f64", -2.9, "i32", -2), ("f64", 1e30, "i8", 127), ("f64", -1.0, "u8", 0),
        ("f64", 1e30, "u64", 2**64 - 1), ("i32", 3, "f32", 3.0), ("u64", 2**63, "f64", 2.0**63),
        ("bool", True, "i32", 1), ("char", "7", "u32", 7), ("i32", -5, "String", "-5"),
        ("bool", True, "String", "true"),
        ("f64", 0.5, "String", "0.5"), ("char", "x", "String", "x"), ("String", "17", "i32", 17),
        ("String", "2.5", "f64", 2.5), ("String", "true", "bool", True), ("String", "z", "char", "z"),
        ("String", "one", "i32", None), ("String", "300", "u8", None), ("String", "-1", "usize", None),
        ("String", "maybe", "bool", None), ("String", "zz", "char", None), ("String", "", "f64", None),
    ],
)  # fmt: skip
def test_casts(source: str, value: object, target: str, wanted: object):
    """A text that is no value of the type gives no tuple."""
    rules = f"type v({source})\nrel out(x as {target}) = v(x)\n"
    assert answers(rules, "out", v=[(value,)]) == (set() if wanted is None else {(wanted,)})


def test_arithmetic_of_floats_and_texts():
    rules = """
    type f(f64, f64)
    type s(String, String)
    rel out(x + y, x - y, x * y, x / y, x % y) = f(x, y)
    rel word(a + b) = s(a, b)
    rel less(a, b) = s(a, b), a < b
    rel sign(-x) = f(x, y), y > 0.0
    """
    facts = {"f": [(7.5, -2.0), (1.0, 0.0), (0.0, 0.0), (-7.5, 2.0)], "s": [("a", "b"), ("b", "a"), ("é", "z")]}
    out = answers(rules, "out", **facts)
    assert out == {(5.5, 9.5, -15.0, -3.75, 1.5), (-5.5, -9.5, -15.0, -3.75, -1.5)}  # 1 % 0 and 0 / 0 are no values
    assert answers(rules, "word", **facts) == {("ab",), ("ba",), ("éz",)}
    assert answers(rules, "less", **facts) == {("a", "b")}
    assert answers(rules, "sign", **facts) == {(7.5,)}
    assert answers("type f(f64)\nrel out(x / 0.0) = f(x)", "out", f=[(1.0,), (0.0,)]) == {(math.inf,)}


def test_logic_of_values():
    rules = """
    type b(bool, bool)
    rel out(x && y, x || y, x ^ y, !x) = b(x, y)
    rel pick(if x then 1 else 2) = b(x, y)
    """
    every = [(x, y) for x in (True, False) for y in (True, False)]
    assert answers(rules, "out", b=every) == {(x and y, x or y, x != y, not x) for x, y in every}
    assert answers(rules, "pick", b=every) == {(1,), (2,)}


FUNCTIONS = {
    "$abs(-3)": 3, "$sign(-2.5)": -1.0, "$floor(-1.5)": -2.0, "$ceil(1.2)": 2.0, "$pow(2, 10)": 1024,
    "$powf(2.0, 0.5)": math.sqrt(2), "$exp(1.0)": math.e, "$exp2(3.0)": 8.0, "$log(1.0)": 0.0, "$log2(8.0)": 3.0,
    "$sin(0.0)": 0.0, "$cos(0.0)": 1.0, "$tan(0.0)": 0.0, "$asin(1.0)": math.pi / 2, "$acos(1.0)": 0.0,
    "$atan(1.0)": math.pi / 4, "$atan2(1.0, 1.0)": math.pi / 4, "$max(1, 5, 3)": 5, "$min(4, 2)": 2,
    '$string_concat("a", "b", "c")': "abc", '$string_length("é")': 2, '$string_char_at("abc", 1)': "b",
    '$substring("hello", 1, 3)': "el", '$substring("hello", 2)': "llo", '$string_upper("aé")': "AÉ",
    '$string_lower("AB")': "ab", '$string_index_of("hello", "lo")': 3, '$string_replace("aXbX", "X", "-")': "a-b-",
    '$string_trim("  a ")': "a", '$format("{} of {}", 2, "x")': "2 of x",
}  # fmt: skip


@pytest.mark.parametrize("call", FUNCTIONS)
def test_functions(call: str):
    ((value,),) = answers(f"rel one = {{0}}\nrel out({call}) = one(_)", "out")
    wanted = FUNCTIONS[call]
    assert value == (pytest.approx(wanted, rel=1e-6, abs=1e-7) if isinstance(wanted, float) else wanted)


@pytest.mark.parametrize(
    "call",
    ["$log(-1.0)", "$asin(2.0)", '$string_char_at("a", 7)', '$string_index_of("a", "b")', '$format("{}", 1, 2)'],
)
def test_a_function_without_a_value_gives_no_tuple(call: str):
    assert answers(f"rel one = {{0}}\nrel out({call}) = one(_)", "out") == set()


def test_hashes_agree_and_differ():
    rules = 'type s(String, i32)\nrel h(a, $hash(a, b)) = s(a, b)\nrel same(a) = s(a, b), $hash(a) == $hash("x")'
    hashes = dict(answers(rules, "h", s=[("x", 1), ("y", 1)]))
    assert hashes["x"] != hashes["y"] and all(0 <= h < 2**64 for h in hashes.values())
    assert answers(rules, "same", s=[("x", 1), ("y", 1)]) == {("x",)}


PREDICATES = {
    "rel out(x) = range<i32>(0, 3, x)": {(0,), (1,), (2,)},
    "rel out(x) = range<f32>(0.0, 2.0, x)": {(0.0,), (1.0,)},
    "rel n = {1}\nrel out(x) = n(a), x in a..3": {(1,), (2,)},
    "rel n = {1}\nrel out(x) = n(a), x in a..=3": {(1,), (2,), (3,)},
    'rel out(i, c) = string_chars("ab", i, c)': {(0, "a"), (1, "b")},
    'rel out(i, j) = string_find("abab", "ab", i, j)': {(0, 2), (2, 4)},
    'rel out(i) = string_index("abab", "ab", i)': {(0,), (2,)},
    'rel out(s) = string_split("a,b,,c", ",", s)': {("a",), ("b",), ("",), ("c",)},
    "rel n = {(1.0, 1.0), (1.0, 2.0)}\nrel out(x, y) = n(x, y), float_eq<f32>(x, y)": {(1.0, 1.0)},
}


@pytest.mark.parametrize("program", PREDICATES)
def test_predicates(program: str):
    assert answers(program, "out") == PREDICATES[program]


def test_soft_comparisons_have_the_probability_of_the_sigmoid():
    context = ScallopContext(provenance="minmaxprob")
    context.add_program(
        "type v(f32, f32)\nrel v = {(1.0, 2.0)}\n"
        + "".join(f"rel {n}(x) = v(x, y), soft_{n}<f32>(x, y)\n" for n in ("lt", "gt", "eq", "neq"))
    )
    context.run()
    s = 1 / (1 + math.exp(-1))
    found = {n: next(iter(context.relation(n)))[0] for n in ("lt", "gt", "eq", "neq")}
    wanted = {"lt": s, "gt": 1 - s, "eq": 1 / math.cosh(0.5), "neq": 1 - 1 / math.cosh(0.5)}
    assert found == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("rel a = {(1, 0)}\nrel out(x / y) = a(x, y)", "divide by zero"),
        ("rel a = {1}\nrel out($abs(x, x)) = a(x)", "takes 1 argument"),
        ("rel a = {1}\nrel out($abss(x)) = a(x)", "abs"),
    ],
)
def test_mistakes_have_a_place(program: str, told: str):
    with pytest.raises(NesyError) as error:
        answers(program, "out")
    assert told in str(error.value) and ":2:" in str(error.value)
