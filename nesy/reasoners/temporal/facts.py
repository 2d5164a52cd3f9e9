"""All facts of a batch of clips in one table, a row a fact: what every spec of the batch reads its numbers from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from nesy.dsl.ast import Window
from nesy.errors import GroundingError, did_you_mean
from nesy.reasoners.temporal.core import Part
from nesy.reasoners.temporal.definition import VISIBLE, inside
from nesy.reasoners.temporal.logspace import FLOOR, log1mexp
from nesy.reasoners.temporal.shape import Sort
from nesy.scenegraph import SceneGraph


class FactTable:
    """Unary facts, then binary ones, then visibility, then what always holds: F rows a clip, each of T frames.

    Every fact is one row, so that gathering the facts of a spec copies whole rows, forward and backward.
    """

    def __init__(self, graph: SceneGraph) -> None:
        self.graph = graph
        b, t, n = graph.present.shape
        _, self.u, self.r = graph.vocabulary.sizes()
        self.n = n
        here = graph.present
        never = torch.full((), -torch.inf, device=graph.unary.device, dtype=graph.unary.dtype)
        unary = torch.where(here[..., None], graph.unary, never)
        both = here[:, :, :, None] & here[:, :, None, :]
        binary = torch.where(both[..., None], graph.binary, never)
        visible = torch.where(here, -never, never)
        columns = torch.cat([unary.flatten(2), binary.flatten(2), visible, -never.expand(b, t, 1)], -1)  # [B, T, F]
        self.columns = columns.shape[2]
        self.always = self.columns - 1
        self.logits = columns.transpose(1, 2).reshape(b * self.columns, t)  # [B * F, T]
        self.unary = {name: i for i, name in enumerate(graph.vocabulary.unary)}
        self.binary = {name: i for i, name in enumerate(graph.vocabulary.binary)}
        self._peak: Tensor | None = None
        self._literals: Tensor | None = None

    def peak(self) -> Tensor:
        """log P of each fact in its best frame, [B, F], without gradient."""
        if self._peak is None:
            best = logsigmoid(self.logits.detach().amax(1)).clamp_min(FLOOR)
            self._peak = best.reshape(-1, self.columns)
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


def part_rows(parts: Sequence[tuple[Part, int]], like: Tensor) -> tuple[Tensor, Tensor]:
    """Stretches of clips of so many frames as certain facts: log P and log (1 - P), [len(parts), T] each."""
    known = [[inside(Window(p.lo, p.hi, "fraction"), f, n) for f in range(like.shape[1])] for p, n in parts]
    certain = torch.tensor(known, dtype=torch.bool, device=like.device).reshape(len(parts), like.shape[1])
    return torch.where(certain, 0.0, FLOOR).to(like), torch.where(certain, FLOOR, 0.0).to(like)


def sort_table(sorts: Sequence[Sort], graph: SceneGraph) -> tuple[Tensor, dict[Sort, int]]:
    """log P(object has the sort) for every sort in use, [B, N, Q], and the column of each sort."""
    number = {name: i for i, name in enumerate(graph.vocabulary.classes)}
    column: dict[Sort, int] = {s: k for k, s in enumerate(dict.fromkeys(sorts))}
    columns = []
    for sort in column:
        unknown = [c for c in ([sort] if isinstance(sort, str) else sort) if c not in number]
        if unknown:
            raise GroundingError(
                f"the scene graph has no class `{unknown[0]}`", hint=did_you_mean(unknown[0], number) or "nesy check"
            )
        if isinstance(sort, str):
            columns.append(graph.classes[..., number[sort]].clamp_min(FLOOR))
        elif sort:
            among = graph.classes[..., [number[c] for c in sorted(sort)]].clamp_min(FLOOR)
            columns.append(log1mexp(among.logsumexp(-1)))
        else:
            columns.append(graph.classes.new_zeros(graph.classes.shape[:2]))
    if not columns:
        return graph.classes.new_zeros(*graph.classes.shape[:2], 0), column
    return torch.stack(columns, -1), column
