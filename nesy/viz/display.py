"""What a notebook shows: formulas as trees, scene graphs as pages, answers as probabilities with their witness."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nesy.dsl import ast, builder
from nesy.dsl.explain import explain
from nesy.dsl.printer import statement_text, to_text
from nesy.dsl.signature import Signature
from nesy.dsl.tree import tree
from nesy.errors import DataError, NesyError
from nesy.viz.html import Child, Html, join, number, tag
from nesy.viz.syntax import colour
from nesy.viz.tree import tree_svg

if TYPE_CHECKING:
    from nesy.memory.answers import Item, Reply
    from nesy.memory.store import TripleStore
    from nesy.reasoners.temporal.query import Answer
    from nesy.scenegraph import GraphFile
    from nesy.viz.asked import Asked

COLUMNS = ("what", "class", "video", "when", "confidence")  # of a memory's reply
MOST_SHOWN = 40  # rows of a table


@dataclass(frozen=True)
class Shown:
    """Something to look at: HTML for a notebook, text for everything else."""

    html: Html
    text: str

    def _repr_html_(self) -> str:
        return str(self.html)

    def __repr__(self) -> str:
        return self.text


def show(
    x: object,
    *,
    graph: GraphFile | Path | str | None = None,
    video: Path | str | None = None,
    query: str | ast.Formula | None = None,
    height: int | None = None,
) -> Shown:
    """Something of nesy, to look at in a notebook (the last value of a cell) or to print.

    Args:
        x: a formula (or its text), a task (or the path of a .dsl file), a scene graph (or the path of its file), the
            answer of a query, a memory or its reply, or an error.
        graph: asks the formula ``x`` of this graph; names the objects of an answer.
        video, query: for a scene graph, its video and a formula to answer on the page.
        height: of a scene graph's page, in pixels; otherwise what its time lines need.

    Raises:
        DataError: nothing that nesy can show.
        SpecSyntaxError, SpecTypeError: a text that is no formula.

    >>> print(show("exists m: mugen { eventually jumping(m) }"))
    exists m: mugen { eventually jumping(m) }
    There is a mugen m such that at some moment m is jumping
    """
    from nesy.memory.answers import Reply
    from nesy.memory.store import TripleStore
    from nesy.reasoners.temporal.query import Answer
    from nesy.scenegraph import GraphFile, SceneGraph, read_graph
    from nesy.viz.asked import Asked, ask

    if isinstance(graph, (str, Path)):
        graph = read_graph(graph)
    if isinstance(x, (str, Path)):
        x = _read(x)
    if isinstance(x, builder.Formula):
        x = x.node
    match x:
        case ast.Formula() if graph is not None:
            return shown_asked(ask(x, graph), graph.ids)
        case ast.Formula():
            return shown_formula(x)
        case ast.Module():
            return shown_module(x)
        case GraphFile():
            return shown_graph(x, video, query, height)
        case SceneGraph():
            return shown_graph(_named(x), video, query, height)
        case Asked():
            return shown_asked(x, None if graph is None else graph.ids)
        case Answer():
            return shown_answer(x, None if graph is None else graph.ids)
        case Reply():
            return shown_reply(x)
        case TripleStore():
            return shown_memory(x)
        case NesyError():
            return Shown(_card(tag("pre", str(x))), str(x))
    raise DataError(
        f"nothing to show for a {type(x).__name__}",
        expected=["a formula", "a task", "a scene graph", "an answer", "a path of a .dsl or .json file"],
    )


def _read(x: str | Path) -> object:
    """A file by its ending; any other text is a formula."""
    suffix = Path(x).suffix if isinstance(x, Path) or "\n" not in x else ""
    if suffix == ".json":
        from nesy.scenegraph import read_graph

        return read_graph(x)
    if suffix == ".dsl":
        from nesy.dsl.parser import load

        return load(x)
    if isinstance(x, Path):
        raise DataError(f"{x}: neither a task nor a scene graph", expected=["a .dsl file", "a .json file"])
    from nesy.dsl.parser import parse_formula

    return parse_formula(x)


def _named(graph: Any) -> GraphFile:
    import torch

    from nesy.scenegraph import GraphFile

    if graph.batch_size != 1:
        raise DataError(f"{graph.batch_size} scene graphs in one batch", hint="show one of them: graph.clip(0)")
    g = graph.clip(0).to("cpu")
    frames, objects = g.present.shape[1:]
    return GraphFile(g, tuple(f"o{n + 1}" for n in range(objects)), torch.zeros(frames, objects, 4))


def shown_formula(formula: ast.Formula, name: str = "", signature: Signature | None = None) -> Shown:
    """The formula in colour, read back in English, and its tree."""
    text, english = to_text(formula), explain(formula, signature)
    drawn = tree_svg(formula)
    html = _card(
        tag("p", name, class_="name") if name else None,
        tag("pre", colour(text), class_="formula"),
        tag("pre", english, class_="english"),
        tag("div", drawn if drawn is not None else tag("pre", tree(formula)), class_="scroll"),
    )
    return Shown(html, f"{name + ': ' if name else ''}{text}\n{english}")


def shown_module(module: ast.Module) -> Shown:
    """The statements of a task, and each of its specs as a formula."""
    signature = Signature.from_module(module)
    source = "\n".join(statement_text(s) for s in module.statements)
    specs = [shown_formula(s.formula, s.name, signature) for s in module.statements if isinstance(s, ast.Spec)]
    html = join(_card(tag("pre", colour(source), class_="formula")), *(s.html for s in specs))
    return Shown(html, "\n".join([source, *(s.text for s in specs)]))


def shown_graph(
    file: GraphFile, video: Path | str | None, question: str | ast.Formula | None, height: int | None
) -> Shown:
    """The viewer's page in a frame of its own: it can run its own script and reach nothing outside.

    Nor can it tell the notebook how high it is, so the height is reckoned from what it shows.
    """
    from nesy.viz.view import panel_height, panel_page, view_panel

    title = "scene graph" if video is None else Path(video).stem
    panel, notes = view_panel(file, title, video=video, question=question)
    frame = tag(
        "iframe",
        srcdoc=panel_page(panel, notes, bare=True),
        sandbox="allow-scripts",
        title="scene graph",
        height=height or panel_height(panel, notes),
        class_="nesy-shown-view",
    )
    v = file.graph.vocabulary
    text = f"scene graph: {file.graph.present.shape[1]} frames, objects {', '.join(file.ids) or 'none'}"
    return Shown(join(_style(), frame), f"{text}; {len(v.unary)} unary and {len(v.binary)} binary predicates")


def shown_asked(asked: Asked, ids: tuple[str, ...] | None) -> Shown:
    """A formula with its answer."""
    inner = _answer(asked.answer, ids)
    warned = [tag("p", w, class_="quiet") for w in asked.warnings]
    html = _card(tag("pre", colour(asked.text), class_="formula"), warned, inner.html)
    return Shown(html, f"{asked.text}\n{inner.text}")


def shown_answer(answer: Answer, ids: tuple[str, ...] | None) -> Shown:
    """An answer alone; without the graph its objects are called by their numbers."""
    inner = _answer(answer, ids)
    return Shown(_card(inner.html), inner.text)


def _answer(answer: Answer, ids: tuple[str, ...] | None) -> Shown:
    from nesy.viz.asked import assignment, witness_steps

    w = answer.witness
    if ids is None:
        most = max((o for s in w.steps for o in s.objects), default=0) if w else 0
        most = max([most, *(w.objects.values() if w else ())])
        ids = tuple(f"#{n}" for n in range(most + 1))
    exact = answer.method == "exact"
    told = f"P = {answer.probability:.6f}" if exact else f"{answer.lower:.6f} ≤ P ≤ {answer.upper:.6f}"
    width = 100 * min(max(answer.probability, 0.0), 1.0)
    bar = tag("span", tag("i", style=f"width:{width:.2f}%"), class_="bar")
    badge = tag("span", "exact" if exact else "bounds", class_="badge" if exact else "badge bound")
    lines: list[Child] = [tag("div", bar, tag("strong", told), badge, class_="p")]
    text = [told + (" (exact)" if exact else f" (bounds: {answer.note or 'as asked'})")]
    if answer.note:
        lines.append(tag("p", answer.note, class_="quiet"))
    objects = assignment(answer, ids)
    if objects:
        named = ", ".join(f"{v} = {o}" for v, o in objects.items())
        lines.append(tag("p", "witness: ", tag("code", named)))
        text.append(f"with {named}")
    steps = witness_steps(answer, ids)
    if steps:
        rows = [
            tag("tr", tag("td", s.frame), tag("td", tag("code", colour(s.text))),
                tag("td", "" if s.holds else "unlikely", class_="no"))
            for s in steps[:MOST_SHOWN]
        ]  # fmt: skip
        if len(steps) > MOST_SHOWN:
            rows.append(tag("tr", tag("td", "…"), tag("td", f"{len(steps) - MOST_SHOWN} more frames")))
        head = tag("tr", tag("th", "frame"), tag("th", "fact"), tag("th"))
        lines.append(tag("table", tag("thead", head), tag("tbody", rows)))
        text += [f"frame {s.frame}: {s.text}" + ("" if s.holds else " (unlikely)") for s in steps]
    if w is None:
        lines.append(tag("p", "no witness", class_="quiet"))
    return Shown(join(*lines), "\n".join(text))


def shown_reply(reply: Reply) -> Shown:
    """A memory's reply: the formulas into which the question was read, and what answers."""
    q = reply.question
    head = [tag("pre", colour(f), class_="formula") for f in reply.formulas]
    told = (
        []
        if reply.value is None
        else [f"{'yes' if reply.value is True else 'no' if reply.value is False else reply.value}"]
    )
    if reply.probability is not None:
        told.append(f"P = {number(reply.probability, 4)}")
    cells = [_item(item) for item in reply.items[:MOST_SHOWN]]
    text = ["  ".join(c for c in row if c) for row in cells]
    counted = reply.value if isinstance(reply.value, int) and not isinstance(reply.value, bool) else 0
    more = max(counted, len(reply.items)) - len(cells) if cells else 0
    table = None
    if cells:
        used = [k for k in range(len(COLUMNS)) if any(row[k] for row in cells)]  # no question fills every column
        body = [tag("tr", [tag("td", row[k]) for k in used]) for row in cells]
        if more:
            body.append(tag("tr", tag("td", f"and {more} more", colspan=len(used), class_="quiet")))
            text.append(f"and {more} more")
        table = tag("table", tag("thead", tag("tr", [tag("th", COLUMNS[k]) for k in used])), tag("tbody", body))
    html = _card(
        tag("p", q.text, class_="name"), head, tag("p", tag("strong", ", ".join(told))) if told else None, table
    )
    return Shown(html, "\n".join([q.text, *told, *(text or ([] if told else ["nothing"]))]))


