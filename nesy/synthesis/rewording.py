"""Turns of phrase that are brought into a plainer form before a caption is read: words to words."""

from __future__ import annotations

from nesy.synthesis import english as e
from nesy.synthesis.lexicon import Lexicon
from nesy.synthesis.words import NUMBERED


def reworded(words: list[str], lexicon: Lexicon) -> list[str]:
    """The words of a caption, in the forms that the scanner knows."""
    words = _never(_not_until(_between(_caused(_neither(words, lexicon)), lexicon), lexicon), lexicon)
    if "someone" in lexicon.nouns:
        words = _somebody(words)
    return _whenever(_no_longer(_more_than(words))) if lexicon.everyday else words


NEVER = (
    "at no point", "at no time", "at no moment", "at no stage", "under no circumstances", "in no frame", "not once",
)  # fmt: skip


def _not_until(words: list[str], lexicon: Lexicon) -> list[str]:
    """``not until it barks does the man smile`` as ``only after it barks, the man does smile``."""
    out = list(words)
    for k in range(len(out) - 1):
        if out[k : k + 2] == ["not", "until"]:
            out[k : k + 2] = ["only", "after"]
    first = next((k for k in range(len(out)) if out[k] == "only" and (k == 0 or out[k - 1] in (".", ","))), None)
    if first is None or out[first + 1 : first + 2] not in (["after"], ["when"], ["while"], ["once"]):
        return out
    starts = e.DEFINITE | e.INDEFINITE | e.POSSESSIVE | e.SUBJECT_PRONOUNS
    for k in range(first + 3, len(out) - 2):
        verb = _verb(out, k + 2, lexicon) if out[k] in e.BE | e.DO | e.HAVE and out[k + 1] in starts else None
        if verb is not None:
            return [*out[:k], ",", *out[k + 1 : verb], out[k], *out[verb:]]
    return out


RARE = ("hardly ever", "rarely", "seldom", "scarcely ever")


def _never(words: list[str], lexicon: Lexicon) -> list[str]:
    """``at no point does the dog run`` as ``the dog does never run``."""
    out: list[str] = []
    k = 0
    while k < len(words):
        found = next((p for p in (*NEVER, *RARE) if words[k : k + len(p.split())] == p.split()), "")
        n = len(found.split())
        helper = words[k + n : k + n + 1] if n else words[k + 1 : k + 2]
        inverted = bool(helper) and helper[0] in e.BE | e.DO | e.HAVE | e.WILL
        if words[k : k + n] == ["not", "once"] and not inverted:
            n = 0  # "not once but twice"
        elif n or words[k] == "never":
            n = n or 1
            first = k == 0 or words[k - 1] in (".", ",", "and", "but")
            verb = _verb(words, k + n + 2, lexicon) if inverted and first else None
            out += [*words[k + n + 1 : verb], helper[0]] if verb else []
            k, n = (verb, 0) if verb else (k + n, 0)
            out.append("rarely" if found in RARE else "never")
            continue
        out += words[k : k + max(n, 1)]
        k += max(n, 1)
    return out


def _verb(words: list[str], start: int, lexicon: Lexicon) -> int | None:
    """Where the verb of an inverted sentence stands, behind its subject."""
    for j in range(start, min(start + 6, len(words))):
        if words[j] in (".", ",", "and"):
            return None
        if words[j] in lexicon.forms and words[j] not in lexicon.nouns:
            return j
    return None


def _between(words: list[str], lexicon: Lexicon) -> list[str]:
    """``between eating and sleeping`` as ``after eating and before sleeping``."""
    for k, word in enumerate(words):
        if word == "between" and words[k + 1 : k + 2] and _gerund(words[k + 1], lexicon):
            last = min(k + 8, len(words) - 1)
            j = next((j for j in range(k + 2, last) if words[j] == "and" and _gerund(words[j + 1], lexicon)), None)
            if j is not None:
                return [*words[:k], "after", *words[k + 1 : j + 1], "before", *words[j + 1 :]]
    return words


def _gerund(word: str, lexicon: Lexicon) -> bool:
    return any(tag == "ing" for _, tag in lexicon.forms.get(word, ()))


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


def _neither(words: list[str], lexicon: Lexicon) -> list[str]:
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
        if nor is None:
            continue
        if k and _is_verb(words[k - 1], lexicon):  # "takes neither a coin nor a gem"
            return [*words[: k - 1], "never", words[k - 1], *words[k + 1 : nor], "or", *words[nor + 1 :]]
        both = [*words[:k], *words[k + 1 : nor], "and"]
        verb = next((j for j in range(nor, len(words)) if words[j] in e.BE | e.DO | e.HAVE), None)
        plain = next((j for j in range(nor + 2, min(nor + 6, len(words))) if _is_verb(words[j], lexicon)), None)
        if plain is not None and (verb is None or plain < verb):  # "neither the dog nor the cat barks"
            return [*both, *words[nor + 1 : plain], "never", *words[plain:]]
        if verb is not None:
            return [*both, *words[nor + 1 : verb + 1], "not", *words[verb + 1 :]]
    return words


def _is_verb(word: str, lexicon: Lexicon) -> bool:
    return word in lexicon.forms and word not in lexicon.nouns and word not in e.BE | e.DO | e.HAVE


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


def _more_than(words: list[str]) -> list[str]:
    """``more than two dogs`` as ``at least 3 dogs``."""
    out = list(words)
    for k in range(len(out) - 2):
        number = NUMBERED.get(out[k + 2], 9)
        if out[k : k + 2] == ["more", "than"] and number < 9:
            out[k : k + 3] = ["at", "least", str(number + 1)]
    return out


def _whenever(words: list[str]) -> list[str]:
    """``every time the dog barks`` as ``whenever the dog barks``."""
    for k in range(len(words) - 2):
        if words[k] in ("every", "each") and words[k + 1] == "time":
            following = words[k + 2]
            if following in e.DEFINITE | e.INDEFINITE | e.POSSESSIVE | e.SUBJECT_PRONOUNS:
                return [*words[:k], "whenever", *_whenever(words[k + 2 :])]
    return words
