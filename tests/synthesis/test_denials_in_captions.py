"""What a caption denies, and how far: never more than it says."""

from __future__ import annotations

import pytest

from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.synthesis import extractors
from nesy.synthesis.base import Domain
from tests.synthesis.sampled import same_meaning

HOME = Domain(
    ("man", "woman", "child", "dog", "cat", "ball", "cup", "table"),
    ("sitting", "walking", "running", "sleeping", "barking", "smiling", "standing", "crying", "eating", "open"),
    ("holding", "on", "chasing", "feeding", "kicking", "watching"),
)
GAME = Domain(
    ("mugen", "coin", "gem", "snail", "worm", "bee", "crate"),
    ("walking", "running", "standing", "jumping", "falling", "dead"),
    ("on", "near", "collecting", "stomping", "killing", "chasing", "touching"),
)
MD = "exists m: man, d: dog"

HOME_CAPTIONS = {
    # up to, from, and during what it is denied
    "The child doesn't smile until the dog barks.": "exists c: child, d: dog { not smiling(c) until barking(d) }",
    "Until the dog barks, the man does not walk.": f"{MD} {{ not walking(m) until barking(d) }}",
    "The dog is not barking before the man sits.": f"{MD} {{ not barking(d) until sitting(m) }}",
    "No dog barks before the man sits.": "exists m: man { not exists d: dog { barking(d) } until sitting(m) }",
    "The man never eats after sitting.": "exists m: man { eventually (sitting(m) and not next eventually eating(m)) }",
    "After sitting, the man never eats.": "exists m: man { eventually (sitting(m) and not next eventually eating(m)) }",
    "The cat has not slept since the dog barked.": (
        "exists c: cat, d: dog { eventually (barking(d) and not next eventually sleeping(c)) }"
    ),
    "The woman does not smile while she is eating.": (
        "exists w: woman { eventually eating(w) and not eventually (eating(w) and smiling(w)) }"
    ),
    "The dog doesn't sleep or run until the man sits.": (
        f"{MD} {{ not sleeping(d) until sitting(m) and not running(d) until sitting(m) }}"
    ),
    "The man sits; he does not eat afterwards.": (
        "exists m: man { eventually (sitting(m) and not next eventually eating(m)) }"
    ),
    # a denial beside a positive clause is one of its frame
    "The man smiles while neither walking nor sitting.": (
        "exists m: man { eventually (smiling(m) and not walking(m) and not sitting(m)) }"
    ),
    "While not sitting, the woman eats.": "exists w: woman { eventually (eating(w) and not sitting(w)) }",
    "The man eats. Meanwhile, the dog does not bark.": f"{MD} {{ eventually (eating(m) and not barking(d)) }}",
    # before it, and perhaps not after it
    "The man sits without having eaten.": "exists m: man { not eating(m) until sitting(m) }",
    "The man walks, not having smiled.": "exists m: man { not smiling(m) until walking(m) }",
    # a denial in front of its verb
    "At no time is the child crying.": "exists c: child { not eventually crying(c) }",
    "Neither the dog nor the man smiles.": f"{MD} {{ not eventually (smiling(d) or smiling(m)) }}",
    "The man is holding neither the ball nor the cup.": (
        "exists m: man, b: ball, c: cup { not eventually (holding(m, b) or holding(m, c)) }"
    ),
    "Never does the dog run.": "exists d: dog { not eventually running(d) }",
    "The man sits, and at no point does he eat.": (
        "exists m: man { eventually sitting(m) and not eventually eating(m) }"
    ),
    "Rather than walking, the man runs.": "exists m: man { eventually running(m) and not eventually walking(m) }",
    "The man kicks the dog but the dog does not chase him.": (
        f"{MD} {{ eventually kicking(m, d) and not eventually chasing(d, m) }}"
    ),
    "The man watches the woman but she does not watch him.": (
        "exists m: man, w: woman { eventually watching(m, w) and not eventually watching(w, m) }"
    ),
}
GAME_CAPTIONS = {
    "Mugen dies without having collected a gem.": (
        "exists m: mugen { (not exists g: gem { collecting(m, g) }) until dead(m) }"
    ),
    "Mugen will not collect the gem until the worm is dead.": (
        "exists m: mugen, g: gem, w: worm { not collecting(m, g) until dead(w) }"
    ),
    "Instead of walking, Mugen runs.": "exists m: mugen { eventually running(m) and not eventually walking(m) }",
    "Mugen touches the snail, then jumps without touching it.": (
        "exists m: mugen, s: snail { touching(m, s) then jumping(m) and not touching(m, s) }"
    ),
    "Mugen kills the worm, not by running.": "exists m: mugen, w: worm { eventually stomping(m, w) }",
}
DECLINED = (
    "The woman holds the cup the whole time, except when she eats.",
    "Nobody except the man smiles.",
    "All the dogs but one run.",
    "The man never eats without sitting.",
    "Nobody sits and smiles.",
    "The dog does not bark twice.",
    "The dog does not run quickly.",
    "The dog does not bark at the committee.",
    "The child does not cry until the end.",
    "After the meal, the man never smiles.",
    "The child does not cry until it is tired.",
    "The man always smiles before the dog barks.",
)


def reading(caption: str, domain: Domain):
    return extractors["rules"](domain, {}).extract([caption])[0]


def check(caption: str, meaning: str, domain: Domain) -> None:
    found = reading(caption, domain)
    assert found.formula is not None, found
    assert same_meaning(found.formula, parse_formula(meaning), domain.classes), to_text(found.formula)


@pytest.mark.parametrize("caption", HOME_CAPTIONS)
def test_a_denial_goes_as_far_as_the_caption_says(caption: str):
    check(caption, HOME_CAPTIONS[caption], HOME)


@pytest.mark.parametrize("caption", GAME_CAPTIONS)
def test_a_denial_in_a_world_with_a_main_character(caption: str):
    check(caption, GAME_CAPTIONS[caption], GAME)


@pytest.mark.parametrize("caption", DECLINED)
def test_a_denial_that_cannot_be_said_is_declined(caption: str):
    found = reading(caption, HOME)
    assert found.formula is None and found.reason and found.notes
