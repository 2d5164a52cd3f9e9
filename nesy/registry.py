"""The one way in which a component (dataset, extractor, backend, loss ...) gets a name that files may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from nesy.errors import NesyError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Names of one family of components.

    >>> losses: Registry[type] = Registry("loss")
    >>> @losses.register("alignment")
    ... class Alignment: ...
    >>> losses["alignment"].__name__
    'Alignment'
    """

    registered = 0
    """How many components of all families there are."""

    def __init__(self, role: str) -> None:
        self.role = role
        self._items: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that files its argument under ``name``.

        Raises:
            NesyError: another component has the name. A definition that is run again, as a notebook's cell, replaces
                itself.
        """

        def add(item: T) -> T:
            old = self._items.get(name)
            if old is not None and (_origin(old) is None or _origin(old) != _origin(item)):
                hint = "give yours another name"
                raise NesyError(f"{self.role} `{name}` is registered twice", hint=hint)
            self._items[name] = item
            Registry.registered += 1
            return item

        return add

    def __getitem__(self, name: str) -> T:
        if name not in self._items:
            hint = did_you_mean(name, self._items) or "if a file of yours registers it: --predicates FILE.py"
            raise NesyError(f"unknown {self.role} `{name}`", expected=sorted(self._items), hint=hint)
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._items))


def _origin(item: object) -> tuple[str, str] | None:
    """Module and name of a function or class, or of the one function that a component is made of."""
    code = getattr(item, "__wrapped__", item)
    name = getattr(code, "__qualname__", None)
    return None if name is None else (code.__module__, name)
