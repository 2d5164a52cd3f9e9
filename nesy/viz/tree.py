"""A formula as a drawn tree: operators above their operands, one SVG."""

from __future__ import annotations

from dataclasses import dataclass

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.tree import is_leaf, label
from nesy.viz.html import Html, tag

CHARACTER, PAD, HEIGHT, GAP, LEVEL = 7.3, 10, 26, 14, 52  # pixels
MOST_NODES = 300


@dataclass(frozen=True)
class Node:
    """A box of the drawing: x is its middle, y its upper edge, parent the number of the box above."""

    text: str
    kind: str
    x: float
    y: float
    parent: int | None

    @property
    def width(self) -> float:
        return CHARACTER * len(self.text) + 2 * PAD


def layout(formula: Formula) -> list[Node]:
    """The boxes, operators before their operands; subtrees stand beside each other and never overlap.

    No recursion, so that the deepest formula that the parser reads is drawn as well.
    """
    formulas: list[tuple[Formula, int | None, int]] = []
    below: list[list[int]] = []
    stack: list[tuple[Formula, int | None, int]] = [(formula, None, 0)]
    while stack:
        f, parent, depth = stack.pop()
        k = len(formulas)
        formulas.append((f, parent, depth))
        below.append([])
        if parent is not None:
            below[parent].append(k)
        if not is_leaf(f):
            stack += [(g, k, depth + 1) for g in reversed(ast.children(f))]
    texts = [label(f) for f, _, _ in formulas]
    own = [CHARACTER * len(t) + 2 * PAD for t in texts]
    span = list(own)  # the width that a subtree takes
    for k in reversed(range(len(formulas))):
        if below[k]:
            span[k] = max(own[k], sum(span[c] for c in below[k]) + GAP * (len(below[k]) - 1))
    left = [0.0] * len(formulas)
    for k, children in enumerate(below):
        at = left[k] + (span[k] - sum(span[c] for c in children) - GAP * (len(children) - 1)) / 2
        for c in children:
            left[c] = at
            at += span[c] + GAP
    return [
        Node(texts[k], _kind(f), left[k] + span[k] / 2, depth * LEVEL, parent)
        for k, (f, parent, depth) in enumerate(formulas)
    ]


def _kind(f: Formula) -> str:
    match f:
        case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
            return "quant"
        case ast.And() | ast.Or() | ast.Not() | ast.Implies() | ast.Iff() if not is_leaf(f):
            return "bool"
    return "leaf" if is_leaf(f) else "op"


def tree_svg(formula: Formula) -> Html | None:
    """The drawing, None when it would have too many boxes to be read."""
    nodes = layout(formula)
    if len(nodes) > MOST_NODES:
        return None
    width = max(n.x + n.width / 2 for n in nodes)
    height = max(n.y for n in nodes) + HEIGHT
    links = [
        tag("path", d=_link(nodes[n.parent], n), class_="link", fill="none") for n in nodes if n.parent is not None
    ]
    boxes = [
        tag(
            "g",
            tag("rect", x=n.x - n.width / 2, y=n.y, width=n.width, height=HEIGHT, rx=6 if n.kind == "leaf" else 13),
            tag("text", n.text, x=n.x, y=n.y + 17, text_anchor="middle"),
            class_=f"n-{n.kind}",
        )
        for n in nodes
    ]
    return tag(
        "svg",
        links,
        boxes,
        viewBox=f"-1 -1 {width + 2:.1f} {height + 2:.1f}",
        width=f"{width + 2:.0f}",
        height=f"{height + 2:.0f}",
        role="img",
        aria_label="formula tree",
        class_="tree",
    )


def _link(above: Node, n: Node) -> str:
    y0, y1 = above.y + HEIGHT, n.y
    middle = (y0 + y1) / 2
    return f"M{above.x:.1f} {y0}C{above.x:.1f} {middle} {n.x:.1f} {middle} {n.x:.1f} {y1}"
