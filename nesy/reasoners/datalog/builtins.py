"""Foreign functions and predicates: the built-in ones, and how a user's Python functions become such.

A foreign function maps values to one value; an exception that means "no value" (``ValueError``, ``IndexError``,
``ZeroDivisionError``, ``OverflowError``), ``None`` or NaN drops the tuple, as in Scallop. A foreign predicate maps
its bound columns to rows of its free columns, each with a probability or None.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

ANY = "T"  # a type parameter; every "T" in one signature is the same type
NO_VALUE = (ValueError, IndexError, ZeroDivisionError, OverflowError, KeyError)


class DatalogWarning(UserWarning):
    """Something legal that is probably a mistake."""


@dataclass(frozen=True)
class ForeignFunction:
    """``$name``: argument types, an optional type for further arguments, and the result type."""

    name: str
    args: tuple[str, ...]
    result: str
    call: Callable[..., Any]
    optional: int = 0
    variadic: str | None = None
    any_args: bool = False

    def arity_error(self, given: int) -> str | None:
        """What is wrong with a number of arguments, or None."""
        least = len(self.args) - self.optional
        if given < least or (self.variadic is None and given > len(self.args)):
            return f"function `${self.name}` takes {len(self.args)} arguments, not {given}"
        return None


@dataclass(frozen=True)
class ForeignPredicate:
    """A predicate in Python; ``call(*bound)`` yields ``(probability | None, free values)``."""

    name: str
    types: tuple[str, ...]
    bound: int
    call: Callable[..., Iterator[tuple[float | None, tuple[Any, ...]]]]
    type_params: tuple[str, ...] = field(default=())


def _index(text: str, part: str) -> int:
    return len(text[: text.index(part)].encode())


def _format(template: str, *args: Any) -> str:
    pieces = template.split("{}")
    if len(pieces) != len(args) + 1:
        raise ValueError("the number of {} and of arguments differ")
    out = pieces[0]
    for arg, piece in zip(args, pieces[1:], strict=True):
        out += to_text(arg) + piece
    return out


def to_text(value: Any) -> str:
    """A value as `$format` and `as String` print it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return str(value)


def _hash(*args: Any) -> int:
    text = "\x1f".join(f"{type(a).__name__}:{a}" for a in args)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _char_at(text: str, i: int) -> str:
    return text[i]


def _sign(x: Any) -> Any:
    return type(x)((x > 0) - (x < 0))


def _pow(x: Any, n: int) -> Any:
    return x**n


_FLOAT_FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp, "exp2": lambda x: 2.0**x, "log": math.log, "log2": math.log2, "sin": math.sin, "cos": math.cos,
    "tan": math.tan, "asin": math.asin, "acos": math.acos, "atan": math.atan,
}  # fmt: skip

FUNCTIONS: dict[str, ForeignFunction] = {
    f.name: f
    for f in [
        ForeignFunction("abs", (ANY,), ANY, abs),
        ForeignFunction("floor", (ANY,), ANY, lambda x: type(x)(math.floor(x))),
        ForeignFunction("ceil", (ANY,), ANY, lambda x: type(x)(math.ceil(x))),
        ForeignFunction("sign", (ANY,), ANY, _sign),
        ForeignFunction("pow", (ANY, "u32"), ANY, _pow),
        ForeignFunction("powf", (ANY, ANY), ANY, math.pow),
        ForeignFunction("atan2", (ANY, ANY), ANY, math.atan2),
        ForeignFunction("max", (ANY,), ANY, max, variadic=ANY),
        ForeignFunction("min", (ANY,), ANY, min, variadic=ANY),
        *(ForeignFunction(name, (ANY,), ANY, call) for name, call in _FLOAT_FUNCTIONS.items()),
        ForeignFunction("string_concat", ("String",), "String", lambda *a: "".join(a), variadic="String"),
        ForeignFunction("string_length", ("String",), "usize", lambda s: len(s.encode())),
        ForeignFunction("string_char_at", ("String", "usize"), "char", _char_at),
        ForeignFunction("substring", ("String", "usize", "usize"), "String", lambda s, a, b=None: s[a:b], optional=1),
        ForeignFunction("string_upper", ("String",), "String", str.upper),
        ForeignFunction("string_lower", ("String",), "String", str.lower),
        ForeignFunction("string_index_of", ("String", "String"), "usize", _index),
        ForeignFunction("string_replace", ("String",) * 3, "String", str.replace),
        ForeignFunction("string_trim", ("String",), "String", str.strip),
        ForeignFunction("format", ("String",), "String", _format, any_args=True, variadic="*"),
        ForeignFunction("hash", (), "u64", _hash, any_args=True, variadic="*"),
    ]
}


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _range(low: Any, high: Any) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    if isinstance(low, float):
        while low < high:
            yield None, (low,)
            low += 1.0
        return
    for i in range(low, high):
        yield None, (i,)


def _chars(text: str) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    for i, c in enumerate(text):
        yield None, (i, c)


def _find(text: str, part: str) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    start = text.find(part)
    while start >= 0 and part:
        yield None, (start, start + len(part))
        start = text.find(part, start + len(part))


def _positions(text: str, part: str) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    for tag, (start, _) in _find(text, part):
        yield tag, (start,)


def _split(text: str, by: str) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    for piece in text.split(by):
        yield None, (piece,)


def _soft(score: Callable[[float, float], float]) -> Callable[..., Iterator[tuple[float | None, tuple[Any, ...]]]]:
    def call(x: float, y: float, *_: float) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
        yield score(x, y), ()

    return call


def _float_eq(x: float, y: float) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    if abs(x - y) < 1e-3:
        yield None, ()


def _soft_equality(x: float, y: float) -> float:
    # the logistic density, scaled so that equal numbers give one
    s = _sigmoid(x - y)
    return 4 * s * (1 - s)


PREDICATES: dict[str, ForeignPredicate] = {
    p.name: p
    for p in [
        ForeignPredicate("range", (ANY, ANY, ANY), 2, _range, (ANY,)),
        ForeignPredicate("string_chars", ("String", "usize", "char"), 1, _chars),
        ForeignPredicate("string_find", ("String", "String", "usize", "usize"), 2, _find),
        ForeignPredicate("string_index", ("String", "String", "usize"), 2, _positions),
        ForeignPredicate("string_split", ("String", "String", "String"), 2, _split),
        ForeignPredicate("float_eq", (ANY, ANY), 2, _float_eq, (ANY,)),
        ForeignPredicate("soft_lt", (ANY, ANY), 2, _soft(lambda x, y: _sigmoid(y - x)), (ANY,)),
        ForeignPredicate("soft_gt", (ANY, ANY), 2, _soft(lambda x, y: _sigmoid(x - y)), (ANY,)),
        ForeignPredicate("soft_eq", (ANY, ANY), 2, _soft(_soft_equality), (ANY,)),
        ForeignPredicate("soft_neq", (ANY, ANY), 2, _soft(lambda x, y: 1 - _soft_equality(x, y)), (ANY,)),
    ]
}
