"""nesy: learn what happens in videos from their captions, through a temporal logic.

The language is in :mod:`nesy.dsl`, what it means in :mod:`nesy.reasoners`, pixels become scene graphs in
:mod:`nesy.perception`, captions become specs in :mod:`nesy.synthesis`, and :mod:`nesy.training` ties them together.

Offered here:

    read_graph(path), write_graph(file, path)   a scene-graph file; ``read_graph(path).graph`` is the graph
    parse_formula(text)                         a formula of the language
    query(formula, graph)                       its probability, with a witness
    show(x)                                     a rich display of almost anything, in a notebook
    predicate(signature)                        a decorator: a predicate that Python code computes
    NesyError                                   what is raised for a user's mistake

``help(nesy.query)`` and the like tell the rest; docs/api.md lists the library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nesy.dsl.parser import parse_formula as parse_formula
    from nesy.errors import NesyError as NesyError
    from nesy.predicates.declare import predicate as predicate
    from nesy.reasoners.temporal.query import query as query
    from nesy.scenegraph import read_graph as read_graph
    from nesy.scenegraph import write_graph as write_graph
    from nesy.viz.display import show as show

__version__ = "0.1.0"

_HOMES = {
    "NesyError": "nesy.errors",
    "parse_formula": "nesy.dsl.parser",
    "predicate": "nesy.predicates.declare",
    "query": "nesy.reasoners.temporal.query",
    "read_graph": "nesy.scenegraph",
    "show": "nesy.viz.display",
    "write_graph": "nesy.scenegraph",
}
"""What is offered here and where it lives; imported when it is used, because torch takes seconds to load."""


__all__ = [
    "NesyError",
    "parse_formula",
    "predicate",
    "query",
    "read_graph",
    "show",
    "write_graph",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nesy' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*_HOMES, "__version__", "load_ipython_extension", *(n for n in globals() if n.startswith("__"))})


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext nesy``: rich displays in a notebook, and errors told without a traceback."""
    from nesy.cli.magic import extend

    extend(ipython)
