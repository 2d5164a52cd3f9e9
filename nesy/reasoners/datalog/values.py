"""The value types of the language and how a column of each is held: always 64-bit integer codes.

Integers are themselves (64-bit unsigned ones as their two's complement), floats their float64 bit pattern, booleans 0
and 1, characters their code point, strings and entities a number in a table. Equal values have equal codes, so joins
never look at types.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nesy.errors import DataError, GroundingError

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

INTEGERS: dict[str, tuple[int, int]] = {
    **{f"i{b}": (-(2 ** (b - 1)), 2 ** (b - 1) - 1) for b in (8, 16, 32, 64)},
    **{f"u{b}": (0, 2**b - 1) for b in (8, 16, 32, 64)},
    "isize": (-(2**63), 2**63 - 1),
    "usize": (0, 2**64 - 1),
}
WIDE_UNSIGNED = frozenset({"u64", "usize"})
FLOATS = frozenset({"f32", "f64"})
TEXTS = frozenset({"String", "Symbol"})
BASE_TYPES = frozenset(INTEGERS) | FLOATS | TEXTS | {"bool", "char"}
LATER_TYPES = frozenset({"i128", "u128", "DateTime", "Duration", "Tensor"})
ENTITY = "Entity"
MAX_TEXT = 500_000_000  # characters of all strings together


class Symbols:
    """Numbers for strings and for algebraic terms; both tables only grow."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._texts: list[str] = []
        self._size = 0
        self._terms: dict[tuple[str, tuple[int, ...]], int] = {}
        self._entities: list[tuple[str, tuple[int, ...]]] = []

    def code(self, text: str) -> int:
        """The number of a string."""
        found = self._codes.get(text)
        if found is None:
            self._size += len(text)
            if self._size > MAX_TEXT:
                raise GroundingError(
                    f"the strings of this program have more than {MAX_TEXT} characters together",
                    hint="a rule that makes longer strings out of strings needs a bound, such as their length",
                )
            found = self._codes[text] = len(self._texts)
            self._texts.append(text)
        return found

    def text(self, code: int) -> str:
        """The string of a number."""
        return self._texts[code]

    def entity(self, constructor: str, args: tuple[int, ...]) -> int:
        """The number of ``constructor(args)``, where args are codes."""
        key = (constructor, args)
        found = self._terms.get(key)
        if found is None:
            found = self._terms[key] = len(self._entities)
            self._entities.append(key)
        return found

    def term(self, code: int) -> tuple[str, tuple[int, ...]]:
        """The constructor and the argument codes of an entity."""
        return self._entities[code]


def float_code(value: float) -> int:
    """The bit pattern of a float64 as a signed integer; both zeros share one."""
    return int(struct.unpack("<q", struct.pack("<d", value + 0.0))[0])


def encode(value: Any, kind: str, symbols: Symbols) -> int:
    """One Python value as a code of type ``kind``; ``DataError`` if it does not fit."""
    if kind in INTEGERS:
        low, high = INTEGERS[kind]
        number = _integer(value, kind)
        if not low <= number <= high:
            raise DataError(f"{number} does not fit in `{kind}`", hint=f"its range is {low} to {high}")
        return number - 2**64 if number >= 2**63 else number
    if kind in FLOATS:
        if isinstance(value, str) or not hasattr(value, "__float__"):
            raise DataError(f"expected a number of type `{kind}`, got {value!r}")
        try:
            number_ = float(value)
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"expected a number of type `{kind}`, got {value!r}") from None
        if math.isnan(number_):
            raise DataError(f"NaN is no value of type `{kind}`", hint="leave the tuple out")
        if kind == "f32" and math.isfinite(number_):
            with np.errstate(over="ignore"):
                number_ = float(np.float32(number_))
        return float_code(number_)
    if kind == "bool":
        if not isinstance(value, bool | np.bool_):
            raise DataError(f"expected a `bool`, got {value!r}")
        return int(value)
    if kind == "char":
        if not isinstance(value, str) or len(value) != 1:
            raise DataError(f"expected a `char` (a string of length one), got {value!r}")
        return ord(value)
    if kind in TEXTS:
        if not isinstance(value, str):
            raise DataError(f"expected a `{kind}`, got {value!r}")
        return symbols.code(str(value))
    if isinstance(value, Entity):
        return value.code
    raise DataError(f"expected an entity of type `{kind}`, got {value!r}")


def _integer(value: Any, kind: str) -> int:
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise DataError(f"expected an integer of type `{kind}`, got {value!r}")
    try:
        return int(value.__index__())
    except (TypeError, RuntimeError):  # an array or a tensor with several entries
        raise DataError(f"expected an integer of type `{kind}`, got {value!r}") from None


class Entity(str):
    """A term of an algebraic data type as users see it: its text, with its code inside."""

    code: int

    def __new__(cls, code: int, text: str) -> Entity:
        entity = super().__new__(cls, text)
        entity.code = code
        return entity


def decode(code: int, kind: str, symbols: Symbols) -> Any:
    """The Python value of a code of type ``kind``."""
    if kind in INTEGERS:
        return code + 2**64 if code < 0 and kind in WIDE_UNSIGNED else code
    if kind in FLOATS:
        return struct.unpack("<d", struct.pack("<q", code))[0]
    if kind == "bool":
        return bool(code)
    if kind == "char":
        return chr(code)
    if kind in TEXTS:
        return symbols.text(code)
    constructor, args = symbols.term(code)
    return Entity(code, f"{constructor}#{code}/{len(args)}")


def decode_column(codes: Codes, kind: str, symbols: Symbols) -> list[Any]:
    """The Python values of a column."""
    if kind in INTEGERS:
        return (codes.view(np.uint64) if kind in WIDE_UNSIGNED else codes).tolist()  # type: ignore[no-any-return]
    if kind in FLOATS:
        return codes.view(np.float64).tolist()  # type: ignore[no-any-return]
    return [decode(int(c), kind, symbols) for c in codes]


def encode_rows(rows: Iterable[Sequence[Any]], kinds: Sequence[str], symbols: Symbols) -> Codes:
    """Rows of Python values as an array of codes, shape [rows, columns]."""
    table = [[encode(v, k, symbols) for v, k in zip(row, kinds, strict=True)] for row in rows]
    return np.array(table, dtype=np.int64).reshape(len(table), len(kinds))


def as_floats(codes: Codes) -> npt.NDArray[np.float64]:
    """The float64 values of a float column."""
    return codes.view(np.float64)


def from_floats(values: npt.NDArray[np.float64], kind: str) -> Codes:
    """Codes of float values, rounded to float32 first for ``f32``."""
    if kind == "f32":
        with np.errstate(over="ignore"):
            values = values.astype(np.float32).astype(np.float64)
    return np.ascontiguousarray(values + 0.0).view(np.int64)
