"""A small pretty-printer: documents that decide for themselves where to break lines (Wadler, 2003), with comments.

A group is written on one line when it fits and contains no comment; otherwise its own lines are broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 100
INDENT = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line break; ``flat`` is written instead when the group fits on one line."""

    flat: str = " "


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, after which a new line begins; ``own`` puts it on a line of its own."""

    text: str
    own: bool


@dataclass(frozen=True, slots=True)
class Concat:
    parts: tuple[Doc, ...]
    broken: bool


@dataclass(frozen=True, slots=True)
class Group:
    body: Doc


@dataclass(frozen=True, slots=True)
class Nest:
    body: Doc


Doc: TypeAlias = str | Line | Comment | Concat | Group | Nest

LINE, SOFT = Line(), Line("")


def has_comment(doc: Doc) -> bool:
    """Whether a comment inside forces lines to break; every group and nest wraps a Concat, which remembers it."""
    match doc:
        case Comment():
            return True
        case Concat(_, broken):
            return broken
        case Group(body) | Nest(body):
            return has_comment(body)
    return False


def concat(*parts: Doc) -> Doc:
    return Concat(parts, any(has_comment(p) for p in parts))


def join(separator: Doc, parts: Iterable[Doc]) -> Doc:
    row: list[Doc] = []
    for p in parts:
        row += [separator, p] if row else [p]
    return concat(*row)


def indented(open_: str, body: Doc, close: str, *, space: bool) -> Doc:
    """``open_ body close`` on one line, or the body indented between them."""
    line = LINE if space else SOFT
    return Group(concat(open_, Nest(concat(line, body)), line, close))


def render(doc: Doc, *, width: int = WIDTH) -> str:
    """The text of ``doc``; no line ends in spaces."""
    out: list[str] = []
    column = indent = 0
    fresh = True  # nothing but indentation on this line yet
    ended = False  # a comment was written: only a line end may follow

    def newline() -> None:
        nonlocal column, fresh, ended
        out.append("\n")
        column, fresh, ended = indent, True, False

    def write(text: str) -> None:
        nonlocal column, fresh
        if not text:
            return
        if ended:
            newline()
            text = text.lstrip()
        if fresh:
            text = text.lstrip()
            out.append(" " * indent)
        out.append(text)
        column, fresh = column + len(text), False

    stack: list[tuple[int, bool, Doc]] = [(0, False, doc)]
    while stack:
        indent, flat, d = stack.pop()
        match d:
            case str():
                write(d)
            case Line(text):
                if flat:
                    write(text)
                elif not fresh:
                    newline()
            case Comment(text, own):
                if own and not fresh:
                    newline()
                if own:
                    write(text)
                else:
                    write("  " + text)
                ended = True
            case Concat(parts):
                stack.extend((indent, flat, p) for p in reversed(parts))
            case Nest(body):
                stack.append((indent + INDENT, flat, body))
            case Group(body):
                stack.append((indent, not has_comment(body) and _fits(body, stack, width - column), body))
    return "\n".join(line.rstrip() for line in "".join(out).split("\n"))


def _fits(doc: Doc, rest: list[tuple[int, bool, Doc]], room: int) -> bool:
    """Whether ``doc`` on one line, and what follows it up to the next possible line break, takes at most ``room``."""
    stack: list[tuple[bool, Doc]] = [(True, doc)]
    following = len(rest)
    while room >= 0:
        if not stack:
            if following == 0:
                return True
            following -= 1
            _, flat, d = rest[following]
            stack.append((flat, d))
        flat, d = stack.pop()
        match d:
            case str():
                room -= len(d)
            case Line(text):
                if not flat:
                    return True
                room -= len(text)
            case Comment():
                return True
            case Concat(parts):
                stack.extend((flat, p) for p in reversed(parts))
            case Nest(body) | Group(body):
                stack.append((flat, body))
    return False
