"""Foreign attributes: Python functions that turn a declaration such as ``@ask(...) type r(bound q: String, a: String)``
into a foreign function or predicate. A decorated function sees the declaration as an ``Item``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from nesy.errors import NesyError, SpecTypeError
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.foreign import ScallopType
from nesy.reasoners.datalog.values import BASE_TYPES


class DeclaredType(ScallopType):
    """A column type that answers ``is_i32()``, ``is_string()`` ..., and can be used as an annotation."""

    def __getattr__(self, name: str) -> Callable[[], bool]:
        if name.startswith("is_") and name[3:] in {t.lower() for t in BASE_TYPES}:
            return lambda: self.name.lower() == name[3:]
        raise AttributeError(name)


@dataclass(frozen=True, slots=True)
class Adornment:
    """``bound`` before a column."""

    def is_bound(self) -> bool:
        return True

    def is_free(self) -> bool:
        return False


def _binding(field: ast.Field) -> SimpleNamespace:
    name = None if field.name is None else SimpleNamespace(name=field.name)
    return SimpleNamespace(name=name, ty=DeclaredType(field.type), adornment=Adornment() if field.bound else None)


class Item:
    """A declaration with an attribute, as scallopy shows it: of a relation or of a foreign function."""

    def __init__(self, item: ast.RelationType | ast.TypeDefinition | ast.Subtype | ast.FunctionType) -> None:
        self._item = item

    def is_function_decl(self) -> bool:
        """Whether this is ``type $f(...) -> T``."""
        return isinstance(self._item, ast.FunctionType)

    def is_relation_decl(self) -> bool:
        """Whether this is ``type r(...)``."""
        return isinstance(self._item, ast.RelationType)

    def _function(self) -> ast.FunctionType:
        if not isinstance(self._item, ast.FunctionType):
            raise NesyError("the declaration is not one of a function")
        return self._item

    def function_decl_name(self) -> str:
        """The name of the function, without ``$``."""
        return self._function().name

    def function_decl_arg_types(self) -> list[DeclaredType]:
        """The types of its arguments."""
        return [DeclaredType(f.type) for f in self._function().fields]

    def function_decl_ret_type(self) -> DeclaredType:
        """The type of its result."""
        return DeclaredType(self._function().result)

    def relation_decls(self) -> list[SimpleNamespace]:
        """The relations declared: ``.name.name`` and ``.arg_bindings`` with ``ty``, ``name`` and ``adornment``."""
        if not isinstance(self._item, ast.RelationType):
            return []
        bindings = [_binding(f) for f in self._item.fields]
        return [SimpleNamespace(name=SimpleNamespace(name=self._item.name), arg_bindings=bindings)]

    def relation_decl(self, index: int) -> SimpleNamespace:
        """One of them."""
        return self.relation_decls()[index]


@dataclass(frozen=True, slots=True)
class ForeignAttribute:
    """An attribute's name and the function that handles it."""

    name: str
    call: Callable[..., Any]


def foreign_attribute(func: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
    """Make ``f(item, *args, **kwargs)`` an attribute; it returns a foreign function or predicate, or None."""

    def wrap(f: Callable[..., Any]) -> ForeignAttribute:
        return ForeignAttribute(name or f.__name__, f)

    return wrap(func) if func is not None else wrap


Made = ForeignFunction | ForeignPredicate


def apply_attributes(
    program: ast.Program, attributes: Mapping[str, ForeignAttribute]
) -> tuple[ast.Program, list[Made]]:
    """The program without the declarations that became foreign functions or predicates, and these."""
    items: list[ast.Item] = []
    made: list[Made] = []
    for item in program.items:
        mine = [a for a in getattr(item, "attributes", ()) if a.name in attributes]
        if not isinstance(item, ast.Declared) or not mine:
            items.append(item)
            continue
        results = [_applied(attributes[a.name], a, item, program) for a in mine]
        found = [r for r in results if r is not None]
        made += found
        if not found:
            items.append(replace(item, attributes=tuple(a for a in item.attributes if a not in mine)))
    return replace(program, items=tuple(items)), made


def _applied(attribute: ForeignAttribute, use: ast.Attribute, item: ast.Declared, program: ast.Program) -> Made | None:
    try:
        result = attribute.call(Item(item.item), *use.args, **dict(use.kwargs))
    except Exception as error:  # a user's attribute may raise anything; its reason is what the reader needs
        message = f"attribute `@{use.name}` failed: {error or type(error).__name__}"
        raise SpecTypeError(message, span=use.span, source=program.source) from error
    if result is not None and not isinstance(result, ForeignFunction | ForeignPredicate):
        message = f"attribute `@{use.name}` gave {result!r}"
        hint = "return a foreign function, a foreign predicate or None"
        raise SpecTypeError(message, span=use.span, source=program.source, hint=hint)
    return result
