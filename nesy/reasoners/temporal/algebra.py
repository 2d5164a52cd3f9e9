"""Algebras of truth: what ``and``, ``or`` and ``not`` do to degrees, and which laws survive.

    boolean      {0, 1}     min, max, 1 - a                             every law
    minmax       [0, 1]     min, max, 1 - a            (Goedel, Zadeh)  all but excluded middle
    product      [0, 1]     ab, a + b - ab, 1 - a                       not idempotent, not distributive
    log          (-inf, 0]  the same on logarithms                      as product
    lukasiewicz  [0, 1]     max(0, a + b - 1), min(1, a + b), 1 - a     excluded middle, but not idempotent/distributive
    robustness   R          min, max, -a               (STL)            as minmax; the sign is the boolean verdict

A degree is no probability: only the boolean algebra on certain facts, and the exact reasoner on any, have a meaning in
terms of possible worlds. Degrees are cheap, differentiable and compositional, and useful as margins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from nesy.registry import Registry

LAWS = (
    "associative", "commutative", "unit", "absorbing", "involution", "de morgan", "monotone",
    "idempotent", "distributive", "excluded middle",
)  # fmt: skip
"""Names of laws that an algebra may keep; the first seven hold in all of them."""


class Algebra(ABC):
    """Degrees with conjunction, disjunction and negation. All methods are elementwise or along one axis."""

    name: str
    bottom: float
    top: float
    laws: frozenset[str] = frozenset(LAWS[:7])

    @property
    def distributive(self) -> bool:
        """Whether temporal operators may be computed by their unfolding, one step at a time."""
        return "distributive" in self.laws

    @abstractmethod
    def embed(self, log_odds: Tensor) -> Tensor:
        """The degree of a fact with these log-odds (infinite ones included)."""

    @abstractmethod
    def probability(self, degree: Tensor) -> Tensor:
        """The degree on the scale from 0 to 1, increasing."""

    @abstractmethod
    def neg(self, a: Tensor) -> Tensor: ...

    @abstractmethod
    def conj(self, a: Tensor, b: Tensor) -> Tensor: ...

    @abstractmethod
    def running_all(self, x: Tensor, dim: int) -> Tensor:
        """Conjunction of every prefix along ``dim``, in work linear in its length."""

    def disj(self, a: Tensor, b: Tensor) -> Tensor:
        return self.neg(self.conj(self.neg(a), self.neg(b)))

    def running_any(self, x: Tensor, dim: int) -> Tensor:
        """Disjunction of every prefix along ``dim``."""
        return self.neg(self.running_all(self.neg(x), dim))

    def all(self, x: Tensor, dim: int) -> Tensor:
        """Conjunction along ``dim``; of nothing: top."""
        if x.shape[dim] == 0:
            return x.new_full([s for k, s in enumerate(x.shape) if k != dim % x.ndim], self.top)
        return self.running_all(x, dim).select(dim, -1)

    def any(self, x: Tensor, dim: int) -> Tensor:
        """Disjunction along ``dim``; of nothing: bottom."""
        return self.neg(self.all(self.neg(x), dim))


algebras: Registry[Algebra] = Registry("algebra")


class MinMax(Algebra):
    """Goedel's minimum and maximum with the standard negation."""

    name, bottom, top = "minmax", 0.0, 1.0
    laws = frozenset(LAWS[:9])

    def embed(self, log_odds: Tensor) -> Tensor:
        return log_odds.sigmoid()

    def probability(self, degree: Tensor) -> Tensor:
        return degree

    def neg(self, a: Tensor) -> Tensor:
        return 1 - a

    def conj(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.minimum(a, b)

    def disj(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.maximum(a, b)

    def running_all(self, x: Tensor, dim: int) -> Tensor:
        return x.cummin(dim).values

    def running_any(self, x: Tensor, dim: int) -> Tensor:
        return x.cummax(dim).values

    def all(self, x: Tensor, dim: int) -> Tensor:
        return x.amin(dim) if x.shape[dim] else super().all(x, dim)

    def any(self, x: Tensor, dim: int) -> Tensor:
        return x.amax(dim) if x.shape[dim] else super().any(x, dim)


class Boolean(MinMax):
    """Two values: a fact is true when it is likelier than not. No gradient."""

    name = "boolean"
    laws = frozenset(LAWS)

    def embed(self, log_odds: Tensor) -> Tensor:
        return (log_odds > 0).to(log_odds.dtype)


class Robustness(MinMax):
    """Margins in log-odds: positive when the formula holds of the thresholded facts, larger when by more."""

    name, bottom, top = "robustness", -torch.inf, torch.inf

    def embed(self, log_odds: Tensor) -> Tensor:
        return log_odds

    def probability(self, degree: Tensor) -> Tensor:
        return degree.sigmoid()

    def neg(self, a: Tensor) -> Tensor:
        return -a


class Product(Algebra):
    """Products, as of independent events: right where no fact is used twice."""

    name, bottom, top = "product", 0.0, 1.0

    def embed(self, log_odds: Tensor) -> Tensor:
        return log_odds.sigmoid()

    def probability(self, degree: Tensor) -> Tensor:
        return degree

    def neg(self, a: Tensor) -> Tensor:
        return 1 - a

    def conj(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b

    def running_all(self, x: Tensor, dim: int) -> Tensor:
        return x.cumprod(dim)


class LogProduct(Algebra):
    """The product algebra on logarithms: tiny degrees keep their gradient; degrees near 1 are less precise."""

    name, bottom, top = "log", -1.0e4, 0.0

    def embed(self, log_odds: Tensor) -> Tensor:
        return logsigmoid(log_odds).clamp_min(self.bottom)

    def probability(self, degree: Tensor) -> Tensor:
        return degree.exp()

    def neg(self, a: Tensor) -> Tensor:
        # The gradient of log(1 - exp(a)) is infinite at a = 0: there it is taken a hair below.
        tiny = 1e-300 if a.dtype == torch.float64 else 1e-37
        inner = a.clamp_max(-tiny)
        small = inner > -0.6931
        near = torch.log(-torch.expm1(torch.where(small, inner, torch.full_like(a, -1.0))))
        far = torch.log1p(-torch.exp(torch.where(small, torch.full_like(a, -1.0), inner)))
        return torch.where(a >= 0, torch.full_like(a, self.bottom), torch.where(small, near, far))

    def conj(self, a: Tensor, b: Tensor) -> Tensor:
        return (a + b).clamp_min(self.bottom)

    def running_all(self, x: Tensor, dim: int) -> Tensor:
        return x.cumsum(dim).clamp_min(self.bottom)


class Lukasiewicz(Algebra):
    """Bounded sums: doubts add up."""

    name, bottom, top = "lukasiewicz", 0.0, 1.0
    laws = frozenset({*LAWS[:7], "excluded middle"})

    def embed(self, log_odds: Tensor) -> Tensor:
        return log_odds.sigmoid()

    def probability(self, degree: Tensor) -> Tensor:
        return degree

    def neg(self, a: Tensor) -> Tensor:
        return 1 - a

    def conj(self, a: Tensor, b: Tensor) -> Tensor:
        return (a + b - 1).clamp_min(0)

    def disj(self, a: Tensor, b: Tensor) -> Tensor:
        return (a + b).clamp_max(1)

    def running_all(self, x: Tensor, dim: int) -> Tensor:
        # max(0, ...) once at the end is the same as after every step, because doubts 1 - x are never negative.
        return (1 - (1 - x).cumsum(dim)).clamp_min(0)


for _algebra in (Boolean(), MinMax(), Product(), LogProduct(), Lukasiewicz(), Robustness()):
    algebras.register(_algebra.name)(_algebra)
