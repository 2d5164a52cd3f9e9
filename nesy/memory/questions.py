"""English questions: turned into the statement that a caption would make, and read by the caption extractor.

"Who jumped over a snail?" becomes "Mugen jumped over a snail", whose spec tells which variable stands for "who"; its
class is then left open. What an extractor cannot read as a caption it cannot read as a question either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nesy.dsl import ast
from nesy.dsl.printer import to_text
from nesy.errors import NesyError
from nesy.memory.occurrences import NotAStory, Story, story
from nesy.memory.passive import bindings, by_anyone
from nesy.synthesis.base import Domain, SpecExtractor, extractors

Kind = Literal["who", "when", "how often", "how many", "ever", "where", "around"]


class QuestionError(NesyError):
    """The question is not understood."""


@dataclass(frozen=True)
class Reading:
    """One way to read the question's statement.

    formula: the statement's spec.  story: its events, None where it is more than a sequence of events.
    variable: the variable that is asked for, None if none is.
    """

    formula: ast.Formula
    story: Story | None
    variable: str | None


@dataclass(frozen=True)
class Question:
    """What is asked.

    kind: who (also "what", "which"), when, how often, how many (different objects), ever (yes or no), where (which
        videos), around (what happened before, after or while the statement held).
    readings: who and what may have several, one for each thing that could be meant.
    video: only in this video.
    relation: of an ``around`` question: before, after or during.  subject: whose doings it asks for.
    main: number of the event that is asked for, where a story has several ("when did A happen before B": A).
    span: of an ``around`` question: numbers of the events from whose start to whose end what is meant lasts.
    negated: the question says "never" of all that is stated.
    """

    text: str
    kind: Kind
    statement: str
    readings: tuple[Reading, ...]
    video: str | None = None
    relation: str | None = None
    subject: str | None = None
    negated: bool = False
    main: int = 0
    span: tuple[int, int] = (0, 0)


AUXILIARY = ("did", "does", "do", "has", "have", "had", "was", "were", "is", "are")
STARTS = ("who", "whom", "what", "which", "when", "at", "how", "in", "where", *AUXILIARY)
ARTICLES = ("a", "an", "the", "some", "any")
_BE = ("was", "were", "is", "are")
PRONOUNS = ("he", "she", "it", "they")
JOINING = ("and", "but", "or", "then", "before", "after", "while", "when", "until", "because", "without")
PASSED_OVER = frozenset(
    ("again", "another", "beginning", "begin", "end", "final", "first", "immediately", "last", "mostly", "often",
     "rarely", "same", "second", "seldom", "third", "usually")
)  # fmt: skip
"""Words over which a caption is read without loss, as what remains is true too; of a question the answer changes."""
AT_LEAST = re.compile(r"`([^`]+)` was read as at least")
"""A note of the extractor: a plural or a quantifier became "some". So is a plural meant, but not "all" or "most"."""


class Questions:
    """Reads questions about a memory.

    Args:
        domain: the names that the memory knows.
        videos: names of videos, so that "in VIDEO" narrows a question.
        extractor: a caption extractor by name.
    """

    def __init__(self, domain: Domain, videos: Sequence[str] = (), extractor: str = "rules") -> None:
        self.domain = domain
        self.videos = frozenset(videos)
        self.extractor: SpecExtractor = extractors[extractor](domain, {})
        self.hero = getattr(getattr(self.extractor, "lexicon", None), "hero", None)

    def read(self, text: str) -> Question:
        """The question in ``text``.

        Raises:
            QuestionError: no form of question, or a statement that the extractor does not understand.
        """
        words, video = self._scope(text)
        if not words:
            raise QuestionError("an empty question")
        first = words[0].lower()
        rest = words[1:]
        if first in ("who", "whom", "what", "which"):
            return self._who(text, first, rest, video)
        if first == "when":
            return self._plain(text, "when", rest, video)
        if first == "at" and [w.lower() for w in rest[:2]] in (["what", "time"], ["which", "time"]):
            return self._plain(text, "when", rest[2:], video)
        if first == "how" and rest and rest[0].lower() == "often":
            return self._plain(text, "how often", rest[1:], video)
        if first == "how" and [w.lower() for w in rest[:2]] == ["many", "times"]:
            return self._plain(text, "how often", rest[2:], video)
        if first == "how" and rest and rest[0].lower() == "many":
            return self._how_many(text, rest[1:], video)
        if first == "where" or (first == "in" and len(rest) > 1 and rest[0].lower() in ("which", "what")):
            return self._plain(text, "where", rest if first == "where" else rest[2:], video)
        if first in AUXILIARY:
            return self._plain(text, "ever", words, video)
        raise QuestionError(
            f"not a question that is understood: {text.strip()!r}",
            expected=["who", "what", "which", "when", "how often", "how many", "did ... ever", "in which videos"],
        )

    # ---------------------------------------------------------------------------------------------------------------

    def _scope(self, text: str) -> tuple[list[str], str | None]:
        """The words without the question mark, and the video that "in VIDEO" names at the beginning or the end."""
        words = text.strip().rstrip("?!. ").replace("?", "").split()
        if len(words) >= 2 and words[-2].lower() in ("in", "of") and words[-1] in self.videos:
            return words[:-2], words[-1]
        if len(words) >= 2 and words[0].lower() == "in" and words[1].rstrip(",:") in self.videos:
            return words[2:], words[1].rstrip(",:")
        return words, None

    def _statements(self, words: list[str]) -> list[str]:
        """Ways to say "did Mugen jump", "was Mugen chased" as a statement."""
        words = [w for w in words if w.lower() != "ever"]
        if _never(words):
            words = [w for w in words if w.lower() != "never"]
        if not words or words[0].lower() not in AUXILIARY:
            return [" ".join(words)]
        auxiliary, rest = words[0], words[1:]
        if auxiliary.lower() not in _BE:
            return [" ".join(rest)]
        places = [k for k in range(1, min(5, len(rest)) + 1) if rest[k - 1].lower() not in ARTICLES]
        return [" ".join([*rest[:k], auxiliary.lower(), *rest[k:]]) for k in places]

    def _extract(self, statements: Sequence[str]) -> tuple[str, ast.Formula] | None:
        """The first statement that is understood as a whole."""
        for statement in statements:
            formula = None if self._passed_over(statement) else self._whole(statement)
            if formula is not None and self.hero is None:
                formula = by_anyone(statement, formula, self._whole, self.domain.classes, self._at_end)
            if formula is not None:
                return statement, formula
        return None

    def _whole(self, statement: str) -> ast.Formula | None:
        """The formula of a statement, None when something of it was left out or made weaker."""
        (found,) = self.extractor.extract([statement[:1].upper() + statement[1:] + "."])
        return None if any("left out" in n or _weaker(n) for n in found.notes) else found.formula

    def _passed_over(self, statement: str) -> list[str]:
        """The words of a statement that the extractor would read over, though the answer hangs on them."""
        words = [w.strip(",").lower() for w in statement.split()]
        if self.hero is None and words[:1] and words[0] in PRONOUNS:  # of whom? a caption before it would tell
            return words[:1]
        own = {*self.domain.classes, *self.domain.unary, *self.domain.binary}
        sequence = "then" in words  # "first ... and then ..." only tells the order
        return [w for w in words if w in PASSED_OVER and w not in own and not (w == "first" and sequence)]

    def _reading(self, formula: ast.Formula, variable: str | None = None) -> Reading:
        try:
            told = story(formula, self.domain.classes)
        except NotAStory:
            told = None
        return Reading(formula, told, variable)

    def _plain(self, text: str, kind: Kind, words: list[str], video: str | None) -> Question:
        found = self._extract(self._statements(words))
        if found is None:
            raise self._not_understood(text, words)
        negated = _never(words)
        if negated and kind not in ("ever", "where"):
            raise QuestionError(
                f"nothing can be told of what never happened: {text.strip()!r}",
                hint="ask `did ... never ...` or `in which videos did ... never ...`",
            )
        main = -1 if "after" in [w.lower() for w in words] else 0
        return Question(text, kind, found[0], (self._reading(found[1]),), video, negated=negated, main=main)

    def _who(self, text: str, first: str, rest: list[str], video: str | None) -> Question:
        lower = [w.lower() for w in rest]
        if first == "what" and lower[:1] in (["happened"], ["happens"], ["occurred"]):
            return self._around(text, rest[1:], None, video)
        if first == "what" and lower[:1] == ["did"]:
            for i, w in enumerate(lower):
                if w in ("do", "doing") and i >= 2 and lower[i + 1 : i + 2] in (["before"], ["after"], ["while"]):
                    return self._around(text, rest[i + 1 :], " ".join(rest[1:i]), video)
        if first in ("which", "what") and len(rest) > 1 and lower[0] not in AUXILIARY:
            named = self._which(text, rest, video)
            if named is not None:
                return named
        return self._open(text, rest, video)

    def _which(self, text: str, rest: list[str], video: str | None) -> Question | None:
        """ "Which monster chased Mugen", "which coin did Mugen take": the noun says what is asked for."""
        noun, others = rest[0], rest[1:]
        tail = others[1:] if others and others[0].lower() in AUXILIARY else None
        if tail is None or others[0].lower() in _BE:
            statements = [" ".join(["a", noun, *others])]
        else:
            statements = [self._at_end(tail, f"a {noun}")]
        found = self._extract(statements)
        if found is None:
            return None
        before = {b.var for b in bindings(found[1])}
        variable = self._variable_of(noun, found[1])
        return (
            Question(text, "who", found[0], (self._reading(found[1], variable),), video) if variable in before else None
        )

    def _variable_of(self, noun: str, formula: ast.Formula) -> str | None:
        """The variable that a noun introduced: the one whose class (or classes) the noun alone would give."""
        own = {b.var: b.sort for b in bindings(formula)}
        for name in (noun.lower(), noun.lower().rstrip("s")):
            if name in self.domain.classes:
                return next((v for v, sort in own.items() if sort == name), None)
        said = {f.args[0] for f in ast.walk(formula) if isinstance(f, ast.Atom) and f.predicate in self.domain.classes}
        return next((v for v, sort in own.items() if sort is None and v in said), None)  # a word for several classes

    @staticmethod
    def _at_end(words: list[str], noun: str) -> str:
        """The noun at the place of the gap: the end of the first clause."""
        for i, w in enumerate(words):
            if w.lower() in ("before", "after", "while", "and", "then") and i > 0:
                return " ".join([*words[:i], noun, *words[i:]])
        return " ".join([*words, noun])

    def _open(self, text: str, rest: list[str], video: str | None) -> Question:
        """ "Who ..." and "what ...": the open place is the subject, or else the end of the first clause."""
        found: list[tuple[str, ast.Formula, str, list[str]]] = []
        if rest and rest[0].lower() not in AUXILIARY:
            found = self._tried(rest, lambda noun: [" ".join([noun, *rest])], subject=True)
        elif rest:
            if rest[0].lower() in _BE:  # "who was chased by a bee"
                found = self._tried(rest, lambda noun: [" ".join([noun, *rest])], subject=True)
            if not found:  # "what did Mugen take", "what was Mugen chased by"
                ways = [] if _never(rest) else self._statements(rest)
                found = self._tried(rest, lambda noun: [self._at_end(s.split(), noun) for s in ways], subject=False)
        if not found:
            raise self._not_understood(text, rest)
        readings = []
        for _, formula, variable, classes in found:
            reading = self._reading(formula, variable)
            if reading.story is not None:  # several readings: each holds of the classes that led to it
                sorts = {**reading.story.sorts, variable: None if len(found) == 1 else tuple(classes)}
                reading = Reading(formula, Story(sorts, reading.story.events, reading.story.different), variable)
            readings.append(reading)
        return Question(text, "who", found[0][0], tuple(readings), video)

    def _tried(
        self, rest: list[str], ways: Callable[[str], list[str]], *, subject: bool
    ) -> list[tuple[str, ast.Formula, str, list[str]]]:
        """Every class in the open place: statement, formula, variable and classes of each different reading."""
        asked = " ".join(rest).lower()
        candidates = [c for c in self.domain.classes if not re.search(rf"\b{re.escape(c)}(s|es)?\b", asked)]
        if subject and self.hero in candidates:  # if the hero can be who did it, no other reading is needed
            candidates = [self.hero, *(c for c in candidates if c != self.hero)]
        shapes: dict[str, tuple[str, ast.Formula, str, list[str]]] = {}
        for c in candidates:
            found = self._extract(ways(c if c == self.hero else f"a {c}"))
            binding = [] if found is None else [b for b in bindings(found[1]) if b.sort == c]
            if found is None or len(binding) != 1:
                continue
            key = _shape(found[1], binding[0].var)
            shapes.setdefault(key, (*found, binding[0].var, []))[3].append(c)
            if subject and c == self.hero:
                break
        return list(shapes.values())

    def _how_many(self, text: str, words: list[str], video: str | None) -> Question:
        """ "How many coins did Mugen collect", "how many monsters chased Mugen": different objects are counted."""
        if len(words) < 2:
            raise self._not_understood(text, words)
        noun = next((c for c in self.domain.classes if words[0].lower() in (c, c + "s", c + "es")), None)
        singular = noun or words[0].lower().removesuffix("s")
        found = self._which(text, [singular, *words[1:]], video)
        if found is None:
            raise self._not_understood(text, words)
        return Question(text, "how many", found.statement, found.readings, video)

    def _around(self, text: str, words: list[str], subject: str | None, video: str | None) -> Question:
        """ "What happened before ...", "what did Mugen do after ..."."""
        relation = {"before": "before", "after": "after", "while": "during", "when": "during"}.get(
            words[0].lower() if words else ""
        )
        if relation is None or len(words) < 2:
            raise self._not_understood(text, words)
        statement = " ".join(words[1:])
        found = self._extract([statement, self._gerund(words[1:], subject)])
        if found is None:
            raise self._not_understood(text, words)
        who = None if subject is None else subject.lower().removeprefix("the ").removeprefix("a ").removeprefix("an ")
        said = [w.lower() for w in found[0].split()]
        if "after" in said or "before" in said:  # the main clause is meant, the other one says which of its events
            span = (-1, -1) if "after" in said else (0, 0)
        else:  # "A and then B": from the start of A to the end of B
            span = (0, -1)
        return Question(text, "around", found[0], (self._reading(found[1]),), video, relation, who, span=span)

    def _gerund(self, words: list[str], subject: str | None) -> str:
        """ "before collecting a coin": the subject is that of the question."""
        return " ".join([subject or self.hero or "", "is", *words]).strip()

    def _not_understood(self, text: str, words: list[str]) -> QuestionError:
        (told,) = self.extractor.extract([" ".join(words)])
        why = "; ".join([told.reason, *told.notes]) if told.formula is None else "; ".join(told.notes)
        said = words[1:] if words and words[0].lower() in AUXILIARY else words
        if over := self._passed_over(" ".join(said)):
            why = f"what `{over[0]}` says cannot be told"
        return QuestionError(
            f"the question is not understood: {text.strip()!r}" + (f" ({why})" if why else ""),
            hint="say it in the words of the captions, or ask a pattern `(?, predicate, class)` or a formula",
        )


def _never(words: Sequence[str]) -> bool:
    """Whether "never" is said of the whole: "did X never ...", not "did X jump and never ..." or "never ... never"."""
    lower = [w.lower() for w in words]
    return lower.count("never") == 1 and not any(w in JOINING for w in lower[: lower.index("never")])


def _weaker(note: str) -> bool:
    """Whether a note of the extractor tells of a quantifier that it made weaker, such as "all coins"."""
    found = AT_LEAST.match(note)
    first = found[1].split() if found is not None else []
    return bool(first) and len(first) + (first[0] == "exactly") > 1 and first[0] not in ("some", "any", "the")


def _shape(formula: ast.Formula, variable: str) -> str:
    """The formula as text with its variables numbered and the class of one left out, to compare readings."""
    order = {b.var: (f"v{i}", "?" if b.var == variable else b.sort) for i, b in enumerate(bindings(formula))}
    body = formula
    while isinstance(body, ast.Exists):
        body = body.body
    text = re.sub(r"\b[A-Za-z_]\w*\b", lambda m: order[m[0]][0] if m[0] in order else m[0], to_text(body))
    return f"{sorted(order.values(), key=str)} {text}"
