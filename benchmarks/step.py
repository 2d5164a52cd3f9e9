"""Where a training step's time goes: ``python benchmarks/step.py [--spec FILE] [--steps N] [--set NAME=VALUE]``.

A step is cut at the scene graph: the perception's forward pass, the losses, their gradient to the graph (both are
reasoning), the perception's backward pass, and the optimizer. Medians over the steps of a run on the test clips.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from itertools import pairwise

import torch

from nesy.training import run
from nesy.training.examples import make_batch
from nesy.training.objective import Objective
from nesy.training.task import read_task

PARTS = "perceive", "losses", "their gradient", "perception's backward", "optimizer"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", default="examples/platformer.dsl")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    torch.manual_seed(0)
    task = read_task(told.spec, told.set)
    data = run.prepare(task, ("train",)).splits["train"]
    model = task.model().to(told.device)
    objective = Objective(task.train, task.vocabulary, task.checked.constraints)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    choice = torch.Generator().manual_seed(0)
    size, spent = task.train.batch, []
    for step in range(told.steps + 5):
        start = step * size % (len(data) - size)
        batch = make_batch(data[start : start + size])
        views = batch.views.to(told.device)
        clock = [_now(told.device)]
        graph = model(views)
        clock.append(_now(told.device))
        leaves = [x.detach().requires_grad_() for x in (graph.classes, graph.unary, graph.binary)]
        cut = replace(graph, classes=leaves[0], unary=leaves[1], binary=leaves[2])
        loss = objective(cut, batch, choice, 0.5).total
        clock.append(_now(told.device))
        optimizer.zero_grad()
        loss.backward()
        clock.append(_now(told.device))
        grads = [x.grad if x.grad is not None else torch.zeros_like(x) for x in leaves]
        torch.autograd.backward((graph.classes, graph.unary, graph.binary), grads)
        clock.append(_now(told.device))
        optimizer.step()
        clock.append(_now(told.device))
        spent.append([b - a for a, b in pairwise(clock)])
    median = [1000 * statistics.median(column) for column in zip(*spent[5:], strict=True)]
    print(f"{told.spec}, {size} clips a step, {told.steps} steps, {told.device}, {told.threads} thread(s)")
    for name, ms in zip(PARTS, median, strict=True):
        print(f"{name:24s} {ms:8.1f} ms   {100 * ms / sum(median):5.1f} %")
    print(f"{'a step':24s} {sum(median):8.1f} ms   reasoning {100 * sum(median[1:3]) / sum(median):.1f} %")


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
