"""Words and specs that do not fit a clip: what the semantic and the contrastive loss push down.

A negative that is true of the clip teaches the wrong thing, so words near the caption's own are never taken, and a
negative spec is one that its clip's own spec does not imply on sampled worlds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.elaborate import Elaborator
from nesy.dsl.fold import fold
from nesy.dsl.printer import to_text
from nesy.dsl.renaming import same
from nesy.dsl.signature import Signature
from nesy.errors import NesyError
from nesy.synthesis.equivalence import truths
from nesy.synthesis.lemmas import alike, words_of
from nesy.synthesis.normalize import Similarity
from nesy.synthesis.synonyms import related
from nesy.synthesis.vocabulary import Use, uses
from nesy.synthesis.worlds import Names, sample


@dataclass(frozen=True)
class NegativeWords:
    """For one clip, classes and predicates of which no object of it should be."""

    classes: tuple[str, ...]
    unary: tuple[str, ...]
    binary: tuple[str, ...]


def negative_words(
    formulas: Sequence[Formula],
    *,
    most: int = 5,
    least: int = 1,
    frequent: int = 0,
    similarity: Similarity | None = None,
    nearest: float = 0.4,
    seed: int = 0,
) -> list[NegativeWords]:
    """For each spec up to ``most`` classes, unary and binary predicates of the others that are far from its own words.

    least: specs that must use a word. frequent: so many of the most frequent words of each kind are never taken (they
        may be true of any clip, said or not). similarity, nearest: an encoder, and the nearness to a word of the clip
        from which a word is not taken; without one, forms, synonyms, wider and narrower words are not taken.
    """
    own = [uses(f) for f in formulas]
    counts = Counter(u for used in own for u in used)
    rng = random.Random(seed)
    pools: dict[str, list[str]] = {}
    for kind in ("class", "unary", "binary"):
        ranked = [n for (k, n), _ in sorted(counts.items(), key=lambda x: (-x[1], x[0])) if k == kind]
        pools[kind] = [n for n in ranked[frequent:] if counts[kind, n] >= least]
    near: dict[tuple[str, str], bool] = {}

    def close(a: str, b: str) -> bool:
        if (a, b) not in near:
            if similarity is None:
                near[a, b] = alike(words_of(a), words_of(b)) or related(a, b)
            else:
                near[a, b] = a == b or similarity(" ".join(words_of(a)), [" ".join(words_of(b))])[0] >= nearest
        return near[a, b]

    def far(kind: str, used: set[Use]) -> tuple[str, ...]:
        words = sorted({n for _, n in used})
        free = [n for n in pools[kind] if not any(close(w, n) for w in words)]
        return tuple(rng.sample(free, min(most, len(free))))

    return [NegativeWords(far("class", u), far("unary", u), far("binary", u)) for u in own]


def negative_specs(
    formulas: Sequence[Formula], signature: Signature, *, most: int = 1, seed: int = 0, worlds: int = 60
) -> list[list[Formula]]:
    """For each spec up to ``most`` specs of other captions that it does not imply, and that do not imply it.

    Specs that mean the same, or of which one follows from the other, make no contrast: the clip may satisfy both.
    """
    rng = random.Random(seed)
    made: list[list[Formula]] = []
    for f in formulas:
        order = list({to_text(g): g for g in formulas}.values())
        rng.shuffle(order)
        chosen: list[Formula] = []
        for g in order:
            if len(chosen) == most:
                break
            if f != g and independent(f, g, signature, worlds=worlds, seed=seed):
                chosen.append(g)
        made.append(chosen)
    return made


def independent(f: Formula, g: Formula, signature: Signature, *, worlds: int = 60, seed: int = 0) -> bool:
    """Whether sampled worlds show that neither spec implies the other; False if one cannot be evaluated."""
    try:
        pair = tuple(Elaborator(signature).elaborate(h) for h in (f, g))
        names = Names.of(pair, signature.classes)
        made = sample(pair, names, worlds, seed)
        a, b = (truths(h, made, names) for h in pair)
    except NesyError:
        return False
    return bool((a & ~b).any()) and bool((b & ~a).any())


def reordered(formula: Formula, seed: int = 0) -> Formula | None:
    """The spec with the events of its first sequence in another order: the hardest negative.

    None if it has none: no sequence, or one that says the same in every order, up to names.


    >>> from nesy.dsl.parser import parse_formula
    >>> to_text(reordered(parse_formula("exists d: dog { running(d) then barking(d) }")))
    'exists d: dog { barking(d) then running(d) }'
    """
    target = next((f for f in ast.walk(formula) if isinstance(f, ast.Then) and len(set(f.parts)) > 1), None)
    if target is None:
        return None
    rng = random.Random(seed)
    parts = list(target.parts)
    for _ in range(TRIES):
        rng.shuffle(parts)
        negative = _exchanged(formula, target, replaced(target, parts=tuple(parts)))
        if not same(negative, formula):
            return negative
    return None


TRIES = 32
"""Orders drawn before a sequence counts as one of which every order says the same."""


def _exchanged(formula: Formula, old: Formula, new: Formula) -> Formula:
    """``formula`` with ``new`` where this object ``old`` stands."""

    def step(f: Formula, below: Sequence[Formula]) -> Formula:
        return new if f is old else ast.replace_children(f, tuple(below)) if below else f

    return fold(formula, step)
