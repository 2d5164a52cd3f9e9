"""Writing whole files: folders are made, a failure leaves the old content and no litter, pipes are not replaced."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from nesy.errors import DataError
from nesy.files import replacing, write_tensors, write_whole


def test_folders_are_made_and_links_followed(tmp_path: Path):
    path = write_whole(tmp_path / "a" / "b" / "text.txt", "é\ud800\r\n")
    assert path.read_bytes() == "é\\ud800\r\n".encode()
    link = tmp_path / "link.txt"
    link.symlink_to(path)
    write_whole(link, "new")
    assert link.is_symlink() and path.read_text() == "new"
    assert [p.name for p in path.parent.iterdir()] == ["text.txt"]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = write_whole(tmp_path / "f", "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as part:
        part.write_text("ha")
        raise KeyboardInterrupt
    with pytest.raises(DataError, match="cannot write it"), replacing(path) as part:
        part.write_text("ha")
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("place", ["file/below", "folder"])
def test_a_place_that_cannot_be_is_told(tmp_path: Path, place: str):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError) as told:
        write_whole(tmp_path / place, "x")
    assert place in told.value.message and told.value.hint


def test_a_pipe_stays_a_pipe(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "through")
    reader.join(10)
    assert seen == ["through"] and pipe.is_fifo()


def test_tensors(tmp_path: Path):
    weights = torch.arange(6.0).reshape(2, 3).T  # not contiguous
    write_tensors(tmp_path / "deep" / "w.safetensors", {"w": weights}, {"about": "six"})
    assert load_file(tmp_path / "deep" / "w.safetensors")["w"].equal(weights)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError):
        write_tensors(tmp_path / "folder", {"w": weights})


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_told(tmp_path: Path):
    with pytest.raises(DataError, match="No space left"):
        write_whole("/dev/full", "x" * 100_000)
