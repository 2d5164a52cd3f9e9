"""Whether memory grows over 10,000 training steps and 10,000 queries: ``python benchmarks/growth.py [--steps N]``.

Steps are small (two clips), everything else is what a training does. Resident memory in MiB, and how many compiled
specs are kept, at ten points; caches fill up at first and have a limit.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

import torch

from nesy.dsl.parser import parse_formula
from nesy.reasoners.temporal import shape
from nesy.reasoners.temporal.query import query
from nesy.training import run
from nesy.training.examples import make_batch
from nesy.training.objective import Objective
from nesy.training.task import read_task

SPEC = Path(__file__).resolve().parent.parent / "examples" / "platformer.dsl"
QUESTION = "exists m: mugen { eventually (jumping(m) and next falling(m)) }"


def resident() -> float:
    """MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000)
    told = parser.parse_args()
    torch.set_num_threads(1)
    task = read_task(SPEC, ["data.clips=100", "perception.proposals=false"])
    data = run.prepare(task, ("train",)).splits["train"]
    model, choice = task.model(), torch.Generator().manual_seed(0)
    objective = Objective(task.train, task.vocabulary, task.checked.constraints)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    print(f"{'steps':>8} {'MiB':>8} {'specs':>9}")
    for step in range(told.steps + 1):
        if step % max(1, told.steps // 10) == 0:
            gc.collect()
            print(f"{step:8} {resident():8.0f} {shape.cases.cache_info().currsize:9}", flush=True)
        batch = make_batch([data[(2 * step + k) % len(data)] for k in range(2)])
        optimizer.zero_grad()
        objective(model(batch.views), batch, choice, 0.5).total.backward()
        optimizer.step()
    with torch.no_grad():
        graph = model(make_batch([data[0]]).views).clip(0)
    formula = parse_formula(QUESTION)
    print(f"{'queries':>8} {'MiB':>8}")
    for count in range(told.steps + 1):
        if count % max(1, told.steps // 5) == 0:
            gc.collect()
            print(f"{count:8} {resident():8.0f}", flush=True)
        query(formula, graph)


if __name__ == "__main__":
    main()
