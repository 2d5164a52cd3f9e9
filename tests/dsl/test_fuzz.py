"""Broken text of every kind: whatever is read, there is a result or a located error, and soon.

``NESY_FUZZ_SECONDS=600`` runs as long as wanted (default 4); ``NESY_FUZZ_SEED`` starts elsewhere.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

from nesy.dsl import words
from nesy.dsl.check import check_formula, check_module
from nesy.dsl.format import format_source
from nesy.dsl.parser import parse_formula, parse_module
from nesy.dsl.signature import Signature
from nesy.errors import NesyError

SECONDS = float(os.environ.get("NESY_FUZZ_SECONDS", "4"))
SEED = int(os.environ.get("NESY_FUZZ_SEED", "0"))
SLOWEST = 1.0
HERE = Path(__file__).parent
SEEDS = [p.read_text("utf-8") for p in sorted((HERE / "bad_specs").glob("*.dsl"))]
SEEDS.append((HERE.parents[1] / "examples" / "platformer.dsl").read_text("utf-8"))
VOCABULARY = Signature.of(classes=["cat", "dog"], unary=["p", "q"], binary=["r"])
TOKENS = [
    *words.STATEMENTS, *words.FUTURE, *words.PAST, *words.QUANTIFIERS, *words.LOGIC, *words.TEXTBOOK, *words.SYMBOLS,
    *words.QUANTIFIER_DETAILS, *words.LOCATIONS, *words.DURATIONS, "weak", "from", "visible", "cat", "dog",
    "p", "q", "r", "x", "y",
    "p(x)", "r(x, y)", "cat(x)", "(", ")", "{", "}", "[", "]", ",", ":", ":-", ".", "=", "!=", "@", '"',
    '"a"',
    "[2,10]", "[0.5s,2s]", "[0%,50%]", "[,]", "1", "-1", "1/3", "1e999", "0" * 50,
    "//", "\n", "\t", "é", "\x00", "\u202e",
    "→", "😀", "\\", "'", ";",
]  # fmt: skip


def soup(rng: random.Random) -> str:
    return " ".join(rng.choices(TOKENS, k=rng.randint(0, 60)))


def mutated(rng: random.Random) -> str:
    pieces = re.findall(r"\w+|\s+|[^\w\s]", rng.choice(SEEDS))
    for _ in range(rng.randint(1, 8)):
        if not pieces:
            break
        i, j = rng.randrange(len(pieces)), rng.randrange(len(pieces))
        match rng.randrange(5):
            case 0:
                del pieces[i]
            case 1:
                pieces.insert(i, rng.choice(TOKENS))
            case 2:
                pieces[i], pieces[j] = pieces[j], pieces[i]
            case 3:
                pieces[i:i] = pieces[j : j + 20]
            case _:
                del pieces[i : i + rng.randint(1, 30)]
    return "".join(pieces)


def crossed(rng: random.Random) -> str:
    a, b = rng.choice(SEEDS), rng.choice(SEEDS)
    return a[: rng.randrange(len(a) + 1)] + b[rng.randrange(len(b) + 1) :]


def deep(rng: random.Random) -> str:
    opening = rng.choice(
        ["(", "not ", "next ", "exists x { ", "p(x) and (", "p(x) then ", "p(x) -> ", "F ", "weak ", "["]
    )
    return (
        "spec a: " * rng.randint(0, 1)
        + opening * rng.randint(1, 3000)
        + "p(x)"
        + rng.choice(["", ")", "}", "]"]) * rng.randint(0, 3000)
    )


def noise(rng: random.Random) -> str:
    return "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x3000)])) for _ in range(rng.randint(0, 300)))


KINDS: list[Callable[[random.Random], str]] = [soup, mutated, mutated, crossed, deep, noise]


def read_formula(text: str) -> None:
    check_formula(parse_formula(text), VOCABULARY, source=text)


def read_module(text: str) -> None:
    check_module(parse_module(text))


def test_nothing_but_located_errors_and_no_hang() -> None:
    rng, until, tried = random.Random(SEED), time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        text = rng.choice(KINDS)(rng)
        for read in (read_formula, read_module, format_source):
            begun = time.process_time()
            try:
                read(text)
            except NesyError as e:
                assert str(e).strip()
            allowed = SLOWEST * max(1.0, len(text) / 10_000)  # linear: about 40 us a character
            assert time.process_time() - begun < allowed, f"{read.__name__}, {len(text)} characters: {text[:300]!r}"
            tried += 1
    assert tried > 20
    print(f"{tried} texts")
