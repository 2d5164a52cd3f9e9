"""Scene graphs as examples: every choice of objects for the quantified variables is one trace.

``exists m: mugen, s: snail { ... }`` holds of a graph when its body holds of the trace of some choice of objects, so
one search over the bodies finds formulas with quantified objects. A fact counts as true when its probability reaches
the threshold; afterwards the candidates can be ranked by their expected errors under the probabilities themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, combinations_with_replacement, permutations, product

import numpy as np
import numpy.typing as npt

from nesy.dsl import ast
from nesy.dsl.ast import Binding, Formula
from nesy.dsl.words import ANY_OBJECT, BUILTIN_UNARY, is_name
from nesy.errors import DataError, did_you_mean
from nesy.scenegraph import SceneGraph
from nesy.synthesis.examples.bits import Clock, pack
from nesy.synthesis.examples.problem import Problem
from nesy.synthesis.examples.search import Result, Search, search

Bools = npt.NDArray[np.bool_]
PREFIXES = 40


def synthesize_from_graphs(
    positive: Sequence[SceneGraph],
    negative: Sequence[SceneGraph],
    settings: Search | None = None,
    *,
    variables: Sequence[Binding] | None = None,
    threshold: float = 0.5,
) -> Result:
    """The smallest ``exists ... { ... }`` that hold of the positive graphs (one clip each) and of no negative one.

    Args:
        variables: the quantified variables; without them every class alone and every pair of classes is tried.
        threshold: the probability from which a fact counts as true.

    Names that a formula cannot contain, such as ``in front of``, take no part. Each quantified variable counts as one
    node of the size. Where the graphs hold probabilities, the candidates of one size are ordered by their expected
    errors (:func:`expected_errors`).

    Raises:
        DataError: an empty side, a clip without frames, an unknown class, contradictory examples.
    """
    settings = settings or Search()
    for side, graphs in (("positive", positive), ("negative", negative)):
        if not graphs:
            raise DataError(f"there is no {side} scene graph")
        for k, g in enumerate(graphs):
            if g.batch_size != 1 or int(g.lengths[0]) < 1:
                raise DataError(f"{side} scene graph {k + 1} must be one clip with at least one frame")
    graphs = [*positive, *negative]
    labels = np.arange(len(graphs)) < len(positive)
    prefixes = [tuple(variables)] if variables else list(_prefixes(graphs, threshold))
    if not prefixes:
        raise DataError("no object of the scene graphs has a class", hint="lower the threshold")
    known = {c for g in graphs for c in g.vocabulary.classes}
    for b in (b for p in prefixes for b in p):
        if b.sort is not None and b.sort not in known:
            raise DataError(f"no class `{b.sort}` in the scene graphs", hint=did_you_mean(b.sort, known))
    facts = [_facts(g, threshold) for g in graphs]
    problems = [p for prefix in prefixes if (p := _problem(facts, labels, prefix)) is not None]
    if not problems:
        raise DataError("no fact tells the scene graphs apart", hint="lower the threshold, or give more examples")
    result = search(problems, settings)
    if all(_certain(g) for g in graphs):
        return result
    rated = [replace(c, expected=expected_errors(c.formula, positive, negative)) for c in result.candidates]
    rated.sort(key=lambda c: (c.errors > settings.noise, c.size if c.errors <= settings.noise else 0, c.expected))
    return replace(result, candidates=tuple(rated))


def expected_errors(formula: Formula, positive: Sequence[SceneGraph], negative: Sequence[SceneGraph]) -> float:
    """The expected number of wrong verdicts: the sum of 1 - P over positive graphs and of P over negative ones.

    P combines assignments of objects by noisy-or (:func:`nesy.reasoners.temporal.lifted.align`): an upper bound where
    they share facts.
    """
    from nesy.reasoners.temporal.lifted import align

    total = 0.0
    for graphs, wrong in ((positive, "log_not"), (negative, "log_prob")):
        for g in graphs:
            total += float(getattr(align([formula], g), wrong).exp().sum())
    return total


def _certain(g: SceneGraph) -> bool:
    return all(bool((x.isinf() | (x.abs() > 13)).all()) for x in (g.unary, g.binary))


class _Facts:
    """One graph as booleans: classes [N], unary name -> [N, T], binary name -> [N, N, T].

    Names that no formula can contain (``in front of``) are left out.
    """

    def __init__(self, g: SceneGraph, threshold: float) -> None:
        threshold -= 1e-7  # 0.58 is kept as log-odds and comes back as 0.57999...
        self.frames, self.objects = int(g.lengths[0]), int(g.objects[0])
        t, n = self.frames, self.objects
        present = g.present[0, :t, :n]
        p = g.classes[0, :n].exp()
        sorts = [(k, c) for k, c in enumerate(g.vocabulary.classes) if is_name(c) and c != ANY_OBJECT]
        self.classes = [frozenset(c for k, c in sorts if float(p[o, k]) >= threshold) for o in range(n)]
        unary = ((g.unary[0, :t, :n].sigmoid() >= threshold) & present[..., None]).permute(2, 1, 0).numpy()
        both = present[:, :, None] & present[:, None, :]
        binary = ((g.binary[0, :t, :n, :n].sigmoid() >= threshold) & both[..., None]).permute(3, 1, 2, 0).numpy()
        self.unary: dict[str, Bools] = {
            k: x for k, x in zip(g.vocabulary.unary, unary, strict=True) if is_name(k) and k not in BUILTIN_UNARY
        }
        self.binary: dict[str, Bools] = {
            k: x for k, x in zip(g.vocabulary.binary, binary, strict=True) if is_name(k) and k not in BUILTIN_UNARY
        }

    def choices(self, prefix: Sequence[Binding]) -> list[tuple[int, ...]]:
        """Objects of the right classes; variables of one class stand for different objects."""
        ranges = [[o for o in range(self.objects) if b.sort is None or b.sort in self.classes[o]] for b in prefix]
        alike = [(i, j) for i, j in combinations(range(len(prefix)), 2) if prefix[i].sort == prefix[j].sort]
        return [c for c in product(*ranges) if all(c[i] != c[j] for i, j in alike)]


def _facts(g: SceneGraph, threshold: float) -> _Facts:
    return _Facts(g, threshold)


def _prefixes(graphs: Sequence[SceneGraph], threshold: float) -> Iterator[tuple[Binding, ...]]:
    """Every class that objects have, alone, then every pair; the ones in most graphs first."""
    in_graphs: Counter[str] = Counter()
    twice: set[str] = set()
    for g in graphs:
        found = Counter(c for o in _facts(g, threshold).classes for c in o)
        in_graphs.update(found.keys())
        twice |= {c for c, n in found.items() if n > 1}
    names = [c for c, _ in in_graphs.most_common()]
    singles = [(Binding(variable(c, 0), c),) for c in names]
    pairs = [
        (Binding(variable(a, 0), a), Binding(variable(b, int(variable(a, 0) == variable(b, 0))), b))
        for a, b in combinations_with_replacement(names, 2)
        if a != b or a in twice
    ]
    yield from (*singles, *pairs)[:PREFIXES]


def variable(sort: str, number: int) -> str:
    """A short variable for a class: its first letter, numbered when that is taken."""
    letter = sort[0].lower() if sort[0].isalpha() else "x"
    return letter + (str(number + 1) if number else "")


def _problem(facts: Sequence[_Facts], labels: Bools, prefix: tuple[Binding, ...]) -> Problem | None:
    """The traces of all choices of objects; None where no proposition ever changes anything."""
    unary = sorted({name for f in facts for name in f.unary})
    binary = sorted({name for f in facts for name in f.binary})
    choices = [f.choices(prefix) for f in facts]
    possible = np.array([bool(c) for c in choices])
    if not possible.any():
        return None
    rows: list[tuple[_Facts, tuple[int, ...] | None]] = []
    for f, found in zip(facts, choices, strict=True):
        rows += [(f, c) for c in found] or [(f, None)]
    starts = np.cumsum([0, *(max(1, len(c)) for c in choices[:-1])])
    lengths = np.array([f.frames for f, _ in rows])
    propositions: list[tuple[str, tuple[int, ...]]] = [
        *((name, (v,)) for v in range(len(prefix)) for name in unary),
        *((name, pair) for pair in permutations(range(len(prefix)), 2) for name in binary),
    ]
    values = np.zeros((len(propositions), len(rows), int(lengths.max())), bool)
    for n, (f, choice) in enumerate(rows):
        if choice is None:
            continue
        for k, (name, places) in enumerate(propositions):
            objects = tuple(choice[v] for v in places)
            table = f.unary if len(places) == 1 else f.binary
            if name in table:
                values[k, n, : f.frames] = table[name][objects]
    varied = np.asarray(values.any(axis=(1, 2)))
    if not varied.any():
        return None
    atoms = tuple(
        ast.Atom(name, tuple(prefix[v].var for v in places))
        for k, (name, places) in enumerate(propositions)
        if varied[k]
    )
    return Problem(atoms, pack(values[varied]), Clock.of(lengths), starts, labels, possible, prefix)
