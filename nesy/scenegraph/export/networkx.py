"""A scene graph as a networkx multigraph: objects are nodes, binary facts are edges; all numbers are kept."""

from __future__ import annotations

from typing import Any

import networkx as nx

from nesy.errors import DataError
from nesy.scenegraph.file import GraphFile, graph_to_json, parse_graph

DIGITS = 6


def to_networkx(file: GraphFile) -> nx.MultiDiGraph:
    """The graph of one clip.

    Graph attributes: ``fps``, ``frames``, ``vocabulary``. A node is an object's id with ``classes`` (name to
    probability), ``label`` (the most probable class), ``boxes`` (a box or None a frame) and ``facts`` (unary
    predicate to one probability a frame). An edge has the predicate as its key and ``prob``, one probability a frame.
    """
    data = graph_to_json(file, DIGITS)
    out = nx.MultiDiGraph(fps=data["fps"], frames=data["frames"], vocabulary=data["vocabulary"])
    for o in data["objects"]:
        label = max(o["class"], key=o["class"].get) if o["class"] else None
        out.add_node(o["id"], classes=o["class"], label=label, boxes=o["boxes"], facts={})
    for row in data["unary"]:
        out.nodes[row["object"]]["facts"][row["predicate"]] = row["prob"]
    for row in data["binary"]:
        out.add_edge(row["subject"], row["object"], key=row["predicate"], prob=row["prob"])
    return out


def from_networkx(graph: nx.MultiDiGraph) -> GraphFile:
    """The scene graph of a multigraph of :func:`to_networkx`'s form; DataError where it is none."""
    try:
        data: dict[str, Any] = {
            "nesy": "scene-graph/1",
            "fps": graph.graph["fps"],
            "frames": graph.graph["frames"],
            "vocabulary": graph.graph["vocabulary"],
            "objects": [{"id": n, "class": x["classes"], "boxes": x["boxes"]} for n, x in graph.nodes(data=True)],
            "unary": [
                {"predicate": k, "object": n, "prob": p}
                for n, x in graph.nodes(data=True)
                for k, p in x.get("facts", {}).items()
            ],
            "binary": [
                {"predicate": k, "subject": s, "object": o, "prob": x["prob"]}
                for s, o, k, x in graph.edges(keys=True, data=True)
            ],
        }
    except (KeyError, AttributeError, TypeError, ValueError) as e:
        raise DataError(f"no multigraph of a scene graph: {type(e).__name__} {e}", expected=["see to_networkx"]) from e
    return parse_graph(data)
