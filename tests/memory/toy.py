"""Small worlds for the tests of the tensor brain, all seeded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from nesy.memory.brain import Features, Statements, TensorBrain

ENTITIES, PREDICATES = 12, 5


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Matrices this small only lose time when they are shared out among threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class ToyGraph:
    """80 weighted triples over 12 entities and 5 predicates (seed 1); entropy 3.951, total correlation 2.403 nats."""

    triples: Statements
    weight: Tensor
    table: Tensor  # [S, O, P]

    def total_correlation(self) -> float:
        """KL between the joint and the product of its three marginals."""
        p = self.table.double()
        product = p.sum((1, 2))[:, None, None] * p.sum((0, 2))[None, :, None] * p.sum((0, 1))
        return float((p * (p / product).log()).nan_to_num(0).sum())

    def divergence(self, brain: TensorBrain) -> float:
        """KL(true || brain's exact joint from the semantic start vector), nats."""
        with torch.no_grad():
            joint = brain.joint(brain.semantic).double()
        p = self.table.double()
        return float(torch.where(p > 0, p * (p.log() - joint), 0.0).sum())


def toy_graph() -> ToyGraph:
    g = torch.Generator().manual_seed(1)
    cells = torch.randperm(ENTITIES * ENTITIES * PREDICATES, generator=g)[:80]
    weight = torch.rand(80, generator=g) ** 2
    weight = weight / weight.sum()
    s, o, p = cells // 60, (cells // 5) % 12, cells % 5
    table = torch.zeros(720).scatter(0, cells, weight).reshape(12, 12, 5)
    return ToyGraph(Statements(s, o, p), weight, table)


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{i}" for i in range(count)]


def toy_brain(**options: object) -> TensorBrain:
    torch.manual_seed(0)
    groups = {"entity": names("e", ENTITIES), "predicate": names("p", PREDICATES)}
    return TensorBrain(groups, width=64, context=64, **options)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Scenes:
    """Scenes that each show one triple, as features of the scene, both boxes and their union."""

    truth: Statements
    seen: Features


class SceneWorld:
    """30 entities, 6 predicates, 200 possible triples, 64 features: role matrices times prototypes, plus noise."""

    def __init__(self, seed: int = 0, entities: int = 30, predicates: int = 6, features: int = 64) -> None:
        self.g = g = torch.Generator().manual_seed(seed)
        self.entities, self.predicates, self.features = entities, predicates, features
        self.cells = torch.randperm(entities * entities * predicates, generator=g)[:200]
        weight = torch.rand(200, generator=g) ** 2 + 0.02
        self.weight = weight / weight.sum()
        self.roles = torch.randn(3, features, features, generator=g) / features**0.5
        self.things = torch.randn(entities, features, generator=g)
        self.relations = torch.randn(predicates, features, generator=g)

    def noise(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.g)

    def draw(self, count: int, first_time: int | None = 0) -> Scenes:
        """``count`` scenes, with times from ``first_time`` on."""
        cell = self.cells[torch.multinomial(self.weight, count, replacement=True, generator=self.g)]
        s, rest = cell // (self.entities * self.predicates), cell % (self.entities * self.predicates)
        o, p = rest // self.predicates, rest % self.predicates
        return self.scenes(s, o, p, first_time)

    def scenes(self, s: Tensor, o: Tensor, p: Tensor, first_time: int | None = 0) -> Scenes:
        """One scene for each of the given triples."""
        time = None if first_time is None else torch.arange(first_time, first_time + len(s))
        a, b, r = self.things[s], self.things[o], self.relations[p]
        ms, mo, mp = self.roles
        scene = a @ ms.T + b @ mo.T + r @ mp.T + 0.1 * self.noise(*a.shape)
        boxes = a + 0.1 * self.noise(*a.shape), b + 0.1 * self.noise(*a.shape)
        union = 0.3 * (a + b) + r + 0.1 * self.noise(*a.shape)
        return Scenes(Statements(s, o, p, time), Features(scene, *boxes, union))
