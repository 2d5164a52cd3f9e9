"""The corpus of broken files: each with the exact diagnostics that a reader gets.

To see what a change does to all of them: ``python -m tests.dsl.test_bad_specs`` writes the expectations anew; read the
difference before committing it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nesy.dsl.diagnose import diagnose
from nesy.dsl.diagnostics import CODES

FOLDER = Path(__file__).parent / "bad_specs"
FILES = sorted(FOLDER.glob("*.dsl"))


def told(path: Path) -> str:
    """All diagnostics of a file as text, with paths as seen from the corpus."""
    here = Path.cwd()
    os.chdir(FOLDER)
    try:
        found = diagnose(path.name)
    finally:
        os.chdir(here)
    return "\n\n".join(str(d) for d in found) + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_exact_diagnostics(path: Path) -> None:
    assert told(path) == path.with_suffix(".expected").read_text(encoding="utf-8")


def test_the_corpus_is_large_and_covers_every_code() -> None:
    assert len(FILES) >= 100
    text = "".join(p.with_suffix(".expected").read_text(encoding="utf-8") for p in FILES)
    elsewhere = {"E011", "E012"}  # the file that the user names cannot be read, or is too large: test_limits
    elsewhere |= {"E090", "E091", "E092"}  # of blocks, by those who read them: tests/training/test_blocks.py
    assert {code for code in CODES if code not in text} == elsewhere


def test_diagnosis_is_quick() -> None:
    began = time.perf_counter()
    for path in FILES:
        told(path)
    assert (time.perf_counter() - began) / len(FILES) < 0.2


if __name__ == "__main__":
    for file in FILES:
        file.with_suffix(".expected").write_text(told(file), encoding="utf-8")
