"""A Pygments lexer for docs, notebooks and terminals; its words are those of :mod:`nesy.dsl.words`."""

from __future__ import annotations

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from nesy.dsl import words

NUMBER = r"-?\b[0-9]+(?:[./][0-9]+)?(?:[eE][+-]?[0-9]+|ms\b|s\b|%)?"
SYMBOL = r"<->|->|:-|!=|<=|>=|==|&&|\|\||[=<>!&|@]"
STRING = r'"(?:[^"\\\n]|\\.)*"?'


def any_of(names: tuple[str, ...]) -> str:
    """A pattern for whole words."""
    return rf"\b(?:{'|'.join(names)})\b"


STATEMENT = rf"\b({'|'.join(words.STATEMENTS)})\b(?!\s*[(,:])"
TEMPORAL = any_of((*words.FUTURE, *words.PAST, "weak"))
TEXTBOOK = any_of(tuple(words.TEXTBOOK)) + r"(?=\s*[\[(!\w])"  # a variable so named stands before `,`, `)` or `:`
QUANTIFIER = any_of((*words.QUANTIFIERS, *words.QUANTIFIER_DETAILS))
LOGIC = any_of(tuple(w for w in words.LOGIC if w not in ("true", "false")))
CONSTANT = r"\b(?:true|false)\b"
HINT = r"(@\s*)" + any_of((*words.LOCATIONS, *words.DURATIONS)).replace("(?:", "(")
CALL = r"\b([A-Za-z_]\w*)(?=\s*\()"
BUILTIN = any_of(words.BUILTIN_UNARY) + r"(?=\s*\()"


class NesyLexer(RegexLexer):  # type: ignore[misc]
    """Tokens of ``.dsl`` files and formulas; it only marks words, so that broken text is shown as well."""

    name = "nesy"
    aliases = ("nesy",)
    filenames = ("*.dsl",)
    tokens = {  # noqa: RUF012  (the form that Pygments asks for)
        "root": [
            (r"//[^\n]*", Comment.Single),
            (r"\s+", Whitespace),
            (STRING, String.Double),
            (NUMBER, Number),
            (HINT, bygroups(Operator, Name.Constant)),
            (r"(captions)(\s+)(from)\b", bygroups(Keyword.Declaration, Whitespace, Keyword.Declaration)),
            (STATEMENT, Keyword.Declaration),
            (TEMPORAL, Keyword),
            (TEXTBOOK, Keyword),
            (QUANTIFIER, Keyword.Type),
            (LOGIC, Operator.Word),
            (CONSTANT, Keyword.Constant),
            (BUILTIN, Name.Builtin),
            (CALL, Name.Function),
            (r"(:\s*)([A-Za-z_]\w*)(?=\s*[,{)])", bygroups(Punctuation, Name.Class)),
            (r"[A-Za-z_]\w*", Name),
            (SYMBOL, Operator),
            (r"[\[\](){},:.]", Punctuation),
            (r".", Punctuation),
        ]
    }
