"""From patterns to SQL: one SELECT whose rows are the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nesy.memory.store.triple import IS_A, Pattern

Number = Callable[[str], int | None]
Value = int | float | str
MOST = 2**53
"""More than any frame, and any number of triples: larger numbers are cut to it, since a database cannot take them."""


@dataclass
class Select:
    """The parts of a SELECT over the triples ``alias``; ``possible`` is False when a name of the pattern is unknown.

    ``narrow``: a subject, object or video is named, so that few rows remain and are best sorted at the end; otherwise
    the index by confidence gives the best rows without looking at the others.
    """

    alias: str
    joins: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    possible: bool = True
    narrow: bool = False

    @property
    def confidence(self) -> str:
        return " * ".join([f"{self.alias}.confidence", *self.factors])


def select(pattern: Pattern, number: Number, is_class: Callable[[int], bool], alias: str = "t") -> Select:
    """The answers of ``pattern`` as a SELECT; ``number`` gives the id of a name, None where it never occurred."""
    s = Select(alias)

    def equal(column: str, name: str, *, classes: bool) -> None:
        found = number(name)
        if found is None:
            s.possible = False
        elif classes and not pattern.exact and is_class(found):
            c = f"{alias}_{column}"
            s.joins.append(
                f"JOIN triples {c} ON {c}.subject = {alias}.{column} AND {c}.predicate = 1 AND {c}.object = {found}"
            )
            s.factors.append(f"{c}.confidence")
        else:
            s.where.append(f"{alias}.{column} = {found}")
            s.narrow |= column in ("subject", "object", "video")

    if pattern.predicate is not None:
        equal("predicate", pattern.predicate, classes=False)
    membership = pattern.predicate == IS_A
    if pattern.subject is not None:
        equal("subject", pattern.subject, classes=not membership)
    if pattern.object is not None:
        equal("object", pattern.object, classes=not membership)
    if pattern.video is not None:
        equal("video", pattern.video, classes=False)
    if pattern.source is not None:
        equal("source", pattern.source, classes=False)
    if pattern.unary is not None:
        s.where.append(f"{alias}.object IS {'' if pattern.unary else 'NOT '}NULL")
    if pattern.confidence > 0:
        s.where.append(f"{s.confidence} >= ?")
        s.values.append(pattern.confidence)
        if s.factors:  # implied, and an index can use it
            s.where.append(f"{alias}.confidence >= ?")
            s.values.append(pattern.confidence)
    if pattern.frames is not None:
        s.where.append(f'{alias}.start < ? AND {alias}."end" > ?')
        s.values += [min(pattern.frames[1], MOST), max(pattern.frames[0], -MOST)]
    if pattern.seconds is not None:
        s.joins.append(f"JOIN videos {alias}_v ON {alias}_v.id = {alias}.video")
        # divided as in Triple.seconds: 0.29 s * 100 is less than 29 frames
        s.where.append(f'{alias}.start / {alias}_v.fps < ? AND {alias}."end" / {alias}_v.fps > ?')
        s.values += [pattern.seconds[1], pattern.seconds[0]]
    return s
