"""When things happen: in one frame, one after the other, or in an order that the caption leaves open."""

from __future__ import annotations

import pytest

from tests.synthesis.test_denials_in_captions import GAME, HOME, check, reading

MD = "exists m: man, d: dog"
HOME_CAPTIONS = {
    # one frame
    "The cat sleeps; meanwhile, the dog runs.": "exists c: cat, d: dog { eventually (sleeping(c) and running(d)) }",
    "The man eats and the dog barks at the same time.": f"{MD} {{ eventually (eating(m) and barking(d)) }}",
    "Simultaneously, the man eats and the dog barks.": f"{MD} {{ eventually (eating(m) and barking(d)) }}",
    "The man kicks a ball and a cup simultaneously.": (
        "exists m: man, b: ball, c: cup { eventually (kicking(m, b) and kicking(m, c)) }"
    ),
    # a cause is not later than its effect
    "The dog barks because the cat was chasing it.": (
        "exists d: dog, c: cat { eventually (barking(d) and once chasing(c, d)) }"
    ),
    "Because the cat runs, the dog barks.": "exists c: cat, d: dog { eventually (barking(d) and once running(c)) }",
    "The child has been crying since the dog barked.": (
        "exists c: child, d: dog { eventually (crying(c) and once barking(d)) }"
    ),
    # no order
    "A cat chases a dog that chases a man.": (
        "exists c: cat, d: dog, m: man { eventually chasing(c, d) and eventually chasing(d, m) }"
    ),
    "The dog runs, whereas the cat sleeps.": (
        "exists d: dog, c: cat { eventually running(d) and eventually sleeping(c) }"
    ),
    "Although the man eats, he smiles.": "exists m: man { eventually eating(m) and eventually smiling(m) }",
    # tense and adverb say when
    "The man feeds the dog, which barks afterwards.": f"{MD} {{ feeding(m, d) then barking(d) }}",
    "The woman who was walking sits.": "exists w: woman { walking(w) then sitting(w) }",
    "A man who was sitting stood.": "exists m: man { sitting(m) then standing(m) }",
    "The dog, chased by a cat, runs.": "exists d: dog, c: cat { eventually (running(d) and chasing(c, d)) }",
    "The child cries, kicked by a man.": "exists c: child, m: man { eventually (crying(c) and once kicking(m, c)) }",
    "The man smiles between walking and eating.": "exists m: man { walking(m) then smiling(m) then eating(m) }",
    "The cat sleeps before the dog barks and after the man eats.": (
        "exists c: cat, d: dog, m: man { eating(m) then sleeping(c) then barking(d) }"
    ),
    "The man smiles before having eaten.": "exists m: man { smiling(m) then eating(m) }",
    "Not until the dog barks does the man smile.": f"{MD} {{ barking(d) then smiling(m) }}",
    # all the time, as far as that goes
    "The man always smiles when the dog barks.": f"{MD} {{ always (barking(d) -> smiling(m)) }}",
    "The man stands the whole time until the dog barks.": f"{MD} {{ standing(m) until barking(d) }}",
    "The man stands the whole time, then sits.": "exists m: man { standing(m) then sitting(m) }",
    "Until the dog barks, the man sits.": f"{MD} {{ eventually (sitting(m) and sitting(m) until barking(d)) }}",
}
GAME_CAPTIONS = {
    "Two bees chase Mugen at the same time.": (
        "exists m: mugen, a: bee, b: bee { a != b and eventually (chasing(a, m) and chasing(b, m)) }"
    ),
    "Mugen collects a coin and a gem at once.": (
        "exists m: mugen, c: coin, g: gem { eventually (collecting(m, c) and collecting(m, g)) }"
    ),
    "Mugen falls, and meanwhile a bee chases him.": (
        "exists m: mugen, b: bee { eventually (falling(m) and chasing(b, m)) }"
    ),
    "Mugen dies because he jumped and touched the bee.": (
        "exists m: mugen, b: bee { eventually (dead(m) and once jumping(m) and once touching(m, b)) }"
    ),
    "Mugen is near the snail all the time.": "exists m: mugen, s: snail { always near(m, s) }",
    "Mugen stands still the entire time.": "exists m: mugen { always standing(m) }",
    "The bee that Mugen touched was chasing him.": "exists m: mugen, b: bee { eventually chasing(b, m) }",
    "Mugen collects a gem twice.": (
        "exists m: mugen, g: gem, h: gem { collecting(m, g) then "
        "collecting(m, h) and once (not collecting(m, g) and once collecting(m, g)) }"
    ),
}
LISTED = {  # between two commas of a list a clause belongs to the main clause behind it
    "The man eats, after feeding the dog, he smiles.": (
        "exists m: man, d: dog { eating(m) then feeding(m, d) then smiling(m) }"
    ),
    "The man eats, before smiling, he feeds the dog.": (
        "exists m: man, d: dog { eating(m) then feeding(m, d) then smiling(m) }"
    ),
    "The man eats, while smiling, he feeds the dog.": (
        "exists m: man, d: dog { eating(m) then feeding(m, d) and smiling(m) }"
    ),
}
NOTED = {
    "Only the woman smiles.": "`only`",
    "The man smiles before and after eating.": "`before`",
    "The man eats as if he were running.": "likened",
    "A man chases a dog that chases a cat.": "left open",
}


@pytest.mark.parametrize("caption", HOME_CAPTIONS)
def test_when_it_happens(caption: str):
    check(caption, HOME_CAPTIONS[caption], HOME)


@pytest.mark.parametrize("caption", LISTED)
def test_a_clause_in_a_list_goes_with_what_follows(caption: str):
    check(caption, LISTED[caption], HOME)


@pytest.mark.parametrize("caption", GAME_CAPTIONS)
def test_when_it_happens_in_a_world_with_a_main_character(caption: str):
    check(caption, GAME_CAPTIONS[caption], GAME)


@pytest.mark.parametrize("caption", NOTED)
def test_what_is_read_more_weakly_is_noted(caption: str):
    found = reading(caption, HOME)
    assert found.formula is not None and any(NOTED[caption] in n for n in found.notes), found
