"""A clause: one verb with what belongs to it, and the word by which it hangs on the others."""

from __future__ import annotations

from dataclasses import dataclass, field

from nesy.synthesis.chunks import Direction, NounPhrase, Times, VerbGroup

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
    whole: true all the time. there: ``there is a cup``. together: the word that says ``at the same time``,
    ahead: in front of the clause.
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
    together: str = ""
    ahead: bool = False
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
