"""The automata of many items as one padded table of transitions, and the probability of each in every frame."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nesy.errors import GroundingError
from nesy.reasoners.temporal.layout import Layout
from nesy.reasoners.temporal.logspace import DEEP
from nesy.reasoners.temporal.scan import scan


class Transitions:
    """I items: A assignments, S states, W transitions a state, all padded."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        cases, device = layout.distinct.cases, layout.row.device
        count, k = len(cases), layout.row.shape[1]
        states, width = max(len(c.cubes.accepting) for c in cases), max(c.cubes.width for c in cases)
        shape = (count, states, width)
        target = np.broadcast_to(np.arange(states)[None, :, None], shape).copy()
        accepting = np.zeros((count, states), bool)
        literal = np.zeros((*shape, 2 * k + 1), np.float32)  # the last: never taken, for transitions that are padding
        literal[..., -1] = 1
        for c, case in enumerate(cases):
            own, cubes = len(case.propositions), case.cubes
            at = cubes.source, cubes.slot
            literal[c][at] = 0
            literal[c][(*at, slice(own))] = cubes.positive
            literal[c][(*at, slice(k, k + own))] = cubes.negative
            target[c][at] = cubes.target
            accepting[c, : len(cubes.accepting)] = cubes.accepting
        of = torch.from_numpy(layout.distinct.of).to(device)
        self.accepting = torch.from_numpy(accepting).to(device)[of]
        self.target = torch.from_numpy(target).to(device)[of]
        self.literal = torch.from_numpy(literal).to(device, layout.base.dtype)[of]

    def guards(self) -> Tensor:
        """Log-probability of every transition in every frame: [T, I, S, W, A]."""
        layout = self.layout
        i, k, a = layout.row.shape
        _, s, w = self.target.shape
        never = torch.full((i, 1, a), layout.never, device=layout.row.device)
        rows = torch.cat([layout.row, layout.row + layout.away, never], 1)  # [I, 2K + 1, A]
        logs = torch.cat([layout.base, layout.extra]).index_select(0, rows.reshape(-1)).view(i, 2 * k + 1, -1)
        out: Tensor = torch.bmm(self.literal.reshape(i, s * w, -1), logs)
        # time first: the scan reads frame by frame, and a slice of the last axis would touch all memory every time
        by_frame: Tensor = out.view(i, s, w, a, -1).permute(4, 0, 1, 2, 3).contiguous()
        return by_frame

    def run(self, accept: bool, reject: bool) -> tuple[Tensor | None, Tensor | None]:
        """log P(accept) and log P(reject) of each item and assignment, [I, A] each; None where not asked for."""
        guards = self.guards()

        def ends(wanted: Tensor) -> Tensor:
            return scan(guards, self.target, wanted, self.layout.lengths)

        return ends(self.accepting) if accept else None, ends(~self.accepting) if reject else None

    def first_frame(self) -> tuple[Tensor, Tensor]:
        """log P that one frame alone leads from the initial state to acceptance, and to rejection; [I, A, T] each."""
        guards = self.guards()[:, :, 0]  # [T, I, W, A]
        settled = self.accepting.gather(1, self.target[:, 0])  # [I, W]
        for i in range(len(settled)):
            for s in set(self.target[i, 0].tolist()):
                if not bool((self.target[i, s] == s).all()):
                    raise GroundingError(
                        "an event must not contain temporal operators", hint="name a fact of one frame"
                    )
        yes = guards.masked_fill(~settled[..., None], DEEP).logsumexp(2)
        no = guards.masked_fill(settled[..., None], DEEP).logsumexp(2)
        return yes.permute(1, 2, 0).clamp_max(0), no.permute(1, 2, 0).clamp_max(0)
