"""The settings of a ``perception "name" { ... }`` block or of a detector, checked against their defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from nesy.errors import DataError, did_you_mean

_WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    bool: "true or false",
    dict: "a block { name: \"text\" }",
}  # fmt: skip


def read_options(
    name: str,
    given: Mapping[str, object],
    defaults: Mapping[str, Any],
    *,
    choices: Mapping[str, Sequence[str]] | None = None,
    least: Mapping[str, float] | None = None,
    block: str = "perception",
    check: Callable[[Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """The defaults overridden by what is given.

    Args:
        choices: the words that a text setting accepts.
        least: the smallest value that a number setting accepts.
        block: what the settings are of, for messages.
        check: looks at them all; raises DataError.

    Raises:
        DataError: unknown name, wrong type, a word that is no choice, or a number below the least.
    """
    out = dict(defaults)
    for key, value in given.items():
        if key not in defaults:
            raise DataError(
                f'{block} "{name}" has no setting `{key}`', expected=defaults, hint=did_you_mean(key, defaults)
            )
        wanted = type(defaults[key])
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if wanted is int and isinstance(value, float) and value == int(value):
            value = int(value)
        if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            raise DataError(f"{block}.{key} is {value!r}, expected {_WORDS[wanted]}")
        if choices and key in choices and value not in choices[key]:
            raise DataError(
                f"{block}.{key} is {value!r}", expected=choices[key], hint=did_you_mean(str(value), choices[key])
            )
        if least and key in least and value < least[key]:
            raise DataError(f"{block}.{key} is {value!r}, expected at least {least[key]}")
        out[key] = value
    if check is not None:
        check(out)
    if _only.get():
        raise _Fine
    return out


_only = ContextVar("only the options", default=False)


class _Fine(Exception):
    """The settings are right, and nothing is to be made of them."""


@contextmanager
def only_options() -> Iterator[None]:
    """Inside, what reads its settings here stops behind that: to check a block without loading a model."""
    before = _only.set(True)
    try:
        yield
    except _Fine:
        pass
    finally:
        _only.reset(before)
