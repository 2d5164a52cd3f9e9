"""The names behind the last axes of a scene graph's tensors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Object classes and frame predicates, in the order of the tensors' last axes."""

    classes: tuple[str, ...]
    unary: tuple[str, ...]
    binary: tuple[str, ...]

    def sizes(self) -> tuple[int, int, int]:
        """The numbers of classes C, unary predicates U and binary predicates R."""
        return len(self.classes), len(self.unary), len(self.binary)
