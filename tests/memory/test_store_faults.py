"""The store when processes die, write at once, or find a broken file."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from nesy.memory.store import Pattern, StoreError, Triple, TripleStore
from nesy.memory.store.sqlite import FILE

SIZE = 40  # triples of one episode


def episode(store: TripleStore, name: str) -> None:
    store.add_episode(
        name, [Triple(f"{name}/a", "p", None, name, i, i + 1, 0.5) for i in range(SIZE)], graph=b"{}" * 99
    )


def child(work: Callable[[int], None]) -> tuple[int, int]:
    """Run ``work`` in a forked process, which gets the writing end of a pipe; returns its id and the reading end."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    status = 1
    try:
        os.close(read)
        work(write)
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def written(read: int, begun: bytes) -> list[str]:
    with os.fdopen(read, "rb") as rest:
        return (begun + rest.read()).decode().split("\n")[:-1]


def test_twenty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path):
    rng = random.Random(0)
    acknowledged: list[str] = []
    cut = 0
    for attempt in range(20):

        def work(pipe: int, attempt: int = attempt) -> None:
            store = TripleStore.open(tmp_path)
            for i in range(10_000):
                os.write(pipe, f"begin {attempt}-{i}\n".encode())
                episode(store, f"{attempt}-{i}")
                os.write(pipe, f"done {attempt}-{i}\n".encode())

        pid, read = child(work)
        begun = b""
        while b"done" not in begun:  # however slow the machine is, something has been acknowledged
            more = os.read(read, 4096)
            assert more, "the writer died by itself"
            begun += more
        time.sleep(rng.uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        said = written(read, begun)
        acknowledged += [x.removeprefix("done ") for x in said if x.startswith("done ")]
        cut += bool(said) and said[-1].startswith("begin")
        with TripleStore.open(tmp_path) as store:
            counts = {v.name: v.triples for v in store.videos()}
            assert set(counts.values()) <= {SIZE}
            assert set(acknowledged) <= set(counts)
            assert len(counts) <= len(acknowledged) + attempt + 1
    assert cut >= 5  # the kill did fall into a write
    assert len(acknowledged) >= 20
    with TripleStore.open(tmp_path) as store:
        store.check()
        assert all(store.graph(name) == b"{}" * 99 for name in acknowledged)


def test_two_processes_write_at_once(tmp_path: Path):
    def writer(name: str) -> Callable[[int], None]:
        def work(pipe: int) -> None:
            with TripleStore.open(tmp_path) as store:
                for i in range(30):
                    episode(store, f"{name}{i}")

        return work

    running = [child(writer(name)) for name in "ab"]
    for pid, read in running:
        assert os.waitpid(pid, 0)[1] == 0
        os.close(read)
    with TripleStore.open(tmp_path) as store:
        assert {v.name: v.triples for v in store.videos()} == {f"{n}{i}": SIZE for n in "ab" for i in range(30)}
        names = [row[0] for row in store.connection.execute("SELECT name FROM names")]
        assert len(names) == len(set(names))
        store.check()


def filled(folder: Path) -> Path:
    with TripleStore.open(folder) as store:
        for i in range(50):
            episode(store, f"v{i}")
    return folder / FILE


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    path = tmp_path / FILE
    path.write_bytes(b"not a database, but long enough to be looked at " * 40)
    with pytest.raises(StoreError, match=f"{FILE}: the memory's file is damaged"):
        TripleStore.open(tmp_path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_damaged_page_is_named(tmp_path: Path):
    path = filled(tmp_path)
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"), TripleStore.open(tmp_path) as store:
        store.match(Pattern())
    with pytest.raises(StoreError, match="damaged"), TripleStore.open(tmp_path) as store:
        store.check()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_file_is_named(tmp_path: Path, share: float):
    path = filled(tmp_path)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(StoreError, match="damaged"), TripleStore.open(tmp_path) as store:
        store.match(Pattern())
        store.check()


def test_another_programs_database_and_another_version_are_refused(tmp_path: Path):
    with TripleStore.open(tmp_path / "a") as store:
        store.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99"):
        TripleStore.open(tmp_path / "a")
    with TripleStore.open(tmp_path / "b") as store:
        store.connection.execute("PRAGMA application_id = 7")
    with pytest.raises(StoreError, match="not a memory of nesy"):
        TripleStore.open(tmp_path / "b")


def test_no_store_and_no_place_for_one(tmp_path: Path):
    with pytest.raises(StoreError, match="no memory there"):
        TripleStore.open(tmp_path / "x", create=False)
    assert not (tmp_path / "x").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot make the folder"):
        TripleStore.open(tmp_path / "file" / "x")


def test_the_store_needs_neither_torch_nor_a_graph():
    code = "import sys, nesy.memory.store; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
