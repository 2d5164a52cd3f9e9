"""What words mean in a domain: nouns to classes, verbs and prepositions to facts.

A lexicon joins two sources. The names of the domain speak for themselves: ``walking`` gives the verb *walk*, a binary
predicate ``chasing`` the transitive verb *chase*, ``above`` the preposition, ``snail`` the noun. Tables of synonyms
(:mod:`nesy.synthesis.platformer`) add what people write instead; an entry that needs a name that the domain lacks is
left out, so that no formula can mention an unknown name.

A *sense* of a verb is written as ``"character V over|above any"``: the sort of the subject, the verb, an optional
particle (``+up``), then complements, each a sort behind the prepositions that may introduce it (none for a direct
object). Its meaning is a list of literals over the roles ``s`` (subject), ``o`` and ``q`` (complements) and ``p`` (the
main character of the domain): ``"jumping(s) above(s,o)"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nesy.errors import NesyError
from nesy.synthesis.base import Domain
from nesy.synthesis.english import ATTEMPTS, ENDS, FAILURES, PHASES, PREPOSITIONS, words
from nesy.synthesis.morphology import Tag, lemmas_of_gerund, plural, verb_forms

COMMON = words(
    "walk run jump sit stand sleep eat drink play dance sing cry laugh smile fall fly swim crawl climb bark talk wave "
    "clap spin roll move turn lie kneel bend stretch jog hop rest work drive ride throw catch skate ski surf shout "
    "scream wait speak point nod shake sweep cook read write paint draw yawn sneeze cough blink breathe exercise stop "
    "start leave enter exit hide fight slip trip bounce float sink dive melt burn boil break land chew sniff lick bite "
    "meow growl hug kiss hold carry push pull kick hit touch pick put take give open close wash clean cut cover chase "
    "follow watch look feed pet pass press squeeze wear use lean toss drop lift pour wipe"
)
"""Verbs that a unary predicate may be named after in their base form; any other such name is an adjective."""

STATES = words("open close clean cover")
"""Those that name a state rather than an action when they are unary: ``open(d)``."""

PLACES = words("next close adjacent left right far front part same attached parallel bigger smaller")
"""How names of places begin that are no preposition."""

PHRASAL = frozenset({"up", "down", "off", "out", "away"})
"""Particles that a name such as ``picking_up`` takes from its verb."""

Sort = frozenset[str] | None
"""The classes that can fill a role; None is any class. Words outside the classes (``#shield``) can be sorts as well."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A fact over roles, or its negation."""

    predicate: str
    roles: tuple[str, ...]
    positive: bool = True


@dataclass(frozen=True, slots=True)
class Complement:
    """What a sense asks for behind the verb: one of ``prepositions`` (the empty one for a direct object) and a sort."""

    prepositions: frozenset[str]
    sort: Sort


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a verb; ``meaning`` may be empty, and then only what modifies the verb says something."""

    subject: Sort
    particle: str
    complements: tuple[Complement, ...]
    meaning: tuple[Literal, ...]

    @property
    def detail(self) -> int:
        """How much the sense asks for: of several that fit, the most detailed is meant."""
        named = sum(c.sort is not None for c in self.complements)
        return 4 * len(self.complements) + 2 * bool(self.particle) + named + (self.subject is not None)


@dataclass(frozen=True, slots=True)
class Modifier:
    """What a preposition with its noun adds to the fact of its verb.

    after: only beside one of these predicates; empty beside every one.
    """

    complement: Complement
    meaning: tuple[Literal, ...]
    after: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tables:
    """Synonyms by hand, see the module's head for the notation.

    sorts: name of a sort to its classes. nouns: class, sort or ``#word`` to words. verbs: (verbs, pattern, meaning).
    prepositions: (prepositions, sort, meaning, predicates that it goes with). adjectives: word to meaning.
    directions: ``left`` and ``right`` to meaning; oriented: the sort of subjects that have one; directed: the
    predicates that a direction goes with.
    exclusive: groups of predicates of which an object has at most one in a frame.
    orders: captions are orders to the hero (nesy.synthesis.orders). needs: names without which the table is not meant.
    results: predicates that, said right behind an event, hold in its frame: ``takes a gem and gets a shield``.
    """

    hero: str
    sorts: Mapping[str, tuple[str, ...]]
    nouns: Mapping[str, str]
    verbs: tuple[tuple[str, str, str], ...]
    prepositions: tuple[tuple[str, str, str, str], ...]
    adjectives: Mapping[str, str]
    directions: Mapping[str, str]
    oriented: str
    directed: str
    results: str
    exclusive: tuple[str, ...] = ()
    orders: bool = False
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Noun:
    """A word for things: the classes that it can mean; ``#shield`` and the like stand for what is no object."""

    classes: frozenset[str]
    plural: bool = False


@dataclass
class Lexicon:
    """All words of a domain.

    hero: the class that captions are about, if the domain has one. nouns: by word or words, singular and plural.
    forms: inflected verb to (lemma, tag). senses: by lemma. agent: the classes of *someone*, people: of
    everybody who is not called *it*. animate: those, and animals. kinds: words for people of
    different kinds (man, woman). genders: ``m`` and ``f`` of such words.
    """

    domain: Domain
    hero: str | None = None
    nouns: dict[str, Noun] = field(default_factory=dict)
    forms: dict[str, list[tuple[str, Tag]]] = field(default_factory=dict)
    senses: dict[str, list[Sense]] = field(default_factory=dict)
    modifiers: dict[str, list[Modifier]] = field(default_factory=dict)
    adjectives: dict[str, tuple[Literal, ...]] = field(default_factory=dict)
    directions: dict[str, tuple[Literal, ...]] = field(default_factory=dict)
    oriented: Sort = None
    directed: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()
    exclusive: list[frozenset[str]] = field(default_factory=list)
    agent: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    animate: frozenset[str] = frozenset()
    kinds: dict[str, str] = field(default_factory=dict)
    genders: dict[str, str] = field(default_factory=dict)
    orders: bool = False

    @property
    def everyday(self) -> bool:
        """No main character: captions are read by the conventions of everyday English."""
        return self.hero is None

    def described(self, word: str) -> tuple[Literal, ...]:
        """What a word in front of a noun says of the object: ``broken``, ``spinning``."""
        if word in self.adjectives:
            return self.adjectives[word]
        for lemma, tag in self.forms.get(word, ()):
            if tag == "ing":
                for s in self.senses[lemma]:
                    if s.meaning and not s.complements and not s.particle:
                        return s.meaning
        return ()

    def add_verb(self, lemma: str, sense: Sense | None = None) -> None:
        """Make ``lemma`` known in all its forms, with one more sense if given."""
        if lemma not in self.senses:
            self.senses[lemma] = []
            for form, tag in verb_forms(lemma):
                self.forms.setdefault(form, []).append((lemma, tag))
        if sense is not None and sense not in self.senses[lemma]:
            self.senses[lemma].append(sense)

    def add_noun(self, word: str, classes: frozenset[str]) -> None:
        """Make a noun known in singular and plural."""
        self.nouns.setdefault(word, Noun(classes))
        self.nouns.setdefault(plural(word), Noun(classes, plural=True))

    def words(self) -> set[str]:
        """Every single word that the lexicon knows, inflected forms included."""
        phrases = [*self.nouns, *self.forms, *self.adjectives, *self.modifiers]
        return {w for phrase in phrases for w in phrase.split()}


def build(domain: Domain, tables: Iterable[Tables] = ()) -> Lexicon:
    """The lexicon of a domain: what its names say, and those entries of ``tables`` that it has the names for."""
    lexicon = Lexicon(domain)
    for table in tables:
        _add_tables(lexicon, table)
    _add_names(lexicon)
    if lexicon.everyday:
        from nesy.synthesis.everyday import add_everyday  # it needs this module

        add_everyday(lexicon)
    return lexicon


def _add_names(lexicon: Lexicon) -> None:
    domain = lexicon.domain
    covered = {x.predicate for senses in lexicon.senses.values() for sense in senses for x in sense.meaning}
    for name in domain.classes:
        lexicon.add_noun(name.replace("_", " ").lower(), frozenset({name}))
    for name in domain.unary:
        if name in covered:  # a table knows better who can do it
            continue
        word, *rest = name.lower().split("_")
        literal = (Literal(name, ("s",)),)
        lemmas = lemmas_of_gerund(word) or _base(lexicon, word, COMMON - STATES)
        for lemma in lemmas:
            lexicon.add_verb(lemma, Sense(None, " ".join(rest), (), literal))
        if not lemmas:
            lexicon.adjectives.setdefault(name.replace("_", " ").lower(), literal)
    for name in domain.binary:
        if name in covered and lemmas_of_gerund(name.split("_")[0]):
            continue
        word, *rest = name.lower().split("_")
        literal = (Literal(name, ("s", "o")),)
        verbal = word in COMMON and not rest  # close(a, b), against close_to(a, b)
        place = (
            word in PREPOSITIONS or (word in PLACES and not verbal) or name.replace("_", " ").lower() in PREPOSITIONS
        )
        lemmas = lemmas_of_gerund(word) or ([] if place else _base(lexicon, word))
        preposition = " ".join(rest)
        for lemma in lemmas:
            if preposition in PHRASAL:  # "picks up the cup", "picks the cup up"
                lexicon.add_verb(lemma, Sense(None, preposition, (Complement(frozenset({""}), None),), literal))
                if lemma in ("put", "set", "lay"):  # "puts the cup on the table"
                    lexicon.add_verb(lemma, Sense(None, "", (Complement(frozenset({""}), None),), literal))
            else:
                lexicon.add_verb(lemma, Sense(None, "", (Complement(frozenset({preposition}), None),), literal))
        if not lemmas:
            phrase = name.replace("_", " ").lower()
            known = lexicon.modifiers.setdefault(phrase, [])
            modifier = Modifier(Complement(frozenset({phrase}), None), literal)
            if not known:
                known.append(modifier)
    ends = ENDS if lexicon.everyday else ()
    for lemma in ("be", "get", "do", "have", "make", *PHASES, *FAILURES, *ATTEMPTS, *ends):
        lexicon.add_verb(lemma)
    lexicon.add_verb("be", Sense(None, "", (), ()))


def _base(lexicon: Lexicon, word: str, known: frozenset[str] | None = None) -> list[str]:
    """The verb behind a name such as ``hold`` or ``holds``, in everyday domains; one of ``known`` if given."""
    if not lexicon.everyday or not word.isalpha():
        return []
    single = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
    found = [w for w in (word, single) if w in (COMMON if known is None else known)]
    return found[:1] or ([single] if known is None else [])


def _add_tables(lexicon: Lexicon, t: Tables) -> None:
    domain = lexicon.domain
    if t.hero in domain.classes:
        lexicon.hero, lexicon.orders = t.hero, t.orders
    sorts: dict[str, Sort] = {"any": None}
    for name, members in t.sorts.items():
        sorts[name] = frozenset(c for c in members if c in domain.classes)
    for target, listed in t.nouns.items():
        classes = sorts.get(target) or frozenset(c for c in (target,) if c in domain.classes or c[0] == "#")
        if target.startswith("#"):
            sorts[target] = classes
        if classes:
            for word in listed.split():
                lexicon.add_noun(word.replace("~", " "), classes)
    for verbs, pattern, meaning in t.verbs:
        sense = _sense(pattern, _literals(meaning), sorts)
        for verb in verbs.split():
            lexicon.add_verb(verb, sense if _known(sense.meaning, domain) and _possible(sense) else None)
    for prepositions, sort, meaning, after in t.prepositions:
        literals = _literals(meaning)
        for phrase in prepositions.split():
            phrase = phrase.replace("~", " ")
            modifier = Modifier(Complement(frozenset({phrase}), sorts[sort]), literals, frozenset(after.split()))
            entry = lexicon.modifiers.setdefault(phrase, [])
            if _known(literals, domain) and sorts[sort] != frozenset():
                entry.append(modifier)
    for word, meaning in t.adjectives.items():
        if _known(_literals(meaning), domain):
            lexicon.adjectives[word] = _literals(meaning)
    for side, meaning in t.directions.items():
        if _known(_literals(meaning), domain):
            lexicon.directions[side] = _literals(meaning)
    lexicon.oriented = sorts[t.oriented]
    lexicon.directed |= frozenset(t.directed.split())
    lexicon.results |= frozenset(t.results.split())
    lexicon.exclusive += [frozenset(group.split()) for group in t.exclusive]


def _known(meaning: tuple[Literal, ...], domain: Domain) -> bool:
    return all(domain.arity(x.predicate) == len(x.roles) for x in meaning)


def _possible(sense: Sense) -> bool:
    return frozenset() not in (sense.subject, *(c.sort for c in sense.complements))


LITERAL = re.compile(r"(not\s+)?(\w+)\(([\w,\s]+)\)")


def _literals(text: str) -> tuple[Literal, ...]:
    """``"not shielded(p) touching(s,o)"`` as literals."""
    found = LITERAL.findall(text)
    if LITERAL.sub("", text).strip():
        raise NesyError(f"a lexicon entry has a meaning that does not parse: {text!r}")
    return tuple(Literal(name, tuple(r.strip() for r in roles.split(",")), not neg) for neg, name, roles in found)


def _sense(pattern: str, meaning: tuple[Literal, ...], sorts: Mapping[str, Sort]) -> Sense:
    """``"character V +up over|above any"`` as a sense."""
    subject, verb, *rest = pattern.split()
    if verb != "V" or subject not in sorts:
        raise NesyError(f"a lexicon entry has a pattern that does not parse: {pattern!r}")
    particle = ""
    complements: list[Complement] = []
    prepositions = frozenset({""})
    for part in rest:
        if part.startswith("+"):
            particle = part[1:]
        elif part in sorts:
            complements.append(Complement(prepositions, sorts[part]))
            prepositions = frozenset({""})
        else:
            prepositions = frozenset("" if p == "-" else p.replace("~", " ") for p in part.split("|"))
            unknown = prepositions - {""} - PREPOSITIONS
            if unknown:
                raise NesyError(f"a lexicon entry uses {sorted(unknown)} as prepositions: {pattern!r}")
    return Sense(sorts[subject], particle, tuple(complements), meaning)
