"""How fast .dsl files are parsed and checked: ``python benchmarks/dsl.py``.

One row a size; the ratio is the time a line relative to the smallest file of the same run: 1 where growth is linear.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from nesy.dsl.check import check_module
from nesy.dsl.diagnose import diagnose_text
from nesy.dsl.format import format_source
from nesy.dsl.parser import parse_module

HEAD = "class cat, dog, bird\nunary asleep, running, eating\nbinary near, chasing\n"
LINES = (
    "spec s{i}: exists a: cat, b: dog {{ chasing(b, a) and running(a) then near(a, b) then asleep(b) }}\n",
    "constraint always (asleep(x) -> not (running(x) or eating(x)))\n",
    "spec w{i}: forall a: bird {{ eventually[2, 10] (eating(a) and once near(a, a)) }}\n",
    "define busy{i}(x) = running(x) or eating(x)\n",
    "spec m{i}: exists a: cat {{ busy{j}(a) until asleep(a) }}\n",
)


def source(lines: int) -> str:
    """A file of about so many lines, all of them different."""
    body = [LINES[i % len(LINES)].format(i=i, j=i - 1) for i in range(lines - 3)]
    return HEAD + "".join(body)


def seconds(run: Callable[[], object], repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    print(f"{'lines':>7} {'parse s':>9} {'+ check s':>10} {'diagnose s':>11} {'format s':>9} {'ratio':>7}")
    base = None
    for lines in (125, 250, 500, 1000, 2000, 4000):
        text = source(lines)
        parse = seconds(lambda text=text: parse_module(text))  # type: ignore[misc]
        both = seconds(lambda text=text: check_module(parse_module(text)))  # type: ignore[misc]
        told = seconds(lambda text=text: diagnose_text(text))  # type: ignore[misc]
        layout = seconds(lambda text=text: format_source(text), 1)  # type: ignore[misc]
        base = base or both / lines
        print(
            f"{lines:>7} {parse:>9.3f} {both:>10.3f} {told:>11.3f} {layout:>9.3f} {both / lines / base:>7.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
