"""Clauses as GPT-4 writes them for LASER: ``name(A, man)``, ``not on(A, B) or near(A, B)``, ``and(p(A), q(A))``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

TOKEN = re.compile(r"\s*(!=|==|[(),;&|!=¬]|[^\s(),;&|!=¬]+)")
DEPTH = 50
_AND, _OR, _NOT = ("and", "&", ",", ";"), ("or", "|"), ("not", "!", "¬", "neg")


@dataclass(frozen=True, slots=True)
class Clause:
    """A conjunction, disjunction or negation of clauses, or an atom with words for arguments."""

    kind: Literal["and", "or", "not", "atom"]
    parts: tuple[Clause, ...] = ()
    name: str = ""
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.kind == "atom":
            return f"{self.name}({', '.join(self.args)})"
        if self.kind == "not":
            return f"not {self.parts[0]}"
        return "(" + f" {self.kind} ".join(map(str, self.parts)) + ")"


class _Fault(Exception):
    """What is wrong with a clause; stays inside this module."""


def parse_clause(text: str) -> Clause | str:
    """The clause, or what is wrong with the text in a few words.

    >>> str(parse_clause("not on(A, B) or near(A,B)"))
    '(not on(A, B) or near(A, B))'
    """
    tokens = TOKEN.findall(text[:10_000].replace("_", " ") if len(text) <= 10_000 else "")
    if not tokens:
        return "it is empty or too long"
    try:
        reader = _Reader(tokens)
        clause = reader.any_of()
        if reader.at < len(tokens):
            return f"`{tokens[reader.at]}` is not expected there"
    except _Fault as e:
        return str(e)
    return clause


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def see(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.see()
        if not token:
            raise _Fault("it ends too early")
        self.at += 1
        return token

    def any_of(self, commas: bool = True) -> Clause:
        """Clauses joined by or; ``commas``: whether a comma means and (not between the operands of ``or(p, q)``)."""
        parts = [self.all_of(commas)]
        while self.see().lower() in _OR:
            self.at += 1
            parts.append(self.all_of(commas))
        return parts[0] if len(parts) == 1 else Clause("or", tuple(parts))

    def all_of(self, commas: bool) -> Clause:
        parts = [self.one()]
        while self.see().lower() in _AND and (commas or self.see() != ","):
            self.at += 1
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Clause("and", tuple(parts))

    def one(self) -> Clause:
        self.depth += 1
        if self.depth > DEPTH:
            raise _Fault("it is nested too deeply")
        try:
            token = self.take()
            if token.lower() in _NOT:
                return Clause("not", (self.one(),))
            if token == "(":
                inner = self.any_of()
                self.close()
                return inner
            if token.lower() in ("and", "or") and self.see() == "(":
                self.at += 1
                parts = [self.any_of(commas=False)]
                while self.see() == ",":
                    self.at += 1
                    parts.append(self.any_of(commas=False))
                self.close()
                return Clause("and" if token.lower() == "and" else "or", _flat(parts, token.lower()))
            return self.atom(token)
        finally:
            self.depth -= 1

    def atom(self, first: str) -> Clause:
        words = [first]
        while self.see() not in ("(", "!=", "==", "="):
            words.append(self.word())
        sign = self.take()
        if sign != "(":
            return Clause("atom", name="neq" if sign == "!=" else "eq", args=(" ".join(words), self.word()))
        args = []
        while True:
            argument = [self.word()]
            while self.see() not in (",", ")"):
                argument.append(self.word())
            args.append(" ".join(argument).strip("\"'"))
            if self.take() == ")":
                return Clause("atom", name=" ".join(words).strip("\"'"), args=tuple(args))

    def word(self) -> str:
        token = self.take()
        if not re.search(r"\w", token):
            raise _Fault(f"`{token}` is not expected there")
        return token

    def close(self) -> None:
        if self.take() != ")":
            raise _Fault("a bracket is not closed")


def _flat(parts: list[Clause], kind: str) -> tuple[Clause, ...]:
    return tuple(q for p in parts for q in (p.parts if p.kind == kind else (p,)))
