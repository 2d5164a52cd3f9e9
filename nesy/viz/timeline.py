"""Timelines: each fact as a strip over the frames, predicted probability as shade, truth as a line below it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nesy.viz.content import ClipPanel
from nesy.viz.facts import Fact, top_classes, true_class
from nesy.viz.html import Html, join, number, tag

COLOURS = 8  # of objects; after that they repeat
SHADES = 0.04  # steps of probability that a strip tells apart
Pair: TypeAlias = tuple[int, "int | None"]
AT_FIRST = 20  # rows of pairs that are shown before more are asked for


def timelines(clip: ClipPanel, rows: Sequence[Fact]) -> Html:
    """All timelines of a clip, objects first, then ordered pairs; those of the assignment come first."""
    assigned = _assigned(clip)
    by_object, by_pair = _grouped(clip, rows)
    objects = sorted(range(len(clip.ids)), key=lambda s: s not in assigned)
    out = [_axis(clip)]
    out += [_object_group(clip, s, by_object.get(s, [])) for s in objects]
    if by_pair:
        out.append(tag("h4", f"Pairs ({len(by_pair)})"))
        out.append(tag("div", _pair_groups(clip, by_pair), class_="pairs"))
    if not clip.ids:
        out.append(tag("p", "No object was found in this clip.", class_="quiet"))
    cursor = tag("div", class_="cursor", aria_hidden="true")
    return tag("div", cursor, out, class_="timeline", data_timeline=True)


def _assigned(clip: ClipPanel) -> set[int | None]:
    return {clip.ids.index(o) for o in clip.assignment.values() if o in clip.ids}


def _grouped(clip: ClipPanel, rows: Sequence[Fact]) -> tuple[dict[int, list[Fact]], dict[Pair, list[Fact]]]:
    """The facts that get a time line, by object and by ordered pair; pairs of the assignment come first."""
    single = [f for f in rows if f.object is None and f.shown]
    double = [f for f in rows if f.object is not None and f.shown]
    by_pair = {k: list(g) for k, g in groupby(double, key=lambda f: (f.subject, f.object))}
    assigned = _assigned(clip)
    ranked = sorted(by_pair, key=lambda k: -len({*k} & assigned))
    return {s: list(g) for s, g in groupby(single, key=lambda f: f.subject)}, {k: by_pair[k] for k in ranked}


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
    label, value = tag("span", "frame", class_="label"), tag("span", "value", class_="now", title="at the cursor")
    return tag("div", label, tag("div", marks, flags, class_="track"), value, class_="row axis")


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


def _pair_groups(clip: ClipPanel, by_pair: dict[Pair, list[Fact]]) -> list[Html]:
    """Whole pairs, at first about :data:`AT_FIRST` rows of them; the script hides the others behind a button."""
    first, _ = _first([len(facts) for facts in by_pair.values()])
    out = [_pair_group(clip, k, facts, i >= first) for i, (k, facts) in enumerate(by_pair.items())]
    if first < len(by_pair):
        words = f"{len(by_pair) - first} more pairs"
        out.append(tag("button", words, type="button", class_="more", data_pairs=words, hidden=True))
    return out


def _first(rows: Sequence[int]) -> tuple[int, int]:
    """Of pairs with so many rows: how many pairs are shown at first, and their rows."""
    first = next((k for k in range(len(rows)) if sum(rows[:k]) >= AT_FIRST), len(rows))
    if first + 1 == len(rows):
        first += 1  # a button in place of one pair would save nothing
    return first, sum(rows[:first])


def rows_at_first(clip: ClipPanel, rows: Sequence[Fact]) -> tuple[int, int]:
    """How many groups and rows the timelines of a clip show at first."""
    by_object, by_pair = _grouped(clip, rows)
    pairs, more = _first([len(facts) for facts in by_pair.values()])
    return len(clip.ids) + pairs, sum(max(1, len(by_object.get(s, ()))) for s in range(len(clip.ids))) + more


def _pair_group(clip: ClipPanel, pair: Pair, rows: Sequence[Fact], over: bool) -> Html:
    s, o = pair[0], pair[1] or 0
    head = tag("div", chip(clip, s), tag("span", "→", class_="arrow"), chip(clip, o), class_="head")
    css = "group over" if over else "group"
    return tag("div", head, [_row(clip, f, s) for f in rows], class_=css, data_members=f"{s} {o}")


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


def key(known: bool) -> Html:
    """How to read a strip; ``known``: whether a truth is drawn."""
    items = [
        (tag("span", class_="key-shade"), "shade: predicted probability"),
        (tag("span", class_="key-true"), "line: true") if known else None,
        (tag("span", class_="key-absent"), "no ground: absent"),
        (tag("span", class_="key-cursor"), "cursor: the frame shown; the numbers at the right are its values"),
    ]
    return join(*(tag("span", i, class_="item") for i in items if i))
