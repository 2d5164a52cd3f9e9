"""What stands between two links of a caption, and how a clause made of it hangs on the text before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from nesy.synthesis.clause import COORDINATE, SUBORDINATE, Clause


@dataclass(slots=True)
class Segment:
    """What stands between two links, with the links before it."""

    links: list[Link]
    chunks: list[Chunk]
    opens: bool
    together: str = ""
    denied: str = ""
    ahead: Sequence[Segment] = ()

    def kinds(self) -> set[str]:
        """Those of its links."""
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

    def aside(self) -> bool:
        """A relative clause between commas, behind its noun: ``, which is smiling,``."""
        kinds = self.kinds() == {",", "relative"} and bool(self.chunks) and isinstance(self.chunks[0], VerbGroup)
        return kinds and not self.opens and bool(self.ahead) and self.ahead[0].goes_on()

    def subject_begins(self, fronted: bool) -> bool:
        """Whether its only noun phrase is the first of a joint subject: ``while it barks, the man and the cat run``.

        fronted: a clause that waits for its main clause stands before.
        """
        if self.opens or not self.kinds() & {",", "and", "then"} or self.kinds() - {",", "and", "then"}:
            return False
        rest: Sequence[Segment] = (self,)
        while rest and len(rest[0].chunks) == 1 and isinstance(rest[0].chunks[0], NounPhrase):
            rest = rest[0].ahead
            if rest and (rest[0].opens or rest[0].kinds() - {",", "and", "or"}):
                return False
        if not rest or rest[0] is self or len(rest[0].chunks) < 2 or not rest[0].kinds() & {"and", "or"}:
            return False
        last, verb = rest[0].chunks[:2]
        if not isinstance(last, NounPhrase) or not isinstance(verb, VerbGroup):
            return False
        first, plain = verb.text.split()[0], fronted or len(self.links) > 1
        if (
            first == "never" or "or" in rest[0].kinds()
        ):  # "neither the dog nor the cat barks", "the dog or the cat barks"
            return plain
        if verb.form == "s" or first in ("is", "was", "has", "does"):
            return False  # of one subject
        return plain or plural(verb)

    def goes_on(self) -> bool:
        """Whether a sentence goes on here with its verb."""
        first = self.chunks[0] if self.chunks else None
        return not self.opens and self.kinds() == {","} and isinstance(first, VerbGroup) and first.form != "ing"


def segments(chunks: Sequence[Chunk], heroes: frozenset[str]) -> list[Segment]:
    """The segments of a caption; one that begins a sentence ``opens``."""
    out: list[Segment] = []
    current = Segment([], [], opens=True)
    for k, c in enumerate(chunks):
        if isinstance(c, End):
            out.append(current)
            current = Segment([], [], opens=True)
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
                current = Segment([c], [], opens=False)
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


def _subordinates(c: Chunk) -> bool:
    return isinstance(c, Link) and c.kind in SUBORDINATE


def join(clause: Clause, s: Segment) -> None:
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


def words_of(c: Chunk) -> str:
    """The chunk as the text has it."""
    match c:
        case NounPhrase(text) | VerbGroup(text) | Direction(_, text) | Times(_, text) | Link(_, text):
            return text
        case Preposition(w) | Adjective(w) | Negation(w) | Loose(w) | Whole(w) | Unknown(w):
            return w
    return ""


def plural(verb: VerbGroup) -> bool:
    """Whether the verb has several subjects: ``run``, ``are running``."""
    return verb.form == "base" or verb.text.split()[0] in ("are", "were", "have", "do")
