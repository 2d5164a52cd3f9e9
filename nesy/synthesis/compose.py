"""From readings of clauses to one formula: what comes when, and what is said of the whole clip.

The file is long because its steps read and write one story that is being told; it wants to be split by conjunction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.limits import VARIABLES
from nesy.dsl.variables import free_variables
from nesy.synthesis import english as e
from nesy.synthesis.bounds import Bound, always, caused, denial, perfect
from nesy.synthesis.clause import Clause
from nesy.synthesis.discourse import Reading, conjunction
from nesy.synthesis.reference import Entity, bindings
from nesy.synthesis.tenses import BE, lasting, relative


@dataclass(eq=False)
class Moment:
    """Facts that hold together in one frame."""

    facts: Formula


@dataclass(eq=False)
class Denial:
    """What is denied, behind which moment, whether of the time behind it alone, and whether of its frame at least."""

    what: Formula
    after: Moment | None
    later: bool = False
    frame: bool = False


@dataclass
class Story:
    """A chain of moments, each strictly later, and what is said beside it: unordered events and what never happens."""

    chain: list[Moment] = field(default_factory=list)
    beside: list[Formula] = field(default_factory=list)
    never: list[Denial] = field(default_factory=list)


def arrange(
    clauses: Sequence[Clause],
    readings: Sequence[Reading | None],
    exclusive: Sequence[frozenset[str]],
    notes: list[str],
    everyday: bool = False,
) -> Story:
    """Put the events of all clauses into the order that the links between them give.

    exclusive: groups of predicates of which an object has at most one in a frame.
    """
    return _Arranger(clauses, readings, exclusive, notes, everyday).run()


class _Arranger:
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

    def run(self) -> Story:
        self._range(0, len(self.clauses))
        return self.story

    def _range(self, start: int, stop: int) -> None:
        i = start
        while i < stop:
            i = self._one(i, stop)

    def _one(self, i: int, stop: int) -> int:
        """Place clause ``i`` (and what belongs to it); the index of the next clause."""
        c = self.clauses[i]
        late = c.order == "without" and perfect(c)
        if (
            (c.order in ("after", "before", "while", "when", "open") or late)
            and c.paused
            and (c.order != "open" or not c.link)
        ):
            group, main = self._preposed(i, stop)
            if main is not None:
                return self._fronted(c.order, group, main, stop)
        self._place(i)
        return i + 1

    def _preposed(self, i: int, stop: int) -> tuple[list[int], int | None]:
        """The clauses of a subordinate group that begins at ``i``, and the main clause behind it, if there is one."""
        group, j = [i], i + 1
        while j < stop and not self.clauses[j].opens:
            c = self.clauses[j]
            if c.order:
                return group, None
            if c.link == "and" and not c.subject and c.verb.form == self.clauses[i].verb.form == "ing":
                group.append(j)
                j += 1
                continue
            if c.paused or (c.link == "" and c.subject):
                return group, j
            return group, None
        return group, None

    def _fronted(self, order: str, group: list[int], main: int, stop: int) -> int:
        end = main + 1
        if len(group) == 1 and self._claims(main) and order != "without":
            self._place(main)
            self._bounded([main], group[0])
            return end
        if order == "open":
            self._place(main)
            self._open(group, main)
            return end
        if order == "without":
            self._place(main)
            self._not_before(group[0], main)
            return end
        if order == "after":
            for k in group:
                self._append(k)
        elif order == "before":
            while end < stop and self._goes_on(end):
                end += 1
            self._range(main, end)
            if self.clauses[group[0]].word in ("until", "till") and self._held(group[0], self.moments.get(end - 1)):
                return end
            for k in group:
                self._append(k)
        else:
            self._append(main)
            if self.clauses[group[0]].word == "whenever" and len(group) == 1 and self._whenever(group[0], main):
                return end
            for k in group:
                if order == "while" and len(group) == 1:
                    self._merge(k, main)
                else:
                    self._beside(k)
            return end
        return main if order == "after" else end

    def _goes_on(self, k: int) -> bool:
        c = self.clauses[k]
        return not c.opens and not c.order and not c.subject and c.link in ("and", ",", "then")

    # -------------------------------------------------------------------------------------------------------- placing

    def _place(self, i: int) -> None:
        c, r = self.clauses[i], self.readings[i]
        host = self.moments.get(i - 1) if i and not (c.opens and c.order) else None
        bounds = c.order in ("after", "before", "while", "when", "open", "means", "without") and not c.opens
        mains = self._mains(i - 1) if bounds else []
        if mains and (r is None or not r.negative or c.order == "without"):
            self._bounded(mains, i)
        elif r is None:
            return
        elif r.whole:
            self._whole(i, r)
        elif c.order == "open" and not c.opens:
            self._open([i], next((k for k in range(i - 1, -1, -1) if self.clauses[k].order != "open"), i - 1))
        elif r.negative and ((c.order == "without" and perfect(c)) or "having" in c.verb.text.split()):
            self._not_before(i, i - 1)
        elif r.negative and c.together and host:
            host[-1].facts = conjunction([host[-1].facts, *(ast.Not(f) for f in r.events)])
            self.moments[i] = host
        elif r.negative and c.order == "while" and not c.opens:
            self._merge(i, i - 1)
        elif r.negative and c.order in ("after", "before", "when"):
            self.notes.append(f"`{c.text}` was left out: the time of a negation")
        elif host and i == 1 and c.link == "and" and self.clauses[0].ahead and not c.order and not r.negative:
            self._merge(i, 0)  # "at the same time the dog barks and the cat runs"
        elif c.together and c.together != "at once" and not r.joined and not c.order and not r.negative and i:
            if host:
                self._merge(i, i - 1)
            else:
                self._beside(i)
        elif (c.word == "whenever" and host and self._whenever(i, i - 1)) or (
            self.everyday and not r.negative and self._everyday(i, c, r, host)
        ):
            pass
        elif r.negative:
            self._negative(i, r)
        elif c.loose or c.order == "when":
            self._beside(i)
        elif r.result and host and c.link not in ("then", "or", "earlier") and c.order not in ("after", "before"):
            self._into(i, host)
        elif c.order == "while":
            self._merge(i, i - 1)
        elif c.order == "after" and not c.opens:
            self._before_host(i)
        elif c.order == "means":
            if host and all(f in _facts(host[-1].facts) for e in r.events for f in _facts(e)):
                self.moments[i] = host
            else:
                self._before_host(i)
        elif c.order == "relative":
            self._beside(i)
        elif c.order == "purpose" and not host:
            self.notes.append(f"`{c.text}` was left out: the purpose of something that is not told")
        elif c.link == "earlier" and host:
            self._insert(i, self.story.chain.index(host[0]))
        elif c.link == "or" and host:
            last = host[-1]
            args = last.facts.args if isinstance(last.facts, ast.Or) else (last.facts,)
            last.facts = ast.Or((*args, r.events[0]))
            self.moments[i] = host
        elif host and c.link != "then" and self._again_told(i, r, host):
            self.moments[i] = host
        else:
            self._append(i)

    def _claims(self, k: int) -> bool:
        """Whether clause ``k`` claims something of a whole time: a denial, or an *always*."""
        r = self.readings[k]
        return r is not None and (r.negative or (r.whole and isinstance(r.events[0], ast.Always)))

    def _told(self, k: int) -> bool:
        r = self.readings[k]
        return r is not None and not r.negative and not r.whole

    def _mains(self, k: int) -> list[int]:
        """The claims that a clause behind clause ``k`` bounds: "does not sit or lie until ..." has two."""
        if k < 0 or not self._claims(k):
            return []
        c = self.clauses[k]
        if c.order and c.order != "without":
            return []
        goes_on = k > 0 and not c.subject and not c.opens and not c.order and c.link in ("and", ",")
        return [*(self._mains(k - 1) if goes_on else []), k]

    def _bounded(self, mains: Sequence[int], i: int) -> None:
        """Say of the claims ``mains`` what clause ``i`` leaves of them; without a way to say it, leave them out."""
        c, r = self.clauses[i], self.readings[i]
        reason = c.order == "open" and not (c.word == "since" and any(perfect(self.clauses[k]) for k in mains))
        if reason:
            self._open([i], mains[-1])
            return
        events = r.events if r is not None and self._told(i) else []
        found: list[tuple[Bound, Denial | None]] = []
        for k in mains:
            told, denied, bound = self.readings[k], self.denied.get(k), None
            if denied is not None and events:
                self.story.never.remove(denied)
                bound = denial(self.clauses[k], denied.what, c, events[0])
            elif told is not None and told.whole:
                self.story.beside = [f for f in self.story.beside if f is not told.events[0]]
                fact = told.events[0]
                bound = always(fact.body, c, events[0]) if events and isinstance(fact, ast.Always) else None
            elif denied is not None and denied in self.story.never:
                self.story.never.remove(denied)
            if bound is None or (bound.beside and len(events) > 1):
                self.notes.append(f"`{self.clauses[k].text}` was left out: `{c.word}` bounds what it claims")
            else:
                found.append((bound, denied))
        if not found or not events:
            if r is None:
                return
            self.notes.append(f"`{c.text}` was left out: it bounds a claim about a whole time")
            return
        first = [f for b, _ in found for f in b.first]
        anchor = next((d.after for _, d in found if d is not None), None)
        if first and anchor is not None:
            anchor.facts = conjunction([anchor.facts, *first])
        else:
            self.story.beside += first
        self.story.beside += [f for b, _ in found for f in b.beside]
        if any(isinstance(f, ast.Always) for b, _ in found for f in b.beside):
            return  # "always barks when the cat runs": as *whenever*, which does not say that it ever runs
        if any(b.beside for b, _ in found) and self.story.chain:
            self._beside(i)
            return
        self._append(i)
        moments = self.moments.get(i)
        if moments:
            moments[-1].facts = conjunction([moments[-1].facts, *(f for b, _ in found for f in b.behind)])

    def _open(self, group: Sequence[int], main: int) -> None:
        """A cause is not later than its effect; of what *although* and *whereas* tell, no order is known."""
        moments = self.moments.get(main) if main >= 0 else None
        for k in group:
            r, c = self.readings[k], self.clauses[k]
            if r is None:
                continue
            if r.whole:
                self.story.beside += r.events
            elif c.word == "so that" and not r.negative:
                self._append(k)
            elif r.negative and c.word in e.CAUSES:
                self.notes.append(f"`{c.text}` was left out: the time of a negation")
            elif r.negative:
                self._negative(k, r)
            elif moments and c.word in e.CAUSES and moments[0] in self.story.chain and len(r.events) == 1:
                moments[0].facts = caused(moments[0].facts, r.events[:1])
            else:
                self._beside(k)

    def _not_before(self, i: int, main: int) -> None:
        """``leaves without having eaten``: not before it leaves; later, perhaps."""
        r, host = self.readings[i], self.moments.get(main)
        if r is None or host is None:
            self.notes.append(f"`{self.clauses[i].text}` was left out: the time of a negation")
        else:
            self.story.beside += [ast.Until(ast.Not(f), host[0].facts) for f in r.events]

    def _whole(self, i: int, r: Reading) -> None:
        """What is always so, unless the text goes on with *then*: "stands the whole time, then jumps"."""
        later = (k for k in range(i + 1, len(self.clauses)) if self.clauses[k].link == "then" and self._told(k))
        fact, following = r.events[0], self.clauses[i + 1 : i + 2]
        bounded = bool(following) and following[0].order in ("before", "while", "when") and not following[0].opens
        if isinstance(fact, ast.Always) and not bounded and next(later, None) is not None:
            self.notes.append(f"`{self.clauses[i].text}`: that it is always so was left out")
            self.story.chain.append(Moment(fact.body))
            self.moments[i] = self.story.chain[-1:]
        else:
            self.story.beside += r.events

    def _everyday(self, i: int, c: Clause, r: Reading, host: list[Moment] | None) -> bool:
        """The conventions of everyday English; whether one of them placed the clause."""
        before = self.clauses[i - 1] if i else None
        if before is not None and before.order == "relative" and before.head is not None and not c.order:
            return self._with_head(i)
        if c.order == "relative":
            relation = relative(c, before) if before is not None else "open"
            if c.head is not None:
                return i + 1 < len(self.clauses) and not self.clauses[i + 1].order  # its main clause takes it
            if c.link == "then":
                self._append(i)
            elif not host or host[0] not in self.story.chain:
                self._beside(i)
            elif relation == "same":
                self._merge(i, i - 1)
            elif relation == "done" and len(r.events) == 1:
                host[-1].facts = caused(host[-1].facts, r.events)
            elif relation in ("earlier", "done"):
                self._insert(i, self.story.chain.index(host[0]))
            elif c.paused and c.word != "reduced":
                self._append(i)  # "to a dog, which catches it": the story goes on
            else:
                self._beside(i)
            return True
        if c.word in ("until", "till") and c.order == "before" and self._held(i, host):
            return True
        participle = (
            c.verb.form == "ing"
            and not c.subject
            and not c.order
            and not c.verb.text.startswith(tuple(f"{x} " for x in BE))
        )
        together = c.link in (",", "") or (c.link == "and" and before is not None and lasting(before))
        if participle and host and together and not c.opens:
            self._merge(i, i - 1)
            return True
        return False

    def _held(self, i: int, host: list[Moment] | None) -> bool:
        """``A until B`` in everyday English; whether it can be said."""
        r = self.readings[i]
        if not self.everyday or not host or r is None or r.negative or r.whole or len(r.events) != 1:
            return False
        held = host[-1].facts
        host[-1].facts = conjunction([held, ast.Until(held, r.events[0])])
        self.moments[i] = host
        return True

    def _with_head(self, i: int) -> bool:
        """Clause ``i`` and the relative clause at its subject: "a dog that is barking chases a car"."""
        other, relation = self.readings[i - 1], relative(self.clauses[i - 1], self.clauses[i])
        told = other is not None and not other.negative and not other.whole
        if other is None or not told:
            return False
        if relation == "earlier":
            self._append(i - 1)
        self._append(i)
        mine = self.moments.get(i)
        if not mine or (relation == "open"):
            self._beside(i - 1)
        elif relation == "done":
            mine[0].facts = caused(mine[0].facts, other.events)
        elif relation == "same":
            if contradict(mine[-1].facts, other.events[0], self.exclusive):
                self._insert(i - 1, self.story.chain.index(mine[0]))
            else:
                mine[-1].facts = conjunction([mine[-1].facts, *other.events])
        return True

    def _again_told(self, i: int, r: Reading, host: list[Moment]) -> bool:
        """Whether another verb says the same again: ``stands still, waits``."""
        other = set(self.clauses[i].verb.lemmas).isdisjoint(self.clauses[i - 1].verb.lemmas)
        if other and len(r.events) == 1 and r.events[0] == host[-1].facts:
            return True
        return (other or not self.everyday) and _retold(r.events, host[-1].facts)

    def _made(self, i: int) -> list[Moment]:
        r = self.readings[i]
        moments = [Moment(f) for f in r.events] if r is not None and not r.negative else []
        if r is not None and r.ends and self.story.chain and _told(r.events[0], self.story.chain[-1].facts):
            moments = moments[1:]  # "runs, then stops running"
        if moments:
            self.moments[i] = moments
        return moments

    def _append(self, i: int) -> None:
        r = self.readings[i]
        if r is not None and r.negative:
            self._negative(i, r)
            return
        self.story.chain += self._made(i)

    def _insert(self, i: int, at: int) -> None:
        self.story.chain[at:at] = self._made(i)

    def _whenever(self, condition: int, main: int) -> bool:
        """``A whenever B``: in every frame, if B then A."""
        told, other = self.readings[main], self.readings[condition]
        moments = self.moments.get(main)
        if told is None or other is None or moments is None or len(moments) != 1 or moments[0] not in self.story.chain:
            return False
        if told.negative or other.negative or len(told.events) != 1 or len(other.events) != 1:
            return False
        self.story.chain.remove(moments[0])
        self.story.beside.append(ast.Always(ast.Implies(other.events[0], moments[0].facts)))
        return True

    def _beside(self, i: int) -> None:
        r = self.readings[i]
        if r is not None and not r.negative:
            self.notes.append(f"`{self.clauses[i].text}`: its place in time is left open")
            self.story.beside.append(sequence(r.events))

    def _merge(self, i: int, host: int) -> None:
        """Let clause ``i`` hold together with clause ``host``; apart, in the text's order, when that cannot be."""
        r, there = self.readings[i], self.moments.get(host)
        if r is None or r.negative:
            if r is not None and there is not None and self.clauses[i].order == "while":
                there[-1].facts = conjunction([there[-1].facts, *(ast.Not(f) for f in r.events)])
                self.moments[i] = there
            elif r is not None:
                self._negative(i, r)
            return
        if there is None:
            self._append(i)
        elif len(r.events) == 1 and not contradict(there[-1].facts, r.events[0], self.exclusive):
            there[-1].facts = conjunction([there[-1].facts, r.events[0]])
            self.moments[i] = there
        else:
            self._beside(i)

    def _into(self, i: int, host: list[Moment]) -> None:
        r = self.readings[i]
        if r is None:
            return
        if contradict(host[-1].facts, r.events[0], self.exclusive):
            self._append(i)
        else:
            host[-1].facts = conjunction([host[-1].facts, *r.events])
            self.moments[i] = host

    def _before_host(self, i: int) -> None:
        """``A after B``: B comes first. Where A is one of several in a list, B is only known to precede A."""
        main = i - 1
        while main > 0 and self.clauses[i].link == "and" and self.clauses[main].order:
            main -= 1  # "sleeps before the dog barks and after the man eats"
        host = self.moments.get(main)
        if host is None or host[0] not in self.story.chain:
            self._beside(i)
            return
        at = self.story.chain.index(host[0])
        a = self.clauses[main]
        listed = not a.subject and not a.opens and a.link != "then" and main > 0 and bool(self.moments.get(main - 1))
        if listed:
            r = self.readings[i]
            if r is not None:
                self.story.beside.append(sequence([*r.events, *(m.facts for m in host)]))
        else:
            self._insert(i, at)

    def _negative(self, i: int, r: Reading) -> None:
        c = self.clauses[i]
        after = self.story.chain[-1] if self.story.chain else None
        whole = conjunction(r.events) if len(r.events) == 1 else ast.Or(tuple(r.events))
        self.denied[i] = Denial(whole, after, c.link == "then", c.order == "without")
        self.story.never.append(self.denied[i])


