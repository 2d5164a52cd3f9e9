"""Reading the pages of the documentation: their code blocks and their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block: ```` ```language key=value word ````, its text and its first line in the page."""

    language: str
    info: str
    text: str
    line: int

    def value(self, key: str) -> str | None:
        found = re.search(rf"\b{key}=(\S+)", self.info)
        return found[1] if found else None


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines, opened = page.read_text("utf-8").split("\n"), None
    for i, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if opened is None:
            opened = i
        else:
            language, _, info = lines[opened][3:].strip().partition(" ")
            yield Block(language, info, "\n".join(lines[opened + 1 : i]) + "\n", opened + 2)
            opened = None
    assert opened is None, f"{page}: the block of line {opened} is never closed"


def rows(page: Path, *header: str) -> Iterator[list[str]]:
    """The rows of every table of a page that has this header."""
    inside = False
    for line in page.read_text("utf-8").split("\n"):
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if tuple(cells) == header:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not set(line) <= set("|- "):
            yield cells


def code(cell: str) -> list[str]:
    """The pieces of code in a cell of a table."""
    return [c.replace("\\|", "|") for c in re.findall(r"`([^`]+)`", cell)]
