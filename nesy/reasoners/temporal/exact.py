"""The exact probability of any formula on one scene graph.

P(formula) = sum over class configurations of P(configuration) * P(ground formula | configuration). Within one
configuration every object has a known class, the quantifiers are ground out, and the frame facts are independent: the
ground formula becomes an automaton and one pass over the frames counts the worlds that it accepts, facts shared
between assignments and all. This is the definition made computable; :mod:`nesy.reasoners.temporal.lifted` is its fast
relative for training.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import product
from math import prod

import torch
from torch import Tensor

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.automaton import Automaton, Progression, build
from nesy.reasoners.temporal.core import FALSE, TRUE, Core, Part, Proposition, Some, ground
from nesy.reasoners.temporal.definition import VISIBLE, inside
from nesy.scenegraph import SceneGraph

CONFIGURATIONS = 20_000
"""Default budget: class configurations enumerated for one formula."""


class Facts:
    """Frame facts of one clip (B = 1) as probabilities, by proposition.

    unary [T, N, U] and binary [T, N, N, R] in float64; facts of absent objects are 0.
    """

    def __init__(self, graph: SceneGraph) -> None:
        if graph.batch_size != 1:
            raise GroundingError(f"expected one clip, got a batch of {graph.batch_size}", hint="use graph.clip(i)")
        graph = graph.clip(0)
        here = graph.present[0]
        self.frames, self.objects = here.shape
        self.vocabulary = graph.vocabulary
        self.fps = graph.fps[0]
        self.present = here
        self.classes = graph.classes[0].double().exp()
        self.unary = graph.unary[0].double().sigmoid() * here[..., None]
        self.binary = graph.binary[0].double().sigmoid() * (here[:, :, None] & here[:, None, :])[..., None]
        self._unary = {name: i for i, name in enumerate(self.vocabulary.unary)}
        self._binary = {name: i for i, name in enumerate(self.vocabulary.binary)}

    def series(self, proposition: Proposition) -> Tensor:
        """The probability of a proposition at every frame, [T]."""
        if isinstance(proposition, Part):
            window = Window(proposition.lo, proposition.hi, "fraction")
            return torch.tensor([float(inside(window, t, self.frames)) for t in range(self.frames)]).double()
        if isinstance(proposition, Some):
            raise GroundingError("miniscoped propositions belong to the batched kernel")
        name, *objects = proposition
        if len(objects) == 1:
            if name == VISIBLE and name not in self._unary:
                return self.present[:, int(objects[0])].double()
            return self.unary[:, int(objects[0]), self._unary[str(name)]]
        return self.binary[:, int(objects[0]), int(objects[1]), self._binary[str(name)]]

    def atom(self, name: str, objects: tuple[int, ...], node: ast.Atom, classes: tuple[str | None, ...]) -> Core:
        """The core formula of an atom when the objects have ``classes``; certain facts become constants."""
        if len(objects) == 1 and name in self.vocabulary.classes:
            return TRUE if classes[objects[0]] == name else FALSE
        known = {1: {**self._unary, VISIBLE: 0}, 2: self._binary}.get(len(objects), {})
        if name not in known:
            everything = [*self.vocabulary.classes, *self._unary, *self._binary, VISIBLE]
            raise GroundingError(
                f"the scene graph has no predicate `{name}` with {len(objects)} argument(s)",
                span=node.span,
                hint=did_you_mean(name, everything) or "known: " + ", ".join(everything[:20]),
            )
        series = self.series((name, *objects))
        if self.frames and bool((series == 0).all()):
            return FALSE
        if self.frames and bool((series == 1).all()):
            return TRUE
        return ("prop", (name, *objects))


def classes_in(formula: Formula, names: tuple[str, ...]) -> list[str]:
    """The object classes that ``formula`` mentions, as sorts or as atoms."""
    found: dict[str, None] = {}
    for f in ast.walk(formula):
        match f:
            case ast.Exists(bindings) | ast.Forall(bindings) | ast.ExistsAtLeast(_, bindings):
                found.update({b.sort: None for b in bindings if b.sort is not None})
            case ast.Atom(name, (_,)) if name in names:
                found[name] = None
    return list(found)


def configurations(
    formula: Formula, facts: Facts, budget: int = CONFIGURATIONS
) -> Iterator[tuple[tuple[str | None, ...], Tensor]]:
    """Every way to give the objects the classes that matter to ``formula``, with its probability (0-d tensor).

    A class that the formula does not mention counts as None, "something else". Impossible ways are left out.

    Raises:
        GroundingError: more than ``budget`` ways.
    """
    mentioned = classes_in(formula, facts.vocabulary.classes)
    unknown = [c for c in mentioned if c not in facts.vocabulary.classes]
    columns = [facts.vocabulary.classes.index(c) for c in mentioned if c not in unknown]
    kept = [c for c in mentioned if c not in unknown]
    options: list[list[tuple[str | None, Tensor]]] = []
    for o in range(facts.objects):
        weights = facts.classes[o, columns]
        rest = (1 - weights.sum()).clamp_min(0)
        if len(kept) == len(facts.vocabulary.classes) and float(rest.detach()) < 1e-9:
            rest = rest * 0  # rounding of a softmax over all classes, not a real "something else"
        ways = [(c, w) for c, w in [*zip(kept, weights, strict=True), (None, rest)] if float(w.detach()) > 0]
        options.append(ways or [(None, rest + 1)])
    count = prod(len(ways) for ways in options)
    if count > budget:
        raise GroundingError(
            f"{count} ways to assign {len(mentioned)} classes to {facts.objects} objects (the budget is {budget})",
            hint="ask for bounds (--method bounds), or round small class probabilities to zero",
        )
    one = facts.classes.new_ones(())
    for way in product(*options):
        weight = one
        for _, w in way:
            weight = weight * w
        yield tuple(c for c, _ in way), weight


def ground_in(
    formula: Formula, facts: Facts, classes: tuple[str | None, ...], env: dict[str, int] | None = None
) -> Core:
    """``formula`` over the facts of one clip when its objects have ``classes``."""
    return ground(
        formula,
        range(facts.objects),
        lambda name, objects, node: facts.atom(name, objects, node, classes),
        in_class=lambda o, c: classes[o] == c,
        env=env,
        fps=facts.fps,
    )


def forward(automaton: Automaton, facts: Facts) -> Tensor:
    """The probability that the automaton accepts the clip: one pass from the last frame to the first (0-d float64)."""
    series = torch.stack([facts.series(p) for p in automaton.propositions], 1) if automaton.propositions else None
    value = torch.tensor([float(a) for a in automaton.accepting], dtype=torch.float64)
    states = list(value.unbind())
    for t in reversed(range(facts.frames)):
        branch: list[Tensor] = []

        def at(target: int, branch: list[Tensor] = branch, states: list[Tensor] = states) -> Tensor:
            return branch[target] if target >= 0 else states[-1 - target]

        for proposition, low, high in automaton.branches:  # children come before parents
            assert series is not None
            p = series[t, proposition]
            branch.append(p * at(high) + (1 - p) * at(low))
        states = [at(root) for root in automaton.roots]
    return states[automaton.initial]


def forward_lazily(formula: Core, facts: Facts, *, live: int = 50_000) -> Tensor:
    """The same probability without the whole automaton: only states that the clip can reach are built.

    Mass flows from the first frame to the last; decisions on certain facts take one branch. ``live`` bounds the states.
    """
    progression = Progression(formula, states=live, nodes=40 * live)
    series = [facts.series(p) for p in progression.propositions]
    certain = [[float(x) if float(x) in (0.0, 1.0) else None for x in s.detach()] for s in series]
    mass: dict[int, Tensor] = {-1: torch.ones((), dtype=torch.float64)}  # by target; -1 - s is state s
    for t in range(facts.frames):
        flow: dict[int, Tensor] = {}
        for target, m in mass.items():
            _add(flow, progression.root(-1 - target), m)
        mass = {}
        queue = [-target for target in flow if target >= 0]  # parents are numbered after their children
        heapify(queue)
        while queue:
            target = -heappop(queue)
            m = flow.pop(target)
            proposition, low, high = progression.branches[target]
            known, p = certain[proposition][t], series[proposition][t]
            for child, weight in ((low, 1 - p), (high, p)):
                if known is not None and (child == high) != (known == 1.0):
                    continue
                if child >= 0 and child not in flow:
                    heappush(queue, -child)
                _add(flow, child, m if known is not None else m * weight)
        mass = flow
    accepted = [m for target, m in mass.items() if progression.accepts(-1 - target)]
    return torch.stack(accepted).sum() if accepted else torch.zeros((), dtype=torch.float64)


def _add(flow: dict[int, Tensor], target: int, mass: Tensor) -> None:
    flow[target] = flow[target] + mass if target in flow else mass


def probability_of(core: Core, facts: Facts) -> Tensor:
    """P(core formula) on one clip: by the minimal automaton while that is small, else state by state."""
    try:
        automaton = build(core, states=512, nodes=50_000)
    except GroundingError:
        return forward_lazily(core, facts)
    return forward(automaton, facts)


def exact(formula: Formula, graph: SceneGraph, *, budget: int = CONFIGURATIONS) -> Tensor:
    """The exact probability of ``formula`` at the first frame of a clip (B = 1), differentiable, 0-d float64.

    Raises:
        GroundingError: unknown predicate, unbound variable, or one of the budgets (class configurations, automaton
            states, decision nodes) exceeded; :func:`nesy.reasoners.temporal.query.query` then falls back to bounds.
    """
    facts = Facts(graph)
    weights: dict[Core, Tensor] = {}
    for classes, weight in configurations(formula, facts, budget):
        core = ground_in(formula, facts, classes)
        weights[core] = weights[core] + weight if core in weights else weight
    total = torch.zeros((), dtype=torch.float64)
    for core, weight in weights.items():
        total = total + weight * probability_of(core, facts)
    return total
