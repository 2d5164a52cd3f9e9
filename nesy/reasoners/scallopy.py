"""The scallopy API on the embedded engine: ``from nesy.reasoners import scallopy`` instead of ``import scallopy``."""

from __future__ import annotations

from types import SimpleNamespace

from nesy.reasoners.datalog.attributes import ForeignAttribute, foreign_attribute
from nesy.reasoners.datalog.context import ScallopContext
from nesy.reasoners.datalog.csvfile import CSVFileOptions
from nesy.reasoners.datalog.foreign import Facts, Generic, ScallopType, TypeFamily, foreign_function, foreign_predicate
from nesy.reasoners.datalog.forward import ScallopForwardFunction
from nesy.reasoners.datalog.mapping import InputMapping
from nesy.reasoners.datalog.provenance.base import Provenance as ScallopProvenance

Context = ScallopContext
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
Entity = ScallopType("Entity")
f32, f64, char, String, Symbol = (ScallopType(n) for n in ("f32", "f64", "char", "String", "Symbol"))
io = SimpleNamespace(CSVFileOptions=CSVFileOptions)


def torch_tensor_enabled() -> bool:
    """Whether columns may hold tensors: not in this engine."""
    return False


__all__ = [
    "Any",
    "Context",
    "Entity",
    "Facts",
    "Float",
    "ForeignAttribute",
    "ForwardFunction",
    "Generator",
    "Generic",
    "GenericTypeParameter",
    "InputMapping",
    "Integer",
    "Map",
    "Module",
    "Number",
    "ScallopContext",
    "ScallopForwardFunction",
    "ScallopProvenance",
    "SignedInteger",
    "String",
    "Symbol",
    "TypeFamily",
    "UnsignedInteger",
    "char",
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
    "io",
    "isize",
    "torch_tensor_enabled",
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
]  # fmt: skip
