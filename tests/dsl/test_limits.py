"""What is larger or deeper than the language allows is refused with one error that says how much, and where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nesy.cli.app import run
from nesy.dsl.diagnose import diagnose, diagnose_text
from nesy.dsl.format import format_source
from nesy.dsl.limits import FILE_BYTES, SETTINGS
from nesy.errors import NesyError

OPENINGS = [("{ y: ", " }"), ("[", "]")]


def nested(depth: int, opening: str, closing: str) -> str:
    """A block whose settings are ``depth`` levels deep."""
    return "train { x: " + opening * (depth - 1) + "1" + closing * (depth - 1) + " }\n"


@pytest.mark.parametrize(("opening", "closing"), OPENINGS)
def test_settings_up_to_the_limit_are_read_and_formatted(opening: str, closing: str) -> None:
    text = nested(SETTINGS, opening, closing)
    assert not diagnose_text(text)
    assert not diagnose_text(format_source(text))


@pytest.mark.parametrize("depth", [SETTINGS + 1, 3_000])
@pytest.mark.parametrize(("opening", "closing"), OPENINGS)
def test_deeper_settings_are_one_error_with_a_place(depth: int, opening: str, closing: str) -> None:
    text = nested(depth, opening, closing)
    (found,) = diagnose_text(text)
    assert found.code == "E013" and str(SETTINGS) in found.message and found.hint
    assert found.span is not None and found.span.line == 1
    with pytest.raises(NesyError, match="nested deeper"):
        format_source(text)


def test_a_deep_block_is_still_a_block() -> None:
    """No second error says that it is missing."""
    deep = nested(50, *OPENINGS[0]).replace("train", 'data "platformer"')
    assert [d.code for d in diagnose_text(deep + "captions from data\n")] == ["E013"]


@pytest.mark.parametrize("command", ["check", "fmt", "explain", "compile"])
def test_no_command_fails_inside(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep.dsl"
    path.write_text("class cat\n" + nested(3_000, *OPENINGS[0]))
    assert run([command, str(path)]) == (1 if command == "check" else 2)
    told = "".join(capsys.readouterr())
    assert told.count("E013") == 1 and "deep.dsl:2:" in told and len(told) < 1_000


def test_a_file_beyond_the_limit_is_told_its_own_size(tmp_path: Path) -> None:
    path = tmp_path / "large.dsl"
    path.write_text("/" * (FILE_BYTES + 37))
    (found,) = diagnose(path)
    assert found.code == "E012" and found.message == "the text has 1,048,613 bytes; the limit is 1,048,576"
    path.write_text("é" * FILE_BYTES)  # cut inside of a character
    assert "2,097,152 bytes" in diagnose(path)[0].message
    (tmp_path / "small.dsl").write_text('import "large.dsl"\n')
    assert [d.code for d in diagnose(tmp_path / "small.dsl")] == ["E012"]


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device here")
def test_what_has_no_size_is_only_known_to_be_larger() -> None:
    (found,) = diagnose("/dev/zero")
    assert found.code == "E012" and "more than 1,048,576 bytes" in found.message
