"""What a parser would accept, in words that a reader of the language knows."""

from __future__ import annotations

from collections.abc import Collection

from nesy.dsl.words import STATEMENTS, SYMBOLS, TEXTBOOK

_BINARY = frozenset("URSW")
_OPERANDS = frozenset((
    "(", "true", "false", "not", "exists", "forall", "count", "distinct", "next", "eventually", "always", "previous",
    "once", "historically", "weak", "NAME", "!", *TEXTBOOK,
)) - _BINARY  # fmt: skip
_OPERATORS = _BINARY | {"and", "or", "then", "until", "release", "since", "->", "<->"}
_VALUES = frozenset(("STRING", "NUMBER", "true", "false", "[", "{"))
_TERMINALS = {
    "NAME": "a name",
    "STRING": 'a text in double quotes `"..."`',
    "INTEGER": "a whole number",
    "NUMBER": "a number",
    "QUANTITY": "a number such as `3`, `0.5s` or `30%`",
    "$END": "the end of the text",
}


def in_words(accepted: Collection[str]) -> list[str]:
    """Sentences for the accepted terminals (their literal text, or NAME, STRING, ... for the patterns).

    >>> in_words({"NAME", "not", "(", "exists"})
    ['a formula']
    """
    rest = set(accepted) - set(SYMBOLS)
    words: list[str] = []
    if {"NUMBER", "STRING", "["} <= rest:
        words.append('a value: a number, `"text"`, `true`, `false`, `[...]` or `{...}`')
        rest -= _VALUES
    if "not" in rest:
        words.append("a formula")
        rest -= _OPERANDS
        if "[" in rest:
            words.append("a window such as `[2,10]`")
            rest.discard("[")
    if "and" in rest:
        words.append("an operator such as `and`, `or`, `then`, `until`, `->`")
        rest -= _OPERATORS | {"weak", "@"}
    if "spec" in rest:
        words.append("a statement such as `class`, `constraint`, `spec`")
        rest -= {*STATEMENTS, "$END"}
    if "early" in rest:
        words.append("`early`, `mid`, `late` or a part of the clip such as `[0%, 30%]`")
        rest -= {"early", "mid", "late", "["}
    if "short" in rest:
        words.append("`short`, `medium`, `long` or a share of the clip such as `30%`")
        rest -= {"short", "medium", "long", "QUANTITY"}
    if {"<", ">="} <= rest:
        words.append("a comparison: `=`, `!=`, `<`, `<=`, `>` or `>=`")
        rest -= {"=", "!=", "<", "<=", ">", ">=", "=="}
    words += [_TERMINALS[t] for t in _TERMINALS if t in rest]
    words += [f"`{t}`" for t in sorted(rest - set(_TERMINALS) - set(TEXTBOOK))]
    return words
