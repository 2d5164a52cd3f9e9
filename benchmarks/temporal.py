"""Milliseconds a sample for an ordered spec of three events, forward and backward: ``python benchmarks/temporal.py``.

Columns: the batched exact kernel (``align``), exact enumeration of assignments by the naive definition of the forward
algorithm in plain Python (small cases only), and the min-max degree. Ratios are of the same run. ``--full`` adds long
clips, large batches and mixed shapes; ``--device cuda`` runs the same table on a GPU.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from nesy.dsl.ast import Formula
from nesy.dsl.parser import parse_formula
from nesy.reasoners.temporal.degrees import degree
from nesy.reasoners.temporal.exact import exact
from nesy.reasoners.temporal.lifted import align
from nesy.scenegraph import SceneGraph, Vocabulary

NAMES = Vocabulary(("mugen", "snail", "coin"), ("jumping", "walking", "falling"), ("above", "near", "collecting"))
SPEC = "exists m: mugen, s: snail { jumping(m) and above(m, s) then near(m, s) then collecting(m, s) }"
SHAPES = [
    "exists m: mugen { eventually jumping(m) }",
    "exists m: mugen { always walking(m) }",
    "exists m: mugen { walking(m) until jumping(m) }",
    "exists m: mugen { walking(m) then jumping(m) }",
    "exists m: mugen { eventually[2,5] jumping(m) }",
    "exists m: mugen { not walking(m) until jumping(m) }",
    "exists m: mugen, s: snail { eventually near(m, s) }",
    "exists m: mugen, s: snail { near(m, s) then above(m, s) }",
    "exists m: mugen, s: snail { always (near(m, s) -> next above(m, s)) }",
    "exists m: mugen, s: snail { jumping(m) then near(m, s) then falling(m) }",
    "exists m: mugen, s: snail { jumping(m) and above(m, s) then near(m, s) then collecting(m, s) }",
    "exists m: mugen, s: snail { eventually (near(m, s) and once jumping(m)) }",
    "exists m: mugen, s: snail { walking(m) weak until above(m, s) }",
    "exists m: mugen { walking(m) then jumping(m) then falling(m) then walking(m) }",
    "exists m: mugen { eventually (jumping(m) and next falling(m)) }",
    "exists m: mugen, c: coin { jumping(m) then collecting(m, c) or falling(m) }",
]


def clips(batch: int, frames: int, objects: int, device: str) -> SceneGraph:
    """Random log-odds; the same for the same sizes."""
    g = torch.Generator().manual_seed(batch * 1000 + frames * 10 + objects)
    c, u, r = NAMES.sizes()
    unary = torch.randn(batch, frames, objects, u, generator=g).to(device).requires_grad_()
    binary = torch.randn(batch, frames, objects, objects, r, generator=g).to(device).requires_grad_()
    classes = torch.randn(batch, objects, c, generator=g).log_softmax(-1).to(device)
    present = torch.ones(batch, frames, objects, dtype=torch.bool, device=device)
    full = torch.full((batch,), frames, device=device)
    return SceneGraph(
        NAMES, classes, unary, binary, present, full, torch.full((batch,), objects, device=device), (8.0,) * batch
    )


def milliseconds(run: Callable[[], None], repeats: int, device: str) -> float:
    """Median time of one call."""
    run()
    times = []
    for _ in range(repeats):
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def kernel(specs: list[Formula], graph: SceneGraph) -> Callable[[], None]:
    def run() -> None:
        align(specs, graph, assignments=64, side="yes").log_prob.sum().backward()

    return run


def fuzzy(spec: Formula, graph: SceneGraph) -> Callable[[], None]:
    def run() -> None:
        degree(spec, graph, "minmax").sum().backward()

    return run


def definition(spec: Formula, graph: SceneGraph) -> Callable[[], None]:
    """The exact reasoner, clip by clip and object by object: shared facts handled, nothing batched."""

    def run() -> None:
        total = torch.stack([exact(spec, graph.clip(b)) for b in range(graph.batch_size)]).sum()
        total.backward()

    return run


def signals(frames: int) -> str:
    """``p until q`` on one signal as robustness, forward and backward, beside STLCG++ where that is installed."""
    x = torch.randn(frames, 2)
    until = parse_formula("exists m { jumping(m) until walking(m) }")
    unary = torch.cat([x, torch.zeros(frames, 1)], 1).reshape(1, frames, 1, 3).requires_grad_()
    graph = replace(clips(1, frames, 1, "cpu"), unary=unary)

    def ours() -> None:
        degree(until, graph, "robustness").sum().backward()

    mine = milliseconds(ours, 5, "cpu")
    if not importlib.util.find_spec("stlcgpp"):
        return f"T={frames}: {mine:.2f} ms (STLCG++ is not installed)"
    from stlcgpp.formula import Predicate, Until

    theirs = Until(Predicate("p", lambda y: y[..., 0]) > 0, Predicate("q", lambda y: y[..., 1]) > 0)
    signal = x.clone().requires_grad_()

    def other() -> None:
        theirs.robustness_trace(signal)[0].backward()

    slow = milliseconds(other, 1, "cpu")
    return f"T={frames}: {mine:.2f} ms, STLCG++ {slow:.1f} ms, ratio {slow / mine:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="also T = 1000 and 10,000, batch 128")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec = parse_formula(SPEC)
    print(f"spec: {SPEC}\n{torch.__version__}, {options.device}, one thread; ms a sample, forward and backward")
    print("Scallop 0.2.5, LASER's program, one quiet core, n=4, k=3: T=20 120 ms, T=50 1900 ms, T=200 > 60,000 ms\n")
    print(f"{'batch':>5} {'T':>6} {'n':>3} {'align':>9} {'min-max':>9} {'one by one':>11} {'ratio':>8}")
    lengths = [5, 20, 50, 200, *([1000] if options.full else [])]
    for batch in (1, 16, *([128] if options.full else [])):
        for frames in lengths:
            for objects in (2, 4, 8):
                if options.device != "cpu" and batch * frames * objects**2 > 128 * 200 * 64:  # guards of all at once
                    continue
                graph = clips(batch, frames, objects, options.device)
                fast = milliseconds(kernel([spec] * batch, graph), options.repeats, options.device) / batch
                plain = milliseconds(fuzzy(spec, graph), options.repeats, options.device) / batch
                slow = float("nan")
                if batch == 1 and frames <= 50 and objects <= 4 and options.device == "cpu":
                    slow = milliseconds(definition(spec, graph), 1, options.device)
                print(
                    f"{batch:>5} {frames:>6} {objects:>3} {fast:>9.3f} {plain:>9.3f} {slow:>11.1f} {slow / fast:>8.1f}",
                    flush=True,
                )
    print("\nlinear in T (batch 1, n = 4): ", end="")
    times = {t: milliseconds(kernel([spec], clips(1, t, 4, options.device)), 3, options.device) for t in (1000, 10_000)}
    print(f"T=1000 {times[1000]:.1f} ms, T=10000 {times[10_000]:.1f} ms, ratio {times[10_000] / times[1000]:.1f}")
    graph = clips(128, 20, 4, options.device)
    shapes = [parse_formula(s) for s in SHAPES]
    mixed = [shapes[i % len(shapes)] for i in range(128)]
    alone = [milliseconds(kernel([s] * 128, graph), 3, options.device) for s in shapes]
    together = milliseconds(kernel(mixed, graph), 3, options.device)
    print(
        f"batch 128 of 16 shapes: {together:.1f} ms; one shape {min(alone):.1f} to {max(alone):.1f} ms, "
        f"mean {statistics.mean(alone):.1f}, ratio {together / statistics.mean(alone):.2f}"
    )
    if options.device == "cpu":
        print("robustness of `p until q` on one signal: " + "; ".join(signals(t) for t in (64, 256)))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
