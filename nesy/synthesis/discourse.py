"""From clauses to facts: which sense of the verb is meant, and which objects the noun phrases speak of.

Clauses are read in the order of the text. Every object that is spoken of is an :class:`Entity` with one variable;
``the snail`` and ``it`` go back to an entity, ``a snail`` makes a new one (which may denote the same object: nothing is
said about that), ``another snail`` a new one that differs from all snails before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.synthesis import english as e
from nesy.synthesis.chunks import NounPhrase, Times
from nesy.synthesis.clauses import Clause, Slot
from nesy.synthesis.lexicon import Complement, Lexicon, Literal, Sense, Sort

_Add: TypeAlias = "Callable[[Sequence[Literal], dict[str, Entity]], None]"
OPPOSITE = {"left": "right", "right": "left"}


@dataclass(eq=False)
class Entity:
    """One object of the caption: its variable, the classes that it can have, the entities that it differs from."""

    variable: str
    classes: frozenset[str]
    unlike: tuple[Entity, ...] = ()


@dataclass(slots=True)
class Reading:
    """What a clause claims: ``events``, each true of a frame, in order; ``negative``: that none of them ever is.

    result: a change that comes with the event before. sure: whether the place in time is that of the text.
    """

    events: list[Formula]
    negative: bool = False
    result: bool = False


@dataclass(slots=True)
class _Plan:
    """How a noun phrase would be understood: an entity there is, or a new one of these classes."""

    old: Entity | None = None
    classes: frozenset[str] = frozenset()
    unlike: tuple[Entity, ...] = ()


@dataclass(slots=True)
class _Fit:
    sense: Sense
    score: int
    plans: dict[str, _Plan] = field(default_factory=dict)
    phrases: dict[str, NounPhrase] = field(default_factory=dict)
    used: list[Slot] = field(default_factory=list)


class Discourse:
    """What a caption has spoken of so far."""

    def __init__(self, lexicon: Lexicon, notes: list[str]) -> None:
        self.lexicon = lexicon
        self.notes = notes
        self.entities: list[Entity] = []
        self.recent: list[Entity] = []  # the last mentioned one at the end
        self.hero = self._new(frozenset({lexicon.hero})) if lexicon.hero else None
        self.subject: Entity | None = self.hero
        self.side = ""

    # ------------------------------------------------------------------------------------------------------- entities

    def _new(self, classes: frozenset[str], unlike: Sequence[Entity] = ()) -> Entity:
        letter = min(classes)[0] if len(classes) == 1 else "x"
        letter = letter if letter.isalpha() else "x"
        taken = {x.variable for x in self.entities}
        numbers = ["", *(str(n) for n in range(2, len(taken) + 3))]
        entity = Entity(next(letter + n for n in numbers if letter + n not in taken), classes, tuple(unlike))
        self.entities.append(entity)
        return entity

    def _mention(self, entity: Entity) -> None:
        if entity in self.recent:
            self.recent.remove(entity)
        self.recent.append(entity)

    def _plan(self, np: NounPhrase, sort: Sort, actor: Entity | None, subject: bool) -> _Plan | None:
        """How ``np`` can fill a role of this sort; None if it cannot. ``actor`` is the other party, never meant."""

        def admits(entity: Entity) -> bool:
            return entity is not actor and (sort is None or bool(entity.classes & sort))

        if np.determiner == "pronoun" or (np.determiner == "other" and not np.classes):
            if np.text in e.REFLEXIVE:
                return None
            last = [self.subject] if subject and self.subject is not None else []
            order = [x for x in [*last, *reversed(self.recent)] if admits(x)]
            if np.head == "one":  # one more of the kind
                model = next((x for x in order if x is not self.hero), None)
                if model is None:
                    return None
                same = [x for x in self.entities if x.classes & model.classes]
                return _Plan(classes=model.classes, unlike=tuple(same) if np.determiner == "other" else ())
            if self.hero is not None and admits(self.hero) and (subject or actor is not self.hero):
                return _Plan(self.hero)
            if not subject:
                order = [x for x in order if x is not self.hero]
            return _Plan(order[0]) if order else None
        if not np.classes:
            return None
        if min(np.classes).startswith("#"):  # no object, only a word that some senses ask for
            return _Plan(classes=np.classes) if sort is not None and np.classes <= sort else None
        if sort is not None and sort and min(sort).startswith("#"):
            return None
        classes = np.classes if sort is None else np.classes & sort
        if not classes:
            return None
        if self.hero is not None and np.classes == self.hero.classes:
            return _Plan(self.hero) if self.hero is not actor else None
        if np.determiner == "the":
            old = next((x for x in reversed(self.recent) if x.classes <= np.classes and admits(x)), None)
            if old is not None:
                return _Plan(old)
        if np.determiner == "other":
            return _Plan(classes=classes, unlike=tuple(x for x in self.entities if x.classes & classes))
        return _Plan(classes=classes)

    def _inherited(self, clause: Clause, sort: Sort, actor: Entity | None) -> _Plan | None:
        """The subject of a clause that names none."""
        order = [self.subject, self.hero] if clause.order != "relative" else [*reversed(self.recent[-1:]), self.hero]
        for x in order:
            if x is not None and x is not actor and (sort is None or x.classes & sort):
                return _Plan(x)
        return None

    # --------------------------------------------------------------------------------------------------------- senses

    def _fit(self, sense: Sense, clause: Clause, subject: NounPhrase | None, passive: bool) -> _Fit | None:
        fit = _Fit(sense, sense.detail)
        particles = set(clause.particles)
        slots = list(clause.slots)
        complements = list(enumerate(sense.complements))
        roles = "oqr"
        actor: Entity | None = None

        if passive:
            patient = next(
                (k for k, c in complements if "" in c.prepositions or c.prepositions & particles), None
            )  # fmt: skip
            if patient is None:
                return None
            sort = sense.complements[patient].sort
            plan = self._plan(subject, sort, None, True) if subject else self._inherited(clause, sort, None)
            if plan is None:
                return None
            fit.plans[roles[patient]] = plan
            if subject:
                fit.phrases[roles[patient]] = subject
            actor = plan.old
            by = next((s for s in slots if s.preposition == "by"), None)
            if by is not None:
                agent = self._plan(by.phrases[0], sense.subject, actor, False)
                if agent is None:
                    return None
                fit.phrases["s"] = by.phrases[0]
                fit.used.append(by)
                slots.remove(by)
                fit.plans["s"] = agent
                fit.score += 2
            elif self.hero is not None and self.hero is not actor and self._can(self.hero, sense.subject):
                fit.plans["s"] = _Plan(self.hero)
            complements = [(k, c) for k, c in complements if k != patient]
        else:
            plan = self._plan(subject, sense.subject, None, True) if subject else None
            if subject is None:
                plan = self._inherited(clause, sense.subject, None)
            if plan is None:
                return None
            fit.plans["s"] = plan
            if subject:
                fit.phrases["s"] = subject
            if subject and subject.determiner == "pronoun" and plan.old is not self.hero:
                fit.score -= 8  # a pronoun is the main character wherever that makes sense
            actor = plan.old
        if sense.particle:
            split = next((s for s in slots if s.preposition == sense.particle), None)
            if sense.particle in particles:
                particles.discard(sense.particle)
            elif split is not None and any("" in c.prepositions for _, c in complements):
                slots[slots.index(split)] = replace(split, preposition="")
            else:
                return None
        for k, complement in complements:
            found = self._complement(complement, slots, actor)
            if found is None:
                return None
            slot, plan = found
            fit.plans[roles[k]], fit.phrases[roles[k]] = plan, slot.phrases[0]
            fit.used.append(slot)
            slots.remove(slot)
        if any(not s.preposition for s in slots):
            return None  # a direct object that this sense has no place for
        return fit

    @staticmethod
    def _can(entity: Entity, sort: Sort) -> bool:
        return sort is None or bool(entity.classes & sort)

    def _complement(self, c: Complement, slots: Sequence[Slot], actor: Entity | None) -> tuple[Slot, _Plan] | None:
        for slot in slots:
            if slot.preposition in c.prepositions:
                plan = self._plan(slot.phrases[0], c.sort, actor, False)
                if plan is not None:
                    return slot, plan
        return None

    def _best(self, clause: Clause, subject: NounPhrase | None) -> _Fit | None:
        by = any(s.preposition == "by" for s in clause.slots)
        voices = [True] if clause.verb.passive else [False, True] if by and clause.verb.form == "past" else [False]
        for passive in voices:
            fits = [
                fit
                for lemma in clause.verb.lemmas
                for sense in self.lexicon.senses.get(lemma, ())
                if (fit := self._fit(sense, clause, subject, passive)) is not None
            ]
            if fits:
                return max(fits, key=lambda f: f.score)
        return None

    # -------------------------------------------------------------------------------------------------------- reading

    def read(self, clause: Clause) -> Reading | None:
        """What ``clause`` claims; None, with a note, if nothing in it is understood."""
        if clause.faults:
            return self._drop(clause, clause.faults[0])
        if clause.verb.doubt:
            return self._drop(clause, f"`{clause.verb.doubt}` leaves open whether it happened")
        if clause.verb.ended:
            return self._drop(clause, "an action that ends")
        if clause.beside is not None:
            other = replace(clause, subject=[clause.beside], slots=[], directions=[])
            if clause.beside.unknown or self._best(other, clause.beside) is not None:
                return self._drop(clause, "it is unclear whose action this is")
        subjects: list[NounPhrase | None] = [*clause.subject] or [None]
        negative = clause.verb.negated or any(
            p.determiner == "no" for p in [*clause.subject, *(p for s in clause.slots for p in s.phrases)]
        )
        if clause.verb.negated and any(p.determiner == "no" for s in clause.slots for p in s.phrases):
            return self._drop(clause, "two negations")
        negative = negative or clause.order == "without"
        alternatives = clause.subject_joint == "or" or any(s.joint == "or" and len(s.phrases) > 1 for s in clause.slots)
        local = negative or alternatives
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
        if alternatives and len(events) > 1:
            events = [ast.Or(tuple(events))]
        if clause.times is not None and not negative:
            events = self._repeated(clause, clause.times, events)
        for aside in clause.asides:
            self.notes.append(f"{aside} was left out of `{clause.text}`")
        return Reading(events, negative, result)

    def _repeated(self, clause: Clause, times: Times, events: list[Formula]) -> list[Formula]:
        """``jumps twice``: not in between, or one long jump would be two. ``a coin`` may be another one each time."""
        if times.vague:
            self.notes.append(f"`{times.text}` was read as at least {times.count} times")
        once, out = events, list(events)
        for _ in range(times.count - 1):
            again = self.read(replace(clause, times=None, asides=[]))
            if again is None:
                break
            if again.events == once and len(once) == 1:
                out.append(ast.Not(once[0]))
            out += again.events
        return out

    def _drop(self, clause: Clause, why: str) -> Reading | None:
        """Leave a clause out; what it speaks of can still be meant by ``it`` and ``the snail`` later."""
        self.notes.append(f"`{clause.text}` was left out: {why}")
        for p in [*clause.subject, *(p for s in clause.slots for p in s.phrases)]:
            plan = self._plan(p, None, None, False) if p.determiner != "no" else None
            if plan is not None and not _pseudo(plan) and p.determiner != "pronoun":
                self._entity(plan)
        return None

    def _instance(self, clause: Clause, subject: NounPhrase | None, local: bool) -> tuple[list[Formula], bool] | None:
        """The events of a clause without coordination (several for ``two coins``), and whether they are a result."""
        fit = self._best(clause, subject)
        if fit is None:
            return None
        counted = next((r for r, p in fit.phrases.items() if p.count > 1 and fit.plans[r].old is None), None)
        copies = fit.phrases[counted].count if counted and not local else 1
        for r, p in fit.phrases.items():
            if p.vague and not local and fit.plans[r].old is None and not _pseudo(fit.plans[r]):
                self.notes.append(f"`{p.text}` was read as at least one")
        events: list[Formula] = []
        result = False
        group: list[Entity] = []
        for copy in range(copies):
            before = len(self.entities)
            roles = {r: self._entity(plan) for r, plan in fit.plans.items() if not _pseudo(plan)}
            if counted and copies > 1:
                mine = roles[counted]
                mine.unlike = (*mine.unlike, *group)
                group.append(mine)
            made = self._literals(fit, clause, roles, tell=copy == 0)
            if made is None:
                return None
            literals, result = made
            own = self.entities[before:]
            formula = conjunction([*literals, *(x for y in own for x in _about(y))])
            if local:
                free = [
                    x
                    for x in own
                    if not any(p.determiner == "the" and roles.get(r) is x for r, p in fit.phrases.items())
                ]
                bindings = tuple(binding(x) for x in free)
                formula = ast.Exists(bindings, formula) if bindings else formula
                for x in free:
                    self.entities.remove(x)
                    self.recent.remove(x)
            events.append(formula)
            if "s" in roles and roles["s"] in self.entities and not clause.verb.passive and clause.order != "relative":
                self.subject = roles["s"]
        return events, result

    def _entity(self, plan: _Plan) -> Entity:
        entity = plan.old or self._new(plan.classes, plan.unlike)
        self._mention(entity)
        return entity

    def _literals(
        self, fit: _Fit, clause: Clause, roles: dict[str, Entity], tell: bool
    ) -> tuple[list[Formula], bool] | None:
        """The facts of the verb and of what modifies it, and whether they are a result; None if there are none."""
        hero = self.hero or roles.get("s")
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
            if fit.sense.subject is None or not fit.sense.meaning:
                return None
            roles = {**roles, "s": self._entity(_Plan(classes=fit.sense.subject))}
        add(fit.sense.meaning, roles)
        subject = roles.get("s") if not clause.verb.passive else None
        if subject is not None:
            if clause.verb.lemmas == ("be",):
                for word in clause.adjectives:
                    add(self.lexicon.adjectives.get(word, ()), {"s": subject})
            self._directions(fit, clause, subject, said, add, tell)
            self._modifiers(fit, clause, subject, said, add, tell)
        if not out:
            return None
        predicates = {a.predicate for f in out for a in ast.walk(f) if isinstance(a, ast.Atom)}
        return out, predicates <= self.lexicon.results

    def _directions(self, fit: _Fit, clause: Clause, subject: Entity, said: set[str], add: _Add, tell: bool) -> None:
        for d in clause.directions:
            side = d.side
            if side == "other":
                side = OPPOSITE.get(self.side, "") if subject is self.hero else ""
            fits = self._can(subject, self.lexicon.oriented) and (not said or said & self.lexicon.directed)
            if side and fits and side in self.lexicon.directions:
                add(self.lexicon.directions[side], {"s": subject})
                if subject is self.hero:
                    self.side = side
            elif tell:
                self.notes.append(f"`{d.text}` was left out of `{clause.text}`")

    def _modifiers(self, fit: _Fit, clause: Clause, subject: Entity, said: set[str], add: _Add, tell: bool) -> None:
        taken = bool(fit.sense.complements)
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
                plan = self._plan(np, m.complement.sort, subject, False)
                if plan is not None and (shield or not taken):
                    found = (m, plan)
                    break
            if found is None:
                if tell:
                    self.notes.append(f"`{slot.preposition} {np.text}` was left out of `{clause.text}`")
                continue
            m, plan = found
            if shield:
                off = "off" in clause.particles
                add([replace(x, positive=x.positive ^ off) for x in m.meaning], {"s": subject})
            else:
                taken = True
                add(m.meaning, {"s": subject, "o": self._entity(plan)})
                if np.vague and tell:
                    self.notes.append(f"`{np.text}` was read as at least one")


def _pseudo(plan: _Plan) -> bool:
    return plan.old is None and min(plan.classes).startswith("#")


def _expand(slots: Sequence[Slot]) -> list[list[Slot]]:
    """One list of slots for every choice of one noun phrase in each."""
    out: list[list[Slot]] = [[]]
    for s in slots:
        out = [[*head, replace(s, phrases=[p])] for head in out for p in s.phrases]
    return out[:6]


def _about(x: Entity) -> list[Formula]:
    """What must be said of a new entity beyond its class in the binding."""
    out: list[Formula] = []
    if len(x.classes) > 1:
        out.append(ast.Or(tuple(ast.Atom(c, (x.variable,)) for c in sorted(x.classes))))
    out += [ast.Not(ast.Equal(y.variable, x.variable)) for y in x.unlike]
    return out


def binding(x: Entity) -> ast.Binding:
    """The quantifier's entry for an entity; one of several possible classes is quantified over all objects."""
    return ast.Binding(x.variable, min(x.classes) if len(x.classes) == 1 else None)


def conjunction(formulas: Sequence[Formula]) -> Formula:
    """The formulas joined by *and*, conjunctions inside flattened, nothing said twice."""
    flat: dict[Formula, None] = {}
    for f in formulas:
        flat.update(dict.fromkeys(f.args if isinstance(f, ast.And) else (f,)))
    return next(iter(flat)) if len(flat) == 1 else ast.And(tuple(flat))
