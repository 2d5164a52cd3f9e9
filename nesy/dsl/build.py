"""From Lark's parse tree to the syntax tree, without recursion. What the grammar cannot say is checked here."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

from lark import Token, Tree

from nesy.dsl import ast
from nesy.dsl.limits import COUNT, DIGITS
from nesy.dsl.words import ANY_OBJECT, RESERVED
from nesy.errors import NesyError, Span, SpecSyntaxError


class Builder:
    """Builds the nodes of one text; mistakes are collected in ``errors`` and building goes on.

    Args:
        file: name of the text, for spans.
        source: the whole text, for error messages.
        line: lines of ``source`` before the parsed part.
    """

    def __init__(self, file: str, source: str, line: int = 0) -> None:
        self.file = file
        self.source = source
        self.line = line
        self.errors: list[NesyError] = []

    def build(self, tree: Tree[Token]) -> Any:
        """The syntax node of ``tree``."""
        done: list[Any] = []
        stack: list[tuple[Tree[Token] | Token, bool]] = [(tree, False)]
        while stack:
            node, ready = stack.pop()
            if isinstance(node, Token):
                done.append(node)
            elif not ready:
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(node.children))
            else:
                first = len(done) - len(node.children)
                parts = done[first:]
                del done[first:]
                make = cast(Callable[..., Any], getattr(self, str(node.data)))
                done.append(make(self.span_of(node), *parts))
        return done[0]

    # -- places and mistakes -----------------------------------------------------------------------------------------

    def span_of(self, node: Tree[Token] | Token) -> Span | None:
        at: Any = node if isinstance(node, Token) else node.meta
        if getattr(at, "line", None) is None:
            return None  # an empty tree stands nowhere
        return Span(self.file, at.line + self.line, at.column, at.end_line + self.line, at.end_column)

    def error(self, code: str, message: str, span: Span | None, hint: str | None = None) -> None:
        self.errors.append(SpecSyntaxError(message, span=span, source=self.source, hint=hint, code=code))

    def name(self, token: Token) -> str:
        """A name; the grammar takes any word where only a name can stand, and reserved ones are refused here."""
        if token in RESERVED:
            self.error(
                "E004",
                f"`{token}` is a keyword and cannot be used as a name",
                self.span_of(token),
                f"rename it, for example `{token}_` or `{str(token).lower()}1`",
            )
        return str(token)

    def text(self, _: Span | None, token: Token) -> str:
        """The contents of a string; ``\\n``, ``\\t``, ``\\"`` and ``\\\\`` are the only escapes."""
        out, chars = [], iter(token[1:-1])
        for c in chars:
            if c == "\\":
                escaped = next(chars)
                if escaped not in _ESCAPES:
                    self.error(
                        "E009",
                        f"unknown escape `\\{escaped}` in a string",
                        self.span_of(token),
                        "a backslash is written `\\\\`; in paths use `/`",
                    )
                c = _ESCAPES.get(escaped, escaped)
            out.append(c)
        return "".join(out)

    def integer(self, token: Token) -> int:
        if self.short_enough(token) and int(token) > COUNT:
            self.error("E008", f"objects are counted up to {COUNT} at most", self.span_of(token))
        return min(int(token[: DIGITS + 1]), COUNT)

    def short_enough(self, token: Token) -> bool:
        fine = sum(c.isdigit() for c in token) <= DIGITS
        if not fine:
            self.error("E008", f"the number has more than {DIGITS} digits", self.span_of(token))
        return fine

    def quantity(self, token: Token) -> tuple[Fraction, str]:
        """A number with its unit: frames (no suffix), ``s``, ``ms``, ``%``, or a plain fraction such as ``1/3``."""
        digits = token.rstrip("ms%")
        unit = token[len(digits) :]
        if not self.short_enough(token):
            return Fraction(0), "frames"
        if digits.partition("/")[2] and not int(digits.partition("/")[2]):
            self.error("E008", "a fraction cannot have the denominator 0", self.span_of(token))
            return Fraction(0), "fraction"
        value = Fraction(digits)
        if unit == "%":
            return value / 100, "fraction"
        if unit:
            return value / (1000 if unit == "ms" else 1), "seconds"
        return value, "fraction" if "/" in digits else "frames"

    # -- statements --------------------------------------------------------------------------------------------------

    def module(self, span: Span | None, *statements: ast.Statement) -> tuple[ast.Statement, ...]:
        return statements

    def domain(self, span: Span | None, name: Token) -> ast.Domain:
        return ast.Domain(self.name(name), span=span)

    def import_(self, span: Span | None, path: Token) -> ast.Import:
        return ast.Import(self.text(None, path), span=span)

    def names(self, span: Span | None, *names: Token) -> tuple[Token, ...]:
        return names

    def declaration(self, kind: Any, names: tuple[Token, ...], span: Span | None) -> ast.Declaration:
        places = tuple(p for p in map(self.span_of, names) if p is not None)
        return ast.Declaration(kind, tuple(self.name(n) for n in names), spans=places, span=span)

    def class_(self, span: Span | None, names: tuple[Token, ...]) -> ast.Declaration:
        return self.declaration("class", names, span)

    def unary(self, span: Span | None, names: tuple[Token, ...]) -> ast.Declaration:
        return self.declaration("unary", names, span)

    def binary(self, span: Span | None, names: tuple[Token, ...]) -> ast.Declaration:
        return self.declaration("binary", names, span)

    def sort(self, name: Token | None) -> str | None:
        return None if name is None or str(name) == ANY_OBJECT else self.name(name)

    def parameters(self, span: Span | None, *params: ast.Parameter) -> tuple[ast.Parameter, ...]:
        return params

    def parameter(self, span: Span | None, name: Token, sort: Token | None = None) -> ast.Parameter:
        return ast.Parameter(self.name(name), self.sort(sort), span=span)

    def predicate(
        self, span: Span | None, name: Token, params: tuple[ast.Parameter, ...] = ()
    ) -> ast.PredicateSignature:
        return ast.PredicateSignature(self.name(name), params, span=span)

    def rule_body(self, span: Span | None, *parts: ast.Formula) -> ast.Formula:
        return parts[0] if len(parts) == 1 else ast.And(parts, span=span)

    def rule(self, span: Span | None, head: ast.Atom, body: ast.Formula) -> ast.Rule:
        return ast.Rule(head, body, span=span)

    def constraint(self, span: Span | None, formula: ast.Formula) -> ast.Constraint:
        return ast.Constraint(formula, span=span)

    def define(self, span: Span | None, name: Token, *rest: Any) -> ast.Define:
        return ast.Define(self.name(name), rest[0] if len(rest) == 2 else (), rest[-1], span=span)

    def spec(self, span: Span | None, name: Token, formula: ast.Formula) -> ast.Spec:
        return ast.Spec(self.name(name), formula, span=span)

    def block(self, kind: Any, span: Span | None, parts: tuple[Any, ...]) -> ast.Block:
        name = next((self.text(None, p) for p in parts if isinstance(p, Token)), None)
        settings = next((p for p in parts if isinstance(p, ast.Settings)), ast.Settings())
        return ast.Block(kind, name, settings, span=span)

    def data(self, span: Span | None, *parts: Any) -> ast.Block:
        return self.block("data", span, parts)

    def captions(self, span: Span | None, *parts: Any) -> ast.Block:
        return self.block("captions", span, parts)

    captions_from = captions

    def captions_from_data(self, span: Span | None, settings: ast.Settings | None = None) -> ast.Block:
        return ast.Block("captions", "data", settings or ast.Settings(), span=span)

    def perception(self, span: Span | None, *parts: Any) -> ast.Block:
        return self.block("perception", span, parts)

    def train(self, span: Span | None, *parts: Any) -> ast.Block:
        return self.block("train", span, parts)

    # -- settings ----------------------------------------------------------------------------------------------------

    def settings(self, span: Span | None, *pairs: tuple[str, ast.Value, Span]) -> ast.Settings:
        items = tuple((key, value) for key, value, _ in pairs)
        return ast.Settings(items, spans=tuple(place for *_, place in pairs), span=span)

    def setting(self, span: Span | None, key: Token, value: ast.Value) -> tuple[str, ast.Value, Span | None]:
        return (self.text(None, key) if key.startswith('"') else str(key)), value, span

    def number(self, span: Span | None, token: Token) -> int | float:
        if not self.short_enough(token):
            return 0
        if token.lstrip("-").isdigit():
            return int(token)
        value = float(token)
        if value in (float("inf"), float("-inf")):
            self.error("E008", "the number is too large", span)
        return value

    def yes(self, span: Span | None) -> bool:
        return True

    def no(self, span: Span | None) -> bool:
        return False

    def list(self, span: Span | None, *values: ast.Value) -> tuple[ast.Value, ...]:
        return values

    # -- formulas ----------------------------------------------------------------------------------------------------

    def iff(self, span: Span | None, left: ast.Formula, right: ast.Formula) -> ast.Formula:
        return ast.Iff(left, right, span=span)

    def implies(self, span: Span | None, left: ast.Formula, right: ast.Formula) -> ast.Formula:
        return ast.Implies(left, right, span=span)

    def sequence(self, span: Span | None, *parts: Any) -> ast.Formula:
        return ast.Then(parts[::2], tuple(window for (window,) in parts[1::2]), span=span)

    def gap(self, span: Span | None, window: ast.Window | None = None) -> tuple[ast.Window | None]:
        return (window,)

    def disjunction(self, span: Span | None, *parts: ast.Formula) -> ast.Formula:
        return ast.Or(parts, span=span)

    def conjunction(self, span: Span | None, *parts: ast.Formula) -> ast.Formula:
        return ast.And(parts, span=span)

    def until(self, span: Span | None, left: ast.Formula, *rest: Any) -> ast.Formula:
        return ast.Until(left, rest[-1], _window(rest), span=span)

    def release(self, span: Span | None, left: ast.Formula, *rest: Any) -> ast.Formula:
        return ast.Release(left, rest[-1], _window(rest), span=span)

    def since(self, span: Span | None, left: ast.Formula, *rest: Any) -> ast.Formula:
        return ast.Since(left, rest[-1], _window(rest), span=span)

    def weak_until(self, span: Span | None, left: ast.Formula, *rest: Any) -> ast.Formula:
        return ast.WeakUntil(left, rest[-1], _window(rest), span=span)

    def not_(self, span: Span | None, body: ast.Formula) -> ast.Formula:
        return ast.Not(body, span=span)

    def next(self, span: Span | None, body: ast.Formula) -> ast.Formula:
        return ast.Next(body, span=span)

    def weak_next(self, span: Span | None, body: ast.Formula) -> ast.Formula:
        return ast.WeakNext(body, span=span)

    def previous(self, span: Span | None, body: ast.Formula) -> ast.Formula:
        return ast.Previous(body, span=span)

    def weak_previous(self, span: Span | None, body: ast.Formula) -> ast.Formula:
        return ast.WeakPrevious(body, span=span)

    def eventually(self, span: Span | None, *rest: Any) -> ast.Formula:
        return ast.Eventually(rest[-1], _window(rest), span=span)

    def always(self, span: Span | None, *rest: Any) -> ast.Formula:
        return ast.Always(rest[-1], _window(rest), span=span)

    def once(self, span: Span | None, *rest: Any) -> ast.Formula:
        return ast.Once(rest[-1], _window(rest), span=span)

    def historically(self, span: Span | None, *rest: Any) -> ast.Formula:
        return ast.Historically(rest[-1], _window(rest), span=span)

    def true(self, span: Span | None) -> ast.Formula:
        return ast.Truth(True, span=span)

    def false(self, span: Span | None) -> ast.Formula:
        return ast.Truth(False, span=span)

    def arguments(self, span: Span | None, *names: Token) -> tuple[str, ...]:
        return tuple(self.name(n) for n in names)

    def atom(self, span: Span | None, name: Token, args: tuple[str, ...] = ()) -> ast.Formula:
        return ast.Atom(self.name(name), args, span=span)

    def equal(self, span: Span | None, left: Token, right: Token) -> ast.Formula:
        return ast.Equal(self.name(left), self.name(right), span=span)

    def unequal(self, span: Span | None, left: Token, right: Token) -> ast.Formula:
        return ast.Not(ast.Equal(self.name(left), self.name(right), span=span), span=span)

    def distinct(self, span: Span | None, args: tuple[str, ...]) -> ast.Formula:
        return ast.Distinct(args, span=span)

    def bindings(self, span: Span | None, *bindings: ast.Binding) -> tuple[ast.Binding, ...]:
        return bindings

    def binding(self, span: Span | None, var: Token, sort: Token | None = None) -> ast.Binding:
        return ast.Binding(self.name(var), self.sort(sort), span=span)

    def exists(self, span: Span | None, bindings: tuple[ast.Binding, ...], body: ast.Formula) -> ast.Formula:
        return ast.Exists(bindings, body, span=span)

    def forall(self, span: Span | None, bindings: tuple[ast.Binding, ...], body: ast.Formula) -> ast.Formula:
        return ast.Forall(bindings, body, span=span)

    def at_least(self, span: Span | None, n: Token, bindings: Any, body: ast.Formula) -> ast.Formula:
        return ast.ExistsAtLeast(self.integer(n), bindings, body, span=span)

    def at_most(self, span: Span | None, n: Token, bindings: Any, body: ast.Formula) -> ast.Formula:
        return ast.Count("<=", self.integer(n), bindings, body, span=span)

    def exactly(self, span: Span | None, n: Token, bindings: Any, body: ast.Formula) -> ast.Formula:
        return ast.Count("=", self.integer(n), bindings, body, span=span)

    def count(self, span: Span | None, bindings: Any, body: ast.Formula, op: Any, n: Token) -> ast.Formula:
        return ast.Count(op, self.integer(n), bindings, body, span=span)

    def comparison(self, span: Span | None, op: Token) -> str:
        return "=" if op == "==" else str(op)

    # -- windows and hints -------------------------------------------------------------------------------------------

    def window(self, span: Span | None, low: Token, high: Token | None = None) -> ast.Window:
        lo, unit = self.quantity(low)
        hi, hi_unit = (None, unit) if high is None else self.quantity(high)
        if lo == 0 and unit == "frames":
            unit = hi_unit  # a bare 0 fits every unit
        elif hi == 0 and hi_unit == "frames":
            hi_unit = unit
        if unit != hi_unit:
            self.error(
                "E007",
                f"the ends of the window have different units: {_UNITS[unit]} and {_UNITS[hi_unit]}",
                span,
                "write both in frames `[2,10]`, in seconds `[0.5s,2s]` or as parts of the clip `[0%,33%]`",
            )
        elif unit == "frames" and (lo.denominator > 1 or (hi is not None and hi.denominator > 1)):
            self.error("E008", "frames are whole numbers", span, "for seconds write `s` after the number: `[0.5s,2s]`")
        return ast.Window(lo, hi, cast(ast.Unit, unit), span=span)

    part = window

    def location(self, span: Span | None, part: Token | ast.Window) -> Any:
        if not isinstance(part, ast.Window):
            return ("location", str(part))
        if part.hi is None or part.unit != "fraction":
            self.error(
                "E010", "where an event happens is given as a part of the clip", part.span, "write `@ [0%, 30%]`"
            )
            return ("location", (Fraction(0), Fraction(1)))
        return ("location", (part.lo, part.hi))

    def duration(self, span: Span | None, token: Token) -> Any:
        if token in ("short", "medium", "long"):
            return ("duration", str(token))
        value, unit = self.quantity(token)
        if unit != "fraction" or value > 1:
            self.error(
                "E010", "how long an event lasts is given as a share of the clip", self.span_of(token),
                "write `@ 30%`, or one of `short`, `medium`, `long`",
            )  # fmt: skip
        return ("duration", value)

    def located(self, span: Span | None, body: ast.Formula, *hints: Any) -> ast.Formula:
        given = dict(hints)
        return ast.Hinted(body, given.get("location"), given.get("duration"), span=span)

    lasting = located


_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_UNITS = {"frames": "frames", "seconds": "seconds", "fraction": "parts of the clip"}


def _window(rest: tuple[Any, ...]) -> ast.Window | None:
    return rest[0] if len(rest) == 2 else None
