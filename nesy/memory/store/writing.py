"""What goes into the tables: names become numbers, a video has one frame rate, and a name one role in all videos."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping

from nesy.errors import DataError
from nesy.memory.store.engine import Engine
from nesy.memory.store.triple import IS_A, Triple

# An object is a member of a class once.
INSERT = (
    'INSERT INTO triples (subject, predicate, object, video, start, "end", confidence, peak, source) '
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (object, subject) WHERE predicate = 1 DO UPDATE SET "
) + ", ".join(
    f"{c} = CASE WHEN excluded.{c} {order} triples.{c} THEN excluded.{c} ELSE triples.{c} END"
    for c, order in (("confidence", ">"), ("peak", ">"), ("start", "<"), ('"end"', ">"))
)


def number_of(link: Engine, name: str) -> int | None:
    """The number of a name, None where it never occurred."""
    if not _encodable(name):
        return None
    row = link.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def intern(link: Engine, name: str) -> int:
    """The number of a name, a new one where it never occurred.

    Raises:
        DataError: the name is not Unicode text.
    """
    found = number_of(link, _text(name))
    if found is None:
        found = int(link.execute("INSERT INTO names (name) VALUES (?) RETURNING id", (name,)).fetchone()[0])
    return found


def insert(link: Engine, triples: Iterable[Triple], now: float) -> int:
    """Insert triples, in a transaction of the caller's, at ``now`` seconds since 1970; returns how many.

    Raises:
        DataError: a frame that is no whole number, or another frame rate than the one known of the video.
    """
    numbers: dict[str, int] = {}  # of this transaction: another process may have removed names since the last one
    rates: dict[int, float | None] = {}  # of the videos

    def number(name: str) -> int:
        found = numbers.get(name)
        if found is None:
            found = numbers[name] = intern(link, name)
        return found

    count = 0
    for t in triples:
        video = number(t.video)
        if video not in rates:
            fps = None if t.fps is None else float(t.fps)
            link.execute("INSERT INTO videos VALUES (?, ?, NULL, ?, NULL) ON CONFLICT DO NOTHING", (video, fps, now))
            rates[video] = link.execute("SELECT fps FROM videos WHERE id = ?", (video,)).fetchone()[0]
        if t.fps is not None and t.fps != rates[video]:
            if rates[video] is not None:
                raise DataError(f"{t}: {t.fps} frames a second, but the video `{t.video}` has {rates[video]}")
            rates[video] = float(t.fps)  # not known until now
            link.execute("UPDATE videos SET fps = ? WHERE id = ?", (rates[video], video))
        start = t.start if type(t.start) is int else _frame(t, t.start)  # a call a frame would be felt
        end = t.end if type(t.end) is int else _frame(t, t.end)
        peak = t.confidence if t.peak is None else t.peak
        link.execute(
            INSERT,
            (
                number(t.subject), number(t.predicate), None if t.object is None else number(t.object), video,
                start, end, float(t.confidence), float(peak), number(t.source),
            ),
        )  # fmt: skip
        count += 1
    return count


def declare(link: Engine, video: str, vocabulary: Mapping[str, Iterable[str]]) -> None:
    """Add a video's names to the vocabulary.

    A question means one thing in all videos, so that a name has one role: were `jumping` a class in the newest graph,
    it would be one everywhere, and nobody would have jumped.

    Raises:
        DataError: a name is a class here and a predicate in the videos before, or the reverse.
    """
    if not link.execute("SELECT 1 FROM videos WHERE id <> ? LIMIT 1", (intern(link, video),)).fetchone():
        link.execute("DELETE FROM vocabulary")  # of videos that are gone
    rows = [(kind, _text(word)) for kind, words in vocabulary.items() for word in words]
    before = _roles(link.execute("SELECT kind, name FROM vocabulary").fetchall())
    for word, role in _roles(rows).items():
        if word == IS_A:
            raise DataError(f"video `{video}`: `{IS_A}` is the memory's own word for membership of a class")
        if before.get(word, role) != role:
            was, now = ("class", "predicate") if True in before[word] else ("predicate", "class")
            raise DataError(
                f"video `{video}`: `{word}` is a {now} there, and a {was} in the videos of this memory",
                hint="rename it, or keep these videos in a memory of their own (--store)",
            )
    for row in rows:
        link.execute("INSERT INTO vocabulary VALUES (?, ?) ON CONFLICT DO NOTHING", row)


def _roles(rows: Iterable[tuple[str, str]]) -> dict[str, set[bool]]:
    """Of each name whether it is a class, a predicate, or both."""
    found: dict[str, set[bool]] = {}
    for kind, word in rows:
        found.setdefault(word, set()).add(kind == "classes")
    return found


def _frame(t: Triple, frame: int) -> int:
    """A frame as a number that a database takes as such: it would store one of numpy's as bytes."""
    try:
        return operator.index(frame)
    except TypeError:
        raise DataError(f"{t}: frame {frame!r} is not a whole number") from None


def _encodable(name: str) -> bool:
    """Whether a name is Unicode text; half a surrogate pair, from a broken argument, is none."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(name: str) -> str:
    """The name, if it can be stored."""
    if not _encodable(name):
        raise DataError(f"the name {name!r} is not valid Unicode text")
    return name
