"""Words to chunks, left to right, the longest known phrase first; no backtracking."""

from __future__ import annotations

from collections.abc import Iterable

from nesy.synthesis import english as e
from nesy.synthesis.chunks import (
    Adjective,
    Chunk,
    Determiner,
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
)
from nesy.synthesis.lexicon import Lexicon
from nesy.synthesis.tokens import END, MAX_WORDS, Speller, tokenize

SIDES = {"left": "left", "right": "right", "leftward": "left", "rightward": "right", "leftwards": "left",
         "rightwards": "right"}  # fmt: skip
OTHER_WAYS = ("the other way", "the other direction", "the opposite direction", "the opposite way",
              "the other side", "the reverse direction")  # fmt: skip
NUMBERED = {**e.NUMBERS, **{str(n): n for n in range(1, 10)}}
FUNCTION = frozenset(
    {w for c in e.CONNECTORS for w in c.split() if " " not in c}
    | {w for p in e.PREPOSITIONS for w in p.split() if " " not in p}
    | e.INDEFINITE | e.DEFINITE | e.POSSESSIVE | e.SUBJECT_PRONOUNS | e.OBJECT_PRONOUNS | e.BE | e.DO | e.HAVE
    | e.WILL | e.MODALS | e.NEGATIONS | e.ALMOST | set(e.NUMBERS) | {",", END, "'s", "to", "not", "there"}
)  # fmt: skip


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


