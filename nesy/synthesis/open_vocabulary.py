"""Captions without a domain: the predicates and classes that specs use become the declarations of one.

An extractor proposes formulas over any names; here the names are counted, folded together where they are forms of one
word, and those that are frequent enough are declared. Specs with rarer names are rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.fold import fold
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.dsl.words import RESERVED
from nesy.synthesis.extraction import Result
from nesy.synthesis.lemmas import alike, words_of
from nesy.synthesis.validation import Fault, validate
from nesy.synthesis.vocabulary import Use, uses


@dataclass(frozen=True)
class OpenVocabulary:
    """The domain that some specs share.

    classes, unary, binary: names with the number of specs that use them, most frequent first.
    merged: names that were folded into another one, as it was read.
    """

    classes: dict[str, int]
    unary: dict[str, int]
    binary: dict[str, int]
    merged: dict[Use, str]

    @property
    def signature(self) -> Signature:
        """The domain."""
        return Signature.of(classes=self.classes, unary=self.unary, binary=self.binary)

    def declarations(self, name: str = "captions") -> str:
        """The statements of a ``.dsl`` file that declare the domain; the specs that use each name are counted."""
        lines = [f"domain {name}", ""]
        for kind in ("class", "unary", "binary"):
            names = {"class": self.classes, "unary": self.unary, "binary": self.binary}[kind]
            lines += [f"{kind:6} {n}  // in {count} spec{'s' if count > 1 else ''}" for n, count in names.items()]
        return "\n".join(lines) + "\n"

    def apply(self, formula: Formula) -> Formula | Fault:
        """A formula in the words of the domain, or what it uses that the domain leaves out."""
        known = {("class", n) for n in self.classes} | {("unary", n) for n in self.unary}
        known |= {("binary", n) for n in self.binary}
        named = _rename(formula, self.merged)
        for kind, name in sorted(uses(named)):
            if (kind, name) not in known:
                return Fault("a rare word", f"`{name}` ({kind}) is in too few specs to be declared.")
        return validate(to_text(named), self.signature)


def discover(formulas: Iterable[Formula], least: int = 1) -> OpenVocabulary:
    """The domain of all names that at least ``least`` of the formulas use.

    Forms of one word used in one role (``run``, ``running``) become the most frequent of them. A name that is used in
    two roles keeps the more frequent one, because a name has one meaning in a domain.
    """
    counts: Counter[Use] = Counter(u for f in formulas for u in uses(f))
    merged: dict[Use, str] = {}
    kept: dict[Use, int] = {}
    for use, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        kind, name = use
        if kind not in ("class", "unary", "binary") or name in RESERVED:
            continue
        same = next((k for k in kept if k[0] == kind and alike(words_of(k[1]), words_of(name))), None)
        if same is not None:
            merged[use] = same[1]
            kept[same] += count
        elif all(k[1] != name for k in kept):
            kept[use] = count

    def of(kind: str) -> dict[str, int]:
        rows = [(n, c) for (k, n), c in kept.items() if k == kind and c >= least]
        return dict(sorted(rows, key=lambda row: (-row[1], row[0])))

    return OpenVocabulary(of("class"), of("unary"), of("binary"), merged)


def _rename(formula: Formula, merged: dict[Use, str]) -> Formula:
    def step(f: Formula, parts: Sequence[Formula]) -> Formula:
        match f:
            case ast.Atom(name, args):
                kind = {1: "unary", 2: "binary"}.get(len(args), "")
                return replace(f, predicate=merged.get((kind, name), name))
            case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                sorts = tuple(
                    replace(b, sort=merged.get(("class", b.sort), b.sort) if b.sort else None) for b in f.bindings
                )
                return replace(f, bindings=sorts, body=parts[0])
        return ast.replace_children(f, tuple(parts)) if parts else f

    return fold(formula, step)


def declared(results: Sequence[Result], least: int = 1) -> tuple[list[Result], OpenVocabulary]:
    """The results of an extraction in an open domain in the words of the domain that they share, and that domain."""
    formulas = [parse_formula(r.spec) for r in results if r.spec is not None]
    vocabulary = discover(formulas, least)
    waiting = iter(formulas)
    told: list[Result] = []
    for r in results:
        if r.spec is None:
            told.append(r)
            continue
        formula = vocabulary.apply(next(waiting))
        if isinstance(formula, Fault):
            told.append(
                replace(r, status="rejected", spec=None, reason=formula.reason, notes=(*r.notes, formula.diagnostic))
            )
        else:
            told.append(replace(r, spec=to_text(formula)))
    return told, vocabulary