def _retold(events: Sequence[Formula], told: Formula) -> bool:
    """Whether ``events`` only say again what the same parties did: ``lands on a snail and kills it``."""
    facts = {f for e in events for f in _facts(e)}
    return any(isinstance(f, ast.Atom) and len(f.args) == 2 for f in facts) and facts == set(_facts(told))


def _told(f: Formula, told: Formula) -> bool:
    return set(_facts(f)) <= set(_facts(told))


def _facts(f: Formula) -> tuple[Formula, ...]:
    return f.args if isinstance(f, ast.And) else (f,)


def contradict(a: Formula, b: Formula, exclusive: Sequence[frozenset[str]]) -> bool:
    """Whether two conjunctions deny each other, or say two things of an object that exclude each other."""
    xs, ys = set(_facts(a)), set(_facts(b))
    if {f.body if isinstance(f, ast.Not) else ast.Not(f) for f in xs} & ys:
        return True
    atoms = {f for f in xs | ys if isinstance(f, ast.Atom)}
    return any(
        f.args == g.args and f.predicate != g.predicate
        for group in exclusive
        for f in atoms
        if f.predicate in group
        for g in atoms
        if g.predicate in group
    )


def sequence(events: Sequence[Formula]) -> Formula:
    """One event somewhere, or several, each strictly later."""
    if len(events) == 1:
        return ast.Eventually(events[0])
    return ast.Then(tuple(events), (None,) * (len(events) - 1))


