"""The provenances by name, and what each asks of grounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from nesy.errors import NesyError, did_you_mean
from nesy.reasoners.datalog.circuit import Circuit
from nesy.reasoners.datalog.grounding import Mode
from nesy.reasoners.datalog.provenance.algebra import ALGEBRAS, Batched
from nesy.reasoners.datalog.provenance.exact import Exact
from nesy.reasoners.datalog.provenance.mdd import DEFAULT_BUDGET
from nesy.reasoners.datalog.provenance.sampled import PerSample
from nesy.reasoners.datalog.provenance.topk import BatchedTopK
from nesy.reasoners.datalog.store import Ids


class Evaluation(Protocol):
    """A circuit compiled for some roots: leaf probabilities [L, B] to values [R, B] and presence [R, B]."""

    circuit: Circuit

    def __call__(self, leaves: Tensor) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What a context says about evaluation: proofs kept, nodes that ``exact`` may use, whether zeros are dropped."""

    k: int
    node_budget: int
    early_discard: bool = True


@dataclass(frozen=True, slots=True)
class Spec:
    """A provenance: its grounding mode, whether inputs carry tags and gradients, and its bias in words.

    ``build(circuit, roots, settings)`` is None for those whose tags are not probabilities.
    """

    name: str
    mode: Mode
    tagged: bool
    differentiable: bool
    bias: str
    build: Callable[[Circuit, Ids, Settings], Evaluation] | None


DEBUG = "difftopkproofsdebug"
_SOFT = Mode(record=True, hard_negation=False, weighs=True)
_WORLDS = Mode(record=True, hard_negation=False, distributive=False, weighs=True)
_EXACT = Mode(record=True, hard_negation=False, weighs=True, shares=True)
_PROOFS_BIAS = "lower bound for programs without negation, if facts are independent; exclusive facts only bar proofs"


def _algebra(name: str, bias: str, mode: Mode = _SOFT) -> Spec:
    def build(circuit: Circuit, roots: Ids, settings: Settings) -> Evaluation:
        return Batched(circuit, roots, ALGEBRAS[name], settings.early_discard)

    return Spec(name, mode, True, name.startswith("diff"), bias, build)


def _top(name: str, clauses: bool) -> Spec:
    def build(circuit: Circuit, roots: Ids, settings: Settings) -> Evaluation:
        if clauses and _negates(circuit.pruned(roots)):  # without negation both families are the same
            return PerSample(circuit, roots, settings.k, clauses)
        return BatchedTopK(circuit, roots, settings.k)

    return Spec(name, _SOFT, True, name.startswith("diff"), _PROOFS_BIAS, build)


def _sampled(circuit: Circuit, roots: Ids, settings: Settings) -> Evaluation:
    return PerSample(circuit, roots, settings.k, False, samples=True)


def _negates(circuit: Circuit) -> bool:
    return any((layer.bodies < 0).any() for block in circuit.blocks for layer in block.layers)


def _exact(name: str) -> Spec:
    def build(circuit: Circuit, roots: Ids, settings: Settings) -> Evaluation:
        return Exact(circuit, roots, settings.node_budget)

    return Spec(name, _EXACT, True, True, "none: exact, exclusive facts included", build)


_MINMAX = "none as possibility; neither bound of the probability in general"
_ADDMULT = "exact for exclusive alternatives over independent facts, else above; schedule-dependent under recursion"
_MAXMULT = "lower bound: one proof, facts counted as often as used"
_NAND = "exact if no fact is used twice; else on either side"

PROVENANCES: dict[str, Spec] = {
    s.name: s
    for s in [
        Spec("unit", Mode(), False, False, "none: truth", None),
        Spec("proofs", Mode(record=True, hard_negation=False), False, False, "none: all proofs", None),
        Spec("tropical", Mode(record=True, hard_negation=True), True, False, "none: least cost", None),
        _algebra("minmaxprob", _MINMAX),
        _algebra("addmultprob", _ADDMULT),
        _top("topkproofs", False),
        _top("topbottomkclauses", True),
        _exact("exact"),
        _algebra("diffminmaxprob", _MINMAX),
        _algebra("diffaddmultprob", _ADDMULT),
        _algebra("diffmaxmultprob", _MAXMULT),
        _algebra("diffnandmultprob", _NAND, _WORLDS),
        _algebra("diffnandminprob", _NAND, _WORLDS),
        _top("difftopkproofs", False),
        _top("difftopbottomkclauses", True),
        _top(DEBUG, False),
        Spec("diffsamplekproofs", _SOFT, True, True, "lower bound, as top-k, by drawn proofs", _sampled),
        _exact("diffexact"),
    ]
}
ALIASES = {
    "diffaddmultprob2": "diffaddmultprob",
    "diffnandmultprob2": "diffnandmultprob",
    "diffmaxmultprob2": "diffmaxmultprob",
}


def provenance(name: str) -> Spec:
    """The provenance of a name; an unknown one is an error that lists the known."""
    name = ALIASES.get(name, name)
    if name not in PROVENANCES:
        raise NesyError(
            f"Unknown provenance `{name}`", expected=sorted(PROVENANCES), hint=did_you_mean(name, PROVENANCES)
        )
    return PROVENANCES[name]


__all__ = ["DEBUG", "DEFAULT_BUDGET", "PROVENANCES", "Evaluation", "Settings", "Spec", "provenance"]
