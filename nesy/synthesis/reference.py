"""The objects that a caption speaks of, and what noun phrases go back to.

Every object that is spoken of is an :class:`Entity` with one variable; ``the snail`` and ``it`` go back to an entity,
``a snail`` makes a new one (which may denote the same object: nothing is said about that), ``another snail`` a new one
that differs from all snails before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.synthesis import english as e
from nesy.synthesis.chunks import NounPhrase
from nesy.synthesis.lexicon import Lexicon, Sort


@dataclass(eq=False)
class Entity:
    """One object of the caption: its variable, its possible classes, what it differs from, how it was described."""

    variable: str
    classes: frozenset[str]
    unlike: tuple[Entity, ...] = ()
    described: str = ""
    head: str = ""
    definite: bool = False


@dataclass(slots=True)
class Plan:
    """How a noun phrase would be understood: an entity there is, or a new one of these classes."""

    old: Entity | None = None
    classes: frozenset[str] = frozenset()
    unlike: tuple[Entity, ...] = ()
    described: str = ""
    phrase: NounPhrase | None = None

    @property
    def no_object(self) -> bool:
        """Whether this is only a word that some senses ask for, such as the shield."""
        return self.old is None and min(self.classes).startswith("#")


def can_be(entity: Entity, sort: Sort) -> bool:
    return sort is None or bool(entity.classes & sort)


class Cast:
    """The entities of one caption in the order of their first mention, and which of them was mentioned last.

    hero: the main character of the domain, there from the beginning. subject: of the last clause.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        hero = lexicon.hero
        self.lexicon = lexicon
        self.said: dict[int, Entity] = {}  # by noun phrase: a phrase that two clauses share is one object
        self.entities: list[Entity] = []
        self.recent: list[Entity] = []  # the last mentioned one at the end
        self.hero = self._new(Plan(classes=frozenset({hero}))) if hero else None
        self.subject: Entity | None = self.hero

    def _new(self, plan: Plan) -> Entity:
        letter = min(plan.classes)[0].lower() if len(plan.classes) == 1 else "x"
        letter = letter if letter.isascii() and letter.isalpha() else "x"
        taken = {x.variable for x in self.entities}
        numbers = ["", *(str(n) for n in range(2, len(taken) + 3))]
        name = next(letter + n for n in numbers if letter + n not in taken)
        entity = Entity(name, plan.classes, plan.unlike, plan.described)
        if plan.phrase is not None:
            entity.head, entity.definite = plan.phrase.head, plan.phrase.determiner == "the"
            self.said[id(plan.phrase)] = entity
        self.entities.append(entity)
        return entity

    def cast(self, plan: Plan) -> Entity:
        """The entity of a plan, made now if it is new, and mentioned."""
        entity = plan.old or self._new(plan)
        if entity in self.recent:
            self.recent.remove(entity)
        self.recent.append(entity)
        return entity

    def forget(self, entity: Entity) -> None:
        """Take back an entity that exists only inside a negation or an alternative."""
        self.entities.remove(entity)
        self.recent.remove(entity)
        self.said = {k: x for k, x in self.said.items() if x is not entity}

    def plan(self, np: NounPhrase, sort: Sort, actor: Entity | None, subject: bool) -> Plan | None:
        """How ``np`` can fill a role of this sort; None if it cannot. ``actor`` is the other party, never meant."""
        if np.determiner == "pronoun" or (np.determiner == "other" and not np.classes):
            return self._pronoun(np, sort, actor, subject)
        if not np.classes:
            return None
        known = self.said.get(id(np))
        if known is not None and known is not actor and can_be(known, sort):
            return Plan(known)
        if min(np.classes).startswith("#"):
            return Plan(classes=np.classes) if sort is not None and np.classes <= sort else None
        classes = np.classes if sort is None else np.classes & sort
        if not classes:
            return None
        if self.hero is not None and np.classes == self.hero.classes:
            return Plan(self.hero) if self.hero is not actor else None
        if np.determiner == "the":
            for x in reversed(self.recent):
                same = not x.described or not np.described or x.described == np.described
                if x.classes <= np.classes and x is not actor and can_be(x, sort) and same and not self._differ(x, np):
                    return Plan(x)
        alike = [x for x in self.entities if x.classes & classes]
        unlike = [x for x in alike if np.determiner == "other" or self._differ(x, np)]
        return Plan(None, classes, tuple(unlike), np.described, np if self.lexicon.everyday else None)

    def _differ(self, x: Entity, np: NounPhrase) -> bool:
        """Whether the nouns name people of different kinds: a man, a woman."""
        a, b = self.lexicon.kinds.get(x.head, ""), self.lexicon.kinds.get(np.head, "")
        return bool(a and b and a != b)

    def _pronoun(self, np: NounPhrase, sort: Sort, actor: Entity | None, subject: bool) -> Plan | None:
        if np.text in e.REFLEXIVE:
            return None
        known = self.said.get(id(np))
        if known is not None and known is not actor and can_be(known, sort):
            return Plan(known)
        first = subject or self.lexicon.everyday
        last = [self.subject] if first and self.subject is not None else []
        order = [x for x in [*last, *reversed(self.recent)] if x is not actor and can_be(x, sort)]
        if np.head == "one":  # one more of the kind
            model = next((x for x in order if x is not self.hero), None)
            if model is None:
                return None
            same = [x for x in self.entities if x.classes & model.classes]
            return Plan(None, model.classes, tuple(same) if np.determiner == "other" else ())
        if self.hero is not None and self.hero is not actor and can_be(self.hero, sort):
            return Plan(self.hero)
        order = [x for x in order if subject or x is not self.hero]
        if self.lexicon.everyday:
            order.sort(key=lambda x: self._unfit(x, np.text))
            order = [x for x in order if self._unfit(x, np.text) < 3]
            if not order and np.text in ("he", "him", "she", "her", "they") and self.lexicon.agent:
                return Plan(None, self.lexicon.agent, phrase=np)
        return Plan(order[0]) if order else None

    def _unfit(self, x: Entity, pronoun: str) -> int:
        """How badly a pronoun fits an object: 0 well, 3 not at all."""
        gender, someone = self.lexicon.genders.get(x.head, ""), bool(x.classes & self.lexicon.people)
        if pronoun in ("he", "him", "she", "her"):
            wanted = "m" if pronoun in ("he", "him") else "f"
            return 0 if gender == wanted else 3 if gender else 1 if someone else 2
        if pronoun == "it":
            return 3 if gender else 2 if someone else 0
        return 0

    def inherited(self, sort: Sort, relative: bool) -> Plan | None:
        """The subject of a clause that names none; of a relative clause the last mentioned object."""
        for x in [*(reversed(self.recent[-1:]) if relative else [self.subject]), self.hero]:
            if x is not None and can_be(x, sort):
                return Plan(x)
        if self.lexicon.agent and (sort is None or self.lexicon.agent & sort):  # "Pushing a box": somebody does
            return Plan(classes=self.lexicon.agent)
        return None


def about(x: Entity) -> list[Formula]:
    """What must be said of a new entity beyond its class in the binding."""
    out: list[Formula] = []
    if len(x.classes) > 1:
        out.append(ast.Or(tuple(ast.Atom(c, (x.variable,)) for c in sorted(x.classes))))
    out += [ast.Not(ast.Equal(y.variable, x.variable)) for y in x.unlike]
    return out


def bindings(entities: Sequence[Entity]) -> tuple[ast.Binding, ...]:
    """Their quantifier; an entity of one of several possible classes is quantified over all objects."""
    return tuple(ast.Binding(x.variable, min(x.classes) if len(x.classes) == 1 else None) for x in entities)
