"""The prompt of a domain, its checked examples, and the conversation of answers and diagnostics."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.cli.app import run
from nesy.dsl.parser import parse_module
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.synthesis.dialogue import Judge, converse
from nesy.synthesis.fewshot import shots
from nesy.synthesis.normalize import Normaliser
from nesy.synthesis.prompt import Prompt, complaint, question
from nesy.synthesis.validation import Fault, validate
from nesy.synthesis.vocabulary import documented

SOURCE = """// who takes part
class person, dog
unary running // moving fast
unary asleep, barking
// how they stand to each other
binary near, chasing
predicate far(a, b: dog) // computed from boxes
"""
DOMAIN = documented(parse_module(SOURCE))
names = st.from_regex(r"[a-z]{2,6}(_[a-z]{2,4})?", fullmatch=True).filter(
    lambda n: (
        n not in ("not", "and", "or", "next", "once", "weak", "then", "true", "false", "at", "until", "always")
        and not validate_name(n)
    )
)


def validate_name(name: str) -> bool:
    """Whether a name cannot be used, for any reason that the language has."""
    return (
        isinstance(validate(f"exists q: {name} {{ true }}", Signature.of(classes=[name])), Fault) or name == "visible"
    )


def test_comments_document_the_names():
    assert DOMAIN.docs == {
        "person": "who takes part", "dog": "who takes part", "running": "moving fast",
        "near": "how they stand to each other", "chasing": "how they stand to each other", "far": "computed from boxes",
    }  # fmt: skip


def test_the_prompt_has_every_name_and_its_explanation():
    text = Prompt.of(DOMAIN).text("A dog sleeps.")
    for n in DOMAIN.names():
        assert n in text or n == "visible"
    assert "running: moving fast" in text and "far(a, b: dog)  computed from boxes" in text
    assert text.rstrip().endswith('Caption: "A dog sleeps."')


@settings(deadline=None, max_examples=50)
@given(
    st.lists(names, max_size=3, unique=True), st.lists(names, max_size=4, unique=True),
    st.lists(names, max_size=3, unique=True),
)  # fmt: skip
def test_examples_check_in_any_domain(classes: list[str], unary: list[str], binary: list[str]):
    unary = [u for u in unary if u not in classes]
    signature = Signature.of(
        classes=classes, unary=unary, binary=[b for b in binary if b not in classes and b not in unary]
    )
    for shot in shots(signature):
        checked = validate(shot.spec, signature)
        assert not isinstance(checked, Fault) and to_text(checked) == shot.spec
    if classes and len(unary) > 1:
        assert any(s.spec.count(" then ") == 1 for s in shots(signature))


def test_examples_show_order_negation_or_identity_and_counts():
    specs = " ".join(s.spec for s in shots(DOMAIN))
    for word in (" then ", " or ", "always not", "until", "x != y", "at least 3", "forall", "[0%, 50%]"):
        assert word in specs


def test_another_domain_or_wording_has_another_digest():
    one = Prompt.of(DOMAIN)
    assert one.digest == Prompt.of(DOMAIN).digest
    others = [Prompt.of(DOMAIN, examples=3), Prompt.of(DOMAIN, as_json=False), Prompt.of(Signature.of(classes=["cat"]))]
    assert len({p.digest for p in [one, *others]}) == 4


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_a_caption_cannot_end_its_quotation(caption: str):
    assert json.loads(question(caption).removeprefix("Caption: ")) == caption
    assert "\n" not in question(caption)


def test_show_prompt(tmp_path, capsys):
    (tmp_path / "d.dsl").write_text(SOURCE)
    assert run(["extract", "--spec", str(tmp_path / "d.dsl"), "--show-prompt"]) == 0
    said = capsys.readouterr().out
    assert Prompt.of(DOMAIN).digest in said and '{"spec": "exists x: person' in said and "<the caption>" in said


def answer_with(answers: list[str], tries: int = 3, normaliser: Normaliser | None = None):
    """The result of a conversation with a model that gives these answers, and all that it was sent."""
    talk = converse("A dog runs.", Prompt.of(DOMAIN), Judge(DOMAIN, normaliser), tries)
    sent = [next(talk)]
    for a in answers:
        try:
            sent.append(talk.send(a))
        except StopIteration as done:
            return done.value, sent
    raise AssertionError("it asks for more answers than there are")


GOOD = '{"spec": "exists d: dog { eventually running(d) }"}'
BAD = '{"spec": "exists d: dog { eventually flying(d) }"}'


def test_a_good_answer_is_accepted():
    result, sent = answer_with([GOOD])
    assert (result.status, result.raw, len(sent)) == ("accepted", GOOD, 1)


def test_the_diagnostic_goes_back_and_the_next_answer_counts():
    result, sent = answer_with([BAD, GOOD])
    assert result.status == "repaired" and result.reason == "first answer: an unknown predicate"
    assert sent[1][-2] == {"role": "assistant", "content": BAD}
    assert "unknown unary predicate `flying`" in sent[1][-1]["content"] and "^^^" in sent[1][-1]["content"]
    assert any(BAD in n for n in result.notes)


@pytest.mark.parametrize("tries", [1, 2, 4])
def test_tries_are_bounded(tries: int):
    result, sent = answer_with([BAD] * tries, tries)
    assert result.status == "rejected" and result.reason == "an unknown predicate" and len(sent) == tries
    assert result.raw == BAD and len(result.notes) == tries


def test_nothing_to_say_is_believed():
    result, sent = answer_with(['{"spec": null}'])
    assert result.status == "rejected" and result.reason == "nothing that the domain can say" and len(sent) == 1


def test_words_are_normalised_before_the_model_is_asked_again():
    answer = '{"spec": "exists d: puppy { eventually sprinting(d) }"}'
    result, _ = answer_with([answer], 3, Normaliser(DOMAIN))
    assert to_text(result.formula) == "exists d: dog { eventually running(d) }" and result.status == "repaired"
    assert sorted(result.notes) == [
        "`puppy` was read as `dog` (wider word)", "`sprinting` was read as `running` (synonym)"
    ]  # fmt: skip


def test_an_empty_caption_asks_nobody():
    talk = converse(" ", Prompt.of(DOMAIN), Judge(DOMAIN), 3)
    with pytest.raises(StopIteration) as done:
        next(talk)
    assert done.value.value.reason == "empty caption"


def test_a_complaint_is_bounded():
    assert len(complaint(Fault("x", "y" * 100_000))) < 3000
