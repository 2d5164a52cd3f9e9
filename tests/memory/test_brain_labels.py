"""What the index layer adds to a classifier: random labels, hidden labels, taxonomies; new entities and imagination."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.optim import Adam

from nesy.errors import NesyError
from nesy.memory.brain import Features, Statements, TensorBrain, losses, train
from nesy.memory.brain.embody import Embodiment
from nesy.memory.brain.growth import learn_entity
from nesy.memory.brain.selflabel import self_label
from nesy.memory.brain.semantic import generalise, label
from nesy.memory.brain.statement import nll
from nesy.memory.brain.working import WorkingMemory, chaining
from tests.memory.toy import names, one_thread  # noqa: F401

THINGS, COLOURS, F = 20, 4, 24


def fit(brain: TensorBrain, loss: object, steps: int, rate: float = 1e-2) -> None:
    optimiser = Adam([p for p in brain.parameters() if p.requires_grad], lr=rate)
    for _ in range(steps):
        total = loss()  # type: ignore[operator]
        optimiser.zero_grad()
        total.backward()
        optimiser.step()


# -- 7. labels that cannot be seen ---------------------------------------------------------------------------------


def accuracy(logits: Tensor, truth: Tensor) -> float:
    return float((logits.argmax(-1) == truth).float().mean())


def test_07_without_indices_a_random_label_is_lost_and_a_visible_one_stays():
    """Colour shows in the box, age is random for each thing: only an entity index in an episode can hold the age."""
    g = torch.Generator().manual_seed(0)
    scenes = 200
    who, whom = (torch.randint(THINGS, (scenes,), generator=g) for _ in range(2))
    colour, age = torch.arange(THINGS) % COLOURS, torch.randperm(THINGS, generator=g) % 2
    look = torch.randn(COLOURS, F, generator=g)

    def noise() -> Tensor:
        return 0.1 * torch.randn(scenes, F, generator=g)

    seen = Features(look[colour[who]] + noise(), look[colour[who]] + noise(), look[colour[whom]] + noise(), noise())
    labels = {"colour": names("c", COLOURS), "age": ["young", "old"]}
    times = torch.arange(scenes)
    truth = {"colour": colour[who], "age": age[who]}, {"colour": colour[whom], "age": age[whom]}
    zero = torch.zeros_like(who)
    torch.manual_seed(0)
    whole = TensorBrain(
        {"time": names("t", scenes), "entity": names("e", THINGS), "predicate": ["p"], **labels},
        inputs=F, width=48, context=48,
    )  # fmt: skip
    with_index = Statements(who, whom, zero, times, *truth)
    train(
        whole,
        with_index,
        seen,
        tasks=["perceive", "episodic"],
        labels=["colour", "age"],
        steps=150,
        rate=2e-2,
        batch=64,
    )
    bare = TensorBrain(
        {"thing": ["thing"], "predicate": ["p"], **labels}, subjects=["thing"], inputs=F, width=48, context=48
    )
    without = Statements(zero, zero, zero, None, *truth)
    train(bare, without, seen, tasks=["perceive", "semantic"], labels=["colour", "age"], steps=150, rate=2e-2, batch=64)
    with torch.no_grad():
        recalled = whole.decode(whole.bank("time"), mode="argmax", labels=["colour", "age"])
        nothing = bare.decode(bare.semantic.expand(scenes, -1), mode="argmax", labels=["colour", "age"])
        perceived = bare.perceive(seen, mode="argmax", labels=["colour", "age"])
    assert accuracy(recalled.subject_labels["age"], age[who]) >= 0.95
    assert abs(accuracy(nothing.subject_labels["age"], age[who]) - 0.5) <= 0.15
    assert accuracy(perceived.subject_labels["colour"], colour[who]) >= 0.95
    assert accuracy(perceived.subject_labels["age"], age[who]) <= 0.85  # colour says a little of the age of 20 things


# -- 10. semantic knowledge enriches perception ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def enriched() -> tuple[TensorBrain, Tensor, Tensor]:
    """A brain that saw 20 things and was told, not shown, which are dangerous: it, the things' looks, the truth."""
    g = torch.Generator().manual_seed(1)
    look = torch.randn(THINGS + 40, F, generator=g)
    danger = torch.randperm(THINGS + 40, generator=g) % 2
    kinds = torch.arange(THINGS) % COLOURS
    torch.manual_seed(0)
    brain = TensorBrain(
        {
            "entity": names("e", THINGS), "class": names("c", COLOURS), "predicate": ["p", "q"],
            "danger": ["harmless", "dangerous"],
        },
        subjects=("entity", "class"), reserve={"entity": 4}, inputs=F, width=48, context=48,
    )  # fmt: skip

    def loss() -> Tensor:
        s, o = torch.randint(THINGS, (64,), generator=g), torch.randint(THINGS, (64,), generator=g)
        p = kinds[s] % 2
        seen = look_at(look, s, o, g)
        plain = Statements(s, o, p)
        as_class = torch.rand(64, generator=g) < 0.2
        offset = brain.groups["entity"].capacity
        told = Statements(
            torch.where(as_class, offset + kinds[s], s), o, p, None, {"danger": danger[s]}, {"danger": danger[o]}
        )
        return (
            losses(brain, plain, seen, tasks=["perceive"])["perceive"]
            + losses(brain, told, tasks=["semantic"], labels=["danger"])["semantic"]
        )

    fit(brain, loss, 250)
    return brain, look, danger


