"""Chunks to clauses: who does what to whom, and by which word each clause hangs on the others.

The file is long because one reader goes through the chunks with its state; what it calls stands in files of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from nesy.synthesis.clause import COORDINATE, SUBORDINATE, Clause, Slot
from nesy.synthesis.everyday import PLACING
from nesy.synthesis.shared import complete


def parse(chunks: Sequence[Chunk], heroes: frozenset[str], notes: list[str]) -> list[Clause]:
    """The clauses of a caption in the order of the text; ``heroes`` are the classes that act unless said otherwise."""
    return _Parser(heroes, notes).run(chunks)


BOUNDING = frozenset({"after", "before", "while", "when"})


@dataclass(slots=True)
class _Segment:
    """What stands between two links, with the links before it."""

    links: list[Link]
    chunks: list[Chunk]
    opens: bool
    together: str = ""
    denied: str = ""
    ahead: Sequence[_Segment] = ()

    def kinds(self) -> set[str]:
        return {x.kind for x in self.links}

    def inserted(self) -> bool:
        """A participle between commas, behind its noun: ``, smiling,`` and ``, ridden by a man,``."""
        if self.opens or self.kinds() != {","} or sum(isinstance(c, VerbGroup) for c in self.chunks) != 1:
            return False
        first, rest = self.chunks[0], self.chunks[1:]
        if not isinstance(first, VerbGroup) or first.text.split()[0] in e.BE or not self.ahead:
            return False
        form = first.form == "ing" or (first.form in ("pp", "past") and Preposition("by") in rest)
        return form and self.ahead[0].goes_on()

    def goes_on(self) -> bool:
        """Whether a sentence goes on here with its verb."""
        first = self.chunks[0] if self.chunks else None
        return not self.opens and self.kinds() == {","} and isinstance(first, VerbGroup) and first.form != "ing"


class _Parser:
    def __init__(self, heroes: frozenset[str], notes: list[str]) -> None:
        self.heroes = heroes
        self.notes = notes
        self.clauses: list[Clause] = []
        self.waiting: list[NounPhrase] = []  # noun phrases at a sentence's beginning whose verb is still to come
        self.waiting_joint = ","
        self.inherited: _Segment | None = None
        self.dangling = False  # whether the sentence has begun with a time that is not understood
        self.excepted = False  # whether the sentence has begun with an exception

    def run(self, chunks: Sequence[Chunk]) -> list[Clause]:
        segments = _segments(chunks, self.heroes)
        for k, segment in enumerate(segments):
            segment.ahead = segments[k + 1 : k + 2]
        for segment in segments:
            self._segment(segment)
        return complete(self.clauses, not self.heroes)

    def _segment(self, s: _Segment) -> None:
        if s.opens:
            self.waiting, self.inherited = [], None
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
                _join(clause, s)
                if self.waiting and s.inserted():
                    by = verb.form in ("pp", "past")
                    clause.order, clause.word = "relative", "participle"
                    clause.verb = replace(verb, passive=by, form="pp" if by else verb.form)
                elif self._participle(clause, s):
                    self.clauses.append(clause)
                    self._complements(clause, s.chunks[k + 1 : end])
                    start = k + 1
                    continue
                if self.waiting and any(x.kind in ("and", "or") for x in s.links):
                    self.waiting_joint = "or" if any(x.kind == "or" for x in s.links) else "and"
                self._subject(clause, before)
                if clause.subject_joint == ",":  # "Mugen, the alien, jumps": one party with two names
                    clause.subject, clause.subject_joint = clause.subject[:1], "and"
                self._reduced_first(clause, s.chunks[k + 1 :])
            elif self.clauses[-1].word == "participle" and self.clauses[-1].head is not None and n == 1:
                self._complements(self.clauses[-1], before)
                clause.subject = [self.clauses[-1].head]
            elif not self.heroes and self._reduced(clause, before, s.chunks[k + 1 : k + 2]):
                pass
            else:
                self._second(clause, before)
            self.clauses.append(clause)
            start = k + 1
            if n + 1 == len(verbs):
                self._complements(clause, s.chunks[start:end])
        self.waiting = []

    def _except(self, s: _Segment) -> None:
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
                case Loose(word):
                    _moved(clause, word)
                case Whole():
                    clause.whole = True
                case Together(word):
                    clause.together = word
                case Direction():
                    clause.directions.append(c)
                case Adjective() | Times() | Preposition() | Link() | VerbGroup() | End() | NounPhrase():
                    pass

    def _reduced(self, clause: Clause, between: Sequence[Chunk], behind: Sequence[Chunk]) -> bool:
        """A participle behind its noun: ``the ball thrown by a boy``."""
        last = between[-1] if between else None
        if not isinstance(last, NounPhrase) or clause.verb.form not in ("pp", "past") or clause.verb.passive:
            return False
        if list(behind[:1]) != [Preposition("by")]:
            return False
        self._complements(self.clauses[-1], between)
        clause.subject, clause.order, clause.word = [last], "relative", "reduced"
        clause.verb = replace(clause.verb, passive=True, form="pp")
        return True

    def _participle(self, clause: Clause, s: _Segment) -> bool:
        """A participle behind its clause: ``the man falls, kicked by a horse``."""
        last, verb = self.clauses[-1] if self.clauses else None, clause.verb
        plain = verb.form in ("pp", "past") and not verb.passive and " " not in verb.text
        if last is None or self.waiting or not plain or s.opens or s.kinds() != {","} or s.chunks[0] is not verb:
            return False
        if (
            s.chunks[1:2] != [Preposition("by")]
            or last.verb.passive
            or sum(isinstance(c, VerbGroup) for c in s.chunks) > 1
        ):
            return False
        clause.order, clause.word, clause.subject = "relative", "participle", list(last.subject)
        clause.verb = replace(verb, passive=True, form="pp")
        return True

    def _reduced_first(self, clause: Clause, behind: Sequence[Chunk]) -> None:
        """The same at a subject: ``the ball thrown by a boy rolls``."""
        verb = next((c for c in behind if isinstance(c, VerbGroup)), None)
        plain = clause.verb.form in ("pp", "past") and not clause.verb.passive and " " not in clause.verb.text
        if plain and not clause.order and clause.subject and behind[:1] == [Preposition("by")] and verb is not None:
            clause.order, clause.word, clause.head = "relative", "participle", clause.subject[-1]
            clause.verb = replace(clause.verb, passive=True, form="pp")

    def _second(self, clause: Clause, between: Sequence[Chunk]) -> None:
        """A verb that no link separates from the one before: a lost comma, or a participle behind its noun."""
        previous = self.clauses[-1]
        self._complements(previous, between)
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
        later = (
            kinds <= {"and", "then", ","} and len(phrases) == len(s.chunks) == 1 and s.ahead and s.ahead[0].inserted()
        )
        if later:  # "and the woman, smiling, catches it"
            self.waiting = phrases
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
            _join(again, s)
            self._complements(again, s.chunks[1:])
            self.clauses.append(again)
            return
        if kinds & BOUNDING and self.clauses and not s.opens:  # "does not smile before the meal"
            self._unbounded(self.clauses[-1])
        unfit = [c for c in s.chunks if isinstance(c, (Negation, Unknown, Loose))]
        if unfit or kinds & set(SUBORDINATE) or not self.clauses:
            self._tell(s)
            return
        self._continue(self.clauses[-1], s, "or" if "or" in kinds else "and")

    def _unbounded(self, clause: Clause) -> None:
        """A claim of a whole time whose bounds are not understood would say more than the text."""
        phrases = [*clause.subject, *(p for x in clause.slots for p in x.phrases)]
        if clause.verb.negated or clause.whole or any(p.determiner == "no" for p in phrases):
            clause.faults.append("what bounds it is not understood")

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
                case Loose(word):
                    _moved(clause, word)
                case Whole():
                    clause.whole = True
                case Together(word):
                    clause.together = word
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
        elif isinstance(c, Together) and not current.chunks:
            current.together = c.word  # "meanwhile, the dog barks"
        elif isinstance(c, Negation) and not current.chunks and _subordinates(chunks[k + 1]):
            current.denied = c.word  # "not by jumping", "but never while eating"
        else:
            current.chunks.append(c)
    out.append(current)
    return [s for s in out if s.links or s.chunks]


def _moved(clause: Clause, word: str) -> None:
    """Take the clause out of the order of the text, or behind what was told before: ``which sleeps afterwards``."""
    if word == "later":
        clause.link = "then"
    else:
        clause.loose = True


def _subordinates(c: Chunk) -> bool:
    return isinstance(c, Link) and c.kind in SUBORDINATE


def _join(clause: Clause, s: _Segment) -> None:
    """Set how the clause hangs on the text before it, from the links of its segment."""
    kinds = [x.kind for x in s.links]
    clause.opens, clause.together, clause.ahead = s.opens, s.together, bool(s.together)
    if s.denied:
        clause.faults.append(f"`{s.denied}` could not be placed")
    below = [k for k in kinds if k in SUBORDINATE]
    beside = [k for k in kinds if k in COORDINATE and k != ","]
    clause.order = below[-1] if below else ""
    both = "and" in kinds[1:-1] and len({*below}) > 1 and kinds.index("and") > kinds.index(below[0])
    if both:  # "before and after eating": the last one is read
        clause.asides += [f"`{x.text}`" for x in s.links if x.kind in below[:-1]]
    elif "or" in kinds and len({*below}) > 1:
        clause.faults.append("it is unclear when this happens")
    clause.word = next((x.text for x in reversed(s.links) if x.kind == clause.order), "")
    clause.link = next((k for k in beside if k != "and"), "and" if beside else "," if "," in kinds else "")
    clause.paused = s.opens or (bool(below) and kinds.index(below[-1]) > 0) or (not below and "," in kinds)


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
