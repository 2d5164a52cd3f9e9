"""Verbs with their auxiliaries: ``is not being chased``, ``tries to jump``, ``stops walking``, ``makes a big jump``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nesy.synthesis import english as e
from nesy.synthesis.chunks import VerbGroup
from nesy.synthesis.words import Words

DENIALS = frozenset({"not", "never", "neither", "nor", "hardly", "barely"})


@dataclass(slots=True)
class _Ahead:
    """The next word behind an auxiliary that is no adverb, and what the skipped words say."""

    place: int
    negated: bool = False
    doubt: str = ""
    ended: bool = False


class _Group:
    """A verb group while it is read: from ``start`` up to the verb that counts."""

    def __init__(self, w: Words, start: int) -> None:
        self.w = w
        self.start = self.at = start
        self.passive = self.negated = self.ended = False
        self.doubt = ""

    def done(self, lemmas: tuple[str, ...], form: str, end: int) -> tuple[VerbGroup, int]:
        text = self.w.text(self.start, end)
        return VerbGroup(text, lemmas, form, self.passive, self.negated, self.doubt, self.ended), end

    def take(self, ahead: _Ahead, to: int) -> None:
        """Go on to word ``to`` and keep what the words in between say."""
        self.negated ^= ahead.negated
        self.ended |= ahead.ended
        self.doubt = self.doubt or ahead.doubt
        self.at = to


def verb_group(w: Words, i: int) -> tuple[VerbGroup, int] | None:
    """The verb group that begins at word ``i`` and where it ends; None if none begins there."""
    if w.text(i, i + 2) == "no longer" and w.is_verb(i + 2):
        rest = verb_group(w, i + 2)
        if rest is None:
            return None
        told = replace(rest[0], text="no longer " + rest[0].text)
        if w.lexicon.everyday and not rest[0].negated:
            return replace(told, ended=True), rest[1]
        return replace(told, negated=not rest[0].negated), rest[1]
    if w[i] in DENIALS | e.ALMOST:
        if not w.is_verb(w.skip_adverbs(i + 1)):
            return None
    elif not (w.is_verb(i) or w[i] in e.WILL | e.MODALS):
        return None
    g = _Group(w, i)
    while True:
        word = w[g.at]
        if word in DENIALS:
            g.negated, g.at = not g.negated, w.skip_adverbs(g.at + 1)
        elif word in e.ALMOST:
            g.doubt, g.at = word, w.skip_adverbs(g.at + 1)
        elif word in e.BE and not _be_goes_on(g):
            ahead = _ahead(w, g.at + 1)
            end = ahead.place if ahead.negated or ahead.doubt else g.at + 1
            g.take(ahead, g.at)
            return g.done(("be",), "s", end)
        elif word in e.BE or _auxiliary(g) or _catenative(g):
            continue
        elif word in w.lexicon.forms:
            ahead = _ahead(w, g.at + 1) if word in e.DO and w.lexicon.everyday else _Ahead(g.at)
            if ahead.negated:  # "but the cat does not"
                g.take(ahead, g.at)
                return _verb(g)[0], ahead.place
            return _verb(g)
        else:
            return None  # an auxiliary in front of something that is no known verb


def _be_goes_on(g: _Group) -> bool:
    """Take a form of *be* that helps another verb: ``is walking``, ``was chased``, ``is about to``."""
    w, ahead = g.w, _ahead(g.w, g.at + 1)
    next_word, there = w[ahead.place], ahead.place
    if next_word in ("about", "going", "trying", "supposed") and w[there + 1] == "to":
        g.take(ahead, there + 2)
        g.doubt = next_word
    elif next_word == "able" and w[there + 1] == "to":
        g.take(ahead, there + 2)
    elif next_word in ("being", "been") or w.is_form(there, "ing"):
        g.take(ahead, there)
    elif w.is_form(there, "pp") and (next_word not in w.lexicon.adjectives or w[there + 1] == "by"):
        g.take(ahead, there)
        g.passive = True
    else:
        return False
    return True


def _auxiliary(g: _Group) -> bool:
    """Take another auxiliary in front of its verb: ``will``, ``can``, ``does``, ``has``, ``gets`` (killed)."""
    w, word, ahead = g.w, g.w[g.at], _ahead(g.w, g.at + 1)
    there = ahead.place
    if word in e.MODALS and w.is_verb(there):
        g.doubt = word
    elif word in e.GET and there == g.at + 1:
        if w.is_form(there, "pp") and (w[there + 1] == "by" or not w.is_form(there, "base")):
            g.passive = True
        elif w[there] == "to" and w.is_form(there + 1, "base"):
            there += 1
        elif not w.is_form(there, "ing"):
            return False
    elif not (
        (word in e.WILL and w.is_verb(there))
        or (word in e.DO and w.is_form(there, "base"))
        or (word in e.HAVE and (w.is_form(there, "pp") or w[there] == "been") and not w.noun(there))
    ):
        return False
    g.take(ahead, there)
    return True


def _catenative(g: _Group) -> bool:
    """Take a verb that says how another one goes: ``starts to walk``, ``tries to jump``, ``avoids touching``."""
    w = g.w
    lemmas = {lemma for lemma, _ in w.lexicon.forms.get(w[g.at], ())}
    inner = g.at + 1 + (w[g.at + 1] == "on" and bool(lemmas & e.PHASES))
    infinitive = w[inner] == "to" and w.is_form(inner + 1, "base")
    if not (infinitive or w.is_form(inner, "ing")):
        return False
    if lemmas & e.ATTEMPTS:
        g.doubt = w[g.at]
    elif lemmas & e.FAILURES:
        g.doubt = w[g.at] if g.negated else g.doubt
        g.negated = True
    elif lemmas & e.ENDS and not infinitive:
        g.ended = True
    elif not lemmas & e.PHASES:
        return False
    g.at = inner + infinitive
    return True


def _verb(g: _Group) -> tuple[VerbGroup, int]:
    """End the group with the verb at hand, or with the noun that a verb like *make* leaves the meaning to."""
    w = g.w
    entries = w.lexicon.forms[w[g.at]]
    lemmas, end = tuple(dict.fromkeys(lemma for lemma, _ in entries)), g.at + 1
    if set(lemmas) & e.SUPPORT:
        article = w[end] in ("a", "an", "another")
        places = (end + 1, end + 2) if article else (end,)
        noun = next((k for k in places if w.is_form(k, "base") and not w.noun(k)), None)
        if noun is not None:
            lemmas = tuple(dict.fromkeys(lemma for lemma, _ in w.lexicon.forms[w[noun]]))
            end = noun + 1
    tags = {tag for _, tag in entries}
    form: str = entries[0][1]
    if g.passive:
        form = "pp"
    elif {"past", "pp"} <= tags and form in ("past", "pp"):
        form = "past"
    return g.done(lemmas, form, end)


def _ahead(w: Words, i: int) -> _Ahead:
    ahead = _Ahead(i)
    while True:
        word = w[ahead.place]
        if word in ("not", "never", "neither"):
            ahead.negated = not ahead.negated
        elif word in e.ALMOST:
            ahead.doubt = word
        elif word == "no" and w[ahead.place + 1] == "longer":
            if w.lexicon.everyday and not ahead.negated:
                ahead.ended = True
            else:
                ahead.negated = not ahead.negated
            ahead.place += 1
        elif not w.is_adverb(ahead.place):
            return ahead
        ahead.place += 1
