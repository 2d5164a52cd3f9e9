"""The exact probability of any formula on one scene graph.

P(formula) = sum over class configurations of P(configuration) * P(ground formula | configuration). Within one
configuration every object has a known class, the quantifiers are ground out, and the frame facts are independent: the
ground formula becomes an automaton and one pass over the frames counts the worlds that it accepts, facts shared
between assignments and all. This is the definition made computable; :mod:`nesy.reasoners.temporal.lifted` is its fast
relative for training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from math import prod
from typing import Any

import torch
from torch import Tensor

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.automaton import Automaton, Progression, build
from nesy.reasoners.temporal.core import FALSE, TRUE, Core, Part, Proposition, Some, conj, ground
from nesy.reasoners.temporal.definition import VISIBLE, inside
from nesy.reasoners.temporal.scope import miniscope
from nesy.reasoners.temporal.unions import de_caen, hunter
from nesy.scenegraph import SceneGraph

CONFIGURATIONS = 20_000
"""Default budget: class configurations enumerated for one formula."""

NEGLIGIBLE = 1e-12, 1e-9
"""What is left of the probability of all class configurations when the search ends, and when it may end early."""

GROUNDING = 20
"""Decision steps that grounding a formula counts for, an object."""

PAIRED = 24
"""Parts of a disjunction that are bounded by their pairs at most."""

EFFORT = 300_000
"""Default budget: decision steps of one question, a few seconds."""


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


def configurations(formula: Formula, facts: Facts) -> Iterator[tuple[tuple[str | None, ...], Tensor]]:
    """Every way to give the objects the classes that matter to ``formula``, with its probability (0-d tensor).

    The most probable ones come first, so that a search that stops early knows most of the truth. A class that the
    formula does not mention counts as None, "something else". Impossible ways are left out.
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
        ways: list[tuple[str | None, Tensor]] = [
            (c, w) for c, w in zip(kept, weights, strict=True) if float(w.detach()) > 0
        ]
        ways += [(None, rest)] if float(rest.detach()) > 0 else []
        # A formula may mention classes that the vocabulary does not have: no object is of them.
        options.append(sorted(ways or [(None, rest + 1)], key=lambda way: -float(way[1].detach())))
    sizes = [[float(w.detach()) for _, w in ways] for ways in options]
    one = facts.classes.new_ones(())
    # Every choice but the first has one parent: the same with its last non-zero number one smaller.
    heap = [(-prod(s[0] for s in sizes), (0,) * len(sizes))]
    while heap:
        _, choice = heappop(heap)
        weight = one
        for o, k in enumerate(choice):
            weight = weight * options[o][k][1]
        yield tuple(options[o][k][0] for o, k in enumerate(choice)), weight
        last = max((o for o, k in enumerate(choice) if k), default=0)
        for o in range(last, len(choice)):
            if choice[o] + 1 < len(sizes[o]):
                child = (*choice[:o], choice[o] + 1, *choice[o + 1 :])
                heappush(heap, (-prod(s[k] for s, k in zip(sizes, child, strict=True)), child))


@dataclass
class Effort:
    """What a query may still cost: decision nodes made and followed, over all class configurations.

    Counted rather than timed, so that the same question has the same answer on every machine.
    """

    left: int = EFFORT

    def spend(self, steps: int) -> None:
        """Raises GroundingError when nothing is left."""
        self.left -= steps
        if self.left < 0:
            raise GroundingError(
                "the question needs more decision steps than the budget allows",
                hint="ask for bounds (--method bounds), or about fewer objects",
            )


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


def forward_lazily(formula: Core, facts: Facts, *, live: int = 50_000, effort: Effort | None = None) -> Tensor:
    """The same probability without the whole automaton: only states that the clip can reach are built.

    Mass flows from the first frame to the last; decisions on certain facts take one branch. ``live`` bounds the states.
    """
    effort = effort or Effort()
    progression = Progression(formula, states=live, nodes=min(40 * live, effort.left))
    series = [facts.series(p) for p in progression.propositions]
    values = [s.tolist() for s in series]
    # Without a gradient plain numbers do: several times faster than 0-d tensors.
    differentiable = torch.is_grad_enabled() and any(s.requires_grad for s in series)
    weights: list[Any] = series if differentiable else values
    one: Any = torch.ones((), dtype=torch.float64) if differentiable else 1.0
    mass: dict[int, Any] = {-1: one}  # by target; -1 - s is state s
    size = 0
    for t in range(facts.frames):
        flow: dict[int, Any] = {}
        for target, m in mass.items():
            _add(flow, progression.root(-1 - target), m)
        effort.spend(len(mass) + progression.size - size)
        size = progression.size
        mass = {}
        queue = [-target for target in flow if target >= 0]  # parents are numbered after their children
        heapify(queue)
        while queue:
            target = -heappop(queue)
            m = flow.pop(target)
            proposition, low, high = progression.branches[target]
            known, p = values[proposition][t], weights[proposition][t]
            for child, sure, weight in ((low, 0.0, 1 - p), (high, 1.0, p)):
                if known == 1.0 - sure:
                    continue
                if child >= 0 and child not in flow:
                    heappush(queue, -child)
                _add(flow, child, m if known == sure else m * weight)
            effort.spend(1)
        mass = flow
    accepted = [m for target, m in mass.items() if progression.accepts(-1 - target)]
    return torch.as_tensor(sum(accepted), dtype=torch.float64)


def _add(flow: dict[int, Any], target: int, mass: Any) -> None:
    flow[target] = flow[target] + mass if target in flow else mass


