"""Events found in the triples: conjunctions and sequences of facts, joined by the database.

An event is a conjunction of frame facts over variables: ``jumping(m) and above(m, s)``. It occurs where the intervals
of its triples overlap; the occurrence is their intersection. A story is a sequence of events, each strictly later than
the one before, in the sense of the language's ``then``: some frame of the one lies before some frame of the other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nesy.dsl import ast
from nesy.errors import DataError
from nesy.memory.store import TripleStore


@dataclass(frozen=True)
class Story:
    """What to look for.

    sorts: the classes that each variable may have; None for any object.
    events: in order of time; each a tuple of facts (predicate, variables).
    different: pairs of variables that denote different objects.
    """

    sorts: dict[str, tuple[str, ...] | None]
    events: tuple[tuple[ast.Atom, ...], ...]
    different: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Occurrence:
    """A story that was found in a video.

    objects: global names by variable.  events: frames [start, end) of each event.
    confidence: product of the confidences of its triples and class memberships.
    """

    video: str
    fps: float | None
    objects: dict[str, str]
    events: tuple[tuple[int, int], ...]
    confidence: float


VISIBLE = "visible"
"""The language's own predicate: presence in a frame, of which there are no triples."""


class NotAStory(DataError):
    """The formula says more than a sequence of events; the exact reasoner can answer it, the triples cannot."""


def story(formula: ast.Formula, classes: Collection[str]) -> Story:
    """Read ``exists x: c, ... { eventually EVENT }`` or ``exists ... { EVENT then EVENT ... }``.

    Args:
        classes: the names that are classes and not predicates of frames.

    Raises:
        NotAStory: another shape.
    """
    sorts: dict[str, tuple[str, ...] | None] = {}
    while isinstance(formula, ast.Exists):
        for b in formula.bindings:
            sorts[b.var] = None if b.sort is None else (b.sort,)
        formula = formula.body
    different: set[tuple[str, str]] = set()
    if isinstance(formula, ast.Eventually) and formula.window is None:
        parts: tuple[ast.Formula, ...] = (formula.body,)
    elif isinstance(formula, ast.Then) and all(g is None for g in formula.gaps):
        parts = formula.parts
    else:
        raise NotAStory("not a sequence of events")
    events = tuple(_event(p, sorts, different, classes) for p in parts)
    return Story(sorts, events, frozenset(different))


def _event(
    f: ast.Formula,
    sorts: dict[str, tuple[str, ...] | None],
    different: set[tuple[str, str]],
    classes: Collection[str],
) -> tuple[ast.Atom, ...]:
    facts: list[ast.Atom] = []
    for g in f.args if isinstance(f, ast.And) else (f,):
        choice = g.args if isinstance(g, ast.Or) else (g,)
        atoms = [a for a in choice if isinstance(a, ast.Atom) and all(v in sorts for v in a.args)]
        if (
            len(atoms) == len(choice)
            and len({a.args for a in atoms}) == 1
            and all(a.predicate in classes for a in atoms)
        ):
            variable = atoms[0].args[0]  # "a monster": an object of one of these classes
            have = sorts[variable]
            sorts[variable] = tuple(a.predicate for a in atoms if have is None or a.predicate in have)
        elif len(atoms) == len(choice) == 1 and len(atoms[0].args) in (1, 2) and atoms[0].predicate != VISIBLE:
            facts.append(atoms[0])
        elif isinstance(g, ast.Not) and isinstance(g.body, ast.Equal):
            different.add((g.body.left, g.body.right))
        else:
            raise NotAStory("not a sequence of events")
    if not facts:
        raise NotAStory("an event without facts")
    return tuple(facts)


def occurrences(
    told: Story, store: TripleStore, *, videos: tuple[str, ...] | None = None, limit: int | None = None
) -> list[Occurrence]:
    """Every occurrence of a story, most confident first, of equal ones the earlier video and time."""
    with store.connection.guard():
        statement = _sql(told, store, videos, limit)
        if statement is None:
            return []
        rows = store.connection.execute(statement).fetchall()
    variables = list(_columns(told))
    k = len(variables)
    return [
        Occurrence(
            row[0], row[1], dict(zip(variables, row[3 : 3 + k], strict=True)),
            tuple((row[i], row[i + 1]) for i in range(3 + k, len(row), 2)), row[2],
        )
        for row in rows
    ]  # fmt: skip


