"""Ask a scene graph a question: the probability of a formula, how it was computed, and a witness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from nesy.dsl.ast import Formula
from nesy.errors import GroundingError
from nesy.reasoners.temporal.bounds import bounds
from nesy.reasoners.temporal.exact import CONFIGURATIONS, Facts, enclose
from nesy.reasoners.temporal.explain import Step, most_probable_world, prove
from nesy.scenegraph import SceneGraph

Method = Literal["auto", "exact", "bounds"]


@dataclass(frozen=True)
class Witness:
    """Why the formula holds in its most probable world.

    objects: number of the object that each leading variable denotes.
    frames: the frames in which the proof uses a fact.
    steps: those facts, in order of time.
    missing: those of the steps that the graph thinks unlikely (P < 1/2): what would have to be otherwise.
    """

    objects: dict[str, int]
    frames: tuple[int, ...]
    steps: tuple[Step, ...]
    missing: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Answer:
    """P(formula) on one clip.

    probability: the exact value; with ``method`` "lower bound" the larger of the known lower bounds.
    method: ``exact``, or ``lower bound`` when a budget was exceeded; then ``lower <= P <= upper``.
    note: why it is not exact.
    witness: None where the formula is impossible or the budget does not allow the search.
    """

    probability: float
    method: str
    lower: float
    upper: float
    witness: Witness | None
    note: str | None = None

    def __repr__(self) -> str:
        value = f"P = {self.probability:.6f} (exact)"
        if self.method != "exact":
            value = f"{self.lower:.6f} <= P <= {self.upper:.6f} ({self.note or 'bounds'})"
        if self.witness is None:
            return f"<{value}, no witness>"
        objects = "".join(f", {name} = object {k}" for name, k in self.witness.objects.items())
        frames = ", ".join(map(str, self.witness.frames[:8])) + (", ..." if len(self.witness.frames) > 8 else "")
        return f"<{value}{objects}" + (f", frames {frames}>" if frames else ">")


def query(
    formula: Formula,
    graph: SceneGraph,
    *,
    method: Method = "auto",
    budget: int = CONFIGURATIONS,
    witness: bool = True,
) -> Answer:
    """The probability of ``formula`` on one clip (B = 1), exact within ``budget``, otherwise between named bounds.

    Args:
        method: ``exact`` raises where the budget is exceeded, ``auto`` falls back to bounds and says so.

    Raises:
        GroundingError: unknown predicates, or no method applies.
    """
    known, unknown, why = 0.0, 1.0, None
    if method in ("auto", "exact"):
        with torch.no_grad():
            value, unknown, why = enclose(formula, graph, budget=budget)
        known = min(1.0, max(0.0, float(value)))
        if why is None:
            return Answer(known, "exact", known, known, explain(formula, graph) if witness and known > 0 else None)
        if method == "exact":
            raise why
    try:
        lower, upper = bounds(formula, graph)
    except GroundingError:
        if method == "bounds":
            raise
        lower, upper = 0.0, 1.0  # what the exact method got to know is all that is known
    lower, upper = max(lower, known), min(upper, known + unknown)
    return Answer(
        lower, "lower bound", lower, max(lower, upper), explain(formula, graph) if witness else None,
        why.message if why is not None else None,
    )  # fmt: skip


def explain(formula: Formula, graph: SceneGraph, ways: int = 64) -> Witness | None:
    """A proof in the most probable world that satisfies ``formula``, over the ``ways`` likeliest class configurations.

    None when there is no such world, or the search exceeds its budget before it finds one.
    """
    facts = Facts(graph)
    try:
        world = most_probable_world(formula, facts, ways)
    except GroundingError:  # the search has the same budgets as the probability
        return None
    if world is None:
        return None
    objects, steps = prove(formula, world)
    missing = tuple(s for s in steps if _likelihood(s, facts) < 0.5)
    return Witness(objects, tuple(sorted({s.frame for s in steps})), tuple(steps), missing)


def _likelihood(step: Step, facts: Facts) -> float:
    """The probability that the graph gives to one step of a proof."""
    p = float(facts.series((step.predicate, *step.objects))[step.frame])
    return p if step.holds else 1 - p
