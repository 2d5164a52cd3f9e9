import pytest

from nesy.errors import SpecSyntaxError
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.context import ScallopContext
from nesy.reasoners.datalog.parser import parse


def test_comma_binds_atoms_and_does_not_mix_with_or() -> None:
    rule = parse("rel b(x) = a(x), c(x)").items[0]
    assert isinstance(rule, ast.Rule) and isinstance(rule.body, ast.Op) and rule.body.symbol == "and"
    with pytest.raises(SpecSyntaxError) as error:
        parse("rel a={3}\nrel c={3}\nrel b(x)=c(x),a(x) or c(x)")
    assert error.value.span is not None and (error.value.span.line, error.value.span.column) == (3, 20)
    assert "Unrecognized token `or` found at 39:41" in str(error.value)


def test_and_binds_tighter_than_or_and_implies_is_lowest() -> None:
    rule = parse("rel r(x) = a(x) or b(x) and not c(x) implies d(x)").items[0]
    assert isinstance(rule, ast.Rule) and isinstance(rule.body, ast.Op)
    assert rule.body.symbol == "implies"
    left = rule.body.args[0]
    assert isinstance(left, ast.Op) and left.symbol == "or"
    assert isinstance(left.args[1], ast.Op) and left.args[1].symbol == "and"


def test_subtraction_needs_no_blank() -> None:
    head = parse("rel b(x-1) = a(x)").items[0]
    assert isinstance(head, ast.Rule) and isinstance(head.heads[0].args[0], ast.Op)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("rel a(", 1, 7), ("rel a = {1}\nrel 1 = {2}", 2, 7), ("rel a(x) = b(x\n", 1, 15), ("rel a = {1; 2, 3}", 1, 1)],
)
def test_errors_have_places(text: str, line: int, column: int) -> None:
    with pytest.raises(SpecSyntaxError) as error:
        parse(text, "p.scl")
    span = error.value.span
    assert span is not None and (span.file, span.line, span.column) == ("p.scl", line, column)
    assert "^" in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected", "help"),
    [
        ("rel edge(1, 2", ('")"', '","', '":"'), None),
        ("rel a = {0.3::1, 2::}", ("a value",), None),
        ("rel p(x) = q(x) and not", ("a formula",), None),
        ("rel a = {(1, 2) (3, 4)}", ('","', '"::"', '";"', '"}"', "an operator"), None),
        ("query", ("a name",), None),
        (
            "p(1)",
            ("the end of the program", "the next `rel`, `type`, `const`, `query` or `import`"),
            "begin with `rel`",
        ),
        ("type Color = RED GREEN", None, "type Color = RED | GREEN"),
        ("rel p(x): q(x)", None, "a rule is `rel head(x) = body(x)`"),
        ("rel p(x) = q(x), and r(x)", None, "`,` does not mix with `or`/`and`"),
        ("rel p(1).", None, "without a full stop"),
    ],
)
def test_what_could_stand_there_is_told_as_it_is_written(text: str, expected: object, help: str | None) -> None:
    with pytest.raises(SpecSyntaxError) as error:
        parse(text)
    assert not expected or error.value.expected == expected
    assert (help in (error.value.hint or "")) if help else error.value.hint is None
    assert not any(word in str(error.value) for word in ("__anon", "bang", "underscore", "circumflex", "vbar", "tilde"))


def test_unsupported_features_are_named() -> None:
    with pytest.raises(SpecSyntaxError, match="not supported yet: DateTime literals"):
        parse('rel a = {t"2020-01-01"}')


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(SpecSyntaxError, match="nested deeper"):
        parse("rel a(x) = " + "(" * 500 + "b(x)" + ")" * 500)
    with pytest.raises(SpecSyntaxError):
        parse("rel a(x) = b(" + "-" * 100_000 + "x)")


def test_a_subtype_is_its_base_type() -> None:
    ctx = ScallopContext()
    ctx.add_program('type Id <: usize\ntype Name <: &str\ntype r(Id, Name)\nrel r = {(1, "a")}')
    assert ctx.kinds("r") == ("usize", "String")
