"""The TextMate grammar of the language, made from the same words as the parser.

``editors/vscode/nesy.tmLanguage.json`` holds its text; a test compares the two. To write it anew:
``python -m nesy.dsl.textmate editors/vscode/nesy.tmLanguage.json``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from nesy.dsl import words
from nesy.files import write_whole


def any_of(names: tuple[str, ...]) -> str:
    return rf"\b(?:{'|'.join(names)})\b"


def grammar() -> dict[str, Any]:
    """The grammar as data; scopes follow the TextMate conventions."""
    statements = "|".join(words.STATEMENTS)
    logic = tuple(w for w in words.LOGIC if w not in ("true", "false"))
    rules = [
        ("comment.line.double-slash.nesy", r"//.*$"),
        ("string.quoted.double.nesy", r'"(?:[^"\\]|\\.)*"'),
        ("constant.numeric.nesy", r"-?\b[0-9]+(?:[./][0-9]+)?(?:[eE][+-]?[0-9]+|ms\b|s\b|%)?"),
        ("constant.language.hint.nesy", r"(?<=@|@ )" + any_of((*words.LOCATIONS, *words.DURATIONS))),
        ("keyword.other.statement.nesy", rf"^\s*(?:{statements})\b(?!\s*\()|(?<=captions )from\b"),
        ("keyword.control.temporal.nesy", any_of((*words.FUTURE, *words.PAST, "weak"))),
        ("keyword.control.temporal.nesy", any_of(tuple(words.TEXTBOOK)) + r"(?=\s*[\[(!\w])"),
        ("keyword.control.quantifier.nesy", any_of((*words.QUANTIFIERS, *words.QUANTIFIER_DETAILS))),
        ("keyword.operator.word.nesy", any_of(logic)),
        ("constant.language.boolean.nesy", r"\b(?:true|false)\b"),
        ("support.function.builtin.nesy", any_of(words.BUILTIN_UNARY) + r"(?=\s*\()"),
        ("entity.name.function.nesy", r"\b[A-Za-z_]\w*(?=\s*\()"),
        ("entity.name.type.class.nesy", r"(?<=: |:)[A-Za-z_]\w*(?=\s*[,{)])"),
        ("keyword.operator.nesy", r"<->|->|:-|!=|<=|>=|==|&&|\|\||[=<>!&|@]"),
        ("variable.other.nesy", r"\b[A-Za-z_]\w*\b"),
    ]
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "nesy",
        "scopeName": "source.nesy",
        "fileTypes": ["dsl"],
        "patterns": [{"name": name, "match": pattern} for name, pattern in rules],
    }


def main(path: str) -> None:
    """Write the grammar to ``path``."""
    write_whole(path, json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
