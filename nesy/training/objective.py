"""What is minimised in one step, under each kind of supervision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.consequences import Saturation, consequences
from nesy.reasoners.temporal.exclusive import rule_of
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.shape import prefix
from nesy.scenegraph import SceneGraph, Vocabulary
from nesy.training.contrasts import contrasts, other, reordered
from nesy.training.examples import TrainBatch, truth_tensors
from nesy.training.losses import (
    alignment,
    answered,
    breach,
    contrastive,
    discrimination,
    negated,
    soft_cap,
    temporal,
    word_specs,
)
from nesy.training.settings import TrainSettings
from nesy.training.windows import window

WORDS_UNTIL, WORDS_FLOOR = 0.5, 0.2
"""Share of the training over which the weight of ``words`` falls, and to which share of itself. What no caption of a
clip says is often true all the same: a crude guess that helps to tell predicates apart at first and hurts later."""


@dataclass(frozen=True)
class Losses:
    """The weighted sum and its parts (unweighted), by name."""

    total: Tensor
    parts: dict[str, Tensor]


class Objective:
    """The loss of a batch of predicted scene graphs.

    Args:
        settings: supervision and weights.
        vocabulary: learned names.
        constraints: formulas that hold of every clip, in the form that the reasoner can run.
    """

    def __init__(self, settings: TrainSettings, vocabulary: Vocabulary, constraints: Sequence[Formula] = ()) -> None:
        self.settings = settings
        self.vocabulary = vocabulary
        self.rules = [r for c in constraints if (r := rule_of(c)) is not None]
        # Only what follows for one object: relations that follow (inverses above all) are the same fact seen again,
        # and repeating it in every spec slows learning down.
        self.full = Saturation(consequences(constraints, vocabulary, arity=1))
        self._told = lru_cache(maxsize=1 << 15)(self._words)  # a clip comes in every epoch
        self.broken = [negated(c) for c in constraints if rule_of(c) is None]

    def __call__(self, graph: SceneGraph, batch: TrainBatch, choice: torch.Generator, done: float = 0.0) -> Losses:
        """The loss at the share ``done`` of the training.

        ``choice`` draws captions and contrasts, on the CPU, so that a seed decides them.
        """
        if self.settings.supervision == "labels":
            parts = supervised(graph, batch)
            return Losses(torch.stack(list(parts.values())).sum(), parts)
        own, clips = self._captions(batch, choice)
        if not own:
            zero = graph.unary.sum() * 0
            return Losses(zero, {"alignment": zero.detach()})
        if self.settings.supervision == "multiple-instance":
            parts = self._multiple_instance(graph, own, clips, choice)
        else:
            told = [self._told(tuple(c.spec for c in batch.examples[k].captions)) for k in clips]
            parts = self._aligned(graph, own, clips, told, choice, done)
        weights = self.weights(done)
        total = torch.stack([weights[name] * value for name, value in parts.items()]).sum()
        return Losses(total, parts)

    def weights(self, done: float) -> dict[str, float]:
        """The weight of each loss at the share ``done`` of the training."""
        weights = dict(vars(self.settings.loss))
        if self.settings.supervision == "captions":
            weights["words"] *= max(WORDS_FLOOR, 1 - done / WORDS_UNTIL)
        return weights

    def _words(self, specs: Sequence[Formula]) -> frozenset[tuple[str, int]]:
        """The predicates that the captions of a clip say something of."""
        return frozenset().union(*(words(self.full(spec)) for spec in specs))

    def _captions(self, batch: TrainBatch, choice: torch.Generator) -> tuple[list[Formula], list[int]]:
        """One caption of each clip that has one, cut to a window of its events."""
        specs, clips = [], []
        for i, e in enumerate(batch.examples):
            if e.captions:
                k = int(torch.randint(len(e.captions), (1,), generator=choice))
                size = 1 + int(torch.randint(self.settings.window, (1,), generator=choice))
                specs.append(window(e.captions[k].spec, size, choice))
                clips.append(i)
        return specs, clips

    def _aligned(
        self,
        graph: SceneGraph,
        own: list[Formula],
        clips: list[int],
        told: list[frozenset[tuple[str, int]]],
        choice: torch.Generator,
        done: float,
    ) -> dict[str, Tensor]:
        weight, limit = self.settings.loss, self.settings.assignments
        said, own = own, [self.full(spec) for spec in own]
        table, asked = FactTable(graph), []
        if weight.discrimination and len(own) > 1:
            asked.append(discrimination(own, clips, reordered(own, choice)))
        elif weight.alignment:
            asked.append(alignment(own, clips))
        drawn = [contrasts[name](own, choice) for name in self.settings.contrasts]
        if weight.contrastive:
            asked.append(contrastive("contrastive", [(f, clips[i]) for pairs in drawn for i, f in pairs]))
        if weight.semantic:
            asked.append(contrastive("semantic", [(b, c) for c in clips for b in self.broken]))
        if self.weights(done)["words"] > 0:
            unsaid = [(w, clips[i]) for i, spec in other(said, choice) for w in sorted(words(spec) - told[i])]
            asked.append(contrastive("words", [(word_specs(*w), c) for w, c in unsaid]))
        parts = answered(asked, table, limit)
        if not weight.alignment:
            parts.pop("alignment", None)
        if weight.semantic and self.rules:
            broken = breach(self.rules, table)
            parts["semantic"] = parts["semantic"] + broken if "semantic" in parts else broken
        if weight.temporal:
            parts["temporal"] = temporal(own, graph, clips, limit)
        return parts

    def _multiple_instance(
        self, graph: SceneGraph, own: list[Formula], clips: list[int], choice: torch.Generator
    ) -> dict[str, Tensor]:
        """Each atom of the caption happens somewhere; atoms that only another caption has happen nowhere."""
        limit = self.settings.assignments
        bags = [bag(s) for s in own]
        positive = [(f, c) for fs, c in zip(bags, clips, strict=True) for f in fs]
        asked = [alignment([f for f, _ in positive], [c for _, c in positive])]
        negative = [(f, clips[i]) for i, spec in other(own, choice) for f in bag(spec) if f not in bags[i]]
        if self.settings.loss.contrastive:
            asked.append(contrastive("contrastive", negative))
        return answered(asked, FactTable(graph), limit)


@lru_cache(maxsize=4096)
def words(spec: Formula) -> frozenset[tuple[str, int]]:
    """The predicates of a spec with their arities."""
    return frozenset((f.predicate, len(f.args)) for f in ast.walk(spec) if isinstance(f, ast.Atom))


def bag(spec: Formula) -> list[Formula]:
    """The atoms that a spec says happen, each by itself somewhere in the clip: no order, no shared objects."""
    bindings, body = prefix(spec)
    sort = {b.var: b.sort for b in bindings}
    out: dict[Formula, None] = {}
    for f in affirmed(body):
        names = {a: f"x{k}" for k, a in enumerate(dict.fromkeys(f.args))}
        atom = ast.Eventually(ast.Atom(f.predicate, tuple(names[a] for a in f.args)))
        out[ast.Exists(tuple(ast.Binding(new, sort.get(old)) for old, new in names.items()), atom)] = None
    return list(out)


def affirmed(f: Formula) -> list[ast.Atom]:
    """The atoms of ``f`` that stand under no negation, or under an even number; what is denied need not happen."""
    found: list[ast.Atom] = []
    stack = [(f, True)]
    while stack:
        g, sign = stack.pop()
        match g:
            case ast.Atom() if sign:
                found.append(g)
            case ast.Not(body):
                stack.append((body, not sign))
            case ast.Implies(left, right):
                stack += [(right, sign), (left, not sign)]
            case ast.Iff():  # of two that go together neither is denied
                stack += [(h, True) for h in reversed(ast.children(g))]
            case ast.Count("<" | "<=" | "!=", _, _, body):
                stack.append((body, not sign))
            case _:
                stack += [(h, sign) for h in reversed(ast.children(g))]
    return found


def supervised(graph: SceneGraph, batch: TrainBatch) -> dict[str, Tensor]:
    """Cross-entropy against frame labels: every present object, every ordered pair of different present objects."""
    classes, unary, binary = (x.to(graph.unary.device) for x in truth_tensors(batch))
    here = graph.present
    n = here.shape[2]
    both = here[:, :, :, None] & here[:, :, None, :] & ~torch.eye(n, dtype=torch.bool, device=here.device)
    parts = {"class": graph.unary.sum() * 0}
    if (classes >= 0).any():  # the mean over no object is not a number
        parts["class"] = cross_entropy(graph.classes.flatten(0, 1), classes.flatten(), ignore_index=-100)
    for name, logits, truth in (
        ("unary", graph.unary[here], unary[here]),
        ("binary", graph.binary[both], binary[both]),
    ):
        if logits.numel():
            # Summed over predicates and averaged over facts' owners: rare predicates still move the weights.
            parts[name] = (
                binary_cross_entropy_with_logits(logits, truth.to(logits.dtype), reduction="none").sum(-1).mean()
            )
    return parts


__all__ = ["Losses", "Objective", "affirmed", "bag", "soft_cap", "supervised", "words"]
