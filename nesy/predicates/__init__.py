"""Predicates that are computed by Python code instead of learned: one's own, and a standard library."""

from nesy.predicates import standard as standard  # registers the standard library
from nesy.predicates.build import WithPredicates, build, vocabulary_of
from nesy.predicates.declare import INPUTS, Custom, load_predicates, predicate, registered

__all__ = [
    "INPUTS",
    "Custom",
    "WithPredicates",
    "build",
    "load_predicates",
    "predicate",
    "registered",
    "vocabulary_of",
]
