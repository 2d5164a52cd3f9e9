"""The scallopy API on the embedded engine: ``from nesy.reasoners import scallopy`` instead of ``import scallopy``."""

from __future__ import annotations

import builtins
from types import SimpleNamespace

from nesy.reasoners.datalog.attributes import ForeignAttribute, foreign_attribute
from nesy.reasoners.datalog.builtins import ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.context import ScallopContext
from nesy.reasoners.datalog.csvfile import CSVFileOptions
from nesy.reasoners.datalog.foreign import Facts, Generic, ScallopType, TypeFamily, foreign_function, foreign_predicate
from nesy.reasoners.datalog.forward import ScallopForwardFunction
from nesy.reasoners.datalog.mapping import InputMapping
from nesy.reasoners.datalog.provenance.base import Provenance as ScallopProvenance

Context = ScallopContext
Provenance = ScallopProvenance
ForeignAttributeProcessor = ForeignAttribute
Module = ForwardFunction = ScallopForwardFunction
Map = InputMapping
Generator = Facts
ff, fp = foreign_function, foreign_predicate

i8, i16, i32, i64, isize = (ScallopType(n) for n in ("i8", "i16", "i32", "i64", "isize"))
u8, u16, u32, u64, usize = (ScallopType(n) for n in ("u8", "u16", "u32", "u64", "usize"))
GenericTypeParameter = Generic
Any, Number, Integer, SignedInteger, UnsignedInteger, Float = (
    TypeFamily(n) for n in ("Any", "Number", "Integer", "SignedInteger", "UnsignedInteger", "Float")
)
Entity, bool = ScallopType("Entity"), ScallopType("bool")
i128, u128, DateTime, Duration, Tensor = (  # names only: columns of these types are not supported yet
    ScallopType(n) for n in ("i128", "u128", "DateTime", "Duration", "Tensor")
)
f32, f64, char, String, Symbol = (ScallopType(n) for n in ("f32", "f64", "char", "String", "Symbol"))
# the types of tags that a foreign predicate may give; anything but ``none`` means (tag, tuple)
none, natural, prob, exclusion, boolean = "none", "natural", "prob", "exclusion", "bool"
exclusive_prob, diff_prob, exclusive_diff_prob = "exclusive-prob", "diff-prob", "exclusive-diff-prob"
io = SimpleNamespace(CSVFileOptions=CSVFileOptions)


def torch_tensor_enabled() -> builtins.bool:
    """Whether columns may hold tensors: not in this engine."""
    return False


__all__ = [
    "Any",
    "Context",
    "DateTime",
    "Duration",
    "Entity",
    "Facts",
    "Float",
    "ForeignAttribute",
    "ForeignAttributeProcessor",
    "ForeignFunction",
    "ForeignPredicate",
    "ForwardFunction",
    "Generator",
    "Generic",
    "GenericTypeParameter",
    "InputMapping",
    "Integer",
    "Map",
    "Module",
    "Number",
    "Provenance",
    "ScallopContext",
    "ScallopForwardFunction",
    "ScallopProvenance",
    "SignedInteger",
    "String",
    "Symbol",
    "Tensor",
    "TypeFamily",
    "UnsignedInteger",
    "bool",
    "boolean",
    "char",
    "diff_prob",
    "exclusion",
    "exclusive_diff_prob",
    "exclusive_prob",
    "f32",
    "f64",
    "ff",
    "foreign_attribute",
    "foreign_function",
    "foreign_predicate",
    "fp",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "io",
    "isize",
    "natural",
    "none",
    "prob",
    "torch_tensor_enabled",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
]  # fmt: skip
