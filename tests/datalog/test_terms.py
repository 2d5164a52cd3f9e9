"""Terms of data types that the program writes out, exclusive sets of computed facts, ranges and inversion."""

from __future__ import annotations

from typing import Any

import pytest

from nesy.errors import NesyError
from nesy.reasoners import scallopy

EXPR = "type Expr = Num(i32) | Name(String) | Add(Expr, Expr)\nconst P = Add(Num(1), Num(2))\n"
VALUE = "rel v(e, n) = case e is Num(n)\nrel v(e, a + b) = case e is Add(x, y), v(x, a), v(y, b)\n"


def run(program: str, relation: str, provenance: str = "unit") -> Any:
    ctx = scallopy.Context(provenance, k=20)
    ctx.add_program(program)
    ctx.run()
    found = list(ctx.relation(relation))
    return found if provenance in ("unit", "proofs") else {t: pytest.approx(float(p)) for p, t in found}


@pytest.mark.parametrize(
    ("program", "relation", "expected"),
    [
        ("rel r(n) = v(P, n)", "r", [(3,)]),
        ("rel r(n) = P == e, v(e, n)", "r", [(3,)]),
        ("rel r(n) = case P is Add(Num(n), _)", "r", [(1,)]),
        ("rel r(n) = v(Add(Num(5), P), n)", "r", [(8,)]),
        ("rel e = {P, Num(5)}\nrel r(n) = e(x), x != P, v(x, n)", "r", [(5,)]),
        ("rel e = {P, Num(5)}\nrel r(n) = e(x), not same(x, P), v(x, n)\nrel same(x, x) = e(x)", "r", [(5,)]),
        ("rel e = {(P, 1), (Num(6), 2)}\nrel r(n) = f(_, n)\nrel f(x, n) = e(x, n), not e(P, n)", "r", [(2,)]),
        ("rel e = {(P, 1), (Num(6), 2)}\nquery e(Num(n), m)\nrel r(m) = e(Num(n), m)", "r", [(2,)]),
    ],
)
def test_a_term_of_constants_is_a_value(program: str, relation: str, expected: Any) -> None:
    assert run(EXPR + VALUE + program, relation) == expected


def test_a_query_may_name_a_constant_term_or_a_pattern() -> None:
    text = EXPR + "rel e = {(P, 1), (Num(6), 2)}\nquery e(P, x)\nquery e(Num(n), x)"
    assert [t[1] for t in run(text, "e(P, x)")] == [1]
    assert [t[1] for t in run(text, "e(Num(n), x)")] == [2]


def test_constructors_may_take_aliases_and_enums_in_any_order() -> None:
    text = "type E = C(Id, Hue) | D(Id)\ntype Id = usize\ntype Hue = RED | BLUE\nrel e = {C(3, BLUE), D(4)}\n"
    assert run(text + "rel r(i, h) = e(x), case x is C(i, h)", "r") == [(3, 1)]
    with pytest.raises(NesyError, match="unknown type `Foo`"):
        run("type E = C(Foo) | D(i32)", "e")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("rel e = {Num(1, 2)}", "takes 1 arguments, not 2"),
        ("rel r(x) = e(x), case x is Num(a, b)\nrel e = {P}", "takes 1 arguments, not 2"),
        ("rel r(a) = e(x), x == Num(a)\nrel e = {P}", "expected a value"),
        ("rel r(1) = e(q(1))\nrel e = {1}", "expected a value"),
        ("rel e = {Nub(1)}", "expected a value"),
    ],
)
def test_wrong_terms_have_a_place(program: str, message: str) -> None:
    with pytest.raises(NesyError, match=message) as error:
        run(EXPR + program, "e")
    assert error.value.span is not None


@pytest.mark.parametrize(
    "entries",
    [
        "{0.3::(1 + 1); 0.7::3}", "{0.3::(1 + 1); 0.7::(2 + 1)}", "{(0.6 / 2.0)::2; 0.7::3}", "{0.3::TWO; 0.7::3}",
        "{0.3::$abs(-2); 0.7::3}", '{0.3::("2" as i32); 0.7::3}',
    ],
)  # fmt: skip
def test_exclusive_facts_exclude_each_other_however_they_are_written(entries: str) -> None:
    text = f"const TWO = 2\nrel a = {entries}\nrel both() = a(2), a(3)\nrel any() = a(_)"
    assert run(text, "a", "exact") == {(2,): 0.3, (3,): 0.7}
    assert run(text, "both", "exact") == {}
    assert run(text, "any", "exact") == {(): 1.0}
    assert run(text, "both", "topkproofs") == {}


