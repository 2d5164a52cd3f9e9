"""Answers to questions: from the triples where a question is a sequence of events, else from the kept graphs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from nesy.dsl import ast
from nesy.dsl.printer import to_text
from nesy.errors import DataError
from nesy.memory.formulas import ask_formula
from nesy.memory.occurrences import Occurrence, occurrences
from nesy.memory.questions import Question, QuestionError, Questions, Reading
from nesy.memory.store import IS_A, Pattern, TripleStore
from nesy.synthesis.base import Domain

SURE = 0.25
"""Confidence from which an occurrence counts; a product over several facts and classes, so well below 1/2."""


@dataclass(frozen=True)
class Item:
    """One thing that answers.

    what: a global name, or "predicate object" of a happening; None where only the time or the video is asked for.
    label: its most probable class.
    start, end: frames [start, end) of the event; None where only a probability is known.
    """

    video: str
    confidence: float
    what: str | None = None
    label: str | None = None
    start: int | None = None
    end: int | None = None
    fps: float | None = None

    @property
    def seconds(self) -> tuple[float, float] | None:
        if self.fps is None or self.start is None or self.end is None:
            return None
        return self.start / self.fps, self.end / self.fps


@dataclass(frozen=True)
class Reply:
    """The answer to a question.

    value: a number ("how often", "how many"), True or False ("did ... ever"), else None.
    probability: of "yes"; None for other questions.
    items: what answers, most confident first; happenings: the nearest in time first.
    unsure: nothing reached the wanted confidence; "who", "what" and "when" take for granted that there is an answer, so
        the items are the best there are.
    """

    question: Question
    value: int | bool | None
    probability: float | None
    items: tuple[Item, ...]
    unsure: bool = False

    @property
    def formulas(self) -> list[str]:
        return [to_text(r.formula) for r in self.question.readings]

    @property
    def empty(self) -> bool:
        """Whether the answer is "no", "nothing" or not sure."""
        return not self.items or self.unsure if self.value is None else not self.value

    def lines(self) -> list[str]:
        """The answer as `nesy memory ask` prints it."""
        told: list[str] = []
        if isinstance(self.value, bool):
            told.append(f"{'yes' if self.value else 'no'} (P = {self.probability:.4f})")
        elif self.value is not None:
            told.append(str(self.value))
        elif not self.items:
            told.append("nothing")
        elif self.unsure:
            told.append("not sure; perhaps")
        for i in self.items:
            label = f" ({i.label})" if i.label else ""
            place = f"  [{i.video}]" * (i.what is None)
            told.append(f"  {i.what or i.video}{label}{when(i.start, i.end, i.seconds)}  {i.confidence:.3f}{place}")
        return told

    def __repr__(self) -> str:
        return "\n".join(self.lines()).strip()


def when(start: int | None, end: int | None, seconds: tuple[float, float] | None) -> str:
    """A time for a line: seconds where they are known, else frames; empty without either."""
    if start is None or end is None:
        return ""
    return f" {seconds[0]:.2f}-{seconds[1]:.2f} s" if seconds is not None else f" frames {start}-{end - 1}"


def reader(store: TripleStore) -> Questions:
    """A reader of questions that knows the store's names and videos."""
    names = store.vocabulary()
    if not any(names.values()):
        raise DataError("nothing is remembered yet", hint="`nesy memory add GRAPH.json --store DIR`")
    domain = Domain(tuple(names["classes"]), tuple(names["unary"]), tuple(names["binary"]))
    return Questions(domain, tuple(store.known()))


def concepts(question: Question) -> list[str]:
    """The classes and predicates that a question speaks of: where a walk through the memory begins."""
    found: dict[str, None] = {}
    for r in question.readings:
        for f in ast.walk(r.formula):
            if isinstance(f, ast.Atom):
                found[f.predicate] = None
            elif isinstance(f, ast.Exists):
                found |= {b.sort: None for b in f.bindings if b.sort is not None and b.var != r.variable}
    return list(found)


def answer(question: Question | str, store: TripleStore, *, sure: float = SURE, limit: int | None = None) -> Reply:
    """Answer a question from memory.

    Args:
        sure: the least confidence of an item, and of what is counted.
        limit: at most so many items (counts are of all).

    Raises:
        QuestionError: it is not understood.
    """
    if isinstance(question, str):
        question = reader(store).read(question)
    q = question
    videos = None if q.video is None else (q.video,)
    if q.kind == "ever":
        return _ever(q, store, videos, sure, limit)
    if q.kind == "where":
        told = _videos(q, store, videos)
        if q.negated:
            told = _without(told, store, videos)
        told = [x for x in told if x.confidence >= sure]
        return Reply(q, None, None, tuple(told[:limit]))
    if q.kind == "around":
        return _around(q, store, videos, sure, limit)
    everything = [(r, o) for r in q.readings for o in _occurrences(r, store, videos)]
    found = [(r, o) for r, o in everything if o.confidence >= sure]
    unsure = bool(everything) and not found and q.kind in ("who", "when")
    if unsure:
        best_of_all = max(o.confidence for _, o in everything)
        found = [(r, o) for r, o in everything if o.confidence >= best_of_all / 2]
    if q.kind in ("when", "how often"):
        items = _distinct(Item(o.video, o.confidence, None, None, *o.events[q.main], o.fps) for _, o in found)
        if q.kind == "when":
            return Reply(q, None, None, tuple(items[:limit]), unsure)
        times = {(o.video, _who_acts(r, q.main, o), o.events[q.main]) for r, o in found}
        return Reply(q, len(times), None, tuple(items[:limit]))
    best: dict[str, Item] = {}
    for r, o in found:
        name = o.objects[r.variable or ""]
        if name not in best or best[name].confidence < o.confidence:
            best[name] = Item(o.video, o.confidence, name, None, *o.events[q.main], o.fps)
    ranked = sorted(best.values(), key=lambda i: -i.confidence)
    labelled = [_labelled(i, store) for i in ranked[:limit]]
    return Reply(q, len(best) if q.kind == "how many" else None, None, tuple(labelled), unsure)


