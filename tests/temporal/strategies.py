"""Random formulas and scene graphs for property tests."""

from __future__ import annotations

import random
from fractions import Fraction

import torch

from nesy.dsl import ast
from nesy.dsl.ast import Atom, Binding, Formula, Window
from nesy.scenegraph import SceneGraph, Vocabulary

VOCABULARY = Vocabulary(("cat", "dog"), ("p", "q"), ("r",))
CONNECTIVES = 21


def random_window(rng: random.Random) -> Window | None:
    kind = rng.random()
    if kind < 0.5:
        return None
    if kind < 0.75:
        lo = rng.randint(0, 3)
        return Window(Fraction(lo), None if rng.random() < 0.3 else Fraction(lo + rng.randint(0, 3)))
    if kind < 0.85:
        lo = rng.randint(0, 3)
        return Window(Fraction(lo, 2), Fraction(lo + rng.randint(0, 3), 2), "seconds")
    a, b = sorted(rng.randint(0, 4) for _ in "ab")
    return Window(Fraction(a, 4), Fraction(b, 4), "fraction")


def random_formula(rng: random.Random, depth: int, variables: tuple[str, ...] = (), quantify: int = 2) -> Formula:
    """A random closed formula (if ``variables`` is empty) over VOCABULARY, with every operator of the language."""
    if not variables:
        return random_quantifier(rng, depth, variables, quantify)
    if depth == 0:
        kind = rng.random()
        if kind < 0.55:
            return Atom(rng.choice("pq"), (rng.choice(variables),))
        if kind < 0.75:
            return Atom("r", (rng.choice(variables), rng.choice(variables)))
        if kind < 0.82:
            return Atom(rng.choice(VOCABULARY.classes), (rng.choice(variables),))
        if kind < 0.88:
            return Atom("visible", (rng.choice(variables),))
        if kind < 0.94:
            return ast.Equal(rng.choice(variables), rng.choice(variables))
        if kind < 0.97:
            return ast.Distinct((rng.choice(variables), rng.choice(variables)))
        return ast.Truth(rng.random() < 0.5)

    def sub() -> Formula:
        return random_formula(rng, rng.randint(0, depth - 1), variables, quantify)

    kind, w = rng.randrange(CONNECTIVES), random_window(rng)
    match kind:
        case 0:
            return ast.Not(sub())
        case 1:
            return ast.And((sub(), sub()))
        case 2:
            return ast.Or((sub(), sub(), sub()))
        case 3:
            return ast.Implies(sub(), sub())
        case 4:
            return ast.Iff(sub(), sub())
        case 5:
            return ast.Next(sub())
        case 6:
            return ast.WeakNext(sub())
        case 7:
            return ast.Previous(sub())
        case 8:
            return ast.WeakPrevious(sub())
        case 9:
            return ast.Eventually(sub(), w)
        case 10:
            return ast.Always(sub(), w)
        case 11:
            return ast.Once(sub(), w)
        case 12:
            return ast.Historically(sub(), w)
        case 13:
            return ast.Until(sub(), sub(), w)
        case 14:
            return ast.Release(sub(), sub(), w)
        case 15:
            return ast.WeakUntil(sub(), sub(), w)
        case 16:
            return ast.Since(sub(), sub(), w)
        case 17:
            return ast.Then((sub(), sub()), (w,))
        case 18:
            return ast.Then((sub(), sub(), sub()), (None, w))
        case 19:
            return ast.Hinted(sub(), "early", "short")
        case _:
            return random_quantifier(rng, depth, variables, quantify) if quantify else sub()


def random_quantifier(rng: random.Random, depth: int, variables: tuple[str, ...], quantify: int) -> Formula:
    name = f"x{len(variables)}"
    bindings = (Binding(name, rng.choice([None, "cat", "dog"])),)
    if quantify > 1 and rng.random() < 0.3:
        bindings += (Binding(name + "b", rng.choice([None, "cat", "dog"])),)
    inner = (*variables, *(b.var for b in bindings))
    body = random_formula(rng, depth, inner, quantify - len(bindings))
    match rng.randrange(4):
        case 0 | 1:
            return ast.Exists(bindings, body)
        case 2:
            return ast.Forall(bindings, body)
        case _:
            return ast.ExistsAtLeast(rng.randint(0, 3), bindings, body)


def random_graph(
    rng: random.Random, frames: int, objects: int, *, uncertain: float = 0.4, fps: float | None = 2.0
) -> SceneGraph:
    """A random clip; each fact is uncertain with probability ``uncertain``, else 0 or 1."""

    def fact() -> float:
        return rng.choice([0.0, 1.0]) if rng.random() > uncertain else rng.uniform(0.05, 0.95)

    def class_row() -> list[float]:
        if rng.random() > uncertain:
            return rng.choice([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
        a, b = sorted((rng.random(), rng.random()))
        return rng.choice([[a, b - a], [a, 1 - a]])

    def grid(*shape: int) -> torch.Tensor:
        count = 1
        for size in shape:
            count *= size
        return torch.tensor([fact() for _ in range(count)], dtype=torch.float64).reshape(shape)

    return SceneGraph.from_probabilities(
        VOCABULARY,
        torch.tensor([class_row() for _ in range(objects)], dtype=torch.float64).reshape(objects, 2),
        grid(frames, objects, 2),
        grid(frames, objects, objects, 1),
        torch.tensor([rng.random() < 0.85 for _ in range(frames * objects)], dtype=torch.bool).reshape(frames, objects),
        fps,
    )
