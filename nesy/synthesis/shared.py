"""What the clauses of a caption have in common, and say only once: a subject, a verb, an auxiliary, a denial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from nesy.synthesis.clause import Clause

FRONTED = ("after", "before", "while", "when")


def complete(clauses: list[Clause], everyday: bool) -> list[Clause]:
    """The clauses with what each leaves unsaid because another says it."""
    if everyday:
        clauses = _existing(clauses)
    for a, b in pairwise(clauses):
        if everyday:
            _elided(a, b)
            _unclear(a, b)
            _share_passive(a, b)
        _share(a, b)
        _nobody(a, b)
    for a, b in pairwise(clauses):
        _control(a, b)
    _suppose(clauses)
    return clauses


def _existing(clauses: list[Clause]) -> list[Clause]:
    """``there is a cup on the table`` says of a cup where it is, ``there is a dog running`` what it does."""
    out: list[Clause] = []
    for c in clauses:
        before = out[-1] if out else None
        about_it = before is not None and before.there and not before.slots  # not "a dog near a man running"
        if before is not None and about_it and not c.subject and not c.link and c.verb.form == "ing":
            c.subject, c.beside, c.order, c.opens = before.subject, None, "", before.opens
            c.link, c.paused = before.link, before.paused
            out[-1] = c
            continue
        if c.verb.lemmas == ("be",) and not c.subject and c.slots and not c.slots[0].preposition:
            c.subject, c.there = c.slots.pop(0).phrases, True
        out.append(c)
    return out


def _share(a: Clause, b: Clause) -> None:
    """What ``b`` has in common with the clause before it: "tries to jump and land", "does not jump or walk"."""
    if b.verb.text.startswith("nor ") and not b.order and not b.subject and a.order in ("while", "without", "open"):
        b.order, b.word = a.order, a.word
    if b.opens or b.order or b.subject or b.link not in ("and", "or", ","):
        return
    if a.verb.form != b.verb.form:
        return
    if a.order == "open" and not a.paused:  # "because it jumped and fell"
        b.order, b.word = a.order, a.word
    if b.verb.form not in ("base", "ing"):
        return
    if a.verb.doubt:
        b.verb = replace(b.verb, doubt=a.verb.doubt)
    elif a.verb.negated and b.link == "or":
        b.verb, b.link = replace(b.verb, negated=not b.verb.negated), "and"
    elif a.verb.negated:
        b.faults.append("it is unclear whether this is denied as well")
    if a.order in ("without", "open", "relative") or (a.order == "while" and b.verb.negated):
        b.order, b.word = a.order, a.word


def _unclear(a: Clause, b: Clause) -> None:
    """``the man runs while the dog barks and sleeps``: one of the two does."""
    bare = b.link == "and" and not (b.subject or b.order or b.paused or b.opens) and b.verb.form != "ing"
    if bare and a.order in FRONTED and not a.opens and a.subject and a.subject[0].determiner != "pronoun":
        b.faults.append("it is unclear who does this")


def _elided(a: Clause, b: Clause) -> None:
    """``the man does not sit, but the child does``: the verb of the clause before is meant."""
    if b.verb.lemmas == ("do",) and b.subject and not b.slots and not b.particles and a.verb.lemmas != ("do",):
        b.verb = replace(a.verb, negated=b.verb.negated)
        b.slots, b.particles, b.directions = list(a.slots), list(a.particles), list(a.directions)


def _share_passive(a: Clause, b: Clause) -> None:
    """``is thrown by a man and caught by a dog``: the auxiliary serves both."""
    bare = not b.subject and not b.opens and b.verb.form in ("past", "pp") and not b.verb.passive
    if a.verb.passive and bare and not b.order and all(s.preposition for s in b.slots):
        b.verb = replace(b.verb, passive=True, form="pp")


def _control(a: Clause, b: Clause) -> None:
    """A participle in front has the subject of the main clause: "after climbing a ladder, a worm ..."."""
    dangling = (
        a.order in (*FRONTED, "without", "open") and (a.paused or a.opens) and a.verb.form == "ing" and not a.subject
    )
    if dangling and not b.opens and not b.order and len(b.subject) == 1 and (b.paused or not b.link):
        a.subject = list(b.subject)
        if b.subject[0].determiner in ("a", "one", "bare", "other") and b.subject[0].classes:
            b.subject = [replace(b.subject[0], determiner="the")]


def _nobody(a: Clause, b: Clause) -> None:
    """``nobody sits and smiles`` denies that both are so of one person, which the clauses apart do not say."""
    if any(p.determiner == "no" for p in a.subject) and not b.subject and not b.order and not b.opens:
        a.faults.append("it is unclear how much is denied")
        b.faults.append("it is unclear how much is denied")


def _suppose(clauses: Sequence[Clause]) -> None:
    """Whatever shares a sentence with *if* is only supposed."""
    sentence: list[Clause] = []
    for clause in [*clauses, None]:
        if clause is None or clause.opens:
            if any(c.word in ("if", "unless") for c in sentence):
                for c in sentence:
                    c.faults.append("it is only supposed")
            sentence = []
        if clause is not None:
            sentence.append(clause)
