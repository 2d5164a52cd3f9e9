"""How well an extractor does on clips whose truth is known.

The first question is whether a spec *holds* on the true scene graph of its clip, because a false spec teaches the
wrong thing; the second, whether it also holds of another clip, because a spec that holds everywhere teaches nothing.
Where the generator kept what each clause of its captions claims, events and facts are compared with that as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nesy.datasets.base import Clip, Dataset
from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.errors import DataError
from nesy.reasoners.temporal.definition import World, holds
from nesy.reasoners.temporal.scope import miniscope
from nesy.synthesis.base import Extraction, SpecExtractor

Fact = tuple[str, bool, tuple[frozenset[str], ...]]
"""Predicate, whether it is affirmed, and the classes that each argument can have."""


@dataclass
class Score:
    """Counts over captions of one style.

    captions, accepted, holding: captions, specs, specs true of their clip. tried_elsewhere, holding_elsewhere: the same
    of other clips. told, found, matched: events in the captions, in the specs, in both. facts: the same three of facts.
    failures: captions whose spec does not hold. reasons: why captions were rejected.
    """

    captions: int = 0
    accepted: int = 0
    holding: int = 0
    tried_elsewhere: int = 0
    holding_elsewhere: int = 0
    told: int = 0
    found: int = 0
    matched: int = 0
    facts: list[int] = field(default_factory=lambda: [0, 0, 0])
    failures: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, float | int]:
        """Shares between 0 and 1 (nan where nothing was counted), and the number of captions."""

        def share(a: int, b: int) -> float:
            return a / b if b else float("nan")

        return {
            "captions": self.captions,
            "accepted": share(self.accepted, self.captions),
            "holds": share(self.holding, self.accepted),
            "holds elsewhere": share(self.holding_elsewhere, self.tried_elsewhere),
            "event precision": share(self.matched, self.found),
            "event recall": share(self.matched, self.told),
            "fact precision": share(self.facts[2], self.facts[1]),
            "fact recall": share(self.facts[2], self.facts[0]),
        }


def measure(
    dataset: Dataset, extractor: SpecExtractor, progress: Callable[[int, int], None] | None = None
) -> dict[str, Score]:
    """Scores by style of caption (``auto``, ``manual``) over all clips of a dataset that have a true scene graph.

    Raises:
        DataError: no clip has one.
    """
    clips = [c for c in dataset.clips if c.truth is not None]
    if not clips:
        raise DataError(f"no clip of {dataset.name} has a true scene graph to hold specs against")
    scores: dict[str, Score] = {}
    for i, clip in enumerate(clips):
        world, other = world_of(clip), world_of(clips[(i + 2) % len(clips)])
        claims = claims_of(clip)
        extractions = extractor.extract([c.text for c in clip.captions])
        for k, (caption, extraction) in enumerate(zip(clip.captions, extractions, strict=True)):
            score = scores.setdefault(caption.kind, Score())
            _count(score, clip.id, extraction, world, other if len(clips) > 2 else None)
            if claims is not None:
                _compare(score, extraction, claims[k])
        if progress is not None:
            progress(i + 1, len(clips))
    return scores


def _count(score: Score, clip: str, extraction: Extraction, world: World, other: World | None) -> None:
    score.captions += 1
    if extraction.formula is None:
        score.reasons[extraction.reason] = score.reasons.get(extraction.reason, 0) + 1
        return
    score.accepted += 1
    formula = miniscope(extraction.formula)
    if holds(formula, world):
        score.holding += 1
    else:
        score.failures.append(f"{clip}: {extraction.caption}")
    if other is not None:
        score.tried_elsewhere += 1
        score.holding_elsewhere += holds(formula, other)


def _compare(score: Score, extraction: Extraction, told: Sequence[frozenset[Fact]]) -> None:
    found = events_of(extraction.formula) if extraction.formula is not None else []
    pairs = align_events(found, told)
    score.told += len(told)
    score.found += len(found)
    score.matched += len(pairs)
    score.facts[0] += sum(map(len, told))
    score.facts[1] += sum(map(len, found))
    score.facts[2] += sum(len(found[i]) for i, _ in pairs)


def world_of(clip: Clip) -> World:
    """The true scene graph of a clip as one boolean trace; DataError if it has none."""
    truth = clip.truth
    if truth is None:
        raise DataError(f"clip {clip.id} has no true scene graph")
    v = truth.vocabulary
    unary = {(v.unary[p], t, o) for t, o, p in np.argwhere(truth.unary).tolist()}
    binary = {(v.binary[p], t, a, b) for t, a, b, p in np.argwhere(truth.binary).tolist()}
    absent = frozenset((t, o) for t, o in np.argwhere(~clip.tracks.present).tolist())
    classes = tuple(v.classes[c] for c in truth.classes.tolist())
    return World(
        truth.unary.shape[0], classes, frozenset((*unary, *binary)), absent, clip.fps, frozenset(v.classes)
    )  # fmt: skip


def claims_of(clip: Clip) -> list[list[frozenset[Fact]]] | None:
    """What each clause of each caption claims, as the generator wrote it down; None for data that does not say."""
    path = clip.video.parent.parent / "video_metadata" / f"{clip.id}.json"
    try:
        scene: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["nesy"]
        kind = {t["id"]: t["class"] for t in scene["tracks"]}
        told = [
            [
                frozenset(
                    (a[0].removeprefix("not "), not a[0].startswith("not "), tuple(frozenset({kind[x]}) for x in a[1:]))
                    for a in clause["atoms"]
                )
                for clause in clauses
            ]
            for clauses in scene["clauses"]
            if clauses
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return told if len(told) == len(clip.captions) else None


def events_of(formula: Formula) -> list[frozenset[Fact]]:
    """The events of a spec in their order, each a set of facts; what is denied for ever, and disjunctions, left out."""
    classes: dict[str, frozenset[str]] = {}
    for f in ast.walk(formula):
        match f:
            case ast.Exists(bindings):
                classes.update({b.var: frozenset({b.sort} if b.sort else ()) for b in bindings})
            case ast.Or(args):
                sorts = [a for a in args if isinstance(a, ast.Atom) and len(a.args) == 1]
                if len(sorts) == len(args) and len({a.args for a in sorts}) == 1:
                    classes[sorts[0].args[0]] = frozenset(a.predicate for a in sorts)

    def facts(f: Formula) -> list[Fact]:
        match f:
            case ast.And(args):
                return [x for g in args for x in facts(g)]
            case ast.Hinted(body) | ast.Exists(_, body):
                return facts(body)
            case ast.Atom(p, args):
                return [(p, True, tuple(classes[a] for a in args))]
            case ast.Not(ast.Atom(p, args)):
                return [(p, False, tuple(classes[a] for a in args))]
        return []

    def events(f: Formula) -> list[frozenset[Fact]]:
        match f:
            case ast.Exists(_, body):
                return events(body)
            case ast.And(args):
                return [e for g in args for e in events(g)]
            case ast.Then(parts):
                return [frozenset(facts(p)) for p in parts]
            case ast.Eventually(body):
                return [frozenset(facts(body))]
        return []

    return [e for e in events(formula) if e]


def align_events(found: Sequence[frozenset[Fact]], told: Sequence[frozenset[Fact]]) -> list[tuple[int, int]]:
    """The longest pairing of found with told events that keeps both orders and pairs only what is implied.

    A found event is implied by a told one if every fact of it is a fact of the told one (of a class that fits).
    """
    n, m = len(found), len(told)
    best = [[0] * (m + 1) for _ in range(n + 1)]
    fits = [[_implied(a, b) for b in told] for a in found]
    for i in reversed(range(n)):
        for j in reversed(range(m)):
            paired = 1 + best[i + 1][j + 1] if fits[i][j] else 0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < n and j < m:
        if fits[i][j] and best[i][j] == 1 + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _implied(found: frozenset[Fact], told: frozenset[Fact]) -> bool:
    return all(
        any(p == q and s == t and all(b <= a for a, b in zip(xs, ys, strict=True)) for q, t, ys in told)
        for p, s, xs in found
    )
