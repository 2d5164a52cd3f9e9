"""What a spec asks of a frame that is no fact of the table: stretches of the clip, and some object being so."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nesy.reasoners.temporal.binding import Bindings
from nesy.reasoners.temporal.core import Part
from nesy.reasoners.temporal.facts import FactTable, part_rows
from nesy.reasoners.temporal.layout import Distinct
from nesy.reasoners.temporal.loops import some
from nesy.reasoners.temporal.loops.program import Program, literals_of
from nesy.reasoners.temporal.loops.questions import distinct_questions

Reals = NDArray[np.float64]


class Extras:
    """The extras of a batch as rows of probabilities, those of equal ones once.

    place: [I, X, A] the row of each item's extras, for each binding.
    """

    def __init__(self, program: Program, distinct: Distinct, bound: Bindings, table: FactTable, sorts: Tensor) -> None:
        objects, live = bound.objects.numpy(), bound.live.numpy()
        self.place = np.zeros((len(distinct.of), program.extras, live.shape[1]), np.int64)
        asked = distinct_questions(
            distinct.of, distinct.clip, objects, live, program.asks, program.questions,
            len(table.graph.lengths), table.n, self.place,
        )  # fmt: skip
        self.count = len(asked)
        rows: dict[tuple[Part, int], int] = {}
        lengths = table.graph.lengths.numpy()[distinct.clip]
        for c, x, part in program.parts:
            for i in np.flatnonzero(distinct.of == c).tolist():
                self.place[i, x] = self.count + rows.setdefault((part, int(lengths[i])), len(rows))
        yes, _ = part_rows(list(rows), torch.zeros(1, table.graph.present.shape[1]))
        self.certain = yes.numpy() == 0
        weight = sorts.detach().double().contiguous().numpy()
        against = np.zeros((len(program.kinds), asked.shape[1] - 2), np.bool_)
        for k, (_, numbers) in enumerate(program.kinds):
            against[k, list(numbers)] = True
        self.fixed = (
            table.columns, np.exp(weight), -np.expm1(weight), table.graph.objects.numpy(), asked[:, 0], asked[:, 1],
            asked[:, 2:], program.of_kind, against, *literals_of([kind for kind in program.kinds], table),
        )  # fmt: skip

    def rows(self, chances: Reals) -> tuple[Reals, Reals]:
        """The probability of each extra in every frame, and 1 minus it, [X, T] each."""
        yes = np.empty((self.count + len(self.certain), chances.shape[1]))
        no = np.empty_like(yes)
        yes[self.count :], no[self.count :] = self.certain, ~self.certain
        some.forward(chances, *self.fixed, yes[: self.count], no[: self.count])
        return yes, no

    def back(
        self, chances: Reals, rows: tuple[Reals, ...], by: tuple[Reals, ...], by_odds: Reals, by_sort: Reals
    ) -> None:
        """Hand the gradient by the rows' logarithms on to the log-odds of facts and the logarithms of sorts."""
        some.backward(chances, *self.fixed, *(x[: self.count] for x in (*rows, *by)), by_odds, by_sort)
