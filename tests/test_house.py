"""The house rules that a machine can check: style, types, rooms, and nothing of anybody's machine in the files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("command", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]])
def test_style_and_types(command: list[str]):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / n for n in names if n and (ROOT / n).is_file()]


def test_no_path_of_a_machine_is_written_down():
    home = re.compile(r"(?<![\w.:/-])/(home|root|Users)/\w")
    for path in tracked():
        if path.suffix in (".py", ".md", ".toml", ".dsl", ".txt", ".lark", ".yml") and path != Path(__file__):
            assert not home.search(path.read_text("utf-8", errors="replace")), path


def rooms() -> list[str]:
    """The rooms in the order of docs/architecture.md, which says that data flows from its top to its bottom."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    return re.findall(r"^      (\w+)(?:/|\.py)(?: |$)", page, re.MULTILINE)


def test_every_room_is_on_the_page():
    there = {p.stem for p in (ROOT / "nesy").iterdir() if p.is_dir() or p.suffix == ".py"}
    there -= {p for p in there if p.startswith("_")}
    assert set(rooms()) == there and len(rooms()) == len(set(rooms()))


@pytest.mark.parametrize("room", rooms())
def test_data_flows_one_way(room: str):
    """A room imports only what stands above it."""
    above = set(rooms()[: rooms().index(room)])
    place = ROOT / "nesy" / room
    for path in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
        for found in re.findall(r"^\s*(?:from|import) nesy\.(\w+)", path.read_text("utf-8"), re.MULTILINE):
            assert found == room or found in above, f"{path.relative_to(ROOT)} imports nesy.{found}"


def test_no_file_is_long_without_a_reason():
    """500 lines, or its docstring says why."""
    for path in (ROOT / "nesy").rglob("*.py"):
        text = path.read_text("utf-8")
        if text.count("\n") > 500:
            assert re.search(r"\blong because\b", text.split('"""')[1]), (
                f"{path.relative_to(ROOT)}: split it, or say why"
            )
