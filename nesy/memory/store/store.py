"""The triple store: episodes in, one transaction each; patterns, intervals and neighbours out."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError
from nesy.memory.store.allen import condition
from nesy.memory.store.engine import Engine, StoreError, checked
from nesy.memory.store.forget import Policy, doomed
from nesy.memory.store.match import MOST, Select, select
from nesy.memory.store.postgres import Postgres, is_address
from nesy.memory.store.sqlite import SQLite
from nesy.memory.store.triple import IS_A, Match, Pattern, Triple
from nesy.memory.store.writing import declare, insert, intern, number_of

MAX_GRAPH = 512 * 2**20  # bytes of one graph when inflated: a damaged or hostile file must not fill the memory

# The columns of a triple, in the order of _triple.
COLUMNS = 't.id, s.name, p.name, o.name, v.name, t.start, t."end", t.confidence, t.peak, e.fps, r.name'
NAMES = (
    "JOIN names s ON s.id = t.subject JOIN names p ON p.id = t.predicate LEFT JOIN names o ON o.id = t.object "
    "JOIN names v ON v.id = t.video JOIN videos e ON e.id = t.video JOIN names r ON r.id = t.source"
)

MENTIONED = (
    "SELECT subject FROM triples UNION SELECT predicate FROM triples UNION SELECT object FROM triples "
    "WHERE object IS NOT NULL UNION SELECT video FROM triples UNION SELECT source FROM triples "
    "UNION SELECT id FROM videos"
)


@dataclass(frozen=True, slots=True)
class Video:
    """What is known of a remembered video.

    added: seconds since 1970 at which it was remembered last.
    graph: whether its scene graph is kept too.
    """

    name: str
    fps: float | None
    frames: int | None
    added: float
    triples: int
    graph: bool


class TripleStore:
    """Triples with time, video, confidence and source, in a file or on a server.

    One object belongs to one thread; any number of processes may open the same store.

    >>> with TripleStore.open("memory") as store:  # doctest: +SKIP
    ...     store.add([Triple("clip/o1", "jumping", None, "clip", 3, 9, 0.8)])
    ...     store.match(Pattern(predicate="jumping"))
    """

    def __init__(self, engine: Engine) -> None:
        self._link = engine

    @staticmethod
    def open(store: Path | str, *, create: bool = True) -> TripleStore:
        """Open the store in a folder, or at ``postgresql://user@host/database``; make it unless ``create`` is False.

        Raises:
            StoreError: no store there, or it is damaged or of another program.
        """
        if is_address(store):
            return TripleStore(Postgres(str(store), create=create))
        return TripleStore(SQLite(Path(store), create=create))

    @property
    def where(self) -> str:
        """How messages name the store: its file, or its server and database."""
        return self._link.where

    def close(self) -> None:
        with self._link.guard():
            self._link.close(tidy=True)

    def __enter__(self) -> TripleStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._link.close(tidy=False)

    # ---- writing ---------------------------------------------------------------------------------------------------

    def add(self, triples: Iterable[Triple]) -> int:
        """Store triples in one transaction; when it returns they are on the disk. Returns how many."""
        with self._transaction():
            return insert(self._link, triples, time.time())

    def add_episode(
        self,
        video: str,
        triples: Iterable[Triple],
        *,
        frames: int | None = None,
        fps: float | None = None,
        graph: bytes | None = None,
        vectors: dict[str, dict[str, NDArray[np.float32]]] | None = None,
        vocabulary: Mapping[str, Iterable[str]] | None = None,
        replace: bool = False,
    ) -> int:
        """Store a whole video in one transaction: its triples, its scene graph (JSON) and vectors (by space and name).

        ``vocabulary`` names what could be seen, whether it was or not: ``classes``, ``unary`` and ``binary`` names.

        Raises:
            StoreError: the video is known already and ``replace`` is False.
            DataError: a name of the vocabulary is a class here and a predicate in the videos before, or the reverse;
                ``fps`` or ``frames`` are no frame rate and no number of frames.
        """
        if fps is not None and not (math.isfinite(fps) and fps > 0):
            raise DataError(f"video `{video}`: {fps} frames a second")
        if frames is not None and not 0 <= frames < MOST:
            raise DataError(f"video `{video}`: {frames} frames")
        now = time.time()
        old: list[int] = []
        with self._transaction():
            known = self._number(video)
            if known is not None and self._one("SELECT 1 FROM videos WHERE id = ?", known):
                if not replace:
                    raise StoreError(
                        f"video `{video}` is remembered already",
                        hint="--replace (replace=True) puts the new in its place",
                    )
                old = self._objects(known)
                self._drop_video(known)
            kept = None if graph is None else zlib.compress(graph, 6)
            self._link.execute(
                "INSERT INTO videos VALUES (?, ?, ?, ?, ?)", (intern(self._link, video), fps, frames, now, kept)
            )
            count = insert(self._link, triples, now)
            for n in old:
                if not self._mentioned(n):
                    self._link.execute("DELETE FROM vectors WHERE name = ?", (n,))
            declare(self._link, video, vocabulary or {})
            for space, named_vectors in (vectors or {}).items():
                self._put(space, named_vectors)
            return count

    def put_vectors(self, space: str, vectors: dict[str, NDArray[np.float32]]) -> None:
        """Store a vector for each name, in a space whose vectors all have one length, replacing earlier ones."""
        with self._transaction():
            self._put(space, vectors)

    def forget(self, policy: Policy) -> int:
        """Remove what the policy names, in one transaction; returns how many triples went."""
        with self._transaction():
            before = int(self._link.execute("SELECT count(*) FROM triples").fetchone()[0])
            self._link.execute(f"CREATE TEMP TABLE mentioned AS {MENTIONED}")
            self._link.execute(  # videos in which nothing was seen: no triple of theirs can be forgotten
                "CREATE TEMP TABLE blank AS SELECT id FROM videos WHERE id NOT IN (SELECT video FROM triples)"
            )
            if policy.video is not None:
                number = self._number(policy.video)
                if number is None or not self._one("SELECT 1 FROM videos WHERE id = ?", number):
                    raise StoreError(f"no video `{policy.video}` in the memory")
                self._drop_video(number)
            now = time.time()
            for statement, values in doomed(policy, now, before):
                self._link.execute(statement, values)
            self._link.execute(
                "DELETE FROM videos WHERE id NOT IN (SELECT video FROM triples) "
                "AND (id NOT IN (SELECT id FROM blank) OR added < ?)",
                (now - policy.older_than if policy.older_than is not None else 0.0,),
            )
            # Vectors go with the last mention of their name; those of names that no triple ever mentioned stay.
            gone = f"SELECT * FROM mentioned EXCEPT SELECT * FROM ({MENTIONED}) AS m"
            self._link.execute(f"DELETE FROM vectors WHERE name IN ({gone})")
            self._link.execute(
                f"DELETE FROM names WHERE id > 1 AND (id IN ({gone}) OR "  # the latter: left behind by --replace
                f"id NOT IN ({MENTIONED}) AND id NOT IN (SELECT name FROM vectors))"
            )
            self._link.execute("DROP TABLE mentioned")
            self._link.execute("DROP TABLE blank")
            after = int(self._link.execute("SELECT count(*) FROM triples").fetchone()[0])
        with self._link.guard():
            self._link.shrink()
        return before - after

    # ---- reading ---------------------------------------------------------------------------------------------------

    def match(self, pattern: Pattern, *, limit: int | None = None, best: bool = True) -> list[Match]:
        """The triples that fit, most confident first (``best=False``: in any order, which is faster with a limit)."""
        with self._link.guard():
            s = self._select(pattern)
            if not s.possible:
                return []
            inner = f"SELECT t.id AS id, {s.confidence} AS score {self._from(s)}"
            inner += (
                (f" ORDER BY {self._link.unindexed}score DESC, t.id" if s.narrow else " ORDER BY score DESC, t.id")
                if best
                else ""
            )
            inner += "" if limit is None else f" LIMIT {min(int(limit), MOST)}"
            rows = self._link.execute(
                f"SELECT {COLUMNS}, f.score FROM ({inner}) f {self._link.ordered_join} triples t ON t.id = f.id {NAMES}"
                + (" ORDER BY +f.score DESC, t.id" if best else ""),
                s.values,
            )
            return [Match(row[0], _triple(row), row[11]) for row in rows]

    def count(self, pattern: Pattern | None = None) -> int:
        """How many triples fit."""
        with self._link.guard():
            s = self._select(pattern or Pattern())
            if not s.possible:
                return 0
            return int(self._link.execute(f"SELECT count(*) {self._from(s)}", s.values).fetchone()[0])

    def related(
        self, first: Pattern, relations: str | Iterable[str], second: Pattern, *, limit: int | None = None
    ) -> list[tuple[Match, Match]]:
        """Pairs of triples of one video whose intervals stand in one of Allen's relations, most confident first.

        Raises:
            DataError: an unknown relation (``nesy.memory.store.allen.RELATIONS`` lists the thirteen).
        """
        most = "" if limit is None else f"LIMIT {min(int(limit), MOST)}"
        wanted = condition((relations,) if isinstance(relations, str) else tuple(relations))
        with self._link.guard():
            a, b = self._select(first, "a"), self._select(second, "b")
            if not (a.possible and b.possible):
                return []
            where = " AND ".join(["a.id <> b.id", *a.where, *b.where, wanted])
            rows = self._link.execute(
                f"SELECT a.id, b.id, {a.confidence}, {b.confidence} FROM triples a JOIN triples b ON b.video = a.video "
                f"{' '.join([*a.joins, *b.joins])} WHERE {where} "
                f"ORDER BY {a.confidence} * {b.confidence} DESC, a.id, b.id {most}",
                [*a.values, *b.values],
            ).fetchall()
            triples = self._by_id({i for row in rows for i in row[:2]})
        return [(Match(i, triples[i], p), Match(j, triples[j], q)) for i, j, p, q in rows]

    def triples(self) -> Iterator[Triple]:
        """Every triple, in the order in which they came."""
        with self._link.guard():
            for row in self._link.execute(f"SELECT {COLUMNS} FROM triples t {NAMES} ORDER BY t.id"):
                yield _triple(row)

    def videos(self) -> list[Video]:
        """The remembered videos, in the order in which they came."""
        with self._link.guard():
            counts = dict(self._link.execute("SELECT video, count(*) FROM triples GROUP BY video").fetchall())
            rows = self._link.execute(
                "SELECT n.name, v.fps, v.frames, v.added, v.id, v.graph IS NOT NULL "
                "FROM videos v JOIN names n ON n.id = v.id ORDER BY v.added, v.id"
            )
            return [Video(n, fps, frames, t, counts.get(i, 0), bool(g)) for n, fps, frames, t, i, g in rows]

    def known(self) -> dict[str, bool]:
        """The names of the remembered videos, in the order in which they came, and whether their graph is kept."""
        with self._link.guard():
            rows = self._link.execute(
                "SELECT n.name, v.graph IS NOT NULL FROM videos v JOIN names n ON n.id = v.id ORDER BY v.added, v.id"
            )
            return {name: bool(kept) for name, kept in rows}

    def graph(self, video: str) -> bytes | None:
        """The JSON of a video's scene graph, None where it is not kept."""
        with self._link.guard():
            number = self._number(video)
            row = None if number is None else self._one("SELECT graph FROM videos WHERE id = ?", number)
        if row is None or not isinstance(row[0], bytes):
            return None
        try:
            inflate = zlib.decompressobj()
            data = inflate.decompress(row[0], MAX_GRAPH)
            if not inflate.eof:
                raise zlib.error("incomplete or too large")
        except zlib.error as e:
            raise StoreError(f"{self.where}: the scene graph of `{video}` is damaged ({e})") from None
        return data

    def predicates(self) -> dict[str, int]:
        """How many triples each predicate has, most first."""
        with self._link.guard():
            rows = self._link.execute(
                "SELECT n.name, c FROM (SELECT predicate, count(*) c FROM triples GROUP BY predicate) "
                "JOIN names n ON n.id = predicate ORDER BY c DESC, n.name"
            )
            return {name: c for name, c in rows}

    def classes(self) -> dict[str, int]:
        """How many objects may belong to each class, most first."""
        with self._link.guard():
            rows = self._link.execute(
                "SELECT n.name, c FROM (SELECT object, count(*) c FROM triples WHERE predicate = 1 GROUP BY object) "
                "JOIN names n ON n.id = object ORDER BY c DESC, n.name"
            )
            return {name: c for name, c in rows}

    def vocabulary(self) -> dict[str, list[str]]:
        """The names that occur or were declared: ``classes``, ``unary`` and ``binary`` predicates, sorted."""
        found: dict[str, set[str]] = {"classes": set(), "unary": set(), "binary": set()}
        with self._link.guard():
            for kind, name in self._link.execute("SELECT kind, name FROM vocabulary"):
                found.setdefault(kind, set()).add(name)
            found["classes"] |= {name for _, name in self._occurring("object", "predicate = 1")}
            known = set().union(*found.values())
            for number, name in self._occurring("predicate", "true"):
                if name != IS_A and name not in known:  # stored without a word about the vocabulary
                    for kind, null in (("unary", "IS NULL"), ("binary", "IS NOT NULL")):
                        if self._one(f"SELECT 1 FROM triples WHERE predicate = ? AND object {null} LIMIT 1", number):
                            found[kind].add(name)
        return {kind: sorted(names) for kind, names in found.items()}

    def occurs(self, name: str) -> bool:
        """Whether any triple mentions the name as subject, predicate or object."""
        with self._link.guard():
            number = self._number(name)
            return number is not None and self._mentioned(number)

    def _occurring(self, column: str, condition: str) -> list[tuple[int, str]]:
        """The different values of an indexed column with their names, by one jump in the index for each."""
        least = f"SELECT min({column}) FROM triples WHERE {condition}"
        return self._link.execute(
            f"WITH RECURSIVE each(x) AS (SELECT ({least}) UNION ALL "
            f"SELECT ({least} AND {column} > x) FROM each WHERE x IS NOT NULL) "
            "SELECT x, name FROM each JOIN names ON names.id = x"
        ).fetchall()

    def nearest(self, vector: NDArray[np.float32], space: str, top: int = 10) -> list[tuple[str, float]]:
        """The ``top`` names of a space by cosine to ``vector``, nearest first; a plain scan, so the answer is exact."""
        with self._link.guard():
            length = self._link.vector_length(space)
            if length is None or top <= 0:
                return []
            query = np.asarray(vector, dtype=np.float32)
            if not bool(np.isfinite(query).all()):
                raise DataError(f"space `{space}`: the query is not a row of finite numbers")
            if query.shape != (length,):
                raise DataError(f"space `{space}` holds vectors of length {length}, the query has {query.size}")
            return self._link.nearest(query, space, top)

    def vectors(self, space: str) -> dict[str, NDArray[np.float32]]:
        """All vectors of a space."""
        with self._link.guard():
            names, matrix = self._link.all_vectors(space)
            return dict(zip(names, matrix, strict=True))

    def state(self) -> object:
        """Another value after each change, whoever made it: for what is kept beside the store."""
        with self._link.guard():
            return self._link.state()

    def size(self) -> int:
        """Bytes on the disk."""
        with self._link.guard():
            return self._link.size()

    def check(self) -> None:
        """Read everything and verify that it fits together.

        Raises:
            StoreError: it is damaged; the message says where.
        """
        with self._link.guard():
            self._link.check()

    @property
    def connection(self) -> Engine:
        """The engine, for queries that the methods do not cover; tables as in ``sqlite.py``."""
        return self._link

    # ---------------------------------------------------------------------------------------------------------------

    def _transaction(self) -> AbstractContextManager[None]:
        return self._link.writing()

    def _one(self, statement: str, *values: int | str) -> tuple[object, ...] | None:
        row: tuple[object, ...] | None = self._link.execute(statement, values).fetchone()
        return row

    def _mentioned(self, number: int) -> bool:
        return any(
            self._one(f"SELECT 1 FROM triples WHERE {column} = ? LIMIT 1", number)
            for column in ("subject", "predicate", "object")
        )

    def _objects(self, video: int) -> list[int]:
        """The names that the triples of a video speak of."""
        rows = self._link.execute(
            "SELECT subject FROM triples WHERE video = ? UNION "
            "SELECT object FROM triples WHERE video = ? AND object IS NOT NULL",
            (video, video),
        )
        return [int(row[0]) for row in rows]

    def _number(self, name: str) -> int | None:
        return number_of(self._link, name)

    def _is_class(self, number: int) -> bool:
        return self._one("SELECT 1 FROM triples WHERE predicate = 1 AND object = ? LIMIT 1", number) is not None

    def _select(self, pattern: Pattern, alias: str = "t") -> Select:
        return select(pattern, self._number, self._is_class, alias)

    @staticmethod
    def _from(s: Select) -> str:
        where = f" WHERE {' AND '.join(s.where)}" if s.where else ""
        return f"FROM triples {s.alias} {' '.join(s.joins)}{where}"

    def _put(self, space: str, vectors: dict[str, NDArray[np.float32]]) -> None:
        for name, vector in vectors.items():
            self._link.put_vector(space, intern(self._link, name), checked(self._link, space, vector))

    def _drop_video(self, number: int) -> None:
        self._link.execute("DELETE FROM triples WHERE video = ?", (number,))
        self._link.execute("DELETE FROM videos WHERE id = ?", (number,))
        self._link.execute("DELETE FROM vectors WHERE name = ?", (number,))

    def _by_id(self, numbers: set[int]) -> dict[int, Triple]:
        found: dict[int, Triple] = {}
        ordered = sorted(numbers)
        for i in range(0, len(ordered), 900):  # the engine limits the length of a list of values
            part = ordered[i : i + 900]
            marks = ",".join("?" * len(part))
            for row in self._link.execute(f"SELECT {COLUMNS} FROM triples t {NAMES} WHERE t.id IN ({marks})", part):
                found[row[0]] = _triple(row)
        return found


def _triple(row: tuple[Any, ...]) -> Triple:
    return Triple(*row[1:11])
