"""Captions a second, one process against workers on Ray Data: ``python benchmarks/many.py --captions 20000``.

The captions are those of the gold set, over and over; both columns translate every one of them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from nesy.jobs import on_ray
from nesy.synthesis.captions import read_captions
from nesy.synthesis.choice import Choice
from nesy.synthesis.extraction import extract
from nesy.synthesis.many import extract_many

GOLD = Path(__file__).resolve().parents[1] / "tests" / "data" / "captions"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--domain", default="platformer")
    options = parser.parse_args()
    if not on_ray():
        raise SystemExit("this compares with workers on Ray: pip install 'nesy[ray]'")
    texts = [json.loads(x)["caption"] for x in (GOLD / f"{options.domain}.jsonl").read_text("utf-8").splitlines()]
    domain = GOLD / f"{options.domain}.dsl"
    with tempfile.TemporaryDirectory() as scratch:
        place, out = Path(scratch) / "captions.jsonl", Path(scratch) / "results.jsonl"
        rows = enumerate(islice(cycle(texts), options.captions))
        place.write_text("".join(json.dumps({"id": i, "caption": t}) + "\n" for i, t in rows), "utf-8")
        choice = Choice.of(domain)
        start = time.perf_counter()
        alone = extract(choice.make(), read_captions(place), choice.domain)
        seconds = time.perf_counter() - start
        print(f"one process             {options.captions / seconds:8.0f} captions/s")
        for what in ("first, Ray is started", "second"):
            start = time.perf_counter()
            shared = extract_many(place, out, domain, workers=options.workers)
            again = time.perf_counter() - start
            rate, times = options.captions / again, seconds / again
            print(f"{options.workers} workers ({what}) {rate:8.0f} captions/s, {times:.2f} times one process")
        assert [r.to_json() for r in shared.read()] == [r.to_json() for r in alone]


if __name__ == "__main__":
    main()
