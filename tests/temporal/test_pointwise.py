"""Formulas about one frame, on all objects at once, against the exact probability of single clips."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
import torch

from nesy.dsl import ast
from nesy.errors import GroundingError
from nesy.reasoners.temporal.exact import Facts, configurations, ground_in, probability_of
from nesy.reasoners.temporal.pointwise import log_probability

from .strategies import random_formula, random_graph

TEMPORAL = (ast.Next, ast.WeakNext, ast.Previous, ast.WeakPrevious, ast.Eventually, ast.Always, ast.Once,
            ast.Historically, ast.Until, ast.Release, ast.WeakUntil, ast.Since, ast.Then)  # fmt: skip


def test_equals_the_exact_probability_frame_by_frame():
    rng, checked = random.Random(1), 0
    while checked < 150:
        formula = random_formula(rng, rng.randint(0, 3), ("x", "y"), quantify=0)
        if any(isinstance(g, TEMPORAL) for g in ast.walk(formula)):
            continue
        graph = random_graph(rng, 2, 2)
        got = log_probability(formula, ("x", "y"), graph)
        assert got.shape == (1, 2, 2, 2)
        for t in range(2):
            one = replace(graph, unary=graph.unary[:, t : t + 1], binary=graph.binary[:, t : t + 1],
                          present=torch.ones(1, 1, 2, dtype=torch.bool), lengths=torch.tensor([1]))  # fmt: skip
            facts = Facts(one)
            for x, y in ((0, 1), (1, 0)):
                want = 0.0
                # every class matters to the atoms, so enumerate configurations over all of them
                every = ast.And(
                    (formula, *(ast.Implies(ast.Atom(c, (v,)), ast.Truth(True)) for c in ("cat", "dog") for v in "xy"))
                )
                for classes, weight in configurations(every, facts):
                    core = ground_in(formula, facts, classes, {"x": x, "y": y})
                    want += float(weight) * float(probability_of(core, facts))
                mine = graph.classes[0].exp().sum(-1)
                if bool((mine < 1 - 1e-9).any()):
                    continue  # log_probability counts declared classes only
                if any(isinstance(g, ast.Atom) and g.predicate == "visible" for g in ast.walk(formula)):
                    continue
                assert math.exp(got[0, t, x, y]) == pytest.approx(want, abs=1e-6), formula
        checked += 1


def test_temporal_operators_are_refused():
    graph = random_graph(random.Random(2), 2, 2)
    with pytest.raises(GroundingError, match="temporal"):
        log_probability(ast.Eventually(ast.Atom("p", ("x",))), ("x",), graph)
