"""The database file: SQLite, because it is in Python's standard library and keeps what it has acknowledged.

Write-ahead log with ``synchronous=FULL``: a commit returns after the log has reached the disk, so a killed process or a
lost power supply loses no acknowledged episode and leaves no half one; readers do not wait for the writer. DuckDB scans
faster, but admits one writing process only; LanceDB adds 356 MB for vectors that a plain scan finds quickly enough.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nesy.errors import DataError, NesyError

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


class StoreError(DataError):
    """The memory's file is missing, broken, of another version, or busy."""


def connect(folder: Path, *, create: bool) -> sqlite3.Connection:
    """Open the database of a store, or make it.

    Raises:
        StoreError: no store there, or the file is not one.
    """
    path = folder / FILE
    if not path.is_file():
        if not create:
            raise StoreError(f"{folder}: no memory there", hint="`nesy memory add GRAPH.json --store DIR` makes one")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise StoreError(f"{folder}: cannot make the folder ({e.strerror})") from None
    with named(path):
        link = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
        try:
            _prepare(link, path)
        except BaseException:
            link.close()
            raise
    return link


def _prepare(link: sqlite3.Connection, path: Path) -> None:
    link.execute("PRAGMA journal_mode=WAL")
    link.execute("PRAGMA synchronous=FULL")
    link.execute("PRAGMA foreign_keys=OFF")
    link.execute("PRAGMA cache_size=-262144")  # 256 MiB at most
    link.execute("PRAGMA temp_store=MEMORY")
    link.execute("BEGIN IMMEDIATE")  # two processes may both find a new file: one makes the tables
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


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn the engine's errors into a ``StoreError`` that names the file and the remedy."""
    try:
        yield
    except NesyError:
        raise
    except sqlite3.OperationalError as e:
        if "locked" in str(e) or "busy" in str(e):
            raise StoreError(f"{path}: another process has been writing for {WAIT:.0f} s", hint="try again") from None
        if "interrupt" in str(e):
            raise KeyboardInterrupt from None
        raise StoreError(f"{path}: {e}", hint="is the disk full, the folder writable, the file a database?") from None
    except sqlite3.DatabaseError as e:
        if type(e) is not sqlite3.DatabaseError:  # a subclass tells of a mistake in the program, not in the file
            raise
        raise StoreError(
            f"{path}: the memory's file is damaged ({e})",
            hint="restore it from a copy, or remove the folder and add the graphs again",
        ) from None


@contextmanager
def writing(link: sqlite3.Connection, path: Path) -> Iterator[None]:
    """One transaction: all of it is stored and on the disk when this returns, or none of it."""
    with named(path):
        link.execute("BEGIN IMMEDIATE")
        try:
            yield
            link.execute("COMMIT")
        except BaseException:
            if link.in_transaction:
                link.execute("ROLLBACK")
            raise
