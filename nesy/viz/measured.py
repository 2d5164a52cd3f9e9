"""What a run has measured, as the rows, curves and clip panels of its table and its report."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from nesy.datasets.base import Clip
from nesy.dsl.printer import to_text
from nesy.errors import DataError
from nesy.perception import PredicateModel
from nesy.reasoners.temporal.lifted import align
from nesy.reasoners.temporal.query import query
from nesy.scenegraph import SceneGraph
from nesy.training import run as runs
from nesy.training.diagnosis import diagnose
from nesy.training.evaluate import predictions
from nesy.training.examples import Example
from nesy.training.run import metrics
from nesy.viz.content import METRICS, ClipPanel, MetricRow, PredicateRow, Report, WitnessStep
from nesy.viz.logged import loss_curves


def metric_rows(folder: Path) -> list[MetricRow]:
    """One row a name, its seeds together, in the order in which they were first written."""
    stored = metrics(folder)
    rows = []
    for name in dict.fromkeys(r["name"] for r in stored):
        mine = sorted((r for r in stored if r["name"] == name), key=lambda r: int(r["seed"]))
        values = {key: tuple(_number(r.get(key)) for r in mine) for key in METRICS}
        rows.append(MetricRow(name, mine[0]["supervision"], tuple(int(r["seed"]) for r in mine), values))
    return rows


def predicate_rows(folder: Path) -> list[PredicateRow]:
    """Per predicate: how often it is true, and every row's AP (mean over seeds)."""
    stored = metrics(folder)
    out = []
    for name, first in (stored[0].get("per_predicate") or {}).items() if stored else ():
        ap: dict[str, float] = {}
        for row in dict.fromkeys(r["name"] for r in stored):
            values = [_number(r["per_predicate"][name]["ap"]) for r in stored if r["name"] == row]
            ap[row] = sum(values) / len(values)
        out.append(PredicateRow(name, first["kind"], _number(first["share"]), ap))
    return out


def _number(x: object) -> float:
    return float(x) if isinstance(x, (int, float)) else float("nan")


def clip_panel(model: PredicateModel, example: Example, clip: Clip) -> ClipPanel:
    """One clip with its prediction, and its first caption's spec with probability and witness."""
    ((_, graph),) = list(predictions(model, [example]))
    ids = clip.tracks.ids
    panel = {
        "caption": "(no caption was understood)",
        "spec": "",
        "probability": math.nan,
        "method": "exact",
        "witness": [],
        "assignment": {},
    }
    if example.captions:
        caption = example.captions[0]
        answer = query(caption.spec, graph)
        steps = answer.witness.steps if answer.witness else ()
        by_frame: dict[int, list[str]] = {}
        for s in steps:
            fact = f"{s.predicate}({', '.join(ids[o] for o in s.objects)})"
            by_frame.setdefault(s.frame, []).append(fact if s.holds else f"not {fact}")
        objects = answer.witness.objects if answer.witness else {}
        panel |= {
            "caption": caption.text,
            "spec": to_text(caption.spec),
            "probability": answer.probability,
            "method": answer.method,
            "witness": [WitnessStep(f, " and ".join(facts)) for f, facts in by_frame.items()],
            "assignment": {name: ids[o] for name, o in objects.items()},
        }
    return ClipPanel(
        clip.id, clip.fps, clip.frames(), clip.tracks.boxes, clip.tracks.present, ids, model.vocabulary,
        graph.classes[0].exp().numpy(), graph.unary[0].sigmoid().numpy(), graph.binary[0].sigmoid().numpy(),
        example.truth, **panel,  # type: ignore[arg-type]
    )  # fmt: skip


def report_of(folder: Path, clips: int = 8, told: runs.Told | None = None) -> Report:
    """The report of a run: metrics, curves, data report and some test clips, the best and worst aligned among them.

    Raises:
        CheckpointError, DataError: no trained run there, a damaged file of it, or its data cannot be read.
    """
    task = runs.reopen(folder)
    curves, notes = loss_curves(folder)  # before the long work: a damaged file is told at once
    data_report = _stored(folder / "data_report.json")
    model = runs.load_model(folder, task)
    data = runs.prepare(task, ("test",), told)
    by_id = {c.id: c for c in data.dataset.splits["test"]}
    found = list(predictions(model, data.splits["test"]))
    shown = _choose(found, clips)
    confusions, calibrations = diagnose(model.vocabulary, found)
    described = json.loads((folder / "settings.json").read_text("utf-8"))
    panels = []
    for i, example in enumerate(shown):
        if told is not None:
            told("explaining clips", i, len(shown))
        panels.append(clip_panel(model, example, by_id[example.id]))
    if told is not None:
        told("explaining clips", len(shown), len(shown))
    return Report(
        title=folder.name,
        created=datetime.now().strftime("%Y-%m-%d %H:%M"),
        spec_source=(folder / "spec.dsl").read_text("utf-8"),
        settings=described["settings"],
        rows=metric_rows(folder),
        predicates=predicate_rows(folder),
        curves=curves,
        clips=panels,
        data_report=data_report,
        notes=notes,
        confusions=confusions,
        calibrations=calibrations,
    )


def _stored(path: Path) -> dict[str, Any]:
    """A JSON object that a run has left; empty where there is none."""
    try:
        return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}
    except (ValueError, TypeError) as e:
        raise DataError(f"{path}: not readable ({e})", hint="delete it: the report then leaves it out") from None


def _choose(found: Sequence[tuple[Example, SceneGraph]], count: int) -> list[Example]:
    """Clips spread evenly over the ranking by P(own spec), best first."""
    scored = []
    for example, graph in found:
        value = float(align([example.captions[0].spec], graph).log_prob) if example.captions else -math.inf
        scored.append((value, example.id, example))
    scored.sort(key=lambda x: (-x[0], x[1]))
    places = np.linspace(0, len(scored) - 1, min(count, len(scored))).round().astype(int)
    return [scored[k][2] for k in places]
