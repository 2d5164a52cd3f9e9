"""What is wrong with the text of a program, in the words of its writer: the place, what could stand there, a remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lark import Token, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from nesy.errors import Span, SpecSyntaxError

_NAMES = {
    "NAME": "a name", "INT": "an integer", "FLOAT": "a float", "STRING": "a string", "MULTISTRING": "a string",
    "PREFIXED": "a string", "CHAR": "a character", "ADD": '"+", "-"', "MUL": '"*", "/", "%"', "CMP": "a comparison",
    "TARGS": '"<"', "$END": "the end of the program",
}  # fmt: skip
_ITEM = frozenset({"AT", "CONST", "IMPORT", "QUERY", "REL", "RELATION", "TYPE"})
_VALUE = frozenset({"INT", "FLOAT", "STRING", "MULTISTRING", "PREFIXED", "CHAR", "TRUE", "FALSE"})
_OPERATORS = frozenset({"ADD", "MUL"})
_CLOSING = ('"{"', '")"', '"]"', '"}"')
_GOING_ON = (
    '"*", "/", "%"', '"+", "-"', '"^"', '"&&"', '"||"', '"?"', '"as"', '"in"', "a comparison",
    '"<"', '"["', '"!"', '"("',  # behind a name these make an aggregation or a call of it
)  # fmt: skip


def syntax_error(error: UnexpectedInput, text: str, file: str, literals: Mapping[str, str]) -> SpecSyntaxError:
    """The error to raise for one of Lark's.

    literals: the text of every terminal that is a word or a symbol, by name.
    """
    spelt = {**{name: f'"{text}"' for name, text in literals.items()}, **_NAMES}
    hint = None
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        token, accepted = error.token, set(error.accepts or error.expected)
        what = f"Unrecognized token `{token}` found at {_bytes(text, token.start_pos)}:{_bytes(text, token.end_pos)}"
        span = _span(file, token)
        before = str(error.token_history[-1]) if error.token_history else ""
        hint = _remedy(token, before, accepted, {name for name, t in literals.items() if t == "|"})
    elif isinstance(error, UnexpectedCharacters):
        accepted = set(error.allowed or ())
        what = f"Invalid token at {_bytes(text, error.pos_in_stream)}"
        span = Span(file, error.line, error.column, error.line, error.column + 1)
        if error.char == ".":
            hint = "facts and rules end without a full stop"
    else:
        accepted = set(error.accepts or error.expected) if isinstance(error, UnexpectedToken) else set()
        lines = text.splitlines() or [""]
        last = max((i for i, line in enumerate(lines) if line.strip()), default=0)
        end = len(lines[last].rstrip())
        what, span = "Unrecognized end of file", Span(file, last + 1, end + 1, last + 1, end + 2)
    return SpecSyntaxError(f"Syntax error: {what}", span=span, source=text, expected=_told(accepted, spelt), hint=hint)


def _told(accepted: set[str], spelt: Mapping[str, str]) -> list[str]:
    """What could stand there; a whole family of terminals is one word, or nobody would read the list."""
    kinds: list[str] = []
    if accepted >= _ITEM:
        accepted = accepted - _ITEM
        kinds.append("the next `rel`, `type`, `const`, `query` or `import`")
    if accepted >= _VALUE:
        kinds.append("a formula" if "NOT" in accepted else "a value")
        accepted = {name for name in accepted if spelt.get(name) in _CLOSING}
    if accepted >= _OPERATORS:
        kinds.append("an operator")
        accepted = {name for name in accepted if spelt.get(name) not in _GOING_ON}
    return [*_sorted(spelt.get(name, name.lower()) for name in accepted), *kinds]


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(set(words), key=lambda word: (not word.startswith('"'), word))


def _remedy(token: Token, before: str, accepted: set[str], bars: set[str]) -> str | None:
    if {token.value, before} & {"or", "and", "\\/", "/\\", "implies", "=>"}:
        return "`,` does not mix with `or`/`and`: use `and`, or put the formula in parentheses"
    if accepted & bars and token.type == "NAME":
        return "the values of a type stand between `|`: `type Color = RED | GREEN`"
    if accepted >= _ITEM and token.type == "NAME":
        return "facts and rules begin with `rel`"
    if token.value == ":" and "EQUAL" in accepted:
        return "a rule is `rel head(x) = body(x)`, or with `:-`"
    return None


def _span(file: str, token: Token) -> Span:
    line, column = token.line or 1, token.column or 1
    return Span(file, line, column, token.end_line or line, token.end_column or column + 1)


def _bytes(text: str, position: int | None) -> int:
    """An offset in bytes, as Scallop counts."""
    return len(text[: position or 0].encode("utf-8", "surrogatepass"))
