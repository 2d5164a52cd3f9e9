"""Chunks to clauses: who does what to whom, and by which word each clause hangs on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
    Together,
    Unknown,
    VerbGroup,
    Whole,
)
from nesy.synthesis.clause import SUBORDINATE, Clause, Slot
from nesy.synthesis.complements import complements, moved, verbal
from nesy.synthesis.everyday import PLACING
from nesy.synthesis.participles import at_a_subject, behind_its_clause, reduced
from nesy.synthesis.segments import Segment, join, plural, segments, words_of
from nesy.synthesis.shared import complete

BOUNDING = frozenset({"after", "before", "while", "when"})


def parse(chunks: Sequence[Chunk], heroes: frozenset[str], notes: list[str]) -> list[Clause]:
    """The clauses of a caption in the order of the text; ``heroes`` are the classes that act unless said otherwise."""
    return _Parser(heroes, notes).run(chunks)


class _Parser:
    def __init__(self, heroes: frozenset[str], notes: list[str]) -> None:
        self.heroes = heroes
        self.notes = notes
        self.clauses: list[Clause] = []
        self.waiting: list[NounPhrase] = []  # noun phrases at a sentence's beginning whose verb is still to come
        self.waiting_joint = ","
        self.party: list[NounPhrase] = []  # a subject whose verb comes behind a relative clause
        self.begun: Segment | None = None  # where a joint subject that waits for its verb has begun
        self.inherited: Segment | None = None
        self.dangling = False  # whether the sentence has begun with a time that is not understood
        self.excepted = False  # whether the sentence has begun with an exception

    def run(self, chunks: Sequence[Chunk]) -> list[Clause]:
        found = segments(chunks, self.heroes)
        for k, segment in enumerate(found):
            segment.ahead = found[k + 1 : k + 2]
        for segment in found:
            self._segment(segment)
        return complete(self.clauses, not self.heroes)

    def _segment(self, s: Segment) -> None:
        if s.opens:
            self.waiting, self.inherited, self.begun, self.party = [], None, None, []
            self.excepted = self.dangling = False
        self._except(s)
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
            if self.dangling and n == 0 and not s.kinds() & {*SUBORDINATE}:
                self._unbounded(clause)
                self.dangling = False
            if n == 0:
                join(clause, self.begun or s)
                if self.waiting and s.inserted():
                    by = verb.form in ("pp", "past")
                    clause.order, clause.word = "relative", "participle"
                    clause.verb = replace(verb, passive=by, form="pp" if by else verb.form)
                elif behind_its_clause(self.clauses[-1] if self.clauses else None, bool(self.waiting), clause, s):
                    self.clauses.append(clause)
                    complements(clause, s.chunks[k + 1 : end])
                    start = k + 1
                    continue
                if self.waiting and any(x.kind in ("and", "or") for x in s.links):
                    self.waiting_joint = "or" if any(x.kind == "or" for x in s.links) else "and"
                self._subject(clause, before)
                if clause.subject_joint == ",":  # "Mugen, the alien, jumps": one party with two names
                    clause.subject, clause.subject_joint = clause.subject[:1], "and"
                at_a_subject(clause, s.chunks[k + 1 :])
            elif self.clauses[-1].word == "participle" and self.clauses[-1].head is not None and n == 1:
                complements(self.clauses[-1], before)
                clause.subject = [self.clauses[-1].head]
            elif not self.heroes and reduced(self.clauses[-1], clause, before, s.chunks[k + 1 : k + 2]):
                pass
            else:
                self._second(clause, before)
            self.clauses.append(clause)
            start = k + 1
            if n + 1 == len(verbs):
                complements(clause, s.chunks[start:end])
        self.waiting, self.begun = [], None

    def _except(self, s: Segment) -> None:
        """An exception takes something out of what the sentence claims: the claim alone would be false."""
        if self.excepted:
            s.chunks = [Negation("except"), *s.chunks] if s.chunks else s.chunks
        taken_out = (c.word for c in s.chunks if isinstance(c, Negation))
        if not {s.denied, *taken_out} & {*e.EXCEPTIONS}:
            return
        self.excepted = s.opens
        if self.clauses and not s.opens:
            self.clauses[-1].faults.append("an exception is made")

    def _before_verb(self, clause: Clause, before: Sequence[Chunk], subject: Sequence[NounPhrase]) -> bool:
        """``the man on the chair holds``, ``on the crate, a snail walks``: where the subject is, as if told last."""
        if self.heroes or clause.verb.passive or clause.verb.negated or PLACING & set(clause.verb.lemmas):
            return False
        kinds = [type(c) for c in before if isinstance(c, (Preposition, NounPhrase))]
        if kinds not in ([NounPhrase, Preposition, NounPhrase], [Preposition, NounPhrase, NounPhrase]):
            return False
        preposition = next(c for c in before if isinstance(c, Preposition))
        place = next(c for c in before if isinstance(c, NounPhrase) and all(c is not s for s in subject))
        clause.slots.append(Slot(preposition.name, [place]))
        return True

    def _subject(self, clause: Clause, before: Sequence[Chunk]) -> None:
        """The noun phrases in front of the verb; anything else there is told or counts against the clause."""
        phrases = [c for c in before if isinstance(c, NounPhrase)]
        behind = [k for k, c in enumerate(before) if isinstance(c, Preposition)]
        if behind and phrases:  # "on the crate, a snail walks" and "a snail on the crate walks"
            first = before.index(phrases[0])
            phrases = phrases[:1] if first < behind[0] else phrases[-1:]
            placed = self._before_verb(clause, before, phrases)
            if not placed:
                clause.asides.append("a phrase in front of the verb")
        clause.subject = [*self.waiting, *phrases[-1:]] if phrases else list(self.waiting)
        clause.subject_joint = self.waiting_joint
        if clause.order == "relative" and self.waiting:
            clause.head = self.waiting[-1]
            if not phrases:
                self.party += self.waiting
                clause.subject = list(self.waiting) if plural(clause.verb) else [clause.head]
                clause.subject_joint = "and"
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
            clause.subject = self.party or [before_it]  # "the bee, which chased Mugen, is dead"
            clause.subject_joint = "and"
        elif self.party and phrases and clause.link == "and" and not clause.order and plural(clause.verb):
            clause.subject = [*self.party, *clause.subject]  # "the dog, which barks, and the cat run"
            clause.subject_joint = "and"
        if not clause.order:
            self.party = []
        self.waiting, self.waiting_joint = [], ","
        for c in before:
            match c:
                case Negation(word):
                    clause.faults.append(f"`{word}` could not be placed")
                case Unknown(word):
                    if verbal(word) and not phrases:
                        clause.asides.append(f"`{word}`")
                    elif verbal(word):
                        clause.faults.append(f"`{word}` is not known")
                    else:
                        clause.asides.append(f"`{word}`")
                case Loose(word):
                    moved(clause, word)
                case Whole():
                    clause.whole = True
                case Together(word):
                    clause.together = word
                case Direction():
                    clause.directions.append(c)
                case Adjective() | Times() | Preposition() | Link() | VerbGroup() | End() | NounPhrase():
                    pass

    def _second(self, clause: Clause, between: Sequence[Chunk]) -> None:
        """A verb that no link separates from the one before: a lost comma, or a participle behind its noun."""
        previous = self.clauses[-1]
        complements(previous, between)
        if previous.faults and not between and previous.head is None:
            clause.faults.append(previous.faults[0])
        if previous.verb.lemmas == ("do",) and clause.verb.form == "base":  # "does the man smile"
            clause.faults.append("a verb in front of its subject")
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
            # "while the cat sleeps the man runs": a comma is missing
            late = not self.heroes and self._main_is_to_come() and verb.form in ("s", "past") and not slot.preposition
            made = not self.heroes and verb.form == "base" and not slot.preposition  # "makes the dog bark"
            if verb.form == "ing" and not acts:
                clause.order, clause.beside = "while", last
            elif (
                late
                or acts
                or last.determiner == "pronoun"
                or (objects > 1 and not slot.preposition)
                or verb.passive
                or made
            ):
                if late:
                    clause.link, clause.paused = ",", True
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

    def _without_verb(self, s: Segment) -> None:
        """A segment without a verb: more objects, a waiting subject, a state (``while shielded``), or nothing known."""
        phrases = [c for c in s.chunks if isinstance(c, NounPhrase)]
        kinds = {x.kind for x in s.links}
        adjectives = [c for c in s.chunks if isinstance(c, Adjective)]
        if adjectives and not any(isinstance(c, (Negation, Unknown)) for c in s.chunks):
            clause = Clause(VerbGroup(adjectives[0].word, ("be",), "s"), adjectives=[a.word for a in adjectives])
            join(clause, s)
            self._subject(clause, phrases)
            self.clauses.append(clause)
            return
        alone, ahead = len(phrases) == len(s.chunks) == 1, s.ahead[0] if s.ahead else None
        if alone and kinds <= {"and", "then", ","} and ahead is not None and (ahead.inserted() or ahead.aside()):
            self.waiting = [*self.waiting, *phrases]  # "and the woman, smiling, catches it"
            return
        if alone and self.party and kinds <= {",", "and"} and "and" in kinds:
            self.waiting = phrases  # "the dog, which barks, and the cat, which sleeps, run"
            return
        if not self.heroes and not self.waiting and self.clauses and s.subject_begins(self._main_is_to_come()):
            self.waiting, self.begun = phrases, s
            return
        if s.opens or (self.waiting and kinds <= {"and", "or", ","}):
            if len(phrases) == len(s.chunks) and (s.opens or self.waiting):
                self.waiting += phrases
                self.waiting_joint = "or" if "or" in kinds else "and" if "and" in kinds else self.waiting_joint
                self.dangling = bool(kinds & BOUNDING)
                if self.dangling:
                    self.waiting = []
                    self._tell(s)
                return
            self.dangling = self.dangling or bool(kinds & BOUNDING)
            self._tell(s)
            return
        denied = s.chunks[0] == Negation("not")
        if not self.heroes and self.clauses and denied and any(isinstance(c, Preposition) for c in s.chunks[1:2]):
            verb = self.clauses[-1].verb  # "in the box, not on the table"
            again = Clause(replace(verb, negated=not verb.negated), list(self.clauses[-1].subject))
            join(again, s)
            complements(again, s.chunks[1:])
            self.clauses.append(again)
            return
        if kinds & BOUNDING and self.clauses and not s.opens:  # "does not smile before the meal"
            self._unbounded(self.clauses[-1])
        unfit = [c for c in s.chunks if isinstance(c, (Negation, Unknown, Loose))]
        if unfit or kinds & set(SUBORDINATE) or not self.clauses:
            self._tell(s)
            return
        self._continue(self.clauses[-1], s, "or" if "or" in kinds else "and")

    def _main_is_to_come(self) -> bool:
        """Whether the sentence has begun with a subordinate clause and nothing else."""
        for clause in reversed(self.clauses):
            if clause.opens:
                return clause.order in (*BOUNDING, "open")
            if clause.paused:
                return False
        return False

    def _unbounded(self, clause: Clause) -> None:
        """A claim of a whole time whose bounds are not understood would say more than the text."""
        phrases = [*clause.subject, *(p for x in clause.slots for p in x.phrases)]
        if clause.verb.negated or clause.whole or any(p.determiner == "no" for p in phrases):
            clause.faults.append("what bounds it is not understood")

    def _continue(self, clause: Clause, s: Segment, joint: str) -> None:
        """``... a coin, a gem and a bee``: further noun phrases of the clause before."""
        first = s.chunks[0]
        but = not self.heroes and clause.verb.negated and any(x.text in ("but", "but also") for x in s.links)
        if isinstance(first, NounPhrase) and clause.slots and but:  # "does not hold the ball but the box"
            again = Clause(replace(clause.verb, negated=False), list(clause.subject), clause.subject_joint)
            join(again, s)
            again.slots = [*clause.slots[:-1], Slot(clause.slots[-1].preposition, [first])]
            complements(again, s.chunks[1:])
            self.clauses.append(again)
        elif isinstance(first, NounPhrase) and clause.slots:
            slot = clause.slots[-1]
            slot.phrases.append(first)
            if joint == "or":
                slot.joint = "or"
            complements(clause, s.chunks[1:])
        elif isinstance(first, NounPhrase):
            clause.asides.append(f"`{first.text}`")
        elif isinstance(first, (Direction, Preposition)):  # "walks left, then right": the verb is meant again
            again = Clause(clause.verb, list(clause.subject), clause.subject_joint, faults=list(clause.faults))
            join(again, s)
            again.order = clause.order if clause.order != "while" else ""
            if but:
                again.verb = replace(again.verb, negated=False)
            complements(again, s.chunks)
            if not again.slots and not again.directions:
                again.faults.append("it is unclear which action this repeats")
            self.clauses.append(again)
        else:
            complements(clause, s.chunks)

    def _tell(self, s: Segment) -> None:
        words = " ".join(words_of(c) for c in [*s.links, *s.chunks] if words_of(c) != ",").strip()
        phrases = [c for c in s.chunks if isinstance(c, NounPhrase)]
        if words and not self.heroes and phrases:  # "hands the ball to a child": `it` may be the ball
            clause = Clause(VerbGroup(words, (), "s"), phrases[:1], slots=[Slot("", [p]) for p in phrases[1:]])
            join(clause, s)
            clause.faults.append("no verb that is understood")
            self.clauses.append(clause)
        elif words:
            self.notes.append(f"`{words}` was left out: no verb that is understood")
