"""Digits learned from their sums: the field's first experiment, exact inference beside top-3 proofs.

Pairs of handwritten digits (8x8 pixels, 1,797 of them ship with scikit-learn) are labelled with their sum only; a small
network learns to read the single digits through the program ``sum2``. A training run can collapse: it then explains the
sums with the wrong digits and stays there. Run: ``python examples/datalog/digits.py [--seeds 10] [--epochs 20]``.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor, nn

from nesy.reasoners import scallopy
from nesy.reasoners.datalog.programs import read

DIGITS = list(range(10))
BATCH = 16


def load() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures [n, 1, 8, 8] in [0, 1] and digits [n], for training (1,437) and testing (360)."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    x = torch.tensor(pictures, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    y = torch.tensor(labels)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x, y = x[order], y[order]
    return x[:1437], y[:1437], x[1437:], y[1437:]


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1),
    )  # fmt: skip


def adder(provenance: str) -> nn.Module:
    """P(sum) [B, 19] from two rows of digit probabilities [B, 10]."""
    digit = scallopy.Map(DIGITS, disjunctive=True) if provenance == "exact" else scallopy.Map(DIGITS)
    return scallopy.Module(
        program=read("sum2"), provenance=provenance, k=3, output_relation="sum_2", output_mapping=list(range(19)),
        input_mappings={"digit_1": digit, "digit_2": digit},
    )  # fmt: skip


def train(provenance: str, seed: int, epochs: int, data: tuple[Tensor, Tensor, Tensor, Tensor]) -> tuple[float, float]:
    """Accuracy (%) of the sums of all pairs of test pictures, and seconds of one run."""
    x, y, test_x, test_y = data
    torch.manual_seed(seed)
    reads, adds = network(), adder(provenance)
    optimizer = torch.optim.Adam(reads.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    began = time.perf_counter()
    for _ in range(epochs):
        pairs = torch.randperm(len(x))[: len(x) // 2 * 2].reshape(-1, 2)
        for chosen in pairs.split(BATCH):
            p, q = reads(x[chosen[:, 0]]), reads(x[chosen[:, 1]])
            sums = (y[chosen[:, 0]] + y[chosen[:, 1]])[:, None]
            likelihood = adds(digit_1=p, digit_2=q).gather(1, sums)
            optimizer.zero_grad()
            (-likelihood.clamp_min(1e-6).log().mean()).backward()
            optimizer.step()
        schedule.step()
    with torch.no_grad():
        guess = reads(test_x).argmax(1)
    right = guess[:, None] + guess[None, :] == test_y[:, None] + test_y[None, :]
    return 100 * float(right.float().mean()), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--provenances", default="exact,difftopkproofs")
    arguments = parser.parse_args()
    data = load()
    print(f"{'provenance':16} {'mean %':>7} {'least %':>8} {'best %':>7} {'s a run':>8}  every seed")
    for provenance in arguments.provenances.split(","):
        runs = [train(provenance, seed, arguments.epochs, data) for seed in range(arguments.seeds)]
        found = [r[0] for r in runs]
        mean, seconds = sum(found) / len(found), sum(r[1] for r in runs) / len(runs)
        each = " ".join(f"{a:.1f}" for a in found)
        print(f"{provenance:16} {mean:7.1f} {min(found):8.1f} {max(found):7.1f} {seconds:8.1f}  {each}", flush=True)


if __name__ == "__main__":
    main()