def test_exclusive_terms() -> None:
    text = "type E = C(i32) | D(i32)\nrel e = {0.3::C(1); 0.7::D(2)}\nrel both() = e(C(1)), e(D(2))"
    assert run(text, "both", "exact") == {}


@pytest.mark.parametrize("provenance", ["topkproofs", "topbottomkclauses", "exact", "proofs"])
def test_alternatives_without_tags_exclude_each_other(provenance: str) -> None:
    """Scallop gives each tag one; a distribution has to share what the others leave."""
    text = "rel a = {1; 2}\nrel both() = a(1), a(2)"
    assert len(run(text, "both", provenance)) == 0
    share = 0.5 if provenance == "exact" else 1.0
    if provenance != "proofs":
        assert run(text, "a", provenance) == {(1,): share, (2,): share}


def test_exact_shares_the_rest_among_alternatives_without_tags() -> None:
    assert run("rel a = {0.4::1; 2; 3}", "a", "exact") == {(1,): 0.4, (2,): 0.3, (3,): 0.3}


@pytest.mark.parametrize("provenance", ["exact", "topkproofs"])
@pytest.mark.parametrize("heads", ["h(x, 0); h(x, 1)", "h(x, x); h(x, x + 1)"])
def test_alternative_heads(provenance: str, heads: str) -> None:
    text = f"rel a = {{0.5::0}}\nrel {{{heads}}} = a(x)\nrel both() = h(x, 0), h(x, 1)"
    share = 0.25 if provenance == "exact" else 0.5
    assert run(text, "h", provenance) == {(0, 0): share, (0, 1): share}
    assert run(text, "both", provenance) == {}


def test_alternative_heads_that_make_terms_exclude_each_other() -> None:
    text = "type E = C(i32) | D(i32)\nrel a = {1}\nrel 0.4::{h(new C(x)); h(new D(x))} = a(x)\n"
    assert run(text + "rel both() = h(C(_)), h(D(_))", "both", "exact") == {}
    text = "rel a = {(1, 1), (1, 2)}\nrel 0.4::{h(x, 0); h(x, 1)} = a(x, _)"  # a wildcard makes no choice of its own
    assert run(text, "h", "exact") == {(1, 0): 0.4, (1, 1): 0.4}


@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_sums_of_floats_are_inverted_up_to_rounding(kind: str) -> None:
    ctx = scallopy.Context()
    ctx.add_program(f"type a({kind})\nrel b(x) = a(x + 0.1)\nrel d(x) = a(x - 0.7)\nrel c(x) = a(0.3 - x)")
    ctx.add_facts("a", [(i / 100,) for i in range(1, 200)])
    ctx.run()
    assert [len(list(ctx.relation(r))) for r in "bdc"] == [199, 199, 199]


@pytest.mark.parametrize(
    ("kind", "ends", "expected"),
    [
        ("u8", "250..=255", list(range(250, 256))),
        ("u8", "250..255", list(range(250, 255))),
        ("i32", "2147483646..=2147483647", [2147483646, 2147483647]),
        ("u64", "18446744073709551614..=18446744073709551615", [2**64 - 2, 2**64 - 1]),
        ("usize", "9223372036854775807..=9223372036854775808", [2**63 - 1, 2**63]),
        ("i64", "-9223372036854775808..=-9223372036854775808", [-(2**63)]),
        ("i64", "3..=2", []),
    ],
)
def test_ranges_keep_their_last_values(kind: str, ends: str, expected: list[int]) -> None:
    assert run(f"type b(x: {kind})\nrel b(x) = x in {ends}", "b") == [(x,) for x in expected]


@pytest.mark.parametrize("kind", ["u64", "i64"])
def test_a_range_that_is_too_long_is_an_error_and_not_empty(kind: str) -> None:
    with pytest.raises(NesyError, match="budget"):
        run(f"type b(x: {kind})\nrel b(x) = x in 5..9223372036854775807", "b")
