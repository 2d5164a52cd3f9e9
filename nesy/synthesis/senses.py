"""Which sense of a verb is meant: the most detailed one whose roles the parties of the clause can fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nesy.synthesis.chunks import NounPhrase
from nesy.synthesis.clause import Clause, Slot
from nesy.synthesis.lexicon import Complement, Lexicon, Sense
from nesy.synthesis.reference import Cast, Entity, Plan, can_be

COMPLEMENTS = "oqr"
"""The roles of a sense's complements, in their order."""


@dataclass(slots=True)
class Fit:
    """A sense with its roles filled: plans and noun phrases by role, and the slots that they come from."""

    sense: Sense
    score: int
    plans: dict[str, Plan] = field(default_factory=dict)
    phrases: dict[str, NounPhrase] = field(default_factory=dict)
    used: list[Slot] = field(default_factory=list)

    def fill(self, role: str, plan: Plan, phrase: NounPhrase | None) -> None:
        self.plans[role] = plan
        if phrase is not None:
            self.phrases[role] = phrase


def best(lexicon: Lexicon, cast: Cast, clause: Clause, subject: NounPhrase | None) -> Fit | None:
    """The sense of the clause's verb that fits best with this subject; None if none fits."""
    by = any(s.preposition == "by" for s in clause.slots)
    voices = [True] if clause.verb.passive else [False, True] if by and clause.verb.form in ("past", "pp") else [False]
    for passive in voices:
        fits = [
            fit
            for lemma in clause.verb.lemmas
            for sense in lexicon.senses.get(lemma, ())
            if (fit := _fit(sense, cast, clause, subject, passive)) is not None
        ]
        if fits:
            return max(fits, key=lambda f: f.score)
    return None


def _fit(sense: Sense, cast: Cast, clause: Clause, subject: NounPhrase | None, passive: bool) -> Fit | None:
    fit = Fit(sense, sense.detail)
    slots = list(clause.slots)
    complements = list(enumerate(sense.complements))
    if passive:
        patient = _passive(fit, cast, clause, subject, slots)
        if patient is None:
            return None
        complements = [(k, c) for k, c in complements if k != patient]
        actor = fit.plans[COMPLEMENTS[patient]].old
    else:
        plan = _subject(cast, clause, subject, sense.subject)
        if plan is None:
            return None
        fit.fill("s", plan, subject)
        if subject and subject.determiner == "pronoun" and plan.old is not cast.hero:
            fit.score -= 8  # a pronoun is the main character wherever that makes sense
        if subject is None and plan.old is not cast.subject:
            fit.score -= 3  # the subject of the clause before goes on wherever that makes sense
        actor = plan.old
    if sense.particle and sense.particle not in clause.particles:
        split = next((s for s in slots if s.preposition == sense.particle), None)
        if split is None or not any("" in c.prepositions for _, c in complements):
            return None
        slots[slots.index(split)] = replace(split, preposition="")  # "picks up the coin"
    for k, complement in complements:
        found = _complement(complement, cast, slots, actor)
        if found is None:
            return None
        slot, plan = found
        fit.fill(COMPLEMENTS[k], plan, slot.phrases[0])
        fit.used.append(slot)
        slots.remove(slot)
    if any(not s.preposition for s in slots):
        return None  # a direct object that this sense has no place for
    return fit


def _subject(cast: Cast, clause: Clause, subject: NounPhrase | None, sort: frozenset[str] | None) -> Plan | None:
    if subject is not None:
        return cast.plan(subject, sort, None, True)
    return cast.inherited(sort, clause.order == "relative")


def _passive(fit: Fit, cast: Cast, clause: Clause, subject: NounPhrase | None, slots: list[Slot]) -> int | None:
    """Fill the patient with the subject, the agent with ``by ...`` or the main character; which complement it was."""
    sense = fit.sense
    stranded = set(clause.particles)  # "is jumped on"
    fitting = (k for k, c in enumerate(sense.complements) if "" in c.prepositions or c.prepositions & stranded)
    patient = next(fitting, None)
    if patient is None:
        return None
    plan = _subject(cast, clause, subject, sense.complements[patient].sort)
    if plan is None:
        return None
    fit.fill(COMPLEMENTS[patient], plan, subject)
    by = next((s for s in slots if s.preposition == "by"), None)
    if by is not None:
        agent = cast.plan(by.phrases[0], sense.subject, plan.old, False)
        if agent is None:
            return None
        fit.fill("s", agent, by.phrases[0])
        fit.score += 2
        fit.used.append(by)
        slots.remove(by)
    elif cast.hero is not None and cast.hero is not plan.old and can_be(cast.hero, sense.subject):
        fit.fill("s", Plan(cast.hero), None)
    return patient


def _complement(c: Complement, cast: Cast, slots: Sequence[Slot], actor: Entity | None) -> tuple[Slot, Plan] | None:
    for slot in slots:
        if slot.preposition in c.prepositions:
            plan = cast.plan(slot.phrases[0], c.sort, actor, False)
            if plan is not None:
                return slot, plan
    return None
