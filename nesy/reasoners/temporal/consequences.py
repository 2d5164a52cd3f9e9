"""What constraints add to a spec: whoever is stomped is dead, whatever is above has something below.

If ``always (stomping(x, y) -> dead(y))`` holds of every clip, then a clip satisfies ``... stomping(m, s) ...`` exactly
when it satisfies ``... stomping(m, s) and dead(s) ...``. The longer spec teaches ``dead`` as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.reasoners.temporal.exclusive import rule_of
from nesy.reasoners.temporal.pointwise import literals
from nesy.scenegraph import Vocabulary

Fact = tuple[str, tuple[int, ...]]
"""A predicate and, for each of its arguments, which argument of the premise it is."""

Consequences = dict[tuple[str, int], tuple[Fact, ...]]
"""For (predicate, arity): the facts that follow from it."""


def consequences(constraints: Sequence[Formula], vocabulary: Vocabulary, *, arity: int | None = None) -> Consequences:
    """Learned facts about the same objects in the same frame that follow from one fact, directly or in steps.

    arity: only facts about so many objects.
    """
    learned = {*vocabulary.unary, *vocabulary.binary}
    follows: dict[tuple[str, int], set[Fact]] = {}
    for constraint in constraints:
        rule = rule_of(constraint)
        if rule is None or any(isinstance(g, (ast.Equal, ast.Distinct)) for g in ast.walk(rule.body)):
            continue  # a spec does not say which of its variables are different objects
        worlds = literals(rule.body, rule.variables, vocabulary.classes)
        facts = {(name, args) for w in worlds for name, args, _ in w if name in learned and len(set(args)) == len(args)}
        for premise, given in facts:
            for fact, about in facts - {(premise, given)}:
                certain = all((premise, given, False) in w or (fact, about, True) in w for w in worlds)
                if certain and set(about) <= set(given):
                    follows.setdefault((premise, len(given)), set()).add((fact, tuple(map(given.index, about))))
    grown = True
    while grown:
        grown = False
        for (premise, n), found in follows.items():
            for fact, about in list(found):
                for further, place in list(follows.get((fact, len(about)), ())):
                    step = (further, tuple(about[k] for k in place))
                    if step not in found and step != (premise, tuple(range(n))):
                        found.add(step)
                        grown = True
    kept = {key: sorted(f for f in found if arity in (None, len(f[1]))) for key, found in follows.items()}
    return {key: tuple(found) for key, found in sorted(kept.items()) if found}


class Saturation:
    """Adds to a formula what follows from its positive atoms; equivalent where the constraints hold.

    What it made of a formula is kept, and of its parts too, as the windows and orders of a caption share its events.
    """

    def __init__(self, known: Consequences) -> None:
        self.known = known
        self._kept = lru_cache(maxsize=1 << 15)(self._saturated)

    def __call__(self, formula: Formula) -> Formula:
        """The longer formula."""
        return self._kept(formula) if self.known else formula

    def _saturated(self, f: Formula) -> Formula:
        go = self._kept
        match f:
            case ast.Atom(name, args):
                follows = self.known.get((name, len(args)), ())
                more = [ast.Atom(q, tuple(args[k] for k in place)) for q, place in follows]
                return ast.And((f, *more)) if more else f
            case ast.And(parts):  # no conjunct twice
                inner = [go(p) for p in parts]
                flat = [g for p in inner for g in (p.args if isinstance(p, ast.And) else (p,))]
                return replace(f, args=tuple(dict.fromkeys(flat)))
            case ast.Or(parts):
                return replace(f, args=tuple(go(p) for p in parts))
            case ast.Then(parts):
                return replace(f, parts=tuple(go(p) for p in parts))
            case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Hinted():
                return replace(f, body=go(f.body))
            case ast.Eventually() | ast.Always() | ast.Next() | ast.WeakNext() | ast.Once() | ast.Historically():
                return replace(f, body=go(f.body))
            case ast.Until() | ast.WeakUntil() | ast.Release() | ast.Since():
                return replace(f, left=go(f.left), right=go(f.right))
        return f  # negations and conditions: what follows there would be something else
