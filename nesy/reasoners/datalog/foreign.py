"""Python functions as foreign functions and predicates: decorators and annotations under scallopy's names."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from nesy.errors import DataError, NesyError
from nesy.reasoners.datalog.builtins import ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.checks import listed
from nesy.reasoners.datalog.values import BASE_TYPES, LATER_TYPES

_PYTHON_TYPES: dict[Any, str] = {int: "i32", float: "f32", bool: "bool", str: "String"}
TagType = typing.TypeVar("TagType")
TupleType = typing.TypeVar("TupleType")


class Facts(typing.Generic[TagType, TupleType]):
    """Annotation of a foreign predicate's result: ``Facts[float, Tuple[int, str]]`` or ``Facts[None, int]``."""


class Generic:
    """A type parameter of a foreign function, bounded by a family: ``T = Generic(Number)``."""

    def __init__(self, type_family: Any = None) -> None:
        self.type_family = type_family


class TypeFamily:
    """A family of column types (``Number``, ``Integer``, ``Float`` ...): any of them will do."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class ScallopType:
    """A column type usable as an annotation, such as ``u32`` or ``String``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def type_name(annotation: Any, where: str, generics: dict[int, str] | None = None) -> str:
    """The column type of a Python annotation."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, ScallopType):
        if annotation.name in LATER_TYPES:
            raise NesyError(f"not supported yet: {where} has type `{annotation}`")
        return annotation.name
    if isinstance(annotation, Generic) and generics is not None:
        return generics.setdefault(id(annotation), f"T{len(generics)}" if generics else "T")
    if isinstance(annotation, str):
        name = annotation.lower() if annotation.lower() in BASE_TYPES else annotation
        if name in BASE_TYPES or name == "Entity":
            return name
        named = {"int": "i32", "float": "f32", "str": "String"}
        if name in named:
            return named[name]
    if generics is not None and (annotation in (int, float, Any) or isinstance(annotation, TypeFamily)):
        return "*"
    if isinstance(annotation, type) and annotation in _PYTHON_TYPES:
        return _PYTHON_TYPES[annotation]
    if annotation is inspect.Parameter.empty:
        raise NesyError(f"{where} has no type annotation", hint="annotate it with int, float, bool, str, or u32 ...")
    raise NesyError(f"{where} has an unknown type `{annotation}`", expected=sorted(BASE_TYPES))


def foreign_function(
    func: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    return_type: Any = None,
    arg_types: Sequence[Any] | None = None,
    ret_type: Any = None,
    suppress_warning: bool = False,
) -> Any:
    """Make an annotated Python function callable as ``$name``; usable with or without arguments.

    ``arg_types``, ``return_type`` and its other name ``ret_type`` stand before annotations.
    An exception such as ``ValueError``, None or NaN drops the tuple.
    """

    def wrap(f: Callable[..., Any]) -> ForeignFunction:
        label = _label(f, name, "foreign_function")
        hints = _hints(f)
        generics: dict[int, str] = {}
        args: list[str] = []
        optional = 0
        variadic: str | None = None
        given = None if arg_types is None else listed(arg_types, "argument types", "such as [scallopy.i32]")
        parameters = list(inspect.signature(f).parameters.values())
        if given is not None and len(given) != len(parameters):
            raise NesyError(f"`${label}` has {len(parameters)} arguments, but {len(given)} types are given")
        for i, p in enumerate(parameters):
            if p.kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
                raise NesyError(
                    f"argument `{p.name}` of `${label}` is a keyword", hint="programs give arguments by place"
                )
            annotation = hints.get(p.name, p.annotation) if given is None else given[i]
            kind = type_name(annotation, f"argument `{p.name}` of `${label}`", generics)
            if p.kind == inspect.Parameter.VAR_POSITIONAL:
                variadic = kind
                continue
            args.append(kind)
            optional += p.default is not inspect.Parameter.empty
        asked = return_type if return_type is not None else ret_type
        result_hint = asked if asked is not None else hints.get("return", inspect.Parameter.empty)
        bound = set(generics)
        result = type_name(result_hint, f"the result of `${label}`", generics)
        if result == "*" or set(generics) - bound:
            raise NesyError(
                f"the result type of `${label}` is not determined", hint="annotate it with a column type such as i32"
            )
        return ForeignFunction(label, tuple(args), result, f, optional, variadic)

    return wrap(func) if func is not None else wrap


def foreign_predicate(
    func: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    type_params: list[Any] | None = None,
    input_arg_types: list[Any] | None = None,
    output_arg_types: list[Any] | None = None,
    tag_type: Any = None,
    suppress_warning: bool = False,
) -> Any:
    """Make a Python generator a predicate: its arguments are the bound columns, what it yields the free ones.

    With a tag type (``Facts[float, ...]``) it yields ``(probability, tuple)``, else tuples.
    """

    def wrap(f: Callable[..., Any]) -> ForeignPredicate:
        label = _label(f, name, "foreign_predicate")
        hints = _hints(f)
        tagged = tag_type not in (None, type(None), "none")
        if input_arg_types is not None:
            inputs = [type_name(t, f"an argument of `{label}`") for t in input_arg_types]
        else:
            inputs = []
            for p in inspect.signature(f).parameters.values():
                if p.kind == inspect.Parameter.VAR_POSITIONAL or p.default is not inspect.Parameter.empty:
                    raise NesyError(f"foreign predicate `{label}` cannot have optional or variable arguments")
                inputs.append(type_name(hints.get(p.name, p.annotation), f"argument `{p.name}` of `{label}`"))
        if output_arg_types is not None:
            outputs = [type_name(t, f"a result of `{label}`") for t in output_arg_types]
        else:
            parts = typing.get_args(hints.get("return"))
            if len(parts) != 2:
                raise NesyError(f"the result of `{label}` must be annotated", hint="-> Facts[float, Tuple[int, str]]")
            tagged = parts[0] not in (None, type(None)) and getattr(parts[0], "__forward_arg__", "") != "none"
            outputs = _tuple_types(parts[1], label)

        def call(*args: Any) -> Iterator[tuple[float | None, tuple[Any, ...]]]:
            answers = f(*args)
            if not isinstance(answers, Iterable) or isinstance(answers, str):
                raise DataError(f"expected a generator or a list, got {answers!r}")
            for item in answers:
                if tagged and not (isinstance(item, tuple) and len(item) == 2):
                    raise DataError(f"expected (tag, tuple), got {item!r}")
                tag, row = item if tagged else (None, item)
                yield tag, row if isinstance(row, tuple) else (row,)

        return ForeignPredicate(label, (*inputs, *outputs), len(inputs), call, function=f)

    return wrap(func) if func is not None else wrap


def _label(f: Any, name: str | None, decorator: str) -> str:
    if not callable(f):
        raise NesyError(f"{f!r} is not a function", hint=f"write @{decorator} before a function")
    return name or str(getattr(f, "__name__", type(f).__name__))


def _tuple_types(annotation: Any, label: str) -> list[str]:
    if annotation in (None, type(None)) or annotation is tuple or annotation is typing.Tuple:  # noqa: UP006
        return []
    if typing.get_origin(annotation) is tuple:
        return [type_name(t, f"a result of `{label}`") for t in typing.get_args(annotation)]
    return [type_name(annotation, f"the result of `{label}`")]


def _hints(f: Callable[..., Any]) -> dict[str, Any]:
    """Annotations, with strings resolved where they can be."""
    try:
        return typing.get_type_hints(f)
    except (NameError, TypeError):
        return dict(getattr(f, "__annotations__", {}))
