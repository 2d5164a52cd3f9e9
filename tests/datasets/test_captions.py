from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest

from nesy.datasets.base import GroundTruth
from nesy.datasets.mugen import load_mugen
from nesy.datasets.platformer import phrases
from nesy.datasets.platformer.captions import Clause, auto_caption
from nesy.datasets.platformer.events import Event, extract
from nesy.datasets.platformer.level import DIFFICULTIES
from nesy.datasets.platformer.manual import manual_captions
from nesy.datasets.platformer.simulate import simulate
from nesy.datasets.platformer.truth import observe

NOUNS = re.compile(
    r"\b(gold |pink |wooden |purple |grey |red |green )?"
    r"(coin|gem|diamond|crate|box|ladder|snail|worm|mouse|mice|frog|slime|blob|bee|bat|monster|enemy)(s|es)?\b"
)
# what a clause of the template claims, read off its words and independently of the code that wrote it
CLAIMS = {
    "walks": "walking",
    "runs": "running",
    "stands": "standing",
    "jumps": "jumping",
    "falls": "falling",
    "lands": "landing",
    "climbs": "climbing",
    "turns around": "turning",
    "collects": "collecting",
    "stomps": "stomping",
    "killed by": "killing",
    "chased by": "chasing",
    "over a": "above",
    "under a": "below",
    "next to": "near",
    "past a": "near",
    "towards a": "approaching",
    "on a": "on",
    "touches": "touching",
    "turn on the shield": "shielded",
    "to the left": "facing_left",
    "to the right": "facing_right",
}


@pytest.fixture(scope="module")
def told() -> list[tuple[GroundTruth, list[Event], list[tuple[str, list[Clause]]]]]:
    """100 clips with their automatic caption first and their manual ones after it."""
    result = []
    for i in range(100):
        difficulty = DIFFICULTIES[("easy", "normal", "hard")[i % 3]]
        _, record = simulate(f"c/{i}", f"c/{i}", difficulty, 24, 8)
        _, truth, _ = observe(record, 64, str(i))
        events = extract(truth, record.vx[:, 0], record.box[:, 0, 1])
        rng = Random(i)
        result.append((truth, events, [auto_caption(events, truth, rng), *manual_captions(events, truth, rng)]))
    return result


def true_at(truth: GroundTruth, atom: tuple[str, ...], frame: int) -> bool:
    """Looked up in the arrays, without the code under test."""
    name = atom[0].split()[-1]
    where = tuple(int(a) for a in atom[1:])
    if len(where) == 1:
        value = truth.unary[frame, where[0], truth.vocabulary.unary.index(name)]
    else:
        value = truth.binary[frame, where[0], where[1], truth.vocabulary.binary.index(name)]
    return bool(value) != atom[0].startswith("not ")


def test_captions_are_true_and_in_order(told: list) -> None:
    for truth, _, captions in told:
        for text, clauses in captions:
            assert text and clauses
            frames = [c.frame for c in clauses]
            assert all(a < b for a, b in itertools.pairwise(frames)), text
            for clause in clauses:
                for atom in clause.atoms:
                    assert true_at(truth, atom, clause.frame), (text, clause)


def test_automatic_clauses_claim_what_their_words_say(told: list) -> None:
    seen = set()
    for truth, _, captions in told:
        text, clauses = captions[0]
        assert text == "Mugen " + ", and ".join(c.text for c in clauses) + "."
        for clause in clauses:
            claimed = {a[0] for a in clause.atoms}
            for words, predicate in CLAIMS.items():
                if words in clause.text and not (words == "on a" and "stomps" in clause.text):
                    assert predicate in claimed, clause
                    seen.add(predicate)
            named = {truth.vocabulary.classes[int(truth.classes[int(i)])] for a in clause.atoms for i in a[1:]}
            assert set(NOUNS.findall(clause.text)) == {("", n, "") for n in named - {"mugen"}}, clause
    assert seen >= set(CLAIMS.values()) - {"touching"}


def test_events_are_maximal_runs_of_their_atoms(told: list) -> None:
    for truth, events, _ in told:
        for e in events:
            inside = [all(true_at(truth, a, f) for a in e.atoms) for f in range(len(truth.unary))]
            assert all(inside[e.start : e.end])
            assert e.start == 0 or not inside[e.start - 1]
            assert e.end == len(inside) or not inside[e.end]


def test_automatic_captions_tell_several_events(told: list) -> None:
    lengths = [len(captions[0][1]) for _, _, captions in told]
    assert np.mean(lengths) >= 4.5 and np.mean([n >= 3 for n in lengths]) > 0.9


def test_there_are_over_200_ways_to_say_it(told: list) -> None:
    """Whole captions after replacing object nouns, and the shorter stretches between commas and full stops."""
    texts = [text.lower().rstrip(".") for _, _, captions in told for text, _ in captions[1:]]
    patterns = {NOUNS.sub("X", t) for t in texts}
    assert len(patterns) >= 0.9 * len(texts) and len(texts) > 100
    clauses = {NOUNS.sub("X", part.strip()) for t in texts for part in re.split(r"[,.;]| and | then | -> ", t)}
    assert len(clauses) >= 200, len(clauses)


def test_manual_captions_leave_things_out_and_vary(told: list) -> None:
    ratio = np.mean([len(m[1]) for _, _, c in told for m in c[1:]]) / np.mean([len(c[0][1]) for _, _, c in told])
    assert 0.5 < ratio < 0.85
    together = " ".join(t.lower() for _, _, captions in told for t, _ in captions[1:])
    for words in ("before", "after", "while", "then", "it ", "he ", "she ", "a few", "another", "the alien"):
        assert words in together, words


@pytest.mark.parametrize("phrase", sorted({x for group in phrases.PHRASES.values() for x in group}))
def test_every_phrase_can_be_inflected(phrase: str) -> None:
    third, past, gerund = (phrases.inflect(phrase, form) for form in range(3))
    assert len({third, past, gerund}) == 3
    assert re.match(r"[a-z]+ing\b", gerund.replace("{", " {"))
    assert third.count("{") == phrase.count("{")


def test_clauses_on_disk_hold_in_the_loaded_truth(made: Path) -> None:
    for clip in load_mugen(made).clips:
        scene = json.loads((made / "video_metadata" / f"{clip.id}.json").read_text())["nesy"]
        assert clip.truth is not None and len(scene["clauses"]) == len(clip.captions)
        index = {name: str(i) for i, name in enumerate(clip.tracks.ids)}
        for clauses in scene["clauses"]:
            for clause in clauses:
                for name, *ids in clause["atoms"]:
                    assert true_at(clip.truth, (name, *(index[i] for i in ids)), clause["frame"])
