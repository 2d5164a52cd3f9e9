"""Files with a word, a number or a bit changed, through the commands that read them: exit code 0, 1 or 2, one message.

``python -m tests.faults.test_fuzz_files 4000`` tries more of them.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from nesy.cli.app import run
from tests.faults.corrupt import CHANGES

ROOT = Path(__file__).resolve().parents[2]
TOKEN = re.compile(r'"[^"\n]*"|\d+\.\d+|\w+|[<>=!:|&+*/~-]+|\s+|\S')
NUMBERS = ["0", "1", "-1", "0.5", "1e9", "9223372036854775807", "18446744073709551615", "1e999", "0.0000001"]
STRAY = ["(", ")", "{", "}", "[", "]", "not", "forall", "::", "_", "%", "é", "//", "/*", '""', "until", "count"]
QUESTION = "exists d: dog, c: cat { chasing(d, c) then hiding(c) }"
PROVENANCES = ["unit", "exact", "topkproofs", "minmaxprob", "addmultprob", "proofs", "tropical", "diffmaxmultprob"]


def kind_of(token: str) -> str:
    """Word, number, text, blank or other: a token is mostly replaced by one of its own kind."""
    if token.isspace():
        return "blank"
    return "word" if re.match(r"[A-Za-z_]", token) else "number" if token[0].isdigit() else token[0] * (token[0] == '"')


def changed_words(data: bytes, rng: random.Random) -> bytes:
    tokens = TOKEN.findall(data.decode("utf-8", "replace"))
    for _ in range(rng.randint(1, 2)):
        if not tokens:
            break
        i, way = rng.randrange(len(tokens)), rng.random()
        if way < 0.7:
            same = [t for t in tokens if kind_of(t) == kind_of(tokens[i])]
            tokens[i] = rng.choice(NUMBERS if kind_of(tokens[i]) == "number" and way < 0.4 else same)
        elif way < 0.8:
            del tokens[i : i + rng.randint(1, 3)]
        elif way < 0.9:
            tokens.insert(i, rng.choice(tokens))
        else:
            tokens[i] = rng.choice(STRAY)
    return "".join(tokens).encode()


def sources(kind: str) -> list[bytes]:
    if kind == "dsl":
        return [
            p.read_bytes() for d in ("examples", "tests/dsl/bad_specs", "tests/data") for p in (ROOT / d).rglob("*.dsl")
        ]
    if kind == "scl":
        golden = json.loads((ROOT / "tests/datalog/scallop_golden.json").read_text("utf-8"))["programs"]
        texts = re.findall(r'"(rel [^"]+|type [^"]+)"', json.dumps(golden).replace('\\"', "'"))
        programs = [t.replace("\\n", "\n").replace("'", '"').encode() for t in texts]
        return [*programs, (ROOT / "examples/datalog/roads.scl").read_bytes()]
    if kind == "jsonl":
        return [b"\n".join((ROOT / "tests/data/captions/general.jsonl").read_bytes().split(b"\n")[:12]) + b"\n"]
    return [(ROOT / "tests/data/chase.json").read_bytes()]


def command(kind: str, file: Path, rng: random.Random) -> list[str]:
    folder = file.parent
    if kind == "dsl":
        ways = [["check"], ["check", "--json"], ["fmt", "--check"], ["explain"], ["compile", "--to", "dfa"]]
        return [*rng.choice(ways), str(file)]
    if kind == "scl":
        return ["scl", str(file), "-p", rng.choice(PROVENANCES), "--iter-limit", "20"]
    if kind == "jsonl":
        return [
            "extract",
            str(file),
            "--spec",
            str(ROOT / "tests/data/captions/general.dsl"),
            "-o",
            str(folder / "o.dsl"),
        ]
    remember = ["memory", "add", str(file), "--store", str(folder / "store"), "--replace"]
    return rng.choice([["query", QUESTION, str(file)], ["view", str(file), "-o", str(folder / "v.html")], remember])


def tries(kind: str, count: int, folder: Path, seed: int) -> Counter[int]:
    """How often each exit code came; AssertionError at an internal fault or a traceback."""
    rng, codes, pool = random.Random(seed), Counter[int](), sources(kind)
    for _ in range(count):
        before = rng.choice(pool)
        data = rng.choice(CHANGES)(before, rng) if rng.random() < 0.25 else changed_words(before, rng)
        file = folder / f"file.{kind}"
        file.write_bytes(changed_words(before, rng) if data is None else data)
        words, told = command(kind, file, rng), io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(told):
            code = run(words)
        codes[code] += 1
        said = told.getvalue()
        assert code in (0, 1, 2) and "Traceback" not in said, (words, said[:500], file.read_bytes()[:2000])
        assert code != 2 or "error" in said, (words, said[:500])
    return codes


@pytest.mark.parametrize("kind", ["dsl", "scl", "jsonl", "json"])
def test_changed_files(kind: str, tmp_path: Path) -> None:
    codes = tries(kind, 60, tmp_path, 0)
    assert codes[2] + codes[1] > 5  # most changes are mistakes, and are told


if __name__ == "__main__":
    for each in ("dsl", "scl", "jsonl", "json"):
        with tempfile.TemporaryDirectory() as place:
            print(each, dict(tries(each, int(sys.argv[1]), Path(place), 1)), flush=True)
