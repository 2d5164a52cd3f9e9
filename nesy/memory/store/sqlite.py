"""The database file: SQLite, because it is in Python's standard library and keeps what it has acknowledged.

Write-ahead log with ``synchronous=FULL``: a commit returns after the log has reached the disk, so a killed process or a
lost power supply loses no acknowledged episode and leaves no half one; readers do not wait for the writer. DuckDB scans
faster, but admits one writing process only; LanceDB adds 356 MB for vectors that a plain scan finds quickly enough.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nesy.errors import NesyError
from nesy.memory.store.engine import Matrix, Rows, StoreError
from nesy.memory.store.vectors import nearest

FILE = "memory.sqlite"
APPLICATION = 0x6E657379  # "nesy"
VERSION = 1
WAIT = 60.0  # seconds that a writer waits for another

SCHEMA = """
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO names VALUES (1, 'is_a');
CREATE TABLE videos (
    id INTEGER PRIMARY KEY REFERENCES names, fps REAL, frames INTEGER, added REAL NOT NULL, graph BLOB);
CREATE TABLE triples (
    id INTEGER PRIMARY KEY, subject INTEGER NOT NULL, predicate INTEGER NOT NULL, object INTEGER,
    video INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    confidence REAL NOT NULL, peak REAL NOT NULL,
    source INTEGER NOT NULL, CHECK (0 <= start AND start < "end"));
CREATE INDEX by_subject ON triples (subject, predicate);
CREATE INDEX by_object ON triples (object, predicate) WHERE object IS NOT NULL;
CREATE INDEX by_predicate ON triples (predicate, confidence DESC);
CREATE INDEX by_video ON triples (video, predicate);
CREATE UNIQUE INDEX members ON triples (object, subject) WHERE predicate = 1;
CREATE TABLE vocabulary (kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE vectors (
    space TEXT NOT NULL, name INTEGER NOT NULL REFERENCES names, vector BLOB NOT NULL, PRIMARY KEY (space, name)
    ) WITHOUT ROWID;
"""


class SQLite:
    """The database in the file ``memory.sqlite`` of a folder."""

    greatest, least, ordered_join, unindexed = "max", "min", "CROSS JOIN", "+"

    def __init__(self, folder: Path, *, create: bool) -> None:
        """Open the file, or make it.

        Raises:
            StoreError: no store there, or the file is not one.
        """
        self.path = folder / FILE
        self.where = str(self.path)
        self._kept: dict[str, tuple[object, list[str], Matrix]] = {}
        if not self.path.is_file():
            if not create:
                raise StoreError(
                    f"{folder}: no memory there", hint="`nesy memory add GRAPH.json --store DIR` makes one"
                )
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as e:
                raise StoreError(f"{folder}: cannot make the folder ({e.strerror})") from None
        with self.guard():
            self.link = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            try:
                _prepare(self.link, self.path)
            except BaseException:
                self.link.close()
                raise

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """As ``Engine.execute``."""
        return self.link.execute(statement, values)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """As ``Engine.guard``."""
        try:
            yield
        except NesyError:
            raise
        except sqlite3.OperationalError as e:
            if "locked" in str(e) or "busy" in str(e):
                raise StoreError(
                    f"{self.path}: another process has been writing for {WAIT:.0f} s", hint="try again"
                ) from None
            if "interrupt" in str(e):
                raise KeyboardInterrupt from None
            raise StoreError(
                f"{self.path}: {e}", hint="is the disk full, the folder writable, the file a database?"
            ) from None
        except sqlite3.DatabaseError as e:
            if type(e) is not sqlite3.DatabaseError:  # a subclass tells of a mistake in the program, not in the file
                raise
            raise StoreError(
                f"{self.path}: the memory's file is damaged ({e})",
                hint="restore it from a copy, or remove the folder and add the graphs again",
            ) from None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """As ``Engine.writing``."""
        with self.guard():
            self.link.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.link.execute("COMMIT")
            except BaseException:
                if self.link.in_transaction:
                    self.link.execute("ROLLBACK")
                raise

    def state(self) -> object:
        """As ``Engine.state``."""
        return int(self.link.execute("PRAGMA data_version").fetchone()[0]), self.link.total_changes

    def size(self) -> int:
        """As ``Engine.size``."""
        return self.path.stat().st_size

    def shrink(self) -> None:
        """As ``Engine.shrink``: what was forgotten is no longer in the file."""
        self.link.execute("VACUUM")
        self.link.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self) -> None:
        """As ``Engine.check``: reads the whole file."""
        found = [row[0] for row in self.link.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise sqlite3.DatabaseError("; ".join(found))

    def close(self, *, tidy: bool) -> None:
        """As ``Engine.close``."""
        if tidy:
            try:
                self.link.execute("PRAGMA busy_timeout=0")
                self.link.execute("PRAGMA optimize")
            except sqlite3.OperationalError:  # someone else is writing, who will look after the indices too
                pass
        self.link.close()

    def put_vector(self, space: str, name: int, row: Matrix) -> None:
        """As ``Engine.put_vector``."""
        self.link.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (space, name, row.tobytes()))

    def vector_length(self, space: str) -> int | None:
        """As ``Engine.vector_length``."""
        row = self.link.execute("SELECT length(vector) FROM vectors WHERE space = ? LIMIT 1", (space,)).fetchone()
        return None if row is None else int(row[0]) // 4

    def all_vectors(self, space: str) -> tuple[list[str], Matrix]:
        """As ``Engine.all_vectors``; kept until the file changes."""
        state = self.state()
        kept = self._kept.get(space)
        if kept is not None and kept[0] == state:
            return kept[1], kept[2]
        rows = self.link.execute(
            "SELECT n.name, v.vector FROM vectors v JOIN names n ON n.id = v.name WHERE v.space = ? ORDER BY v.name",
            (space,),
        ).fetchall()
        names = [name for name, _ in rows]
        joined = b"".join(blob for _, blob in rows)
        matrix = np.frombuffer(joined, dtype="<f4").reshape(len(rows), -1) if rows else np.zeros((0, 0), np.float32)
        self._kept[space] = (state, names, matrix)
        return names, matrix

    def nearest(self, row: Matrix, space: str, top: int) -> list[tuple[str, float]]:
        """As ``Engine.nearest``."""
        return nearest(*self.all_vectors(space), row, top)


def _prepare(link: sqlite3.Connection, path: Path) -> None:
    link.execute("PRAGMA journal_mode=WAL")
    link.execute("PRAGMA synchronous=FULL")
    link.execute("PRAGMA foreign_keys=OFF")
    link.execute("PRAGMA cache_size=-262144")  # 256 MiB at most
    link.execute("PRAGMA temp_store=MEMORY")
    new = not link.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    # Two processes may both find a new file: one makes the tables. Of an old one nobody waits for a writer.
    link.execute("BEGIN IMMEDIATE" if new else "BEGIN")
    try:
        application = link.execute("PRAGMA application_id").fetchone()[0]
        tables = link.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables and not application:
            for statement in SCHEMA.split(";\n"):
                link.execute(statement)
            link.execute(f"PRAGMA application_id={APPLICATION}")
            link.execute(f"PRAGMA user_version={VERSION}")
        elif application != APPLICATION:
            raise StoreError(f"{path}: a database, but not a memory of nesy", hint="choose another --store")
        version = link.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise StoreError(f"{path}: version {version} of the memory's format; this nesy reads version {VERSION}")
        link.execute("COMMIT")
    except BaseException:
        link.execute("ROLLBACK")
        raise
