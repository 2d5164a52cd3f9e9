"""Words of a model or of another system's output, mapped to the names of a domain; every mapping is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Literal

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.fold import fold
from nesy.dsl.signature import Signature
from nesy.dsl.words import BUILTIN_UNARY, RESERVED
from nesy.synthesis.lemmas import alike, words_of
from nesy.synthesis.synonyms import SAME, WIDER
from nesy.synthesis.vocabulary import OpenDomain

How = Literal["spelling", "inflection", "synonym", "wider word", "meaning"]
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""How near a phrase is to each of some names in meaning, 1 for the same."""


MARGIN = 0.05
"""By how much the nearest name must be nearer than the second one."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A word that was not in the domain, the name that stands for it now, and by which step it was found."""

    word: str
    name: str
    how: How

    def __str__(self) -> str:
        return f"`{self.word}` was read as `{self.name}` ({self.how})"


class Normaliser:
    """Finds the domain's name for a word, by spelling, inflection, synonym, wider word, then meaning.

    A step that finds two names decides nothing and the word stays unknown: a wrong mapping would teach the wrong thing.

    Args:
        signature: the domain.
        similarity: an encoder's nearness of a phrase to names; None for none.
        least: the nearness from which a name is taken; with all-MiniLM-L6-v2 0.6 keeps `shouting` from `barking` (0.55)
            and lets `weeping` be `crying` (0.60).
        wider: whether a wider word may stand for a narrower one (`man` for `person`). It says less of what is
            affirmed, but more of what is denied, so :meth:`apply` never does it under a negation.
    """

    def __init__(
        self, signature: Signature, similarity: Similarity | None = None, least: float = 0.6, wider: bool = True
    ) -> None:
        self.signature = signature
        self.similarity = similarity
        self.least = least
        self.wider = wider
        self._found: dict[tuple[str, int | None, bool], Mapped | None] = {}

    def names(self, arity: int | None) -> list[str]:
        """Predicates of that number of arguments (classes among the unary ones); with None, the classes."""
        if arity is None:
            return list(self.signature.classes)
        return [n for n in self.signature.names() if len(self.signature.parameters(n) or ()) == arity]

    def find(self, word: str, arity: int | None, wider: bool = True) -> Mapped | None:
        """The name for ``word`` among the predicates of that arity (None: the classes), or None.

        >>> n = Normaliser(Signature.of(classes=["person"], unary=["jumping"], binary=["next_to"]))
        >>> [str(n.find(w, a)) for w, a in (("leapt", 1), ("is next to", 2), ("girl", None))]  # doctest: +ELLIPSIS
        ['`leapt` was read as `jumping` (synonym)', '`is next to` was read as `next_to` (spelling)', '`girl` was ...
        """
        key = word, arity, wider
        if key not in self._found and isinstance(self.signature, OpenDomain):
            self._found[key] = _free(word)
        if key not in self._found:
            self._found[key] = self._find(word, self.names(arity), wider and self.wider)
        return self._found[key]

    def _find(self, word: str, names: Sequence[str], wider: bool) -> Mapped | None:
        if word in names:
            return Mapped(word, word, "spelling")
        phrase = words_of(word)
        if not phrase:
            return None
        steps: list[tuple[How, Iterable[tuple[str, ...]] | None]] = [
            ("spelling", None), ("inflection", [phrase]), ("synonym", list(_synonyms(phrase)))
        ]  # fmt: skip
        if wider:
            steps += [("wider word", [w]) for w in _wider(phrase)]
        for how, forms in steps:
            if forms is None:
                found = {n for n in names if words_of(n) == phrase}
            else:
                found = {n for n in names for form in forms if alike(words_of(n), form)}
            if found:
                return Mapped(word, found.pop(), how) if len(found) == 1 else None
        names = [n for n in names if n not in BUILTIN_UNARY]  # everything is visible: too easily near
        if self.similarity is not None and names:
            scores = self.similarity(" ".join(phrase), [" ".join(words_of(n)) for n in names])
            order = sorted(range(len(names)), key=lambda i: -scores[i])
            if scores[order[0]] >= self.least and (len(order) == 1 or scores[order[1]] < scores[order[0]] - MARGIN):
                return Mapped(word, names[order[0]], "meaning")
        return None

    def apply(self, formula: Formula) -> tuple[Formula, tuple[Mapped, ...]]:
        """``formula`` with unknown predicates and classes replaced where a name is found, and what was replaced."""
        done: dict[tuple[str, int | None], Mapped] = {}
        wider = not any(_denies(g) for g in ast.walk(formula))

        def name(word: str, arity: int | None) -> str:
            if word in self.names(arity):
                return word
            mapped = self.find(word, arity, wider)
            if mapped is None:
                return word
            done[word, arity] = mapped
            return mapped.name

        def step(f: Formula, parts: Sequence[Formula]) -> Formula:
            match f:
                case ast.Atom(predicate, args):
                    if self.signature.kind(predicate) is not None:  # known: a wrong number of arguments is not a word
                        return f
                    return ast.Atom(name(predicate, len(args)), args, span=f.span)
                case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                    sorts = tuple(replaced(b, sort=name(b.sort, None)) if b.sort else b for b in f.bindings)
                    return replaced(f, bindings=sorts, body=parts[0])
            return ast.replace_children(f, tuple(parts)) if parts else f

        return fold(formula, step), tuple(done.values())


def _free(word: str) -> Mapped | None:
    """The word itself as a name, where every name is free."""
    name = "_".join(w for w in words_of(word) if w.isascii())
    if not name:
        return None
    return Mapped(word, f"n_{name}" if name[0].isdigit() else f"{name}_" if name in RESERVED else name, "spelling")


def _denies(f: Formula) -> bool:
    return isinstance(f, ast.Not | ast.Implies | ast.Iff | ast.Forall | ast.Count)


def _synonyms(phrase: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    for group in SAME:
        members = [words_of(m) for m in group]
        if any(alike(phrase, m) for m in members):
            yield from members


def _wider(phrase: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Wider words of the phrase or of its synonyms, nearest first."""
    forms = [phrase, *_synonyms(phrase)]
    found: dict[tuple[str, ...], None] = {}
    for narrow, wide in WIDER.items():
        if any(alike(words_of(narrow), f) for f in forms):
            for w in wide:
                found.update(dict.fromkeys([words_of(w), *_synonyms(words_of(w))]))
    return list(found)
