"""From a tensor of probabilities to facts: which entry stands for which tuple, and which entries are kept."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nesy.errors import DataError
from nesy.reasoners.datalog.checks import whole

OPTIONS = (
    "retain_k", "retain_threshold", "sample_dim", "sample_strategy", "disjunctive", "disjunctive_dim",
    "supports_disjunctions",
)  # fmt: skip
_VALUES = (int, float, bool, str)


@dataclass(frozen=True, slots=True)
class Selected:
    """The facts of a batch: which entries each sample keeps [B, n], and the exclusive group of each entry or -1."""

    keep: Tensor | None
    groups: list[int] | None


class InputMapping:
    """A mapping from tensor entries to tuples, under scallopy's options.

    Args:
        mapping: a list or range (nested lists: one more dimension each) of tuples or values; a dict
            ``{0: values, 1: values, ...}`` (their product); one tuple or value (a tensor without dimensions).
        retain_k: keep the k most probable entries, of all or along ``sample_dim``.
        retain_threshold: keep entries above a probability.
        sample_dim: the dimension in which to choose ``retain_k`` entries, for each index of the others.
        sample_strategy: ``top``, or ``categorical`` (sampled without replacement).
        disjunctive: all entries exclude each other.
        disjunctive_dim: entries along this dimension exclude each other, for each index of the others.
        supports_disjunctions: whether ``process_tensor`` reports exclusive groups.
    """

    def __init__(
        self,
        mapping: Any,
        retain_k: int | None = None,
        retain_threshold: float | None = None,
        sample_dim: int | None = None,
        sample_strategy: str = "top",
        disjunctive: bool = False,
        disjunctive_dim: int | None = None,
        supports_disjunctions: bool = False,
    ) -> None:
        self._kind, self._shape, self._tuples, self._singleton = _read(mapping)
        dims = range(len(self._shape))
        if sample_dim is not None and sample_dim not in dims:
            raise DataError(f"sample_dim {sample_dim} is not a dimension of the mapping", expected=map(str, dims))
        if disjunctive_dim is not None and disjunctive_dim not in dims:
            message = f"disjunctive_dim {disjunctive_dim} is not a dimension of the mapping"
            raise DataError(message, expected=map(str, dims))
        if sample_strategy not in ("top", "categorical"):
            raise DataError(f"unknown sample strategy `{sample_strategy}`", expected=("top", "categorical"))
        if retain_k is not None:
            whole(retain_k, "retain_k")
        if retain_threshold is not None and (
            isinstance(retain_threshold, bool) or not isinstance(retain_threshold, int | float)
        ):
            raise DataError(f"retain_threshold must be a number, not {retain_threshold!r}")
        self.retain_k, self.retain_threshold = retain_k, retain_threshold
        self.sample_dim, self.sample_strategy = sample_dim, sample_strategy
        self.disjunctive, self.disjunctive_dim = disjunctive, disjunctive_dim
        self.supports_disjunctions = supports_disjunctions

    @property
    def kind(self) -> str:
        """``list``, ``dict``, ``tuple`` or ``value``."""
        return self._kind

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample's tensor."""
        return self._shape

    @property
    def dimension(self) -> int:
        """The number of dimensions of one sample's tensor."""
        return len(self._shape)

    @property
    def is_singleton(self) -> bool:
        """Whether entries were given as bare values."""
        return self._singleton

    @property
    def tuples(self) -> list[tuple[Any, ...]]:
        """The tuple of every entry, in the tensor's order."""
        return self._tuples

    def select(self, tensor: Tensor) -> Selected:
        """What a batch [B, *shape] keeps, and how its entries exclude each other."""
        if tuple(tensor.shape[1:]) != self._shape:
            raise DataError(f"Tensor shape mismatch: expected {self._shape}, got {tuple(tensor.shape[1:])}")
        return Selected(self._keep(tensor.detach()), self.groups())

    def groups(self) -> list[int] | None:
        """The exclusive group of every entry, None if all are independent."""
        if self.disjunctive:
            return [0] * len(self._tuples)
        if self.disjunctive_dim is None:
            return None
        number: dict[tuple[int, ...], int] = {}
        out = []
        for index in itertools.product(*map(range, self._shape)):
            rest = tuple(x for d, x in enumerate(index) if d != self.disjunctive_dim)
            out.append(number.setdefault(rest, len(number)))
        return out

    def _keep(self, tensor: Tensor) -> Tensor | None:
        flat = tensor.reshape(len(tensor), -1)
        keep: Tensor | None = None
        if self.retain_threshold is not None:
            keep = flat > self.retain_threshold
        if self.retain_k is not None:
            values = tensor.nan_to_num(0.0)
            if self.sample_dim is None:
                rows, dim = values.reshape(len(tensor), 1, -1), 2
            else:
                dim = self.sample_dim + 1
                rows = values
            k = min(self.retain_k, rows.shape[dim])
            moved = rows.movedim(dim, -1)
            if self.sample_strategy == "top":
                chosen = moved.topk(k, dim=-1).indices
            else:
                weights = moved.clamp_min(0).reshape(-1, moved.shape[-1]) + 1e-12
                chosen = torch.multinomial(weights.double(), k).reshape(*moved.shape[:-1], k)
            mask = torch.zeros(moved.shape, dtype=torch.bool, device=tensor.device).scatter(-1, chosen, True)
            best = mask.movedim(-1, dim).reshape(len(tensor), -1)
            keep = best if keep is None else keep & best
        return keep

    def process_tensor(self, tensor: Tensor, batched: bool | None = None) -> list[Any]:
        """The facts of a tensor as ``(probability, tuple)``, or ``((probability, group), tuple)``.

        A tensor with one dimension more than the mapping is a batch: one list of facts per sample.
        """
        is_batch = tensor.dim() == self.dimension + 1 if batched is None or batched is False else True
        if batched and tensor.dim() == self.dimension:
            tensor = tensor[None]
        samples = tensor if is_batch else tensor[None]
        selected = self.select(samples)
        out: list[list[Any]] = []
        for b, sample in enumerate(samples.reshape(len(samples), -1)):
            facts: list[Any] = []
            for i, t in enumerate(self._tuples):
                if selected.keep is not None and not bool(selected.keep[b, i]):
                    continue
                group = selected.groups[i] if selected.groups is not None else None
                facts.append(((sample[i], group) if self.supports_disjunctions else sample[i], t))
            out.append(facts)
        return out if is_batch else out[0]


