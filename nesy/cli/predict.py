"""``nesy predict``: a video to a scene-graph file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err
from nesy.cli.learn import load_all
from nesy.errors import NesyError, did_you_mean


@app.command("predict")
def predict(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    video: Annotated[Path, typer.Argument(help="An mp4 file.")],
    out_file: Annotated[Path, typer.Option("--out", "-o", help="The scene graph to write.")] = Path("graph.json"),
    tracks: Annotated[
        Path | None, typer.Option(help="A scene-graph file whose boxes to use (its classes and facts are ignored).")
    ] = None,
    predicates: Annotated[
        list[Path] | None, typer.Option("--predicates", help="A Python file that declares predicates; it is run.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="nesy, networkx (node-link JSON), pvsg, jsonld or ntriples.")
    ] = "nesy",
    fps: Annotated[float | None, typer.Option(help="Frames a second, when the file does not say it rightly.")] = None,
) -> None:
    """Predict the scene graph of a video.

    Boxes come from --tracks, else from the game file of a clip in MUGEN's layout, else from the run's own proposals.

    Example: nesy predict runs/first data/platformer/videos/clip.mp4 -o graph.json
    """
    from nesy.scenegraph import write_graph
    from nesy.scenegraph.export import FORMATS, export_graph
    from nesy.training.predict import predict_video

    if form not in FORMATS:  # before the work is done
        raise NesyError(f"unknown format `{form}`", expected=FORMATS, hint=did_you_mean(form, FORMATS))
    load_all(predicates)
    file, source = predict_video(run, video, tracks=tracks, fps=fps)
    if form == "nesy":
        write_graph(file, out_file)
    else:
        export_graph(file, out_file, form)
    g = file.graph
    err.print(f"{out_file}: {g.present.shape[1]} frames, {len(file.ids)} objects (boxes from {source})", markup=False)
