"""The programs of the field against brute force: all worlds of their inputs, each judged in plain Python."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from nesy.errors import DataError
from nesy.reasoners import scallopy
from nesy.reasoners.datalog.programs import KINDS, NAMES, composition, read

DIGITS = range(10)
ONE_OF_TEN = scallopy.Map(DIGITS, disjunctive=True)


def softmax(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64).softmax(-1)


def module(name: str, output: str, mapping: Any, **options: Any) -> Any:
    return scallopy.Module(
        program=read(name), provenance="exact", output_relation=output, output_mapping=mapping, **options
    )


def test_every_program_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{name}"' in text or name.startswith("sum") for name in NAMES)
    with pytest.raises(DataError, match="no program"):
        read("sum_2")


@pytest.mark.parametrize("n", [2, 3, 4])
def test_sums_of_digits(n: int) -> None:
    torch.manual_seed(n)
    names = [f"digit_{i + 1}" for i in range(n)]
    ask = module(f"sum{n}", f"sum_{n}", list(range(9 * n + 1)), input_mappings=dict.fromkeys(names, ONE_OF_TEN))
    inputs = [softmax(3, 10) for _ in names]
    want = torch.zeros(3, 9 * n + 1, dtype=torch.float64)
    for digits in itertools.product(DIGITS, repeat=n):
        want[:, sum(digits)] += math.prod(x[:, d] for x, d in zip(inputs, digits, strict=True))
    assert torch.allclose(ask(**dict(zip(names, inputs, strict=True))), want, atol=1e-9)


def test_less_than() -> None:
    torch.manual_seed(0)
    ask = module("less_than", "less_than", [False, True], input_mappings={"digit_1": ONE_OF_TEN, "digit_2": ONE_OF_TEN})
    a, b = softmax(4, 10), softmax(4, 10)
    want = sum(a[:, i] * b[:, j] for i in DIGITS for j in DIGITS if i < j)
    assert torch.allclose(ask(digit_1=a, digit_2=b), torch.stack([1 - want, want], dim=1), atol=1e-9)


def test_addition_with_a_carry_chain() -> None:
    torch.manual_seed(0)
    mapping = scallopy.Map({0: range(2), 1: DIGITS}, disjunctive_dim=1)
    places = [(i, d) for i in range(3) for d in DIGITS]
    ask = module(
        "addition", "result", places, facts={"length": [(2,)]}, non_probabilistic=["length"],
        input_mappings={"first": mapping, "second": mapping},
    )  # fmt: skip
    a, b = softmax(2, 2, 10), softmax(2, 2, 10)
    want = torch.zeros(2, 3, 10, dtype=torch.float64)
    for w, x, y, z in itertools.product(DIGITS, repeat=4):
        weight = a[:, 0, w] * a[:, 1, x] * b[:, 0, y] * b[:, 1, z]
        for place, digit in enumerate(reversed(f"{w + y + 10 * (x + z):03}")):
            want[:, place, int(digit)] += weight
    assert torch.allclose(ask(first=a, second=b), want.reshape(2, 30), atol=1e-9)


def value(symbols: Sequence[str]) -> float | None:
    """A formula by precedence from left to right; None where it has no value."""
    if any(s.isdigit() != (i % 2 == 0) for i, s in enumerate(symbols)) or len(symbols) % 2 == 0:
        return None
    terms, signs = [float(symbols[0])], [1]
    for operator, digit in zip(symbols[1::2], symbols[2::2], strict=True):
        x = float(digit)
        if operator in "+-":
            terms.append(x)
            signs.append(1 if operator == "+" else -1)
        elif operator == "*":
            terms[-1] *= x
        elif x == 0:
            return None
        else:
            terms[-1] /= x
    return sum(s * t for s, t in zip(signs, terms, strict=True))


def test_handwritten_formulas() -> None:
    torch.manual_seed(1)
    symbols = [*map(str, DIGITS), "+", "-", "*", "/"]
    mapping = scallopy.Map({0: range(5), 1: symbols}, retain_k=4, sample_dim=1, disjunctive_dim=1)
    ask = module("hwf", "result", None, input_mappings={"symbol": mapping}, non_probabilistic=["length"])
    scores = torch.randn(5, 14, dtype=torch.float64)
    scores[0::2, :10] += 2
    scores[1::2, 10:] += 2
    p = scores.softmax(1)
    kept = [row.topk(4).indices.tolist() for row in p]
    want: defaultdict[float, float] = defaultdict(float)
    for chosen in itertools.product(*kept):
        result = value([symbols[i] for i in chosen])
        if result is not None:
            want[round(result, 3)] += math.prod(float(p[i, s]) for i, s in enumerate(chosen))
    tuples, out = ask(symbol=p[None], length=[[(5,)]])
    got: defaultdict[float, float] = defaultdict(float)
    for (x,), q in zip(tuples, out[0].tolist(), strict=True):
        got[round(x, 3)] += q  # 1/3*3 and 3/3 are different floats: merged on both sides
    assert len(want) > 20 and set(got) == set(want)
    assert all(got[x] == pytest.approx(want[x], abs=1e-9) for x in want)


def worlds(p: Sequence[float]) -> Iterator[tuple[tuple[bool, ...], float]]:
    """All worlds of independent facts with their probabilities."""
    for bits in itertools.product([False, True], repeat=len(p)):
        yield bits, math.prod(q if b else 1 - q for b, q in zip(bits, p, strict=True))


def reachable(start: Any, steps: Callable[[Any], list[Any]]) -> set[Any]:
    found, waiting = {start}, [start]
    while waiting:
        for node in steps(waiting.pop()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def test_pathfinder() -> None:
    torch.manual_seed(2)
    dashes = [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]
    ask = module(
        "pathfinder", "connected", (), input_mappings={"dash": dashes, "endpoint": range(6)},
    )  # fmt: skip
    dash, end = torch.rand(1, 7, dtype=torch.float64), torch.rand(1, 6, dtype=torch.float64)
    end[0, [1, 3, 4]] = 0.0  # three candidates: 2^10 worlds
    want = 0.0
    for bits, weight in worlds(dash[0].tolist() + end[0, [0, 2, 5]].tolist()):
        drawn = [e for e, b in zip(dashes, bits, strict=False) if b]
        marked = [v for v, b in zip((0, 2, 5), bits[7:], strict=True) if b]

        def next_to(v: int, drawn: list[tuple[int, int]] = drawn) -> list[int]:
            return [b for a, b in drawn if a == v] + [a for a, b in drawn if b == v]

        if any(b in reachable(a, next_to) for a, b in itertools.combinations(marked, 2)):
            want += weight
    assert ask(dash=dash, endpoint=end).tolist() == [pytest.approx(want, abs=1e-9)]


def test_pacman_maze() -> None:
    torch.manual_seed(3)
    cells = [(x, y) for x in range(3) for y in range(2)]
    one = scallopy.Map(cells, disjunctive=True)
    ask = scallopy.Module(
        program=read("pacman"), provenance="exact", facts={"cell": [(None, c) for c in cells]},
        input_mappings={"actor": one, "goal": one, "enemy": cells},
        output_mappings={"next_action": list(range(4)), "violation": ()},
    )  # fmt: skip
    actor, goal, enemy = softmax(1, 6), softmax(1, 6), torch.rand(1, 6, dtype=torch.float64)
    moves = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    action, violation = [0.0] * 4, 0.0
    for bits, weight in worlds(enemy[0].tolist()):
        safe = {c for c, b in zip(cells, bits, strict=True) if not b}

        def steps(c: tuple[int, int], safe: set[tuple[int, int]] = safe) -> list[tuple[int, int]]:
            return [n for dx, dy in moves if (n := (c[0] + dx, c[1] + dy)) in safe]

        for (i, a), (j, g) in itertools.product(enumerate(cells), repeat=2):
            w = weight * float(actor[0, i] * goal[0, j])
            violation += w * (a not in safe or g not in safe)
            for k, (dx, dy) in enumerate(moves):
                first = (a[0] + dx, a[1] + dy)
                if a in safe and first in safe and g in reachable(first, steps):
                    action[k] += w
    out = ask(actor=actor, goal=goal, enemy=enemy)
    assert out["next_action"][0].tolist() == pytest.approx(action, abs=1e-9)
    assert out["violation"].tolist() == [pytest.approx(violation, abs=1e-9)]


def test_kinship_by_the_rules_of_clutrr() -> None:
    torch.manual_seed(4)
    rules = composition()
    assert len(rules) == len(set(rules)) == 92 and {k for r in rules for k in r} == set(KINDS)
    number = {k: i for i, k in enumerate(KINDS)}
    table = [(number[a], number[b], number[c]) for a, b, c in rules]
    ask = module(
        "kinship", "answer", list(range(20)), facts={"compose": table}, non_probabilistic=["compose", "question"]
    )
    options = [("daughter", "son", "wife"), ("mother", "brother", "sister"), ("father", "son", "uncle")]
    p = softmax(3, 3)
    facts = [(p[h, i], (number[k], h, h + 1)) for h, kinds in enumerate(options) for i, k in enumerate(kinds)]
    want = torch.zeros(20, dtype=torch.float64)
    for chosen in itertools.product(range(3), repeat=3):
        chain = [number[options[h][i]] for h, i in enumerate(chosen)]
        results = {chain[0]}
        for k in chain[1:]:
            results = {c for a, b, c in table if a in results and b == k}
        for r in results:
            want[r] += math.prod(p[h, i] for h, i in enumerate(chosen))
    out = ask(kin=[facts], question=[[(0, 3)]], disjunctions={"kin": [[[0, 1, 2], [3, 4, 5], [6, 7, 8]]]})
    assert (want > 0).sum() >= 5 and torch.allclose(out[0], want, atol=1e-9)


def test_alignment_of_events_with_frames() -> None:
    torch.manual_seed(5)
    ask = module("alignment", "aligned", (), non_probabilistic=["event", "last"])
    p = torch.rand(4, 2, dtype=torch.float64)
    events = ["open", "close", "open"]
    names = ["open", "close"]
    want = 0.0
    for bits, weight in worlds(p.reshape(-1).tolist()):
        at = [[t for t in range(4) if bits[2 * t + names.index(e)]] for e in events]
        want += weight * any(a < b < c for a, b, c in itertools.product(*at))
    holds = [(p[t, n], (t, names[n])) for t in range(4) for n in range(2)]
    out = ask(event=[list(enumerate(events))], holds=[holds], last=[[(2,)]])
    assert out.tolist() == [pytest.approx(want, abs=1e-9)]
