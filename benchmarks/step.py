"""Where a training step's time goes: ``python benchmarks/step.py [--spec FILE] [--epochs N] [--set NAME=VALUE]``.

The steps are those of a training from its beginning, each cut at the scene graph: the perception's forward pass, the
losses, their gradient to the graph (both are reasoning), the perception's backward pass, and the optimizer. Means over
all steps but the first five, in which loops are compiled and caches are empty.
"""

from __future__ import annotations

import argparse
import gc
import time
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

import torch

from nesy.training import run
from nesy.training.examples import make_batch
from nesy.training.loop import CLIP_NORM, schedule
from nesy.training.objective import Objective
from nesy.training.task import read_task

PARTS = "perceive", "losses", "their gradient", "perception's backward", "optimizer"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", default="examples/platformer.dsl")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    torch.manual_seed(0)
    task = read_task(told.spec, told.set)
    data = run.prepare(task, ("train",)).splits["train"]
    model = task.model().to(told.device)
    settings = task.train
    objective = Objective(settings, task.vocabulary, task.checked.constraints)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    choice = torch.Generator().manual_seed(0)
    steps = len(data) // settings.batch
    every: list[list[float]] = []
    for epoch in range(told.epochs):
        gc.collect()
        gc.freeze()  # as in training
        order = torch.randperm(len(data)).tolist()
        spent = []
        for step in range(steps):
            batch = make_batch([data[k] for k in order[step * settings.batch : (step + 1) * settings.batch]])
            done = (epoch * steps + step) / (settings.epochs * steps)
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * schedule(done)
            views = batch.views.to(told.device)
            clock = [_now(told.device)]
            graph = model(views)
            clock.append(_now(told.device))
            leaves = [x.detach().requires_grad_() for x in (graph.classes, graph.unary, graph.binary)]
            cut = replace(graph, classes=leaves[0], unary=leaves[1], binary=leaves[2])
            loss = objective(cut, batch, choice, done).total
            clock.append(_now(told.device))
            optimizer.zero_grad()
            loss.backward()
            clock.append(_now(told.device))
            grads = [x.grad if x.grad is not None else torch.zeros_like(x) for x in leaves]
            torch.autograd.backward((graph.classes, graph.unary, graph.binary), grads)
            clock.append(_now(told.device))
            torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
            optimizer.step()
            clock.append(_now(told.device))
            spent.append([1000 * (b - a) for a, b in pairwise(clock)])
        spent = spent[5:] if epoch == 0 else spent
        every += spent
        print(f"epoch {epoch + 1}: reasoning {_share(spent):.1f} % of {fmean(map(sum, spent)):.0f} ms", flush=True)
    print(f"{told.spec}, {settings.batch} clips a step, {len(every)} steps, {told.device}, {told.threads} thread(s)")
    for name, column in zip(PARTS, zip(*every, strict=True), strict=True):
        print(f"{name:24s} {fmean(column):8.1f} ms   {100 * fmean(column) / fmean(map(sum, every)):5.1f} %")
    print(f"{'a step':24s} {fmean(map(sum, every)):8.1f} ms   reasoning {_share(every):.1f} %")
    gc.unfreeze()  # else what libraries hold is told as leaked when Python ends


def _share(spent: list[list[float]]) -> float:
    """The part of the time that goes into the losses and their gradient, in percent."""
    return 100 * sum(sum(row[1:3]) for row in spent) / sum(map(sum, spent))


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
