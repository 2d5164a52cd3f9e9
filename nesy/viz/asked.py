"""A question to a scene-graph file, from the text of a formula to an answer in the file's own names."""

from __future__ import annotations

from dataclasses import dataclass

from nesy.dsl import ast
from nesy.dsl.check import check_formula
from nesy.dsl.elaborate import elaborate
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import did_you_mean
from nesy.reasoners.temporal.query import Answer, query
from nesy.scenegraph import GraphFile
from nesy.viz.content import WitnessStep


@dataclass(frozen=True)
class Asked:
    """The formula as the reasoner saw it, and what it answered.

    warnings: what the checker has to say about the formula.
    """

    text: str
    formula: ast.Formula
    answer: Answer
    warnings: tuple[str, ...] = ()


def ask(formula: str | ast.Formula, file: GraphFile) -> Asked:
    """Check a formula against the vocabulary of a file and ask it.

    A class that a file without a vocabulary does not mention has no objects; it is a mistake only when its name is
    close to one that the file has.

    Raises:
        SpecSyntaxError, SpecTypeError: a mistake in the formula.
        GroundingError: neither the exact method nor the bounds apply.
    """
    text = formula if isinstance(formula, str) else to_text(formula)
    parsed = parse_formula(text)
    v = file.graph.vocabulary
    empty = () if file.declared else tuple(c for c in _classes(parsed) if c not in v.classes and _new(c, v.classes))
    signature = Signature.of(classes=(*v.classes, *empty), unary=v.unary, binary=v.binary)
    warnings = [str(w) for w in check_formula(parsed, signature, source=text)]
    warnings += [f"no object of the graph can be a `{c}`: quantifiers over it range over nothing" for c in empty]
    checked = elaborate(parsed, signature)
    return Asked(to_text(checked), checked, query(checked, file.graph), tuple(warnings))


def _classes(formula: ast.Formula) -> list[str]:
    kinds = (ast.Exists, ast.Forall, ast.ExistsAtLeast)
    sorts = [b.sort for f in ast.walk(formula) if isinstance(f, kinds) for b in f.bindings if b.sort is not None]
    return list(dict.fromkeys(sorts))


def _new(name: str, known: tuple[str, ...]) -> bool:
    return did_you_mean(name, known) is None


def witness_steps(answer: Answer, ids: tuple[str, ...]) -> list[WitnessStep]:
    """The facts of the witness, those of one frame together; ``holds`` is false where the graph thinks one unlikely."""
    if answer.witness is None:
        return []
    by_frame: dict[int, list[str]] = {}
    unlikely = {s.frame for s in answer.witness.missing}
    for s in answer.witness.steps:
        fact = f"{s.predicate}({', '.join(ids[o] for o in s.objects)})"
        by_frame.setdefault(s.frame, []).append(fact if s.holds else f"not {fact}")
    return [WitnessStep(f, " and ".join(facts), f not in unlikely) for f, facts in by_frame.items()]


def assignment(answer: Answer, ids: tuple[str, ...]) -> dict[str, str]:
    """Which object each leading variable of the formula denotes in the witness."""
    return {} if answer.witness is None else {v: ids[o] for v, o in answer.witness.objects.items()}
