"""Hooks of the documentation site: the API page from docstrings, and links that leave ``docs/`` as paths in code."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]*)\]\(\.\./([^)]*)\)")
OBJECT = re.compile(r"^- `(nesy(?:\.\w+)+)`$", re.MULTILINE)


def on_page_markdown(markdown: str, page: Any = None, **_: Any) -> str:
    """Called by mkdocs for every page."""
    if page is not None and page.file.src_path == "api.md":
        markdown = OBJECT.sub(lambda m: described(m[1]), markdown)
    return OUTSIDE.sub(lambda m: m[1] if m[2] in m[1] else f"{m[1]} (`{m[2]}`)", markdown)


def found(name: str) -> Any:
    """The object of a dotted name: the longest prefix that is a module, then attributes."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        try:
            here = import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            here = getattr(here, part)
        return here
    raise ModuleNotFoundError(name)


def described(name: str) -> str:
    """Signature and docstring of an object, as Markdown."""
    here = found(name)
    short = name.rpartition(".")[2]
    signature = _signature(here) if callable(here) else ""
    text = inspect.getdoc(here) or ""
    return f"### `{short}`\n\n```python\n{name}{signature}\n```\n\n```text\n{text}\n```\n"


def _signature(here: Any) -> str:
    """The parameters as they are written in the source: annotations without quotes."""
    parts: list[str] = []
    for p in inspect.signature(here).parameters.values():
        if p.kind is p.KEYWORD_ONLY and "*" not in [x[:1] for x in parts]:
            parts.append("*")
        known = p.annotation if isinstance(p.annotation, str) else getattr(p.annotation, "__name__", str(p.annotation))
        note = "" if p.annotation is p.empty else f": {known}"
        value = "" if p.default is p.empty else f" = {p.default!r}"
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        parts.append(f"{stars}{p.name}{note}{value}")
    return f"({', '.join(parts)})"
