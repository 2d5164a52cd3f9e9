"""Progress bars on stderr, silent when it is not a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nesy.cli.app import err

if TYPE_CHECKING:
    from nesy.training.loop import Progress as Step


@contextmanager
def bars() -> Iterator[Bars]:
    """A group of progress bars that share the screen."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=err, transient=False) as shown:
        yield Bars(shown)


class Bars:
    """Bars by name, made when first told of."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}

    def tell(self, what: str, done: int, total: int, note: str = "") -> None:
        """``done`` of ``total`` of ``what``."""
        if what not in self._tasks:
            self._tasks[what] = self._shown.add_task(what, total=total, note=note)
        self._shown.update(self._tasks[what], completed=done, total=total, note=note)

    def training(self, what: str) -> Callable[[Step], None]:
        """A bar over all steps of a training, with the epoch and the loss beside it."""

        def step(p: Step) -> None:
            done, total = p.epoch * p.steps + p.step, p.epochs * p.steps
            self.tell(what, done, total, f"epoch {p.epoch + 1}/{p.epochs} loss {p.losses['total']:.3f}")

        return step
