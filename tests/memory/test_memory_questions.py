"""Questions in English: how they are read, and what the memory answers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.datasets.platformer import VOCABULARY
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.errors import DataError
from nesy.memory.answers import Reply, answer
from nesy.memory.intervals import Thresholds
from nesy.memory.occurrences import NotAStory, occurrences, story
from nesy.memory.questions import QuestionError, Questions
from nesy.memory.remember import remember
from nesy.memory.store import Pattern, Policy, TripleStore
from nesy.reasoners.temporal.query import query
from nesy.scenegraph import GraphFile, SceneGraph, Vocabulary
from nesy.synthesis.base import Domain

SMALL = Vocabulary(("mugen", "snail"), ("jumping", "dead"), ("above",))
FORMULAS = [
    "exists m: mugen { eventually jumping(m) }",
    "exists m: mugen, s: snail { eventually (jumping(m) and above(m, s)) }",
    "exists m: mugen, s: snail { jumping(m) then dead(s) }",
    "exists m: mugen, s: snail { jumping(m) and above(m, s) then dead(s) then jumping(m) }",
    "exists m, s: snail { eventually (above(m, s) and (mugen(m) or snail(m))) }",
    "exists a: snail, b: snail { eventually (dead(a) and dead(b) and a != b) }",
    "exists x { dead(x) then dead(x) then dead(x) }",
]


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(FORMULAS), st.randoms(use_true_random=False), st.integers(1, 6), st.integers(1, 3))
def test_on_certain_graphs_an_occurrence_is_found_where_the_formula_is_true(text, random, frames, objects):
    """The exact reasoner is the oracle."""

    def bits(*shape: int) -> torch.Tensor:
        flat = [float(random.random() < 0.4) for _ in range(int(torch.tensor(shape).prod()))]
        return torch.tensor(flat, dtype=torch.float64).reshape(shape)

    classes = torch.nn.functional.one_hot(torch.tensor([random.randrange(2) for _ in range(objects)]), 2).double()
    graph = SceneGraph.from_probabilities(
        SMALL, classes, bits(frames, objects, 2), bits(frames, objects, objects, 1), bits(frames, objects).bool()
    )
    file = GraphFile(graph, tuple("abc"[:objects]), torch.zeros(frames, objects, 4))
    formula = parse_formula(text)
    with tempfile.TemporaryDirectory() as folder, TripleStore.open(folder) as store:
        remember(file, store, video="v", thresholds=Thresholds(0.5, 0.5, 0))
        found = occurrences(story(formula, SMALL.classes), store)
    assert bool(found) == (query(formula, graph, witness=False).probability > 0.5)
    for o in found:
        assert o.confidence == 1.0
        told = story(formula, SMALL.classes)
        for atoms, (a, b) in zip(told.events, o.events, strict=True):
            index = {v: "abc".index(n.removeprefix("v/")) for v, n in o.objects.items()}
            for atom in atoms:  # every fact of an event holds in every frame of its interval
                of = [index[v] for v in atom.args]
                if len(of) == 1:
                    assert bool((graph.unary[0, a:b, of[0], SMALL.unary.index(atom.predicate)] > 0).all())
                else:
                    assert bool((graph.binary[0, a:b, of[0], of[1], 0] > 0).all())


@pytest.mark.parametrize(
    "text",
    [
        "exists m: mugen { always jumping(m) }",
        "exists m: mugen { eventually (jumping(m) or dead(m)) }",
        "exists m: mugen { not eventually jumping(m) }",
        "exists m: mugen { eventually[0, 3] jumping(m) }",
        "forall m: mugen { eventually jumping(m) }",
        "exists m: mugen { eventually visible(m) }",
    ],
)
def test_what_is_more_than_a_sequence_of_events_is_refused(text: str):
    with pytest.raises(NotAStory):
        story(parse_formula(text), SMALL.classes)


READER = Questions(Domain.of(VOCABULARY), ["clip_1", "clip_2"])


@pytest.mark.parametrize(
    ("text", "kind", "formula", "variable"),
    [
        ("Who jumped over a snail?", "who",
         "exists m: mugen, s: snail { eventually (jumping(m) and above(m, s)) }", "m"),
        ("who chased Mugen?", "who", "exists s: snail, m: mugen { eventually chasing(s, m) }", "s"),
        ("What did Mugen collect?", "who", "exists m: mugen, c: coin { eventually collecting(m, c) }", "c"),
        ("what was Mugen chased by?", "who", "exists s: snail, m: mugen { eventually chasing(s, m) }", "s"),
        ("who was chased by a bee?", "who", "exists b: bee, m: mugen { eventually chasing(b, m) }", "m"),
        ("Which coin did Mugen collect?", "who", "exists m: mugen, c: coin { eventually collecting(m, c) }", "c"),
        ("When did Mugen die?", "when", "exists m: mugen { eventually dead(m) }", None),
        ("At what time did Mugen die?", "when", "exists m: mugen { eventually dead(m) }", None),
        ("How often did Mugen jump?", "how often", "exists m: mugen { eventually jumping(m) }", None),
        ("How many times did Mugen jump?", "how often", "exists m: mugen { eventually jumping(m) }", None),
        ("How many coins did Mugen take?", "how many", "exists m: mugen, c: coin { eventually collecting(m, c) }", "c"),
        ("Did Mugen ever collect a gem?", "ever", "exists m: mugen, g: gem { eventually collecting(m, g) }", None),
        ("was a frog stomped?", "ever", "exists m: mugen, f: frog { eventually stomping(m, f) }", None),
        ("In which videos did Mugen die?", "where", "exists m: mugen { eventually dead(m) }", None),
        ("What happened after Mugen collected a gem?", "around",
         "exists m: mugen, g: gem { eventually collecting(m, g) }", None),
        ("What did Mugen do before he died?", "around", "exists m: mugen { eventually dead(m) }", None),
        ("Did Mugen collect a coin before a bee chased Mugen?", "ever",
         "exists m: mugen, c: coin, b: bee { collecting(m, c) then chasing(b, m) }", None),
    ],
)  # fmt: skip
def test_questions_are_read(text: str, kind: str, formula: str, variable: str | None):
    q = READER.read(text)
    assert (q.kind, to_text(q.readings[0].formula), q.readings[0].variable) == (kind, formula, variable)


def test_another_domain_without_a_hero():
    reader = Questions(Domain(("person", "cat", "dog", "ball"), ("running",), ("chasing", "holding")))
    for text, formula in {
        "who chased a cat?": "exists p: person, c: cat { eventually chasing(p, c) }",
        "what did the dog chase?": "exists d: dog, p: person { eventually chasing(d, p) }",
        "was a cat chased by a dog?": "exists d: dog, c: cat { eventually chasing(d, c) }",
        "what was chased by the dog?": "exists d: dog, p: person { eventually chasing(d, p) }",
        "who chased the dog before the cat ran?":
            "exists p: person, d: dog, c: cat { chasing(p, d) then running(c) }",
    }.items():  # fmt: skip
        (only,) = reader.read(text).readings
        assert to_text(only.formula) == formula
        if only.variable is not None:
            assert only.story is not None and only.story.sorts[only.variable] is None


def test_the_open_place_has_no_class_and_several_meanings_keep_theirs():
    (only,) = READER.read("who chased Mugen?").readings
    assert only.story is not None
    assert only.story.sorts == {"s": None, "m": ("mugen",)}
    several = [r.story.sorts for r in READER.read("What did Mugen stomp on?").readings if r.story]
    assert several[0] == {"m": ("mugen",), "c": ("crate", "ladder")}
    assert len(several) == 2
    (monster,) = READER.read("which monster chased Mugen?").readings
    assert monster.story is not None
    assert set(monster.story.sorts["x"] or ()) == {"bat", "bee", "frog", "mouse", "slime", "snail", "worm"}


def test_a_question_may_name_a_video_never_and_a_relation():
    assert READER.read("Who died in clip_1?").video == "clip_1"
    assert READER.read("In clip_2, did Mugen die?").video == "clip_2"
    assert READER.read("did Mugen die?").video is None
    assert READER.read("Did Mugen never die?").negated
    q = READER.read("what did Mugen do after collecting a gem?")
    assert (q.relation, q.subject) == ("after", "mugen")
    assert READER.read("When did Mugen jump after collecting a coin?").main == -1


NONSENSE = ["", "?", "Mugen jumps", "who frobnicated a snail?", "how many?", "what happened?", "who", "when", "did"]


@pytest.mark.parametrize("text", [*NONSENSE, "which", "how many zorks did Mugen collect?", "what did"])
def test_what_is_not_understood_is_said(text: str):
    with pytest.raises(QuestionError):
        READER.read(text)


def clip(store: TripleStore, video: str, *, coins: int = 2, keep: bool = True) -> None:
    """Mugen (m) jumps over a snail in frames 2-3, collects coins in frames 5, 7, ..., is killed by it at the end."""
    frames = 12
    v = VOCABULARY
    names = ["m", "s", *(f"c{i}" for i in range(coins))]
    classes = torch.zeros(len(names), len(v.classes), dtype=torch.float64)
    for i, name in enumerate(names):
        classes[i, v.classes.index({"m": "mugen", "s": "snail"}.get(name, "coin"))] = 0.9
    unary = torch.full((frames, len(names), len(v.unary)), 0.01, dtype=torch.float64)
    binary = torch.full((frames, len(names), len(names), len(v.binary)), 0.001, dtype=torch.float64)
    unary[2:4, 0, v.unary.index("jumping")] = 0.9
    binary[1:4, 0, 1, v.binary.index("above")] = 0.9
    for i in range(coins):
        binary[5 + 2 * i, 0, 2 + i, v.binary.index("collecting")] = 0.8
    binary[10, 1, 0, v.binary.index("killing")] = 0.95
    unary[10:, 0, v.unary.index("dead")] = 0.95
    graph = SceneGraph.from_probabilities(v, classes, unary, binary, None, 4.0)
    file = GraphFile(graph, tuple(names), torch.ones(frames, len(names), 4))
    remember(file, store, video=video, thresholds=Thresholds(0.5, 0.5, 0), keep_graph=keep)


@pytest.fixture
def memory(tmp_path: Path):
    with TripleStore.open(tmp_path / "store") as store:
        clip(store, "clip_1")
        clip(store, "clip_2", coins=0)
        yield store


def names(reply: Reply) -> list[tuple[str | None, str | None]]:
    return sorted((i.what, i.label) for i in reply.items)


def test_who_and_what(memory: TripleStore):
    reply = answer("Who jumped over a snail?", memory)
    assert names(reply) == [("clip_1/m", "mugen"), ("clip_2/m", "mugen")]
    assert reply.items[0].seconds == (0.5, 1.0)
    assert reply.items[0].confidence == pytest.approx(0.9 * 0.9 * 0.9)  # two facts, and one class that is asked for
    assert names(answer("what did Mugen collect?", memory)) == [("clip_1/c0", "coin"), ("clip_1/c1", "coin")]
    assert names(answer("who killed Mugen in clip_2?", memory)) == [("clip_2/s", "snail")]
    assert answer("what did Mugen collect in clip_2?", memory).empty
    assert len(answer("what did Mugen collect?", memory, limit=1).items) == 1


def test_when_how_often_how_many(memory: TripleStore):
    when = answer("when did Mugen collect a coin?", memory)
    assert [(i.video, i.start, i.end, i.seconds) for i in when.items] == [
        ("clip_1", 5, 6, (1.25, 1.5)), ("clip_1", 7, 8, (1.75, 2.0))
    ]  # fmt: skip
    assert answer("how often did Mugen jump?", memory).value == 2
    assert answer("how often did Mugen jump in clip_1?", memory).value == 1
    assert answer("how many coins did Mugen collect?", memory).value == 2
    assert answer("how many gems did Mugen collect?", memory).value == 0
    late = answer("When did Mugen collect a coin after jumping over a snail?", memory)
    assert {i.start for i in late.items} == {5, 7}
    assert answer("how often did Mugen jump?", memory, sure=0.95).value == 0


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("Did Mugen ever die?", True),
        ("Did Mugen never climb a ladder?", True),
        ("Did Mugen never die?", False),
        ("Did Mugen collect a gem?", False),
        ("Did Mugen jump before he died?", True),
        ("Did Mugen die before he jumped in clip_1?", False),
        ("Did Mugen collect a coin in clip_1?", True),
        ("Did Mugen collect a coin in clip_2?", False),
    ],
)
def test_ever_and_never(memory: TripleStore, text: str, yes: bool):
    reply = answer(text, memory)
    assert reply.value is yes
    assert reply.probability is not None
    assert (reply.probability >= 0.5) is yes


def test_ever_is_the_exact_probability_over_independent_videos(memory: TripleStore):
    reply = answer("Did Mugen jump?", memory)
    p = 0.9 * (1 - 0.1**2 * 0.99**10) + 0.0  # the object is Mugen, and jumps in some frame; nobody else can be Mugen
    assert reply.items[0].confidence == pytest.approx(p, abs=1e-6)
    assert reply.probability == pytest.approx(1 - (1 - p) ** 2, abs=1e-6)


def test_who_and_when_have_a_best_answer_even_if_none_is_sure(memory: TripleStore):
    reply = answer("who killed Mugen in clip_2?", memory, sure=0.99)
    assert (names(reply), reply.unsure, reply.empty) == ([("clip_2/s", "snail")], True, True)
    assert answer("when did Mugen jump in clip_2?", memory, sure=0.99).unsure
    assert not answer("who killed Mugen in clip_2?", memory).unsure
    assert not answer("who collected a gem?", memory, sure=0.99).unsure  # nobody might have


def test_videos_and_happenings(memory: TripleStore):
    assert [i.video for i in answer("in which videos did Mugen collect a coin?", memory).items] == ["clip_1"]
    before = answer("What happened before Mugen died in clip_1?", memory)
    assert before.items[0].what == "clip_1/m collecting clip_1/c1"
    assert "clip_1/m jumping" in [i.what for i in before.items]
    after = answer("what did Mugen do after jumping over a snail in clip_1?", memory)
    assert [i.what for i in after.items] == [
        "clip_1/m collecting clip_1/c0", "clip_1/m collecting clip_1/c1", "clip_1/m dead"
    ]  # fmt: skip
    during = answer("what happened while Mugen jumped in clip_1?", memory)
    assert [i.what for i in during.items] == ["clip_1/m above clip_1/s"]


def test_without_kept_graphs_the_triples_answer(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        with pytest.raises(DataError, match="nothing is remembered"):
            answer("did Mugen die?", store)
        clip(store, "v", keep=False)
        assert answer("Did Mugen die?", store).value is True
        assert answer("Did Mugen collect a gem?", store).value is False
        with pytest.raises(QuestionError, match="triples cannot tell"):
            answer(
                "Did Mugen stand still until he jumped and never die?" if False else "how often did Mugen not jump?",
                store,
            )
        store.forget(Policy(below=0.93))
        assert store.count(Pattern(predicate="jumping")) == 0
        assert answer("Did Mugen jump?", store).value is False


def test_never_is_not_read_over(memory: TripleStore):
    assert [i.video for i in answer("in which videos did Mugen never collect a coin?", memory).items] == ["clip_2"]
    assert answer("in which videos did Mugen never collect a gem?", memory, limit=1).items[0].confidence > 0.9
    for text in ("what did Mugen never collect?", "when did Mugen never jump?", "how often did Mugen never jump?"):
        with pytest.raises(QuestionError):  # not what he did collect, and not when he did jump
            answer(text, memory)
    only = READER.read("Did Mugen climb and never die?")  # of the second half alone
    assert not only.negated
    assert "not eventually dead(m)" in to_text(only.readings[0].formula)
    assert answer("Did Mugen climb and never die?", memory).value is False
    with pytest.raises(QuestionError):  # not "never both": he did both
        answer("Did Mugen never die and never jump?", memory)


@pytest.mark.parametrize(
    "text",
    [
        "did Mugen collect all coins?",
        "did every snail die?",
        "did Mugen collect exactly one coin?",
        "did Mugen collect most coins?",
        "did Mugen die first?",
        "was Mugen dead at the end?",
        "when was the last coin collected?",
        "did Mugen rarely jump?",
    ],
)
def test_a_question_that_captions_would_weaken_is_refused(text: str):
    with pytest.raises(QuestionError):
        READER.read(text)


@pytest.mark.parametrize(
    "text", ["did Mugen collect coins?", "did Mugen first jump and then die?", "did the coins die?"]
)
def test_a_plural_and_the_order_are_understood(text: str):
    READER.read(text)


def test_one_jump_before_two_coins_is_one_jump(memory: TripleStore):
    assert answer("how often did Mugen jump before collecting a coin?", memory).value == 1
    assert answer("how often did Mugen collect a coin after jumping?", memory).value == 2


def test_around_several_events(memory: TripleStore):
    """After "A and then B" is after B; "before A after B" is before A."""
    after = answer("what happened after Mugen jumped and then collected a coin in clip_1?", memory)
    assert [i.what for i in after.items][:2] == ["clip_1/m collecting clip_1/c1", "clip_1/m dead"]
    assert "clip_1/m collecting clip_1/c0" not in [i.what for i in after.items]
    before = answer("what happened before Mugen collected a coin after jumping in clip_1?", memory)
    assert "clip_1/m jumping" in [i.what for i in before.items]


def test_the_doings_of_nobody_are_refused(memory: TripleStore):
    for who in ("zork", "a monster"):  # the latter stands for several classes
        with pytest.raises(QuestionError, match="no class"):
            answer(f"what did {who} do before Mugen died?", memory)
    assert answer("what did the snail do after Mugen jumped in clip_1?", memory).items[0].what is not None


def test_what_was_done_was_done_by_anyone():
    """A caption without a hero is read as if a person had done it; the dog that did it was not found."""
    reader = Questions(Domain(("person", "cat", "dog", "ball"), ("running",), ("chasing", "holding")))
    for text, formula in {
        "was the cat chased?": "exists p, c: cat { eventually chasing(p, c) }",
        "was the cat not chased?": "exists c: cat { not eventually exists p { chasing(p, c) } }",
        "which dog was chased?": "exists p, d: dog { eventually chasing(p, d) }",
        "was the cat chased before the ball was held?":
            "exists p, c: cat, p2, b: ball { chasing(p, c) then holding(p2, b) }",
        "was the cat chased by a person?": "exists p: person, c: cat { eventually chasing(p, c) }",
        "did a person hold the ball?": "exists p: person, b: ball { eventually holding(p, b) }",
    }.items():  # fmt: skip
        assert to_text(reader.read(text).readings[0].formula) == formula
    for text in ("did they run?", "did it run?"):  # who?
        with pytest.raises(QuestionError, match="cannot be told"):
            reader.read(text)
