"""Every notebook runs from top to bottom in a fresh kernel, shows what it promises, and is stored without outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="`pip install nbformat nbclient ipykernel` to run this test")
nbclient = pytest.importorskip("nbclient", reason="`pip install nbclient ipykernel` to run this test")

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
LONGEST = 180  # seconds of one notebook on two cores; a busy machine gets four times as much


def cells(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def test_there_are_notebooks() -> None:
    assert [p.name[0] for p in NOTEBOOKS] == [str(k + 1) for k in range(len(NOTEBOOKS))] and len(NOTEBOOKS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_outputs_are_stripped(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.source
        assert cell.source.strip()
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_links_lead_somewhere(path: Path) -> None:
    import re

    for cell in cells(path):
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+)", cell.source):
                assert (path.parent / target).exists(), target


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell with an error fails, and so does a cell that promises an error (tag ``raises-exception``) and has none."""
    root = str(path.parents[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = {p: p.stat().st_mtime_ns for p in path.parent.iterdir()}
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=4 * LONGEST, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    shown = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        text = "".join(o.get("text", "") for o in cell.outputs)
        promised = "raises-exception" in cell.metadata.get("tags", [])
        assert ("error" in text) >= promised, cell.source
        assert "Traceback" not in text and "internal fault" not in text, text
        if not promised and not cell.source.startswith("%nesy check broken"):
            assert "exit code 2" not in text and "exit code 3" not in text, text
        shown += any("text/html" in o.get("data", {}) or "image/png" in o.get("data", {}) for o in cell.outputs)
    assert shown >= 1  # pictures
    assert {p: p.stat().st_mtime_ns for p in path.parent.iterdir()} == before  # it writes nothing beside itself
