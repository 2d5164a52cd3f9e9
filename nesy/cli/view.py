"""``nesy view``: a scene graph as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err


@app.command("view")
def view(
    graph: Annotated[Path, typer.Argument(help="A scene-graph file.")],
    video: Annotated[
        Path | None, typer.Option("--video", help="Its video, or a folder of pictures; without it frames are blank.")
    ] = None,
    question: Annotated[str | None, typer.Option("--query", "-q", help="A formula to answer on the page.")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", "-o", help="The page (default GRAPH.html).")] = None,
) -> None:
    """Write a self-contained HTML page of a scene graph: boxes, timelines, the graph at the cursor.

    Example: nesy view graph.json --video clip.mp4 --query 'exists m: mugen { eventually jumping(m) }' -o view.html
    """
    from nesy.scenegraph import read_graph
    from nesy.viz.view import write_view

    target = out_file or graph.with_suffix(".html")
    write_view(read_graph(graph), graph.stem, target, video=video, question=question)
    err.print(f"view: {target}", markup=False)
