"""The automaton of a spec as a drawing (DOT, for Graphviz)."""

from __future__ import annotations

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.signature import Signature
from nesy.errors import GroundingError
from nesy.reasoners.temporal.automaton import Automaton, build
from nesy.reasoners.temporal.core import FALSE, TRUE, Core, Part, Proposition, ground
from nesy.reasoners.temporal.shape import prefix

MOST_STATES = 64


def to_dot(formula: Formula, signature: Signature, *, fps: float | None = None, title: str = "spec") -> str:
    """The minimal automaton of a spec's body; leading ``exists`` variables stand for different objects.

    Raises:
        GroundingError: a quantifier inside the body, or an automaton of more than MOST_STATES states.
    """
    bindings, body = prefix(formula)
    if any(isinstance(f, (ast.Exists, ast.Forall, ast.ExistsAtLeast)) for f in ast.walk(body)):
        raise GroundingError(
            "an automaton can be drawn of one choice of objects only", hint="write the quantifiers at the spec's head"
        )
    names = [b.var for b in bindings]
    sorts = {b.var: b.sort for b in bindings}

    def atom(name: str, objects: tuple[int, ...], node: ast.Atom) -> Core:
        if len(objects) == 1 and name in signature.classes:
            return TRUE if sorts[names[objects[0]]] == name else FALSE
        return ("prop", (name, *objects))

    core = ground(body, range(len(names)), atom, in_class=lambda o, c: sorts[names[o]] == c,
                  env={n: k for k, n in enumerate(names)}, fps=fps)  # fmt: skip
    automaton = build(core, states=MOST_STATES, nodes=20_000)
    lines = [f'digraph "{title}" {{', "  rankdir=LR;", '  node [shape=circle, fontname="sans-serif"];',
             '  edge [fontname="sans-serif"];', '  start [shape=point, label=""];',
             f"  start -> s{automaton.initial};"]  # fmt: skip
    for s, accepting in enumerate(automaton.accepting):
        lines.append(f'  s{s} [label="{s}"{", shape=doublecircle" if accepting else ""}];')
    for s in range(len(automaton.accepting)):
        for target, cubes in _edges(automaton, s, names).items():
            lines.append(f'  s{s} -> s{target} [label="{" | ".join(cubes)}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _edges(automaton: Automaton, state: int, names: list[str]) -> dict[int, list[str]]:
    """Per successor, the conjunctions of facts that lead to it; they exclude each other."""
    out: dict[int, list[str]] = {}
    stack: list[tuple[int, tuple[str, ...]]] = [(automaton.roots[state], ())]
    while stack:
        target, path = stack.pop()
        if target < 0:
            out.setdefault(-1 - target, []).append(" & ".join(path) or "true")
            continue
        k, low, high = automaton.branches[target]
        fact = _text(automaton.propositions[k], names)
        stack += [(low, (*path, "!" + fact)), (high, (*path, fact))]
    return out


def _text(proposition: Proposition, names: list[str]) -> str:
    if isinstance(proposition, Part):
        return f"[{float(proposition.lo):.0%}, {float(proposition.hi):.0%}]"
    name, *objects = proposition  # type: ignore[misc]
    return f"{name}({', '.join(names[int(o)] for o in objects)})"
