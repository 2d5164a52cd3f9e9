"""The chain as the end of a predicate model: what it predicts can be reasoned about, and learned through a formula."""

from __future__ import annotations

import pytest
import torch
from torch.optim import Adam

from nesy.dsl.parser import parse_formula
from nesy.errors import NesyError
from nesy.memory.brain.head import TensorBrainHead
from nesy.reasoners.temporal.exact import exact
from nesy.scenegraph import SceneGraph, Vocabulary
from tests.memory.toy import one_thread  # noqa: F401

WORDS = Vocabulary(("cat", "dog"), ("sits",), ("chases", "above"))


def batch(clips: int = 2, frames: int = 3, objects: int = 3, seed: int = 0) -> dict[str, object]:
    g = torch.Generator().manual_seed(seed)
    present = torch.ones(clips, frames, objects, dtype=torch.bool)
    if objects > 2:
        present[0, 1, 2] = False
    return {
        "features": torch.randn(clips, frames, objects, 10, generator=g),
        "pairs": torch.randn(clips, frames, objects, objects, 6, generator=g),
        "present": present,
        "lengths": torch.full((clips,), frames),
        "objects": torch.full((clips,), objects),
        "fps": (None,) * clips,
    }


def head(**options: object) -> TensorBrainHead:
    torch.manual_seed(0)
    return TensorBrainHead(WORDS, 10, 6, width=24, context=24, **options)  # type: ignore[arg-type]


def test_it_gives_a_scene_graph_and_absent_objects_have_no_relations():
    graph = head()(**batch())
    assert isinstance(graph, SceneGraph)
    torch.testing.assert_close(graph.classes.exp().sum(-1), torch.ones(2, 3))
    assert (graph.binary[0, 1, 2] == -30).all()
    assert (graph.binary[0, 1, :, 2] == -30).all()
    assert (graph.binary[:, :, range(3), range(3)] == -30).all()
    assert (graph.binary[1, 0, 0, 1] != -30).all()
    with pytest.raises(NesyError, match="no teacher"):
        head(mode="teacher")


def test_pairs_are_ordered_and_one_clip_does_not_see_another():
    net, inputs = head(), batch()
    whole = net(**inputs)
    pairs = torch.zeros_like(inputs["pairs"])  # type: ignore[arg-type]
    plain = net(**{**inputs, "pairs": pairs})
    assert not torch.allclose(plain.binary[1, :, 0, 1], plain.binary[1, :, 1, 0])
    alone = net(**{k: v[1:] for k, v in inputs.items()})  # type: ignore[index]
    torch.testing.assert_close(whole.clip(1).binary, alone.binary)
    torch.testing.assert_close(whole.clip(1).classes, alone.classes)


def test_the_gradient_of_a_formula_reaches_the_columns_and_teaches_them():
    """Only whether a formula holds of a clip is told; its triples are learned."""
    formula = parse_formula("exists a: cat, b: dog { eventually chases(a, b) }")
    net, inputs = head(), batch(clips=4, frames=2, objects=2, seed=1)
    inputs["features"][:2] = inputs["features"][:1]  # type: ignore[index]
    inputs["features"][2:] = -inputs["features"][:2]  # type: ignore[index]
    truth = torch.tensor([1.0, 1.0, 0.0, 0.0])
    optimiser = Adam(net.parameters(), lr=0.02)

    def chances() -> torch.Tensor:
        graph = net(**inputs)
        return torch.stack([exact(formula, graph.clip(i)) for i in range(len(truth))])

    for _ in range(40):
        p = chances()
        loss = torch.nn.functional.binary_cross_entropy(p.clamp(1e-6, 1 - 1e-6), truth.to(p.dtype))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for role in ("class", "predicate"):
        assert float(net.brain.columns[role].grad.abs().max()) > 0
    p = chances().detach()
    assert bool((p[:2] > 0.9).all())
    assert bool((p[2:] < 0.1).all())
