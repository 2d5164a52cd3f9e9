"""How good an extractor is, by meaning: its specs against gold specs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from nesy.dsl.ast import Formula
from nesy.dsl.check import check_module
from nesy.dsl.parser import load, parse_formula
from nesy.dsl.signature import Signature
from nesy.errors import DataError
from nesy.synthesis.base import SpecExtractor
from nesy.synthesis.captions import Caption, json_lines
from nesy.synthesis.equivalence import equivalent
from nesy.synthesis.extraction import Result, extract
from nesy.synthesis.told import matched, told
from nesy.synthesis.validation import Fault, validate
from nesy.synthesis.vocabulary import Documented, documented


@dataclass(frozen=True)
class Gold:
    """A caption with the spec that it means."""

    caption: Caption
    formula: Formula


def read_gold(path: Path, spec: Path | None = None) -> dict[str, tuple[Documented, list[Gold]]]:
    """The gold captions of a jsonl file, by domain.

    Lines have ``id``, ``caption``, ``spec`` and ``domain``, the name of a ``.dsl`` file beside it (with or without the
    ending); ``spec``, the argument, is the file for lines without ``domain``.

    Raises:
        DataError: a line lacks something, a domain is missing, a gold spec does not check.
        NesyError: a domain's file has mistakes.
    """
    domains: dict[str, tuple[Documented, list[Gold]]] = {}
    seen: set[str] = set()
    for number, line in json_lines(path):
        where = f"{path}, line {number}"
        name, text, meant, domain = (line.get(k) for k in ("id", "caption", "spec", "domain"))
        if not isinstance(text, str) or not isinstance(meant, str) or name is None or str(name) in seen:
            raise DataError(f"{where}: `id` (not used before), `caption` and `spec` are needed")
        seen.add(str(name))
        if isinstance(domain, str):
            file = path.parent / (domain if domain.endswith(".dsl") else f"{domain}.dsl")
        elif spec is not None:
            file = spec
        else:
            raise DataError(f"{where}: no `domain`", hint="name the .dsl file beside it, or give one with --spec")
        if file.stem not in domains:
            if not file.is_file():
                raise DataError(f"{where}: the domain {file} does not exist")
            module = load(file)
            check_module(module)
            domains[file.stem] = documented(module), []
        signature, golds = domains[file.stem]
        formula = validate(meant, signature)
        if isinstance(formula, Fault):
            raise DataError(f"{where}: the gold spec of `{name}` does not check\n{formula.diagnostic}")
        golds.append(Gold(Caption(str(name), text), formula))
    if not domains:
        raise DataError(f"{path}: no gold captions")
    return domains


@dataclass
class Quality:
    """Counts over captions; the rates are in :meth:`as_dict`.

    specs: captions with a spec; first: those whose first answer was one. same: specs equivalent to the gold one.
    facts: facts of the gold specs, of the specs, and in both. order, identity: pairs of facts of both specs, and pairs
    of their arguments of one class, of which the spec says the same as the gold one, and all of them.
    """

    captions: int = 0
    specs: int = 0
    first: int = 0
    same: int = 0
    facts: list[int] = field(default_factory=lambda: [0, 0, 0])
    order: list[int] = field(default_factory=lambda: [0, 0])
    identity: list[int] = field(default_factory=lambda: [0, 0])
    different: list[tuple[Result, str]] = field(default_factory=list)

    def add(self, gold: Gold, result: Result, signature: Signature, worlds: int) -> None:
        """Count one caption."""
        from nesy.dsl.printer import to_text

        self.captions += 1
        expected = told(gold.formula)
        self.facts[0] += len(expected)
        same = False
        if result.spec is not None:
            formula = parse_formula(result.spec)
            same = equivalent(gold.formula, formula, signature, worlds=worlds)
            found = told(formula)
            self.specs += 1
            self.first += result.status == "accepted"
            self.facts[1] += len(found)
            self._pairs(matched(expected, found))
        self.same += same
        if not same:
            self.different.append((result, to_text(gold.formula)))

    def _pairs(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        self.facts[2] += len(pairs)
        for (g, f), (h, k) in combinations(pairs, 2):
            self.order[0] += g.order(h) == f.order(k)
            self.order[1] += 1
        slots = [
            (sort, v, w) for g, f in pairs for sort, v, w in zip(g.key[3], g.variables, f.variables, strict=True)
        ]  # fmt: skip
        for (sort, v, w), (other, x, y) in combinations(slots, 2):
            if sort == other:
                self.identity[0] += (v == x) == (w == y)
                self.identity[1] += 1

    def plus(self, other: Quality) -> Quality:
        """The counts of both."""

        def sums(a: list[int], b: list[int]) -> list[int]:
            return [x + y for x, y in zip(a, b, strict=True)]

        return Quality(
            self.captions + other.captions, self.specs + other.specs, self.first + other.first, self.same + other.same,
            sums(self.facts, other.facts), sums(self.order, other.order), sums(self.identity, other.identity),
            self.different + other.different,
        )  # fmt: skip

    def as_dict(self) -> dict[str, float | int | None]:
        """Rates between 0 and 1, None where nothing was counted, and the number of captions."""

        def rate(a: int, b: int) -> float | None:
            return a / b if b else None

        return {
            "captions": self.captions,
            "parse rate": rate(self.specs, self.captions),
            "first answer": rate(self.first, self.captions),
            "equivalent": rate(self.same, self.captions),
            "event precision": rate(self.facts[2], self.facts[1]),
            "event recall": rate(self.facts[2], self.facts[0]),
            "order accuracy": rate(*self.order),
            "identity accuracy": rate(*self.identity),
        }


def evaluate(
    extractor: SpecExtractor,
    golds: Sequence[Gold],
    signature: Signature,
    *,
    worlds: int = 240,
    progress: Callable[[int, int], None] | None = None,
) -> Quality:
    """The quality of an extractor on captions of one domain.

    worlds: sampled worlds a comparison.
    """
    quality = Quality()
    results = extract(extractor, [g.caption for g in golds], signature, progress)
    for gold, result in zip(golds, results, strict=True):
        quality.add(gold, result, signature, worlds)
    return quality
