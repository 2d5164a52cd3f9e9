"""Custom provenances: a user's object with some of the methods of ``Provenance``, made whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nesy.reasoners.datalog.grounding import Mode
from nesy.reasoners.datalog.provenance import Spec, provenance
from nesy.reasoners.datalog.provenance.base import Provenance

if TYPE_CHECKING:
    pass


def spec_of(name: str, custom: Any) -> Spec:
    if name != "custom":
        return provenance(name)
    probe = custom.negate(custom.one()) if hasattr(custom, "negate") else None
    mode = Mode(record=True, hard_negation=probe is None, distributive=False)
    return Spec("custom", mode, True, False, "as the user defines it", None)


def adapted(custom: Any) -> Provenance:
    """A user's object with the methods of ``Provenance``; what it lacks has the default."""
    if isinstance(custom, Provenance):
        return custom

    class Adapted(Provenance):
        pass

    made: Any = Adapted()
    for method in ("zero", "one", "add", "mult", "negate", "discard"):
        if hasattr(custom, method):
            setattr(made, method, getattr(custom, method))
    for method in ("saturated", "saturate"):
        if hasattr(custom, method):
            made.saturated = getattr(custom, method)
            break
    return made  # type: ignore[no-any-return]
