"""What a BabyAI mission demands, as a formula over the predicates of :mod:`nesy.datasets.babyai`.

go to X          facing(m, X)
open X           X is closed or locked, and then open
pick up X        carrying(m, X)
put X next to Y  carrying(m, X), and then next_to(X, Y)
A and B          both
A then B         every demand of A is met before every demand of B, or in the same step; "B after you A" is the same
"""

from __future__ import annotations

from typing import Any

SIDES = {"left": "to_left", "right": "to_right", "front": "ahead_of", "behind": "behind"}


class Mission:
    """Collects the objects of a mission and their descriptions while its demands are written down."""

    def __init__(self) -> None:
        self.bindings = ["m: agent"]
        self.first: list[str] = []  # what is true of them in the first frame

    def thing(self, description: Any) -> tuple[str, str]:
        """A new variable for a described object, and what is always true of it ("" for nothing)."""
        name = f"x{len(self.bindings)}"
        self.bindings.append(f"{name}: {description.type}" if description.type else name)
        if description.loc:
            self.first.append(f"{SIDES[description.loc]}({name}, m)")
        return name, f" and {description.color}({name})" if description.color else ""

    def demands(self, instruction: Any) -> list[tuple[str, ...]]:
        """Chains of events of an instruction, each in its order; the chains themselves may come in any order."""
        kind = type(instruction).__name__
        if kind == "AndInstr":
            return self.demands(instruction.instr_a) + self.demands(instruction.instr_b)
        if kind in ("BeforeInstr", "AfterInstr"):
            first, second = instruction.instr_a, instruction.instr_b
            if kind == "AfterInstr":
                first, second = second, first
            before, after = self.demands(first), self.demands(second)
            # What an instruction ends with comes before what the next one ends with: a key may be taken on the way.
            return before + [(*a, b[-1]) for a in before for b in after]
        if kind == "PutNextInstr":
            x, of_x = self.thing(instruction.desc_move)
            y, of_y = self.thing(instruction.desc_fixed)
            return [(f"(carrying(m, {x}){of_x})", f"(next_to({x}, {y}){of_x}{of_y})")]
        x, of_x = self.thing(instruction.desc)
        if kind == "OpenInstr":
            return [(f"((closed({x}) or locked({x})){of_x})", f"(open({x}){of_x})")]
        return [(f"({'carrying' if kind == 'PickupInstr' else 'facing'}(m, {x}){of_x})",)]


def nested(chain: tuple[str, ...]) -> str:
    """Each event at the time of the one before it or later: one step can fulfil both halves of "A, then B"."""
    head, rest = chain[0], chain[1:]
    return f"(eventually ({head} and {nested(rest)}))" if rest else f"(eventually {head})"


def spec_of_mission(instructions: Any) -> str:
    """The formula of a mission's instructions (objects of minigrid.envs.babyai.core.verifier)."""
    mission = Mission()
    chains = list(dict.fromkeys(mission.demands(instructions)))
    longer = [c for c in chains if not any(c != d and c == d[: len(c)] for d in chains)]
    texts = [nested(c) for c in longer]
    return f"exists {', '.join(mission.bindings)} {{ {' and '.join(mission.first + texts)} }}"
