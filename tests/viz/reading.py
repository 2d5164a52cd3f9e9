"""Reading a page back with the standard library's parser, strictly: what is opened is closed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"br", "col", "hr", "img", "input", "link", "meta"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)

    def all(self, name: str | None = None, **attributes: str) -> list[Element]:
        """Elements below, in order, with this name and these attributes (``class_`` tests one class)."""
        out = []
        for c in self.children:
            if isinstance(c, Element):
                if name in (None, c.name) and all(_has(c, k, v) for k, v in attributes.items()):
                    out.append(c)
                out += c.all(name, **attributes)
        return out

    def one(self, name: str | None = None, **attributes: str) -> Element:
        found = self.all(name, **attributes)
        assert len(found) == 1, (name, attributes, len(found))
        return found[0]


def _has(e: Element, key: str, value: str) -> bool:
    if key == "class_":
        return value in e.attributes.get("class", "").split()
    return e.attributes.get(key.replace("_", "-")) == value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({k for k, _ in attrs}) == len(attrs), f"<{tag}> repeats an attribute"
        e = Element(tag, {k: v or "" for k, v in attrs})
        self.open[-1].children.append(e)
        if tag not in VOID:
            self.open.append(e)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: str) -> Element:
    """The document; fails on anything that is not closed or closed in the wrong order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def data(page: Element, id: str) -> Any:
    """The value of a JSON block."""
    return json.loads(page.one("script", id=id).text())
