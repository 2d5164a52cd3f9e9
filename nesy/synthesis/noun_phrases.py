"""Noun phrases: ``it``, ``another red snail``, ``one of the coins``, ``the side of a crate``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nesy.synthesis import english as e
from nesy.synthesis.chunks import Determiner, NounPhrase
from nesy.synthesis.tokens import END
from nesy.synthesis.words import FUNCTION, NUMBERED, Words

EVERY = frozenset({"each", "every"})


@dataclass(slots=True)
class _Head:
    """What stands in front of the noun: which, how many, whether that is left open, and where the noun begins."""

    determiner: Determiner
    start: int
    count: int = 1
    vague: bool = False


def noun_phrase(w: Words, i: int) -> tuple[NounPhrase, int] | None:
    """The noun phrase that begins at word ``i`` and where it ends; None if none begins there."""
    first = w[i]
    if w.lexicon.everyday and w.text(i, i + 2) in e.RECIPROCAL:
        return NounPhrase(w.text(i, i + 2), frozenset(), "pronoun", head="other"), i + 2
    if first in e.SUBJECT_PRONOUNS | e.OBJECT_PRONOUNS and not (first == "her" and noun_ahead(w, i + 1)):
        return NounPhrase(first, frozenset(), "pronoun", head=first), i + 1
    head = _head(w, i)
    measured = head.count > 1 or head.vague
    known = _noun(w, head.start, determined=head.start > i)
    if known is not None:
        classes, plural, begin, end = known
        owned = noun_phrase(w, end + 1) if w[end] == "'s" and noun_ahead(w, end + 1) else None
        if owned is not None:
            return owned
        if w[i] == "both" and not plural:  # "both the cat and the dog": it counts the two phrases
            head.count, measured = 1, False
        several = plural and head.count == 1 and head.determiner not in ("no", "one")
        phrase = NounPhrase(
            w.text(i, end),
            classes,
            head.determiner,
            head.count,
            head.vague or several,
            measured,
            w[end - 1],
            w.text(head.start, begin),
        )
        return phrase, end
    alone = w[head.start] in ("one", "ones") or w[head.start] in (",", END, "and", "or", "then", "before", "after")
    if first in ("another", "one", "others") or (head.determiner == "other" and alone):
        end = head.start + (w[head.start] in ("one", "ones"))
        determiner: Determiner = "pronoun" if first == "one" else "other"
        return NounPhrase(w.text(i, end), frozenset(), determiner, head="one"), end
    return _unknown(w, i, head) if head.start > i else None


def noun_ahead(w: Words, i: int) -> bool:
    """Whether a known noun stands at ``i``, or behind a few words that describe it."""
    return _noun(w, i, determined=True) is not None


def _unknown(w: Words, i: int, head: _Head) -> tuple[NounPhrase, int] | None:
    """A phrase whose noun the lexicon does not have: ``the platform``, ``a group of snails``."""
    end = head.start
    while end < len(w) and end - head.start < 4 and not _stops(w, end, first=end == head.start):
        end += 1
    if end == head.start:
        return None
    noun = w[end - 1]
    inner = noun_phrase(w, end + 1) if w[end] == "of" and noun in e.PARTS | e.GROUPS else None
    if inner is not None:
        phrase, stop = inner
        if noun in e.GROUPS:
            phrase = replace(phrase, determiner="a", count=1, vague=True, measured=True)
        return replace(phrase, text=w.text(i, stop)), stop
    return NounPhrase(w.text(i, end), frozenset(), head.determiner, head.count, head.vague, False, noun), end


def _stops(w: Words, i: int, first: bool) -> bool:
    """Whether the word at ``i`` cannot belong to a noun phrase whose noun is unknown."""
    if w[i] in FUNCTION or w[i] in e.ADVERBS - {"long", "high", "right", "far"}:
        return True
    return not first and w.is_verb(i)


def _head(w: Words, i: int) -> _Head:
    if w[i] == "one" and w[i + 1] == "of":
        return _Head("one", i + 2 + (w[i + 2] in e.DEFINITE | e.POSSESSIVE))
    if w[i] == "not" and w[i + 1] in ("a", "one", "any"):
        return _Head("no", i + 2 + (w[i + 2] == "single"))
    head = _Head("bare", i)
    if w[i] in ("some", "all", "both", "each", "most", "many", "several", "few", "any") and w[i + 1] == "of":
        head.vague, head.start = True, i + 2
    word = w[head.start]
    if word in e.DEFINITE | e.POSSESSIVE:
        head.determiner = "other" if w[head.start + 1] == "other" else "the"
        head.start += 1 + (head.determiner == "other")
    elif word in ("no", "another", "a", "an", "any", *EVERY):
        head.determiner = "no" if word == "no" else "other" if word == "another" else "a"
        head.vague = head.vague or word in EVERY
        head.start += 1
    _quantity(w, i, head)
    return head


def _quantity(w: Words, i: int, head: _Head) -> None:
    """Read ``two``, ``a couple of``, ``several other`` into ``head``."""
    start = j = head.start
    while True:
        word = w[j]
        if word in NUMBERED and (word != "one" or j == i):
            head.count = max(head.count, NUMBERED[word])
            head.determiner = "a" if head.determiner == "bare" else head.determiner
        elif word in e.VAGUE:
            head.vague = True
            head.determiner = "a" if head.determiner == "bare" else head.determiner
        elif word in e.OTHER and head.determiner != "bare":
            head.determiner = "other"
        elif word in e.GROUPS and w[j + 1] == "of" and j > i:
            head.vague = True
            j += 1
        elif not (j > start and _joins(w, j)):
            break
        j += 1
    head.start, head.count = j, min(head.count, 6)
    head.vague = head.vague and head.count == 1


def _joins(w: Words, j: int) -> bool:
    """``of`` and ``the`` in "a couple of coins" and "both the coins"."""
    return w[j] in ("the", "other") or (w[j] == "of" and w[j - 1] in ("couple", "lots", "pair", "all", "both"))


def _noun(w: Words, start: int, determined: bool) -> tuple[frozenset[str], bool, int, int] | None:
    """The known noun at ``start``, behind at most three words that describe it: classes, plural, first and end word.

    determined: behind an article; without one, fewer words can stand before the noun.
    """
    for k in range(start, min(start + 4, len(w))):
        n = w.noun(k)
        if n:
            classes, plural, end = _compound(w, k, k + n, determined or k > start)
            return classes, plural, k, end
        if w[k] in FUNCTION and w[k] != "other":
            return None
        if w.is_verb(k) and not (determined and w.is_form(k, "ing", "pp", "base")):
            return None
        verbal = len(w[k]) > 4 and w[k].endswith(("s", "ed", "ing"))
        if not determined and (w[k] in e.ADVERBS or k - start >= 2 or verbal):
            return None
    return None


def _compound(w: Words, start: int, end: int, described: bool) -> tuple[frozenset[str], bool, int]:
    """``worm monster`` and ``gem item``: of two nouns the narrower one counts, of unrelated ones the last."""
    noun = w.lexicon.nouns[w.text(start, end)]
    classes, plural = noun.classes, noun.plural
    while n := w.noun(end):
        second = w.lexicon.nouns[w.text(end, end + n)]
        if classes & second.classes:
            classes &= second.classes
        elif described and w.lexicon.hero not in second.classes:
            classes = second.classes
        else:
            break
        plural, end = second.plural, end + n
    return classes, plural, end
