"""The stated limits of the language. Whatever exceeds one is refused with an error, never with a hang or a crash."""

from __future__ import annotations

FILE_BYTES = 1 << 20
"""Size of one file or formula, as UTF-8."""

NESTING = 200
"""Depth of one formula as a tree, also after macros and rules are unfolded."""

SETTINGS = 20
"""Depth of the settings of a block: braces and brackets inside of each other."""

VARIABLES = 8
"""Quantified variables of one spec, after unfolding: on nested scopes, the most that are in scope at once."""

NODES = 20_000
"""Size of one formula after unfolding."""

DIGITS = 40
"""Digits of one number."""

COUNT = 1000
"""The largest number with which a count of objects is compared."""