def _read(mapping: Any) -> tuple[str, tuple[int, ...], list[tuple[Any, ...]], bool]:
    if isinstance(mapping, dict):
        if sorted(map(repr, mapping)) != sorted(map(repr, range(len(mapping)))) or not mapping:
            raise DataError("the keys of a mapping must be the dimensions 0, 1, ...", hint="{0: range(7), 1: symbols}")
        axes = [list(mapping[d]) for d in range(len(mapping))]
        for axis in axes:
            if not axis or not all(isinstance(v, _VALUES) for v in axis):
                raise DataError("every dimension of a mapping needs a list of plain values")
        return "dict", tuple(map(len, axes)), list(itertools.product(*axes)), False
    if isinstance(mapping, tuple):
        return "tuple", (), [_tuple(mapping)], False
    if isinstance(mapping, _VALUES):
        return "value", (), [(mapping,)], True
    if isinstance(mapping, list | range):
        shape, leaves = _nested(mapping)
        single = not isinstance(leaves[0], tuple)
        if any((not isinstance(x, tuple)) != single for x in leaves):
            raise DataError("a mapping holds either tuples or values, not both")
        tuples = [_tuple(x if isinstance(x, tuple) else (x,)) for x in leaves]
        if len({len(t) for t in tuples}) > 1:
            raise DataError("the tuples of a mapping differ in length")
        return "list", shape, tuples, single
    raise DataError(f"a mapping cannot be made from `{type(mapping).__name__}`", expected=("list", "dict", "tuple"))


def _tuple(value: tuple[Any, ...]) -> tuple[Any, ...]:
    for v in value:
        if not isinstance(v, _VALUES):
            raise DataError(f"{v!r} cannot be a column of a tuple")
    return value


def _nested(mapping: Sequence[Any]) -> tuple[tuple[int, ...], list[Any]]:
    items = list(mapping)
    if not items:
        raise DataError("a mapping cannot be empty")
    if not any(isinstance(x, list | range) for x in items):
        return (len(items),), items
    parts = [_nested(x) if isinstance(x, list | range) else ((), [x]) for x in items]
    if len({shape for shape, _ in parts}) != 1:
        raise DataError("the nested lists of a mapping differ in length")
    return (len(items), *parts[0][0]), [leaf for _, leaves in parts for leaf in leaves]
