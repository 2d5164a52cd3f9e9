"""Semantic memory for questions with one open slot: the loss by its definition, and what is learned."""

from __future__ import annotations

import itertools

import pytest
import torch

from nesy.memory.brain import Statements, TensorBrain
from nesy.memory.brain.links import fit_links, open_slot_loss
from tests.memory.toy import names, one_thread  # noqa: F401

ENTITIES, PREDICATES = 6, 2


def circle() -> Statements:
    """`next` goes round a circle of six, `before` is its inverse."""
    i = torch.arange(ENTITIES)
    after = (i + 1) % ENTITIES
    zero, one = torch.zeros_like(i), torch.ones_like(i)
    return Statements(torch.cat([i, after]), torch.cat([after, i]), torch.cat([zero, one]))


def test_the_loss_is_bayes_rule_for_each_slot():
    table = torch.randn(3, 3, 2, generator=torch.Generator().manual_seed(0)).flatten().log_softmax(0).reshape(3, 3, 2)
    truth = Statements(torch.tensor([0, 2]), torch.tensor([1, 2]), torch.tensor([1, 0]))
    p, total = table.exp(), 0.0
    for s, o, r in ((0, 1, 1), (2, 2, 0)):
        who = p[s, o, r] / sum(p[x, o, r] for x in range(3))
        what = p[s, o, r] / sum(p[s, x, r] for x in range(3))
        how = p[s, o, r] / sum(p[s, o, x] for x in range(2))
        total -= float(torch.log(who * what * how)) / 2
    assert float(open_slot_loss(table, truth)) == pytest.approx(total, rel=1e-5)


def test_questions_are_answered_after_fitting_and_the_best_weights_are_kept():
    torch.manual_seed(0)
    brain = TensorBrain(
        {"entity": names("e", ENTITIES), "predicate": names("p", PREDICATES)}, width=24, context=24, evolution="product"
    )
    truth, seen = circle(), list[float]()

    def judge(table: torch.Tensor) -> float:
        """Worse and worse after the third look: the weights of the third are to be kept."""
        seen.append(float(open_slot_loss(table, truth)))
        return -abs(len(seen) - 3)

    history = fit_links(brain, truth, steps=150, rate=0.02, judge=judge, every=25)
    assert len(history) == 150 and history[-1] < 0.3 * history[0]
    with torch.no_grad():
        table = brain.joint(brain.semantic)
    assert float(open_slot_loss(table, truth)) == pytest.approx(seen[2], rel=1e-4)
    for s, r in itertools.product(range(ENTITIES), range(PREDICATES)):
        assert int(table[s, :, r].argmax()) == (s + (1 if r == 0 else -1)) % ENTITIES
    assert float(table.exp().sum()) == pytest.approx(1, abs=1e-4)  # still one distribution
