"""The triple store under load: triples a second in, queries a second and their latency, bytes on disk.

    python benchmarks/memory.py            10^4 and 10^6 triples (about two minutes)
    python benchmarks/memory.py --full     10^7 too (about half an hour, 2 GB of disk)
    python benchmarks/memory.py --server   on a PostgreSQL server that the package pgserver starts

Clips of 100 triples each: 8 objects with a class out of 12, 40 unary and 52 binary facts with random intervals, written
one clip a transaction (each on the disk before the next), or 1000 clips a transaction ("bulk").
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nesy.memory.store import IS_A, Pattern, Triple, TripleStore
from nesy.memory.store.walk import Walker

CLASSES = [f"class{i}" for i in range(12)]
UNARY = [f"state{i}" for i in range(12)]
BINARY = [f"relation{i}" for i in range(10)]
PER_CLIP = 100


def clip(number: int) -> list[Triple]:
    """The triples of one clip; the same number gives the same clip."""
    rng = random.Random(number)
    video = f"clip{number:07d}"
    objects = [f"{video}/o{i}" for i in range(8)]

    def fact(subject: str, predicate: str, other: str | None) -> Triple:
        start = rng.randrange(200)
        p = rng.uniform(0.3, 1)
        return Triple(subject, predicate, other, video, start, start + rng.randint(1, 40), p, min(1, p * 1.1), 8.0, "b")

    out = [Triple(o, IS_A, rng.choice(CLASSES), video, 0, 240, rng.uniform(0.5, 1), None, 8.0, "b") for o in objects]
    out += [fact(rng.choice(objects), rng.choice(UNARY), None) for _ in range(40)]
    out += [fact(a, rng.choice(BINARY), b) for a, b in (rng.sample(objects, 2) for _ in range(PER_CLIP - len(out)))]
    return out


def fill(store: TripleStore, first: int, last: int, group: int) -> float:
    """Write clips [first, last), ``group`` a transaction; seconds spent in the store (making the clips left out)."""
    spent = 0.0
    for i in range(first, last, group):
        made = [t for k in range(i, min(i + group, last)) for t in clip(k)]
        began = time.perf_counter()
        store.add(made)
        spent += time.perf_counter() - began
    return spent


def queries(clips: int, rng: random.Random) -> Iterator[tuple[str, Callable[[TripleStore], object]]]:
    """Kinds of queries, each with random names."""

    def video() -> str:
        return f"clip{rng.randrange(clips):07d}"

    yield "(object, ?, ?)", lambda s: s.match(Pattern(f"{video()}/o3"))
    yield "(?, relation, object)", lambda s: s.match(Pattern(None, rng.choice(BINARY), f"{video()}/o3"))
    yield "(?, state) in a video", lambda s: s.match(Pattern(None, rng.choice(UNARY), video=video()))
    yield (
        "(class, relation, class) in a video",
        lambda s: s.match(Pattern(rng.choice(CLASSES), rng.choice(BINARY), rng.choice(CLASSES), video=video())),
    )
    yield "(?, relation, ?), 10 best of all", lambda s: s.match(Pattern(None, rng.choice(BINARY)), limit=10)
    yield (
        "(class, relation, class), any 10 of all",
        lambda s: s.match(Pattern(rng.choice(CLASSES), rng.choice(BINARY), rng.choice(CLASSES)), limit=10, best=False),
    )
    yield (
        "state before relation, in a video",
        lambda s: s.related(
            Pattern(predicate=rng.choice(UNARY), video=video()),
            ("before", "meets"),
            Pattern(predicate=rng.choice(BINARY)),
        ),
    )


def slow_queries(rng: random.Random) -> Iterator[tuple[str, Callable[[TripleStore], object]]]:
    """Queries that look at a share of everything: their time grows with the memory."""
    yield (
        "(class, relation, class), 10 best of all",
        lambda s: s.match(Pattern(rng.choice(CLASSES), rng.choice(BINARY), rng.choice(CLASSES)), limit=10),
    )
    yield "how many (?, relation, ?)", lambda s: s.count(Pattern(None, rng.choice(BINARY)))


def measure(store: TripleStore, ask: Callable[[TripleStore], object], most: int, seconds: float) -> list[float]:
    """Milliseconds of each of ``most`` runs, stopping after ``seconds``."""
    out: list[float] = []
    began = time.perf_counter()
    while len(out) < most and (time.perf_counter() - began < seconds or len(out) < 3):
        start = time.perf_counter()
        ask(store)
        out.append(1000 * (time.perf_counter() - start))
    return out


def row(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    print(
        f"  {name:<42} {1000 / statistics.mean(times):>9.0f}/s   p50 {statistics.median(times):>9.3f} ms   "
        f"p99 {p99:>9.3f} ms   ({len(times)} runs)",
        flush=True,
    )


def one_size(triples: int, folder: Path | str) -> None:
    clips = triples // PER_CLIP
    rng = random.Random(0)
    print(f"\n{triples:,} triples, {clips:,} videos")
    with TripleStore.open(folder) as store:
        alone = min(clips // 2, 500)
        spent = fill(store, 0, alone, 1)
        rate, each = alone * PER_CLIP / spent, 1000 * spent / alone
        print(f"  in, a clip a transaction: {rate:,.0f} triples/s ({each:.1f} ms a clip)")
        spent = fill(store, alone, clips, 1000)
        print(f"  in, bulk: {(clips - alone) * PER_CLIP / spent:,.0f} triples/s", flush=True)
        if isinstance(folder, Path):
            store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert store.count() == triples
        size = store.size()
        print(f"  on disk: {size / triples:.0f} bytes a triple, {size / 2**20:,.0f} MiB")
    with TripleStore.open(folder) as store:  # what was cached while writing does not count
        for name, ask in queries(clips, rng):
            row(name, measure(store, ask, 2000, 10))
        for name, ask in slow_queries(rng):
            row(name, measure(store, ask, 200, 10))
        count = min(clips, 100_000)
        vectors = np.random.default_rng(0).standard_normal((count, 384)).astype(np.float32)
        store.put_vectors("clip", {f"clip{i:07d}": v for i, v in enumerate(vectors)})
        store.nearest(vectors[0], "clip")
        row(f"10 nearest of {count:,} vectors of 384", measure(store, lambda s: s.nearest(vectors[7], "clip"), 200, 10))
        if triples <= 10**6:
            walker = Walker(store)
            began = time.perf_counter()
            nodes = len(walker.graph().nodes)
            print(f"  graph of {nodes:,} nodes built in {time.perf_counter() - began:.1f} s")
            row("walk from two concepts", measure(store, lambda s: walker.walk([CLASSES[0], BINARY[0]]), 50, 10))
    print(f"  peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="10^7 triples too")
    parser.add_argument("--sizes", type=int, nargs="*", help="numbers of triples instead of 10^4 and 10^6")
    parser.add_argument("--folder", type=Path, help="where to put the memories (default: a temporary folder)")
    parser.add_argument("--server", action="store_true", help="PostgreSQL instead of a file")
    chosen = parser.parse_args()
    for triples in chosen.sizes or [10**4, 10**6, *([10**7] if chosen.full else [])]:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            if chosen.server:
                import pgserver

                with pgserver.get_server(Path(folder)) as server:
                    one_size(triples, server.get_uri())
            else:
                one_size(triples, Path(folder))


if __name__ == "__main__":
    main()