class Scanner:
    """Cuts captions into chunks by one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._fillers = Phrases(e.FILLERS)
        self._links = Phrases(e.CONNECTORS)
        self._prepositions = Phrases({*e.PREPOSITIONS, *e.SPELLINGS, *lexicon.modifiers})
        self._nouns = Phrases(lexicon.nouns)
        self._adjectives = Phrases(lexicon.adjectives)
        self._others = Phrases(OTHER_WAYS)
        closed = {
            w for phrases in (e.FILLERS, e.CONNECTORS, e.SPELLINGS, OTHER_WAYS) for p in phrases for w in p.split()
        }
        grammar = (
            FUNCTION | closed | e.ADVERBS | e.PARTS | e.GROUPS | e.GET | e.OTHER | set(SIDES) | set(NUMBERED) | e.VAGUE
        )
        self.speller = Speller(lexicon.words() | grammar | {"times", "nor"}, self._meaning)

    def _meaning(self, word: str) -> object:
        if word in self.lexicon.forms:
            return frozenset(lemma for lemma, _ in self.lexicon.forms[word])
        return self.lexicon.nouns.get(word, word)

    def scan(self, caption: str, notes: list[str]) -> list[Chunk]:
        """The chunks of a caption, always with an :class:`End` at the end; corrections go to ``notes``."""
        words = tokenize(caption)
        if len(words) > MAX_WORDS:
            notes.append(f"only the first {MAX_WORDS} words were read")
            words = words[:MAX_WORDS]
        for k, word in enumerate(words):
            meant = self.speller.correct(word)
            if meant is not None:
                notes.append(f"`{word}` was read as `{meant}`")
                words[k] = meant
        return _Scan(self, words).run()

    # Phrase tables are private to this module; the two classes are one machine and its run.
    def filler(self, words: list[str], i: int) -> int:
        return self._fillers.at(words, i)

    def link(self, words: list[str], i: int) -> int:
        return self._links.at(words, i)

    def preposition(self, words: list[str], i: int) -> int:
        return self._prepositions.at(words, i)

    def noun(self, words: list[str], i: int) -> int:
        return self._nouns.at(words, i)

    def adjective(self, words: list[str], i: int) -> int:
        return self._adjectives.at(words, i)

    def other_way(self, words: list[str], i: int) -> int:
        return self._others.at(words, i)


class _Scan:
    def __init__(self, scanner: Scanner, words: list[str]) -> None:
        self.s = scanner
        self.lexicon = scanner.lexicon
        self.w = words
        self.out: list[Chunk] = []

    def word(self, i: int) -> str:
        return self.w[i] if i < len(self.w) else END

    def text(self, i: int, j: int) -> str:
        return " ".join(self.w[i:j])

    def run(self) -> list[Chunk]:
        i = 0
        while i < len(self.w):
            i = self._step(i)
        self.out.append(End())
        return self.out

    def _add(self, chunk: Chunk, to: int) -> int:
        self.out.append(chunk)
        return to

    def _step(self, i: int) -> int:
        w = self.word(i)
        if w == END:
            return self._add(End(), i + 1)
        if w == ",":
            return self._add(Link(",", ","), i + 1)
        for attempt in (self._times, self._direction, self._phrase, self._verb, self._noun_phrase, self._small):
            j = attempt(i)
            if j > i:
                return j
        return self._add(Unknown(w), i + 1)

    # ------------------------------------------------------------------------------------------------- small pieces

    def _times(self, i: int) -> int:
        w = self.word(i)
        if w in ("twice", "thrice"):
            return self._add(Times(2 if w == "twice" else 3, w), i + 1)
        for n in (2, 3, 4, 5):
            head = self.w[i : i + n]
            if len(head) == n and head[-1] == "times" and not set(head[:-1]) - {*NUMBERED, *e.VAGUE, "a", "of"}:
                count = max((NUMBERED[x] for x in head if x in NUMBERED), default=2)
                vague = any(x in e.VAGUE for x in head)
                return self._add(Times(2 if vague else count, self.text(i, i + n), vague), i + n)
        return i

    def _direction(self, i: int) -> int:
        j = i
        before = self.word(j) if self.word(j) in ("to", "towards", "toward", "in", "on", "at", "from", "for") else ""
        j += bool(before)
        n = self.s.other_way(self.w, j)
        if n and before in ("", "to", "towards", "toward", "in"):
            return self._add(Direction("other", self.text(i, j + n)), j + n)
        article = self.word(j) in ("the", "its", "his", "her", "their")
        j += article
        j += self.word(j) in ("far", "very")
        side = SIDES.get(self.word(j))
        if side is None or (article and not before):
            return i
        j += 1
        bare = not article and self.word(j - 1) in ("left", "right") and not before
        after = self.word(j)
        if bare and after in ("side", "hand", "edge", "one"):
            return i
        j += self.word(j) == "hand"
        j += self.word(j) in ("side", "direction", "edge")
        text = self.text(i, j)
        if bare and side == "left" and self._leaves(i):
            return self._add(Unknown("left"), j)
        exact = self.s.preposition(self.w, j) and not (after == "to" and self._is_form(self.word(j + 1), "base"))
        if bare and side == "right" and (exact or after in ("after", "before", "now", "when")):
            return j  # "right over", "right after": exactly, and no direction
        if after == "of":
            return self._add(Preposition(f"{side} of"), j + 1)
        place = before in ("on", "at", "from", "for") and self.word(j - 1) not in ("direction",)
        return self._add(Direction("" if place else side, text), j)

    def _leaves(self, i: int) -> bool:
        """Whether ``left`` at ``i`` is the past of *leave*: behind a noun, before a noun phrase."""
        last = self.out[-1] if self.out else End()
        return isinstance(last, NounPhrase) and self.word(i + 1) in (*e.DEFINITE, *e.INDEFINITE, *e.POSSESSIVE)

    def _phrase(self, i: int) -> int:
        """Fillers, links and prepositions, whichever phrase is the longest."""
        found = [
            (self.s.filler(self.w, i), 0),
            (self.s.link(self.w, i), 1),
            (self.s.preposition(self.w, i), 2),
        ]
        n, kind = max(found, key=lambda x: (x[0], -x[1]))
        if n == 0:
            return i
        phrase = self.text(i, i + n)
        following = self.word(i + n)
        if kind == 0:
            if following == "of" or (phrase.endswith("little") and self._noun_ahead(i + n)):
                return i
            return i + n
        if kind == 1 or (phrase in e.CONNECTORS and kind == 2):
            j = self._link(i, n, phrase, following)
            if j > i:
                return j
            n = self.s.preposition(self.w, i)
            if n == 0:
                return i
            phrase, following = self.text(i, i + n), self.word(i + n)
        if phrase == "to" and self._is_form(following, "base") and not self._opens_noun(i + 1):
            return self._add(Link("purpose", "to"), i + n)
        if phrase == "by" and self._is_form(following, "ing"):
            return self._add(Link("means", "by"), i + n)
        if phrase == "without" and (self._is_form(following, "ing") or self._noun_then_ing(i + n)):
            return self._add(Link("without", "without"), i + n)
        if phrase == "over" and following == "and":
            return self._add(Preposition("over"), i + n)
        return self._add(Preposition(e.SPELLINGS.get(phrase, phrase)), i + n)

    def _link(self, i: int, n: int, phrase: str, following: str) -> int:
        """Add the link ``phrase`` unless the place says that the words are something else."""
        kind = e.CONNECTORS[phrase]
        starts = not self.out or isinstance(self.out[-1], (End, Link))
        if phrase in ("by", "without"):
            return i
        if phrase == "that" and not self._is_verb(following):
            return i
        if (
            phrase == "once"
            and not (starts and following in (*e.SUBJECT_PRONOUNS, *e.DEFINITE, *e.DO))
            and not (starts and self.s.noun(self.w, i + n))
        ):
            return i + n
        if phrase == "having" and not self._is_form(following, "pp"):
            return i
        if phrase in ("that", "this", "those"):
            return self._add(Link(kind, phrase), i + n)
        if phrase == "next" and following in (*e.DEFINITE, *e.POSSESSIVE) and not starts:
            return self._add(Link(kind, phrase), i + n)
        if phrase in ("earlier", "previously") and not starts:
            return self._add(Loose(phrase), i + n)
        if phrase == "so" and following in e.ADVERBS:
            return i + n
        if kind == "while then":
            return self._add(Link("open", phrase), i + n)
        return self._add(Link(kind, phrase), i + n)

    def _small(self, i: int) -> int:
        w = self.word(i)
        n = self.s.adjective(self.w, i)
        if n and isinstance(self._last_word(), (VerbGroup, Link)):
            return self._add(Adjective(self.text(i, i + n)), i + n)
        if w in e.NEGATIONS or w in e.ALMOST:
            return self._add(Negation(w), i + 1)
        if w in e.ADVERBS or w.endswith("ly") or w in ("'s", "a", "an", "the", "s", "t", "been", "being"):
            return i + 1
        if n:
            return self._add(Adjective(self.text(i, i + n)), i + n)
        return i

    def _last_word(self) -> Chunk:
        return self.out[-1] if self.out else End()

    # ------------------------------------------------------------------------------------------------- noun phrases

    def _opens_noun(self, i: int) -> bool:
        return self.s.noun(self.w, i) > 0

    def _noun_then_ing(self, i: int) -> bool:
        """``it touching``: a short noun phrase and a gerund behind *without*."""
        j = i
        while j < min(i + 4, len(self.w)) and not self._is_form(self.word(j), "ing"):
            if self.word(j) in (",", END, "and"):
                return False
            j += 1
        return self._is_form(self.word(j), "ing")

    def _noun_phrase(self, i: int) -> int:
        found = self._noun_phrase_at(i)
        if found is None:
            return i
        phrase, j = found
        return self._add(phrase, j)

    def _noun_phrase_at(self, i: int) -> tuple[NounPhrase, int] | None:
        w = self.word(i)
        if w in e.SUBJECT_PRONOUNS | e.OBJECT_PRONOUNS and not (w == "her" and self._noun_ahead(i + 1)):
            return NounPhrase(w, frozenset(), "pronoun", vague=w in ("they", "them"), head=w), i + 1
        determiner, count, vague, j = self._determiner(i)
        known = self._noun_after(j, determined=j > i)
        if known is not None:
            classes, plural, k = known
            vague = vague or (plural and count == 1 and determiner not in ("no", "one"))
            if self.word(k) == "'s" and self._noun_ahead(k + 1):
                inner = self._noun_phrase_at(k + 1)
                if inner is not None:
                    return inner
            return NounPhrase(self.text(i, k), classes, determiner, count, vague, self.text(k - 1, k)), k
        if w in ("another", "one", "others") or (w == "the" and self.word(i + 1) in ("other", "others")):
            k = j + (self.word(j) in ("one", "ones"))
            return NounPhrase(self.text(i, k), frozenset(), "other" if w != "one" else "pronoun", 1, False, "one"), k
        if j == i:
            return None
        k = j
        while k < len(self.w) and k - j < 4 and not self._stops(k, first=k == j):
            k += 1
        if k == j:
            return None
        head = self.word(k - 1)
        if self.word(k) == "of" and head in e.PARTS | e.GROUPS:
            inner = self._noun_phrase_at(k + 1)
            if inner is not None:
                phrase, end = inner
                group = head in e.GROUPS
                which: Determiner = "a" if group else phrase.determiner
                count = 1 if group else phrase.count
                whole = self.text(i, end)
                return NounPhrase(whole, phrase.classes, which, count, group or phrase.vague, phrase.head), end
        return NounPhrase(self.text(i, k), frozenset(), determiner, count, vague, head), k

    def _stops(self, k: int, first: bool) -> bool:
        """Whether the word at ``k`` cannot belong to a noun phrase whose noun is unknown."""
        w = self.word(k)
        if w in FUNCTION or w in e.ADVERBS - {"long", "high", "right", "far"}:
            return True
        return not first and self._is_verb(w)

    def _determiner(self, i: int) -> tuple[Determiner, int, bool, int]:
        """Which, how many, whether several are left uncounted, and where the noun begins."""
        determiner: Determiner = "bare"
        count, vague, j = 1, False, i
        w = self.word(j)
        if w == "one" and self.word(j + 1) == "of":
            determiner, j = "one", j + 2
            j += self.word(j) in (*e.DEFINITE, *e.POSSESSIVE)
            return determiner, 1, False, j
        if w == "not" and self.word(j + 1) in ("a", "one", "any"):
            j += 2
            return "no", 1, False, j + (self.word(j) == "single")
        if w in ("some", "all", "both", "each", "most", "many", "several", "few", "any") and self.word(j + 1) == "of":
            vague, j = True, j + 2
            w = self.word(j)
        if w == "no" or (w == "any" and self._negated_before()):
            determiner, j = "no" if w == "no" else "a", j + 1
        elif w in ("another",):
            determiner, j = "other", j + 1
        elif w in e.DEFINITE or w in e.POSSESSIVE:
            determiner, j = "the", j + 1
            if self.word(j) == "other":
                determiner, j = "other", j + 1
        elif w in ("a", "an", "each", "every"):
            determiner, j = "a", j + 1
        start = j
        while True:
            w = self.word(j)
            if w in NUMBERED and (w != "one" or j == i):
                count = max(count, NUMBERED[w])
                determiner = "a" if determiner == "bare" else determiner
            elif w in e.VAGUE:
                vague = True
                determiner = "a" if determiner == "bare" else determiner
            elif w in e.OTHER and determiner != "bare":
                determiner = "other"
            elif j > start and (
                w in ("the", "other") or (w == "of" and self.word(j - 1) in ("couple", "lots", "pair", "all", "both"))
            ):
                pass
            elif w in e.GROUPS and self.word(j + 1) == "of" and j > i:
                vague = True
                j += 1
            else:
                break
            j += 1
        return determiner, min(count, 6), vague and count == 1, j

    def _negated_before(self) -> bool:
        for chunk in reversed(self.out):
            if isinstance(chunk, (End, Link)):
                return False
            if isinstance(chunk, VerbGroup):
                return chunk.negated
        return False

    def _noun_ahead(self, i: int) -> bool:
        return self._noun_after(i, determined=True) is not None

    def _noun_after(self, j: int, determined: bool) -> tuple[frozenset[str], bool, int] | None:
        """The known noun at ``j``, behind at most three words that describe it: classes, plural, where it ends."""
        for k in range(j, min(j + 4, len(self.w))):
            n = self.s.noun(self.w, k)
            if n:
                noun = self.lexicon.nouns[self.text(k, k + n)]
                classes, plural, end = noun.classes, noun.plural, k + n
                while m := self.s.noun(self.w, end):  # "worm monster", "gem item": the narrower word counts
                    second = self.lexicon.nouns[self.text(end, end + m)]
                    if classes & second.classes:
                        classes &= second.classes
                    elif (determined or k > j) and self.lexicon.hero not in second.classes:
                        classes = second.classes
                    else:
                        break
                    plural, end = second.plural, end + m
                return classes, plural, end
            w = self.word(k)
            if w in FUNCTION and w not in ("other",):
                return None
            if self._is_verb(w) and not (determined and self._is_form(w, "ing", "pp", "base")):
                return None
            verbal = len(w) > 4 and w.endswith(("s", "ed", "ing"))
            if not determined and (w in e.ADVERBS or k - j >= 2 or verbal):
                return None
        return None

    # --------------------------------------------------------------------------------------------------------- verbs

    def _is_verb(self, word: str) -> bool:
        return word in self.lexicon.forms or word in e.BE

    def _is_form(self, word: str, *tags: str) -> bool:
        return any(tag in tags for _, tag in self.lexicon.forms.get(word, ()))

    def _verb(self, i: int) -> int:
        """A verb group from ``i`` on: auxiliaries, negations and adverbs up to the verb that counts."""
        j, passive, negated, doubt, ended = i, False, False, "", False
        if self.word(i) in e.NEGATIONS | e.ALMOST and self.word(i) not in (
            "no",
            "without",
            "nothing",
            "nobody",
            "none",
        ):
            if not self._is_verb(self._skip(i + 1)[1]):
                return i
        elif not (self._is_verb(self.word(i)) or self.word(i) in e.WILL | e.MODALS):
            return i
        while True:
            w = self.word(j)
            rest, ahead, denied, unsure = self._ahead(j + 1)
            step = -1
            if w in ("not", "never", "neither", "nor", "hardly", "barely"):
                negated, j = not negated, self._skip(j + 1)[0]
                continue
            if w in e.ALMOST:
                doubt, j = w, self._skip(j + 1)[0]
                continue
            if w in e.MODALS and self._is_verb(ahead):
                unsure, step = w, rest
            elif w in e.WILL and self._is_verb(ahead):
                step = rest
            elif w in e.BE:
                if ahead in ("about", "going", "trying", "supposed") and self.word(rest + 1) == "to":
                    unsure, step = ahead, rest + 2
                elif ahead == "able" and self.word(rest + 1) == "to":
                    step = rest + 2
                elif ahead in ("being", "been") or self._is_form(ahead, "ing"):
                    step = rest
                elif self._is_form(ahead, "pp") and ahead not in self.lexicon.adjectives:
                    passive, step = True, rest
                else:
                    negated, doubt = negated ^ denied, doubt or unsure
                    end = rest if denied or unsure else j + 1
                    return self._group(i, end, ("be",), "s", passive, negated, doubt, ended)
            elif w in e.GET and rest == j + 1:
                if self._is_form(ahead, "pp") and not self._is_form(ahead, "base"):
                    passive, step = True, rest
                elif ahead == "to" and self._is_form(self.word(rest + 1), "base"):
                    step = rest + 1
                elif self._is_form(ahead, "ing"):
                    step = rest
            elif (w in e.DO and self._is_form(ahead, "base")) or (
                w in e.HAVE and self._is_form(ahead, "pp") and not self.s.noun(self.w, rest)
            ):
                step = rest
            if step >= 0:
                negated, doubt, j = negated ^ denied, doubt or unsure, step
                continue
            entries = self.lexicon.forms.get(w)
            if entries is None:
                return i  # an auxiliary in front of something that is no known verb
            lemmas = tuple(dict.fromkeys(lemma for lemma, _ in entries))
            inner = j + 1 + (self.word(j + 1) == "on" and lemmas[0] in e.PHASES)
            infinitive = self.word(inner) == "to" and self._is_form(self.word(inner + 1), "base")
            if infinitive or self._is_form(self.word(inner), "ing"):
                target = inner + 1 if infinitive else inner
                if set(lemmas) & e.PHASES:
                    j = target
                    continue
                if set(lemmas) & e.ATTEMPTS:
                    doubt, j = w, target
                    continue
                if set(lemmas) & e.FAILURES:
                    doubt = w if negated else doubt
                    negated, j = True, target
                    continue
                if "stop" in lemmas and not infinitive:
                    ended, j = True, target
                    continue
            if set(lemmas) & e.SUPPORT:
                first = j + 2 if self.word(j + 1) in ("a", "an", "another") else j + 1
                inner = next((k for k in (first, first + 1) if self._is_form(self.word(k), "base")), 0)
                inner = inner if inner in (first, j + 3) else 0
                if inner and not self.s.noun(self.w, inner):  # "makes a big jump"
                    lemmas, j = tuple(dict.fromkeys(x for x, _ in self.lexicon.forms[self.word(inner)])), inner
            form = entries[0][1]
            tags = {tag for _, tag in entries}
            if passive:
                form = "pp"
            elif "past" in tags and "pp" in tags and form in ("past", "pp"):
                form = "past"
            return self._group(i, j + 1, lemmas, form, passive, negated, doubt, ended)

    def _group(
        self, i: int, j: int, lemmas: tuple[str, ...], form: str, passive: bool, negated: bool, doubt: str, ended: bool
    ) -> int:
        return self._add(VerbGroup(self.text(i, j), lemmas, form, passive, negated, doubt, ended), j)

    def _skip(self, i: int) -> tuple[int, str]:
        """The place of the next word that is no adverb, and the word."""
        while self.word(i) in e.ADVERBS or (self.word(i).endswith("ly") and len(self.word(i)) > 4):
            i += 1
        return i, self.word(i)

    def _ahead(self, i: int) -> tuple[int, str, bool, str]:
        """What stands behind an auxiliary, adverbs and negations skipped: place, word, negated, doubt."""
        negated, doubt = False, ""
        while True:
            w = self.word(i)
            if w in ("not", "never"):
                negated = not negated
            elif w in e.ALMOST:
                doubt = w
            elif w == "no" and self.word(i + 1) == "longer":
                negated, i = not negated, i + 1
            elif not (w in e.ADVERBS or (w.endswith("ly") and len(w) > 4)):
                return i, w, negated, doubt
            i += 1
