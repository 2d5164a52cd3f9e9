"""A denial or an *always* that a subordinate clause bounds: until when, from when on, or during what it is said.

*The dog does not bark until the man sits* does not deny that it ever barks. So what is denied is taken with the clause
that bounds it, and never of the whole clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.synthesis.clause import Clause

PERFECT = frozenset({"has", "have", "had", "having"})


@dataclass
class Bound:
    """What a bounded claim says: ``first``, true from the first frame on (or from the event before); ``beside`` it;
    ``behind``: true in the frame of the bounding event."""

    first: list[Formula] = field(default_factory=list)
    beside: list[Formula] = field(default_factory=list)
    behind: list[Formula] = field(default_factory=list)


def perfect(clause: Clause) -> bool:
    """``has not eaten``, ``without having eaten``: up to the time that is spoken of."""
    return bool(PERFECT & set(clause.verb.text.split()))


def denial(main: Clause, denied: Formula, bound: Clause, event: Formula) -> Bound | None:
    """``main``, which denies ``denied``, bounded by a clause that tells ``event``; None if that cannot be said."""
    order = bound.order
    if bound.word == "whenever":
        return None
    if order == "before" or (order == "when" and (perfect(main) or bound.word == "by the time")):
        return Bound(first=[ast.Until(ast.Not(denied), event)])
    if order == "after" or (order == "open" and bound.word == "since" and perfect(main)):
        return Bound(behind=[ast.Not(ast.Next(ast.Eventually(denied)))])
    if order in ("while", "when"):
        return Bound(beside=[ast.Not(ast.Eventually(ast.And(_flat(event, denied))))])
    return None


def always(held: Formula, bound: Clause, event: Formula) -> Bound | None:
    """``always held`` bounded by a clause that tells ``event``: "always barks when the cat runs"."""
    if bound.order in ("while", "when"):
        return Bound(beside=[ast.Always(ast.Implies(event, held))])
    if bound.order == "before" and bound.word in ("until", "till"):
        return Bound(first=[ast.Until(held, event)])
    return None


def repeated(once: Formula, later: Formula) -> Formula:
    """``later``, and that ``once`` was so and had ended: two events, and no long one that is seen twice."""
    return ast.And(_flat(later, ast.Once(ast.And((ast.Not(once), ast.Once(once))))))


def caused(effect: Formula, causes: Sequence[Formula]) -> Formula:
    """A cause is there when its effect is, or was before."""
    return ast.And(_flat(effect, *(ast.Once(c) for c in causes)))


def _flat(*formulas: Formula) -> tuple[Formula, ...]:
    return tuple(g for f in formulas for g in (f.args if isinstance(f, ast.And) else (f,)))