def compose(
    story: Story, entities: Sequence[Entity], notes: list[str], hints: bool = False, everyday: bool = False
) -> Formula | None:
    """The formula of a story, its objects quantified in front; None if it tells nothing."""
    never = _never(story, notes)
    parts = [m.facts for m in story.chain]
    bounds = {f.right for f in story.beside if isinstance(f, ast.Until)}
    if len(parts) == 1 and parts[0] in bounds and not hints:
        parts = []  # *until* says that it happens
    if not parts and not story.beside and not never:
        return None
    if hints and parts:
        k = len(parts)
        parts = [ast.Hinted(f, location=(Fraction(i, k), Fraction(i + 1, k))) for i, f in enumerate(parts)]
    by_name = {x.variable: x for x in entities}
    parts = _alternatives(parts, [*story.beside, *never], by_name, everyday)
    parts = _localised(parts, [*story.beside, *never], by_name, notes)
    body = conjunction([*([sequence(parts)] if parts else []), *story.beside, *never])
    if everyday:
        body = _without_strangers(body)
    bound = bindings([by_name[v] for v in free_variables(body) if v in by_name])
    return ast.Exists(bound, body) if bound else body


def _without_strangers(body: Formula) -> Formula:
    """Drop inequalities with objects of which nothing else is said."""
    told = {v for f in ast.walk(body) if isinstance(f, ast.Atom) for v in f.args}

    def idle(f: Formula) -> bool:
        return isinstance(f, ast.Not) and isinstance(f.body, ast.Equal) and not {f.body.left, f.body.right} <= told

    def go(f: Formula) -> Formula:
        if isinstance(f, ast.And):
            kept = [go(g) for g in f.args if not idle(g)]
            return conjunction(kept) if kept else f
        return ast.replace_children(f, tuple(go(g) for g in ast.children(f))) if ast.children(f) else f

    return go(body)


