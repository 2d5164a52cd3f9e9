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


IMPORTS = {  # what a room may import of the others: data flows one way
    "dsl": {"errors", "files", "reasoners"},
    "scenegraph": {"errors", "files"},
    "reasoners": {"errors", "registry", "dsl", "scenegraph"},
    "datasets": {"errors", "files", "registry", "scenegraph", "dsl"},
    "perception": {"errors", "files", "registry", "scenegraph", "datasets", "reasoners"},
}


@pytest.mark.parametrize("room", IMPORTS)
def test_data_flows_one_way(room: str):
    for path in (ROOT / "nesy" / room).rglob("*.py"):
        for found in re.findall(r"^\s*(?:from|import) nesy\.(\w+)", path.read_text("utf-8"), re.MULTILINE):
            assert found == room or found in IMPORTS[room], f"{path.relative_to(ROOT)} imports nesy.{found}"