def look_at(look: Tensor, s: Tensor, o: Tensor, g: torch.Generator) -> Features:
    def noisy(x: Tensor) -> Tensor:
        return x + 0.1 * torch.randn(x.shape, generator=g)

    return Features(noisy(look[s]), noisy(look[s]), noisy(look[o]), noisy(look[s] + look[o]))


def test_10_a_label_that_was_only_told_is_perceived_for_known_things(enriched: tuple[TensorBrain, Tensor, Tensor]):
    brain, look, danger = enriched
    g = torch.Generator().manual_seed(2)
    known, novel = torch.arange(THINGS).repeat(5), torch.arange(THINGS, THINGS + 40).repeat(3)
    other = torch.randint(THINGS, (max(len(known), len(novel)),), generator=g)
    with torch.no_grad():
        out = [
            brain.perceive(look_at(look, s, other[: len(s)], g), mode="argmax", labels=["danger"])
            for s in (known, novel)
        ]
    assert accuracy(out[0].subject_labels["danger"], danger[known]) >= 0.95
    assert abs(accuracy(out[1].subject_labels["danger"], danger[novel]) - 0.5) <= 0.2  # 40 things: 2.5 s.d.


def test_semantic_memory_answers_for_entities_and_for_classes(enriched: tuple[TensorBrain, Tensor, Tensor]):
    brain, _, danger = enriched
    right = [label(brain, f"e{i}", "danger")["dangerous"] > 0.5 for i in range(THINGS)]
    assert sum(a == bool(d) for a, d in zip(right, danger[:THINGS].tolist(), strict=True)) >= 19
    for c in range(COLOURS):  # every class has one predicate
        best = generalise(brain, subject=f"c{c}", k=1)[0]
        assert best.subject == f"c{c}"
        assert best.predicate == ("p", "q")[c % 2]


def test_a_new_entity_is_learned_from_a_few_views_and_nothing_else_changes(
    enriched: tuple[TensorBrain, Tensor, Tensor],
):
    brain, look, danger = enriched
    g = torch.Generator().manual_seed(3)
    new = 25
    before = {n: p.detach().clone() for n, p in brain.named_parameters()}

    def recognised(s: Tensor) -> Tensor:
        with torch.no_grad():
            other = torch.randint(THINGS, (len(s),), generator=g)
            return brain.perceive(look_at(look, s, other, g), mode="argmax").chosen.subject

    views = look_at(look, torch.full((5,), new), torch.arange(5), g)
    unknown = torch.full((5,), -1)
    row = learn_entity(
        brain,
        "newcomer",
        views,
        given=Statements(unknown, torch.arange(5), unknown, None, {"danger": danger[new].expand(5)}),
    )
    assert (recognised(torch.full((40,), new)) == row).float().mean() >= 0.95
    old = torch.arange(THINGS).repeat(4)
    assert (recognised(old) == old).float().mean() >= 0.95
    assert label(brain, "newcomer", "danger")[["harmless", "dangerous"][int(danger[new])]] > 0.5
    for n, p in brain.named_parameters():
        same = p.detach() == before[n]
        if n == "columns.entity":
            same = torch.cat([same[:row], same[row + 1 :]])
        assert bool(same.all()), n
    brain.groups["entity"].release(row)


