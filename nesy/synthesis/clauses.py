"""Chunks to clauses: who does what to whom, and by which word each clause hangs on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from nesy.synthesis import english as e
from nesy.synthesis.chunks import (
    Adjective,
    Chunk,
    Direction,
    End,
    Link,
    Loose,
    Negation,
    NounPhrase,
    Preposition,
    Times,
    Unknown,
    VerbGroup,
    Whole,
)

COORDINATE = ("and", "then", "or", ",", "earlier")
SUBORDINATE = ("after", "before", "while", "when", "purpose", "means", "without", "open", "relative")


@dataclass(slots=True)
class Slot:
    """A complement or adverbial: a preposition (empty for a direct object) and its coordinated noun phrases."""

    preposition: str
    phrases: list[NounPhrase]
    joint: str = "and"


@dataclass(slots=True)
class Clause:
    """One verb with what belongs to it.

    link: how it is joined to what stands before it (one of COORDINATE, empty for a new sentence or no word at all).
    order: one of SUBORDINATE, or empty for a main clause; word: the word that says so.
    paused: a comma or a sentence's end stands before the link.
    opens: first of its sentence. loose: its place in time is not that of the text. beside: a noun phrase right before a
    participle, which may be its subject: "a snail walking left". head: what a relative clause in front of its main verb
    belongs to: "the bee that chased Mugen is dead". faults: why it cannot be used.
    whole: true all the time. there: ``there is a cup``.
    """

    verb: VerbGroup
    subject: list[NounPhrase] = field(default_factory=list)
    subject_joint: str = "and"
    slots: list[Slot] = field(default_factory=list)
    particles: list[str] = field(default_factory=list)
    directions: list[Direction] = field(default_factory=list)
    adjectives: list[str] = field(default_factory=list)
    times: Times | None = None
    link: str = ""
    order: str = ""
    word: str = ""
    paused: bool = False
    opens: bool = False
    loose: bool = False
    whole: bool = False
    there: bool = False
    beside: NounPhrase | None = None
    head: NounPhrase | None = None
    faults: list[str] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """A short reading of the clause for notes."""
        if not self.verb.lemmas:  # no verb that is known: the words as they stand
            return self.verb.text
        parts = [", ".join(p.text for p in self.subject), self.verb.text]
        for s in self.slots:
            parts += [s.preposition, f" {s.joint} ".join(p.text for p in s.phrases)]
        return " ".join(p for p in parts if p)


def parse(chunks: Sequence[Chunk], heroes: frozenset[str], notes: list[str]) -> list[Clause]:
    """The clauses of a caption in the order of the text; ``heroes`` are the classes that act unless said otherwise."""
    return _Parser(heroes, notes).run(chunks)


@dataclass(slots=True)
class _Segment:
    """What stands between two links, with the links before it."""

    links: list[Link]
    chunks: list[Chunk]
    opens: bool


class _Parser:
    def __init__(self, heroes: frozenset[str], notes: list[str]) -> None:
        self.heroes = heroes
        self.notes = notes
        self.clauses: list[Clause] = []
        self.waiting: list[NounPhrase] = []  # noun phrases at a sentence's beginning whose verb is still to come
        self.waiting_joint = ","
        self.inherited: _Segment | None = None

    def run(self, chunks: Sequence[Chunk]) -> list[Clause]:
        for segment in _segments(chunks, self.heroes):
            self._segment(segment)
        if not self.heroes:
            self.clauses = _existing(self.clauses)
        for a, b in pairwise(self.clauses):
            if not self.heroes:
                _elided(a, b)
                _share_passive(a, b)
            _share(a, b)
        for a, b in pairwise(self.clauses):
            _control(a, b)
        _suppose(self.clauses)
        return self.clauses

    def _segment(self, s: _Segment) -> None:
        if s.opens:
            self.waiting, self.inherited = [], None
        verbs = [k for k, c in enumerate(s.chunks) if isinstance(c, VerbGroup)]
        if self.inherited is not None:  # links whose own segment held nothing: "then, while ..."
            s.links = [*self.inherited.links, *s.links]
            s.opens = s.opens or self.inherited.opens
            self.inherited = None
        if not s.chunks:
            self.inherited = s if s.links and not all(x.kind == "," for x in s.links) else None
            if self.inherited is None and s.opens and s.links:
                self.inherited = s
            return
        if not verbs:
            self._without_verb(s)
            return
        start = 0
        for n, k in enumerate(verbs):
            verb = s.chunks[k]
            assert isinstance(verb, VerbGroup)
            before = s.chunks[start:k]
            end = verbs[n + 1] if n + 1 < len(verbs) else len(s.chunks)
            clause = Clause(verb)
            if n == 0:
                _join(clause, s)
                if self.waiting and any(x.kind in ("and", "or") for x in s.links):
                    self.waiting_joint = "or" if any(x.kind == "or" for x in s.links) else "and"
                self._subject(clause, before)
                if clause.subject_joint == ",":  # "Mugen, the alien, jumps": one party with two names
                    clause.subject, clause.subject_joint = clause.subject[:1], "and"
            elif not self.heroes and self._reduced(clause, before, s.chunks[k + 1 : k + 2]):
                pass
            else:
                self._second(clause, before)
            self.clauses.append(clause)
            start = k + 1
            if n + 1 == len(verbs):
                self._complements(clause, s.chunks[start:end])
        self.waiting = []

    def _subject(self, clause: Clause, before: Sequence[Chunk]) -> None:
        """The noun phrases in front of the verb; anything else there is told or counts against the clause."""
        phrases = [c for c in before if isinstance(c, NounPhrase)]
        behind = [k for k, c in enumerate(before) if isinstance(c, Preposition)]
        if behind and phrases:  # "on the crate, a snail walks" and "a snail on the crate walks"
            first = before.index(phrases[0])
            phrases = phrases[:1] if first < behind[0] else phrases[-1:]
            clause.asides.append("a phrase in front of the verb")
        clause.subject = [*self.waiting, *phrases[-1:]] if phrases else list(self.waiting)
        clause.subject_joint = self.waiting_joint
        if clause.order == "relative" and self.waiting:
            clause.head = self.waiting[-1]
        elif len(phrases) > 1 and not behind and phrases[0].classes:  # "the snail Mugen jumped over"
            clause.head, clause.order = phrases[0], "relative"
        if not self.heroes and clause.order == "relative" and phrases:  # "the stick that the man threw"
            told = self.clauses[-1].slots if self.clauses and clause.head is None else []
            thing = clause.head or (told[-1].phrases[-1] if told else None)
            if thing is not None and thing is not phrases[-1]:
                clause.subject, clause.word = phrases[-1:], "reduced"
                clause.slots.append(Slot("", [thing]))
        elif clause.head is not None and phrases:
            clause.faults.append("a relative clause about another party")
        before_it = self.clauses[-1].head if self.clauses and not clause.opens else None
        if before_it is not None and not clause.subject and not clause.order and clause.link == ",":
            clause.subject = [before_it]  # "the bee, which chased Mugen, is dead"
        self.waiting, self.waiting_joint = [], ","
        for c in before:
            match c:
                case Negation(word):
                    clause.faults.append(f"`{word}` could not be placed")
                case Unknown(word):
                    if _verbal(word) and not phrases:
                        clause.asides.append(f"`{word}`")
                    elif _verbal(word):
                        clause.faults.append(f"`{word}` is not known")
                    else:
                        clause.asides.append(f"`{word}`")
                case Loose():
                    clause.loose = True
                case Whole():
                    clause.whole = True
                case Direction():
                    clause.directions.append(c)
                case Adjective() | Times() | Preposition() | Link() | VerbGroup() | End() | NounPhrase():
                    pass

    def _reduced(self, clause: Clause, between: Sequence[Chunk], behind: Sequence[Chunk]) -> bool:
        """A participle behind its noun: ``the ball thrown by a boy``."""
        last = between[-1] if between else None
        if not isinstance(last, NounPhrase) or clause.verb.form not in ("pp", "past") or clause.verb.passive:
            return False
        if list(behind) != [Preposition("by")]:
            return False
        self._complements(self.clauses[-1], between)
        clause.subject, clause.order, clause.word = [last], "relative", "reduced"
        clause.verb = replace(clause.verb, passive=True, form="pp")
        return True

    def _second(self, clause: Clause, between: Sequence[Chunk]) -> None:
        """A verb that no link separates from the one before: a lost comma, or a participle behind its noun."""
        previous = self.clauses[-1]
        self._complements(previous, between)
        bare = previous.verb.form == "ing" and " " not in previous.verb.text and not previous.order
        if not self.heroes and bare and previous.subject and clause.verb.form in ("s", "past", "base"):
            clause.link, clause.opens, clause.paused = previous.link, previous.opens, previous.paused
            previous.order, previous.word, previous.head = "relative", "participle", previous.subject[-1]
        if previous.head is not None:
            clause.subject = [previous.head]
            return
        last = between[-1] if between else None
        verb = clause.verb
        if isinstance(last, NounPhrase) and previous.slots:
            slot = previous.slots[-1]
            acts = last.text in e.SUBJECT_PRONOUNS or bool(last.classes & self.heroes)
            whom = last.determiner == "pronoun" or acts
            if previous.verb.lemmas == ("get",) and whom and verb.form in ("pp", "past") and not verb.passive:
                clause.subject, clause.slots = previous.subject, [slot]  # "gets it killed": kills it
                clause.link, clause.order, clause.opens = previous.link, previous.order, previous.opens
                clause.word, clause.paused = previous.word, previous.paused
                self.clauses.pop()
                return
            objects = sum(not x.preposition for x in previous.slots)
            if verb.form == "ing" and not acts:
                clause.order, clause.beside = "while", last
            elif acts or last.determiner == "pronoun" or (objects > 1 and not slot.preposition) or verb.passive:
                clause.subject = [last]
                slot.phrases.pop()
                if not slot.phrases:
                    previous.slots.pop()
                    if slot.preposition:
                        previous.particles.append(slot.preposition)
        elif (
            verb.form == "base"
            and not verb.passive
            and not isinstance(last, NounPhrase)
            and previous.verb.form != "base"
        ):
            clause.faults.append("it is unclear how this verb belongs to the one before")

    def _without_verb(self, s: _Segment) -> None:
        """A segment without a verb: more objects, a waiting subject, a state (``while shielded``), or nothing known."""
        phrases = [c for c in s.chunks if isinstance(c, NounPhrase)]
        kinds = {x.kind for x in s.links}
        adjectives = [c for c in s.chunks if isinstance(c, Adjective)]
        if adjectives and not any(isinstance(c, (Negation, Unknown)) for c in s.chunks):
            clause = Clause(VerbGroup(adjectives[0].word, ("be",), "s"), adjectives=[a.word for a in adjectives])
            _join(clause, s)
            self._subject(clause, phrases)
            self.clauses.append(clause)
            return
        if s.opens or (self.waiting and kinds <= {"and", "or", ","}):
            if len(phrases) == len(s.chunks) and (s.opens or self.waiting):
                self.waiting += phrases
                self.waiting_joint = "or" if "or" in kinds else "and" if "and" in kinds else self.waiting_joint
                return
            self._tell(s)
            return
        denied = s.chunks[0] == Negation("not")
        if not self.heroes and self.clauses and denied and any(isinstance(c, Preposition) for c in s.chunks[1:2]):
            verb = self.clauses[-1].verb  # "in the box, not on the table"
            again = Clause(replace(verb, negated=not verb.negated), list(self.clauses[-1].subject))
            _join(again, s)
            self._complements(again, s.chunks[1:])
            self.clauses.append(again)
            return
        unfit = [c for c in s.chunks if isinstance(c, (Negation, Unknown, Loose))]
        if unfit or kinds & set(SUBORDINATE) or not self.clauses:
            self._tell(s)
            return
        self._continue(self.clauses[-1], s, "or" if "or" in kinds else "and")

    def _continue(self, clause: Clause, s: _Segment, joint: str) -> None:
        """``... a coin, a gem and a bee``: further noun phrases of the clause before."""
        first = s.chunks[0]
        if isinstance(first, NounPhrase) and clause.slots:
            slot = clause.slots[-1]
            slot.phrases.append(first)
            if joint == "or":
                slot.joint = "or"
            self._complements(clause, s.chunks[1:])
        elif isinstance(first, NounPhrase):
            clause.asides.append(f"`{first.text}`")
        elif isinstance(first, (Direction, Preposition)):  # "walks left, then right": the verb is meant again
            again = Clause(clause.verb, list(clause.subject), clause.subject_joint, faults=list(clause.faults))
            _join(again, s)
            again.order = clause.order if clause.order != "while" else ""
            if not self.heroes and clause.verb.negated and any(x.text in ("but", "but also") for x in s.links):
                again.verb = replace(again.verb, negated=False)
            self._complements(again, s.chunks)
            if not again.slots and not again.directions:
                again.faults.append("it is unclear which action this repeats")
            self.clauses.append(again)
        else:
            self._complements(clause, s.chunks)

    def _complements(self, clause: Clause, chunks: Sequence[Chunk]) -> None:
        """Sort what stands behind the verb into slots, directions and particles."""
        pending: str | None = None
        for k, c in enumerate(chunks):
            match c:
                case Preposition(name):
                    if pending is not None:
                        clause.particles.append(pending)
                    pending = name
                    continue
                case NounPhrase():
                    clause.slots.append(Slot(pending or "", [c]))
                    pending = None
                    continue
                case Direction():
                    clause.directions.append(c)
                case Times():
                    clause.times = c
                case Adjective(word):
                    clause.adjectives.append(word)
                case Negation(word):
                    clause.faults.append(f"`{word}` could not be placed")
                case Loose():
                    clause.loose = True
                case Whole():
                    clause.whole = True
                case Unknown(word):
                    clause.asides.append(f"`{word}`")
                    if _verbal(word):  # an unknown verb: what follows is about it
                        rest = chunks[k + 1 :]
                        for x in rest:
                            if isinstance(x, Negation):
                                clause.faults.append(f"`{x.word}` could not be placed")
                        break
                case Link() | VerbGroup() | End():
                    pass
            if pending is not None:
                clause.particles.append(pending)
                pending = None
        if pending is not None:
            clause.particles.append(pending)

    def _tell(self, s: _Segment) -> None:
        words = " ".join(_words(c) for c in [*s.links, *s.chunks] if _words(c) != ",").strip()
        phrases = [c for c in s.chunks if isinstance(c, NounPhrase)]
        if words and not self.heroes and phrases:  # "hands the ball to a child": `it` may be the ball
            clause = Clause(VerbGroup(words, (), "s"), phrases[:1], slots=[Slot("", [p]) for p in phrases[1:]])
            _join(clause, s)
            clause.faults.append("no verb that is understood")
            self.clauses.append(clause)
        elif words:
            self.notes.append(f"`{words}` was left out: no verb that is understood")


def _segments(chunks: Sequence[Chunk], heroes: frozenset[str]) -> list[_Segment]:
    out: list[_Segment] = []
    current = _Segment([], [], opens=True)
    for k, c in enumerate(chunks):
        if isinstance(c, End):
            out.append(current)
            current = _Segment([], [], opens=True)
        elif isinstance(c, Link):
            only = current.chunks[0] if len(current.chunks) == 1 else None
            if (
                c.kind == "then"
                and isinstance(only, NounPhrase)
                and (only.text in e.SUBJECT_PRONOUNS or only.classes & heroes)
                and isinstance(chunks[k + 1], VerbGroup)
            ):
                current.links.append(c)  # "it then jumps"
            elif current.chunks:
                out.append(current)
                current = _Segment([c], [], opens=False)
            else:
                current.links.append(c)
        else:
            current.chunks.append(c)
    out.append(current)
    return [s for s in out if s.links or s.chunks]


def _join(clause: Clause, s: _Segment) -> None:
    """Set how the clause hangs on the text before it, from the links of its segment."""
    kinds = [x.kind for x in s.links]
    clause.opens = s.opens
    below = [k for k in kinds if k in SUBORDINATE]
    beside = [k for k in kinds if k in COORDINATE and k != ","]
    clause.order = below[-1] if below else ""
    clause.word = next((x.text for x in reversed(s.links) if x.kind == clause.order), "")
    clause.link = next((k for k in beside if k != "and"), "and" if beside else "," if "," in kinds else "")
    clause.paused = s.opens or (bool(below) and kinds.index(below[-1]) > 0) or (not below and "," in kinds)


def _existing(clauses: list[Clause]) -> list[Clause]:
    """``there is a cup on the table`` says of a cup where it is, ``there is a dog running`` what it does."""
    out: list[Clause] = []
    for c in clauses:
        before = out[-1] if out else None
        if before is not None and before.there and not c.subject and not c.link and c.verb.form == "ing":
            c.subject, c.beside, c.order, c.opens = before.subject, None, "", before.opens
            c.link, c.paused = before.link, before.paused
            out[-1] = c
            continue
        if c.verb.lemmas == ("be",) and not c.subject and c.slots and not c.slots[0].preposition:
            c.subject, c.there = c.slots.pop(0).phrases, True
        out.append(c)
    return out


def _share(a: Clause, b: Clause) -> None:
    """What ``b`` has in common with the clause before it: "tries to jump and land", "does not jump or walk"."""
    if b.opens or b.order or b.subject or b.link not in ("and", "or", ","):
        return
    if a.verb.form != b.verb.form or b.verb.form not in ("base", "ing"):
        return
    if a.verb.doubt:
        b.verb = replace(b.verb, doubt=a.verb.doubt)
    elif a.verb.negated and b.link == "or":
        b.verb, b.link = replace(b.verb, negated=not b.verb.negated), "and"
    elif a.verb.negated:
        b.faults.append("it is unclear whether this is denied as well")
    if a.order in ("without", "open", "relative"):
        b.order, b.word = a.order, a.word


def _elided(a: Clause, b: Clause) -> None:
    """``the man does not sit, but the child does``: the verb of the clause before is meant."""
    if b.verb.lemmas == ("do",) and b.subject and not b.slots and not b.particles and a.verb.lemmas != ("do",):
        b.verb = replace(a.verb, negated=b.verb.negated)
        b.slots, b.particles, b.directions = list(a.slots), list(a.particles), list(a.directions)


def _share_passive(a: Clause, b: Clause) -> None:
    """``is thrown by a man and caught by a dog``: the auxiliary serves both."""
    bare = not b.subject and not b.opens and b.verb.form in ("past", "pp") and not b.verb.passive
    if a.verb.passive and bare and not b.order and all(s.preposition for s in b.slots):
        b.verb = replace(b.verb, passive=True, form="pp")


def _control(a: Clause, b: Clause) -> None:
    """A participle in front has the subject of the main clause: "after climbing a ladder, a worm ..."."""
    dangling = a.order in ("after", "before", "while", "when") and a.paused and a.verb.form == "ing" and not a.subject
    if dangling and not b.opens and not b.order and len(b.subject) == 1 and (b.paused or not b.link):
        a.subject = list(b.subject)
        if b.subject[0].determiner in ("a", "one", "bare", "other") and b.subject[0].classes:
            b.subject = [replace(b.subject[0], determiner="the")]


def _suppose(clauses: Sequence[Clause]) -> None:
    """Whatever shares a sentence with *if* is only supposed."""
    sentence: list[Clause] = []
    for clause in [*clauses, None]:
        if clause is None or clause.opens:
            if any(c.word in ("if", "unless") for c in sentence):
                for c in sentence:
                    c.faults.append("it is only supposed")
            sentence = []
        if clause is not None:
            sentence.append(clause)


def _verbal(word: str) -> bool:
    """Whether an unknown word looks like a verb."""
    return word == "left" or (len(word) > 3 and word.endswith(("s", "ed", "ing")) and not word.endswith("ss"))


def _words(c: Chunk) -> str:
    match c:
        case NounPhrase(text) | VerbGroup(text) | Direction(_, text) | Times(_, text) | Link(_, text):
            return text
        case Preposition(w) | Adjective(w) | Negation(w) | Loose(w) | Whole(w) | Unknown(w):
            return w
    return ""
