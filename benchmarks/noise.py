"""How much a run bears wrong specs: unary and binary mAP at rising shares of corrupted captions.

Run: ``python benchmarks/noise.py [--clips 400 --epochs 16 --seeds 1]``. A corrupted caption has the spec of a random
caption of another clip, as an extractor that misunderstands it completely would give. Everything else stays: the same
clips, model, steps and seed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from nesy.training.evaluate import evaluate
from nesy.training.examples import Example
from nesy.training.run import fit, prepare
from nesy.training.task import read_task, with_train

SPEC = Path(__file__).resolve().parents[1] / "examples" / "platformer.dsl"
SHARES = (0.0, 0.1, 0.25, 0.5)


def corrupted(data: list[Example], share: float, seed: int) -> list[Example]:
    """``data`` with the specs of a share of its captions taken from other clips."""
    rng = np.random.default_rng(seed)
    pool = [(i, c.spec) for i, e in enumerate(data) for c in e.captions]
    out = []
    for i, e in enumerate(data):
        captions = []
        for c in e.captions:
            if rng.random() < share:
                while (other := pool[rng.integers(len(pool))])[0] == i:
                    pass
                c = replace(c, spec=other[1])
            captions.append(c)
        out.append(replace(e, captions=tuple(captions)))
    return out


def main() -> None:
    """Train once for each share and seed, and print the curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    task = read_task(SPEC, [f"data.clips={options.clips}", f"train.epochs={options.epochs}"])
    data = prepare(task, ("train", "test"))
    print(f"{'corrupted':>9} {'unary mAP':>10} {'binary mAP':>10} {'R@1':>6} {'seconds':>8}")
    for share in SHARES:
        rows, start = [], time.perf_counter()
        for seed in range(options.seeds):
            variant = with_train(task, seed=seed)
            model = fit(variant, corrupted(data.splits["train"], share, seed))
            rows.append(evaluate(model, data.splits["test"]))
        mean = [statistics.mean(getattr(r, k) for r in rows) for k in ("unary_map", "binary_map", "retrieval_r1")]
        print(
            f"{share:>9.0%} {mean[0]:>10.3f} {mean[1]:>10.3f} {mean[2]:>6.3f} {time.perf_counter() - start:>8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
