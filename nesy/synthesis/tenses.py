"""What the tenses of two clauses say of their order: a relative clause and the clause that it belongs to."""

from __future__ import annotations

from typing import Literal, TypeAlias

from nesy.synthesis.clause import Clause
from nesy.synthesis.everyday import DURATIVE

Relation: TypeAlias = Literal["same", "earlier", "done", "open"]

BE = frozenset({"is", "are", "was", "were", "be", "been"})
PAST = frozenset({"was", "were", "had", "did"})


def lasting(c: Clause) -> bool:
    """A state or an action under way: ``is barking``, ``is on the table``."""
    first = c.verb.text.split()[:1]
    return c.word == "participle" or c.verb.lemmas == ("be",) or (c.verb.form == "ing" and bool(BE & {*first}))


def past(c: Clause) -> bool:
    words = c.verb.text.split()
    return bool(PAST & {*words[:1]}) or (c.verb.form == "past" and words[:1] != ["has"])


def relative(c: Clause, main: Clause) -> Relation:
    """When the relative clause ``c`` is true, seen from ``main``.

    ``same``: in its frame. ``earlier``: before it. ``done``: before it or in its frame. ``open``: nothing is said.
    """
    participle = c.verb.passive and (c.word in ("participle", "reduced")) and c.verb.text.split()[0] not in BE
    if participle and c.word == "participle":
        return "same" if DURATIVE & {*c.verb.lemmas} else "done"
    if participle:  # "the ball thrown by a boy"
        return "earlier"
    if (past(c) or "has" in c.verb.text.split()) and not past(main):
        return "earlier"
    return "same" if lasting(c) else "open"
