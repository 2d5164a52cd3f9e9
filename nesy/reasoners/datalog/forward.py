"""The torch module: a Datalog program as a differentiable function of probabilities, a batch at a time.

Samples with the same input tuples share one grounding (cached across calls) and are evaluated together, one column of
the batch each; only samples with different tuples cost separate passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nesy.errors import DataError, NesyError
from nesy.reasoners.datalog.checks import batch_disjunctions, batch_of, unknown_options
from nesy.reasoners.datalog.context import ScallopContext, decode_rows, number
from nesy.reasoners.datalog.declarations import Fact, Grounded
from nesy.reasoners.datalog.given import SLACK
from nesy.reasoners.datalog.mapping import InputMapping
from nesy.reasoners.datalog.provenance import DEBUG
from nesy.reasoners.datalog.store import Ids
from nesy.reasoners.datalog.values import Codes, encode_rows

IGNORED = frozenset({  # scallopy's options that change how it computes, not what
    "retain_graph", "jit_name", "jit_recompile", "recompile", "sparse_jacobian", "debug_provenance", "monitors",
})  # fmt: skip


@dataclass(slots=True)
class _Dense:
    """A tensor input: the same entries for all samples, kept or not per sample."""

    rows: Codes
    probabilities: Tensor  # [entries, B]
    keep: np.ndarray[tuple[int, int], np.dtype[np.bool_]] | None  # [B, entries]
    groups: Ids | None


_Labels = list[list[int | None]]
_Piece = tuple[list[int], Grounded, Tensor, dict[int, Tensor], _Labels]
"""Samples that share a grounding, their input probabilities, what gates chose in this call, and the facts' numbers."""


@dataclass(slots=True)
class _Output:
    """An output relation: the codes of its mapped tuples, or None for all tuples; ``single`` drops the dimension."""

    relation: str
    tuples: Codes | None
    single: bool


