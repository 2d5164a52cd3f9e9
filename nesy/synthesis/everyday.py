"""What everyday English adds to the names of a domain that no table was written for.

People are called by many nouns (``man``, ``lady``, ``somebody``), verbs have synonyms (``toss`` is *throw*), and an
adjective can be a change (``breaks`` makes something *broken*). Each word is mapped to a name that the domain has, or
left unknown. A narrower word may stand for a wider name, never the other way round: that would add a claim.
"""

from __future__ import annotations

from nesy.synthesis.english import PREPOSITIONS, words
from nesy.synthesis.lexicon import PHRASAL, Complement, Lexicon, Literal, Modifier, Sense
from nesy.synthesis.morphology import IRREGULAR, lemmas_of_gerund, plural
from nesy.synthesis.synonyms import SAME, WIDER

KINDS = {
    "man": "man guy gentleman father dad daddy husband grandfather grandpa uncle fellow",
    "woman": "woman lady mother mom mommy mum wife grandmother grandma aunt",
    "boy": "boy son brother",
    "girl": "girl daughter sister",
}
"""Words for different people: a man and a woman are two, a man and a guy may be one."""
PEOPLE: dict[str, tuple[str, ...]] = {  # the names that may stand for a word, the best first
    **{w: ("man", "adult", "person") for w in KINDS["man"].split()},
    **{w: ("woman", "adult", "person") for w in KINDS["woman"].split()},
    **{w: ("boy", "child", "kid", "person") for w in KINDS["boy"].split()},
    **{w: ("girl", "child", "kid", "person") for w in KINDS["girl"].split()},
    "child": ("kid", "person"), "kid": ("child", "person"), "toddler": ("baby", "child", "kid", "person"),
    "infant": ("baby", "child", "person"), "baby": ("child", "kid", "person"), "adult": ("person",),
    "grown-up": ("adult", "person"), "player": ("person", "adult"), "human": ("person",), "people": ("person",),
    "someone": ("person", "human", "adult"), "person": ("human", "adult"),
}  # fmt: skip
ANYONE = "someone somebody anyone anybody"
COPULAS = frozenset({"be", "get", "become", "stay", "remain"})
PLACING = words("put place set lay drop throw leave hang toss stack push pull move slide roll kick")
"""Verbs behind whose object a preposition tells where the object is, and not the subject."""
CAUSATIVE = words("spin roll move shake tilt rotate swing bounce slide turn walk fly bend fold approach")
"""Verbs that say with an object what they say of their subject without one."""
POSTURES = (words("sitting standing lying kneeling"), words("sit stand lie kneel"))
"""Of each group a body has at most one in a frame."""
DURATIVE = words(
    "hold carry ride follow chase look watch read wear touch play talk push pull lean sit stand lie eat drink cover "
    "hug feed wash cut"
)
"""Verbs whose objects are had at the same time: ``holds two cups``, against ``picks up two cups``."""

ONE_BY_ONE = words("read talk play push pull eat drink hug feed wash cut")
"""Those of them whose different objects come one after the other: ``eats an apple and a banana``."""


def add_everyday(lexicon: Lexicon) -> None:
    """Add to a lexicon that already knows the names of its domain."""
    _people(lexicon)
    _nouns(lexicon)
    _verbs(lexicon)
    _changes(lexicon)
    _causes(lexicon)
    lexicon.exclusive += [group & {*lexicon.domain.unary} for group in POSTURES]
    for lemma in COPULAS:
        lexicon.add_verb(lemma, Sense(None, "", (), ()))


def _people(lexicon: Lexicon) -> None:
    classes = lexicon.domain.classes
    for kind, nouns in KINDS.items():
        for word in nouns.split():
            lexicon.kinds[word] = lexicon.kinds[plural(word)] = kind
    lexicon.genders = {"he": "m", "him": "m", "she": "f", "her": "f"}
    lexicon.genders |= {word: "m" if kind in ("man", "boy") else "f" for word, kind in lexicon.kinds.items()}
    for word, names in PEOPLE.items():
        found = next((n for n in (word, *names) if n in classes), None)
        narrower = frozenset(c for c in classes if word in WIDER.get(c, ()) or word in PEOPLE.get(c, ()))
        if found is not None:
            lexicon.add_noun(word, frozenset({found}))
        elif narrower:  # a person, where only men and women are told apart
            lexicon.add_noun(word, narrower)
    lexicon.people = frozenset(c for c in classes if (c in PEOPLE and c != "baby") or "person" in WIDER.get(c, ()))
    lexicon.animate = lexicon.people | {c for c in classes if c == "baby" or {"animal", "pet"} & {c, *WIDER.get(c, ())}}
    agent = lexicon.nouns.get("someone") or lexicon.nouns.get("person")
    if agent is not None:
        lexicon.agent = agent.classes
        for word in ANYONE.split():
            lexicon.add_noun(word, agent.classes)


