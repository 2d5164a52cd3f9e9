"""The brain at its edges: nothing to choose from, broken features, other precisions, drawn batches with weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from nesy.errors import CheckpointError, NesyError
from nesy.memory.brain import Features, Statements, TensorBrain, train
from nesy.memory.brain.episodic import EpisodicMemory
from nesy.memory.brain.growth import learn_entity
from nesy.memory.brain.holographic import MultilinearStore
from nesy.memory.brain.saving import load_brain, save_brain
from nesy.memory.brain.semantic import generalise
from tests.memory.toy import one_thread

__all__ = ["one_thread"]


def empty(entities: int = 0, predicates: int = 1) -> TensorBrain:
    torch.manual_seed(0)
    names = {"entity": list("abc"[:entities]), "predicate": list("pq"[:predicates])}
    return TensorBrain(names, reserve={"entity": 2, "predicate": 1, "time": 3}, inputs=4, width=5, context=6)


@pytest.mark.parametrize(("entities", "predicates", "what"), [(0, 1, "entity"), (2, 0, "predicate")])
def test_a_brain_with_nothing_to_choose_from_says_so(entities: int, predicates: int, what: str):
    """Softmax over no index is NaN, which went on into every later state."""
    brain = empty(entities, predicates)
    for mode in ("attend", "sample", "argmax"):
        with pytest.raises(NesyError, match=f"no {what} yet"):
            brain.perceive(Features(torch.zeros(1, 4)), mode=mode)  # type: ignore[arg-type]
    with pytest.raises(NesyError, match=f"no {what} yet"):
        generalise(brain)
    assert EpisodicMemory(brain).recognise(torch.ones(5), match="measure") == []


def test_features_of_another_width_are_named():
    with pytest.raises(NesyError, match="width 3"):
        EpisodicMemory(empty()).remember(torch.ones(3), "monday")


@pytest.mark.parametrize("bad", [Features(torch.full((2, 4), torch.nan), torch.ones(2, 4)),
                                 Features(torch.ones(2, 4), torch.ones(2, 3))])  # fmt: skip
def test_an_entity_that_cannot_be_learned_leaves_nothing_behind(bad: Features):
    brain = empty(1)
    before = {k: v.clone() for k, v in brain.state_dict().items()}
    with pytest.raises(NesyError):
        learn_entity(brain, "new", bad, steps=2)
    assert "new" not in brain.groups["entity"]
    assert all(torch.equal(before[k], v) for k, v in brain.state_dict().items())
    learn_entity(brain, "new", Features(torch.ones(2, 4), torch.ones(2, 4)), steps=2)
    assert bool(torch.isfinite(brain.measure(torch.ones(1, 5), "entity")[0, :2]).all())


def test_a_saved_brain_keeps_its_precision(tmp_path: Path):
    brain = empty(2).double()
    memory = EpisodicMemory(brain)
    memory.remember(torch.rand(4, dtype=torch.float64), "monday")
    save_brain(memory, tmp_path / "brain.safetensors")
    back = load_brain(tmp_path / "brain.safetensors").brain.state_dict()
    assert all(x.dtype == back[k].dtype and torch.equal(x, back[k]) for k, x in brain.state_dict().items())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("options", "act"), "tanh"),
        (("options", "subjects"), ["nobody"]),
        (("groups",), [1]),
        (("moments",), [1]),
        (("moments",), {}),
        (("episodic", "automatic"), "never"),
        (("options",), 3),
    ],
)
def test_a_file_with_another_content_is_named(tmp_path: Path, place: tuple[str, ...], value: object):
    memory, path = EpisodicMemory(empty(2)), tmp_path / "brain.safetensors"
    memory.remember(torch.rand(4), "monday")
    save_brain(memory, path)
    with safe_open(path, framework="pt") as file:
        meta = file.metadata()
    about = part = json.loads(meta["about"])
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    save_file(load_file(path), path, {**meta, "about": json.dumps(about)})
    with pytest.raises(CheckpointError, match="the tensor brain is incomplete"):
        load_brain(path)


@pytest.mark.parametrize("batch", [3, 16])
def test_weights_belong_to_the_statements_that_a_batch_draws(batch: int):
    brain = empty(2)
    truth = Statements(torch.tensor([0, 1, 0]), torch.tensor([1, 0, 0]), torch.tensor([0, 0, 0]))
    share = torch.tensor([0.9, 0.05, 0.05])
    train(brain, truth, tasks=["semantic"], weight=share, batch=batch, steps=400, rate=0.03)
    with torch.no_grad():
        found = brain.joint(brain.semantic).exp()[truth.subject, truth.object, truth.predicate]
    assert (found - share).abs().max() < 0.05


def test_names_whose_short_hashes_agree_have_their_own_vectors():
    """The CRC-32 of these two is the same."""
    store = MultilinearStore(512)
    store.remember("monday", [("plumless", "is", "x")])
    store.remember("tuesday", [("buckeroo", "is", "y")])
    assert store.recall("monday", subject="plumless", k=1)[0].probability == 1.0
    assert store.recall("monday", subject="buckeroo", k=1)[0].probability < 0.3
    assert store.recall("tuesday", subject="buckeroo", k=1)[0].object == "y"
