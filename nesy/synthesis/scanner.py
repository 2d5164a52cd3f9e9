"""Words to chunks, left to right, the longest known phrase first; no backtracking."""

from __future__ import annotations

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
from nesy.synthesis.everyday import COPULAS
from nesy.synthesis.lexicon import COMMON, Lexicon
from nesy.synthesis.morphology import verb_forms
from nesy.synthesis.noun_phrases import noun_ahead, noun_phrase
from nesy.synthesis.rewording import reworded
from nesy.synthesis.tokens import END, MAX_WORDS, Speller, tokenize
from nesy.synthesis.verb_groups import verb_group
from nesy.synthesis.words import NUMBERED, SIDES, Known, Phrases, Words

AT_MOST = ("at most", "fewer than", "less than")
WHOLE = Phrases(e.WHOLE)
TOGETHER = Phrases(e.TOGETHER)
EXCEPTIONS = Phrases(e.EXCEPTIONS)


class Scanner:
    """Cuts captions into chunks by one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._known = Known(lexicon)
        plain = [form for lemma in COMMON for form, _ in verb_forms(lemma)] if lexicon.everyday else []
        self._speller = Speller(self._known.words(), self._meaning, [*plain, "least", "most", "than", "more", "less"])

    def _meaning(self, word: str) -> object:
        lexicon = self._known.lexicon
        if word in lexicon.forms:
            return frozenset(lemma for lemma, _ in lexicon.forms[word])
        return lexicon.nouns.get(word, word)

    def scan(self, caption: str, notes: list[str]) -> list[Chunk]:
        """The chunks of a caption, always with an :class:`End` at the end; corrections go to ``notes``."""
        words = tokenize(caption)
        words = reworded(words, self._known.lexicon)
        if any(w == "exactly" and words[k + 1] in NUMBERED for k, w in enumerate(words[:-1])):
            notes.append("`exactly` was read as at least")
        if any(w == "only" and not _harmless(words, k) for k, w in enumerate(words)):
            notes.append("`only` was left out: that nothing else is so")
        if len(words) > MAX_WORDS:
            notes.append(f"only the first {MAX_WORDS} words were read")
            words = words[:MAX_WORDS]
        for k, word in enumerate(words):
            meant = self._speller.correct(word)
            if meant is not None:
                notes.append(f"`{word}` was read as `{meant}`")
                words[k] = meant
        return _Scan(Words(words, self._known)).run()


def _harmless(words: list[str], k: int) -> bool:
    """Whether the *only* at ``k`` denies nothing: ``not only``, ``only to fall``, ``only then``."""
    return words[k - 1 : k] == ["not"] or words[k + 1 : k + 2] in (["to"], ["then"])


class _Scan:
    """One caption's run; every method takes a place, adds chunks and gives the place behind (or the same: no match)."""

    def __init__(self, words: Words) -> None:
        self.w = words
        self.out: list[Chunk] = []

    def run(self) -> list[Chunk]:
        i = 0
        while i < len(self.w):
            i = self._step(i)
        self.out.append(End())
        return self.out

    def _add(self, chunk: Chunk, to: int) -> int:
        self.out.append(chunk)
        return to

    def _last(self) -> Chunk:
        return self.out[-1] if self.out else End()

    def _step(self, i: int) -> int:
        w = self.w[i]
        if w == END:
            return self._add(End(), i + 1)
        if w == ",":
            return self._add(Link(",", ","), i + 1)
        if self.w.lexicon.everyday:
            if self.w.text(i, i + 2) in AT_MOST and self.w[i + 2] in NUMBERED:
                return self._add(Negation(self.w.text(i, i + 2)), i + 2)
            if self.w.text(i, i + 2) == "at least" and self.w[i + 2] in NUMBERED:
                return i + 2  # what a number says of a clip
        whole = 0 if self.w.lexicon.orders else WHOLE.at(self.w.words, i)
        if whole:
            return self._add(Whole(self.w.text(i, i + whole)), i + whole)
        if n := EXCEPTIONS.at(self.w.words, i):
            return self._add(Negation(self.w.text(i, i + n)), i + n)
        n = TOGETHER.at(self.w.words, i)
        if n and self.w[i + n] != "as":
            return self._add(Together(self.w.text(i, i + n)), i + n)
        if self._copula() and (n := self.w.known.adjectives.at(self.w.words, i)) and self._stateful(i, n):
            return self._add(Adjective(self.w.text(i, i + n)), i + n)
        for attempt in (self._times, self._direction, self._phrase, self._verb, self._noun, self._small):
            j = attempt(i)
            if j > i:
                return j
        return self._add(Unknown(w), i + 1)

    def _copula(self) -> bool:
        last = self._last()
        return self.w.lexicon.everyday and isinstance(last, VerbGroup) and bool(COPULAS & set(last.lemmas))

    def _stateful(self, i: int, n: int) -> bool:
        """Whether the adjective at ``i`` describes no noun behind it: ``is open``, not ``gets open boxes``."""
        return not self.w.noun(i + n) and self.w[i + n] != "by"

    def _verb(self, i: int) -> int:
        found = verb_group(self.w, i)
        return self._add(*found) if found else i

    def _noun(self, i: int) -> int:
        found = noun_phrase(self.w, i)
        return self._add(*found) if found else i

    def _times(self, i: int) -> int:
        w = self.w
        if w[i] in ("twice", "thrice"):
            return self._add(Times(2 if w[i] == "twice" else 3, w[i]), i + 1)
        for n in (2, 3, 4, 5):
            head = w.words[i : i + n]
            if len(head) == n and head[-1] == "times" and not set(head[:-1]) - {*NUMBERED, *e.VAGUE, "a", "of"}:
                count = max((NUMBERED[x] for x in head if x in NUMBERED), default=2)
                vague = any(x in e.VAGUE for x in head)
                return self._add(Times(2 if vague else count, w.text(i, i + n), vague), i + n)
        return i

    def _direction(self, i: int) -> int:
        w, j = self.w, i
        before = w[j] if w[j] in ("to", "towards", "toward", "in", "on", "at", "from", "for") else ""
        j += bool(before)
        n = w.known.other_ways.at(w.words, j)
        if n and before in ("", "to", "towards", "toward", "in"):
            return self._add(Direction("other", w.text(i, j + n)), j + n)
        article = w[j] in ("the", "its", "his", "her", "their")
        j += article
        j += w[j] in ("far", "very")
        side = SIDES.get(w[j])
        if side is None or (article and not before):
            return i
        bare = not article and not before and w[j] in ("left", "right")
        j += 1
        after = w[j]
        if bare and after in ("side", "hand", "edge", "one"):
            return i
        if bare and side == "left" and isinstance(self._last(), NounPhrase) and self._article(j):
            return self._add(Unknown("left"), j)  # the past of *leave*
        exact = w.preposition(j) and not (after == "to" and w.is_form(j + 1, "base"))
        if bare and side == "right" and (exact or after in ("after", "before", "now", "when")):
            return j  # "right over", "right after": exactly, and no direction
        j += w[j] == "hand"
        j += w[j] in ("side", "direction", "edge")
        if w[j] == "of" and not w.known.fillers.at(w.words, j):  # "of the screen" says nothing
            return self._add(Preposition(f"{side} of"), j + 1)
        place = before in ("on", "at", "from", "for") and w[j - 1] != "direction"
        return self._add(Direction("" if place else side, w.text(i, j)), j)

    def _article(self, i: int) -> bool:
        return self.w[i] in e.DEFINITE | e.INDEFINITE | e.POSSESSIVE

    def _phrase(self, i: int) -> int:
        """Fillers, links and prepositions, whichever phrase is the longest."""
        w = self.w
        filler, link = w.known.fillers.at(w.words, i), w.known.links.at(w.words, i)
        n = w.preposition(i)
        if filler and filler >= max(link, n):
            taken = w[i + filler] == "of" or (w[i + filler - 1] == "little" and noun_ahead(w, i + filler))
            return i if taken else i + filler
        if link and link >= n:
            j = self._link(i, link)
            if j > i:
                return j
        if not n:
            return i
        phrase, following = w.text(i, i + n), i + n
        if phrase == "to" and w.is_form(following, "base") and not w.noun(following):
            return self._add(Link("purpose", "to"), following)
        if phrase == "by" and w.is_form(following, "ing"):
            return self._add(Link("means", "by"), following)
        if phrase == "without" and self._gerund_near(following):
            return self._add(Link("without", "without"), following)
        return self._add(Preposition(e.SPELLINGS.get(phrase, phrase)), following)

    def _gerund_near(self, i: int) -> bool:
        """``touching it`` or ``it touching``: a gerund at ``i`` or behind a short noun phrase."""
        for j in range(i, min(i + 5, len(self.w))):
            if self.w.is_form(j, "ing"):
                return True
            if self.w[j] in (",", END, "and"):
                return False
        return False

    def _link(self, i: int, n: int) -> int:
        """Add the link of ``n`` words at ``i``, unless the place says that they are something else."""
        w = self.w
        phrase, following = w.text(i, i + n), i + n
        kind = e.CONNECTORS[phrase]
        starts = isinstance(self._last(), (End, Link))
        if phrase in ("by", "without"):
            return i
        if phrase == "that" and not (w.is_verb(following) or isinstance(self._last(), NounPhrase)):
            return i
        if phrase == "having" and (isinstance(self._last(), Link) and self._last() != Link(",", ",")):
            return i  # "without having eaten": the word before says how it hangs on the rest
        if phrase == "having" and not w.is_form(following, "pp"):
            return i
        if phrase == "once":
            clause = w[following] in e.SUBJECT_PRONOUNS | e.DEFINITE or w.noun(following)
            if clause and not starts and w.lexicon.everyday:  # "closes the door once the child is in"
                starts = self._verb_ahead(following)
            return self._add(Link(kind, phrase), following) if starts and clause else following
        ends = w[following] == END or (w[following] == "," and w[following + 1] in ("and", "but", "then", END))
        if phrase in ("earlier", "previously", *(["before", "before that"] if ends else [])) and not starts:
            return self._add(Loose(phrase), following)
        if kind == "then" and ends and not starts:
            return self._add(Loose("later"), following)
        if phrase == "so" and w[following] in e.ADVERBS:
            return following
        return self._add(Link(kind, phrase), following)

    def _verb_ahead(self, i: int) -> bool:
        """Whether a verb comes before the next comma or link."""
        for j in range(i, min(i + 8, len(self.w))):
            if self.w[j] in (",", END, "and", "then"):
                return False
            if self.w.is_verb(j) and not self.w.noun(j):
                return True
        return False

    def _denied(self) -> bool:
        """Whether the clause so far denies its verb."""
        for chunk in reversed(self.out):
            if isinstance(chunk, (Link, End)):
                return False
            if isinstance(chunk, VerbGroup):
                return chunk.negated
        return False

    def _small(self, i: int) -> int:
        w = self.w
        n = w.known.adjectives.at(w.words, i)
        if n and isinstance(self._last(), (VerbGroup, Link)):
            return self._add(Adjective(w.text(i, i + n)), i + n)
        if w[i] in e.NEGATIONS or w[i] in e.ALMOST:
            return self._add(Negation(w[i]), i + 1)
        if (w[i] in e.MANNER or w[i].endswith("ly")) and w.is_adverb(i) and self._denied():
            return self._add(Negation(w[i]), i + 1)
        if w.is_adverb(i) or w[i] in ("'s", "a", "an", "the", "s", "t", "been", "being"):
            return i + 1
        return self._add(Adjective(w.text(i, i + n)), i + n) if n else i
