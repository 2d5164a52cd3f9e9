"""What every extractor gives: for each caption a checked formula, or the reason why there is none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from nesy.dsl.ast import Formula
from nesy.errors import NesyError
from nesy.registry import Registry


class Names(Protocol):
    """Anything that lists classes and predicates, such as a scene graph's vocabulary."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def unary(self) -> tuple[str, ...]: ...
    @property
    def binary(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Domain:
    """The names that an extractor may use: object classes, unary and binary predicates of objects in a frame."""

    classes: tuple[str, ...]
    unary: tuple[str, ...]
    binary: tuple[str, ...]

    @staticmethod
    def of(names: Names) -> Domain:
        """The domain with the names of a vocabulary."""
        return Domain(tuple(names.classes), tuple(names.unary), tuple(names.binary))

    def arity(self, predicate: str) -> int | None:
        """1 or 2, or None for a name that is no predicate of the domain."""
        return 1 if predicate in self.unary else 2 if predicate in self.binary else None


Status = Literal["accepted", "repaired", "rejected"]


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of one caption.

    formula: the spec; None where ``status`` is ``rejected``.
    status: ``repaired`` if the first answer could not be used and a later or normalised one could.
    reason: why it was rejected (or what was repaired), in a few words that are the same for all captions with that
        fault; empty if accepted.
    notes: what was left out or read in a certain way, in the order of the caption.
    raw: what a language model answered, word for word; None for extractors that use none.
    """

    caption: str
    formula: Formula | None
    status: Status
    reason: str = ""
    notes: tuple[str, ...] = ()
    raw: str | None = None


class SpecExtractor(ABC):
    """Captions to formulas over one domain."""

    @abstractmethod
    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        """One :class:`Extraction` a caption, in their order; a caption never raises."""

    def stream(self, captions: Sequence[str], ids: Sequence[str] | None = None) -> Iterator[tuple[int, Extraction]]:
        """The same one by one as they become ready, each with the index of its caption.

        ids: what the captions are called, for extractors that know answers by name.
        """
        for i, caption in enumerate(captions):
            yield i, self.extract([caption])[0]


Maker = Callable[[Names, Mapping[str, object]], SpecExtractor]
"""A domain and the settings of the ``captions`` block to an extractor; NesyError for a setting that is unknown."""

extractors: Registry[Maker] = Registry("extractor")


def checked_settings(
    extractor: str, settings: Mapping[str, object], defaults: Mapping[str, object]
) -> dict[str, object]:
    """``defaults`` overridden by settings of the same names and types.

    Raises:
        NesyError: an unknown setting, or a value of another type.
    """
    from nesy.errors import did_you_mean

    chosen = dict(defaults)
    for name, value in settings.items():
        if name not in defaults:
            raise NesyError(
                f"extractor `{extractor}` has no setting `{name}`",
                expected=sorted(defaults),
                hint=did_you_mean(name, defaults),
            )
        if type(value) is not type(defaults[name]):
            raise NesyError(
                f"setting `{name}` of extractor `{extractor}` cannot be {value!r}",
                expected=[f"a value like {defaults[name]!r}"],
            )
        chosen[name] = value
    return chosen
