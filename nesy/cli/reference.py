"""The page of all commands, written from the code: ``python -m nesy.cli.reference > docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import typer

HEAD = """# The commands

Written by `python -m nesy.cli.reference > docs/cli.md`; a test compares this page with the code.

Every command prints its help with `--help`; `--debug` anywhere on the line shows tracebacks.
`nesy --install-completion` makes the Tab key complete commands and options.

| exit code | means |
|---|---|
| 0 | done; a question's answer is yes |
| 1 | done; the answer is no, nothing was found, or a check failed |
| 2 | a mistake in the input: one message with its place and a remedy |
| 3 | a mistake in nesy |
| 130 | interrupted |
"""


def page() -> str:
    """The Markdown of the page, the same on every machine."""
    from nesy.cli import commands as commands
    from nesy.cli.app import app

    found = list(_commands(typer.main.get_command(app), "nesy"))
    index = ["| command | what it does |", "|---|---|"]
    index += [f"| [`{name}`](#{_anchor(name)}) | {_first(c)} |" for name, c in found]
    return "\n\n".join([HEAD.rstrip("\n"), "\n".join(index), *(_section(name, c) for name, c in found)]) + "\n"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, c in sorted(below.items()):
        if not c.hidden:
            yield from _commands(c, f"{name} {word}")


def _first(command: Any) -> str:
    return " ".join(cleandoc(command.help or "").split("\n\n")[0].split()).replace("|", "\\|")


def _section(name: str, command: Any) -> str:
    """Usage, description, example and a table of the parameters."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    usage = " ".join([name, *(_argument(p) for p in arguments), *(["[OPTIONS]"] if options else [])])
    parts = [f"## `{name}`"]
    for text in cleandoc(command.help or "").split("\n\n"):
        example, _, line = text.partition(":")
        if example == "Example":
            parts.append(f"```sh\n{' '.join(line.split())}\n```")
        else:
            parts.append(" ".join(text.split()))
    parts.insert(1, f"```text\n{usage}\n```")
    rows = [f"| {_names(p)} | {_meaning(p)} | {_default(p)} |" for p in [*arguments, *options]]
    if rows:
        parts.append("\n".join(["| argument or option | meaning | default |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def _argument(p: Any) -> str:
    name = p.name.upper() + ("..." if p.nargs == -1 or getattr(p, "multiple", False) else "")
    return name if p.required else f"[{name}]"


def _names(p: Any) -> str:
    if p.param_type_name == "argument":
        return f"`{p.name.upper()}`"
    return ", ".join(f"`{o}`" for o in [*p.opts, *p.secondary_opts])


def _meaning(p: Any) -> str:
    text = " ".join((p.help or "").split()).replace("|", "\\|")
    return text + (" May be repeated." if getattr(p, "multiple", False) else "")


def _default(p: Any) -> str:
    if p.required:
        return "must be given"
    value = p.default
    if callable(value) or value in (None, False, (), []) or "UNSET" in repr(value).upper():
        return ""
    return f"`{'--' + p.name if value is True else value}`"


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


if __name__ == "__main__":
    print(page(), end="")