def _nouns(lexicon: Lexicon) -> None:
    classes = {c.replace("_", " ").lower(): c for c in lexicon.domain.classes}
    for group in SAME:
        for name in group:
            if name in classes:
                for word in group:
                    lexicon.add_noun(word, frozenset({classes[name]}))
    for word, wider in WIDER.items():
        found = next((classes[w] for w in wider if w in classes), None)
        if found is not None:
            lexicon.add_noun(word, frozenset({found}))


def _verbs(lexicon: Lexicon) -> None:
    phrases = _phrases(lexicon)
    for group in SAME:
        for name in group:
            for sense in phrases.get(name, ()):
                for word in group:
                    _say(lexicon, word, sense)
        names = [n for n in group if n in lexicon.modifiers]
        for word in group:
            if names and word in PREPOSITIONS:
                meaning = lexicon.modifiers[names[0]][0].meaning if lexicon.modifiers[names[0]] else ()
                known = lexicon.modifiers.setdefault(word, [])
                if meaning and not known:
                    known.append(Modifier(Complement(frozenset({word}), None), meaning))


def _phrases(lexicon: Lexicon) -> dict[str, list[Sense]]:
    """The senses by what they are called: ``look at``, ``pick up``, ``sleep``."""
    out: dict[str, list[Sense]] = {}
    for lemma, senses in lexicon.senses.items():
        for s in senses:
            if not s.meaning:
                continue
            tail = s.particle or next((p for c in s.complements for p in sorted(c.prepositions) if p), "")
            out.setdefault(f"{lemma} {tail}".strip(), []).append(s)
    return out


def _say(lexicon: Lexicon, phrase: str, sense: Sense) -> None:
    """``phrase`` (a verb, perhaps with a particle or preposition) means the same as ``sense``."""
    verb, _, tail = phrase.partition(" ")
    if not verb.isalpha() or (not sense.complements and tail):
        return
    if phrase.split()[0] in lexicon.nouns and verb not in lexicon.senses:
        return  # a word that is rather a thing here
    if not sense.complements:
        made = Sense(None, "", (), sense.meaning)
    elif tail in PHRASAL:
        made = Sense(None, tail, (Complement(frozenset({""}), None),), sense.meaning)
    else:
        made = Sense(None, "", (Complement(frozenset({tail}), None),), sense.meaning)
    if verb in lexicon.senses and any(x.complements == made.complements and x.particle == made.particle
                                      for x in lexicon.senses[verb]):  # fmt: skip
        return
    lexicon.add_verb(verb, made)


def _causes(lexicon: Lexicon) -> None:
    """``spinning a pen`` makes the pen spin, ``moving a cup away from a box`` the cup move away."""
    thing = Complement(frozenset({""}), None)
    for lemma in CAUSATIVE & lexicon.senses.keys():
        for s in list(lexicon.senses[lemma]):
            if len(s.meaning) != 1 or s.particle:
                continue
            (fact,) = s.meaning
            if fact.roles == ("s",) and not s.complements:
                lexicon.add_verb(lemma, Sense(None, "", (thing,), (Literal(fact.predicate, ("o",)),)))
            elif fact.roles == ("s", "o") and "" not in s.complements[0].prepositions:
                lexicon.add_verb(
                    lemma, Sense(None, "", (thing, s.complements[0]), (Literal(fact.predicate, ("o", "q")),))
                )


def _changes(lexicon: Lexicon) -> None:
    """``the door opens`` and ``the plate breaks`` make it open and broken."""
    participles = {pp: lemma for lemma, (_, pp) in (*IRREGULAR.items(), ("break", ("broke", "broken")))}
    for word, meaning in list(lexicon.adjectives.items()):
        lemma = word if word in lexicon.senses else participles.get(word)
        if lemma is None and word.endswith("ed") and len(word) > 4:
            lemma = next(iter(lemmas_of_gerund(word[:-2] + "ing")), None)
        if lemma is not None and " " not in lemma:
            lexicon.add_verb(lemma, Sense(None, "", (), meaning))
