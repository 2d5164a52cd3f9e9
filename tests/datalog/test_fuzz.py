"""Random programs, well formed or broken: they run, or answer with one NesyError; nothing else escapes."""

from __future__ import annotations

import random
import warnings

import pytest

from nesy.errors import NesyError
from nesy.reasoners.datalog.context import ScallopContext
from nesy.reasoners.datalog.grounding import Limits
from nesy.reasoners.datalog.provenance import PROVENANCES

COLUMNS = {"a": 1, "b": 2, "c": 2, "d": 1, "e": 0}
HEADS = [
    "a(x)",
    "b(x, y)",
    "c(y, x)",
    "d(x + y)",
    "c(x, y - 1)",
    "e()",
    "b(x, n)",
    "d(n)",
    "d($abs(x))",
    "{a(x); a(y)}",
]
AGGREGATES = [
    *["count", "sum", "prod", "min", "max", "avg", "top<2>"] * 4,
    "exists", "unique", "uniform<1>", "categorical<1>",
    "normalize", "softmax", "disjunct", "count!", "sort", "argmax[q]", 'string_join<",">', "weighted_sum", "median",
]  # fmt: skip
NOISE = list("(){}[]<>:;,=@$\"'.!&|+-*/ \n\tx0é\x00")


class Text:
    """Pieces of programs over five small relations."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def value(self) -> str:
        odd = ["-1", "1.5", "true", '"a"', "'c'", "99999999999999999999", "UP", "new C(1)", "1 / 0", "z as String"]
        return self.rng.choice(["0", "1", "2", "3"] * 60 + odd)

    def atom(self) -> str:
        name = self.rng.choice(list(COLUMNS))
        count = COLUMNS[name] if self.rng.random() < 0.995 else 3
        args = [self.rng.choice(["x", "y", "x", "y", "_", "z", self.value()]) for _ in range(count)]
        return f"{name}({', '.join(args)})"

    def part(self, depth: int = 2) -> str:
        r = self.rng
        kind = r.random()
        if kind < 0.4 or depth == 0:
            return self.atom()
        if kind < 0.52:
            return f"not {self.atom()}"
        if kind < 0.62:
            return f"x {r.choice(['<', '==', '!=', '>='])} y {r.choice('+-*/%')} {self.value()}"
        if kind < 0.66:
            return self.aggregate()
        if kind < 0.76:
            return r.choice(
                ["z in 0..4", "range<i32>(0, y, z)", "not range<i32>(0, x, y)"] * 3 + ["case w is C(x)", "soft(x)"]
            )
        return f"({self.part(depth - 1)} {r.choice(['and', 'or', 'implies'])} {self.part(depth - 1)})"

    def aggregate(self) -> str:
        r = self.rng
        body = r.choice(["b(x, p), a(q)", "a(p), a(q)", "c(p, q)", "b(p, _) and not a(p) or d(p)"])
        where = r.choice(["", "", " where q: a(q)"])
        return f"n := {r.choice(AGGREGATES)}({r.choice('pq')}: {body}{where})"

    def item(self) -> str:
        r = self.rng
        if r.random() < 0.35:
            name = r.choice("abcd")
            rows = []
            for _ in range(r.randint(1, 3)):
                tag = r.choice(["", "0.2::", "0.3::", "0.25::"] * 20 + ["1.5::"])
                rows.append(f"{tag}({', '.join(self.value() for _ in range(COLUMNS[name]))})")
            return f"rel {name} = {{{r.choice([', ', '; ']).join(rows)}}}"
        parts = ["b(x, y)", *(self.part() for _ in range(r.randint(0, 2)))]
        head = r.choice(HEADS)
        parts += [self.aggregate()] if "n" in head and r.random() < 0.95 else []
        r.shuffle(parts)
        attribute = r.choice([""] * 30 + ["@hidden ", "@goal ", '@demand("bf") ', "@odd "])
        tag = r.choice([""] * 20 + ["0.5::", "x::"])
        return f"{attribute}rel {tag}{head} = {', '.join(parts)}"

    def program(self) -> str:
        r = self.rng
        text = "type Way = UP | DOWN\ntype E = C(i32) | Add(E, E)\n"
        text += "\n".join(self.item() for _ in range(r.randint(2, 7)))
        for _ in range(r.randint(1, 4) if r.random() < 0.15 else 0):
            i = r.randrange(len(text))
            text = text[:i] + r.choice(["", r.choice(NOISE), text[i] * 2]) + text[i + 1 :]
        return text


def runs(text: str, provenance: str) -> bool:
    """Whether a program runs; anything but a NesyError comes through."""
    ctx = ScallopContext(provenance, k=2, node_budget=20_000)
    ctx._limits = Limits(rounds=50, rows=20_000)
    try:
        ctx.add_program(text)
        ctx.run()
        for relation in ctx.relations():
            list(ctx.relation(relation))
    except NesyError as error:
        assert str(error).startswith(("error", "<program>")) and error.message
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_nothing_but_nesy_errors(seed: int) -> None:
    rng, good = random.Random(seed), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(60):
            good += runs(Text(rng).program(), rng.choice(sorted(PROVENANCES)))
    assert 10 <= good <= 55  # both sides are seen


BAD = [
    ("rel a = {1.5::1}", "not between 0 and 1"),
    ("rel a = {(1, 2)}\nrel b(x) = a(x)", "arity mismatch"),
    ("rel a(0)\nrel b(1 / x) = a(x)", "zero"),
    ("rel a(0)\nrel a(x + 1) = a(x)", "has not ended"),
    ("rel a(x) = x in 0..6000\nrel r(x, z) = a(x), a(y), a(z)", "budget"),
    ("rel a(1)\nrel b(x) = a(x), not b(x)", "Cannot stratify"),
    ("rel a(1)\nrel b(y) = a(x)", "unbounded"),
    ('rel a(1)\nrel b(x) = a(x), x == "s"', "cannot unify"),
    ("rel a(300)\ntype a(u8)", "does not fit"),
    ('rel a("x")\ntype a(DateTime)', "not supported yet"),
    ("rel a(" + "(" * 500, "nested"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[w for _, w in BAD])
def test_each_mistake_has_one_clear_error(text: str, words: str) -> None:
    with pytest.raises(NesyError, match=words):
        ctx = ScallopContext()
        ctx.add_program(text)
        ctx.run()


def test_a_misspelt_relation_is_a_warning_with_a_suggestion() -> None:
    ctx = ScallopContext()
    ctx.add_program("rel edge(1, 2)\nrel path(x, y) = egde(x, y)")
    with pytest.warns(match="`egde` is not computed.*did you mean `edge`"):
        ctx.run()
