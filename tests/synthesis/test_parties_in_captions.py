"""Who does it, to whom, and how many of them."""

from __future__ import annotations

import pytest

from nesy.synthesis.base import Domain
from tests.synthesis.test_denials_in_captions import HOME, check, reading

CAPTIONS = {
    "The ball, kicked by the man, is watched by the dog.": (
        "exists b: ball, m: man, d: dog { eventually (watching(d, b) and once kicking(m, b)) }"
    ),
    "The ball kicked by the man is watched by the dog.": (
        "exists b: ball, m: man, d: dog { eventually (watching(d, b) and once kicking(m, b)) }"
    ),
    "The man eats and the woman, smiling, watches him.": (
        "exists m: man, w: woman { eating(m) then watching(w, m) and smiling(w) }"
    ),
    "The dog, running, barks.": "exists d: dog { eventually (barking(d) and running(d)) }",
    "The woman starts eating once the child sits.": "exists w: woman, c: child { sitting(c) then eating(w) }",
    "Both a cat and a dog are running.": "exists c: cat, d: dog { eventually (running(c) and running(d)) }",
    "Both dogs are running.": "exists d: dog, e: dog { d != e and eventually (running(d) and running(e)) }",
    "Every child kicks a ball.": "forall c: child { eventually exists b: ball { kicking(c, b) } }",
    "Each cup is held by a man.": "forall c: cup { eventually exists m: man { holding(m, c) } }",
    "Every dog chases a cat and barks.": "forall d: dog { eventually exists c: cat { chasing(d, c) } }",
    "Hardly ever does the man smile.": "exists m: man { eventually smiling(m) }",
}


@pytest.mark.parametrize("caption", CAPTIONS)
def test_who_does_it(caption: str):
    check(caption, CAPTIONS[caption], HOME)


def test_a_common_verb_is_no_slip_of_another_one():
    found = reading("The man walks without waking the dog.", Domain(("man", "dog"), ("walking",), ()))
    assert found.formula is not None and not any("was read as" in n for n in found.notes)
