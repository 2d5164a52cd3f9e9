"""The words of one caption, and what the lexicon knows at each place of them."""

from __future__ import annotations

from collections.abc import Iterable

from nesy.synthesis import english as e
from nesy.synthesis.lexicon import Lexicon
from nesy.synthesis.tokens import END

SIDES = {
    "left": "left",
    "right": "right",
    "leftward": "left",
    "rightward": "right",
    "leftwards": "left",
    "rightwards": "right",
}
OTHER_WAYS = (
    "the other way",
    "the other direction",
    "the opposite direction",
    "the opposite way",
    "the other side",
    "the reverse direction",
)
NUMBERED = {**e.NUMBERS, **{str(n): n for n in range(1, 10)}}
FUNCTION = (
    frozenset(w for phrases in (e.CONNECTORS, e.PREPOSITIONS) for w in phrases if " " not in w)
    | e.INDEFINITE
    | e.DEFINITE
    | e.POSSESSIVE
    | e.SUBJECT_PRONOUNS
    | e.OBJECT_PRONOUNS
    | e.BE
    | e.DO
    | e.HAVE
    | e.WILL
    | e.MODALS
    | e.NEGATIONS
    | e.ALMOST
    | frozenset({*e.NUMBERS, ",", END, "'s", "there"})
)
"""Words that never are a noun, nor stand between an article and its noun."""


class Phrases:
    """Fixed phrases by their words, found longest first."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._known = {tuple(p.split()) for p in phrases}
        self._longest = max((len(p) for p in self._known), default=0)

    def at(self, words: list[str], i: int) -> int:
        """How many words from ``i`` on are the longest phrase there; 0 for none."""
        for n in range(min(self._longest, len(words) - i), 0, -1):
            if tuple(words[i : i + n]) in self._known:
                return n
        return 0


class Known:
    """Everything that can be looked up for one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.fillers = Phrases(e.FILLERS)
        self.links = Phrases(e.CONNECTORS)
        self.prepositions = Phrases({*e.PREPOSITIONS, *e.SPELLINGS, *lexicon.modifiers})
        self.nouns = Phrases(lexicon.nouns)
        self.adjectives = Phrases(lexicon.adjectives)
        self.other_ways = Phrases(OTHER_WAYS)

    def words(self) -> set[str]:
        """Every single word that is understood, whether by grammar or by lexicon."""
        phrases = (e.FILLERS, e.CONNECTORS, e.TOGETHER, e.EXCEPTIONS, e.WHOLE, e.SPELLINGS, e.PREPOSITIONS, OTHER_WAYS)
        out = self.lexicon.words() | FUNCTION | {w for known in phrases for p in known for w in p.split()}
        return out | e.ADVERBS | e.PARTS | e.GROUPS | e.GET | e.OTHER | e.VAGUE | {*SIDES, *NUMBERED, "times"}


class Words:
    """One caption; places beyond its end hold a full stop."""

    def __init__(self, words: list[str], known: Known) -> None:
        self.words = words
        self.known = known
        self.lexicon = known.lexicon

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, i: int) -> str:
        return self.words[i] if i < len(self.words) else END

    def text(self, i: int, j: int) -> str:
        return " ".join(self.words[i:j])

    def noun(self, i: int) -> int:
        """The length of the noun of the lexicon at ``i``, 0 for none."""
        return self.known.nouns.at(self.words, i)

    def preposition(self, i: int) -> int:
        return self.known.prepositions.at(self.words, i)

    def is_verb(self, i: int) -> bool:
        return self[i] in self.lexicon.forms or self[i] in e.BE

    def is_form(self, i: int, *tags: str) -> bool:
        """Whether the word at ``i`` can be one of these forms of a verb."""
        return any(tag in tags for _, tag in self.lexicon.forms.get(self[i], ()))

    def is_adverb(self, i: int) -> bool:
        return self[i] in e.ADVERBS or (self[i].endswith("ly") and len(self[i]) > 4)

    def skip_adverbs(self, i: int) -> int:
        while self.is_adverb(i):
            i += 1
        return i
