"""The words of the language, by role; the parser, the error messages and the lexers for editors share them."""

from __future__ import annotations

STATEMENTS = (
    "domain", "import", "class", "unary", "binary", "predicate", "rule", "constraint", "define", "spec",
    "data", "captions", "perception", "train",
)  # fmt: skip
"""Words that open a statement. Elsewhere they are ordinary names: a class may be called ``train``."""

FUTURE = ("next", "eventually", "always", "until", "release", "then")
PAST = ("previous", "once", "historically", "since")
QUANTIFIERS = ("exists", "forall", "count")
LOGIC = ("not", "and", "or", "true", "false", "distinct")
TEXTBOOK = {
    "X": "next", "F": "eventually", "G": "always", "U": "until", "R": "release", "W": "weak until",
    "Y": "previous", "O": "once", "H": "historically", "S": "since",
}  # fmt: skip
"""One-letter synonyms and the words that they stand for."""

SYMBOLS = {"!": "not", "&": "and", "&&": "and", "|": "or", "||": "or", "==": "="}

RESERVED = frozenset((*FUTURE, *PAST, *QUANTIFIERS, *LOGIC, "weak", *TEXTBOOK))
"""Words that can never name a class, a predicate or a variable."""

LOCATIONS = ("early", "mid", "late")
DURATIONS = ("short", "medium", "long")
QUANTIFIER_DETAILS = ("at", "least", "most", "exactly")
BUILTIN_UNARY = ("visible",)
"""Predicates that exist without a declaration: ``visible(x)``, the object is present in this frame."""
ANY_OBJECT = "object"
"""``x: object`` is any object, read as ``x`` without a class; no class may have this name."""


def is_name(text: str) -> bool:
    """Whether a text can name a class, a predicate or a variable."""
    return text.isascii() and text.isidentifier() and text not in RESERVED
