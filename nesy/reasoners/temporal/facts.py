"""All facts of a batch of clips in one table, a row a fact: what every spec of the batch reads its numbers from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid

from nesy.dsl.ast import Window
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.core import Part
from nesy.reasoners.temporal.definition import VISIBLE, inside
from nesy.reasoners.temporal.logspace import FLOOR, log1mexp
from nesy.reasoners.temporal.shape import Sort
from nesy.scenegraph import SceneGraph

if TYPE_CHECKING:
    from nesy.reasoners.temporal.loops.chances import Doubles


class FactTable:
    """Unary facts, then binary ones, then visibility, then what always holds: F rows a clip, each of T frames.

    Every fact is one row, so that gathering the facts of a spec copies whole rows, forward and backward.
    """

    def __init__(self, graph: SceneGraph) -> None:
        self.graph = graph
        self.n = n = graph.present.shape[2]
        _, self.u, self.r = graph.vocabulary.sizes()
        self.columns = n * self.u + n * n * self.r + n + 1
        self.always = self.columns - 1
        self.logits: Tensor = _Rows.apply(graph.unary, graph.binary, graph.present)  # [B * F, T]
        self.unary = {name: i for i, name in enumerate(graph.vocabulary.unary)}
        self.binary = {name: i for i, name in enumerate(graph.vocabulary.binary)}
        self._peak: Tensor | None = None
        self._literals: Tensor | None = None
        self._numbers: tuple[Doubles, Doubles] | None = None

    def peak(self) -> Tensor:
        """log P of each fact in its best frame, [B, F], without gradient."""
        if self._peak is None:
            odds = self.logits.detach()
            if odds.device.type == "cpu":
                best = torch.from_numpy(self.numbers()[1])
            else:
                best = odds.amax(1) if odds.shape[1] else odds.new_full((len(odds),), -torch.inf)
            self._peak = logsigmoid(best).clamp_min(FLOOR).reshape(-1, self.columns)
        return self._peak

    def column(self, name: str, arity: int) -> tuple[int, int, int]:
        """The affine map (base, stride of first object, stride of second) from objects to a fact of a clip."""
        n, u, r = self.n, self.u, self.r
        if arity == 1 and name in self.unary:
            return self.unary[name], u, 0
        if arity == 2 and name in self.binary:
            return n * u + self.binary[name], n * r, r
        if arity == 1 and name == VISIBLE:
            return n * u + n * n * r, 1, 0
        raise GroundingError(
            f"the scene graph has no predicate `{name}` with {arity} argument(s)",
            hint="check the spec against the domain: nesy check",
        )

    def literals(self) -> Tensor:
        """log P of every literal, [2 F B, T]: the facts of all clips, then their negations; computed once."""
        if self._literals is None:
            odds = self.logits.clamp(FLOOR, -FLOOR)  # those of certain facts are infinite
            self._literals = torch.cat([logsigmoid(odds), logsigmoid(-odds)])
        return self._literals

    def numbers(self) -> tuple[Doubles, Doubles]:
        """P of every literal [2 F B, T], the facts and then their negations; the highest log-odds of each fact [F B].

        Only for tables on a CPU; in doubles, without gradient, computed once.
        """
        if self._numbers is None:
            from nesy.reasoners.temporal.loops.chances import chances_of  # here: numba takes half a second to load

            self._numbers = chances_of(self.logits.detach().numpy())
        return self._numbers


class _Rows(torch.autograd.Function):
    """Log-odds [B, T, N, U] and [B, T, N, N, R] as rows [B F, T]: facts of absent objects never hold."""

    @staticmethod
    def forward(ctx: Any, unary: Tensor, binary: Tensor, here: Tensor) -> Tensor:
        b, t, n = here.shape
        ctx.shapes = unary.shape, binary.shape
        first, second = n * unary.shape[3], n * n * binary.shape[4]
        out = unary.new_empty(b, first + second + n + 1, t)
        there = here.transpose(1, 2)  # [B, N, T]
        both = there[:, :, None] & there[:, None]
        for rows, odds, mask in (
            (out[:, :first], unary, there),
            (out[:, first : first + second], binary, both),
        ):
            _by_time(rows, odds.shape).copy_(odds)
            rows.view(*mask.shape[:-1], odds.shape[-1], t).masked_fill_(~mask[..., None, :], -torch.inf)
        out[:, first + second : -1] = torch.where(there, torch.inf, -torch.inf)
        out[:, -1] = torch.inf
        return out.flatten(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        # facts of absent objects are certain, and no reader of the table gives a certain fact a gradient
        unary, binary = ctx.shapes
        b, t, n = unary[:3]
        first, second = unary[2:].numel(), binary[2:].numel()
        rows = grad.view(b, first + second + n + 1, t)
        return _by_time(rows[:, :first], unary), _by_time(rows[:, first : first + second], binary), None


def _by_time(rows: Tensor, shape: torch.Size) -> Tensor:
    """Rows [B, F, T] seen as [B, T, N, ..]."""
    return rows.view(shape[0], *shape[2:], shape[1]).movedim(-1, 1)


def part_rows(parts: Sequence[tuple[Part, int]], like: Tensor) -> tuple[Tensor, Tensor]:
    """Stretches of clips of so many frames as certain facts: log P and log (1 - P), [len(parts), T] each."""
    known = [[inside(Window(p.lo, p.hi, "fraction"), f, n) for f in range(like.shape[1])] for p, n in parts]
    certain = torch.tensor(known, dtype=torch.bool, device=like.device).reshape(len(parts), like.shape[1])
    return torch.where(certain, 0.0, FLOOR).to(like), torch.where(certain, FLOOR, 0.0).to(like)


def sort_table(sorts: Sequence[Sort], graph: SceneGraph) -> tuple[Tensor, dict[Sort, int]]:
    """log P(object has the sort) for every sort in use, [B, N, Q], and the column of each sort."""
    number = {name: i for i, name in enumerate(graph.vocabulary.classes)}
    column: dict[Sort, int] = {s: k for k, s in enumerate(dict.fromkeys(sorts))}
    for sort in column:
        for name in [sort] if isinstance(sort, str) else sort:
            if name not in number:
                raise GroundingError(
                    f"the scene graph has no class `{name}`", hint=did_you_mean(name, number) or "nesy check"
                )
    classes = graph.classes.clamp_min(FLOOR)
    # a class has its column; what an object is not is worked out, and stands behind the classes
    others = list(dict.fromkeys(s for s in column if not isinstance(s, str)))
    known = [
        log1mexp(classes[..., [number[c] for c in sorted(s)]].logsumexp(-1))
        if s
        else classes.new_zeros(classes.shape[:2])
        for s in others
    ]
    every = torch.cat([classes, torch.stack(known, -1)], -1) if known else classes
    place = [number[s] if isinstance(s, str) else len(number) + others.index(s) for s in column]
    return every.index_select(-1, torch.tensor(place, dtype=torch.long, device=every.device)), column
