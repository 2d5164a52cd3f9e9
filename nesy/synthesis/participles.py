"""Participles that tell something of a noun: ``the ball thrown by a boy``, ``the man falls, kicked by a horse``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nesy.synthesis.chunks import (
    Chunk,
    NounPhrase,
    Preposition,
    VerbGroup,
)
from nesy.synthesis.clause import Clause
from nesy.synthesis.complements import complements
from nesy.synthesis.segments import Segment


def reduced(previous: Clause, clause: Clause, between: Sequence[Chunk], behind: Sequence[Chunk]) -> bool:
    """A participle behind its noun: ``the ball thrown by a boy``."""
    last = between[-1] if between else None
    if not isinstance(last, NounPhrase) or clause.verb.form not in ("pp", "past") or clause.verb.passive:
        return False
    if list(behind[:1]) != [Preposition("by")]:
        return False
    complements(previous, between)
    clause.subject, clause.order, clause.word = [last], "relative", "reduced"
    clause.verb = replace(clause.verb, passive=True, form="pp")
    return True


def behind_its_clause(last: Clause | None, waiting: bool, clause: Clause, s: Segment) -> bool:
    """A participle behind its clause: ``the man falls, kicked by a horse``."""
    verb = clause.verb
    plain = verb.form in ("pp", "past") and not verb.passive and " " not in verb.text
    if last is None or waiting or not plain or s.opens or s.kinds() != {","} or s.chunks[0] is not verb:
        return False
    if s.chunks[1:2] != [Preposition("by")] or last.verb.passive or sum(isinstance(c, VerbGroup) for c in s.chunks) > 1:
        return False
    clause.order, clause.word, clause.subject = "relative", "participle", list(last.subject)
    clause.verb = replace(verb, passive=True, form="pp")
    return True


def at_a_subject(clause: Clause, behind: Sequence[Chunk]) -> None:
    """The same at a subject: ``the ball thrown by a boy rolls``."""
    verb = next((c for c in behind if isinstance(c, VerbGroup)), None)
    plain = clause.verb.form in ("pp", "past") and not clause.verb.passive and " " not in clause.verb.text
    if plain and not clause.order and clause.subject and behind[:1] == [Preposition("by")] and verb is not None:
        clause.order, clause.word, clause.head = "relative", "participle", clause.subject[-1]
        clause.verb = replace(clause.verb, passive=True, form="pp")
