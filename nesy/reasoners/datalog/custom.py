"""Custom provenances: a user's object with some of the methods of ``Provenance``, made whole."""

from __future__ import annotations

from typing import Any

from nesy.errors import NesyError
from nesy.reasoners.datalog.grounding import Mode
from nesy.reasoners.datalog.provenance import Spec, provenance
from nesy.reasoners.datalog.provenance.base import Provenance


def spec_of(name: str, custom: Any) -> Spec:
    if not isinstance(name, str):
        raise NesyError(f"{name!r} is no name of a provenance", hint='such as "topkproofs" or "exact"')
    if name != "custom":
        return provenance(name)
    if custom is None:
        raise NesyError("provenance `custom` needs `custom_provenance`")
    if isinstance(custom, type):
        raise NesyError(
            f"custom_provenance is the class `{custom.__name__}`", hint=f"give an object: {custom.__name__}()"
        )
    missing = [m for m in ("zero", "one", "add", "mult") if not callable(getattr(custom, m, None))]
    if missing:
        raise NesyError(
            f"custom_provenance of type `{type(custom).__name__}` has no method `{missing[0]}`",
            hint="it needs zero(), one(), add(a, b) and mult(a, b)",
        )
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
