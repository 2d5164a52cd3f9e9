"""A story while it is told: the simple ways of placing a clause."""

from __future__ import annotations

from collections.abc import Sequence

from nesy.dsl import ast
from nesy.synthesis.clause import Clause
from nesy.synthesis.discourse import Reading, conjunction
from nesy.synthesis.story import Denial, Moment, Story, already_told, contradict, sequence


class Telling:
    """The story so far, and the ways in which a clause goes into it.

    moments: of each clause that is placed, the moments in which it happens.
    denied: of each clause that denies something, what.
    exclusive: groups of predicates of which an object has at most one in a frame.
    """

    def __init__(
        self,
        clauses: Sequence[Clause],
        readings: Sequence[Reading | None],
        exclusive: Sequence[frozenset[str]],
        notes: list[str],
        everyday: bool = False,
    ) -> None:
        self.everyday = everyday
        self.clauses, self.readings, self.exclusive, self.notes = clauses, readings, exclusive, notes
        self.story = Story()
        self.moments: dict[int, list[Moment]] = {}  # by clause
        self.denied: dict[int, Denial] = {}

    def claims(self, k: int) -> bool:
        """Whether clause ``k`` claims something of a whole time: a denial, or an *always*."""
        r = self.readings[k]
        return r is not None and (r.negative or (r.whole and isinstance(r.events[0], ast.Always)))

    def told(self, k: int) -> bool:
        """Whether clause ``k`` tells an event that happens at some time."""
        r = self.readings[k]
        return r is not None and not r.negative and not r.whole

    def made(self, i: int) -> list[Moment]:
        """New moments for the events of clause ``i``."""
        r = self.readings[i]
        moments = [Moment(f) for f in r.events] if r is not None and not r.negative else []
        if r is not None and r.ends and self.story.chain and already_told(r.events[0], self.story.chain[-1].facts):
            moments = moments[1:]  # "runs, then stops running"
        if moments:
            self.moments[i] = moments
        return moments

    def append(self, i: int) -> None:
        """Clause ``i`` comes after all that was told."""
        r = self.readings[i]
        if r is not None and r.negative:
            self.negative(i, r)
            return
        self.story.chain += self.made(i)

    def insert(self, i: int, at: int) -> None:
        """Clause ``i`` comes before the moment ``at`` of the chain."""
        self.story.chain[at:at] = self.made(i)

    def beside(self, i: int) -> None:
        """Clause ``i`` happens at some time."""
        r = self.readings[i]
        if r is not None and not r.negative:
            self.notes.append(f"`{self.clauses[i].text}`: its place in time is left open")
            self.story.beside.append(sequence(r.events))

    def merge(self, i: int, host: int) -> None:
        """Let clause ``i`` hold together with clause ``host``; apart, in the text's order, when that cannot be."""
        r, there = self.readings[i], self.moments.get(host)
        if r is None or r.negative:
            if r is not None and there is not None and self.clauses[i].order == "while":
                there[-1].facts = conjunction([there[-1].facts, *(ast.Not(f) for f in r.events)])
                self.moments[i] = there
            elif r is not None:
                self.negative(i, r)
            return
        if there is None:
            self.append(i)
        elif len(r.events) == 1 and not contradict(there[-1].facts, r.events[0], self.exclusive):
            there[-1].facts = conjunction([there[-1].facts, r.events[0]])
            self.moments[i] = there
        else:
            self.beside(i)

    def into(self, i: int, host: list[Moment]) -> None:
        """Clause ``i`` is the result of ``host``: in the same frame, or after it where that cannot be."""
        r = self.readings[i]
        if r is None:
            return
        if contradict(host[-1].facts, r.events[0], self.exclusive):
            self.append(i)
        else:
            host[-1].facts = conjunction([host[-1].facts, *r.events])
            self.moments[i] = host

    def before_host(self, i: int) -> None:
        """``A after B``: B comes first. Where A is one of several in a list, B is only known to precede A."""
        main = i - 1
        while main > 0 and self.clauses[i].link == "and" and self.clauses[main].order:
            main -= 1  # "sleeps before the dog barks and after the man eats"
        host = self.moments.get(main)
        if host is None or host[0] not in self.story.chain:
            self.beside(i)
            return
        at = self.story.chain.index(host[0])
        a = self.clauses[main]
        listed = not a.subject and not a.opens and a.link != "then" and main > 0 and bool(self.moments.get(main - 1))
        if listed:
            r = self.readings[i]
            if r is not None:
                self.story.beside.append(sequence([*r.events, *(m.facts for m in host)]))
        else:
            self.insert(i, at)

    def negative(self, i: int, r: Reading) -> None:
        """Clause ``i`` denies something; of what time, is decided when all is told."""
        c = self.clauses[i]
        after = self.story.chain[-1] if self.story.chain else None
        whole = conjunction(r.events) if len(r.events) == 1 else ast.Or(tuple(r.events))
        self.denied[i] = Denial(whole, after, c.link == "then", c.order == "without")
        self.story.never.append(self.denied[i])
