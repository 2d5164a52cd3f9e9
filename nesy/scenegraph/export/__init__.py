"""Scene graphs in other people's formats: networkx, PVSG-style JSON, JSON-LD and RDF N-Triples, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nesy.errors import DataError, NesyError, did_you_mean
from nesy.files import write_whole
from nesy.scenegraph.export.networkx import from_networkx, to_networkx
from nesy.scenegraph.export.pvsg import from_pvsg, to_pvsg
from nesy.scenegraph.export.rdf import from_jsonld, from_ntriples, to_jsonld, to_ntriples
from nesy.scenegraph.file import GraphFile, graph_to_json, read_graph

__all__ = [
    "FORMATS",
    "export_graph",
    "from_jsonld",
    "from_networkx",
    "from_ntriples",
    "from_pvsg",
    "import_graph",
    "to_jsonld",
    "to_networkx",
    "to_ntriples",
    "to_pvsg",
]


def _node_link(file: GraphFile) -> str:
    import networkx as nx

    return json.dumps(nx.node_link_data(to_networkx(file), edges="edges"))


WRITERS: dict[str, Callable[[GraphFile], str]] = {
    "nesy": lambda file: json.dumps(graph_to_json(file), separators=(",", ":")),
    "networkx": _node_link,
    "pvsg": lambda file: json.dumps(to_pvsg(file)),
    "jsonld": lambda file: json.dumps(to_jsonld(file)),
    "ntriples": to_ntriples,
}
FORMATS = tuple(WRITERS)


def export_graph(file: GraphFile, path: Path, form: str) -> None:
    """Write a scene graph as ``nesy``, ``networkx`` (node-link JSON), ``pvsg``, ``jsonld`` or ``ntriples``; atomically.

    Raises:
        NesyError: unknown format.
        DataError: the file cannot be written.
    """
    if form not in WRITERS:
        raise NesyError(f"unknown format `{form}`", expected=FORMATS, hint=did_you_mean(form, FORMATS))
    write_whole(path, WRITERS[form](file))


def import_graph(path: Path, form: str) -> GraphFile:
    """Read what :func:`export_graph` wrote; the other formats keep what the table in docs/scene-graph.md says.

    Raises:
        NesyError: unknown format.
        DataError: missing file, or one of another format.
    """
    if form == "nesy":
        return read_graph(path)
    if form not in WRITERS:
        raise NesyError(f"unknown format `{form}`", expected=FORMATS, hint=did_you_mean(form, FORMATS))
    try:
        text = path.read_text("utf-8")
        if form == "ntriples":
            return from_ntriples(text)
        data: Any = json.loads(text)
        if form == "networkx":
            import networkx as nx

            return from_networkx(nx.node_link_graph(data, edges="edges"))
        return from_pvsg(data) if form == "pvsg" else from_jsonld(data)
    except OSError as e:
        raise DataError(f"{path}: cannot read ({e.strerror})") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as e:
        raise DataError(f"{path}: not readable as {form} ({type(e).__name__}: {e})", expected=FORMATS) from e
