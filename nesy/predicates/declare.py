"""Declaring a predicate in Python.

    import nesy

    @nesy.predicate("near(a: object, b: object)")
    def near(boxes):
        centre = (boxes[..., :2] + boxes[..., 2:]) / 2
        apart = (centre[:, :, :, None] - centre[:, :, None, :]).norm(dim=-1)   # [B, T, N, N], a before b
        return 20 * (0.2 - apart)                                              # log-odds

The code asks for what it needs by the names of its parameters (``INPUTS``) and returns log-odds, or booleans for
certain facts: [B, T, N] for one object, [B, T, N, N] for two. It may be a function or an ``nn.Module`` (an instance, or
a class without arguments), whose weights are trained and saved with the model's. Gradients flow where the code lets
them. A ``.dsl`` file declares ``predicate near(a, b)`` and never says where the code is.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from nesy.errors import NesyError, SpecTypeError, did_you_mean
from nesy.own import own_mistakes, remember
from nesy.registry import Registry

INPUTS = {
    "boxes": "float [B, T, N, 4]: x0, y0, x1, y1 as fractions of the frame's width and height; 0 where absent",
    "present": "bool [B, T, N]: whether the object is in the frame",
    "fps": "float [B]: frames a second, 1 where unknown",
    "crops": "float [B, T, N, 3, S, S] in [0, 1]: the objects cut out of the frames, as the backend cuts them",
    "features": "float [B, T, N, D]: what a backend with fixed features keeps of the objects; only of those",
}
"""What a predicate's code can ask for by the names of its parameters."""

Code = TypeVar("Code", bound=Callable[..., Any])


@dataclass(frozen=True)
class Custom:
    """A declared predicate.

    classes: the class that each parameter is restricted to by the declaration, None for any object.
    wants: names of the inputs that the code takes.
    """

    name: str
    parameters: tuple[str, ...]
    classes: tuple[str | None, ...]
    code: Callable[..., Any]
    wants: tuple[str, ...]
    standard: bool = False

    @property
    def arity(self) -> int:
        """1 or 2."""
        return len(self.parameters)

    def signature(self) -> str:
        """As it was declared."""
        given = zip(self.parameters, self.classes, strict=True)
        return f"{self.name}({', '.join(p + ': ' + (c or 'object') for p, c in given)})"


_known: dict[str, Custom] = {}


def registered() -> dict[str, Custom]:
    """All declared predicates by name."""
    return dict(_known)


def predicate(signature: str, *, standard: bool = False) -> Callable[[Code], Code]:
    """A decorator that declares the code below it as a predicate; of two with one name the later one counts.

    Args:
        signature: ``name(a)``, ``name(a, b)`` or with classes, ``name(a: dog, b: object)``; ``object`` is any object.

    Raises:
        SpecTypeError: a signature that is none, or code that asks for something there is not.
    """
    name, parameters, classes = _parse(signature)

    def declare(code: Code) -> Code:
        _known[name] = Custom(name, parameters, classes, code, _wants(name, code), standard)
        return code

    return declare


def _parse(signature: str) -> tuple[str, tuple[str, ...], tuple[str | None, ...]]:
    word = r"[A-Za-z_]\w*"
    match = re.fullmatch(rf"\s*({word})\s*\(([^()]*)\)\s*", signature)
    parts = [p.strip() for p in match[2].split(",")] if match else []
    fields = [re.fullmatch(rf"({word})(?:\s*:\s*({word}))?", p) for p in parts]
    if match is None or not all(fields) or not 1 <= len(fields) <= 2:
        raise SpecTypeError(
            f"{signature!r} is no signature of a predicate",
            expected=["name(a)", "name(a, b)", "name(a: object, b: dog)"],
            hint="a predicate is about one object or an ordered pair in each frame",
        )
    found = [f for f in fields if f is not None]
    names = tuple(f[1] for f in found)
    if len(set(names)) < len(names):
        raise SpecTypeError(f"{signature!r}: two parameters have the same name")
    return match[1], names, tuple(None if f[2] in (None, "object") else f[2] for f in found)


def _wants(name: str, code: Callable[..., Any]) -> tuple[str, ...]:
    is_module = isinstance(code, nn.Module) or (isinstance(code, type) and issubclass(code, nn.Module))
    if isinstance(code, type) and not is_module:
        raise SpecTypeError(
            f"predicate `{name}`: a class must be an nn.Module", expected=["a function", "an nn.Module"]
        )
    function = code.forward if is_module else code  # type: ignore[attr-defined]
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    for p in parameters:
        if p.name not in INPUTS:
            raise SpecTypeError(
                f"the code of predicate `{name}` asks for `{p.name}`, which there is not",
                expected=INPUTS,
                hint=did_you_mean(p.name, INPUTS) or "parameters are filled in by their names",
            )
    return tuple(p.name for p in parameters)


_loaded: dict[Path, tuple[bytes, dict[str, Custom]]] = {}
"""What was run: each file's content and the predicates that it declared."""


def load_predicates(path: Path | str) -> tuple[str, ...]:
    """Run a Python file of one's own that declares predicates; gives their names.

    The file may also register components (backends, extractors, datasets ...). A file that has not changed is run once.

    This runs the file: it is for ``--predicates`` and notebooks, and nothing that is read from data or a ``.dsl`` file
    ever comes here.

    Raises:
        NesyError: no such file, a file that fails, or one that declares nothing.
    """
    path = Path(path)
    if not path.is_file():
        raise NesyError(f"{path}: no such file", hint="--predicates takes a Python file that uses @nesy.predicate")
    content = path.read_bytes()
    known = _loaded.get(path.resolve())
    if known is not None and known[0] == content and all(_known.get(n) is c for n, c in known[1].items()):
        return tuple(known[1])
    before, components = dict(_known), Registry.registered
    name = f"nesy_predicates_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NesyError(f"{path} is no Python file", hint="its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that its classes know their module
    remember(path)
    with own_mistakes():
        spec.loader.exec_module(module)
    names = tuple(n for n, c in _known.items() if before.get(n) is not c)
    if not names and Registry.registered == components:
        raise NesyError(
            f"{path} declares no predicate and registers no component",
            hint='write @nesy.predicate("name(a: object)") above a function',
        )
    _loaded[path.resolve()] = content, {n: _known[n] for n in names}
    return names
