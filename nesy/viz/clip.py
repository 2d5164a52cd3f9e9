"""The panel of one clip: player, scene graph at the cursor, the specification and why it holds, timelines."""

from __future__ import annotations

import math

import numpy as np

from nesy.viz.content import ClipPanel
from nesy.viz.facts import Fact, facts, top_classes, true_class
from nesy.viz.html import Html, embed_json, join, number, tag
from nesy.viz.sprites import MAX_SIDE, Sheet, sprite_sheet
from nesy.viz.syntax import colour
from nesy.viz.timeline import chip, key, timelines

STAGE = 416  # CSS pixels of the longer side of the picture, at most


def clip_panel(clip: ClipPanel, index: int, short_id: str = "", alone: bool = False) -> tuple[Html, Html, Html]:
    """The frames' image (to be kept outside what can be hidden), the thumbnail that selects the clip, the panel.

    alone: whether it is the page's only clip, so that nothing is said about going to another one.
    """
    sheet = sprite_sheet(clip.frames)
    rows = facts(clip)
    pixelated = "image-rendering:pixelated" if max(sheet.width, sheet.height) < MAX_SIDE else None
    image = tag(
        "image",
        id=f"sheet-{index}",
        href=sheet.uri,
        width=sheet.columns * sheet.width,
        height=sheet.rows * sheet.height,
        style=pixelated,
    )
    thumbnail = tag(
        "button",
        _picture(sheet, index, _telling_frame(clip), fill=True),
        tag("span", short_id or clip.id, class_="thumb-id"),
        None if math.isnan(clip.probability) else tag("span", number(clip.probability, 2), class_="thumb-p"),
        type="button",
        id=f"tab-{index}",
        aria_controls=f"clip-{index}",
        data_select=index,
        title=clip.caption or clip.id,
        class_="thumb",
    )
    left = tag("div", _player(clip, sheet, index, alone), _graph(clip.truth is not None), class_="left")
    legend = tag("p", key(clip.truth is not None), class_="quiet strip-key")
    right = tag("div", _why(clip), timelines(clip, rows), legend, class_="right")
    panel = tag(
        "article",
        tag("h3", tag("span", "clip ", class_="quiet"), clip.id),
        tag("div", left, right, class_="clip-body"),
        embed_json(clip_data(clip, rows, sheet), f"data-{index}"),
        class_="clip",
        id=f"clip-{index}",
        aria_label=f"clip {clip.id}",
        data_clip=index,
        tabindex=-1,
    )
    return image, thumbnail, panel


def clip_data(clip: ClipPanel, rows: list[Fact], sheet: Sheet) -> dict[str, object]:
    """What the page's script needs of a clip; probabilities in thousandths, boxes in frame pixels to one."""
    return {
        "id": clip.id,
        "fps": clip.fps,
        "frames": len(clip.frames),
        "size": [clip.frames.shape[2], clip.frames.shape[1]],
        "sheet": {"columns": sheet.columns, "width": sheet.width, "height": sheet.height},
        "assigned": [clip.ids.index(o) for o in clip.assignment.values() if o in clip.ids],
        "objects": [
            {
                "id": name,
                "classes": [[c, round(p, 3)] for c, p in top_classes(clip, n)],
                "truth": true_class(clip, n),
                "boxes": [
                    np.round(np.asarray(clip.boxes[t, n], np.float64), 1).tolist() if clip.present[t, n] else None
                    for t in range(len(clip.frames))
                ],
            }
            for n, name in enumerate(clip.ids)
        ],
        "facts": [
            {
                "p": f.predicate,
                "s": f.subject,
                "o": f.object,
                "permille": np.round(f.prob * 1000).astype(int).tolist(),
                "truth": None if f.truth is None else "".join("1" if x else "0" for x in f.truth),
            }
            for f in rows
        ],
    }


def _telling_frame(clip: ClipPanel) -> int:
    """The frame for the thumbnail: the first event of the witness, else the middle."""
    return clip.witness[0].frame if clip.witness else len(clip.frames) // 2


def _picture(sheet: Sheet, index: int, frame: int, fill: bool = False) -> Html:
    x, y = sheet.cell(frame)
    return tag(
        "svg",
        tag("use", href=f"#sheet-{index}"),
        viewBox=f"{x} {y} {sheet.width} {sheet.height}",
        preserveAspectRatio="xMidYMid slice" if fill else None,
        class_="picture",
        aria_hidden="true",
    )