def _never(story: Story, notes: list[str]) -> list[Formula]:
    """What is denied, of the whole clip where that fits what is told, else of the frame or the time behind an event."""
    out: list[Formula] = []
    told = {f for m in story.chain for f in ast.walk(m.facts) if isinstance(f, ast.Atom)}
    for d in story.never:
        denied, after, later = d.what, d.after, d.later
        atoms = {f for f in ast.walk(denied) if isinstance(f, ast.Atom)}
        names = {a.predicate for a in atoms}
        bound = {b.var for f in ast.walk(denied) if isinstance(f, ast.Exists) for b in f.bindings}
        shared = any(
            a.predicate in names
            and all(
                x in bound or x == y
                for b in atoms
                if b.predicate == a.predicate
                for x, y in zip(b.args, a.args, strict=True)
            )
            for a in told
        )
        if not shared and not later:
            out.append(ast.Not(ast.Eventually(denied)))
        elif d.frame and after is not None and not contradict(after.facts, ast.Not(denied), ()):
            after.facts = conjunction([after.facts, ast.Not(denied)])
        elif after is not None and after is story.chain[-1] and (later or not d.frame):
            after.facts = conjunction([after.facts, ast.Not(ast.Next(ast.Eventually(denied)))])
        else:
            notes.append("a negation was left out: the time that it speaks of is unclear")
    return out


