"""Measure a caption extractor on clips whose truth is known: ``python benchmarks/extraction.py --clips 600``.

Other worlds than the built-in platformer: ``--data coinrun``, ``--data babyai --set levels=rooms``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from nesy.datasets import open_dataset
from nesy.synthesis import extractors
from nesy.synthesis.measure import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extractor", default="rules", choices=list(extractors))
    parser.add_argument("--data", default="platformer", help="a dataset that is made: platformer, coinrun, babyai")
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another setting of the data")
    parser.add_argument("--cache", type=Path, help="where made datasets are kept (default: thrown away)")
    parser.add_argument("--failures", type=int, default=5, help="how many captions with a false spec to show")
    options = parser.parse_args()
    settings = {k: getattr(options, k) for k in ("clips", "seed", "frames")}
    settings |= dict(pair.split("=", 1) for pair in options.set)
    with tempfile.TemporaryDirectory() as scratch:
        dataset = open_dataset(options.data, settings, options.cache or Path(scratch))
        extractor = extractors[options.extractor](dataset.vocabulary, {})
        start = time.perf_counter()
        extractor.extract([c.text for clip in dataset.clips for c in clip.captions])
        seconds = time.perf_counter() - start
        scores = measure(dataset, extractor)
    rows = {style: score.as_dict() for style, score in sorted(scores.items())}
    names = list(next(iter(rows.values())))
    print(f"{'':18}" + "".join(f"{style:>10}" for style in rows))
    for name in names:
        cells = (f"{row[name]:>10}" if name == "captions" else f"{row[name]:>10.3f}" for row in rows.values())
        print(f"{name:18}" + "".join(cells))
    total = sum(score.captions for score in scores.values())
    print(f"{total / seconds:.0f} captions a second")
    for style, score in sorted(scores.items()):
        for text in score.failures[: options.failures]:
            print(f"false ({style}): {text}")
        for reason, count in score.reasons.items():
            print(f"rejected ({style}): {count} {reason}")


if __name__ == "__main__":
    main()
