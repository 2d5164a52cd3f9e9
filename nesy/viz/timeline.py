"""Timelines: each fact as a strip over the frames, predicted probability as shade, truth as a line below it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from nesy.viz.content import ClipPanel
from nesy.viz.facts import Fact, top_classes, true_class
from nesy.viz.html import Html, join, number, tag

COLOURS = 8  # of objects; after that they repeat
SHADES = 0.04  # steps of probability that a strip tells apart


def timelines(clip: ClipPanel, rows: Sequence[Fact]) -> Html:
    """All timelines of a clip, objects first, then ordered pairs; those of the assignment come first."""
    assigned = {clip.ids.index(o) for o in clip.assignment.values() if o in clip.ids}
    single = [f for f in rows if f.object is None and f.shown]
    double = [f for f in rows if f.object is not None and f.shown]
    by_object = {s: list(g) for s, g in groupby(single, key=lambda f: f.subject)}
    by_pair = {k: list(g) for k, g in groupby(double, key=lambda f: (f.subject, f.object))}
    objects = sorted(range(len(clip.ids)), key=lambda s: s not in assigned)
    pairs = sorted(by_pair, key=lambda k: -len({*k} & assigned))
    out = [_axis(clip)]
    out += [_object_group(clip, s, by_object.get(s, [])) for s in objects]
    if pairs:
        out.append(tag("h4", f"Pairs ({len(pairs)})"))
        out.append(tag("div", [_pair_group(clip, k, by_pair[k]) for k in pairs], class_="pairs"))
    if not clip.ids:
        out.append(tag("p", "No object was found in this clip.", class_="quiet"))
    cursor = tag("div", class_="cursor", aria_hidden="true")
    return tag("div", cursor, out, class_="timeline", data_timeline=True)


def _axis(clip: ClipPanel) -> Html:
    """Frame numbers, with a mark at each witness frame."""
    t = len(clip.frames)
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if t / s <= 12), t)
    marks = [tag("span", f, class_="tick", style=f"left:{100 * (f + 0.5) / t:.3f}%") for f in range(0, t, step)]
    flags = [
        tag(
            "button",
            k + 1,
            type="button",
            class_=f"flag {'holds' if w.holds else 'fails'}",
            data_jump=w.frame,
            title=f"{w.text} (frame {w.frame})",
            style=f"left:{100 * (w.frame + 0.5) / t:.3f}%",
        )
        for k, w in enumerate(clip.witness)
    ]
    return tag("div", tag("span", "frame", class_="label"), tag("div", marks, flags, class_="track"), class_="row axis")


def chip(clip: ClipPanel, n: int, full: bool = False) -> Html:
    """The coloured name of an object with its most probable class."""
    classes = top_classes(clip, n, 1)
    name = classes[0][0] if classes else "object"
    prob = tag("span", number(classes[0][1], 2), class_="p") if classes and full else None
    return tag("span", tag("b", clip.ids[n]), " ", name, prob, class_=f"chip c{n % COLOURS}")


def _object_group(clip: ClipPanel, s: int, rows: Sequence[Fact]) -> Html:
    truth = true_class(clip, s)
    classes = top_classes(clip, s, 1)
    wrong = truth is not None and bool(classes) and classes[0][0] != truth
    others = ", ".join(f"{c} {number(p, 2)}" for c, p in top_classes(clip, s))
    variables = [v for v, o in clip.assignment.items() if o == clip.ids[s]]
    head = tag(
        "div",
        tag(
            "button",
            chip(clip, s, full=True),
            type="button",
            class_="focus",
            data_focus=s,
            aria_pressed="false",
            title=f"{others}: click to see only this object",
        ),
        tag("span", f"= {', '.join(variables)}", class_="var") if variables else None,
        tag("span", f"truth: {truth}", class_="wrong") if wrong else None,
        class_="head",
    )
    body: list[Html] = [_row(clip, f, s) for f in rows]
    if not body:
        body.append(
            tag("div", tag("span", "nothing likely", class_="label quiet"), _presence(clip.present[:, s]), class_="row")
        )
    return tag("div", head, body, class_="group", data_members=str(s))


def _pair_group(clip: ClipPanel, pair: tuple[int, int | None], rows: Sequence[Fact]) -> Html:
    s, o = pair[0], pair[1] or 0
    head = tag("div", chip(clip, s), tag("span", "→", class_="arrow"), chip(clip, o), class_="head")
    return tag("div", head, [_row(clip, f, s) for f in rows], class_="group", data_members=f"{s} {o}")


def _row(clip: ClipPanel, fact: Fact, colour: int) -> Html:
    here = clip.present[:, fact.subject]
    if fact.object is not None:
        here = here & clip.present[:, fact.object]
    return tag(
        "div",
        tag("span", fact.predicate, class_="label mono", title=fact.predicate if len(fact.predicate) > 15 else None),
        strip(fact, here, f"c{colour % COLOURS}"),
        tag("output", class_="now", data_now=fact.index),
        class_="row",
    )


def strip(fact: Fact, here: NDArray[np.bool_], css: str) -> Html:
    """One fact as SVG, one unit a frame: ground where present, shade = probability, lower line = truth."""
    true = np.zeros(len(here), np.bool_) if fact.truth is None else fact.truth
    levels = np.round(fact.prob / SHADES).astype(int)
    shades = [_shade(levels == k, f"{k * SHADES:.2f}") for k in np.unique(levels) if k > 0]
    parts = [_stretches(here, 5, "here"), tag("g", shades, class_="p"), _stretches(true, 12.5, "true")]
    label = f"{fact.predicate}: likely at {spans(fact.prob > 0.5)}"
    if fact.truth is not None:
        label += f"; true at {spans(fact.truth)}"
    return tag(
        "svg",
        parts,
        viewBox=f"0 0 {len(here)} 14",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
        class_=f"strip {css}",
    )


def _presence(here: NDArray[np.bool_]) -> Html:
    parts = _stretches(here, 5, "here")
    return tag(
        "svg",
        parts,
        viewBox=f"0 0 {len(here)} 14",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"present in frames {spans(here)}",
        class_="strip",
    )


def spans(mask: NDArray[np.bool_]) -> str:
    """Frames in words.

    >>> spans(np.array([1, 1, 0, 1], bool))
    '0-1, 3'
    """
    return ", ".join(str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b, on in _runs(mask) if on) or "none"


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int, bool]]:
    """Maximal stretches [a, b) of equal truth."""
    cuts = [0, *(np.flatnonzero(mask[1:] != mask[:-1]) + 1).tolist(), len(mask)]
    return [(a, b, bool(mask[a])) for a, b in pairwise(cuts)]


def _shade(mask: NDArray[np.bool_], opacity: str) -> Html:
    """The frames of one shade; written without :func:`tag`, because a page has thousands of them."""
    d = "".join(f"M{a} 5h{b - a}" for a, b, on in _runs(mask) if on)
    return Html(f'<path d="{d}" opacity="{opacity.lstrip("0") or "0"}"/>')


def _stretches(mask: NDArray[np.bool_], y: float, css: str) -> Html | None:
    d = "".join(f"M{a} {y:g}h{b - a}" for a, b, on in _runs(mask) if on)
    return tag("path", d=d, class_=css) if d else None


def key() -> Html:
    """How to read a strip."""
    return join(
        tag("span", class_="key-shade"),
        "shade: predicted probability ",
        tag("span", class_="key-true"),
        "line: true ",
        tag("span", class_="key-absent"),
        "no ground: absent",
    )
