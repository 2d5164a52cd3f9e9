"""Captions as people write them: paraphrased, shortened, merged, reordered with before and after, and a bit careless.

A quarter of the told events is left out. What is said stays true: every clause keeps its atoms and a witness frame, and
the witnesses of a caption's clauses rise in the order in which the text says that things happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from nesy.datasets.base import GroundTruth
from nesy.datasets.platformer import phrases as p
from nesy.datasets.platformer.captions import Clause, choose
from nesy.datasets.platformer.events import Atom, Event, conjunction
from nesy.datasets.platformer.vocabulary import MONSTERS

OMITTED = 0.25
TYPO = 0.07


@dataclass(slots=True)
class Said:
    """One event in words: a verb phrase with its verb first, what it claims, and when."""

    event: Event
    phrase: str
    facts: list[tuple[tuple[Atom, ...], int]]  # (atoms, witness frame), rising
    tail: str = ""  # says itself in the third person or past: "and gets a shield"


@dataclass(slots=True)
class Writer:
    """One imaginary annotator: tense, names and habits hold for a whole caption."""

    truth: GroundTruth
    rng: Random
    past: bool = False
    name: str = "Mugen"
    pronoun: str = "it"
    mentioned: list[int] = field(default_factory=list)
    named: bool = False

    def noun(self, other: int) -> str:
        """``a snail``, ``the snail``, ``another snail``, ``one of the snails`` or, seldom, ``a monster``."""
        classes = self.truth.vocabulary.classes
        kind = classes[int(self.truth.classes[other])]
        alone = int((self.truth.classes == self.truth.classes[other]).sum()) == 1
        word = self.rng.choice(p.NOUNS.get(kind, (kind,)))
        twins = [o for o in self.mentioned if o != other and self.truth.classes[o] == self.truth.classes[other]]
        again = other in self.mentioned
        self.mentioned.append(other)
        if again and not twins:
            return f"the {word}"
        if not again and twins:
            return f"another {word}"
        if kind in MONSTERS and self.rng.random() < 0.03:
            return self.rng.choice(("a monster", "an enemy"))
        if alone:
            return f"the {word}" if self.rng.random() < 0.2 else f"a {word}"
        return f"one of the {_plural(word)}" if self.rng.random() < 0.08 else f"a {word}"

    def subject(self) -> str:
        if not self.named:
            self.named = True
            return self.name
        return self.pronoun if self.rng.random() < 0.75 else self.name[0].lower() + self.name[1:]

    def verb(self, said: Said, form: int | None = None) -> str:
        if form is None:
            form = 1 if self.past else 0
        e, text = said.event, p.inflect(said.phrase, form)
        side = self.rng.choice(p.SIDES).format(d=e.direction) if e.direction in ("left", "right") else ""
        if e.kind in ("walk", "run", "jump", "under", "towards", "past") and self.rng.random() < 0.25:
            side = ""
        if not side or "{side}" not in text:  # what is not said is not claimed
            said.facts = [(tuple(x for x in f if not x[0].startswith("facing")), at) for f, at in said.facts]
        noun = self.noun(e.other) if e.other is not None and "{a}" in text else ""
        return text.replace("{side}", side).replace("{a}", noun) + (said.tail if form != 2 else "")


def manual_captions(events: list[Event], truth: GroundTruth, rng: Random) -> list[tuple[str, list[Clause]]]:
    """One or two free captions of a clip, with the clauses behind them (in order of time)."""
    if not events:
        return []
    told = [_caption(events, truth, rng) for _ in range(rng.choice((1, 1, 2)))]
    return [(text, clauses) for text, clauses in told if clauses]


def _caption(events: list[Event], truth: GroundTruth, rng: Random) -> tuple[str, list[Clause]]:
    writer = Writer(truth, rng, rng.random() < 0.25, rng.choice(p.NAMES), rng.choice(p.PRONOUNS))
    told = choose(events, rng, most=6)
    kept = [e for e in told if rng.random() >= OMITTED] or told[:1]
    said = _merge(kept, truth, rng)
    if rng.random() < 0.1:
        text, clauses = _note(said, writer)
    else:
        text, clauses = _prose(said, writer)
    return _carelessly(text, rng), clauses


def _merge(told: list[Event], truth: GroundTruth, rng: Random) -> list[Said]:
    """Events to phrases; equal collections or jumps in a row become ``a few coins`` or ``jumps twice``."""
    result: list[Said] = []
    i = 0
    while i < len(told):
        e = told[i]
        group = [e]
        if e.kind in ("collect", "jump") and not e.shield:
            for later in told[i + 1 :]:
                same = later.kind == e.kind and not later.shield
                if same and e.other is not None and later.other is not None:
                    same = truth.classes[later.other] == truth.classes[e.other]
                if same:
                    group.append(later)
                elif later.kind not in ("walk", "run", "turn", "fall", "land", "stand"):
                    break
        if 1 < len(group) <= 3 and rng.random() < 0.6:
            i = told.index(group[-1]) + 1
            if e.kind == "jump":
                phrase = rng.choice(p.TIMES[len(group)])
            else:
                kind = truth.vocabulary.classes[int(truth.classes[e.other or 0])]
                some = rng.choice(p.FEW[len(group)]).replace("{n}", rng.choice(p.NOUNS[kind]))
                phrase = rng.choice(p.PHRASES["collect"]).replace("{a}", some)
            facts = [(tuple(a for a in g.atoms if not a[0].startswith("facing")), g.start) for g in group]
            result.append(Said(e, phrase, facts))
            continue
        result.append(_say(e, truth, rng))
        i += 1
    return result


def _say(e: Event, truth: GroundTruth, rng: Random) -> Said:
    key = e.kind
    if e.kind in ("under", "towards", "past"):
        key = f"{e.kind} {e.gait}"
    elif e.kind == "climb" and e.direction:
        key = f"climb {e.direction}"
    said = Said(e, rng.choice(p.PHRASES[key]), [(e.atoms, e.start)])
    me = next(a[-1] if a[0] in ("killing", "chasing") else a[1] for a in e.atoms)
    if e.kind == "collect" and e.shield and rng.random() < 0.7:
        atom = ("shielded" if e.shield == "on" else "not shielded", me)
        said.tail = rng.choice(p.SHIELD_ON if e.shield == "on" else p.SHIELD_OFF)
        said.facts = [((*e.atoms, atom), e.start)]
    elif e.kind in ("walk", "run", "stand", "climb", "jump") and rng.random() < 0.4:
        atoms = (*e.atoms, ("shielded", me))
        if conjunction(truth, atoms)[e.start]:
            said.tail, said.facts = rng.choice(p.SHIELDED), [(atoms, e.start)]
    return said


def _clauses(text: str, facts: list[tuple[tuple[Atom, ...], int]]) -> list[Clause]:
    return [Clause(text, atoms, frame) for atoms, frame in facts]


def _note(said: list[Said], w: Writer) -> tuple[str, list[Clause]]:
    """``walks right, grabs coin, then jumps``: no subject, hardly an article."""
    parts, clauses = [], []
    for s in said:
        text = w.verb(s)
        if w.rng.random() < 0.5:
            text = text.replace(" a ", " ")
        parts.append(text)
        clauses += _clauses(text, s.facts)
    return w.rng.choice((", ", ", then ", " -> ", "; ")).join(parts), clauses


def _prose(said: list[Said], w: Writer) -> tuple[str, list[Clause]]:
    rng = w.rng
    sentences: list[str] = []
    clauses: list[Clause] = []
    i = 0
    while i < len(said):
        rest = len(said) - i
        a = said[i]
        b = said[i + 1] if rest > 1 else None
        opener = rng.choice(p.OPENERS) if sentences else ""
        joint = _together(a, b, w.truth, clauses, said[i + 2] if rest > 2 else None) if b else None
        roll = rng.random()
        if b and joint and roll < 0.4:
            text = _while(a, b, w, opener)
            clauses += _clauses(text, [joint])
            i += 2
        elif b and roll < 0.22:
            text = _before_after(a, b, w, opener)
            clauses += _clauses(text, a.facts) + _clauses(text, b.facts)
            i += 2
        elif (
            a.event.kind in p.OTHER_LED
            and len(a.facts) == 1
            and not a.tail
            and roll > 0.75
            and a.event.other is not None
        ):
            text = _other_led(a, w, opener)
            clauses += _clauses(text, a.facts)
            i += 1
        else:
            count = min(rest, rng.choice((1, 2, 2, 3, 3, 4)))
            text = _list(said[i : i + count], w, opener, clauses)
            i += count
        sentences.append(text)
    if len(sentences) > 1 and rng.random() < 0.25:
        text = ", ".join([sentences[0], *(s[0].lower() + s[1:] for s in sentences[1:])])
        return text + ".", clauses
    return " ".join(
        s[0].upper() + s[1:] + "." if s[0].islower() and k else s + "." for k, s in enumerate(sentences)
    ), clauses


def _list(said: list[Said], w: Writer, opener: str, clauses: list[Clause]) -> str:
    subject = _lower_after(opener, w.subject())
    if not opener and w.rng.random() < 0.12 and w.named and clauses:
        subject += " then"
    text = f"{opener}{subject} "
    for k, s in enumerate(said):
        part = w.verb(s)
        if k:
            text += w.rng.choice(p.LAST_JOINS if k == len(said) - 1 else p.JOINS)
        text += part
        clauses += _clauses(part, s.facts)
    return text


def _while(a: Said, b: Said, w: Writer, opener: str) -> str:
    a.tail = b.tail = ""
    subject = w.subject()
    match w.rng.randrange(4):
        case 0:
            return f"While {w.verb(a, 2)}, {_lower(subject)} {w.verb(b)}"
        case 1:
            return f"{opener}{_lower_after(opener, subject)} {w.verb(b)} while {w.verb(a, 2)}"
        case 2:
            return f"As {_lower(subject)} {w.verb(a)}, {w.pronoun} {w.verb(b)}"
        case _:
            return f"{opener}{_lower_after(opener, subject)} {w.verb(a)} while {w.verb(b, 2)}"


def _before_after(a: Said, b: Said, w: Writer, opener: str) -> str:
    subject = w.subject()
    form = w.rng.randrange(4)
    for said, gerund in ((a, form < 2), (b, form >= 2)):
        if gerund and said.tail:  # the gerund leaves the tail out, and so must the claim
            said.facts, said.tail = [(said.event.atoms, said.facts[0][1])], ""
    match form:
        case 0:
            return f"After {w.verb(a, 2)}, {_lower(subject)} {w.verb(b)}"
        case 1:
            return f"{opener}{_lower_after(opener, subject)} {w.verb(b)} after {w.verb(a, 2)}"
        case 2:
            return f"{opener}{_lower_after(opener, subject)} {w.verb(a)} before {w.verb(b, 2)}"
        case _:
            return f"Before {w.verb(b, 2)}, {_lower(subject)} {w.verb(a)}"


def _other_led(a: Said, w: Writer, opener: str) -> str:
    present, past = w.rng.choice(p.OTHER_LED[a.event.kind])
    other = w.noun(a.event.other if a.event.other is not None else 0)
    named = w.pronoun if w.named else _lower(w.name)
    if "{s}" in present:
        w.named = True
    object_form = {"he": "him", "she": "her"}.get(named, named)
    text = (past if w.past else present).replace("{o}", other).replace("{s}", object_form)
    return f"{opener}{text}" if opener else text[0].upper() + text[1:]


def _together(
    a: Said, b: Said, truth: GroundTruth, before: list[Clause], after: Said | None
) -> tuple[tuple[Atom, ...], int] | None:
    """One frame at which both hold, later than all said before and earlier than what is said next."""
    if len(a.facts) > 1 or len(b.facts) > 1 or a.event.kind == b.event.kind:
        return None
    atoms = tuple(dict.fromkeys((*a.event.atoms, *b.event.atoms)))
    frames = conjunction(truth, atoms).nonzero()[0]
    low = before[-1].frame if before else -1
    high = after.facts[0][1] if after else len(truth.unary)
    return next(((atoms, int(f)) for f in frames if low < f < high), None)


def _lower(name: str) -> str:
    return name if name == "Mugen" else name[0].lower() + name[1:]


def _lower_after(opener: str, name: str) -> str:
    return _lower(name) if opener else name


def _plural(word: str) -> str:
    return word[:-5] + "mice" if word.endswith("mouse") else word + ("es" if word.endswith("x") else "s")


def _carelessly(text: str, rng: Random) -> str:
    """A missing full stop, a lower-case beginning, a lost comma, a slip of the fingers."""
    if rng.random() < 0.25:
        text = text.rstrip(".")
    if rng.random() < 0.12:
        text = text[0].lower() + text[1:]
    if rng.random() < 0.1:
        text = text.replace(",", "", 1)
    if rng.random() < TYPO:
        words = text.split(" ")
        long = [k for k, word in enumerate(words) if len(word) > 4 and word.isalpha()]
        if long:
            k = rng.choice(long)
            at = rng.randrange(1, len(words[k]) - 2)
            word = words[k]
            swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            words[k] = swapped if rng.random() < 0.5 else word[:at] + word[at + 1 :]
            text = " ".join(words)
    return text