class ScallopForwardFunction(torch.nn.Module):
    """A program with input and output mappings; call it with a keyword per input relation.

    An input is a tensor [B, *mapping.shape] of probabilities, or a list with one list of facts per sample. With an
    output mapping the result is [B, len(mapping)] (missing tuples 0), with a single tuple [B]; without one it is the
    list of tuples seen in the batch and a tensor [B, tuples]. Several outputs give a dict.

    Args:
        file, program: the rules, as a ``.scl`` file or as text.
        relations, rules, facts: more of them: (name, types), texts, and name -> facts that are always there.
        provenance, custom_provenance: how probabilities are combined, by name or as an object (docs/datalog.md).
        non_probabilistic: input relations whose facts are simply true.
        input_mappings: relation -> the tuples that the entries of its tensor stand for.
        output_relation, output_mapping: what is asked, and the tuples whose probabilities are wanted; in the plural
            (``output_relations``, ``output_mappings``) for several.
        k, train_k, test_k: proofs kept of a fact, by provenances that keep some.
        iter_limit: rounds of a recursion at most.
        retain_topk: relation -> the facts of it that are kept, the likeliest ones.
        dispatch: ``single``, ``serial`` or ``parallel``; accepted for scallopy's sake.
        context: a program that is there already, instead of ``provenance`` and ``k``.
    """

    def __init__(
        self,
        file: str | None = None,
        program: str | None = None,
        relations: Iterable[tuple[str, Any]] | None = None,
        rules: Iterable[str] | None = None,
        facts: Mapping[str, Sequence[Any]] | None = None,
        provenance: str = "difftopkproofs",
        custom_provenance: Any = None,
        non_probabilistic: Sequence[str] | None = None,
        input_mappings: Mapping[str, Any] | None = None,
        output_relation: str | None = None,
        output_mapping: Any = None,
        output_mappings: Mapping[str, Any] | None = None,
        output_relations: Sequence[str] | None = None,
        k: int = 3,
        train_k: int | None = None,
        test_k: int | None = None,
        early_discard: bool | None = None,
        iter_limit: int | None = None,
        retain_topk: Mapping[str, int] | None = None,
        dispatch: str = "parallel",
        jit: bool = False,
        context: ScallopContext | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if jit:
            raise NesyError("not supported yet: jit", hint="grounding is cached; jit is not needed for speed")
        if dispatch not in ("single", "serial", "parallel"):
            raise NesyError(f"Unknown dispatch type `{dispatch}`", expected=("single", "serial", "parallel"))
        known = {"wmc_with_disjunctions", "no_stdlib", "monitors", "node_budget"}
        unknown_options(options, known | IGNORED, "a forward function")
        if context is None:
            context = ScallopContext(
                provenance, custom_provenance, k, train_k=train_k, test_k=test_k,
                **{n: v for n, v in options.items() if n in known},
            )  # fmt: skip
        self.ctx = context
        if file is not None:
            context.import_file(file)
        if program is not None:
            context.add_program(program)
        for name, types in relations or ():
            context.add_relation(name, types)
        for rule in rules or ():
            context.add_rule(rule)
        if non_probabilistic is not None:
            context.set_non_probabilistic(non_probabilistic)
        for name, mapping in (input_mappings or {}).items():
            context.set_input_mapping(name, mapping)
        for name, amount in (retain_topk or {}).items():
            context.set_sample_topk_facts(name, amount)
        for name, elems in (facts or {}).items():
            context.add_facts(name, elems)
        if iter_limit is not None:
            context.set_iter_limit(iter_limit)
        if early_discard is not None:
            context.set_early_discard(early_discard)
        if not context._spec.differentiable and context.provenance != "custom":
            raise NesyError(
                "`forward_function` can only be called on context with differentiable provenance",
                hint=f"`{context.provenance}` is not; use difftopkproofs, diffaddmultprob, exact ...",
            )
        if context.provenance == "custom":
            raise NesyError("not supported yet: forward functions of a custom provenance")
        for name in (
            *(retain_topk or ()),
            *([non_probabilistic] if isinstance(non_probabilistic, str) else non_probabilistic or ()),
        ):
            context._relation(name)
        self.outputs = self._outputs(output_relation, output_mapping, output_mappings, output_relations)

    def _outputs(
        self, relation: str | None, mapping: Any, mappings: Mapping[str, Any] | None, relations: Sequence[str] | None
    ) -> list[_Output]:
        if relation is not None:
            return [self._output(relation, mapping)]
        if mappings is not None:
            return [self._output(r, m) for r, m in mappings.items()]
        return [self._output(r, None) for r in relations or ()]

    def _output(self, relation: str, mapping: Any) -> _Output:
        if not self.ctx.has_relation(relation):
            raise DataError(f"Unknown relation `{relation}`; cannot construct forward function")
        if mapping is None:
            return _Output(relation, None, False)
        if not isinstance(mapping, list | tuple | range):
            raise DataError(f"Unknown output mapping type `{type(mapping)}`", expected=("list", "tuple"))
        single = isinstance(mapping, tuple)
        kinds = self.ctx.kinds(relation)
        tuples = [mapping] if isinstance(mapping, tuple) else [t if isinstance(t, tuple) else (t,) for t in mapping]
        rows = [self.ctx._check_tuple(relation, t, kinds, "output") for t in tuples]
        return _Output(relation, np.concatenate(rows) if rows else np.zeros((0, len(kinds)), dtype=np.int64), single)

    # ------------------------------------------------------------------ inputs
    def forward(
        self,
        disjunctions: Mapping[str, Sequence[Any]] | None = None,
        output_relations: Sequence[Any] | None = None,
        **inputs: Any,
    ) -> Any:
        """Run a batch; see the class."""
        ctx = self.ctx
        ctx.train(self.training)
        ctx.seed += 1  # samplers draw anew in every call
        size = batch_of(inputs)
        outputs = self.outputs
        if output_relations is not None:
            return self._per_sample_outputs(size, disjunctions, output_relations, inputs)
        if not outputs:
            raise DataError("There exists a 0 output relations data-point", hint="give output_relation(s)")
        dtype, device = _type_of(inputs)
        if size == 0:
            return self._nothing(inputs, dtype, device)
        dense, ragged = self._read(inputs, size, batch_disjunctions(disjunctions, inputs, size))
        pieces: list[_Piece] = []
        if dense and ctx.provenance == DEBUG:
            raise DataError(
                f"`{DEBUG}` takes no tensors (`{next(iter(dense))}`)",
                hint="give lists of facts ((probability, number), tuple)",
            )
        for samples, grounded, tags, labels in self._groups(dense, ragged, size, dtype, device):
            pieces.append((samples, grounded, tags, {}, labels))
        results = {o.relation: self._collect(o, pieces, size, dtype, device) for o in outputs}
        if len(outputs) == 1:
            return results[outputs[0].relation]
        return results

    def _nothing(self, inputs: Mapping[str, Any], dtype: torch.dtype, device: torch.device) -> Any:
        """The results of a batch without samples."""
        for name in inputs:
            self.ctx._relation(name)

        def empty(output: _Output) -> Any:
            width = 0 if output.tuples is None else len(output.tuples)
            values = torch.zeros((0,) if output.single else (0, width), dtype=dtype, device=device)
            result: list[Any] = [values] if output.tuples is not None else [[], values]
            if self.ctx.provenance == DEBUG:
                result.append([])
            return tuple(result) if len(result) > 1 else result[0]

        results = {o.relation: empty(o) for o in self.outputs}
        return results if len(results) > 1 else next(iter(results.values()))

    def _per_sample_outputs(
        self, size: int, disjunctions: Any, output_relations: Sequence[Any], inputs: Mapping[str, Any]
    ) -> Any:
        names = [[r] if isinstance(r, str) else list(r) for r in output_relations]
        if any(not r for r in names):
            raise DataError("There exists a 0 output relations data-point")
        if len(names) != size:
            message = f"Number of output relations ({len(names)}) does not match the batch size ({size})"
            raise DataError(message)
        every = list(dict.fromkeys(r for row in names for r in row))
        saved, self.outputs = self.outputs, [self._output(r, None) for r in every]
        try:
            found = self.forward(disjunctions, None, **inputs)
        finally:
            self.outputs = saved
        results = found if len(every) > 1 else {every[0]: found}
        if len(every) > 1:
            for name, (tuples, values) in results.items():
                wanted = torch.tensor([name in row for row in names], device=values.device)
                results[name] = (tuples, torch.where(wanted[:, None], values, torch.zeros_like(values)))
            return results
        return found

    def _read(
        self, inputs: Mapping[str, Any], size: int, disjunctions: Mapping[str, Sequence[Any]]
    ) -> tuple[dict[str, _Dense], dict[str, list[list[Fact]]]]:
        ctx = self.ctx
        dense: dict[str, _Dense] = {}
        ragged: dict[str, list[list[Fact]]] = {}
        for name, value in inputs.items():
            kinds = ctx.kinds(name)
            if not isinstance(value, Tensor):
                rows = disjunctions.get(name, [None] * size)
                ragged[name] = [
                    self._top(name, [x for x in ctx.read_facts(name, f, d) if ctx._encodable(x, name)])
                    for f, d in zip(value, rows, strict=True)
                ]
                continue
            mapping = ctx._mappings.get(name)
            if mapping is None:
                raise DataError(
                    "scallopy.forward receives vectorized Tensor input. However there is no `input_mapping` provided "
                    f"for relation `{name}`"
                )
            dense[name] = self._dense(name, value, mapping, kinds)
        return dense, ragged

    def _dense(self, name: str, value: Tensor, mapping: InputMapping, kinds: Sequence[str]) -> _Dense:
        selected = mapping.select(value)
        flat = value.reshape(len(value), -1)
        if name in self.ctx._certain and bool(((flat != 0) & (flat != 1)).any()):
            raise DataError(
                f"the tensor of `{name}`, which is not probabilistic, holds more than zeros and ones",
                hint="one says that a tuple is there; leave set_non_probabilistic out for probabilities",
            )
        if bool(((flat < -SLACK) | (flat > 1 + SLACK) | flat.isnan()).any()):
            raise DataError(
                f"the input of `{name}` holds values that are not probabilities (outside [0, 1] or NaN)",
                hint="apply softmax or sigmoid to the scores first",
            )
        rows = encode_rows(mapping.tuples, kinds, self.ctx._symbols)
        keep = None if selected.keep is None else selected.keep.cpu().numpy()
        amount = self.ctx._topk.get(name)
        if amount is not None and amount < flat.shape[1]:
            best = flat.detach().topk(amount, dim=1).indices.cpu().numpy()
            top = np.zeros(tuple(flat.shape), dtype=bool)
            np.put_along_axis(top, best, True, axis=1)
            keep = top if keep is None else keep & top
        if name in self.ctx._certain:
            there = (flat != 0).cpu().numpy()
            keep = there if keep is None else keep & there
        groups = None if selected.groups is None else np.array(selected.groups)
        return _Dense(rows, flat.t(), keep, groups)

    def _top(self, name: str, facts: list[Fact]) -> list[Fact]:
        amount = self.ctx._topk.get(name)
        tagged = [i for i, f in enumerate(facts) if f.tag is not None]
        if amount is None or len(tagged) <= amount:
            return facts
        best = set(sorted(tagged, key=lambda i: -number(facts[i].tag))[:amount])
        return [f for i, f in enumerate(facts) if f.tag is None or i in best]

    # ------------------------------------------------------------------ groups of samples with the same tuples
    def _groups(
        self,
        dense: Mapping[str, _Dense],
        ragged: Mapping[str, list[list[Fact]]],
        size: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> Iterable[tuple[list[int], Grounded, Tensor, _Labels]]:
        ctx = self.ctx
        static = ctx._top_facts(ctx.static_facts())
        members: dict[Any, list[int]] = {}
        for b in range(size):
            signature = tuple(d.keep[b].tobytes() for d in dense.values() if d.keep is not None)
            listed = tuple(tuple((f.tag is None, f.values, f.group) for f in samples[b]) for samples in ragged.values())
            members.setdefault((signature, listed), []).append(b)
        static_batches, static_tags = ctx.batches(static)
        for samples in members.values():
            facts: dict[str, list[Any]] = {name: list(v) for name, v in static_batches.items()}
            tags: dict[str, list[Tensor]] = {}
            at = 0
            for name in sorted(static_batches):
                count = sum(len(rows) for rows, tagged, _ in static_batches[name] if tagged)
                mine = static_tags[at : at + count]
                at += count
                tags[name] = [_stack([mine], dtype, device).expand(-1, len(samples))] if mine else []
            for name, d in dense.items():
                rows, probabilities, groups = d.rows, d.probabilities, d.groups
                if len(samples) < size:
                    probabilities = probabilities[:, samples]
                if d.keep is not None:
                    kept = np.flatnonzero(d.keep[samples[0]])
                    rows, probabilities = rows[kept], probabilities[torch.from_numpy(kept).to(probabilities.device)]
                    groups = None if groups is None else groups[kept]
                sure = name in ctx._certain
                facts.setdefault(name, []).append((rows, not sure, groups))
                if not sure:
                    tags.setdefault(name, []).append(probabilities.to(device, dtype))
            for name, lists in ragged.items():
                batches, _ = ctx.batches({name: lists[samples[0]]})
                facts.setdefault(name, []).extend(batches.get(name, []))
                columns = [[f.tag for f in lists[b] if f.tag is not None] for b in samples]
                if columns[0]:
                    tags.setdefault(name, []).append(_stack(columns, dtype, device))
            parts = [p for name in sorted(facts) for p in tags.get(name, [])]
            inputs = torch.cat(parts) if parts else torch.zeros(0, len(samples), dtype=dtype, device=device)
            yield samples, ctx.ground_facts(facts), inputs, self._labels(static, ragged, samples)

    def _labels(
        self, static: Mapping[str, list[Fact]], ragged: Mapping[str, list[list[Fact]]], samples: Sequence[int]
    ) -> _Labels:
        """The users' numbers of the input facts, in the order of the inputs; only the debug provenance has them."""
        if self.ctx.provenance != DEBUG:
            return []
        names = sorted({*static, *ragged})
        out: _Labels = []
        for b in samples:
            facts = [f for n in names for f in (*static.get(n, ()), *(ragged[n][b] if n in ragged else ()))]
            out.append([f.label for f in facts if f.tag is not None])
        return out

    # ------------------------------------------------------------------ outputs
    def _collect(
        self,
        output: _Output,
        pieces: Sequence[_Piece],
        size: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> Any:
        if output.tuples is not None:
            return self._mapped(output, pieces, size, dtype, device)
        ctx = self.ctx
        kinds = ctx.kinds(output.relation)
        column: dict[tuple[Any, ...], int] = {}
        parts = []
        proofs: list[dict[int, Any]] = [{} for _ in range(size)]
        for samples, grounded, inputs, gates, labels in pieces:
            table = grounded.grounding.tables[output.relation]
            values, present = ctx.evaluate(grounded, table.nodes, inputs, gates)
            tuples = decode_rows(table.columns(), kinds, ctx._symbols, table.rows)
            seen = present.any(dim=1).tolist()
            kept = [i for i, s in enumerate(seen) if s]
            at = [column.setdefault(tuples[i], len(column)) for i in kept]
            parts.append((samples, at, values[kept]))
            if labels:
                for b, found in zip(samples, ctx.proofs(grounded, table.nodes[kept], inputs, labels), strict=True):
                    proofs[b] = dict(zip(at, found, strict=True))
        result = torch.zeros(size, len(column), dtype=dtype, device=device)
        for samples, at, values in parts:
            if at:
                index = (torch.tensor(samples, device=device)[:, None], torch.tensor(at, device=device)[None, :])
                result = result.index_put(index, values.t().to(dtype))
        if ctx.provenance == DEBUG:
            return list(column), result, [[p.get(i, []) for i in range(len(column))] for p in proofs]
        return list(column), result

    def _mapped(
        self,
        output: _Output,
        pieces: Sequence[_Piece],
        size: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> Any:
        codes = output.tuples
        if codes is None:
            raise DataError("this output has no mapping")
        columns = [np.ascontiguousarray(codes[:, i]) for i in range(codes.shape[1])]
        parts = []
        proofs: list[Any] = [[[] for _ in codes] for _ in range(size)]
        for samples, grounded, inputs, gates, labels in pieces:
            table = grounded.grounding.tables[output.relation]
            row = table.find(columns, len(codes))
            found = np.flatnonzero(row >= 0)
            values, _ = self.ctx.evaluate(grounded, table.nodes[row[found]], inputs, gates)
            if labels:
                listed = self.ctx.proofs(grounded, table.nodes[row[found]], inputs, labels)
                for b, of_sample in zip(samples, listed, strict=True):
                    for i, proof in zip(found.tolist(), of_sample, strict=True):
                        proofs[b][i] = proof
            if len(found) < len(codes):
                zero = inputs.sum(dim=0) * 0 if len(inputs) else inputs.new_zeros(inputs.shape[1])
                padded = zero.expand(len(codes), -1)
                values = padded.index_copy(0, torch.from_numpy(found).to(device), values) if len(found) else padded
            parts.append(values)
        order = [b for samples, _, _, _, _ in pieces for b in samples]
        result = torch.cat(parts, dim=1).t()
        if order != list(range(size)):
            result = result[torch.argsort(torch.tensor(order, device=device))]
        result = result[:, 0] if output.single else result
        return (result, proofs) if self.ctx.provenance == DEBUG else result


def _stack(columns: Sequence[Sequence[Any]], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Tags per sample as [facts, B]; tensors keep their gradient."""
    if not any(isinstance(t, Tensor) for c in columns for t in c):
        return torch.tensor([[number(t) for t in c] for c in columns], dtype=dtype, device=device).t()

    def scalar(tag: Any) -> Tensor:
        if isinstance(tag, Tensor):
            return tag.reshape(()).to(device, dtype)
        return torch.tensor(float(tag), dtype=dtype, device=device)

    rows = [torch.stack([scalar(t) for t in c]) for c in columns]
    return torch.stack(rows, dim=1)


def _type_of(inputs: Mapping[str, Any]) -> tuple[torch.dtype, torch.device]:
    """The dtype and device of the tensors among the inputs: float64 if any is, else float32."""
    tensors = [v for v in inputs.values() if isinstance(v, Tensor)]
    for value in inputs.values():
        if isinstance(value, list):
            tensors += [
                e[0] for sample in value if isinstance(sample, list | tuple) for e in sample
                if isinstance(e, tuple | list) and e and isinstance(e[0], Tensor)
            ]  # fmt: skip
    double = any(t.dtype == torch.float64 for t in tensors)
    return (torch.float64 if double else torch.float32), (tensors[0].device if tensors else torch.device("cpu"))
