"""Expressions over columns: one numpy operation per operator, Python only for foreign functions and text.

Each evaluation gives codes and, where a value can fail to exist (NaN, failed cast, failing function), a mask of the
rows that have one. Integer ``+`` and ``-`` saturate at the type's bounds, ``*`` wraps, division truncates toward zero.
"""

from __future__ import annotations

import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nesy.errors import DataError, GroundingError
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import NO_VALUE, DatalogWarning, ForeignFunction, to_text
from nesy.reasoners.datalog.values import (
    FLOATS,
    INTEGERS,
    TEXTS,
    WIDE_UNSIGNED,
    Codes,
    Mask,
    Symbols,
    as_floats,
    decode_column,
    encode,
    from_floats,
)  # fmt: skip

_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(inf|infinity|([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?)", re.IGNORECASE)

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(slots=True)
class Evaluator:
    """Evaluates terms of one clause for all rows of a binding table."""

    types: Mapping[int, str]
    symbols: Symbols
    functions: Mapping[str, ForeignFunction]
    source: str

    def value(self, term: ast.Term, env: Mapping[str, Codes], rows: int) -> tuple[Codes, Mask | None]:
        """Codes of ``term`` in every row, and the rows where it has a value (None: in all)."""
        match term:
            case ast.Var(name=name):
                return env[name], None
            case ast.Const(value=value):
                try:
                    code = encode(value, self.types[id(term)], self.symbols)
                except DataError as error:
                    raise DataError(error.message, span=term.span, source=self.source, hint=error.hint) from None
                return np.full(rows, code, dtype=np.int64), None
            case ast.Call(name=name, args=args):  # a term of constants only
                columns = [self.value(a, env, rows)[0] for a in args]
                make = self.symbols.entity
                codes = [make(name, tuple(int(c[i]) for c in columns)) for i in range(rows)]
                return np.array(codes, dtype=np.int64), None
            case ast.Cast(arg=arg):
                return self._cast(term, *self.value(arg, env, rows), self.types[id(arg)])
            case ast.Func(args=args):
                return self._function(term, args, env, rows)
            case ast.Op(symbol="if", args=(test, yes, no)):
                return self._choose(test, yes, no, env, rows)
            case ast.Op(args=(arg,), symbol=symbol):
                a, m = self.value(arg, env, rows)
                if symbol == "!":
                    return (a == 0).astype(np.int64), m
                zero = np.zeros(rows, dtype=np.int64)
                return self._arithmetic("-", zero, a, self.types[id(term)], m, term)
            case ast.Op(args=(left, right), symbol=symbol):
                a, am = self.value(left, env, rows)
                b, bm = self.value(right, env, rows)
                mask = _both(am, bm)
                if symbol in _COMPARE:
                    return self.compare(symbol, a, b, self.types[id(left)]).astype(np.int64), mask
                if symbol == "&&":
                    return a & b, mask
                if symbol == "||":
                    return a | b, mask
                if symbol == "^":
                    return a ^ b, mask
                return self._arithmetic(symbol, a, b, self.types[id(term)], mask, term)
            case _:
                raise GroundingError("expected a value", span=term.span, source=self.source)

    def _choose(
        self, test: ast.Term, yes: ast.Term, no: ast.Term, env: Mapping[str, Codes], rows: int
    ) -> tuple[Codes, Mask]:
        """``if``: each branch is evaluated for its own rows only, so that a test can guard a division."""
        chosen, known = self.value(test, env, rows)
        good = np.ones(rows, dtype=bool) if known is None else known.copy()
        out = np.zeros(rows, dtype=np.int64)
        for branch, mine in ((yes, chosen != 0), (no, chosen == 0)):
            at = np.flatnonzero(mine & good)
            if len(at):
                codes, mask = self.value(branch, {name: column[at] for name, column in env.items()}, len(at))
                out[at] = codes
                if mask is not None:
                    good[at[~mask]] = False
        return out, good

    def compare(self, symbol: str, a: Codes, b: Codes, kind: str) -> Mask:
        """The comparison of two columns of one type."""
        if kind in FLOATS:
            return _COMPARE[symbol](as_floats(a), as_floats(b))  # type: ignore[no-any-return]
        if symbol in ("==", "!="):
            return _COMPARE[symbol](a, b)  # type: ignore[no-any-return]
        if kind in WIDE_UNSIGNED:
            return _COMPARE[symbol](a.view(np.uint64), b.view(np.uint64))  # type: ignore[no-any-return]
        if kind in TEXTS:
            text, test = self.symbols.text, _COMPARE[symbol]
            pairs = zip(a.tolist(), b.tolist(), strict=True)
            return np.array([test(text(x), text(y)) for x, y in pairs], dtype=bool)
        return _COMPARE[symbol](a, b)  # type: ignore[no-any-return]

    def _arithmetic(
        self, symbol: str, a: Codes, b: Codes, kind: str, mask: Mask | None, term: ast.Op
    ) -> tuple[Codes, Mask | None]:
        if kind in FLOATS:
            x, y = as_floats(np.ascontiguousarray(a)), as_floats(np.ascontiguousarray(b))
            with np.errstate(all="ignore"):
                if symbol == "%":
                    out = np.fmod(x, y)
                else:
                    out = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[symbol](x, y)
            return from_floats(out, kind), _both(mask, ~np.isnan(out))
        if kind in TEXTS:
            code, text = self.symbols.code, self.symbols.text
            joined = [code(text(x) + text(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
            return np.array(joined, dtype=np.int64), mask
        if symbol in "/%":
            zero = (b == 0) if mask is None else (b == 0) & mask
            if zero.any():
                raise GroundingError(
                    "attempt to divide by zero", span=term.span, source=self.source,
                    hint="guard the division with `y != 0` in an earlier rule, or use floats",
                )  # fmt: skip
            b = np.where(b == 0, 1, b)
        return integer_operation(symbol, a, b, kind), mask

    def _cast(self, term: ast.Cast, codes: Codes, mask: Mask | None, source: str) -> tuple[Codes, Mask | None]:
        target = term.type
        if source == target or {source, target} <= TEXTS:
            return codes, mask
        if source in INTEGERS and target in INTEGERS:
            low, high = INTEGERS[target]
            if target in WIDE_UNSIGNED or high == 2**63 - 1:
                return codes, mask
            span = high - low + 1
            return (codes - low) % span + low, mask
        if source in INTEGERS and target in FLOATS:
            wide = codes.view(np.uint64) if source in WIDE_UNSIGNED else codes
            return from_floats(wide.astype(np.float64), target), mask
        if source in FLOATS and target in FLOATS:
            return from_floats(as_floats(codes), target), mask
        if source in FLOATS and target in INTEGERS:
            low, high = INTEGERS[target]
            values = [
                min(max(int(v), low), high) if np.isfinite(v) else (high if v > 0 else low) for v in as_floats(codes)
            ]
            return np.array([v - 2**64 if v >= 2**63 else v for v in values], dtype=np.int64), mask
        if source == "bool" and target in INTEGERS:
            return codes, mask
        if source == "char" and target in INTEGERS:  # the digit, not the code point
            digits = codes - ord("0")
            return digits, _both(mask, (digits >= 0) & (digits <= 9))
        values_ = decode_column(codes, source, self.symbols)
        if target in TEXTS:
            out = [self.symbols.code(v if isinstance(v, str) else to_text(v, source)) for v in values_]
            return np.array(out, dtype=np.int64), mask
        if source in TEXTS:
            return self._parse(values_, target, mask)
        raise GroundingError(f"cannot cast `{source}` to `{target}`", span=term.span, source=self.source)

    def _parse(self, texts: list[str], target: str, mask: Mask | None) -> tuple[Codes, Mask | None]:
        codes = np.zeros(len(texts), dtype=np.int64)
        good = np.ones(len(texts), dtype=bool)
        for i, text in enumerate(texts):
            try:
                codes[i] = encode(parse_value(text, target), target, self.symbols)
            except (ValueError, DataError):
                good[i] = False
        return codes, _both(mask, good)

    def _function(
        self, term: ast.Func, args: tuple[ast.Term, ...], env: Mapping[str, Codes], rows: int
    ) -> tuple[Codes, Mask | None]:
        function = self.functions[term.name]
        mask: Mask | None = None
        columns = []
        for a in args:
            codes, m = self.value(a, env, rows)
            mask = _both(mask, m)
            kind = self.types[id(a)]
            values = decode_column(np.ascontiguousarray(codes), kind, self.symbols)
            columns.append([to_text(v, kind) for v in values] if function.reads_text and kind in FLOATS else values)
        kind = self.types[id(term)]
        out = np.zeros(rows, dtype=np.int64)
        good = np.ones(rows, dtype=bool) if mask is None else mask.copy()
        seen: dict[tuple[Any, ...], int | None] = {}
        for i in range(rows):
            if not good[i]:
                continue
            key = tuple(c[i] for c in columns)
            if key not in seen:
                seen[key] = self._call(function, key, kind, term)
            code = seen[key]
            if code is None:
                good[i] = False
            else:
                out[i] = code
        return out, good

    def _call(self, function: ForeignFunction, args: tuple[Any, ...], kind: str, term: ast.Func) -> int | None:
        try:
            value = function.call(*args)
        except NO_VALUE:
            return None
        except Exception as error:  # a user's function may raise anything; the tuple is dropped, but not silently
            warnings.warn(f"{term.span}: function `${function.name}` failed: {error}", DatalogWarning, 2)
            return None
        if value is None or (isinstance(value, float | np.floating) and value != value):
            return None
        try:
            return encode(value, kind, self.symbols)
        except DataError as error:
            if kind in INTEGERS and isinstance(value, int) and not isinstance(value, bool):
                return None
            message = f"function `${function.name}` returned {value!r}: {error.message}"
            raise GroundingError(message, span=term.span, source=self.source) from None


def parse_value(text: str, kind: str) -> Any:
    """A value of type ``kind`` from its text, as in casts and CSV cells; ``ValueError`` if it is none.

    Numbers are written in ASCII digits without blanks and underscores; NaN is no value.
    """
    if kind in INTEGERS:
        if not _INTEGER.fullmatch(text):
            raise ValueError(text)
        return int(text)
    if kind in FLOATS:
        if not _FLOAT.fullmatch(text):
            raise ValueError(text)
        return float(text)
    if kind == "bool":
        if text in ("true", "false"):
            return text == "true"
        raise ValueError(text)
    if kind == "char" and len(text) != 1:
        raise ValueError(text)
    return text


def integer_operation(symbol: str, a: Codes, b: Codes, kind: str) -> Codes:
    """``a symbol b`` in an integer type: saturating + and -, wrapping *, truncating / and % (`/` saturates too)."""
    low, high = INTEGERS[kind]
    if high < 2**62:
        if symbol == "+":
            return np.clip(a + b, low, high).astype(np.int64)  # type: ignore[no-any-return]
        if symbol == "-":
            return np.clip(a - b, low, high).astype(np.int64)  # type: ignore[no-any-return]
        if symbol == "*":
            return (a * b - low) % (high - low + 1) + low
        quotient = _truncate(a, b)
        return np.minimum(quotient, high) if symbol == "/" else a - quotient * b
    return _wide(symbol, a, b, kind, low, high)


def _wide(symbol: str, a: Codes, b: Codes, kind: str, low: int, high: int) -> Codes:
    """The same in 64 bits, where overflow has to be seen from the signs."""
    out_: Codes
    with np.errstate(over="ignore"):
        if kind in WIDE_UNSIGNED:
            x, y = a.view(np.uint64), b.view(np.uint64)
            match symbol:
                case "+":
                    out = x + y
                    out = np.where(out < x, np.uint64(2**64 - 1), out)
                case "-":
                    out = np.where(x < y, np.uint64(0), x - y)
                case "*":
                    out = x * y
                case "/":
                    out = x // y
                case _:
                    out = x % y
            return out.view(np.int64)
        match symbol:
            case "+":
                out_ = a + b
                over = ((a ^ out_) & (b ^ out_)) < 0
            case "-":
                out_ = a - b
                over = ((a ^ b) & (a ^ out_)) < 0
            case "*":
                return a * b
            case "/":  # the least number by -1 is one more than the greatest
                return np.where((a == low) & (b == -1), high, _truncate(a, b))
            case _:
                return a - _truncate(a, b) * b
        return np.where(over, np.where(a < 0, low, high), out_)


def _truncate(a: Codes, b: Codes) -> Codes:
    quotient = a // b
    return np.asarray(quotient + ((quotient < 0) & (quotient * b != a)), dtype=np.int64)


def _both(a: Mask | None, b: Mask | None) -> Mask | None:
    if a is None:
        return b
    return a if b is None else a & b
