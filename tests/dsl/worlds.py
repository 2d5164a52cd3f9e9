"""Random boolean traces, and the definition's verdict on them."""

from __future__ import annotations

from hypothesis import strategies as st

from nesy.dsl.ast import Formula
from nesy.dsl.variables import free_variables
from nesy.reasoners.temporal.definition import World, holds
from tests.dsl.strategies import BINARY, CLASSES, UNARY, VARIABLES


@st.composite
def worlds(draw: st.DrawFn, longest: int = 8) -> tuple[World, dict[str, int]]:
    """A trace of 0 to ``longest`` frames with one or two objects, and the objects of the free variables."""
    n, objects = draw(st.integers(0, longest)), draw(st.integers(1, 2))
    cells = [(p, i, o) for p in UNARY if p != "visible" for i in range(n) for o in range(objects)]
    pairs = [(r, i, o, q) for r in BINARY for i in range(n) for o in range(objects) for q in range(objects)]
    everything: list[tuple[str | int, ...]] = [*cells, *pairs]
    bits = draw(st.integers(0, 2 ** len(everything) - 1))
    facts = frozenset(f for k, f in enumerate(everything) if bits >> k & 1)
    gone = draw(st.sets(st.tuples(st.integers(0, max(n - 1, 0)), st.integers(0, objects - 1)), max_size=3))
    classes = tuple(draw(st.sampled_from(CLASSES)) for _ in range(objects))
    world = World(n, classes, facts, frozenset(gone), 2.0, frozenset(CLASSES))
    return world, {v: draw(st.integers(0, objects - 1)) for v in VARIABLES}


def verdict(f: Formula, world: World, env: dict[str, int]) -> bool:
    return holds(f, world, env={v: env[v] for v in free_variables(f)})
