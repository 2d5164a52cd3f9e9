"""A scene-graph file as one page: frames with boxes, timelines, the graph at the cursor, the answer to a question."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.video import pictures, read_frames, read_header
from nesy.dsl.ast import Formula
from nesy.errors import DataError
from nesy.scenegraph import GraphFile
from nesy.viz.asked import Asked, ask, assignment, witness_steps
from nesy.viz.clip import STAGE, clips_section
from nesy.viz.content import ClipPanel
from nesy.viz.facts import facts
from nesy.viz.page import page, write_page
from nesy.viz.timeline import rows_at_first

MOST_FRAMES = 2_000  # of one page: beyond it a browser is slow
BLANK = (226, 228, 232)  # the ground of a frame whose video is not given
ROW = 48.0  # pixels between objects that have no box


def view_page(
    file: GraphFile,
    title: str,
    *,
    video: Path | str | None = None,
    question: str | Formula | None = None,
    caption: str = "",
    bare: bool = False,
) -> str:
    """The page as a string.

    Args:
        video: a file or a folder of pictures; without it the frames are blank.
        question: a formula, answered with its witness.
        bare: without navigation and headings, for a page inside another one.

    Raises:
        DataError: a graph without frames or with too many, or a video that cannot be read.
        SpecSyntaxError, SpecTypeError, GroundingError: a mistake in the question.
    """
    panel, notes = view_panel(file, title, video=video, question=question, caption=caption)
    return panel_page(panel, notes, bare)


def panel_page(panel: ClipPanel, notes: list[str], bare: bool = False) -> str:
    """The page of a panel."""
    rate = f", {panel.fps:g} frames/s" if panel.fps else ""
    told = f"{len(panel.frames)} frames{rate}, {len(panel.ids)} object{'' if len(panel.ids) == 1 else 's'}"
    return page(panel.id, told, [("clips", "Scene graph", clips_section([panel]))], notes, bare)


def panel_height(panel: ClipPanel, notes: list[str]) -> int:
    """About how many pixels high the bare page of a panel is, in a notebook's cell of 700 pixels or more.

    Its two columns are added up from rows, and lines of text from their letters in the narrowest such cell: rather a
    little empty ground at the bottom than a picture that is cut off.
    """
    height, width = panel.frames.shape[1:3]
    found = facts(panel)
    likely = [sum(bool(f.prob[t] >= 0.5) for f in found) for t in range(len(panel.frames))]
    left = STAGE * height / max(height, width) + 88 + 30 + 300 + 40  # player, graph, and what stands around the facts
    left += 26 * math.ceil(max(1, min(max(likely), 16)) / 2) + 50
    groups, rows = rows_at_first(panel, found)
    text = sum(math.ceil(len(line) / 42) for line in panel.spec.split("\n")) if panel.spec else 0
    right = 20 * text + 34 * bool(text) + 30 * math.ceil(len(panel.caption) / 36)
    right += 40 * (not math.isnan(panel.probability)) + 34 * len(panel.assignment)
    right += sum(12 + 20 * math.ceil(len(w.text) / 28) for w in panel.witness)
    right += 100 + 36 * groups + 19 * rows + (70 if groups > len(panel.ids) else 0) + 70
    return int(90 + 44 * len(notes) + max(left, right))


def write_view(
    file: GraphFile,
    title: str,
    path: Path | str,
    *,
    video: Path | str | None = None,
    question: str | Formula | None = None,
) -> Path:
    """Write the page of :func:`view_page`, atomically."""
    return write_page(view_page(file, title, video=video, question=question), path)


def view_panel(
    file: GraphFile,
    title: str,
    *,
    video: Path | str | None = None,
    question: str | Formula | None = None,
    caption: str = "",
) -> tuple[ClipPanel, list[str]]:
    """The clip's panel, and what a reader should know about it."""
    g = file.graph.clip(0)
    length = int(g.lengths[0])
    if length == 0:
        raise DataError("the scene graph has no frames: there is nothing to look at")
    if length > MOST_FRAMES:
        raise DataError(
            f"the scene graph has {length} frames, a page holds {MOST_FRAMES}",
            hint="predict at a lower rate (nesy predict --fps), or cut the video into clips",
        )
    present = g.present[0].numpy()
    boxes, notes = _placed(file.boxes[:length, : len(file.ids)].double().numpy(), present, file.ids)
    frames, more = _frames(boxes, present, video)
    answer: Asked | None = None if question is None else ask(question, file)
    notes += more
    if answer is not None:
        notes += [w.split("\n")[0] for w in answer.warnings]
        if answer.answer.method != "exact":
            low, high = answer.answer.lower, answer.answer.upper
            notes.append(f"{low:.4f} ≤ P ≤ {high:.4f}: bounds only, because {answer.answer.note or 'they were asked'}.")
    panel = ClipPanel(
        id=title,
        fps=g.fps[0] or 0.0,
        frames=frames,
        boxes=boxes,
        present=present,
        ids=file.ids,
        vocabulary=g.vocabulary,
        classes=g.classes[0].exp().numpy(),
        unary=g.unary[0].sigmoid().numpy(),
        binary=g.binary[0].sigmoid().numpy(),
        caption=caption,
        spec=answer.text if answer else "",
        probability=answer.answer.probability if answer else math.nan,
        method=answer.answer.method if answer else "exact",
        witness=witness_steps(answer.answer, file.ids) if answer else [],
        assignment=assignment(answer.answer, file.ids) if answer else {},
    )
    return panel, notes


