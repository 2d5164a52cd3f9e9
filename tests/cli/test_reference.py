"""The page of the commands is what the code says, and every command's example is a command line that it understands."""

from __future__ import annotations

import re
import shlex
from inspect import cleandoc
from pathlib import Path
from typing import Any

import pytest
import typer

from nesy.cli import reference
from nesy.cli.app import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"


def all_commands() -> list[tuple[str, Any]]:
    from nesy.cli import commands as commands

    return list(reference._commands(typer.main.get_command(app), "nesy"))


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == reference.page(), "run: python -m nesy.cli.reference > docs/cli.md"


def test_the_page_names_every_parameter() -> None:
    text = PAGE.read_text("utf-8")
    for name, command in all_commands():
        section = text.split(f"## `{name}`\n")[1].split("\n## ")[0]
        for p in command.params:
            if p.name != "help":
                assert f"`{p.opts[0]}`" in section or f"`{p.name.upper()}`" in section, (name, p.name)
                assert p.help, f"{name}: {p.name} has no help"


@pytest.mark.parametrize("name", [n for n, _ in all_commands()])
def test_the_example_is_understood(name: str) -> None:
    command = dict(all_commands())[name]
    found = re.findall(r"^Example: (.+(?:\n(?!\n).+)*)", cleandoc(command.help or ""), re.MULTILINE)
    assert found, f"{name} has no example"
    for line in found:
        words = shlex.split(line.split(" | ")[0].replace("\n", " "))
        assert words[: len(name.split())] == name.split(), line
        with command.make_context(name, words[len(name.split()) :]):
            pass  # parsed: no unknown option, nothing missing
