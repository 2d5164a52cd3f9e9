"""A detector and a tracker on a real street video, and a picture to look at.

    apt-get download opencv-doc && dpkg -x opencv-doc_*.deb opencv-doc
    python examples/street.py opencv-doc/usr/share/doc/opencv-doc/examples/data/vtest.avi -o street.png

The video (795 frames of pedestrians, BSD licence) comes with OpenCV's documentation. No weights are needed: the camera
stands still, so what moves is found by itself. With a detector's weights: --detector torchvision --set weights=FILE.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nesy.datasets.video import read_frames, read_header
from nesy.perception.tracking.cache import write_tracks
from nesy.perception.tracking.pipeline import options_of, track_video

TAIL = 40  # frames of a track that are drawn behind it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("street.png"))
    parser.add_argument("--detector", default="motion")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    chosen = parser.parse_args()
    header = read_header(chosen.video)
    found = track_video(chosen.video, chosen.detector, options_of(chosen.settings))
    tracks = found.tracks
    write_tracks(found, chosen.out.with_suffix(".json"), header.fps)
    at = np.linspace(0, header.frames - 1, 6).round().astype(int)[1:-1].tolist()
    pictures = []
    for t, frame in zip(at, read_frames(chosen.video, at), strict=True):
        picture = Image.fromarray(frame)
        pen = ImageDraw.Draw(picture)
        for n in np.flatnonzero(tracks.present[t]):
            colour = tuple(int(c) for c in np.random.default_rng(n).integers(80, 255, 3))
            box = tracks.boxes[:, n]
            path = [s for s in range(max(0, t - TAIL), t + 1) if tracks.present[s, n]]
            pen.rectangle(box[t].tolist(), outline=colour, width=3)
            pen.text((float(box[t, 0]) + 4, float(box[t, 1]) + 4), tracks.ids[n], fill=colour)
            pen.line([(float(box[s, 0] + box[s, 2]) / 2, float(box[s, 3])) for s in path], fill=colour, width=2)
        pictures.append(np.asarray(picture))
    Image.fromarray(np.vstack([np.hstack(pictures[:2]), np.hstack(pictures[2:])])).save(chosen.out)
    seconds = tracks.present.sum(0) / header.fps
    print(f"{len(tracks.ids)} tracks in {header.frames} frames; median length {np.median(seconds):.1f} s; {chosen.out}")


if __name__ == "__main__":
    main()
