"""The skeleton of a self-contained page: head, policy, navigation, sections. No request ever leaves it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from nesy.files import write_whole
from nesy.viz.html import Html, join, tag


def page(
    title: str,
    created: str,
    sections: Sequence[tuple[str, str, Html | None]],
    notes: Sequence[str] = (),
    bare: bool = False,
) -> str:
    """One HTML document from sections (id, heading, content); those without content are left out.

    ``bare`` leaves out navigation and headings, for a page inside another one.

    The only script that may run is ours, named by its hash in the page's own policy: text that slipped through
    unescaped would still be dead text.
    """
    script = _asset("placing.js") + _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    filled = [(id, name, content) for id, name, content in sections if content]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content="nesy"),
        tag("title", title),
        tag("style", Html(stylesheet())),
    )
    links = [tag("a", name, href=f"#{id}") for id, name, _ in filled]
    theme = tag("button", "◐", type="button", id="theme", title="light or dark", aria_label="switch light or dark")
    nav = tag("nav", tag("span", "nesy", class_="brand"), tag("div", links, class_="links"), theme)
    top = tag(
        "header",
        tag("h1", title),
        tag("p", created, class_="quiet") if created else None,
        tag("ul", [tag("li", n) for n in notes], class_="notes") if notes else None,
    )
    main = [tag("section", tag("h2", name), content, id=id) for id, name, content in filled]
    empty = tag("p", "There is nothing to show yet.", class_="quiet") if not filled else None
    quiet = tag("noscript", tag("p", "Without scripts the clips show their first frame only.", class_="quiet"))
    body = tag(
        "body", nav, tag("main", top, quiet, main, empty), tag("script", Html(script)), class_="bare" if bare else None
    )
    return "<!doctype html>\n" + tag("html", join(head, body), lang="en") + "\n"


def stylesheet() -> str:
    """The page's CSS; the dark colours apply by the reader's preference and by the page's own switch."""
    dark = _asset("dark.css")
    return (
        _asset("report.css")
        + f"\n@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{\n{dark}}} }}"
        + f"\n:root[data-theme=dark] {{\n{dark}}}\n"
    )


def write_page(text: str, path: Path | str) -> Path:
    """Write a page so that a reader sees the old or the new one and never half of it.

    Raises:
        DataError: the place cannot be written.
    """
    return write_whole(path, text)


def _asset(name: str) -> str:
    return files("nesy.viz").joinpath("assets", name).read_text("utf-8")
