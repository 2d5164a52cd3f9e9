"""Values: casts, text of floats, what overflows, guarded divisions, literals with escapes, families of types."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nesy.errors import NesyError
from nesy.reasoners import scallopy
from nesy.reasoners.datalog import values
from nesy.reasoners.datalog.parser import parse


def run(program: str, relation: str = "r", provenance: str = "unit") -> list[Any]:
    ctx = scallopy.Context(provenance)
    ctx.add_program(program)
    ctx.run()
    return list(ctx.relation(relation))


def test_a_character_casts_to_its_digit() -> None:
    assert run("rel a = {'5', 'x', '٣'}\nrel r(x as i32) = a(x)") == [(5,)]


@pytest.mark.parametrize("text", ["1_000", " 5 ", "٣", "1e3", "", "+", "--1"])
def test_only_plain_digits_are_an_integer(text: str) -> None:
    assert run(f'rel a = {{"{text}", "+3", "-7"}}\nrel r(x as i32) = a(x)') == [(-7,), (3,)]


@pytest.mark.parametrize("text", ["1_0.5", "nan", " 2.5", "0x10", ".", "e5"])
def test_only_plain_numbers_are_a_float_and_nan_is_no_value(text: str) -> None:
    assert run(f'rel a = {{"{text}", "+.5", "1.5e1", "inf"}}\nrel r(x as f64) = a(x)') == [(0.5,), (15.0,), (math.inf,)]


def test_floats_print_in_the_digits_of_their_type() -> None:
    text = "type a({0})\nrel a = {{0.1, 2.0, 100000000000000000000.0, 0.000001}}\nrel r(x as String) = a(x)"
    expected = ["0.000001", "0.1", "100000000000000000000", "2"]
    for kind in ("f32", "f64"):
        assert run(text.format(kind)) == [(t,) for t in expected]
        assert run(text.format(kind).replace("x as String", '$format("{}", x)')) == [(t,) for t in expected]
    assert run("rel r(x as String, (0.0 - x) as String) = x == 1.0 / 0.0") == [("inf", "-inf")]


def test_infinity_is_kept_and_nan_dropped() -> None:
    assert run("rel r($exp(1000.0))") == [(math.inf,)]
    assert run("rel r($log(0.0), $floor(1.0 / 0.0), $powf(10.0, 99.0))") == [(-math.inf, math.inf, math.inf)]
    for gone in ("$log(-1.0)", "$asin(2.0)", "0.0 / 0.0", "$powf(-8.0, 0.5)"):
        assert run(f"rel r({gone})") == []


def test_a_power_no_type_can_hold_is_dropped_at_once() -> None:
    assert run("rel r($pow(10, 4000000000))") == []
    assert run("rel r($pow(-1, 4000000001), $pow(2, 30), $pow(2.0, 3))") == [(-1, 2**30, 8.0)]


def test_a_test_guards_a_division() -> None:
    rows = "rel a = {(6, 3), (7, 0), (7, 2)}\n"
    assert run(rows + "rel r(x, if y == 0 then 0 else x / y) = a(x, y)") == [(6, 2), (7, 0), (7, 3)]
    assert run(rows + "rel r(x, y) = a(x, y), x % y == 1, y != 0") == [(7, 2)]
    assert run(rows + "rel r(x, z) = a(x, y), z == x / y, y > 0") == [(6, 2), (7, 3)]
    with pytest.raises(NesyError, match="divide by zero"):
        run(rows + "rel r(x / y) = a(x, y)")


def test_a_closed_range_of_floats_takes_its_end_if_it_is_met() -> None:
    assert run("rel r(x) = x in 0.5..=2.5") == [(0.5,), (1.5,), (2.5,)]
    assert run("rel r(x) = x in 0.5..=2.0") == [(0.5,), (1.5,)]


def test_soft_equality_is_the_hyperbolic_secant_of_half_the_difference() -> None:
    ctx = scallopy.Context("minmaxprob")
    ctx.add_program("rel r() = soft_eq<f32>(1.0, 2.0)\nrel n() = soft_neq<f32>(1.0, 2.0)\nrel s() = soft_eq<i32>(4, 4)")
    ctx.run()
    found = [float(next(iter(ctx.relation(r)))[0]) for r in "rns"]
    assert found == pytest.approx([1 / math.cosh(0.5), 1 - 1 / math.cosh(0.5), 1.0])


def test_escapes_in_every_kind_of_literal() -> None:
    assert run(r'rel r("""a\n\"\"\"b""", "\u{e9}\t", ' + r"'\u{1F44D}', '\'')") == [('a\n"""b', "é\t", "👍", "'")]
    assert run('rel r("""say\n"hi" """)') == [('say\n"hi" ',)]


def test_brackets_in_literals_are_no_brackets() -> None:
    row = '\'(\', "[", \'\\u{28}\', """{("""'
    assert len(parse("rel a = {" + ", ".join(f"({i}, {row})" for i in range(250)) + "}").items) == 1


def test_offsets_of_syntax_errors_count_bytes() -> None:
    with pytest.raises(NesyError, match="found at 13:14"):
        parse('rel a("éé")) = b()')


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ('rel r($abs("x"))', "`\\$abs` is for numbers"),
        ("rel r($sin(true))", "`\\$sin` is for floats"),
        ("type a(i32)\nrel r($exp(x)) = a(x)", "is for floats, not for `i32`"),
        ('rel r(x) = range<String>("a", "c", x)', "`range` is for numbers"),
        ("rel r(x) = range<i32, i32>(0, 3, x)", "takes 1 type arguments"),
        ('rel a = {"x"}\nrel r(n) = n := sum(x: a(x))', "aggregate `sum` is for numbers"),
        ("rel a = {true}\nrel r(n) = n := avg(x: a(x))", "aggregate `avg` is for numbers"),
        ("rel a = {1}\nrel r(n) = n := string_join(x: a(x))", "cannot unify"),
    ],
)
def test_types_outside_a_family_are_errors_with_a_place(program: str, message: str) -> None:
    with pytest.raises(NesyError, match=message) as error:
        run(program)
    assert error.value.span is not None


def test_an_integer_literal_becomes_the_float_that_a_function_needs() -> None:
    assert run("rel r($powf(2, 3))") == [(8.0,)]


def test_growing_strings_meet_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MAX_TEXT", 10_000)
    with pytest.raises(NesyError, match="more than 10000 characters"):
        run('rel r("a")\nrel r(x + x) = r(x)')
