"""Small made-up reports whose every number is known to the tests."""

from __future__ import annotations

import numpy as np

from nesy.datasets.base import GroundTruth
from nesy.scenegraph.vocabulary import Vocabulary
from nesy.training.diagnosis import Calibration, Confusion
from nesy.viz import ClipPanel, LossCurve, MetricRow, PredicateRow, Report, WitnessStep

VOCABULARY = Vocabulary(("mugen", "coin"), ("walking", "dead"), ("near", "above", "chasing"))


def clip(
    frames: int = 6,
    objects: int = 3,
    *,
    seed: int = 0,
    truth: bool = True,
    vocabulary: Vocabulary = VOCABULARY,
    size: tuple[int, int] = (16, 12),
    **changes: object,
) -> ClipPanel:
    """Random frames, facts and presence; ``changes`` replace fields."""
    rng = np.random.default_rng(seed)
    c, u, r = vocabulary.sizes()
    present = rng.random((frames, objects)) < 0.8
    known = GroundTruth(
        vocabulary,
        rng.integers(0, max(c, 1), objects),
        (rng.random((frames, objects, u)) < 0.4) & present[..., None],
        (rng.random((frames, objects, objects, r)) < 0.3) & (present[:, :, None] & present[:, None])[..., None],
    )
    corner = rng.random((frames, objects, 2)) * 6
    fields: dict[str, object] = {
        "id": f"clip{seed}",
        "fps": 8.0,
        "frames": rng.integers(0, 256, (frames, size[1], size[0], 3), dtype=np.uint8),
        "boxes": np.concatenate([corner, corner + 1 + rng.random((frames, objects, 2)) * 5], -1),
        "present": present,
        "ids": tuple(f"o{i + 1}" for i in range(objects)),
        "vocabulary": vocabulary,
        "classes": rng.dirichlet([0.5] * c, objects) if c else np.zeros((objects, 0)),
        "unary": rng.random((frames, objects, u)) ** 2,
        "binary": rng.random((frames, objects, objects, r)) ** 3,
        "truth": known if truth else None,
        "caption": "Mugen walks to a coin",
        "spec": "exists m: mugen, c: coin { walking(m) then near(m, c) }",
        "probability": 0.8125,
        "witness": [WitnessStep(0, "walking(m)"), WitnessStep(frames - 1, "near(m, c)", False)],
        "assignment": {"m": "o1", "c": "o2"} if objects > 1 else {},
    }
    return ClipPanel(**(fields | changes))  # type: ignore[arg-type]


def rows() -> list[MetricRow]:
    """A method, a ceiling, two baselines and chance."""
    nan = float("nan")
    return [
        MetricRow("captions", "captions", (0, 1, 2), {"unary_map": (0.7, 0.72, 0.68), "binary_map": (0.5, nan, 0.52)}),
        MetricRow("all labels", "every frame", (0, 1, 2), {"unary_map": (0.8, 0.81, 0.8), "binary_map": (0.6,) * 3}),
        MetricRow("1 % labels", "1 % of clips", (0, 1), {"unary_map": (0.4, 0.45), "binary_map": (nan, nan)}),
        MetricRow("multiple instance", "captions", (0,), {"unary_map": (0.69,), "binary_map": (0.3,)}),
        MetricRow("chance", "none", (0,), {"unary_map": (0.1,), "binary_map": (0.05,)}),
    ]


def confusion(labels: tuple[str, ...] = ("walking", "near", "flying")) -> Confusion:
    """`walking` is taken for `near`; `flying` never holds."""
    nan = float("nan")
    cells = np.array([[0.9, 0.4, 0.1], [0.05, 0.7, nan], [nan, nan, nan]])
    return Confusion("unary", labels, cells, np.array([0.02, 0.1, 0.03]), np.array([30, 1200, 0]))


def calibration() -> Calibration:
    """Two bins with facts: 0.05 is right, of 0.9 only half are so."""
    count, predicted, observed = np.zeros(10, int), np.full(10, np.nan), np.full(10, np.nan)
    count[[0, 9]], predicted[[0, 9]], observed[[0, 9]] = (75, 25), (0.05, 0.9), (0.05, 0.5)
    return Calibration("unary", count, predicted, observed)


def report(clips: int = 2) -> Report:
    """Every section filled."""
    return Report(
        title="captions to scene graphs",
        created="2026-05-02",
        spec_source='domain toy\nclass mugen, coin // who\nunary walking\ndata "toy" { clips: 3 }\n',
        settings={"train": {"epochs": 2, "loss": {"alignment": 1}}, "seeds": [0, 1, 2], "name": "toy"},
        rows=rows(),
        predicates=[
            PredicateRow("walking", "unary", 0.3, {"captions": 0.8, "all labels": 0.9, "chance": 0.3}),
            PredicateRow("near", "binary", 0.1, {"captions": 0.5, "all labels": float("nan"), "chance": 0.1}),
        ],
        curves=[
            LossCurve("total", [0.0, 0.5, 1.0, 1.5], [3.0, 2.0, float("nan"), 1.0]),
            LossCurve("val unary mAP", [1.0], [0.4]),
        ],
        clips=[clip(seed=i) for i in range(clips)],
        data_report={"read": 10, "skipped": {"empty caption": 2}, "examples": {"empty caption": "clip 7 says nothing"}},
        notes=["Three seeds."],
        confusions=[confusion()],
        calibrations=[calibration()],
    )