def _player(clip: ClipPanel, sheet: Sheet, index: int, alone: bool) -> Html:
    height, width = clip.frames.shape[1:3]
    scale = STAGE / max(height, width)
    last = len(clip.frames) - 1
    stage = tag(
        "div",
        _picture(sheet, index, 0),
        tag(
            "svg",
            viewBox=f"0 0 {width * scale:.6g} {height * scale:.6g}",
            class_="overlay",
            data_overlay=True,
            aria_hidden="true",
        ),
        class_="stage",
        style=f"width:{width * scale:.6g}px;aspect-ratio:{width}/{height}",
    )
    slider = tag(
        "input",
        type="range",
        min=0,
        max=last,
        value=0,
        step=1,
        class_="scrub",
        data_scrub=True,
        id=f"scrub-{index}",
        aria_label="frame",
        disabled=last == 0,
    )
    controls = tag(
        "div",
        tag(
            "button",
            "▶",
            type="button",
            class_="play",
            data_play=True,
            aria_label="play",
            title="play or pause (space)",
            disabled=last == 0,
        ),
        slider,
        tag("output", f"0 / {last}", class_="counter", data_counter=True, for_=f"scrub-{index}"),
        class_="controls",
    )
    toggles = tag(
        "div",
        tag("label", tag("input", type="checkbox", checked=True, data_boxes=True), " boxes"),
        tag("label", tag("input", type="checkbox", checked=True, data_truth=True), " mark errors")
        if clip.truth is not None
        else None,
        tag(
            "span",
            tag("kbd", "←"),
            tag("kbd", "→"),
            " frame ",
            tag("kbd", "space"),
            " play",
            None if alone else join(" ", tag("kbd", "["), tag("kbd", "]"), " clip"),
            class_="keys",
        ),
        class_="toggles",
    )
    return tag("div", stage, controls, toggles, class_="player")


def _graph(known: bool) -> Html:
    """The scene graph at the cursor, filled by the script: nodes and links, then the facts in words.

    known: whether there is a truth to mark errors by; otherwise no mark needs to be explained.
    """
    marks = join(
        tag("span", tag("span", "p(x)", class_="mark missed"), " true, but not predicted", class_="item"),
        tag("span", tag("span", "p(x)", class_="mark false"), " predicted, but not true", class_="item"),
    )
    return tag(
        "div",
        tag("h4", "Scene graph at this frame"),
        tag(
            "svg",
            viewBox="0 0 416 300",
            class_="graph",
            data_graph=True,
            role="img",
            aria_label="scene graph at the cursor",
        ),
        tag("ul", class_="facts", data_facts=True, aria_live="off"),
        tag("button", type="button", class_="more", data_more=True, hidden=True),
        tag(
            "p",
            tag("span", "number: probability at this frame", class_="item"),
            marks if known else None,
            class_="quiet marks",
        ),
        class_="graph-box",
    )


def _why(clip: ClipPanel) -> Html:
    out: list[Html] = []
    if clip.caption:
        out.append(tag("blockquote", clip.caption, dir="auto", class_="caption"))
    if clip.spec:
        out.append(tag("pre", tag("code", colour(clip.spec, clip.vocabulary)), class_="code"))
    if not math.isnan(clip.probability):
        out.append(_probability(clip))
    if clip.assignment:
        items = [
            tag("span", tag("code", v), " = ", chip(clip, clip.ids.index(o)) if o in clip.ids else o, class_="binding")
            for v, o in clip.assignment.items()
        ]
        out.append(tag("div", tag("span", "best assignment", class_="label"), items, class_="assignment"))
    if clip.witness:
        steps = [
            tag(
                "li",
                tag(
                    "button",
                    tag("span", k + 1, class_=f"flag {'holds' if w.holds else 'fails'}"),
                    tag("code", colour(w.text, clip.vocabulary)),
                    tag("span", "" if w.holds else "does not hold · ", f"frame {w.frame}", class_="at"),
                    type="button",
                    data_jump=w.frame,
                    class_="step",
                ),
            )
            for k, w in enumerate(clip.witness)
        ]
        out.append(tag("ol", steps, class_="witness"))
    return tag("div", out, class_="why")


def _probability(clip: ClipPanel) -> Html:
    p = min(max(clip.probability, 0.0), 1.0)
    bar = tag(
        "svg",
        tag("rect", x=0, y=0, width=100, height=8, rx=1, class_="gauge-track"),
        tag("rect", x=0, y=0, width=100 * p, height=8, rx=1, class_="gauge-fill"),
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        class_="gauge",
        aria_hidden="true",
    )
    exact = clip.method == "exact"
    return tag(
        "div",
        tag("span", "P(clip ⊨ spec)", class_="label"),
        bar,
        tag("strong", number(clip.probability)),
        tag("span", clip.method, class_="badge exact" if exact else "badge bound"),
        class_="probability",
    )


def clips_section(clips: list[ClipPanel]) -> Html:
    """Thumbnails to choose from, and the panel of each clip (one visible at a time when scripts run)."""
    made = [
        clip_panel(c, i, name, len(clips) == 1)
        for i, (c, name) in enumerate(zip(clips, _short_ids(clips), strict=True))
    ]
    sheets = tag("svg", tag("defs", [m[0] for m in made]), width=0, height=0, class_="sheets", aria_hidden="true")
    strip = tag("div", [m[1] for m in made], role="group", aria_label="clips", class_="thumbs")
    return join(sheets, strip if len(made) > 1 else None, *(m[2] for m in made))


def _short_ids(clips: list[ClipPanel]) -> list[str]:
    """The ids without what all of them begin with; numbers stay whole."""
    first, last = min(c.id for c in clips), max(c.id for c in clips)
    same = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    shared = len(first[:same].rstrip("0123456789"))
    return [c.id[shared:] for c in clips]