def _columns(told: Story) -> dict[str, str]:
    """The column that gives each variable."""
    found: dict[str, str] = {}
    for i, atom in enumerate(a for e in told.events for a in e):
        for variable, column in zip(atom.args, ("subject", "object"), strict=False):
            found.setdefault(variable, f"a{i}.{column}")
    return found


def _sql(told: Story, store: TripleStore, videos: tuple[str, ...] | None, limit: int | None) -> str | None:
    """One SELECT; numbers only, so that nothing needs quoting. None when a name never occurred."""
    numbers: dict[str, int] = {}

    def number(name: str) -> int | None:
        if name not in numbers:
            row = store.connection.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
            numbers[name] = -1 if row is None else int(row[0])
        return None if numbers[name] < 0 else numbers[name]

    columns = _columns(told)
    most, least = store.connection.greatest, store.connection.least
    tables: list[str] = []
    where: list[str] = []
    factors: list[str] = []
    intervals: list[tuple[str, str]] = []
    i = 0
    for event in told.events:
        mine = [f"a{i + j}" for j in range(len(event))]
        for alias, atom in zip(mine, event, strict=True):
            predicate = number(atom.predicate)
            if predicate is None:
                return None
            tables.append(f"triples {alias}")
            where.append(f"{alias}.predicate = {predicate}")
            where.append(f"{alias}.object IS NULL" if len(atom.args) == 1 else f"{alias}.object IS NOT NULL")
            if alias != "a0":
                where.append(f"{alias}.video = a0.video")
            for variable, column in zip(atom.args, ("subject", "object"), strict=False):
                if columns[variable] != f"{alias}.{column}":
                    where.append(f"{alias}.{column} = {columns[variable]}")
            factors.append(f"{alias}.confidence")
        start = ", ".join(f"{a}.start" for a in mine)
        end = ", ".join(f'{a}."end"' for a in mine)
        intervals.append((f"{most}({start})", f"{least}({end})") if len(mine) > 1 else (start, end))
        i += len(event)
    earliest = ""
    for start, end in intervals:  # each event is placed in the first frame that is left to it
        where.append(f"{start} < {end}")
        earliest = f"{most}({start}, {earliest} + 1)" if earliest else start
        where.append(f"{earliest} < {end}")
    for variable, classes in told.sorts.items():
        if variable not in columns:
            raise NotAStory(f"nothing is said of `{variable}`")
        if classes is not None:
            ids = [str(n) for c in classes if (n := number(c)) is not None]
            if not ids:
                return None
            member = (
                f"(SELECT {least}(1, coalesce(sum(confidence), 0)) FROM triples WHERE subject = {columns[variable]} "
                f"AND predicate = 1 AND object IN ({', '.join(ids)}))"
            )
            factors.append(member)
            where.append(f"{member} > 0")
    for x, y in told.different:
        where.append(f"{columns[x]} <> {columns[y]}")
    if videos is not None:
        chosen = [str(n) for v in videos if (n := number(v)) is not None]
        where.append(f"a0.video IN ({', '.join(chosen)})")
    names = [f"(SELECT name FROM names WHERE id = {c})" for c in columns.values()]
    ends = [f"{x}" for pair in intervals for x in pair]
    joined = " JOIN ".join([tables[0], *(f"{t} ON true" for t in tables[1:])])
    wanted = ["v.name", "e.fps", " * ".join(factors) + " AS p", *names, *ends]
    return (
        f"SELECT {', '.join(wanted)} FROM {joined} JOIN videos e ON e.id = a0.video "
        f"JOIN names v ON v.id = a0.video WHERE {' AND '.join(where)} "
        f"ORDER BY p DESC, e.added, v.id, {', '.join(ends)}" + ("" if limit is None else f" LIMIT {int(limit)}")
    )
