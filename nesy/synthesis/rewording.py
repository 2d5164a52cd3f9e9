"""Turns of phrase that are brought into a plainer form before a caption is read: words to words."""

from __future__ import annotations

from nesy.synthesis import english as e
from nesy.synthesis.lexicon import Lexicon


def reworded(words: list[str], lexicon: Lexicon) -> list[str]:
    """The words of a caption, in the forms that the scanner knows."""
    words = _caused(_neither(words))
    if "someone" in lexicon.nouns:
        words = _somebody(words)
    return _whenever(_no_longer(words)) if lexicon.everyday else words


def _somebody(words: list[str]) -> list[str]:
    """``nobody`` and ``everyone`` as a determiner and a noun."""
    out: list[str] = []
    for word in words:
        if word == "one" and out and out[-1] == "no":
            out.append("someone")
        elif word in ("nobody", "everyone", "everybody"):
            out += ["no" if word == "nobody" else "every", "someone"]
        else:
            out.append(word)
    return out


def _neither(words: list[str]) -> list[str]:
    """``neither a coin nor a gem is taken`` as ``a coin and a gem is not taken``."""
    articles = e.INDEFINITE | e.DEFINITE
    for k, word in enumerate(words):
        if word != "neither" or words[k + 1 : k + 2] == []:
            continue
        if words[k + 1] not in articles:  # "neither touches a book nor a cup"
            nor = next((j for j in range(k + 1, len(words) - 1) if words[j] == "nor"), None)
            if nor is not None and words[nor + 1] in articles:
                return [*words[:k], "not", *words[k + 1 : nor], "or", *words[nor + 1 :]]
            continue
        nor = next((j for j in range(k + 1, min(k + 6, len(words))) if words[j] == "nor"), None)
        verb = next((j for j in range(nor or len(words), len(words)) if words[j] in e.BE | e.DO | e.HAVE), None)
        if nor is not None and verb is not None:
            return [*words[:k], *words[k + 1 : nor], "and", *words[nor + 1 : verb + 1], "not", *words[verb + 1 :]]
    return words


def _caused(words: list[str]) -> list[str]:
    """``causing it to fall`` as ``so it fall``."""
    for k, word in enumerate(words):
        if word in ("causing", "making", "letting") and k:
            to = next((j for j in range(k + 2, min(k + 5, len(words))) if words[j] == "to"), None)
            if to is not None:
                return [*words[:k], "so", *words[k + 1 : to], *words[to + 1 :]]
    return words


def _no_longer(words: list[str]) -> list[str]:
    """``is not walking anymore`` as ``is no longer walking``."""
    out = list(words)
    for k, word in enumerate(words):
        more = word in ("anymore", "longer") or (word == "more" and words[k - 1 : k] == ["any"])
        denied = next((j for j in range(k - 1, max(-1, k - 9), -1) if words[j] in ("not", "n't")), None)
        if more and denied is not None and words[k - 1] != "no" and words[denied + 1] in (*e.ADVERBS, *words[denied:k]):
            wide = 1 if word == "anymore" else 2
            kept = out[denied + 1 : k + 1 - wide]
            return [*out[:denied], "no", "longer", *kept, *_no_longer(out[k + 1 :])]
    return out


def _whenever(words: list[str]) -> list[str]:
    """``every time the dog barks`` as ``whenever the dog barks``."""
    for k in range(len(words) - 2):
        if words[k] in ("every", "each") and words[k + 1] == "time":
            following = words[k + 2]
            if following in e.DEFINITE | e.INDEFINITE | e.POSSESSIVE | e.SUBJECT_PRONOUNS:
                return [*words[:k], "whenever", *_whenever(words[k + 2 :])]
    return words
