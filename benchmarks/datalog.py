"""Datalog workloads, forward and backward: seconds per call, beside the figures of Scallop 0.2.5.

Run: ``OMP_NUM_THREADS=1 python benchmarks/datalog.py [--only sum2] [--json FILE]``. Scallop's figures are wall time on
two quiet cores of an EPYC CPU. Ours are given as wall time and as CPU time of this process on one thread: on a machine
that others use as well only the second says what the program costs. ``--scallopy`` times scallopy instead.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from nesy.reasoners import scallopy
from nesy.reasoners.datalog.programs import read

DIGITS = list(range(10))


@dataclass
class Row:
    """One workload: the first call (with grounding) and the best of the later ones, wall and CPU seconds."""

    workload: str
    provenance: str
    first: float
    later: float
    first_cpu: float
    later_cpu: float
    scallop: float | None


def timed(call: Callable[[], Any], repeat: int = 5) -> tuple[float, float, float, float]:
    """Seconds of the first call and of the best later one: wall, wall, CPU, CPU."""
    wall, cpu = [], []
    for _ in range(repeat):
        start, spent = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - spent)
    return wall[0], min(wall[1:] or wall), cpu[0], min(cpu[1:] or cpu)


def step(module: Any, make: Callable[[], dict[str, Any]]) -> Callable[[], None]:
    def call() -> None:
        out = module(**make())
        value = out[1] if isinstance(out, tuple) else out
        value.sum().backward()

    return call


def digits(n: int, batch: int) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        return {f"digit_{i + 1}": torch.randn(batch, 10).softmax(1).requires_grad_() for i in range(n)}

    return make


def sums(api: Any, n: int, provenance: str, k: int) -> Any:
    # a digit is one of ten: `exact` takes that into account, the other provenances would gain nothing
    mapping = api.Map(DIGITS, disjunctive=True) if provenance == "exact" else DIGITS
    return api.Module(
        program=read(f"sum{n}"), provenance=provenance, k=k, output_relation=f"sum_{n}",
        output_mapping=list(range(9 * n + 1)), input_mappings={f"digit_{i + 1}": mapping for i in range(n)},
    )  # fmt: skip


def hwf(api: Any, length: int, provenance: str, k: int) -> tuple[Any, Callable[[], dict[str, Any]]]:
    symbols = [str(d) for d in range(10)] + ["+", "-", "*", "/"]
    mapping = api.Map({0: range(length), 1: symbols}, retain_k=3, sample_dim=1)
    module = api.Module(
        program=read("hwf"), provenance=provenance, k=k, output_relation="result",
        input_mappings={"symbol": mapping}, non_probabilistic=["length"],
    )  # fmt: skip

    def make() -> dict[str, Any]:
        scores = torch.randn(8, length, 14)
        scores[:, 0::2, :10] += 4
        scores[:, 1::2, 10:] += 4
        return {"symbol": scores.softmax(2).requires_grad_(), "length": [[(length,)]] * 8}

    return module, make


def pacman(api: Any, provenance: str, k: int) -> tuple[Any, Callable[[], dict[str, Any]]]:
    cells = [(x, y) for x in range(5) for y in range(5)]
    module = api.Module(
        program=read("pacman"), provenance=provenance, k=k, facts={"cell": [(None, c) for c in cells]},
        input_mappings={r: cells for r in ("actor", "goal", "enemy")}, retain_topk={"actor": 3, "goal": 3, "enemy": 7},
        output_relation="next_action", output_mapping=list(range(4)),
    )  # fmt: skip

    def make() -> dict[str, Any]:
        return {r: torch.rand(8, 25).requires_grad_() for r in ("actor", "goal", "enemy")}

    return module, make


def kinship(api: Any, hops: int, provenance: str, k: int) -> tuple[Any, Callable[[], dict[str, Any]]]:
    generator = torch.Generator().manual_seed(0)
    table = torch.randint(20, (20, 20), generator=generator)
    pairs = [(i, j, int(table[i, j])) for i in range(20) for j in range(20) if (i * 7 + j * 3) % 13 < 3]
    module = api.Module(
        program=read("kinship"), provenance=provenance, k=k, facts={"compose": pairs},
        non_probabilistic=["question", "compose"], output_relation="answer", output_mapping=list(range(20)),
    )  # fmt: skip

    def make() -> dict[str, Any]:
        p = torch.rand(8, hops, 3).requires_grad_()
        facts = [
            [(p[b, h, r], ((5 * b + h + 6 * r) % 20, h, h + 1)) for h in range(hops) for r in range(3)]
            for b in range(8)
        ]
        return {"kin": facts, "question": [[(0, hops)]] * 8}

    return module, make


def addition(n: int) -> tuple[Any, Callable[[], dict[str, Any]]]:
    mapping = scallopy.Map({0: range(n), 1: DIGITS}, disjunctive_dim=1)
    module = scallopy.Module(
        program=read("addition"), provenance="exact", facts={"length": [(n,)]}, non_probabilistic=["length"],
        input_mappings={"first": mapping, "second": mapping}, output_relation="result",
        output_mapping=[(i, d) for i in range(n + 1) for d in DIGITS],
    )  # fmt: skip

    def make() -> dict[str, Any]:
        return {r: torch.randn(16, n, 10).softmax(2).requires_grad_() for r in ("first", "second")}

    return module, make


def closure(api: Any, edges: list[tuple[int, int]]) -> Callable[[], None]:
    def call() -> None:
        ctx = api.Context()
        ctx.add_relation("edge", (int, int))
        ctx.add_rule("path(x, z) = edge(x, z) or (path(x, y) and edge(y, z))")
        ctx.add_facts("edge", edges)
        ctx.run()

    return call


def problog_sum(batch: int) -> Callable[[], None]:
    """The same sum of two digits in ProbLog: one program per sample, values only."""
    from problog import get_evaluatable
    from problog.program import PrologString

    p = (0.999999 * torch.randn(batch, 2, 10).double().softmax(2)).tolist()  # ProbLog refuses sums above one

    def call() -> None:
        for sample in p:
            lines = ["; ".join(f"{q}::d{i}({v})" for v, q in enumerate(row)) + "." for i, row in enumerate(sample)]
            text = "\n".join([*lines, "s(X) :- d0(A), d1(B), X is A + B.", "query(s(_))."])
            get_evaluatable().create_from(PrologString(text)).evaluate()

    return call


def workloads(api: Any) -> Iterator[tuple[str, str, Callable[[], Callable[[], None]], float | None, int]]:
    """Name, provenance, the maker of the call, Scallop's seconds, repetitions."""
    for provenance, k, known in [
        ("diffminmaxprob", 1, 0.058), ("diffaddmultprob", 1, 0.23), ("difftopkproofs", 1, 0.05),
        ("difftopkproofs", 3, 0.11), ("difftopkproofs", 5, 0.30), ("difftopkproofs", 10, 6.0), ("exact", 1, None),
    ]:  # fmt: skip
        yield (
            "sum2, batch 64",
            f"{provenance} k={k}",
            lambda p=provenance, k=k: step(sums(api, 2, p, k), digits(2, 64)),
            known,
            5,
        )  # type: ignore[misc]
    for provenance, k, known in [("difftopkproofs", 1, 0.23), ("difftopkproofs", 3, 0.38), ("exact", 1, None)]:
        yield (
            "sum3, batch 64",
            f"{provenance} k={k}",
            lambda p=provenance, k=k: step(sums(api, 3, p, k), digits(3, 64)),
            known,
            3,
        )  # type: ignore[misc]
    for length, known in [(3, 0.063), (5, 0.32), (7, 2.3)]:
        yield (
            f"HWF length {length}, retain 3, batch 8",
            "difftopkproofs k=1",
            lambda n=length: step(*hwf(api, n, "difftopkproofs", 1)),
            known,
            3,
        )  # type: ignore[misc]
    for provenance, k, known in [
        ("difftopkproofs", 1, 0.22),
        ("diffminmaxprob", 1, 0.14),
        ("diffaddmultprob", 1, 0.29),
        ("difftopkproofs", 3, 0.53),
    ]:
        yield (
            "PacMan 5x5, batch 8",
            f"{provenance} k={k}",
            lambda p=provenance, k=k: step(*pacman(api, p, k)),
            known,
            3,
        )  # type: ignore[misc]
    for provenance, k, known in [
        ("difftopkproofs", 3, 0.20),
        ("difftopbottomkclauses", 3, 0.18),
        ("diffminmaxprob", 1, 0.062),
        ("exact", 1, None),
    ]:
        yield (
            "kinship 3 hops, batch 8",
            f"{provenance} k={k}",
            lambda p=provenance, k=k: step(*kinship(api, 3, p, k)),
            known,
            3,
        )  # type: ignore[misc]
    yield "addition of 15 digits, batch 16", "exact", lambda: step(*addition(15)), None, 3
    yield "closure of a chain of 1000", "unit", lambda: closure(api, [(i, i + 1) for i in range(1000)]), 112.6, 2
    for n, known in [(300, 1.6), (1000, 27.8)]:
        generator = torch.Generator().manual_seed(n)
        edges = [(int(a), int(b)) for a, b in torch.randint(n, (3 * n, 2), generator=generator)]
        yield f"closure of a random graph, {n} nodes", "unit", lambda e=edges: closure(api, e), known, 2  # type: ignore[misc]
    if importlib.util.find_spec("problog"):
        yield "sum2, batch 64, ProbLog (values only)", "exact", lambda: problog_sum(64), None, 2


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the workloads whose name contains this")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--scallopy", action="store_true", help="time the real scallopy, without the rows of `exact`")
    arguments = parser.parse_args()
    api = importlib.import_module("scallopy") if arguments.scallopy else scallopy
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    rows = []
    heads = ("first s", "later s", "first CPU", "later CPU", "Scallop s")
    print(f"{'workload':42} {'provenance':26} " + " ".join(f"{h:>9}" for h in heads))
    for name, provenance, make, known, repeat in workloads(api):
        if arguments.only not in name or (arguments.scallopy and provenance.startswith("exact")):
            continue
        seconds = timed(make(), repeat)
        rows.append(Row(name, provenance, *seconds, known))
        columns = " ".join(f"{x:9.4f}" for x in seconds) + ("" if known is None else f" {known:9.3f}")
        print(f"{name:42} {provenance:26} {columns}", flush=True)
    if arguments.json:
        temporary = arguments.json.with_suffix(".tmp")
        temporary.write_text(json.dumps([asdict(r) for r in rows], indent=1))
        os.replace(temporary, arguments.json)


if __name__ == "__main__":
    main()
