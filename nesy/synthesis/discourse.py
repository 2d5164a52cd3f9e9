"""From clauses to facts, in the order of the text: what each clause claims of which objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.synthesis import english as e
from nesy.synthesis.bounds import repeated
from nesy.synthesis.chunks import NounPhrase, Times
from nesy.synthesis.clause import Clause, Slot
from nesy.synthesis.everyday import COPULAS, DURATIVE, ONE_BY_ONE, PLACING
from nesy.synthesis.lexicon import Lexicon, Literal
from nesy.synthesis.reference import Cast, Entity, Plan, about, bindings, can_be
from nesy.synthesis.senses import Fit, best

VISIBLE = "visible"
UNIVERSAL = ("every", "each", "all")
OPPOSITE = {"left": "right", "right": "left"}
_Add: TypeAlias = "Callable[[Sequence[Literal], dict[str, Entity]], None]"


@dataclass(slots=True)
class Reading:
    """What a clause claims: ``events``, each true of a frame, in order; ``negative``: that none of them ever is.

    result: a change that comes with the event before. whole: ``events`` are said of the clip, not of a frame.
    ends: something that holds, and then its end. joined: all its facts are said to be of one frame.
    """

    events: list[Formula]
    negative: bool = False
    result: bool = False
    whole: bool = False
    ends: bool = False
    joined: bool = False


class Discourse:
    """What a caption has spoken of so far."""

    def __init__(self, lexicon: Lexicon, notes: list[str]) -> None:
        self.lexicon = lexicon
        self.notes = notes
        self.cast = Cast(lexicon)
        self.keep: list[NounPhrase] = []
        self.last: Reading | None = None
        self.lost = False  # whether words of the clause at hand were left out
        self.each = False  # whether every one of several was told of last
        self.side = ""  # the direction that was told last

    def read(self, clause: Clause) -> Reading | None:
        """What ``clause`` claims; None, with a note, if nothing in it is understood."""
        found = self._read(clause)
        self.last = found or self.last
        return found

    def _read(self, clause: Clause) -> Reading | None:
        if clause.faults:
            return self._drop(clause, clause.faults[0])
        if clause.verb.doubt:
            return self._drop(clause, f"`{clause.verb.doubt}` leaves open whether it happened")
        if clause.verb.ended:
            return self._ended(clause)
        if e.ENDS & set(clause.verb.lemmas) and not clause.slots and self.lexicon.everyday:
            return self._paused(clause)
        if clause.beside is not None and self.lexicon.everyday:
            alive = bool(clause.beside.classes & self.lexicon.animate)  # "pets a dog sitting there"
            clause = replace(clause, beside=None, subject=[clause.beside] if alive else clause.subject)
        if clause.beside is not None:
            other = replace(clause, subject=[clause.beside], slots=[], directions=[])
            if clause.beside.unknown or best(self.lexicon, self.cast, other, clause.beside) is not None:
                return self._drop(clause, "it is unclear whose action this is")
        if self.lexicon.everyday:
            clause = replace(clause, slots=[s for s in clause.slots if s.phrases[0].text not in e.REFLEXIVE])
            mutual = next((s for s in clause.slots if s.phrases[0].text in e.RECIPROCAL), None)
            if mutual is not None:
                return self._mutual(clause, mutual)
        if self.each and all(p.determiner == "pronoun" for p in clause.subject) and not clause.opens:
            return self._drop(clause, "what each of several does is not told apart")
        self.each, self.lost = self._universal(clause), False
        subjects: list[NounPhrase | None] = [*clause.subject] or [None]
        negative = clause.verb.negated or any(
            p.determiner == "no" for p in [*clause.subject, *(p for s in clause.slots for p in s.phrases)]
        )
        if clause.verb.negated and clause.order == "without":
            return self._drop(clause, "two negations")
        if negative and (clause.times is not None or clause.whole):
            return self._drop(clause, "a negation of a number or of all")
        if clause.word in e.UNREAL:
            return self._drop(clause, "it is only likened to that")
        if clause.verb.negated and any(p.determiner == "no" for s in clause.slots for p in s.phrases):
            return self._drop(clause, "two negations")
        negative = negative or clause.order == "without"
        if negative and any(p.measured for s in clause.slots for p in s.phrases):
            return self._drop(clause, "a negation of a number or of all")
        alternatives = clause.subject_joint == "or" or any(s.joint == "or" and len(s.phrases) > 1 for s in clause.slots)
        universal = self._universal(clause) and not negative and not alternatives
        local = negative or alternatives or universal
        events: list[Formula] = []
        result = True
        for subject in subjects:
            for slots in _expand(clause.slots):
                found = self._instance(replace(clause, slots=slots), subject, local)
                if found is None:
                    if alternatives or negative:
                        return self._drop(clause, "not understood")
                    continue
                events += found[0]
                result = result and found[1]
        if not events:
            return self._drop(clause, "not understood")
        if negative and (self.lost or any(a.startswith("`") for a in clause.asides)):
            return self._drop(clause, "a denial of more than is understood")
        agents = any(s.preposition == "by" and len(s.phrases) > 1 for s in clause.slots) and clause.verb.passive
        joint = agents or (clause.subject_joint == "and" and len(clause.subject) > 1) or _at_once(clause)
        if self.lexicon.everyday and joint and not local:
            events = [conjunction(events)]  # "a boy and a girl run": together
        joined = bool(clause.together) and len(events) > 1 and not local
        if joined:
            events = [conjunction(events)]
        if (self.lexicon.everyday or clause.whole) and (not local or universal):
            whole = self._whole(clause, events)
            if whole is not None:
                return whole
        if alternatives and len(events) > 1:
            events = [ast.Or(tuple(events))]
        if clause.times is not None and not negative:
            events = self._repeated(clause, clause.times, events)
        for aside in clause.asides:
            self.notes.append(f"{aside} was left out of `{clause.text}`")
        if negative and result and len(events) == 1 and isinstance(events[0], ast.Atom):
            return Reading([ast.Not(events[0])], False, True)  # "has no shield": a state of its time, not of all times
        return Reading(events, negative, result, joined=joined)

    def _universal(self, clause: Clause) -> bool:
        """``every dog barks``: for each of them, with objects of its own."""
        one = self.lexicon.everyday and len(clause.subject) == 1
        return one and clause.subject[0].text.split()[0] in UNIVERSAL and bool(clause.subject[0].classes)

    def _ended(self, clause: Clause) -> Reading | None:
        """``stops walking``, ``no longer walks``: it is so, and later it is not."""
        if not self.lexicon.everyday or clause.verb.negated:
            return self._drop(clause, "an action that ends")
        found = self.read(replace(clause, verb=replace(clause.verb, ended=False)))
        if found is None or found.negative or found.whole or len(found.events) != 1:
            return found and self._drop(clause, "an action that ends")
        return Reading([found.events[0], ast.Not(found.events[0])], ends=True)

    def _paused(self, clause: Clause) -> Reading | None:
        """``runs, stops, and runs again``: what was told last is not so."""
        last, ours = self.last, all(p.determiner in ("pronoun", "the") for p in clause.subject)
        if clause.verb.negated or not ours or last is None or last.negative or last.whole or last.ends:
            return self._drop(clause, "it is unclear what ends")
        return Reading([ast.Not(last.events[-1])])

    def _mutual(self, clause: Clause, mutual: Slot) -> Reading | None:
        """``two people talk to each other``: both ways in one frame."""
        phrases = clause.subject if len(clause.subject) == 2 else clause.subject * 2
        if len(phrases) != 2 or clause.verb.negated or phrases[0].determiner == "pronoun":
            return self._drop(clause, "it is unclear who does this to whom")
        group: list[Entity] = []
        for p in phrases:
            plan = self.cast.plan(replace(p, count=1), None, None, True)
            if plan is None or plan.no_object:
                return self._drop(clause, "not understood")
            if plan.old is None:
                plan.unlike = (*plan.unlike, *group)
            group.append(self.cast.cast(plan))
        events: list[Formula] = []
        for a, b in (group, group[::-1]):
            names = [NounPhrase(x.variable, x.classes, "the", head=x.head) for x in (a, b)]
            self.keep += names  # their identity stands for the object
            self.cast.said |= {id(name): x for name, x in zip(names, (a, b), strict=True)}
            one = replace(clause, subject=names[:1], slots=[replace(mutual, phrases=names[1:])])
            found = self._instance(one, names[0], False)
            if found is None:
                return self._drop(clause, "not understood")
            events += found[0]
        return Reading([conjunction([*events, *(x for y in group for x in about(y))])])

    def _whole(self, clause: Clause, events: list[Formula]) -> Reading | None:
        """``every dog barks`` and ``always stands`` speak of the whole clip."""
        universal = self.cast.subject if self._universal(clause) else None
        if not universal and not clause.whole:
            return None
        said: Formula = conjunction([ast.Always(f) if clause.whole else ast.Eventually(f) for f in events])
        if universal and universal.head in clause.subject[0].head:
            said = ast.Forall(bindings([universal]), said)
            self.cast.forget(universal)
            self.cast.subject = None
        return Reading([said], whole=True)

    def _repeated(self, clause: Clause, times: Times, events: list[Formula]) -> list[Formula]:
        """``jumps twice``: not in between, or one long jump would be two. ``a coin`` may be another one each time."""
        if times.vague:
            self.notes.append(f"`{times.text}` was read as at least {times.count} times")
        once, out, before = events, list(events), events
        for _ in range(times.count - 1):
            for s in clause.slots:
                for p in s.phrases:
                    self.cast.said.pop(id(p), None)
            again = self.read(replace(clause, times=None, asides=[]))
            if again is None:
                break
            told = again.events
            if told == once and len(once) == 1:
                out.append(ast.Not(once[0]))
            elif len(before) == len(told) == 1:  # "a ball": it may be the same one
                told = [repeated(before[0], told[0])]
            else:
                self.notes.append(f"that it ends in between was left out of `{clause.text}`")
            before = again.events
            out += told
        return out

    def _drop(self, clause: Clause, why: str) -> Reading | None:
        """Leave a clause out; what it speaks of can still be meant by ``it`` and ``the snail`` later."""
        self.notes.append(f"`{clause.text}` was left out: {why}")
        for p in [*clause.subject, *(p for s in clause.slots for p in s.phrases)]:
            entity = self._mention(p)
            if self.lexicon.everyday and entity is not None and clause.subject == [p] and not clause.order:
                self.cast.subject = entity
        return None

    def _mention(self, p: NounPhrase) -> Entity | None:
        """The object that a phrase speaks of, so that a later ``it`` can go back to it."""
        plan = self.cast.plan(p, None, None, False) if p.determiner != "no" else None
        if plan is None or plan.no_object or p.determiner == "pronoun":
            return None
        return self.cast.cast(plan)

    def _instance(self, clause: Clause, subject: NounPhrase | None, local: bool) -> tuple[list[Formula], bool] | None:
        """The events of a clause without coordination (several for ``two coins``), and whether they are a result."""
        fit = best(self.lexicon, self.cast, clause, subject)
        if fit is None:
            return None
        counted = next((r for r, p in fit.phrases.items() if p.count > 1 and fit.plans[r].old is None), None)
        copies = fit.phrases[counted].count if counted and not local else 1
        for r, p in fit.phrases.items():
            universal = self.lexicon.everyday and p is subject and p.text.split()[0] in UNIVERSAL
            several = p.vague or (local and not clause.verb.negated and p.count > 1)
            if (
                several
                and (not local or self._universal(clause))
                and not universal
                and fit.plans[r].old is None
                and not fit.plans[r].no_object
            ):
                self.notes.append(f"`{p.text}` was read as at least one")
        events: list[Formula] = []
        result = False
        denied = clause.verb.negated and subject is not None and subject.determiner in ("a", "one", "other")
        outside = denied and self.lexicon.everyday and "any" not in subject_words(subject)
        group: list[Entity] = []
        roles: dict[str, Entity] = {}
        for copy in range(copies):
            before = len(self.cast.entities)
            if copy:  # only what is counted is another one each time
                roles = {r: x if r != counted else self.cast.cast(fit.plans[r]) for r, x in roles.items()}
            else:
                roles = {r: self.cast.cast(plan) for r, plan in fit.plans.items() if not plan.no_object}
            if counted and copies > 1:
                mine = roles[counted]
                mine.unlike = (*mine.unlike, *group)
                group.append(mine)
            made = self._literals(fit, clause, roles, tell=copy == 0)
            if made is None:
                return None
            literals, result = made
            own = self.cast.entities[before:]
            formula = conjunction([*literals, *(x for y in own for x in about(y))])
            if local:
                doer = roles.get("s") if outside else None
                if self._universal(clause):
                    doer = next((roles[r] for r, p in fit.phrases.items() if p is subject and r in roles), doer)
                free = [
                    x
                    for x in own
                    if not x.definite
                    and x is not doer
                    and not any(p.determiner == "the" and roles.get(r) is x for r, p in fit.phrases.items())
                ]
                formula = ast.Exists(bindings(free), formula) if free else formula
                for x in free:
                    self.cast.forget(x)
            events.append(formula)
            if (
                "s" in roles
                and roles["s"] in self.cast.entities
                and not clause.verb.passive
                and clause.order != "relative"
                and not (self.lexicon.everyday and clause.order and self.cast.subject is not None and not clause.opens)
            ):
                self.cast.subject = roles["s"]
        if self.lexicon.everyday and clause.verb.passive and subject is not None and clause.order != "relative":
            patient = next((roles[r] for r, p in fit.phrases.items() if p is subject and r in roles), None)
            self.cast.subject = patient or self.cast.subject
        if counted and self.lexicon.everyday and (counted == "s" or DURATIVE & set(clause.verb.lemmas)):
            events = [conjunction(events)]
        return events, result

    def _literals(
        self, fit: Fit, clause: Clause, roles: dict[str, Entity], tell: bool
    ) -> tuple[list[Formula], bool] | None:
        """The facts of the verb and of what modifies it, and whether they are a result; None if there are none."""
        hero = self.cast.hero or roles.get("s")
        out: list[Formula] = []
        said = {x.predicate for x in fit.sense.meaning}

        def add(meaning: Sequence[Literal], roles: dict[str, Entity]) -> None:
            for x in meaning:
                who = [hero if r == "p" else roles.get(r) for r in x.roles]
                if any(w is None for w in who):
                    continue  # an agent that a passive does not name
                atom = ast.Atom(x.predicate, tuple(w.variable for w in who if w is not None))
                formula: Formula = atom if x.positive else ast.Not(atom)
                if formula not in out:
                    out.append(formula)

        if clause.verb.passive and "s" not in roles and all("s" in x.roles for x in fit.sense.meaning):
            agent = fit.sense.subject or self.lexicon.agent
            if not agent or not fit.sense.meaning:
                return None
            roles = {**roles, "s": self.cast.cast(Plan(classes=agent))}
        add(fit.sense.meaning, roles)
        if self.lexicon.everyday or self.lexicon.orders:
            for r, phrase in fit.phrases.items():
                if r in roles:
                    for word in phrase.described.split():
                        add(self.lexicon.described(word), {"s": roles[r]})
        subject = roles.get("s") if not clause.verb.passive else None
        if subject is not None:
            if COPULAS & set(clause.verb.lemmas):
                for word in clause.adjectives:
                    add(self.lexicon.adjectives.get(word, ()), {"s": subject})
            self._directions(fit, clause, subject, said, add, tell)
            self._modifiers(fit, clause, roles, said, add, tell)
        if not out and clause.there and subject is not None and not clause.slots:
            out.append(ast.Atom(VISIBLE, (subject.variable,)))
        if not out:
            return None
        predicates = {a.predicate for f in out for a in ast.walk(f) if isinstance(a, ast.Atom)}
        return out, predicates <= self.lexicon.results

    def _directions(self, fit: Fit, clause: Clause, subject: Entity, said: set[str], add: _Add, tell: bool) -> None:
        for d in clause.directions:
            side = d.side
            if side == "other":
                side = OPPOSITE.get(self.side, "") if subject is self.cast.hero else ""
            fits = can_be(subject, self.lexicon.oriented) and (not said or said & self.lexicon.directed)
            if side and fits and side in self.lexicon.directions:
                add(self.lexicon.directions[side], {"s": subject})
                if subject is self.cast.hero:
                    self.side = side
            elif tell:
                self.notes.append(f"`{d.text}` was left out of `{clause.text}`")

    def _modifiers(
        self, fit: Fit, clause: Clause, roles: dict[str, Entity], said: set[str], add: _Add, tell: bool
    ) -> None:
        subject = roles["s"]
        taken = bool(fit.sense.complements)
        moved = self.lexicon.everyday and bool(PLACING & set(clause.verb.lemmas))
        place = roles["o"] if moved and "o" in roles else subject
        used = [id(s.phrases[0]) for s in fit.used]
        for slot in clause.slots:
            if id(slot.phrases[0]) in used:
                continue
            np = slot.phrases[0]
            shield = bool(np.classes) and min(np.classes).startswith("#")
            found = None
            for m in self.lexicon.modifiers.get(slot.preposition, ()):
                if m.after and said and not (m.after & said):
                    continue
                plan = self.cast.plan(np, m.complement.sort, subject, False)
                if plan is not None and (shield or not taken or self.lexicon.everyday):
                    found = (m, plan)
                    break
            if found is None:
                if self.lexicon.everyday and slot.preposition != "with":  # a tool is not what `it` means next
                    self._mention(np)
                self.lost = True
                if tell:
                    self.notes.append(f"`{slot.preposition} {np.text}` was left out of `{clause.text}`")
                continue
            m, plan = found
            if shield:
                off = "off" in clause.particles
                add([replace(x, positive=x.positive ^ off) for x in m.meaning], {"s": subject})
            else:
                taken = True
                add(m.meaning, {"s": place, "o": self.cast.cast(plan)})
                if np.vague and tell:
                    self.notes.append(f"`{np.text}` was read as at least one")


def subject_words(np: NounPhrase | None) -> list[str]:
    return np.text.split() if np is not None else []


def _at_once(clause: Clause) -> bool:
    """``is near the dog and the cat``, ``holds a ball and a cup``: a state that has several objects."""
    lasts = "be" in clause.verb.lemmas or bool((DURATIVE - ONE_BY_ONE) & {*clause.verb.lemmas})
    several = [s for s in clause.slots if len(s.phrases) > 1 and s.joint == "and"]
    return bool(several) and all(s.preposition not in MOVING if s.preposition else lasts for s in several)


MOVING = frozenset(
    {"to", "toward", "towards", "into", "onto", "from", "through", "over", "past", "at", "off", "out of"}
)


def _expand(slots: Sequence[Slot]) -> list[list[Slot]]:
    """One list of slots for every choice of one noun phrase in each."""
    out: list[list[Slot]] = [[]]
    for s in slots:
        out = [[*head, replace(s, phrases=[p])] for head in out for p in s.phrases]
    return out[:6]


def conjunction(formulas: Sequence[Formula]) -> Formula:
    """The formulas joined by *and*, conjunctions inside flattened, nothing said twice."""
    flat: dict[Formula, None] = {}
    for f in formulas:
        flat.update(dict.fromkeys(f.args if isinstance(f, ast.And) else (f,)))
    return next(iter(flat)) if len(flat) == 1 else ast.And(tuple(flat))
