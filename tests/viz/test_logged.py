"""The log of a run: whole, cut short by a kill, or damaged."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from nesy.errors import DataError
from nesy.viz.logged import loss_curves

LINES = [json.dumps({"epoch": e, "losses": {"total": 1 / e, "words": float("nan")}}) for e in (1, 2, 3)]


def test_the_curves_are_those_of_the_log(tmp_path: Path) -> None:
    assert loss_curves(tmp_path) == ([], [])
    (tmp_path / "log.jsonl").write_text("\n".join(LINES) + "\n", "utf-8")
    curves, notes = loss_curves(tmp_path)
    assert [(c.name, c.epochs) for c in curves] == [("total", [1, 2, 3]), ("words", [1, 2, 3])] and notes == []
    assert curves[0].values == [1, 1 / 2, 1 / 3] and math.isnan(curves[1].values[0])


@pytest.mark.parametrize(
    "cut", [b'{"epoch": 4, "los', b"\0\0\0", b"\xff\xfe", b"[]", b'{"epoch": 4}', b'{"losses": 3}']
)
def test_a_half_line_at_the_end_is_left_out(tmp_path: Path, cut: bytes) -> None:
    (tmp_path / "log.jsonl").write_bytes("\n".join([*LINES, ""]).encode() + cut)
    curves, (note,) = loss_curves(tmp_path)
    assert curves[0].epochs == [1, 2, 3] and "line 4" in note
    (tmp_path / "log.jsonl").write_bytes("\n".join([LINES[0], ""]).encode() + cut + b"\n" + LINES[1].encode())
    with pytest.raises(DataError, match=r"log\.jsonl:2"):
        loss_curves(tmp_path)
