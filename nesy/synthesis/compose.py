"""From a story to one formula, its objects quantified in front."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.limits import VARIABLES
from nesy.dsl.variables import free_variables
from nesy.synthesis.discourse import conjunction
from nesy.synthesis.reference import Entity, bindings
from nesy.synthesis.story import Story, contradict, sequence


def compose(
    story: Story, entities: Sequence[Entity], notes: list[str], hints: bool = False, everyday: bool = False
) -> Formula | None:
    """The formula of a story, its objects quantified in front; None if it tells nothing."""
    never = _never(story, notes)
    parts = [m.facts for m in story.chain]
    bounds = {f.right for f in story.beside if isinstance(f, ast.Until)}
    if len(parts) == 1 and parts[0] in bounds and not hints:
        parts = []  # *until* says that it happens
    if not parts and not story.beside and not never:
        return None
    if hints and parts:
        k = len(parts)
        parts = [ast.Hinted(f, location=(Fraction(i, k), Fraction(i + 1, k))) for i, f in enumerate(parts)]
    by_name = {x.variable: x for x in entities}
    parts = _alternatives(parts, [*story.beside, *never], by_name, everyday)
    parts = _localised(parts, [*story.beside, *never], by_name, notes)
    body = conjunction([*([sequence(parts)] if parts else []), *story.beside, *never])
    if everyday:
        body = _without_strangers(body)
    bound = bindings([by_name[v] for v in free_variables(body) if v in by_name])
    return ast.Exists(bound, body) if bound else body


def _without_strangers(body: Formula) -> Formula:
    """Drop inequalities with objects of which nothing else is said."""
    told = {v for f in ast.walk(body) if isinstance(f, ast.Atom) for v in f.args}

    def idle(f: Formula) -> bool:
        return isinstance(f, ast.Not) and isinstance(f.body, ast.Equal) and not {f.body.left, f.body.right} <= told

    def go(f: Formula) -> Formula:
        if isinstance(f, ast.And):
            kept = [go(g) for g in f.args if not idle(g)]
            return conjunction(kept) if kept else f
        return ast.replace_children(f, tuple(go(g) for g in ast.children(f))) if ast.children(f) else f

    return go(body)


def _never(story: Story, notes: list[str]) -> list[Formula]:
    """What is denied, of the whole clip where that fits what is told, else of the frame or the time behind an event."""
    out: list[Formula] = []
    told = {f for m in story.chain for f in ast.walk(m.facts) if isinstance(f, ast.Atom)}
    for d in story.never:
        denied, after, later = d.what, d.after, d.later
        atoms = {f for f in ast.walk(denied) if isinstance(f, ast.Atom)}
        names = {a.predicate for a in atoms}
        bound = {b.var for f in ast.walk(denied) if isinstance(f, ast.Exists) for b in f.bindings}
        shared = any(
            a.predicate in names
            and all(
                x in bound or x == y
                for b in atoms
                if b.predicate == a.predicate
                for x, y in zip(b.args, a.args, strict=True)
            )
            for a in told
        )
        if not shared and not later:
            out.append(ast.Not(ast.Eventually(denied)))
        elif d.frame and after is not None and not contradict(after.facts, ast.Not(denied), ()):
            after.facts = conjunction([after.facts, ast.Not(denied)])
        elif after is not None and after is story.chain[-1] and (later or not d.frame):
            after.facts = conjunction([after.facts, ast.Not(ast.Next(ast.Eventually(denied)))])
        else:
            notes.append("a negation was left out: the time that it speaks of is unclear")
    return out


def _alternatives(
    parts: Sequence[Formula], rest: Sequence[Formula], by_name: dict[str, Entity], everyday: bool
) -> list[Formula]:
    """Quantify what only one side of an *or* speaks of within that side: the other side may be true without it."""

    def inside(f: Formula, others: set[str]) -> Formula:
        if isinstance(f, ast.Hinted):
            return ast.replace_children(f, (inside(f.body, others),))
        if isinstance(f, ast.And):
            sides = [{v for h in f.args if h is not g for v in free_variables(h)} for g in f.args]
            return ast.And(tuple(inside(g, others | s) for g, s in zip(f.args, sides, strict=True)))
        if not isinstance(f, ast.Or):
            return f
        out: list[Formula] = []
        for g in f.args:
            elsewhere = others | {v for h in f.args if h is not g for v in free_variables(h)}
            own = [v for v in free_variables(g) if v in by_name and v not in elsewhere]
            shared = len({v for h in f.args for v in free_variables(h)}) == 1 or not everyday
            if shared and isinstance(g, ast.Atom) and len(g.args) == 1 and by_name.get(g.args[0]) is not None:
                own = []
            out.append(ast.Exists(bindings([by_name[v] for v in own]), g) if own else g)
        return ast.Or(tuple(out))

    used = [set(free_variables(f)) for f in parts]
    outer = {v for f in rest for v in free_variables(f)}
    result = []
    for i, f in enumerate(parts):
        others = outer.union(*(u for k, u in enumerate(used) if k != i))
        result.append(inside(f, others))
    return result


def _localised(
    parts: list[Formula], rest: Sequence[Formula], by_name: dict[str, Entity], notes: list[str]
) -> list[Formula]:
    """Keep within the limit on quantified variables: objects of one event only are quantified inside that event."""
    while True:
        used: dict[str, list[int]] = {}
        for i, f in enumerate(parts):
            for v in free_variables(f):
                used.setdefault(v, []).append(i)
        outer = {v for f in rest for v in free_variables(f)}
        names = set(used) | outer
        if len(names) <= VARIABLES:
            return parts
        single = [(v, at[0]) for v, at in used.items() if len(at) == 1 and v not in outer and v in by_name]
        fresh = [(v, k) for v, k in single if not isinstance(parts[k], ast.Exists)]
        if not fresh:
            notes.append("the last event was left out: the spec would have too many variables")
            parts = parts[:-1]
            continue
        v, k = fresh[-1]
        parts[k] = ast.Exists(bindings([by_name[v]]), parts[k])
