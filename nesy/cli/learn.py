"""``nesy train`` and ``nesy eval``."""

from __future__ import annotations

import json
import time
from functools import partial
from math import isnan
from pathlib import Path
from typing import Annotated, Any

import typer

from nesy.cli.app import app, err, out
from nesy.cli.own_code import OwnCode, load_own
from nesy.cli.progress import bars
from nesy.cli.scores import print_table, say_unscored
from nesy.errors import DataError, did_you_mean
from nesy.files import json_types

Spec = Annotated[Path, typer.Argument(help="A task file, for example examples/platformer.dsl.")]
Run = Annotated[Path, typer.Argument(help="The folder of a run.")]


@app.command("train")
def train(
    spec: Spec,
    out_folder: Annotated[str | None, typer.Option("--out", "-o", help="The run's folder (default runs/NAME).")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: train.epochs=3, data.clips=200, ...")
    ] = None,
    predicates: OwnCode = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from the run's newest checkpoint; longer with --set train.epochs=MORE."),
    ] = False,
) -> None:
    """Learn to predict scene graphs from captions.

    Example: nesy train examples/platformer.dsl --out runs/first --set train.epochs=10
    """
    from nesy.training import run as runs
    from nesy.training import table
    from nesy.training.evaluate import evaluate
    from nesy.training.processes import is_main
    from nesy.training.resume import note, resumed
    from nesy.training.task import read_task

    folder = _folder(out_folder, spec)
    load_own(predicates)
    goes_on = resume and (folder / "settings.json").exists()
    if goes_on:
        task = resumed(folder, settings or [])
    else:
        task = read_task(spec, settings)
        if is_main():
            runs.refuse_taken(folder)  # before anything is made
    for warning in task.checked.warnings:
        err.print(str(warning), markup=False)
    began = time.perf_counter()
    with bars() as shown:
        data = runs.prepare(task, ("train", "test"), shown.tell)
        runs.refuse_untold(task, data.splits["train"])
        if is_main():
            if goes_on:
                note(folder, task, settings or [])
            else:
                runs.start(folder, task, settings or [])
            runs.write_report_of(folder, data.report)
        step = shown.training("training")
        try:
            model = runs.fit(task, data.splits["train"], folder, resume=resume, progress=step)
        except KeyboardInterrupt:
            if is_main():
                err.print(f"stopped; go on with: nesy train {spec} --out {folder} --resume", markup=False)
            raise typer.Exit(130) from None
        except Exception:
            if is_main() and not goes_on:
                runs.discard(folder)
            raise
        if not is_main():
            return  # one of several processes under torchrun: the first one scores and writes
        if task.proposals:
            runs.fit_proposals(folder, data, shown.tell)
    _say_report(data.report.read, dict(data.report.skipped), data.report.examples)
    if say_unscored(data.splits["test"]):
        row = table.own_row(task)
        scores = evaluate(model, data.splits["test"]).as_dict()
        runs.add_metrics(folder, row.name, row.supervision, task.train.seed, scores)
        print_table(folder)
    out.print(f"run: {folder}  ({time.perf_counter() - began:.0f} s)", markup=False)


@app.command("eval")
def evaluate_run(
    run: Run,
    baselines: Annotated[
        str | None,
        typer.Option(help="Also train and score these rows: all, or all-labels,1%-labels,..."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of each baseline.")] = 1,
    predicates: OwnCode = None,
    protocols: Annotated[
        bool, typer.Option("--protocols", help="Also the field's measures: recall of names and of triplets, mAP.")
    ] = False,
    tracks: Annotated[
        Path | None,
        typer.Option(help="A folder with VIDEO.json of `nesy track`: also triplets of found objects."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Baselines trained at the same time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print all rows as JSON.")] = False,
) -> None:
    """Score a run on its test split, with the baselines trained on the same data and split.

    Example: nesy eval runs/first --baselines all
    """
    from nesy.training import run as runs
    from nesy.training import table
    from nesy.training.evaluate import evaluate

    load_own(predicates)
    task = runs.reopen(run)
    known = {row.name.replace(" %", "%").replace(" ", "-"): row for row in table.ROWS}
    chosen = list(known) if baselines == "all" else [b for b in (baselines or "").split(",") if b]
    for name in chosen:
        if name not in known:
            raise DataError(f"no baseline `{name}`", expected=[*known, "all"], hint=did_you_mean(name, known))
    with bars() as shown:
        splits = ("train", "test") if chosen else ("test",)
        data = runs.prepare(task, splits, shown.tell)
        if not say_unscored(data.splits["test"]):
            raise DataError("nothing can be scored", hint="`nesy predict` and `nesy query` need no labels")
        model = runs.load_model(run, task)
        scores = evaluate(model, data.splits["test"]).as_dict()
        measured: dict[str, float] = {}
        if protocols:
            from nesy.evaluation.protocols import protocol_scores
            from nesy.training.evaluate import predictions

            measured = scores["protocols"] = protocol_scores(
                (graph, example.truth, example.view.boxes.numpy())
                for example, graph in predictions(model, data.splits["test"])
                if example.truth is not None
            )
        if tracks is not None:
            from nesy.evaluation.found_boxes import on_found_boxes
            from nesy.evaluation.protocols import triplet_scores

            clips = data.dataset.splits["test"]
            found = on_found_boxes(
                model, clips, tracks, partial(runs.truth_of, task), partial(shown.tell, "on found boxes")
            )
            scores["found_boxes"] = triplet_scores(found)
            measured |= {f"found {name}": value for name, value in scores["found_boxes"].items()}
        own = table.own_row(task)
        runs.add_metrics(run, own.name, own.supervision, task.train.seed, scores)
        wanted = [
            (known[key], seed)
            for key in chosen
            for seed in range(task.train.seed, task.train.seed + seeds)
            if (known[key].name, seed) != (own.name, task.train.seed)
        ]
        if jobs > 1 and len(wanted) > 1:
            table.baselines(run, wanted, jobs, shown.tell, predicates or ())
        else:
            for row, seed in wanted:
                scores = table.baseline(task, data, row, seed, shown.training(f"{row.name}, seed {seed}"))
                runs.add_metrics(run, row.name, row.supervision, seed, scores)
        if chosen:
            table.chance_row(task, data, run)
    if as_json:
        print(json.dumps(json_types(runs.metrics(run))))
    else:
        print_table(run)
        for name, value in measured.items():
            out.print(f"  {name:<24} {'–' if isnan(value) else f'{value:.3f}'}", markup=False)


def _folder(given: str | None, spec: Path) -> Path:
    """Where the run goes. A text and no path: Path("") would be the current folder."""
    if given is not None and not given.strip():
        raise DataError("--out names no folder", hint=f"leave it out for runs/{spec.stem}, or name one")
    return Path(given) if given is not None else Path("runs") / spec.stem


def _say_report(read: int, skipped: dict[str, int], examples: dict[str, Any]) -> None:
    left = "".join(f"\n  {count} x {reason} (first: {examples[reason]})" for reason, count in skipped.items())
    err.print(f"read {read} clips; left out:{left or ' nothing'}", markup=False)
