"""Words to a domain's names: found by named steps, never by guessing between two."""

from __future__ import annotations

import pytest

from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.synthesis.lemmas import lemmas
from nesy.synthesis.normalize import Normaliser

DOMAIN = Signature.of(
    classes=["person", "dog", "cell_phone", "woman"],
    unary=["running", "jumping", "asleep"],
    binary=["picking_up", "next_to", "looking_at", "on", "touching"],
)


@pytest.mark.parametrize(
    ("word", "arity", "name", "how"),
    [
        ("running", 1, "running", "spelling"),
        ("Running", 1, "running", "spelling"),
        ("is running", 1, "running", "spelling"),
        ("ran", 1, "running", "inflection"),
        ("runs", 1, "running", "inflection"),
        ("jumped", 1, "jumping", "inflection"),
        ("leapt", 1, "jumping", "synonym"),
        ("sleeping", 1, "asleep", "synonym"),
        ("picks up", 2, "picking_up", "inflection"),
        ("lifted", 2, "picking_up", "synonym"),
        ("pickingUp", 2, "picking_up", "spelling"),
        ("beside", 2, "next_to", "synonym"),
        ("watches", 2, "looking_at", "synonym"),
        ("hugging", 2, "touching", "wider word"),
        ("people", None, "person", "inflection"),
        ("boy", None, "person", "wider word"),
        ("puppies", None, "dog", "wider word"),
        ("lady", None, "woman", "synonym"),
        ("mobile phone", None, None, ""),
        ("phone", None, "cell_phone", "synonym"),
        ("flying", 1, None, ""),
        ("running", 2, None, ""),
        ("", 1, None, ""),
        ("!!", 2, None, ""),
    ],
)
def test_find(word: str, arity: int | None, name: str | None, how: str):
    found = Normaliser(DOMAIN).find(word, arity)
    assert (found and found.name) == name and (found is None or found.how == how)


def test_two_candidates_decide_nothing():
    both = Signature.of(binary=["holding", "gripping"])
    assert Normaliser(both).find("clutches", 2) is None


def test_a_wider_word_never_stands_under_a_negation():
    normaliser = Normaliser(DOMAIN)
    positive, mapped = normaliser.apply(parse_formula("exists b: boy, d: dog { eventually hugging(b, d) }"))
    assert to_text(positive) == "exists b: person, d: dog { eventually touching(b, d) }"
    assert [m.how for m in mapped] == ["wider word", "wider word"] or {m.how for m in mapped} == {"wider word"}
    denied = parse_formula("exists b: person, d: dog { always not hugging(b, d) }")
    assert normaliser.apply(denied) == (denied, ())


def test_apply_renames_classes_and_predicates_and_records_each_once():
    f = parse_formula("exists p: human, d: dog { next_to(p, d) and ran(d) then lifted(p, d) then ran(d) }")
    g, mapped = Normaliser(DOMAIN).apply(f)
    assert to_text(g) == (
        "exists p: person, d: dog { next_to(p, d) and running(d) then picking_up(p, d) then running(d) }"
    )
    assert sorted(m.word for m in mapped) == ["human", "lifted", "ran"]


def test_a_known_name_with_wrong_arguments_stays():
    f = parse_formula("exists d: dog { eventually running(d, d) }")
    assert Normaliser(DOMAIN).apply(f) == (f, ())


def test_an_encoder_is_asked_last():
    asked = []

    def similarity(phrase, names):
        asked.append(phrase)
        return [0.9 if n == "looking at" else 0.1 for n in names]

    normaliser = Normaliser(DOMAIN, similarity)
    assert normaliser.find("lifts", 2).how == "synonym" and asked == []
    assert str(normaliser.find("ogling", 2)) == "`ogling` was read as `looking_at` (meaning)"
    assert asked == ["ogling"]


def test_lemmas():
    assert {"run"} <= lemmas("running") and {"make"} <= lemmas("making") and {"carry"} <= lemmas("carried")
    assert "person" in lemmas("people") and "lie" in lemmas("lying") and "knife" in lemmas("knives")
    assert "grass" in lemmas("grass") and "gras" not in lemmas("grass")