def _placed(
    boxes: NDArray[np.float64], present: NDArray[np.bool_], ids: tuple[str, ...]
) -> tuple[NDArray[np.float64], list[str]]:
    """Boxes [T, N, 4]; objects that never have one stand below each other, to the right of the others."""
    area = (boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1]) & present
    lost = [n for n in range(len(ids)) if not area[:, n].any()]
    if not lost:
        return boxes, []
    boxes = boxes.copy()
    left = float(boxes[..., 2][area].max()) + 12 if area.any() else 12.0
    for k, n in enumerate(lost):
        boxes[:, n] = (left, 24 + ROW * k, left + 110, 24 + ROW * k + 24)
    some = "no boxes" if len(lost) == len(ids) else "no boxes of " + ", ".join(ids[n] for n in lost[:6])
    return boxes, [f"The file holds {some}: they are drawn in a column, where they stand means nothing."]


def _frames(
    boxes: NDArray[np.float64], present: NDArray[np.bool_], video: Path | str | None
) -> tuple[NDArray[np.uint8], list[str]]:
    """uint8 [T, H, W, 3] and notes; frames of another rate than the graph's are matched evenly over the clip."""
    length = len(boxes)
    right, bottom = (float(boxes[..., k][present].max(initial=1.0)) for k in (2, 3))
    if video is None:
        return _blank(length, right, bottom), []
    path = Path(video)
    found = len(pictures(path)) if path.is_dir() else read_header(path).frames
    if found == 0:
        raise DataError(f"{path}: no frame in it", hint="give the video from which the graph was predicted")
    picks = [t * found // length for t in range(length)] if found != length else list(range(length))
    frames = read_frames(path, picks)
    notes = []
    if found != length:
        notes.append(f"The video has {found} frames and the graph {length}: they are matched evenly over the clip.")
    height, width = frames.shape[1:3]
    if right > 1.02 * width or bottom > 1.02 * height:
        notes.append(f"Boxes reach beyond the picture ({width} x {height} pixels): is this the graph of this video?")
    return frames, notes


def _blank(length: int, right: float, bottom: float) -> NDArray[np.uint8]:
    """Plain frames on which all boxes fit; their coordinates are the frame's, so its size is that of the video."""
    width, height = math.ceil(right * 1.04) + 2, math.ceil(bottom * 1.04) + 2
    if max(width, height) > 16_384:
        raise DataError(f"boxes reach to {right:g}, {bottom:g}: no picture is that large")
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = BLANK
    return np.broadcast_to(frame, (length, height, width, 3))
