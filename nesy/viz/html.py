"""Building HTML in which every string is escaped, because only :class:`Html` is taken as markup."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from nesy.files import json_types

Child: TypeAlias = "str | int | float | Iterable[Child] | None"

_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


class Html(str):
    """Text that is markup already; everything else is escaped when it becomes a child."""

    __slots__ = ()


def clean(text: str) -> str:
    """``text`` without what no UTF-8 document may hold: control characters and lone surrogates become U+FFFD."""
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n"))


def join(*children: Child) -> Html:
    """The children one after another; strings and numbers escaped, None left out, iterables flattened."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            parts.append(str(child))
        elif isinstance(child, str):
            parts.append(escape(clean(child), quote=True))
        elif isinstance(child, Iterable):
            parts.append(join(*child))
        else:
            parts.append(escape(str(child)))
    return Html("".join(parts))


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """An element: ``class_`` gives ``class``, ``data_x`` gives ``data-x``; None and False leave an attribute out.

    >>> tag("p", "a < b", class_="note", hidden=True)
    '<p class="note" hidden>a &lt; b</p>'
    """
    text = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{text}>")
    return Html(f"<{name}{text}>{join(*children)}</{name}>")


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    key = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {key}"
    if isinstance(value, float):
        value = f"{value:.6g}"
    return f' {key}="{escape(clean(str(value)), quote=True)}"'


def embed_json(value: object, id: str) -> Html:
    """A data block that scripts read by ``id``; no byte of ``value`` can end the block or start another element."""
    text = json.dumps(json_types(value), separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Html(f'<script type="application/json" id="{escape(id)}">{text}</script>')


def number(x: float, digits: int = 3) -> str:
    """A number for people: ``–`` when undefined, scientific below the last digit, else fixed.

    >>> number(0.98765), number(float("nan")), number(2e-7)
    ('0.988', '–', '2.0e-07')
    """
    if not math.isfinite(x):
        return "–" if math.isnan(x) else ("∞" if x > 0 else "−∞")
    if 0 < abs(x) < 0.5 * 10**-digits or abs(x) >= 1e6:
        return f"{x:.1e}"
    return f"{x:.{digits}f}"
