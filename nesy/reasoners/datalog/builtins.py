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

import numpy as np

ANY = "T"  # a type parameter; every "T" in one signature is the same type
NO_VALUE = (ValueError, IndexError, ZeroDivisionError, OverflowError, KeyError)


class DatalogWarning(UserWarning):
    """Something legal that is probably a mistake."""


@dataclass(frozen=True)
class ForeignFunction:
    """``$name``: argument types, an optional type for further arguments, and the result type.

    ``family``: what the type parameters may be (``Any``, ``Number``, ``Integer``, ``Float``); ``reads_text``: floats
    arrive as they print, since a value does not know whether it is f32.
    """

    name: str
    args: tuple[str, ...]
    result: str
    call: Callable[..., Any]
    optional: int = 0
    variadic: str | None = None
    any_args: bool = False
    family: str = "Any"
    reads_text: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Python function itself: decorating it leaves it callable."""
        return self.call(*args, **kwargs)

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
    family: str = "Any"
    function: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Python function itself: decorating it leaves it callable."""
        return (self.function or self.call)(*args, **kwargs)


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


def to_text(value: Any, kind: str = "f64") -> str:
    """A value as `$format` and `as String` print it: floats in the fewest digits that their type needs, no exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return np.format_float_positional(np.float32(value) if kind == "f32" else np.float64(value), trim="-")
    return str(value)


def _hash(*args: Any) -> int:
    text = "\x1f".join(f"{type(a).__name__}:{a}" for a in args)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _char_at(text: str, i: int) -> str:
    return text[i]


def _sign(x: Any) -> Any:
    return type(x)((x > 0) - (x < 0))


def _pow(x: Any, n: int) -> Any:
    if isinstance(x, int) and abs(x) > 1 and n > 64:
        raise OverflowError  # no integer type is that wide; the power itself could take for ever
    return x**n if isinstance(x, int) else _ieee(np.power)(x, float(n))


def _ieee(f: Callable[..., Any]) -> Callable[..., float]:
    """A function on floats that overflows to infinity and gives NaN where it has no value, instead of raising."""

    def call(*args: float) -> float:
        with np.errstate(all="ignore"):
            return float(f(*args))

    return call


def _whole(f: Callable[[float], Any]) -> Callable[[Any], Any]:
    return lambda x: x if isinstance(x, int) else float(f(x))


_FLOAT_FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": np.exp, "exp2": np.exp2, "log": np.log, "log2": np.log2, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
}  # fmt: skip

FUNCTIONS: dict[str, ForeignFunction] = {
    f.name: f
    for f in [
        ForeignFunction("abs", (ANY,), ANY, abs, family="Number"),
        ForeignFunction("floor", (ANY,), ANY, _whole(np.floor), family="Number"),
        ForeignFunction("ceil", (ANY,), ANY, _whole(np.ceil), family="Number"),
        ForeignFunction("sign", (ANY,), ANY, _sign, family="Number"),
        ForeignFunction("pow", (ANY, "u32"), ANY, _pow, family="Number"),
        ForeignFunction("powf", (ANY, ANY), ANY, _ieee(np.power), family="Float"),
        ForeignFunction("atan2", (ANY, ANY), ANY, _ieee(np.arctan2), family="Float"),
        ForeignFunction("max", (ANY,), ANY, max, variadic=ANY),
        ForeignFunction("min", (ANY,), ANY, min, variadic=ANY),
        *(ForeignFunction(name, (ANY,), ANY, _ieee(call), family="Float") for name, call in _FLOAT_FUNCTIONS.items()),
        ForeignFunction("string_concat", ("String",), "String", lambda *a: "".join(a), variadic="String"),
        ForeignFunction("string_length", ("String",), "usize", lambda s: len(s.encode())),
        ForeignFunction("string_char_at", ("String", "usize"), "char", _char_at),
        ForeignFunction("substring", ("String", "usize", "usize"), "String", lambda s, a, b=None: s[a:b], optional=1),
        ForeignFunction("string_upper", ("String",), "String", str.upper),
        ForeignFunction("string_lower", ("String",), "String", str.lower),
        ForeignFunction("string_index_of", ("String", "String"), "usize", _index),
        ForeignFunction("string_replace", ("String",) * 3, "String", str.replace),
        ForeignFunction("string_trim", ("String",), "String", str.strip),
        ForeignFunction("format", ("String",), "String", _format, any_args=True, variadic="*", reads_text=True),
        ForeignFunction("hash", (), "u64", _hash, any_args=True, variadic="*"),
    ]
}


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _range(low: float, high: float) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    while low < high:  # of floats; grounding has its own way with columns of integers
        yield None, (low,)
        low += 1


def _closed_range(low: float, high: float) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
    yield from _range(low, high)
    if low <= high and (high - low).is_integer():
        yield None, (high,)


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
    # 1 / cosh((x - y) / 2), the square root of the logistic density, scaled so that equal numbers give one
    e = math.exp(-abs(x - y) / 2)
    return 2 * e / (1 + e * e)


PREDICATES: dict[str, ForeignPredicate] = {
    p.name: p
    for p in [
        ForeignPredicate("range", (ANY, ANY, ANY), 2, _range, (ANY,), "Number"),
        ForeignPredicate("string_chars", ("String", "usize", "char"), 1, _chars),
        ForeignPredicate("string_find", ("String", "String", "usize", "usize"), 2, _find),
        ForeignPredicate("string_index", ("String", "String", "usize"), 2, _positions),
        ForeignPredicate("string_split", ("String", "String", "String"), 2, _split),
        ForeignPredicate("float_eq", (ANY, ANY), 2, _float_eq, (ANY,), "Number"),
        ForeignPredicate("soft_lt", (ANY, ANY), 2, _soft(lambda x, y: _sigmoid(y - x)), (ANY,), "Number"),
        ForeignPredicate("soft_gt", (ANY, ANY), 2, _soft(lambda x, y: _sigmoid(x - y)), (ANY,), "Number"),
        ForeignPredicate("soft_eq", (ANY, ANY), 2, _soft(_soft_equality), (ANY,), "Number"),
        ForeignPredicate("soft_neq", (ANY, ANY), 2, _soft(lambda x, y: 1 - _soft_equality(x, y)), (ANY,), "Number"),
    ]
}
CLOSED_RANGE = ForeignPredicate("range=", (ANY, ANY, ANY), 2, _closed_range, (ANY,), "Number")