def _occurrences(reading: Reading, store: TripleStore, videos: tuple[str, ...] | None) -> list[Occurrence]:
    if reading.story is None:
        raise QuestionError(
            f"the triples cannot tell: {to_text(reading.formula)}",
            hint="ask `did ...` or the formula itself, which the kept scene graphs answer",
        )
    return occurrences(reading.story, store, videos=videos)


def _who_acts(reading: Reading, event: int, o: Occurrence) -> tuple[str, ...]:
    """The objects of one event: one jump before three coins are taken is one jump."""
    facts = reading.story.events[event] if reading.story is not None else ()
    return tuple(o.objects[v] for v in sorted({v for a in facts for v in a.args}))


def _videos(q: Question, store: TripleStore, videos: tuple[str, ...] | None) -> list[Item]:
    """P(statement) on each video, most probable first: exact on the kept graphs, else the best occurrence's."""
    formula = q.readings[0].formula
    known = store.known()
    chosen = [v for v in (videos or tuple(known)) if v in known]
    kept = [v for v in chosen if known[v]]
    items = []
    if kept:
        for r in ask_formula(formula, store, videos=kept, witness=False):
            items.append(Item(r.video, r.probability, fps=r.fps))
    others = tuple(v for v in chosen if not known[v])
    if others:
        best: dict[str, Occurrence] = {}
        for o in _occurrences(q.readings[0], store, others):
            best.setdefault(o.video, o)
        items += [Item(o.video, o.confidence, None, None, *o.events[q.main], o.fps) for o in best.values()]
    return sorted(items, key=lambda i: -i.confidence)


def _without(told: list[Item], store: TripleStore, videos: tuple[str, ...] | None) -> list[Item]:
    """P(the statement holds nowhere) on each video, most probable first."""
    held = {i.video: i.confidence for i in told}
    chosen = [v for v in store.known() if videos is None or v in videos]
    return sorted((Item(v, 1 - held.get(v, 0.0)) for v in chosen), key=lambda i: -i.confidence)


def _ever(q: Question, store: TripleStore, videos: tuple[str, ...] | None, sure: float, limit: int | None) -> Reply:
    """P(it happened in some video); the videos are independent of each other."""
    told = _videos(q, store, videos)
    never = math.prod(1 - i.confidence for i in told)
    p = never if q.negated else 1 - never
    return Reply(q, p >= 0.5, p, tuple([i for i in told if i.confidence >= sure][:limit]))


def _around(q: Question, store: TripleStore, videos: tuple[str, ...] | None, sure: float, limit: int | None) -> Reply:
    """What ended by the beginning of an event, began at its end or later, or shared a frame with it.

    Raises:
        QuestionError: the one whose doings are asked for is no class and no object of the memory.
    """
    if q.subject is not None and q.subject not in store.vocabulary()["classes"] and not store.occurs(q.subject):
        raise QuestionError(f"`{q.subject}` is no class that the memory knows", expected=store.vocabulary()["classes"])
    items: dict[tuple[str, str, int, int], tuple[int, Item]] = {}
    for o in _occurrences(q.readings[0], store, videos):
        if o.confidence < sure:
            continue
        start, end = o.events[q.span[0]][0], o.events[q.span[1]][1]
        own = {a.predicate for r in q.readings if r.story for i in q.span for a in r.story.events[i]}
        for m in store.match(Pattern(subject=q.subject, video=o.video, confidence=sure)):
            t = m.triple
            distance = {"before": start - t.end, "after": t.start - end}.get(
                q.relation or "", 0 if t.start < end and t.end > start else -1
            )
            itself = t.predicate in own and (t.start, t.end) in o.events and t.subject in o.objects.values()
            if t.predicate == IS_A or distance < 0 or itself:
                continue
            what = f"{t.subject} {t.predicate}" + ("" if t.object is None else f" {t.object}")
            item = Item(t.video, m.confidence * o.confidence, what, None, t.start, t.end, t.fps)
            key = (t.video, what, t.start, t.end)
            if key not in items or distance < items[key][0]:
                items[key] = (distance, item)
    ranked = sorted(items.values(), key=lambda pair: (pair[0], -pair[1].confidence))
    return Reply(q, None, None, tuple(i for _, i in ranked[:limit]))


def _distinct(items: Iterable[Item]) -> list[Item]:
    """One item a video and interval, the most confident, most confident first."""
    best: dict[tuple[str, int | None, int | None], Item] = {}
    for i in items:
        key = (i.video, i.start, i.end)
        if key not in best or best[key].confidence < i.confidence:
            best[key] = i
    return sorted(best.values(), key=lambda i: -i.confidence)


def _labelled(item: Item, store: TripleStore) -> Item:
    classes = store.match(Pattern(item.what, IS_A), limit=1)
    label = classes[0].triple.object if classes else None
    return Item(item.video, item.confidence, item.what, label, item.start, item.end, item.fps)
