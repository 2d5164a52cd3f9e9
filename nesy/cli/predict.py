"""``nesy predict``: a video to a scene-graph file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err
from nesy.cli.own_code import OwnCode, load_own
from nesy.cli.progress import bars
from nesy.errors import NesyError, did_you_mean


@app.command("predict")
def predict(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    video: Annotated[Path, typer.Argument(help="A video file, or a folder of them.")],
    out_file: Annotated[Path, typer.Option("--out", "-o", help="The scene graph to write.")] = Path("graph.json"),
    tracks: Annotated[
        Path | None,
        typer.Option(help="A file whose boxes to use: a scene graph (only its boxes count), COCO .json or MOT .txt."),
    ] = None,
    predicates: OwnCode = None,
    form: Annotated[
        str, typer.Option("--format", help="nesy, networkx (node-link JSON), pvsg, jsonld or ntriples.")
    ] = "nesy",
    fps: Annotated[float | None, typer.Option(help="Frames a second, when the file does not say it rightly.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Models at work at the same time, for a folder (needs Ray).")] = 2,
    gpus: Annotated[float, typer.Option(min=0, help="Share of a GPU of each worker, for a folder (needs Ray).")] = 0.0,
) -> None:
    """Predict the scene graph of a video.

    Boxes come from --tracks, else from the game file of a clip in MUGEN's layout, else from the run's own proposals.

    For a folder, --out and --tracks are folders with a file a video in the same places; graphs that exist are kept, and
    videos that fail are listed in failures.jsonl.

    Example: nesy predict runs/first data/platformer/videos/clip.mp4 -o graph.json
    """
    from nesy.scenegraph import write_graph
    from nesy.scenegraph.export import FORMATS, export_graph
    from nesy.training.predict import predict_video

    load_own(predicates)
    if form not in FORMATS:  # before the work is done
        raise NesyError(f"unknown format `{form}`", expected=FORMATS, hint=did_you_mean(form, FORMATS))
    if video.is_dir():
        if form != "nesy":
            raise NesyError("a folder of videos takes no --format")
        _predict_folder(run, video, out_file, tracks, predicates or [], workers, gpus)
        return
    file, source = predict_video(run, video, tracks=tracks, fps=fps)
    if form == "nesy":
        write_graph(file, out_file)
    else:
        export_graph(file, out_file, form)
    g = file.graph
    err.print(f"{out_file}: {g.present.shape[1]} frames, {len(file.ids)} objects (boxes from {source})", markup=False)


def _predict_folder(
    run: Path, root: Path, out: Path, tracks: Path | None, code: list[Path], workers: int, gpus: float
) -> None:
    from nesy.jobs import FAILURES, on_ray
    from nesy.training.many import predict_many

    if not on_ray():
        err.print("one video after the other; several at a time: pip install 'nesy[ray]'", markup=False)
    with bars() as shown:
        outcome = predict_many(
            run, root, out, tracks=tracks, code=code, workers=workers, gpus=gpus,
            told=lambda done, total: shown.tell("predicting", done, total),
        )  # fmt: skip
    err.print(f"{out}: {outcome.made} graphs made, {outcome.kept} kept, {len(outcome.failed)} failed", markup=False)
    if outcome.failed:
        err.print(f"the videos that failed, and why: {out / FAILURES}", markup=False)
        raise typer.Exit(1)