def test_embodiment_imagines_what_a_thing_looks_like(enriched: tuple[TensorBrain, Tensor, Tensor]):
    brain, look, _ = enriched
    g = torch.Generator().manual_seed(4)
    s = torch.randint(THINGS, (200,), generator=g)
    picture = Embodiment(brain, F)
    picture.fit(brain, s, look[s] + 0.1 * torch.randn(200, F, generator=g))
    for i in range(THINGS):
        imagined = picture.embody(brain, f"e{i}")
        assert int((look[:THINGS] @ imagined / look[:THINGS].norm(dim=-1)).argmax()) == i
    with pytest.raises(NesyError, match="one row of 24 features"):
        picture.fit(brain, s, torch.zeros(3, F))


def test_self_labels_are_right_where_they_are_accepted(enriched: tuple[TensorBrain, Tensor, Tensor]):
    brain, look, _ = enriched
    g = torch.Generator().manual_seed(5)
    s, o = torch.randint(THINGS, (200,), generator=g), torch.randint(THINGS, (200,), generator=g)
    seen = look_at(look, s, o, g)
    seen = Features(seen.scene, seen.subject + 0.8 * torch.randn(200, F, generator=g), seen.object, seen.union)  # type: ignore[operator]
    strict, loose = self_label(brain, seen, threshold=0.95), self_label(brain, seen, threshold=0.0)
    accepted = strict.statements.subject != -1
    assert 0.05 < strict.share() < loose.share() == 1.0
    right = (strict.statements.subject == s)[accepted].float().mean()
    assert right >= 0.95
    assert right > (loose.statements.subject == s).float().mean()
    assert not bool(((strict.statements.object != -1) & ~accepted).any()), "an object decoded from a doubtful subject"


# -- 14. taxonomies ------------------------------------------------------------------------------------------------


def test_14_chaining_is_consistent_with_the_taxonomy_and_flat_heads_are_not():
    """24 individuals -> 8 classes -> 3 kinds; features with noise of the size of the signal."""
    g = torch.Generator().manual_seed(0)
    class_of, kind_of = torch.arange(24) % 8, torch.arange(8) % 3
    look = torch.randn(24, F, generator=g)
    groups = {"entity": names("e", 24), "predicate": ["p"], "class": names("c", 8), "kind": names("k", 3)}

    def trained(chained: bool) -> TensorBrain:
        torch.manual_seed(0)
        brain = TensorBrain(groups, inputs=F, width=64, context=8)

        def loss() -> Tensor:
            e = torch.randint(24, (96,), generator=g)
            q = brain.start(96) + brain.encode(box=look[e] + torch.randn(96, F, generator=g))
            total = torch.zeros(())
            for role, truth in (("entity", e), ("class", class_of[e]), ("kind", kind_of[class_of[e]])):
                n = brain.measure(q, role)
                total = total + nll(n, truth)
                if chained:
                    q, _ = brain.feedback(q, n, role, "teacher", target=truth)
            return total

        fit(brain, loss, 250)
        return brain

    def consistent(brain: TensorBrain, chained: bool) -> float:
        e = torch.randint(24, (500,), generator=g)
        with torch.no_grad():
            q = brain.start(500) + brain.encode(box=look[e] + torch.randn(500, F, generator=g))
            if chained:
                a, b, c = chaining(brain, q, ("entity", "class", "kind"))
            else:
                a, b, c = (brain.measure(q, r).argmax(-1) for r in ("entity", "class", "kind"))
        return float(((b == class_of[a]) & (c == kind_of[b])).float().mean())

    tensor_brain, flat = consistent(trained(True), True), consistent(trained(False), False)
    assert tensor_brain >= 0.95
    assert flat < tensor_brain - 0.03


# -- working memory ------------------------------------------------------------------------------------------------


def test_working_memory_carries_the_past_and_can_be_cleared(enriched: tuple[TensorBrain, Tensor, Tensor]):
    brain, look, _ = enriched
    with torch.no_grad():
        one, two = WorkingMemory(brain, span=2), WorkingMemory(brain, span=2)
        one.step(look[0])
        two.step(look[1])
        a, b = one.step(look[2]), two.step(look[2])
        assert not torch.allclose(a, b), "the same frame after different pasts is a different state"
        seen = one.attend("entity", k=1)
        one.attend("class", k=2)
        assert len(one.in_mind()) == 2
        assert seen[0][0] not in one.in_mind()[1:]
        one.clear()
        two.clear()
        torch.testing.assert_close(one.step(look[2]), two.step(look[2]))
        assert torch.equal(one.engram(), one.q[0])
