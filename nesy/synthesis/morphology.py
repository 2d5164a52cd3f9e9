"""The regular and irregular forms of English verbs and nouns, made from the base form."""

from __future__ import annotations

from typing import Literal, TypeAlias

Tag: TypeAlias = Literal["base", "s", "past", "pp", "ing"]

IRREGULAR: dict[str, tuple[str, str]] = {  # past, past participle
    "beat": ("beat", "beaten"), "become": ("became", "become"), "begin": ("began", "begun"),
    "bite": ("bit", "bitten"), "bring": ("brought", "brought"), "catch": ("caught", "caught"),
    "come": ("came", "come"), "cut": ("cut", "cut"), "do": ("did", "done"), "draw": ("drew", "drawn"),
    "drink": ("drank", "drunk"), "drive": ("drove", "driven"), "eat": ("ate", "eaten"), "fall": ("fell", "fallen"),
    "feed": ("fed", "fed"), "fight": ("fought", "fought"), "find": ("found", "found"), "flee": ("fled", "fled"),
    "fly": ("flew", "flown"), "get": ("got", "got"), "give": ("gave", "given"), "go": ("went", "gone"),
    "hang": ("hung", "hung"), "have": ("had", "had"), "hide": ("hid", "hidden"), "hit": ("hit", "hit"),
    "hold": ("held", "held"), "hurt": ("hurt", "hurt"), "keep": ("kept", "kept"), "lay": ("laid", "laid"),
    "lead": ("led", "led"), "leave": ("left", "left"), "let": ("let", "let"), "lie": ("lay", "lain"),
    "lose": ("lost", "lost"), "make": ("made", "made"), "meet": ("met", "met"), "pay": ("paid", "paid"),
    "put": ("put", "put"), "read": ("read", "read"), "ride": ("rode", "ridden"), "rise": ("rose", "risen"),
    "run": ("ran", "run"), "say": ("said", "said"), "see": ("saw", "seen"), "send": ("sent", "sent"),
    "set": ("set", "set"), "shake": ("shook", "shaken"), "shut": ("shut", "shut"), "sit": ("sat", "sat"),
    "sleep": ("slept", "slept"), "slide": ("slid", "slid"), "spin": ("spun", "spun"), "stand": ("stood", "stood"),
    "steal": ("stole", "stolen"), "swim": ("swam", "swum"), "take": ("took", "taken"), "throw": ("threw", "thrown"),
    "wear": ("wore", "worn"), "win": ("won", "won"), "write": ("wrote", "written"),
}  # fmt: skip
ALSO_PAST = {"leap": "leapt", "creep": "crept", "sweep": "swept", "kneel": "knelt"}
IRREGULAR_PLURALS = {
    "mouse": "mice", "man": "men", "woman": "women", "child": "children", "person": "people", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "sheep": "sheep", "fish": "fish", "knife": "knives", "shelf": "shelves",
}  # fmt: skip
VOWELS = "aeiou"


def doubles(verb: str) -> bool:
    """Whether the last consonant is written twice before -ed and -ing (stop, grab; not bump, wait, open)."""
    return (
        len(verb) >= 3
        and verb[-1] not in VOWELS + "wxy"
        and verb[-2] in VOWELS
        and verb[-3] not in VOWELS
        and sum(c in VOWELS for c in verb) == 1
    )


def with_s(word: str) -> str:
    """Third person or plural: walks, passes, carries."""
    if word.endswith(("s", "x", "z", "ch", "sh")) or word in ("go", "do"):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def _ed(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in VOWELS:
        return verb[:-1] + "ied"
    return verb + (verb[-1] if doubles(verb) else "") + "ed"


def gerund(verb: str) -> str:
    """``-ing``: walking, chasing, running, dying."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return verb[:-1] + "ing"
    return verb + (verb[-1] if doubles(verb) else "") + "ing"


def verb_forms(lemma: str) -> list[tuple[str, Tag]]:
    """Every form of a verb with its tag; a particle (``pick up``) stays out of this."""
    past, participle = IRREGULAR.get(lemma, (_ed(lemma), _ed(lemma)))
    forms: list[tuple[str, Tag]] = [
        (lemma, "base"),
        ("has" if lemma == "have" else with_s(lemma), "s"),
        (past, "past"),
        (participle, "pp"),
        (gerund(lemma), "ing"),
    ]
    if lemma in ALSO_PAST:
        forms += [(ALSO_PAST[lemma], "past"), (ALSO_PAST[lemma], "pp")]
    return forms


def plural(noun: str) -> str:
    """``coins``, ``boxes``, ``mice``."""
    head, _, last = noun.rpartition(" ")
    return f"{head} {IRREGULAR_PLURALS.get(last, with_s(last))}".strip()


def lemmas_of_gerund(word: str) -> list[str]:
    """The base forms that a word in -ing can come from: ``chasing`` gives chas and chase."""
    if not word.endswith("ing") or len(word) < 5:
        return []
    stem = word[:-3]
    found = [stem, stem + "e"]
    if len(stem) > 2 and stem[-1] == stem[-2]:
        found.append(stem[:-1])
    if stem.endswith("y"):
        found.append(stem[:-1] + "ie")
    fitting = [s for s in found if gerund(s) == word]
    if stem in fitting and stem + "e" in fitting:  # English spelling decides: talk, and not talke; move, and not mov
        fitting.remove(stem if _mute_e(stem) else stem + "e")
    return fitting


def _mute_e(stem: str) -> bool:
    """Whether a stem that could stand alone by its form is spelt with a final e: mov-, danc-, handl-, arrang-."""
    if stem.endswith(("ss", "zz", "ll")):
        return False
    if stem.endswith(("v", "c", "z", "s", "u", "dg", "chang", "rang", "breath", "bath", "ur", "iat", "rat", "bat")):
        return True
    return stem[-1] == "l" and stem[-2:-1] not in (*VOWELS, "w", "r")
