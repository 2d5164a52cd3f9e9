"""nesy: learn what happens in videos from their captions, through a temporal logic.

The language is in :mod:`nesy.dsl`, what it means in :mod:`nesy.reasoners`, pixels become scene graphs in
:mod:`nesy.perception`, captions become specs in :mod:`nesy.synthesis`, and :mod:`nesy.training` ties them together.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nesy.predicates.declare import predicate as predicate
    from nesy.viz.display import show as show

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "predicate":  # not imported before it is used: it brings torch, and `nesy --version` should be quick
        from nesy.predicates.declare import predicate

        return predicate
    if name == "show":
        from nesy.viz.display import show

        return show
    raise AttributeError(f"module 'nesy' has no attribute {name!r}")


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext nesy``: rich displays in a notebook, and errors told without a traceback."""
    from nesy.viz.display import extend

    extend(ipython)
