"""Arguments from Python, checked: one clear error instead of whatever Python raises further down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from nesy.errors import DataError, NesyError, did_you_mean

NAME = re.compile(r"[a-zA-Z][a-zA-Z_0-9]*")


def whole(value: Any, name: str, least: int = 1) -> int:
    """``value`` as an integer of at least ``least``; booleans are none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        wanted = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise NesyError(f"{name} must be {wanted}, not {value!r}")
    return value


def relation_name(name: Any, what: str = "a relation") -> str:
    """A name that a program can write."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        hint = "a name begins with a letter and goes on with letters, digits and `_`"
        raise NesyError(f"{name!r} is no name of {what}", hint=hint)
    return name


def listed(value: Any, what: str, hint: str) -> list[Any]:
    """The elements of a list, tuple or other iterable that is no string and no mapping."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise DataError(f"expected a list of {what}, got {value!r}", hint=hint)
    return list(value)


def unknown_options(given: Iterable[str], known: Iterable[str], what: str) -> None:
    """An option that does not exist is an error, not silence."""
    names = sorted(known)
    for name in given:
        if name not in names:
            raise NesyError(f"{what} has no option `{name}`", expected=names, hint=did_you_mean(name, names))


def exclusive_groups(groups: Any, facts: int, relation: str) -> list[list[int]]:
    """Groups of positions in a list of so many facts; no fact is in two of them."""
    hint = "disjunctions are lists of positions, such as [[0, 1], [2, 3]]"
    seen: dict[int, int] = {}
    out: list[list[int]] = []
    for number, group in enumerate(listed(groups, f"exclusive groups of `{relation}`", hint)):
        positions = listed(group, f"positions of exclusive facts of `{relation}`", hint)
        for at in positions:
            if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < facts:
                raise DataError(f"disjunction {positions!r} of `{relation}` names fact {at!r} of {facts}", hint=hint)
            if seen.setdefault(at, number) != number:
                raise DataError(
                    f"fact {at} of `{relation}` is in two exclusive groups",
                    hint="groups share no facts: join them, or give the fact to one of them",
                )
        out.append(positions)
    return out


def batch_of(inputs: Mapping[str, Any]) -> int:
    """The number of samples that all inputs of a forward function agree on."""
    size: int | None = None
    for name, value in inputs.items():
        if not isinstance(value, Tensor | list | tuple):
            raise DataError(
                f"expected a tensor or a list with one list of facts per sample for relation `{name}`, "
                f"got `{type(value).__name__}`"
            )
        if isinstance(value, Tensor) and (value.dim() == 0 or value.is_complex()):
            what = "is complex" if value.is_complex() else "has no batch dimension"
            raise DataError(f"the tensor of relation `{name}` {what}", hint="give probabilities [B, ...]")
        if size is None:
            size = len(value)
        elif len(value) != size:
            message = f"Inconsistency in batch size: expected {size}, found {len(value)} for relation `{name}`"
            raise DataError(message)
    if size is None:
        raise DataError("There is no input to the forward function")
    return size


def batch_disjunctions(disjunctions: Any, inputs: Mapping[str, Any], size: int) -> dict[str, Sequence[Any]]:
    """``{relation: groups per sample}`` for inputs given as lists of facts."""
    if disjunctions is None:
        return {}
    hint = "give {relation: [groups of each sample]}, where groups are lists of positions"
    if not isinstance(disjunctions, Mapping):
        raise DataError(f"expected a dict of disjunctions, got `{type(disjunctions).__name__}`", hint=hint)
    out: dict[str, Sequence[Any]] = {}
    for name, groups in disjunctions.items():
        if name not in inputs:
            raise DataError(
                f"disjunctions of `{name}`, which is no input", hint=did_you_mean(str(name), inputs) or hint
            )
        if isinstance(inputs[name], Tensor):
            message = f"disjunctions of `{name}`, which is given as a tensor"
            raise DataError(message, hint="use an input mapping with `disjunctive` or `disjunctive_dim`")
        out[name] = listed(groups, f"disjunctions of `{name}`", hint)
        if len(out[name]) != size:
            raise DataError(
                f"disjunctions of `{name}` for {len(out[name])} samples, but the batch has {size}", hint=hint
            )
    return out
