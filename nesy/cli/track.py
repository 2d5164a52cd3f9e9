"""``nesy track``: the objects of a video and their boxes, as a file that training and prediction read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nesy.cli.app import app, err


@app.command("track")
def track(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    out_file: Annotated[Path, typer.Option("--out", "-o", help="The tracks to write.")] = Path("tracks.json"),
    detector: Annotated[
        str, typer.Option(help="torchvision, grounding-dino, or motion (what moves before a standing camera).")
    ] = "torchvision",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A detector setting: weights=FILE, checkpoint=DIR, text='person, car', ..."),
    ] = None,
    masks: Annotated[
        str | None, typer.Option(help="A SAM 2 video checkpoint directory: follow the objects by their masks.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Look for objects in every so-manieth frame.")] = 1,
    sure: Annotated[float, typer.Option(help="Score from which a detection may begin a track.")] = 0.5,
    shortest: Annotated[int, typer.Option(min=1, help="Detections that a track must have.")] = 3,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Keep tracks in the cache folder and take them from it.")
    ] = True,
) -> None:
    """Find and follow the objects of a video.

    Example: nesy track street.mp4 --detector grounding-dino --set checkpoint=DIR --set text='person, car'

    The file is read by `nesy predict --tracks` and by a folder of videos that has it under tracks/VIDEO.json.
    """
    from nesy.datasets.video import read_header
    from nesy.perception.tracking.cache import write_tracks
    from nesy.perception.tracking.pipeline import options_of, track_video
    from nesy.training.run import cache_folder

    header = read_header(video)
    found = track_video(
        video,
        detector,
        options_of(settings or []),
        masks=masks,
        every=every,
        sure=sure,
        shortest=shortest,
        cache=cache_folder() / "tracks" if cache else None,
    )
    write_tracks(found, out_file, header.fps)
    names: dict[str, int] = {}
    for label in found.labels:
        name = max(label, key=lambda k: label[k])
        names[name] = names.get(name, 0) + 1
    what = ", ".join(f"{count} {name}" for name, count in sorted(names.items())) or "nothing"
    err.print(f"{out_file}: {found.tracks.present.shape[0]} frames, found {what}", markup=False)
