"""Common ways to get the syntax wrong, each with what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nesy.dsl.scan import Piece
from nesy.dsl.words import RESERVED, STATEMENTS, TEXTBOOK
from nesy.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a parser stopped.

    before: the tokens before the fault, all of the chunk.
    found: the token at the fault; None at the end of the text.
    accepted: what could stand here (see :class:`nesy.dsl.mistakes.Mistake`).
    fresh_line: whether ``found`` is the first token of its line.
    start: ``module`` or ``formula``.
    """

    before: Sequence[Piece]
    found: Piece | None
    accepted: frozenset[str]
    fresh_line: bool
    start: str

    def last(self, i: int = 1) -> str:
        """The ``i``-th token before the fault."""
        return self.before[-i].text if i <= len(self.before) else ""

    @property
    def text(self) -> str:
        return self.found.text if self.found else ""

    @property
    def statement(self) -> str:
        """The word that opens the statement at hand."""
        if self.start == "formula":
            return ""
        return next((p.text for p in reversed(self.before) if p.text in STATEMENTS), "")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do; with a code and a message where the general ones would say too little."""

    hint: str | None
    code: str | None = None
    message: str = ""
    at: Piece | None = None


FOREIGN = {
    "finally": "eventually", "sometime": "eventually", "sometimes": "eventually", "globally": "always",
    "henceforth": "always", "never": "always not", "implies": "->", "iff": "<->", "before": "then", "after": "then",
    "followed": "then", "while": "and", "during": "and", "but": "and", "xor": "<->", "some": "exists",
    "any": "exists", "all": "forall", "every": "forall", "each": "forall", "wuntil": "weak until",
    "prev": "previous", "yesterday": "previous", "tomorrow": "next", "if": "->",
}  # fmt: skip
"""Words of other languages, and what nesy says."""

CHARACTERS = {
    "'": 'write texts in double quotes: `"..."`',
    ";": "leave it out: statements need no `;`",
    "#": "write a comment after `//`",
    "*": "write a comment after `//`, to the end of the line",
    "/": "write a comment after `//`, to the end of the line",
    "∧": "write `and`", "∨": "write `or`", "¬": "write `not`", "→": "write `->`", "↔": "write `<->`",
    "⇒": "write `->`", "⇔": "write `<->`", "∃": "write `exists x { ... }`", "∀": "write `forall x { ... }`",
    "◇": "write `eventually`", "◊": "write `eventually`", "□": "write `always`", "○": "write `next`", "≠": "write `!=`",
    "≥": "write `>=`", "≤": "write `<=`", "~": "write `not`", "^": "write `and`", "\\": "write `and`, `or` or `not`",
    "“": 'write texts in plain double quotes: `"..."`', "”": 'write texts in plain double quotes: `"..."`',
    "-": "names are letters, digits and `_`: write `traffic_light`",
    "+": "there is no arithmetic; counts are compared: `count x { ... } >= 2`",
    "?": "leave it out", "$": "leave it out: variables are plain names",
}  # fmt: skip


def remedy(fault: Fault) -> Remedy | None:
    """The first of the known mistakes that fits."""
    return next((r for check in _CHECKS if (r := check(fault)) is not None), None)


def _keyword_called(f: Fault) -> Remedy | None:
    """``F(x, y)``: a keyword where a predicate was meant."""
    if f.text not in (")", ",") or len(f.before) < 3 or f.last(2) not in ("(", ",") or "=" not in f.accepted:
        return None
    opener = next((i for i in range(len(f.before) - 1, 0, -1) if f.before[i].text == "("), 0)
    word = f.before[opener - 1] if opener else None
    if word is None or word.text not in RESERVED:
        return None
    stands = f" (it stands for `{TEXTBOOK[word.text]}`)" if word.text in TEXTBOOK else ""
    return Remedy(
        f"if it is meant as the operator, `{f.last()}` needs a predicate: `{word.text} p({f.last()})`; "
        f"if as a predicate, rename it",
        "E004",
        f"`{word.text}` is a keyword{stands} and cannot be used as a predicate",
        word,
    )


def _keyword_bound(f: Fault) -> Remedy | None:
    """``exists at: coin``: the one place where ``at`` and ``exactly`` are no names."""
    if f.last() in ("at", "exactly") and f.last(2) == "exists" and f.text in (":", ",", "{"):
        return Remedy(
            "choose another name for the variable",
            "E004",
            f"`{f.last()}` is a keyword after `exists` and cannot be used as a name",
            f.before[-1],
        )
    return None


def _misspelt_before(f: Fault) -> Remedy | None:
    """``eventualy p(x)``: a name where the parser still waits for its brackets."""
    if "(" not in f.accepted or "=" not in f.accepted or not f.before or f.before[-1].kind != "word":
        return None
    word, at = f.last(), f.before[-1]
    if f.start == "formula" and word in STATEMENTS and len(f.before) == 1:
        return Remedy(
            "give the formula alone", "E001", f"`{word}` begins a statement, but here is a formula wanted", at
        )
    if word in RESERVED:  # read as a name, because an operator cannot stand here
        then = word == "then" and f.last(2) in ("and", "&", "&&")
        hint = "leave `and` out: `a then b` says that b comes later" if then else "put a formula on each side of it"
        return Remedy(hint, "E001", f"`{word}` cannot stand here", at)
    foreign = FOREIGN.get(word.lower())
    if foreign:
        return Remedy(f"write `{foreign}`", "E014", f"unknown operator `{word}`", at)
    near = did_you_mean(word, [w for w in RESERVED if len(w) > 2])
    if near and f.found is not None and f.text not in (")", ",", "{"):
        return Remedy(near, "E014", f"unknown operator `{word}`", at)
    return Remedy(f"write the objects in parentheses: `{word}(x)`")


def _misspelt_here(f: Fault) -> Remedy | None:
    """``a(x) untill b(x)``: a word where an operator belongs."""
    if f.found is None or f.found.kind != "word" or "and" not in f.accepted:
        return None
    foreign = FOREIGN.get(f.text.lower())
    if foreign:
        return Remedy(f"write `{foreign}`", "E014", f"unknown operator `{f.text}`")
    near = did_you_mean(f.text, ("and", "or", "then", "until", "release", "since"))
    if near and not (f.fresh_line and did_you_mean(f.text, STATEMENTS)):
        return Remedy(near, "E014", f"unknown operator `{f.text}`")
    return None


def _arrow(f: Fault) -> Remedy | None:
    if f.text in ("=>", ">") and "and" in f.accepted:
        return Remedy("an implication is written `->`")
    if f.text in ("=", "==") and "and" in f.accepted and f.last() == ")":
        return Remedy("`=` compares two objects; for two formulas write `<->`")
    return None


def _quantifier(f: Fault) -> Remedy | None:
    quantifier = next((p.text for p in reversed(f.before) if p.text in ("exists", "forall", "count", "{", ")")), "")
    if quantifier not in ("exists", "forall", "count"):
        return None
    if f.last() == quantifier and f.found is not None and f.found.kind == "number":
        return Remedy(f"write `exists at least {f.text} x {{ ... }}`, `at most` or `exactly`")
    if f.text == "in" and ":" in f.accepted:
        return Remedy("give the class after a colon: `exists m: mugen { ... }`")
    if f.last() == quantifier and f.text == "(":
        return Remedy(f"write the variables without parentheses: `{quantifier} x {{ ... }}`")
    if "{" in f.accepted:
        return Remedy(f"put the formula in braces: `{quantifier} x {{ ... }}`")
    return None


def _window(f: Fault) -> Remedy | None:
    if f.found is not None and f.found.kind == "number" and f.last() == "(" and f.last(2) in _WINDOWED:
        return Remedy(f"a window stands in square brackets: `{f.last(2)}[2,10]`")
    inside = [p.text for p in f.before[-3:]]
    if "[" not in inside:
        return None
    if f.found is not None and (f.text in (".", ":", "-", ";", "]") or f.found.kind in ("number", "word", "symbol")):
        return Remedy("write both ends with a comma between them: `[2,10]`, `[0.5s,2s]`, `[0%,33%]`, `[3,]`")
    return None


_WINDOWED = ("eventually", "always", "once", "historically", "until", "release", "since", "then", *TEXTBOOK)


def _settings(f: Fault) -> Remedy | None:
    if f.statement not in ("data", "captions", "perception", "train"):
        return None
    if "NUMBER" in f.accepted and f.found is not None and f.found.kind == "word":
        return Remedy(f'write texts in double quotes: `"{f.text}"`')
    if f.text == "=" and ":" in f.accepted:
        return Remedy("write `key: value`")
    if {",", "}"} <= f.accepted and f.found is not None and f.found.kind in ("word", "string"):
        return Remedy("separate settings by commas")
    return None


def _statement(f: Fault) -> Remedy | None:
    word = f.statement
    if f.found is None or not word:
        return None
    if f.last() == word and f.last(2) == ",":
        return Remedy(
            f"leave the comma out, or write a name after it before `{word}`",
            "E001",
            "a name is missing after the comma",
            f.before[-2],
        )
    if word == "spec" and ":" in f.accepted:
        return Remedy("write `spec name: formula`")
    if word == "rule" and ":-" in f.accepted:
        return Remedy("write `rule head(a, b) :- condition, condition.`")
    if word == "define" and "=" in f.accepted and "(" not in f.accepted:
        return Remedy("write `define name(a, b) = formula`")
    if word in ("class", "unary", "binary") and f.last() == word:
        return Remedy(f"write the names after it: `{word} first, second`")
    if word in ("class", "unary", "binary") and f.text == "(":
        return Remedy(f"write only the names: `{word} first, second`")
    if word in ("class", "unary", "binary") and f.found.kind == "word" and not f.fresh_line:
        return Remedy("separate names by commas; a name of several words is written with `_`: `traffic_light`")
    if word in ("domain", "import") and f.last() == word:
        return Remedy('write `import "file.dsl"`' if word == "import" else "write one name: `domain platformer`")
    return None


def _character(f: Fault) -> Remedy | None:
    hint = CHARACTERS.get(f.text[:1])
    if hint and f.found is not None and f.found.kind == "symbol":
        return Remedy(hint)
    if f.found is not None and f.found.kind == "word" and not f.text.isascii():
        return Remedy("names are made of the letters a to z, digits and `_`")
    return None


_CHECKS: tuple[Callable[[Fault], Remedy | None], ...] = (
    _keyword_called,
    _keyword_bound,
    _arrow,
    _window,
    _quantifier,
    _misspelt_before,
    _misspelt_here,
    _settings,
    _statement,
    _character,
)
