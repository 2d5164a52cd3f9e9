"""What stands behind a verb: objects, places, directions, and words that count against the clause."""

from __future__ import annotations

from collections.abc import Sequence

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
from nesy.synthesis.clause import Clause, Slot


def complements(clause: Clause, chunks: Sequence[Chunk]) -> None:
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
                moved(clause, word)
            case Whole():
                clause.whole = True
            case Together(word):
                clause.together = word
            case Unknown(word):
                clause.asides.append(f"`{word}`")
                if verbal(word):  # an unknown verb: what follows is about it
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


def moved(clause: Clause, word: str) -> None:
    """Take the clause out of the order of the text, or behind what was told before: ``which sleeps afterwards``."""
    if word == "later":
        clause.link = "then"
    else:
        clause.loose = True


def verbal(word: str) -> bool:
    """Whether an unknown word looks like a verb."""
    return word == "left" or (len(word) > 3 and word.endswith(("s", "ed", "ing")) and not word.endswith("ss"))