def _alternatives(
    parts: Sequence[Formula], rest: Sequence[Formula], by_name: dict[str, Entity], everyday: bool
) -> list[Formula]:
    """Quantify what only one side of an *or* speaks of within that side: the other side may be true without it."""

    def inside(f: Formula, others: set[str]) -> Formula:
        if isinstance(f, ast.Hinted):
            return ast.replace_children(f, (inside(f.body, others),))
        if isinstance(f, ast.And):
            sides = [{v for h in f.args if h is not g for v in free_variables(h)} for g in f.args]
            return ast.And(tuple(inside(g, others | s) for g, s in zip(f.args, sides, strict=True)))
        if not isinstance(f, ast.Or):
            return f
        out: list[Formula] = []
        for g in f.args:
            elsewhere = others | {v for h in f.args if h is not g for v in free_variables(h)}
            own = [v for v in free_variables(g) if v in by_name and v not in elsewhere]
            shared = len({v for h in f.args for v in free_variables(h)}) == 1 or not everyday
            if shared and isinstance(g, ast.Atom) and len(g.args) == 1 and by_name.get(g.args[0]) is not None:
                own = []
            out.append(ast.Exists(bindings([by_name[v] for v in own]), g) if own else g)
        return ast.Or(tuple(out))

    used = [set(free_variables(f)) for f in parts]
    outer = {v for f in rest for v in free_variables(f)}
    result = []
    for i, f in enumerate(parts):
        others = outer.union(*(u for k, u in enumerate(used) if k != i))
        result.append(inside(f, others))
    return result


def _localised(
    parts: list[Formula], rest: Sequence[Formula], by_name: dict[str, Entity], notes: list[str]
) -> list[Formula]:
    """Keep within the limit on quantified variables: objects of one event only are quantified inside that event."""
    while True:
        used: dict[str, list[int]] = {}
        for i, f in enumerate(parts):
            for v in free_variables(f):
                used.setdefault(v, []).append(i)
        outer = {v for f in rest for v in free_variables(f)}
        names = set(used) | outer
        if len(names) <= VARIABLES:
            return parts
        single = [(v, at[0]) for v, at in used.items() if len(at) == 1 and v not in outer and v in by_name]
        fresh = [(v, k) for v, k in single if not isinstance(parts[k], ast.Exists)]
        if not fresh:
            notes.append("the last event was left out: the spec would have too many variables")
            parts = parts[:-1]
            continue
        v, k = fresh[-1]
        parts[k] = ast.Exists(bindings([by_name[v]]), parts[k])