def _item(item: Item) -> tuple[str, ...]:
    """One thing that answers, a text for each of :data:`COLUMNS`."""
    when = "" if item.start is None else f"frames {item.start}-{(item.end or item.start + 1) - 1}"
    if item.seconds is not None:
        when = f"{item.seconds[0]:.2f}-{item.seconds[1]:.2f} s"
    return item.what or "", item.label or "", item.video, when, number(item.confidence, 3)


def shown_memory(store: TripleStore) -> Shown:
    """A memory as a map: its classes, and what their objects did to each other most tellingly."""
    from itertools import islice

    from nesy.viz.memory_map import MOST_READ, map_svg, overview

    total, videos = store.count(), len(store.videos())
    seen = overview(islice(store.triples(), MOST_READ))
    head = f"{total} triples of {videos} video{'s' * (videos != 1)}"
    listed = ", ".join(f"{name} {count}" for name, count in store.predicates().items())
    partly = tag("p", f"drawn from the first {MOST_READ}", class_="quiet") if total > MOST_READ else None
    drawn = map_svg(seen)
    html = _card(
        tag("p", head, class_="name"), tag("div", drawn, class_="scroll") if drawn else None, partly,
        tag("p", listed, class_="quiet"),
    )  # fmt: skip
    ties = [f"{a} {p} {b}: {seen.links[a, p, b]} times" for a, p, b in seen.telling()]
    return Shown(html, "\n".join([head, *ties]))


def _card(*children: Child) -> Html:
    return join(_style(), tag("div", *children, class_="nesy-shown"))


def _style() -> Html:
    css = files("nesy.viz").joinpath("assets", "display.css").read_text("utf-8")
    return tag("style", Html(css))
