"""Every example of every page: task files check, commands print what the page shows, Python runs."""

from __future__ import annotations

import doctest
import shlex
import sys
from pathlib import Path

import pytest

from nesy.cli.app import run
from nesy.dsl.check import check_module
from nesy.dsl.parser import load
from tests.docs.pages import PAGES, ROOT, blocks


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_the_examples_of_a_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    python: dict[str, object] = {"__name__": "page"}
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        match block.language:
            case "dsl":
                file = Path(block.value("file") or f"line{block.line}.dsl")
                file.write_text(block.text, "utf-8")
                if "bad" not in block.info.split():
                    check_module(load(file))
            case "json" | "csv" | "jsonl" | "scl" if block.value("file"):
                Path(block.value("file") or "").write_text(block.text, "utf-8")
            case "console":
                capfd.readouterr()
                for command, expected in commands(block.text):
                    run(shlex.split(command)[1:])
                    printed = "".join(capfd.readouterr())
                    assert printed.rstrip() == expected.rstrip(), f"{where}: {command}\n{printed}"
            case "python" if ">>>" in block.text:
                test = doctest.DocTestParser().get_doctest(block.text, python, where, str(page), block.line)
                outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
                    test, out=sys.stderr.write, clear_globs=False
                )
                assert outcome.failed == 0, where
                python = test.globs
            case "python" if "norun" not in block.info.split():
                exec(compile(block.text, where, "exec"), python)
            case _:
                pass


def commands(text: str) -> list[tuple[str, str]]:
    """``$ nesy ...`` and the lines that follow it."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:].strip(), ""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def test_the_roads_program_is_exact(capfd: pytest.CaptureFixture[str]) -> None:
    """Against all 32 worlds of open and blocked roads."""
    from itertools import product

    roads = {"UA": 0.9, "AM": 0.8, "UE": 0.6, "EM": 0.7, "MS": 0.5}  # E: Memmingen
    munich, counts = 0.0, [0.0] * 5
    for world in product((False, True), repeat=5):
        ua, am, ue, em, ms = world
        chance = 1.0
        for is_open, p in zip(world, roads.values(), strict=True):
            chance *= p if is_open else 1 - p
        m = (ua and am) or (ue and em)
        munich += chance * m
        counts[ua + ue + m + (m and ms)] += chance
    assert run(["scl", str(ROOT / "examples" / "datalog" / "roads.scl"), "-p", "exact"]) == 0
    printed = capfd.readouterr().out
    assert f'{munich:.4f}::("Ulm", "Munich")' in printed
    for n, p in enumerate(counts):
        assert f"{round(p, 6):g}::({n})" in printed, printed
