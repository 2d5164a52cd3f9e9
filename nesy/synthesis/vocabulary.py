"""The vocabulary of a domain as the checker's signature."""

from __future__ import annotations

from nesy.dsl.signature import Signature
from nesy.synthesis.base import Names


def signature_of(names: Names) -> Signature:
    """``names`` itself if it is a signature (it may have macros and custom predicates), else one of its names alone."""
    if isinstance(names, Signature):
        return names
    return Signature.of(classes=names.classes, unary=names.unary, binary=names.binary)
