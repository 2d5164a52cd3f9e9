"""Every reader on files that are wrong in every way we know: it says what is wrong, and nothing else happens."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from nesy.cli.app import run
from tests.datasets import test_actiongenome, test_folder, test_llava, test_openpvsg, test_something, test_vidvrd
from tests.faults.corrupt import CHANGES, spoil

READERS = {
    "folder": test_folder,
    "openpvsg": test_openpvsg,
    "something": test_something,
    "actiongenome": test_actiongenome,
    "vidvrd": test_vidvrd,
    "llava-video": test_llava,
}


def tries(name: str, tmp_path: Path, most: int | None, seed: int, capsys: pytest.CaptureFixture[str]) -> int:
    """Spoil one file at a time and check the dataset; returns how many faults there were."""
    rng = random.Random(seed)
    whole = READERS[name].root.__wrapped__(tmp_path)
    if name in ("actiongenome", "llava-video"):
        assert run(["data", "convert", name, str(whole)]) == 0
    files = [p for p in sorted(whole.rglob("*")) if p.is_file()]
    plan = [(p, c) for p in files for c in CHANGES]
    rng.shuffle(plan)
    broken, count, bad = tmp_path / "broken", 0, list[str]()
    for path, change in plan:
        if most is not None and count == most:
            break
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(whole, broken)
        if not spoil(broken / path.relative_to(whole), change, rng):
            continue
        count += 1
        began = time.perf_counter()
        code = run(["data", "check", name, "--set", f"root={broken}", "--decode"])
        took = time.perf_counter() - began
        out, err = capsys.readouterr()
        where = f"{path.relative_to(whole)} {change.__name__}: {code} {took:.1f} s {err[-300:]}"
        wrong = code not in (0, 1, 2) or "Traceback" in out + err or "root:x:0" in out + err or took > 60
        bad += [where] if wrong else []
    assert not bad, "\n".join(bad)  # a traceback, an internal fault, /etc/passwd, or too long
    return count


@pytest.mark.parametrize("name", READERS)
def test_some_faults(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tries(name, tmp_path, 12, 0, capsys) == 12


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_all_faults(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tries(name, tmp_path, None, 1, capsys) > 30
