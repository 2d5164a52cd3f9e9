"""What a report says, as plain data: the contract between whoever measured and the page that shows it.

Shapes as everywhere: T frames, N objects, C classes, U unary and R binary predicates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError

if TYPE_CHECKING:
    from nesy.datasets.base import GroundTruth
    from nesy.scenegraph.vocabulary import Vocabulary
    from nesy.training.diagnosis import Calibration, Confusion

METRICS: dict[str, str] = {
    "unary_map": "unary mAP",
    "binary_map": "binary mAP",
    "unary_f1": "unary F1",
    "binary_f1": "binary F1",
    "class_accuracy": "class accuracy",
    "retrieval_r1": "retrieval R@1",
}

Role: TypeAlias = Literal["method", "baseline", "ceiling", "chance"]


@dataclass(frozen=True)
class MetricRow:
    """One way of training (or none), measured over seeds.

    values: metric name (a key of ``METRICS``, or any other) -> one number a seed; NaN where it was not measured.
    role: how the row is read. ``method`` is what the run is about, ``ceiling`` had the labels of every frame and
        ``chance`` none; neither of these two competes for the best. Left out, it follows from the name.
    """

    name: str
    supervision: str
    seeds: tuple[int, ...]
    values: Mapping[str, tuple[float, ...]]
    role: Role | None = None

    def __post_init__(self) -> None:
        for metric, values in self.values.items():
            if len(values) != len(self.seeds):
                raise DataError(f"row `{self.name}`: {len(values)} values of {metric} for {len(self.seeds)} seeds")
        if self.role is None:
            known: dict[str, Role] = {"captions": "method", "all labels": "ceiling", "chance": "chance"}
            object.__setattr__(self, "role", known.get(self.name.strip().lower(), "baseline"))


@dataclass(frozen=True)
class PredicateRow:
    """Average precision of one predicate under each row of the metrics table.

    share: how often the predicate is true, which is the average precision of guessing.
    ap: name of the metrics row -> average precision.
    """

    name: str
    kind: Literal["unary", "binary"]
    share: float
    ap: Mapping[str, float]


@dataclass(frozen=True)
class LossCurve:
    """A quantity over training: ``epochs[i]`` (may be fractional) against ``values[i]``; NaN leaves a gap."""

    name: str
    epochs: list[float]
    values: list[float]

    def __post_init__(self) -> None:
        if len(self.epochs) != len(self.values):
            raise DataError(f"curve `{self.name}`: {len(self.epochs)} epochs and {len(self.values)} values")


@dataclass(frozen=True)
class WitnessStep:
    """One event of the specification and the frame at which the best explanation puts it."""

    frame: int
    text: str
    holds: bool = True


@dataclass(frozen=True, eq=False)
class ClipPanel:
    """One clip with its predicted scene graph and the reason why its specification holds, or does not.

    frames: uint8 [T, H, W, 3], RGB.  boxes: [T, N, 4], pixels, x0 y0 x1 y1.  present: bool [T, N].
    classes: [N, C], unary: [T, N, U], binary: [T, N, N, R]: probabilities.
    probability: P(clip satisfies spec); method: ``exact``, or the name of the bound.
    assignment: variable of the spec -> id of an object.

    Raises:
        DataError: shapes that do not fit each other, probabilities outside [0, 1].
    """

    id: str
    fps: float
    frames: NDArray[np.uint8]
    boxes: NDArray[np.floating]
    present: NDArray[np.bool_]
    ids: tuple[str, ...]
    vocabulary: Vocabulary
    classes: NDArray[np.floating]
    unary: NDArray[np.floating]
    binary: NDArray[np.floating]
    truth: GroundTruth | None = None
    caption: str = ""
    spec: str = ""
    probability: float = float("nan")
    method: str = "exact"
    witness: list[WitnessStep] = field(default_factory=list)
    assignment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        t, n = len(self.frames), len(self.ids)
        c, u, r = self.vocabulary.sizes()
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or 0 in self.frames.shape:
            raise DataError(f"clip `{self.id}`: frames are {self.frames.shape}, expected [T, H, W, 3] and T > 0")
        if self.frames.dtype != np.uint8:
            raise DataError(f"clip `{self.id}`: frames are {self.frames.dtype}, expected uint8")
        expected = {
            "boxes": (t, n, 4),
            "present": (t, n),
            "classes": (n, c),
            "unary": (t, n, u),
            "binary": (t, n, n, r),
        }
        given = {name: getattr(self, name) for name in expected}
        if self.truth is not None:
            expected |= {"truth.classes": (n,), "truth.unary": (t, n, u), "truth.binary": (t, n, n, r)}
            given |= {f"truth.{k}": getattr(self.truth, k) for k in ("classes", "unary", "binary")}
            if self.truth.vocabulary != self.vocabulary:
                raise DataError(f"clip `{self.id}`: prediction and truth have different vocabularies")
        for name, shape in expected.items():
            if given[name].shape != shape:
                raise DataError(f"clip `{self.id}`: {name} is {given[name].shape}, expected {shape}")
        for name in ("classes", "unary", "binary"):
            x = given[name]
            if bool(((x < -1e-6) | (x > 1 + 1e-6)).any()):
                raise DataError(
                    f"clip `{self.id}`: {name} has values outside [0, 1]",
                    hint="a report takes probabilities, not log-odds",
                )
        if len(set(self.ids)) != n:
            raise DataError(f"clip `{self.id}`: two objects have the same id")
        for step in self.witness:
            if not 0 <= step.frame < t:
                raise DataError(f"clip `{self.id}`: witness at frame {step.frame} of {t}")


@dataclass(frozen=True)
class Report:
    """Everything on one page; what is empty is left out of the page.

    data_report: ``read`` and ``captions`` (counts), ``skipped`` (reason -> count), ``examples`` (reason -> message).
    notes: sentences for the reader, shown at the top: what these figures do and do not say.
    """

    title: str
    created: str = ""
    spec_source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: list[MetricRow] = field(default_factory=list)
    predicates: list[PredicateRow] = field(default_factory=list)
    curves: list[LossCurve] = field(default_factory=list)
    clips: list[ClipPanel] = field(default_factory=list)
    data_report: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    confusions: list[Confusion] = field(default_factory=list)
    calibrations: list[Calibration] = field(default_factory=list)
