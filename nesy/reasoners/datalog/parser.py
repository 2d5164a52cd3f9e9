"""Text to syntax tree: the Lark grammar beside this file, and errors with a place."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError
from lark.lexer import PatternStr
from lark.tree import Meta

from nesy.errors import NesyError, Span, SpecSyntaxError
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.mistakes import syntax_error

MAX_SOURCE = 10_000_000
MAX_DEPTH = 200
# brackets, and what may hold brackets that are none: strings, characters, comments
_BRACKETS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\])*"'
    r"|'(?:\\u\{[0-9a-fA-F]+\}|\\.|[^'\\])'|//[^\n]*|/\*.*?\*/|[(\[{]|[)\]}]",
    re.DOTALL,
)

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def parse(text: str, file: str = "<program>") -> ast.Program:
    """Parse a Scallop program; raises ``SpecSyntaxError`` with line, column and what was expected."""
    if not isinstance(text, str):
        raise SpecSyntaxError(f"a program is a text, not `{type(text).__name__}`")
    if len(text) > MAX_SOURCE:
        raise SpecSyntaxError(f"the program is longer than {MAX_SOURCE} characters", hint="read facts from CSV files")
    _check_depth(text, file)
    try:
        tree = _lark().parse(text)
        items = _Build(text, file).transform(tree)
    except RecursionError:
        raise SpecSyntaxError("a formula is nested too deeply", hint="split the rule in several") from None
    except UnexpectedInput as error:
        raise syntax_error(error, text, file, _literals()) from None
    except VisitError as error:
        if isinstance(error.orig_exc, NesyError):
            raise error.orig_exc from None
        raise
    return ast.Program(tuple(items), text, file)


@cache
def _lark() -> Lark:
    grammar = files("nesy.reasoners.datalog").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


@cache
def _literals() -> dict[str, str]:
    """The text of every terminal that is a word or a symbol."""
    return {t.name: t.pattern.value for t in _lark().terminals if isinstance(t.pattern, PatternStr)}


def _check_depth(text: str, file: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "([{":
            depth += 1
        elif match[0] in ")]}":
            depth -= 1
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\n", 0, match.start())
            span = Span(file, line, column, line, column + 1)
            raise SpecSyntaxError(f"brackets are nested deeper than {MAX_DEPTH}", span=span, source=text)


def _unescape(body: str) -> str:
    def plain(match: re.Match[str]) -> str:
        if match[1] is not None:
            code = int(match[1], 16)
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        return _ESCAPES.get(match[2], match[2])

    return re.sub(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|(.))", plain, body, flags=re.DOTALL)


@v_args(meta=True)
class _Build(Transformer[Token, list[ast.Item]]):
    def __init__(self, source: str, file: str) -> None:
        super().__init__()
        self.source, self.file = source, file

    def at(self, meta: Meta) -> Span:
        if meta.empty:
            return Span(self.file, 1, 1, 1, 1)
        return Span(self.file, meta.line, meta.column, meta.end_line, meta.end_column)

    def error(self, message: str, span: Span, hint: str | None = None) -> SpecSyntaxError:
        return SpecSyntaxError(message, span=span, source=self.source, hint=hint)

    # ---- items
    def start(self, meta: Meta, items: list[Any]) -> list[ast.Item]:
        return [item for group in items for item in group]

    def item(self, meta: Meta, parts: list[Any]) -> list[ast.Item]:
        *attributes, items = parts
        return [self._attach(item, tuple(attributes), meta) for item in items]

    def _attach(self, item: Any, attributes: tuple[ast.Attribute, ...], meta: Meta) -> ast.Item:
        if isinstance(item, ast.RelationType | ast.TypeDefinition | ast.Subtype | ast.FunctionType):
            return ast.Declared(item.span, item, attributes)
        if isinstance(item, ast.Rule):
            return ast.Rule(item.span, item.tag, item.heads, item.exclusive, item.body, attributes)
        if isinstance(item, ast.FactSet):
            return ast.FactSet(item.span, item.name, item.entries, item.exclusive, attributes)
        if isinstance(item, ast.AggregateRule):
            return ast.AggregateRule(item.span, item.name, item.body, attributes)
        for attribute in attributes:
            if attribute.name not in ("hidden", "goal", "scheduler", "storage", "no_temp_relation"):
                message = f"attribute `@{attribute.name}` cannot stand here"
                raise self.error(message, attribute.span, "put it before a `type` or `rel`")
        return item  # type: ignore[no-any-return]

    def attribute(self, meta: Meta, parts: list[Any]) -> ast.Attribute:
        name, *args = parts
        plain = tuple(a for a in args if a is not None and not (isinstance(a, tuple) and a and a[0] == "named"))
        named = tuple((a[1], a[2]) for a in args if isinstance(a, tuple) and a and a[0] == "named")
        return ast.Attribute(self.at(meta), str(name), tuple(p[1] for p in plain), named)

    def named_arg(self, meta: Meta, parts: list[Any]) -> tuple[str, str, object]:
        return ("named", str(parts[0]), _plain(parts[1]))

    def plain_arg(self, meta: Meta, parts: list[Any]) -> tuple[str, object]:
        return ("plain", _plain(parts[0]))

    def value_list(self, meta: Meta, parts: list[Any]) -> list[object]:
        return [_plain(p) for p in parts if p is not None]

    def negative(self, meta: Meta, parts: list[Any]) -> Any:
        return -parts[0].value

    def import_item(self, meta: Meta, parts: list[Any]) -> list[ast.Item]:
        return [ast.Import(self.at(meta), _unescape(str(parts[0])[1:-1]))]

    def type_item(self, meta: Meta, parts: list[Any]) -> list[Any]:
        return parts

    def relation_type(self, meta: Meta, parts: list[Any]) -> ast.RelationType:
        name, *fields = parts
        return ast.RelationType(self.at(meta), str(name), tuple(f for f in fields if f is not None))

    def field(self, meta: Meta, parts: list[Any]) -> ast.Field:
        *adornments, name, kind = parts
        return ast.Field(self.at(meta), _type(kind), str(name) if name else None, "bound" in adornments)

    def type_name(self, meta: Meta, parts: list[Any]) -> str:
        return "String" if parts[0] == "str" else str(parts[0])

    def type_arg(self, meta: Meta, parts: list[Any]) -> str:
        return _type(parts[0])

    def type_definition(self, meta: Meta, parts: list[Any]) -> ast.TypeDefinition:
        return ast.TypeDefinition(self.at(meta), str(parts[0]), tuple(parts[1:]))

    def type_alias_ref(self, meta: Meta, parts: list[Any]) -> ast.TypeDefinition:
        variant = ast.Variant(self.at(meta), _type(parts[1]))
        return ast.TypeDefinition(self.at(meta), str(parts[0]), (variant,))

    def subtype(self, meta: Meta, parts: list[Any]) -> ast.Subtype:
        return ast.Subtype(self.at(meta), str(parts[0]), _type(parts[1]))

    def function_type(self, meta: Meta, parts: list[Any]) -> ast.FunctionType:
        name, _, *fields, result = parts
        kept = tuple(f for f in fields if f is not None)
        return ast.FunctionType(self.at(meta), str(name), kept, _type(result))

    def plain_variant(self, meta: Meta, parts: list[Any]) -> ast.Variant:
        return ast.Variant(self.at(meta), str(parts[0]), int(parts[1]) if parts[1] is not None else None)

    def constructor(self, meta: Meta, parts: list[Any]) -> ast.Variant:
        return ast.Variant(self.at(meta), str(parts[0]), None, tuple(p for p in parts[1:] if p is not None))

    def const_item(self, meta: Meta, parts: list[Any]) -> list[Any]:
        return parts

    def const_decl(self, meta: Meta, parts: list[Any]) -> ast.ConstDecl:
        return ast.ConstDecl(self.at(meta), str(parts[0]), parts[1], parts[2])

    def fact(self, meta: Meta, parts: list[Any]) -> list[Any]:
        tag, (heads, exclusive) = parts
        return [ast.Rule(self.at(meta), tag, heads, exclusive, None)]

    def rule(self, meta: Meta, parts: list[Any]) -> list[Any]:
        tag, (heads, exclusive), body = parts
        return [ast.Rule(self.at(meta), tag, heads, exclusive, body)]

    def fact_set(self, meta: Meta, parts: list[Any]) -> list[Any]:
        name, *rest = parts
        entries = tuple(p for p in rest if isinstance(p, ast.FactEntry))
        separators = {p for p in rest if isinstance(p, str)}
        if separators == {",", ";"}:
            raise self.error("`,` and `;` are mixed in one set of facts", self.at(meta), "use `;` for exclusive facts")
        return [ast.FactSet(self.at(meta), str(name), entries, ";" in separators)]

    def comma(self, meta: Meta, parts: list[Any]) -> str:
        return ","

    def semicolon(self, meta: Meta, parts: list[Any]) -> str:
        return ";"

    def fact_entry(self, meta: Meta, parts: list[Any]) -> ast.FactEntry:
        return ast.FactEntry(self.at(meta), parts[0], parts[1])

    def aggregate_rule(self, meta: Meta, parts: list[Any]) -> list[Any]:
        if not isinstance(parts[1], ast.Aggregate):
            raise self.error(f"the head `{parts[0]}` has no arguments", self.at(meta), f"write `{parts[0]}() = ...`")
        return [ast.AggregateRule(self.at(meta), str(parts[0]), parts[1])]

    def head(self, meta: Meta, parts: list[Any]) -> tuple[tuple[ast.Call, ...], bool]:
        return (parts[0],), False

    def all_heads(self, meta: Meta, parts: list[Any]) -> tuple[tuple[ast.Call, ...], bool]:
        return tuple(parts), False

    def one_head(self, meta: Meta, parts: list[Any]) -> tuple[tuple[ast.Call, ...], bool]:
        return tuple(parts), True

    def query(self, meta: Meta, parts: list[Any]) -> list[Any]:
        return [ast.Query(self.at(meta), str(parts[0]))]

    def query_atom(self, meta: Meta, parts: list[Any]) -> list[Any]:
        return [ast.Query(self.at(meta), parts[0].name, parts[0].args)]

    # ---- terms
    def body(self, meta: Meta, parts: list[Any]) -> ast.Term:
        while len(parts) > 1:  # halves, so that a long body is not deep
            pairs = [ast.Op(self.at(meta), "and", (a, b)) for a, b in zip(parts[::2], parts[1::2], strict=False)]
            parts = [*pairs, *parts[2 * len(pairs) :]]
        return parts[0]  # type: ignore[no-any-return]

    def _op(self, symbol: str, meta: Meta, parts: list[Any]) -> ast.Op:
        return ast.Op(self.at(meta), symbol, tuple(parts))

    def implies(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("implies", meta, parts)

    def or_(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("or", meta, parts)

    def and_(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("and", meta, parts)

    def not_(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("not", meta, parts)

    def assign(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("==", meta, parts)

    def if_else(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("if", meta, parts)

    def bool_or(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("||", meta, parts)

    def bool_xor(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("^", meta, parts)

    def bool_and(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("&&", meta, parts)

    def bool_not(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op("!", meta, parts)

    def minus(self, meta: Meta, parts: list[Any]) -> ast.Term:
        arg = parts[0]
        if isinstance(arg, ast.Const) and arg.kind in ("int", "float"):
            return ast.Const(self.at(meta), -arg.value, arg.kind)  # type: ignore[operator]
        return self._op("neg", meta, parts)

    def binary(self, meta: Meta, parts: list[Any]) -> ast.Op:
        return self._op(str(parts[1]), meta, [parts[0], parts[2]])

    compare = binary

    def in_range(self, meta: Meta, parts: list[Any]) -> ast.InRange:
        return ast.InRange(self.at(meta), parts[0], parts[1], parts[2], False)

    def in_closed_range(self, meta: Meta, parts: list[Any]) -> ast.InRange:
        return ast.InRange(self.at(meta), parts[0], parts[1], parts[2], True)

    def cast(self, meta: Meta, parts: list[Any]) -> ast.Cast:
        return ast.Cast(self.at(meta), parts[0], parts[1])

    def var(self, meta: Meta, parts: list[Any]) -> ast.Var:
        return ast.Var(self.at(meta), str(parts[0]))

    def wildcard(self, meta: Meta, parts: list[Any]) -> ast.Wildcard:
        return ast.Wildcard(self.at(meta))

    def function(self, meta: Meta, parts: list[Any]) -> ast.Func:
        return ast.Func(self.at(meta), str(parts[0]), tuple(parts[2] or ()))

    def empty_tuple(self, meta: Meta, parts: list[Any]) -> ast.Tuple:
        return ast.Tuple(self.at(meta), ())

    def paren(self, meta: Meta, parts: list[Any]) -> ast.Term:
        return parts[0]  # type: ignore[no-any-return]

    def tuple_(self, meta: Meta, parts: list[Any]) -> ast.Tuple:
        return ast.Tuple(self.at(meta), (parts[0], *(parts[1] or ())))

    def case(self, meta: Meta, parts: list[Any]) -> ast.Case:
        return ast.Case(self.at(meta), parts[0], parts[1])

    def new(self, meta: Meta, parts: list[Any]) -> ast.New:
        return ast.New(self.at(meta), parts[0])

    def call(self, meta: Meta, parts: list[Any]) -> ast.Call | ast.Aggregate:
        name, targs, args = parts
        if name == "exists" and targs is None and args is not None and len(args) == 1 and _is_formula(args[0]):
            return ast.Aggregate(self.at(meta), "exists", False, (), (), (), args[0])  # `exists(a(1))` binds nothing
        return ast.Call(self.at(meta), str(name), tuple(args or ()), _targs(targs))

    def aggregate(self, meta: Meta, parts: list[Any]) -> ast.Aggregate:
        name, bang, params, args, bindings, body, groups, group_body = parts
        return ast.Aggregate(
            self.at(meta), str(name), bang is not None, _targs(params), tuple(args or ()), tuple(bindings), body,
            tuple(groups or ()), group_body,
        )  # fmt: skip

    def args(self, meta: Meta, parts: list[Any]) -> list[Any]:
        return parts

    # ---- literals
    def int(self, meta: Meta, parts: list[Any]) -> ast.Const:
        return ast.Const(self.at(meta), int(parts[0]), "int")

    def float(self, meta: Meta, parts: list[Any]) -> ast.Const:
        return ast.Const(self.at(meta), float(parts[0]), "float")

    def true(self, meta: Meta, parts: list[Any]) -> ast.Const:
        return ast.Const(self.at(meta), True, "bool")

    def false(self, meta: Meta, parts: list[Any]) -> ast.Const:
        return ast.Const(self.at(meta), False, "bool")

    def string(self, meta: Meta, parts: list[Any]) -> ast.Const:
        return ast.Const(self.at(meta), _unescape(str(parts[0])[1:-1]), "String")

    def multistring(self, meta: Meta, parts: list[Any]) -> ast.Const:
        return ast.Const(self.at(meta), _unescape(str(parts[0])[3:-3]), "String")

    def char(self, meta: Meta, parts: list[Any]) -> ast.Const:
        return ast.Const(self.at(meta), _unescape(str(parts[0])[1:-1]), "char")

    def prefixed(self, meta: Meta, parts: list[Any]) -> ast.Const:
        text = str(parts[0])
        if text[0] != "s":
            kind = "DateTime" if text[0] == "t" else "Duration"
            raise self.error(f"not supported yet: {kind} literals", self.at(meta))
        return ast.Const(self.at(meta), _unescape(text[2:-1]), "Symbol")


def _is_formula(term: ast.Term) -> bool:
    return isinstance(term, ast.Call | ast.Case) or (
        isinstance(term, ast.Op) and term.symbol in ("and", "or", "not", "implies")
    )


def _plain(value: Any) -> object:
    return value.value if isinstance(value, ast.Const) else value


def _type(value: Any) -> str:
    return str(value)


def _targs(token: Token | None) -> tuple[str, ...]:
    if token is None:
        return ()
    found = re.findall(r'"[^"]*"|-?[0-9A-Za-z_]+(?:\s*=\s*(?:true|false))?', str(token))
    return tuple(m.strip('"') if m.startswith('"') else "".join(m.split()) for m in found)
