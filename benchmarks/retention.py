"""Capacity and retention of one-shot episodes: is the first still there after ten thousand?

    python benchmarks/retention.py [--episodes 10000] [--noise 0.3] [--keep 5000] [--platformer] [--json FILE]

Episodes are seeded vectors, or with ``--platformer`` what happens in simulated clips (how often each fact holds in
each quarter of the clip). Each is seen once, written into its own column, and later asked for by a cue: the same
features plus noise, as a share of the features' own standard deviation. Reported at every mark: recall@1 of the
first thousand among all that is stored, with nothing forgotten, and with a budget under three policies. Where
something is forgotten, only what is kept can be recalled; the second figure is the recall of what is kept.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from torch import Tensor

from nesy.memory.brain import TensorBrain
from nesy.memory.brain.episodic import EpisodicMemory
from nesy.memory.brain.features import graph_features


def seeded(count: int, width: int, generator: torch.Generator) -> Tensor:
    """Vectors with a large common part, as the features of one encoder have."""
    return torch.randn(width, generator=generator) + torch.randn(count, width, generator=generator)


def platformer(count: int, seed: int) -> Tensor:
    """Of simulated clips: how many objects of each class there are and how often each fact holds, by quarters."""
    import tempfile

    from nesy.datasets import open_dataset
    from nesy.datasets.platformer import make_platformer
    from nesy.memory.runs import true_graph

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        make_platformer(Path(folder) / "data", count, seed=seed)
        for clip in open_dataset(str(Path(folder) / "data"), {}, Path(folder)).clips:
            rows.append(graph_features(true_graph(clip).graph))
    return torch.stack(rows[:count])


@torch.no_grad()
def recalled(memory: EpisodicMemory, cues: Tensor, names: list[str]) -> tuple[float, float]:
    """Recall@1 of all of ``names`` from their cues [M, F], and of those that are still stored."""
    scores, rows = memory.resemblance(memory.state(cues))
    best = [memory.times.name(int(r)) for r in rows[scores.argmax(-1)]]
    right = [a == b for a, b in zip(best, names, strict=True)]
    kept = [r for r, n in zip(right, names, strict=True) if n in memory.times]
    return sum(right) / len(names), sum(kept) / len(kept) if kept else float("nan")


def run(
    features: Tensor, *, policy: str | None, keep: int, noise: float, width: int, probe: int, seed: int
) -> list[dict[str, object]]:
    """Write all episodes one after the other; recall the first ``probe`` at every mark."""
    generator = torch.Generator().manual_seed(seed + 1)
    torch.manual_seed(seed)
    brain = TensorBrain(
        {"entity": ["thing"], "predicate": ["is"]}, reserve={"time": len(features)}, inputs=features.shape[1],
        width=width, context=8,
    )  # fmt: skip
    memory = EpisodicMemory(brain, horizon=keep / 2)
    names = [f"episode {i}" for i in range(probe)]
    cues = features[:probe] + noise * features.std(0) * torch.randn(probe, features.shape[1], generator=generator)
    salience = torch.exp(torch.randn(len(features), generator=generator))
    states = memory.state(features).detach()
    first = states[:probe].clone()
    marks = {m for m in (1000, 2000, 3000, 5000, 7500, 10000, 20000) if m < len(features)} | {len(features)}
    rows: list[dict[str, object]] = []
    start = time.perf_counter()
    for i, state in enumerate(states, start=1):
        memory.write(state, f"episode {i - 1}", salience=float(salience[i - 1]))
        if policy is not None and len(memory.moments) > keep + keep // 10:
            memory.forget(policy, keep=keep)  # type: ignore[arg-type]
        if i in marks:
            wrote = time.perf_counter() - start
            everything, kept = recalled(memory, cues, names)
            share = sum(n in memory.times for n in names) / probe
            rows.append({
                "policy": policy or "none", "episodes": i, "stored": len(memory.moments), "recall@1": everything,
                "kept": share, "recall@1 of kept": kept, "seconds": round(wrote, 1),
            })  # fmt: skip
            line = f"{policy or 'none':9s} {i:9d} {len(memory.moments):8d} {everything:10.4f} {share:7.3f} {kept:10.4f}"
            print(line, flush=True)
    if policy is None:
        stored = brain.bank("time").detach()[[memory.times.row(n) for n in names]]
        unchanged = bool(torch.equal(stored, first))
        rows[-1]["untouched"] = unchanged
        for share in (0.3, 0.6, 1.0, 1.5, 2.0):
            cues = features[:probe] + share * features.std(0) * torch.randn(cues.shape, generator=generator)
            rows.append({"policy": "none", "noise": share, "recall@1": recalled(memory, cues, names)[0]})
            print(f"all {len(features)} stored, cue noise {share}: recall@1 {rows[-1]['recall@1']:.4f}")
        print(f"columns of the first {probe} unchanged, bit for bit: {unchanged}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--keep", type=int, default=5000, help="the budget of the forgetting policies")
    parser.add_argument("--noise", type=float, default=0.3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--platformer", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(args.seed)
    if args.platformer:
        features = platformer(args.episodes, args.seed)
        different = len(torch.unique(features, dim=0))
        print(f"{len(features)} clips, {different} different feature vectors of {features.shape[1]} numbers")
    else:
        features = seeded(args.episodes, args.features, generator)
    print(f"{'policy':9s} {'episodes':>9s} {'stored':>8s} {'recall@1':>10s} {'kept':>7s} {'of kept':>10s}")
    rows = []
    for policy in (None, "age", "salience", "budget"):
        rows += run(features, policy=policy, keep=args.keep, noise=args.noise, width=args.width,
                    probe=min(1000, len(features)), seed=args.seed)  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
