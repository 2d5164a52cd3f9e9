"""An examination of a memory: recognition, completion from a part, and order; each with its chance level.

After the memory-evaluation literature (seen or new; recall from a cue; which came first). The questions are put to
states, so that any source of features can be examined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nesy.errors import NesyError
from nesy.memory.brain.episodic import EpisodicMemory


@dataclass(frozen=True)
class Mark:
    """The result of one examination: the share of right answers among ``questions``, and the share by guessing."""

    name: str
    right: float
    chance: float
    questions: int

    def __str__(self) -> str:
        return f"{self.name:40s} {self.right:6.3f}  chance {self.chance:.4f}  n = {self.questions}"


@torch.no_grad()
def recognition(memory: EpisodicMemory, seen: Tensor, new: Tensor) -> Mark:
    """Two-alternative forced choice: of a stored moment's state and a new one, which is familiar? [M, D] each."""
    if seen.shape != new.shape or len(seen) == 0:
        raise NesyError(f"recognition needs as many new states as seen ones, got {len(new)} and {len(seen)}")
    a, b = memory.familiarity(seen), memory.familiarity(new)
    right = (a > b).double() + 0.5 * (a == b).double()
    return Mark("recognition: seen or new", float(right.mean()), 0.5, len(seen))


@torch.no_grad()
def completion(memory: EpisodicMemory, scenes: Tensor, names: Sequence[str], keep: float, *, seed: int = 0) -> Mark:
    """From a part to the whole: only a share ``keep`` of each scene's features [M, F] is shown, the rest is its mean.

    Right when the stored moment of that name is recognised among all.
    """
    g = torch.Generator().manual_seed(seed)
    shown = torch.rand(scenes.shape, generator=g) < keep
    cues = torch.where(shown, scenes, scenes.mean(0))
    scores, rows = memory.resemblance(memory.state(cues))
    best = [memory.times.name(int(r)) for r in rows[scores.argmax(-1)]]
    right = sum(a == b for a, b in zip(best, names, strict=True)) / len(names)
    return Mark(f"completion from {keep:.0%} of the features", right, 1 / max(1, len(rows)), len(names))


class Trace:
    """One superposed state of everything seen, S <- decay S + unit(q): a memory of order without any time stamp."""

    def __init__(self, width: int, decay: float) -> None:
        if not 0 < decay <= 1:
            raise NesyError(f"the decay of a trace lies in (0, 1], got {decay}")
        self.decay, self.state = decay, torch.zeros(width)

    def see(self, q: Tensor) -> None:
        """Add a state [D]."""
        self.state = self.decay * self.state + torch.nn.functional.normalize(q, dim=-1)

    def strength(self, q: Tensor) -> Tensor:
        """How strongly states [..., D] are still present, [...]."""
        return torch.nn.functional.normalize(q, dim=-1) @ self.state


def order(ranks: Tensor, gaps: tuple[int, int], *, pairs: int = 200, seed: int = 0, name: str = "order") -> Mark:
    """Which of two moments came first? ``ranks`` [T] rises with how recent a moment, in its true order, appears.

    Pairs are drawn with a distance within ``gaps`` (inclusive). Equal ranks are guesses and count half.
    """
    g = torch.Generator().manual_seed(seed)
    total = len(ranks)
    low, high = gaps[0], min(gaps[1], total - 1)
    if low < 1 or low > high:
        raise NesyError(f"no two of {total} moments lie {gaps[0]} to {gaps[1]} apart")
    gap = torch.randint(low, high + 1, (pairs,), generator=g)
    first = (torch.rand(pairs, generator=g) * (total - gap)).long()
    a, b = ranks[first], ranks[first + gap]
    right = (a < b).double() + 0.5 * (a == b).double()
    return Mark(f"{name}, {gaps[0]} to {gaps[1]} apart", float(right.mean()), 0.5, pairs)
