"""The pieces of a caption above words: noun phrases, verb groups, prepositions, directions, links between clauses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Determiner: TypeAlias = Literal["a", "one", "the", "other", "no", "pronoun", "bare"]


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """``two red snails``: what kind of thing, which one, how many.

    classes: what it can be; empty for a thing that the domain does not know (``a platform``) and for a pronoun.
    count: how many, where that is said. vague: several, but how many is left open. measured: a word says how many.
    head: the last word of the noun. described: the words in front of it that the lexicon does not know.
    """

    text: str
    classes: frozenset[str]
    determiner: Determiner
    count: int = 1
    vague: bool = False
    measured: bool = False
    head: str = ""
    described: str = ""

    @property
    def unknown(self) -> bool:
        return not self.classes and self.determiner != "pronoun"


@dataclass(frozen=True, slots=True)
class VerbGroup:
    """A verb with its auxiliaries: ``is not being chased``.

    lemmas: what the form can come from. form: base, s, past, pp or ing of the verb that counts.
    doubt: the word that leaves open whether it happened (``tries to``); ended: ``stops`` in front of it.
    """

    text: str
    lemmas: tuple[str, ...]
    form: str
    passive: bool = False
    negated: bool = False
    doubt: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Preposition:
    name: str


@dataclass(frozen=True, slots=True)
class Direction:
    """``left``, ``right``, ``other`` (than before) or empty: a place rather than a direction."""

    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Times:
    """``twice``; ``vague`` for ``a few times``."""

    count: int
    text: str
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What joins clauses; the kinds are those of :data:`nesy.synthesis.english.CONNECTORS`, and ``,``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Adjective:
    word: str


@dataclass(frozen=True, slots=True)
class Negation:
    """A negation that belongs to no verb group and no noun phrase."""

    word: str


@dataclass(frozen=True, slots=True)
class Loose:
    """A word that takes its clause out of the order of the text: ``earlier``."""

    word: str


@dataclass(frozen=True, slots=True)
class Whole:
    """Words that say that a clause is true all the time: ``always``."""

    word: str


@dataclass(frozen=True, slots=True)
class Together:
    """Words that say that something happens in the same frame: ``at the same time``."""

    word: str


@dataclass(frozen=True, slots=True)
class Unknown:
    word: str


@dataclass(frozen=True, slots=True)
class End:
    """The end of a sentence."""


Event: TypeAlias = NounPhrase | VerbGroup | Preposition | Direction | Times | Adjective
Chunk: TypeAlias = Event | Link | Negation | Loose | Whole | Together | Unknown | End