def probability_of(core: Core, facts: Facts, effort: Effort | None = None) -> Tensor:
    """P(core formula) on one clip: by the minimal automaton while that is small, else state by state."""
    effort = effort or Effort()
    try:
        automaton = build(core, states=512, nodes=50_000)
    except GroundingError:
        effort.spend(50_000)
        return forward_lazily(core, facts, effort=effort)
    effort.spend(facts.frames * len(automaton.branches))
    return forward(automaton, facts)


def enclose(
    formula: Formula, graph: SceneGraph, *, budget: int = CONFIGURATIONS, effort: int = EFFORT
) -> tuple[Tensor, float, GroundingError | None]:
    """The probability of ``formula`` as far as the budgets reach: (known part, open part, why it is open).

    known <= P(formula) <= known + open; known is differentiable, 0-d float64. The most probable class configurations
    are worked first, so that with a confident model a few of them leave little open. A disjunction over assignments
    that is too large for one automaton is enclosed by its pairs (nesy.reasoners.temporal.unions).

    Raises:
        GroundingError: unknown predicate or unbound variable.
    """
    if _about_one_object(formula) and int(graph.objects.max()) > 1:
        return _object_by_object(formula, graph, budget, effort)
    facts, left = Facts(graph), Effort(effort)
    scoped = miniscope(formula)  # fewer ways to bind a variable that serves one event only
    known: dict[Core, Tensor | None] = {}
    enclosed: dict[Core, tuple[float, float]] = {}
    reason: GroundingError | None = None
    total, covered = torch.zeros((), dtype=torch.float64), 0.0
    for count, (classes, weight) in enumerate(configurations(formula, facts)):
        if covered > 1 - NEGLIGIBLE[0]:
            break
        if count >= budget:
            reason = reason or GroundingError(
                f"more than {budget} ways to give {facts.objects} objects their classes",
                hint="ask for bounds (--method bounds), or round small class probabilities to zero",
            )
            break
        core = ground_in(scoped, facts, classes)
        if core not in known:
            try:
                left.spend(GROUNDING * facts.objects)
                known[core] = probability_of(core, facts, left)
            except GroundingError as e:
                known[core], reason = None, e
                enclosed[core] = _by_pairs(core, facts)
        value = known[core]
        if value is not None:
            total = total + weight * value
            covered += float(weight.detach())
        elif core in enclosed:
            low, high = enclosed[core]
            total = total + weight * low
            covered += float(weight.detach()) * (1 - (high - low))
        if left.left < 0:
            break
    unknown = max(0.0, 1.0 - covered)
    return (total, 0.0, None) if reason is None or unknown < NEGLIGIBLE[1] else (total, unknown, reason)


def _about_one_object(formula: Formula) -> bool:
    """Whether the formula is one quantifier over one variable, and nothing else is quantified."""
    return (
        isinstance(formula, (ast.Exists, ast.Forall))
        and len(formula.bindings) == 1
        and not any(isinstance(f, (ast.Exists, ast.Forall, ast.ExistsAtLeast)) for f in ast.walk(formula.body))
    )


def _object_by_object(
    formula: Formula, graph: SceneGraph, budget: int, effort: int
) -> tuple[Tensor, float, GroundingError | None]:
    """Different objects have no fact in common: "some object" is 1 - prod (1 - P), "every object" is a product."""
    one = graph.clip(0)
    known, highest = torch.ones((), dtype=torch.float64), 1.0
    reason: GroundingError | None = None
    for o in range(int(one.objects[0])):
        pick = slice(o, o + 1)
        alone = replace(
            one, classes=one.classes[:, pick], unary=one.unary[:, :, pick], binary=one.binary[:, :, pick, pick],
            present=one.present[:, :, pick], objects=torch.ones_like(one.objects),
        )  # fmt: skip
        low, unknown, why = enclose(formula, alone, budget=budget, effort=effort)
        reason = reason or why
        some = isinstance(formula, ast.Exists)
        known = known * (1 - low if some else low)
        high = min(1.0, float(low.detach()) + unknown)
        highest *= 1 - high if some else high
    if isinstance(formula, ast.Exists):
        known, highest = 1 - known, 1 - highest
    return known, max(0.0, highest - float(known.detach())), reason


def _by_pairs(core: Core, facts: Facts) -> tuple[float, float]:
    """Bounds on P(a disjunction) from exact probabilities of its parts and pairs; (0, 1) where those are too many."""
    parts = core[1:] if core[0] == "or" else ()
    if not 2 <= len(parts) <= PAIRED:
        return 0.0, 1.0
    effort = Effort()
    pairs = torch.zeros(len(parts), len(parts), dtype=torch.float64)
    try:
        with torch.no_grad():
            for i, a in enumerate(parts):
                for j, b in enumerate(parts[: i + 1]):
                    pairs[i, j] = pairs[j, i] = probability_of(a if i == j else conj([a, b]), facts, effort)
    except GroundingError:
        return 0.0, 1.0
    single = pairs.diagonal().clone()
    return de_caen(single, pairs), hunter(single, pairs)


def exact(formula: Formula, graph: SceneGraph, *, budget: int = CONFIGURATIONS) -> Tensor:
    """The exact probability of ``formula`` at the first frame of a clip (B = 1), differentiable, 0-d float64.

    Raises:
        GroundingError: unknown predicate, unbound variable, or one of the budgets (class configurations, automaton
            states, decision steps) exceeded; :func:`nesy.reasoners.temporal.query.query` then gives bounds.
    """
    known, _, reason = enclose(formula, graph, budget=budget)
    if reason is not None:
        raise reason
    return known
