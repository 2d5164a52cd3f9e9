"""Who does it: subjects of several parties behind another clause, and pronouns in front of what they stand for."""

from __future__ import annotations

import pytest

from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.synthesis import extractors
from nesy.synthesis.base import Domain
from tests.synthesis.sampled import same_meaning

HOME = Domain(
    ("man", "woman", "dog", "cat", "ball", "box"),
    ("sitting", "running", "sleeping", "barking"),
    ("holding", "throwing", "chasing", "near"),
)
MDC = "exists m: man, d: dog, c: cat"

CAPTIONS = {
    # a joint subject behind a comma is none of the objects of the clause before
    "While the man sits, the dog and the cat run.": (
        f"{MDC} {{ eventually (sitting(m) and running(d) and running(c)) }}"
    ),
    "After the man sat, the dog and the cat ran.": f"{MDC} {{ sitting(m) then running(d) and running(c) }}",
    "The man sits, and the dog and the cat run.": f"{MDC} {{ sitting(m) then running(d) and running(c) }}",
    "As the woman sits, a dog, a cat and a man run.": (
        "exists w: woman, d: dog, c: cat, m: man {"
        " eventually (sitting(w) and running(d) and running(c) and running(m)) }"
    ),
    "The man sits, and the dog or the cat sleeps.": (
        "exists m: man { sitting(m) then (exists d: dog { sleeping(d) } or exists c: cat { sleeping(c) }) }"
    ),
    "The man runs, but neither the dog nor the cat sleeps.": (
        f"{MDC} {{ eventually running(m) and not eventually (sleeping(d) or sleeping(c)) }}"
    ),
    # parties of whom something is said before the verb comes
    "The dog and the cat, which is sleeping, run.": (
        "exists d: dog, c: cat { eventually (running(d) and running(c) and sleeping(c)) }"
    ),
    "The dog, which is barking, and the cat, which is sleeping, run.": (
        "exists d: dog, c: cat { eventually (running(d) and running(c) and sleeping(c)) and eventually barking(d) }"
    ),
    "The dog, who is barking, runs and the cat, which is sleeping, sits.": (
        "exists d: dog, c: cat { running(d) and barking(d) then sitting(c) and sleeping(c) }"
    ),
    "The man and the woman, running, hold the ball.": (
        "exists m: man, w: woman, b: ball { eventually (holding(m, b) and holding(w, b) and running(w)) }"
    ),
    # but of one subject the verb is singular
    "The man holds the ball, the box and the dog barks.": (
        "exists m: man, b: ball, x: box, d: dog { holding(m, b) and holding(m, x) then barking(d) }"
    ),
    "The man holds the ball, the box and the dog bark.": (
        "exists m: man, b: ball, x: box, d: dog { holding(m, b) then barking(x) and barking(d) }"
    ),
    # what follows a noun is said of that noun
    "There is a dog near the man who is running.": "exists d: dog, m: man { eventually (near(d, m) and running(m)) }",
    "There is a dog that is running.": "exists d: dog { eventually running(d) }",
    # one action of several under way, and the other one of two objects
    "The dog is running, barking and sitting.": (
        "exists d: dog { eventually (running(d) and barking(d) and sitting(d)) }"
    ),
    "The man does not hold the ball but the box.": (
        "exists m: man, b: ball, x: box { eventually holding(m, x) and not eventually holding(m, b) }"
    ),
    # one conjunction, several clauses; a comma that is missing
    "While the dog barks and the cat sleeps, the man runs.": (
        f"{MDC} {{ eventually (running(m) and barking(d) and sleeping(c)) }}"
    ),
    "The man runs while the dog barks and the cat sleeps.": (
        f"{MDC} {{ eventually (running(m) and barking(d) and sleeping(c)) }}"
    ),
    "While the man holds the ball the dog barks.": (
        "exists m: man, b: ball, d: dog { eventually (holding(m, b) and barking(d)) }"
    ),
    "The man sits, but first he runs.": "exists m: man { running(m) then sitting(m) }",
    "The man runs while the dog barks and sleeps.": "exists m: man, d: dog { eventually (running(m) and barking(d)) }",
    # a state has its objects at the same time
    "The man is near the dog and the cat.": f"{MDC} {{ eventually (near(m, d) and near(m, c)) }}",
    "The man throws the ball and the box.": ("exists m: man, b: ball, x: box { throwing(m, b) then throwing(m, x) }"),
    # the verb of the clause before, and whom a verb makes do something
    "The dog barks, but the cat does not.": (
        "exists d: dog, c: cat { eventually barking(d) and not eventually barking(c) }"
    ),
    "The dog barks while the cat does not.": "exists d: dog, c: cat { eventually (barking(d) and not barking(c)) }",
    "The man makes the dog bark.": "exists d: dog { eventually barking(d) }",
    "More than one dog barks.": "exists d: dog, e: dog { eventually (barking(d) and barking(e) and d != e) }",
    # a pronoun in front of what it stands for
    "While it is running, the dog barks.": "exists d: dog { eventually (running(d) and barking(d)) }",
    "After she sat, the woman ran.": "exists w: woman { sitting(w) then running(w) }",
    "Before he sits, the man holds the ball.": "exists m: man, b: ball { holding(m, b) then sitting(m) }",
    "Until it barks, the dog sleeps.": "exists d: dog { eventually (sleeping(d) and (sleeping(d) until barking(d))) }",
    # which it does not stand for where it does not fit, or where another one was spoken of
    "After she threw the ball, the man runs.": (
        "exists x, b: ball, m: man { throwing(x, b) and (man(x) or woman(x)) then running(m) }"
    ),
    "The cat sleeps. While it is running, the dog barks.": (
        "exists c: cat, d: dog { sleeping(c) then running(c) and barking(d) }"
    ),
}


@pytest.mark.parametrize(("caption", "spec"), CAPTIONS.items())
def test_who_does_it(caption: str, spec: str):
    (found,) = extractors["rules"](HOME, {}).extract([caption])
    assert found.formula is not None, found.reason
    assert same_meaning(found.formula, parse_formula(spec), HOME.classes), to_text(found.formula)
