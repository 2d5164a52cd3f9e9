"""A perception model whose scene graphs also hold the facts of predicates with code."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nesy.dsl.ast import PredicateSignature
from nesy.errors import DataError, NesyError, SpecTypeError, did_you_mean
from nesy.own import defined_at, own_mistakes, place_of, said
from nesy.perception.base import Batch, PredicateModel, View, view_of
from nesy.predicates.declare import Custom, registered
from nesy.scenegraph import SceneGraph, Vocabulary

CERTAIN = 12.0  # log-odds of a fact that the code says is certain
IMPOSSIBLE = -30.0  # of a pair of an object with itself, and of an absent object

Factory = Callable[[Vocabulary, dict[str, Any]], PredicateModel]


def vocabulary_of(learned: Vocabulary, declared: Mapping[str, PredicateSignature]) -> Vocabulary:
    """The learned names with those of declared predicates behind them, by their numbers of objects.

    Raises:
        SpecTypeError: a declared predicate without code, of another signature than its code, or of too many objects.
    """
    customs = [_code_of(s) for s in declared.values()]
    return Vocabulary(
        learned.classes,
        (*learned.unary, *(c.name for c in customs if c.arity == 1)),
        (*learned.binary, *(c.name for c in customs if c.arity == 2)),
    )


def _code_of(declared: PredicateSignature) -> Custom:
    known = registered()
    if declared.name not in known:
        raise SpecTypeError(
            f"predicate `{declared.name}` is declared, but no code for it is known",
            span=declared.span,
            code="E092",
            hint=did_you_mean(declared.name, known) or "give the file that has it: --predicates FILE.py",
        )
    custom = known[declared.name]
    classes = tuple(None if p.sort in (None, "object") else p.sort for p in declared.params)
    if classes != custom.classes:
        raise SpecTypeError(
            f"predicate `{declared.name}` is declared with other parameters than its code",
            span=declared.span,
            expected=[custom.signature()],
            code="E092",
        )
    return custom


def build(
    factory: Factory, vocabulary: Vocabulary, settings: dict[str, Any], declared: Mapping[str, PredicateSignature]
) -> PredicateModel:
    """The backend's model, wrapped if predicates with code take part.

    Those are the declared ones, and those of one's own (not of the standard library) that have the name of a learned
    predicate: their log-odds replace the learned ones.

    Args:
        vocabulary: all names, as :func:`vocabulary_of` gives them.
    """
    customs = {name: _code_of(s) for name, s in declared.items()}
    for custom in registered().values():
        names = vocabulary.unary if custom.arity == 1 else vocabulary.binary
        if not custom.standard and custom.name in names:
            customs.setdefault(custom.name, custom)
    if not customs:
        return factory(vocabulary, settings)
    learned = Vocabulary(
        vocabulary.classes,
        tuple(n for n in vocabulary.unary if n not in customs),
        tuple(n for n in vocabulary.binary if n not in customs),
    )
    return WithPredicates(factory(learned, settings), vocabulary, list(customs.values()))


class WithPredicates(PredicateModel):
    """What ``inner`` perceives, with the columns of predicates that have code.

    Args:
        inner: a model of the learned names alone.
        vocabulary: all names in the order of the columns.
        customs: the predicates with code.
    """

    def __init__(self, inner: PredicateModel, vocabulary: Vocabulary, customs: list[Custom]) -> None:
        super().__init__(vocabulary)
        self.inner = inner
        self.masked = inner.masked
        self.customs = {c.name: c for c in customs}
        self.code: dict[str, Callable[..., Any]] = {}
        self.modules_of_code = nn.ModuleDict()
        for c in customs:
            with own_mistakes(c.code):
                made = c.code() if isinstance(c.code, type) else c.code
            if isinstance(made, nn.Module):
                made = copy.deepcopy(made)  # a model never changes the weights of another one
                self.modules_of_code[c.name] = made
            self.code[c.name] = made

    def look(
        self,
        frames: NDArray[np.uint8],
        boxes: NDArray[np.float32],
        present: NDArray[np.bool_],
        masks: NDArray[np.bool_] | None = None,
    ) -> View:
        return view_of(self.inner, frames, boxes, present, lambda: masks)

    def perceive(self, batch: Batch) -> SceneGraph:
        graph = self.inner.perceive(batch)
        inputs = self._inputs(batch)
        have = graph.vocabulary
        columns = {1: (graph.unary, have.unary), 2: (graph.binary, have.binary)}
        found: dict[int, list[Tensor]] = {1: [], 2: []}
        for arity, names in ((1, self.vocabulary.unary), (2, self.vocabulary.binary)):
            for name in names:
                if name in self.customs and self.customs[name].arity == arity:
                    found[arity].append(self._facts(self.customs[name], inputs).to(graph.unary.dtype))
                else:
                    tensor, known = columns[arity]
                    found[arity].append(tensor[..., known.index(name)])
        return replace(
            graph,
            vocabulary=self.vocabulary,
            unary=torch.stack(found[1], -1) if found[1] else graph.unary,
            binary=torch.stack(found[2], -1) if found[2] else graph.binary,
        )

    def _inputs(self, batch: Batch) -> dict[str, Tensor]:
        wanted = {w for c in self.customs.values() for w in c.wants}
        view = batch.view
        inputs = {"boxes": view.boxes, "present": view.present}
        if "fps" in wanted:
            inputs["fps"] = torch.tensor([f or 1.0 for f in batch.fps], device=view.boxes.device)
        pictures = view.crops.ndim == 6  # a backend keeps either pictures of the objects or features of them
        for name, there in (("crops", pictures), ("features", not pictures)):
            if name in wanted and not there:
                raise DataError(
                    f"a predicate's code asks for {name}, which this perception backend does not keep",
                    hint=f"ask for {'crops' if pictures else 'features'} instead, or choose another backend",
                )
            if name in wanted:
                inputs[name] = view.crops.float() / 255 if pictures else view.crops.float()
        return inputs

    def _facts(self, custom: Custom, inputs: Mapping[str, Tensor]) -> Tensor:
        """The log-odds of one predicate, impossible where an object is absent or the same."""
        present = inputs["present"]
        try:
            out: Any = self.code[custom.name](**{name: inputs[name] for name in custom.wants})
        except NesyError:
            raise
        except Exception as e:
            place = place_of(e)
            where = f"{place[0]}: " if place else defined_at(custom.code)
            raise DataError(f"{where}the code of predicate `{custom.name}` fails: {said(e)}") from e
        if isinstance(out, np.ndarray):
            out = torch.from_numpy(out).to(present.device)
        n = present.shape[-1]
        shape = tuple(present.shape) if custom.arity == 1 else (*present.shape, n)
        if not isinstance(out, Tensor) or tuple(out.shape) != shape:
            got = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
            axes = "[B, T, N]" if custom.arity == 1 else "[B, T, N, N]"
            raise DataError(
                f"{defined_at(custom.code)}the code of predicate `{custom.name}` gives {got}, expected {axes} = {shape}"
            )
        if out.dtype == torch.bool:
            out = torch.where(out, CERTAIN, -CERTAIN)
        possible = present
        if custom.arity == 2:
            possible = (
                present[..., :, None] & present[..., None, :] & ~torch.eye(n, dtype=torch.bool, device=out.device)
            )
        out = torch.where(possible, out, IMPOSSIBLE)
        if bool(out.isnan().any()):
            raise DataError(
                f"{defined_at(custom.code)}the code of predicate `{custom.name}` gives values that are no numbers (NaN)"
            )
        bounded: Tensor = out.clamp(IMPOSSIBLE, -IMPOSSIBLE)
        return bounded
