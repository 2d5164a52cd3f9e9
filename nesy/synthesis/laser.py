"""The JSON in which LASER's first stage keeps what GPT-4 said about a caption: read as specs, and written.

An item has numbered time stamps, each with clauses such as ``name(A, chef)``, ``lifting(A, B)``, ``not on(A, B)`` and
a place in the clip. Here a letter is one object of the whole spec, its name its class, negation and ``or`` are kept,
time stamps follow each other strictly, and place and duration become hints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import DataError
from nesy.synthesis.base import Extraction, Names, SpecExtractor, checked_settings, extractors
from nesy.synthesis.laser_clauses import Clause, parse_clause
from nesy.synthesis.normalize import Normaliser
from nesy.synthesis.validation import Fault, validate
from nesy.synthesis.vocabulary import signature_of

Item = Mapping[str, Any]
_KEYS = {
    "decription": "description", "location": "video location", "video_location": "video location",
    "event length": "duration", "duration_precise": "duration precise",
    "video_location_precise": "video location precise", "location precise": "video location precise",
    "time_stamps": "time stamps",
}  # fmt: skip
_DURATIONS: dict[str, Literal["short", "medium", "long"]] = {
    "short": "short", "medium": "medium", "long": "long", "mid": "medium",  # LASER's own examples say `mid`
}  # fmt: skip
WRAPPINGS = 5
"""How deep items may lie in lists and objects around them."""
VARIABLE = re.compile(r"[A-Z][0-9]?\Z")


def read_laser(path: Path) -> dict[str, Item]:
    """The items of a file by video id: one JSON object or list, or jsonl of either, wrapped or not.

    Raises:
        DataError: the file cannot be read, is not such JSON, or an item has no id.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{path}: cannot read it ({getattr(e, 'strerror', None) or e})") from None
    try:
        values = [json.loads(text)]
    except RecursionError:
        raise DataError(f"{path}: nested too deeply") from None
    except ValueError as whole:
        lines = [line for line in text.split("\n") if line.strip()]
        try:
            values = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            raise DataError(f"{path}: neither one JSON value nor one a line ({whole})") from None
    items: dict[str, Item] = {}
    for value in values:
        for name, item in _items(value, None, 0):
            items[name] = item
    if not items and any(values):
        raise DataError(f"{path}: no item with `time stamps` and a `video_id`")
    return items


def _items(value: object, name: str | None, depth: int) -> Iterator[tuple[str, Item]]:
    if depth > WRAPPINGS:
        return
    if isinstance(value, list):
        for v in value:
            yield from _items(v, None, depth + 1)
    elif isinstance(value, dict):
        keys = {_KEYS.get(str(k), str(k)) for k in value}
        if keys & {"time stamps", "sequential descriptions"}:
            own = name if name is not None else value.get("video_id", value.get("id"))
            if own is None:
                raise DataError("an item with `time stamps` has no `video_id`")
            yield str(own), cast(Item, value)
        else:
            for k, v in value.items():
                yield from _items(v, str(k), depth + 1)


@dataclass
class _Reading:
    """The objects of one item and what had to be left out."""

    normaliser: Normaliser
    sorts: dict[str, str | None]
    constants: dict[str, str]
    notes: list[str]

    def term(self, word: str) -> str | None:
        """The variable for an argument: a letter, or a noun, which is the same object wherever it stands."""
        if VARIABLE.match(word):
            v = word.lower()
            self.sorts.setdefault(v, None)
            return v
        mapped = self.normaliser.find(word, None)
        if mapped is None:
            return None
        if mapped.name not in self.constants:
            first = mapped.name[0].lower()
            fresh = next(v for v in (first, *(f"{first}{i}" for i in range(1, 999))) if v not in self.sorts)
            self.constants[mapped.name] = fresh
            self.sorts[fresh] = mapped.name
            if mapped.word != mapped.name:
                self.notes.append(str(mapped))
        return self.constants[mapped.name]

    def formula(self, clause: Clause, affirmed: bool = True) -> Formula | None:
        """The clause over the domain's names; None, and a note, if part of it cannot be said."""
        if clause.kind != "atom":
            below = [self.formula(c, affirmed and clause.kind != "not") for c in clause.parts]
            if any(f is None for f in below):
                return None
            parts = tuple(f for f in below if f is not None)
            if clause.kind == "not":
                return ast.Not(parts[0])
            return parts[0] if len(parts) == 1 else ast.And(parts) if clause.kind == "and" else ast.Or(parts)
        if clause.name in ("neq", "eq"):
            pair = [self.term(a) for a in clause.args]
            if len(pair) != 2 or pair[0] is None or pair[1] is None:
                return self.lost(clause, "it does not compare two objects")
            equal = ast.Equal(pair[0], pair[1])
            return equal if clause.name == "eq" else ast.Not(equal)
        if len(clause.args) == 2 and not VARIABLE.match(clause.args[1]):  # color(A, red): an attribute as a value
            value = self.normaliser.find(clause.args[1], 1, affirmed)
            subject = self.term(clause.args[0])
            if value is not None and subject is not None and value.name not in self.normaliser.signature.classes:
                return ast.Atom(value.name, (subject,))
        if not 1 <= len(clause.args) <= 2:
            return self.lost(clause, f"it is about {len(clause.args)} objects")
        terms = [self.term(a) for a in clause.args]
        if None in terms:
            return self.lost(clause, f"`{clause.args[terms.index(None)]}` is not an object of the domain")
        mapped = self.normaliser.find(clause.name, len(terms), affirmed)
        if mapped is None:
            return self.lost(clause, f"`{clause.name}` is not in the domain")
        if mapped.word != mapped.name:
            self.notes.append(str(mapped))
        return ast.Atom(mapped.name, tuple(t for t in terms if t is not None))

    def lost(self, clause: Clause, why: str) -> Formula | None:
        """Nothing, and a note about it."""
        self.notes.append(f"`{clause}` was left out: {why}")
        return None


def laser_extraction(
    caption: str, item: Item, signature: Signature, normaliser: Normaliser | None = None
) -> Extraction:
    """One item as a spec over a domain; a clause that the domain cannot say is left out and noted.

    Of a clause with ``or`` or a negation only the whole is left out, so that what remains never says more.
    """
    reading = _Reading(normaliser or Normaliser(signature), {}, {}, [])
    stamps = _renamed(item).get("time stamps")
    raw = json.dumps(item)
    if isinstance(stamps, list):
        stamps = {str(i): s for i, s in enumerate(stamps, 1)}
    if not isinstance(stamps, dict) or not all(isinstance(s, dict) for s in stamps.values()) or not stamps:
        return Extraction(caption, None, "rejected", "no time stamps", raw=raw)
    ordered = [_renamed(stamps[k]) for k in sorted(stamps, key=_number)]
    events: list[tuple[list[Clause], Item]] = []
    for stamp in ordered:
        clauses: list[Clause] = []
        for text in _texts(stamp.get("programmatic")):
            parsed = parse_clause(text)
            if isinstance(parsed, str):
                reading.notes.append(f"`{text}` was left out: {parsed}")
                continue
            clauses += parsed.parts if parsed.kind == "and" else (parsed,)
        events.append((clauses, stamp))
    for clauses, _ in events:
        _bind(clauses, reading)
    for letter in _letters([c for clauses, _ in events for c in clauses]):  # before nouns get variables of their own
        reading.sorts.setdefault(letter, None)
    parts: list[Formula] = []
    for clauses, where in events:
        facts = [f for c in clauses if c.name != "name" if (f := reading.formula(c)) is not None]
        if facts:
            parts.append(_hinted(facts[0] if len(facts) == 1 else ast.And(tuple(facts)), where, reading.notes))
    if not parts:
        return Extraction(caption, None, "rejected", "no event that the domain can say", tuple(reading.notes), raw)
    body: Formula = ast.Eventually(parts[0]) if len(parts) == 1 else ast.Then(tuple(parts), (None,) * (len(parts) - 1))
    used = {v for p in parts for f in ast.walk(p) for v in _variables(f)}
    bindings = tuple(ast.Binding(v, sort) for v, sort in reading.sorts.items() if v in used or sort is not None)
    formula: Formula = ast.Exists(bindings, body) if bindings else body
    checked = validate(to_text(formula), signature)
    if isinstance(checked, Fault):
        return Extraction(caption, None, "rejected", checked.reason, (*reading.notes, checked.diagnostic), raw)
    changed = bool(reading.notes)
    return Extraction(
        caption, checked, "repaired" if changed else "accepted", "read into the domain's words" if changed else "",
        tuple(dict.fromkeys(reading.notes)), raw,
    )  # fmt: skip


def _bind(clauses: Sequence[Clause], reading: _Reading) -> None:
    """The classes of the letters, from ``name(A, noun)``; of two names for one letter the first counts."""
    for c in clauses:
        if c.name != "name":
            continue
        if len(c.args) != 2 or not VARIABLE.match(c.args[0]):
            reading.notes.append(f"`{c}` was left out: it names no letter")
            continue
        v = c.args[0].lower()
        mapped = reading.normaliser.find(c.args[1], None)
        if mapped is None:
            reading.sorts.setdefault(v, None)
            reading.notes.append(f"`{c}` was left out: `{c.args[1]}` is not a class of the domain")
        elif reading.sorts.get(v) is None:
            reading.sorts[v] = mapped.name
            if mapped.word != mapped.name:
                reading.notes.append(str(mapped))
        elif reading.sorts[v] != mapped.name:
            reading.notes.append(f"`{c}` was left out: `{c.args[0]}` is already a {reading.sorts[v]}")


def _letters(clauses: Sequence[Clause]) -> Iterator[str]:
    for c in clauses:
        yield from (a.lower() for a in c.args if VARIABLE.match(a))
        yield from _letters(c.parts)


def _variables(f: Formula) -> tuple[str, ...]:
    match f:
        case ast.Atom(_, args):
            return args
        case ast.Equal(a, b):
            return a, b
    return ()


def _renamed(item: Item) -> dict[str, Any]:
    return {_KEYS.get(k, k): v for k, v in item.items()}


def _number(key: str) -> tuple[int, str]:
    digits = re.search(r"\d+", key)
    return (int(digits[0][:9]) if digits else 0), key


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _hinted(event: Formula, stamp: Mapping[str, Any], notes: list[str]) -> Formula:
    """The event with its place and duration, the precise ones before the coarse ones."""
    location: Literal["early", "mid", "late"] | tuple[Fraction, Fraction] | None = None
    duration: Literal["short", "medium", "long"] | Fraction | None = None
    where, how_long = stamp.get("video location"), stamp.get("duration")
    if isinstance(where, str) and where.strip() in ("early", "mid", "late"):
        location = cast(Literal["early", "mid", "late"], where.strip())
    if isinstance(how_long, str) and how_long.strip() in _DURATIONS:
        duration = _DURATIONS[how_long.strip()]
    span = [_fraction(x) for x in str(stamp.get("video location precise", "")).strip(" []()").split(",")]
    if len(span) == 2 and span[0] is not None and span[1] is not None and span[0] < span[1]:
        location = (span[0], span[1])
    share = _fraction(str(stamp.get("duration precise", "")))
    if share is not None and share > 0:
        duration = share
    for key, found in (("video location", location), ("duration", duration)):
        if stamp.get(key) and found is None:
            notes.append(f"the {key} {stamp[key]!r} was left out")
    return event if location is None and duration is None else ast.Hinted(event, location, duration)


def _fraction(text: str) -> Fraction | None:
    """A number from 0 to 1 such as ``1/3``, ``0.5`` or ``40%``."""
    if not re.fullmatch(r"\s*\d{1,9}(\.\d{1,9}|/\d{1,9})?%?\s*", text):
        return None
    try:
        value = Fraction(text.strip().rstrip("%")) / (100 if "%" in text else 1)
    except ZeroDivisionError:
        return None
    return value if 0 <= value <= 1 else None


class Laser(SpecExtractor):
    """Specs from a file of LASER's first stage, found by the caption's id, or by the caption where the file says it."""

    def __init__(self, items: Mapping[str, Item], signature: Signature) -> None:
        self.items = dict(items)
        self.signature = signature
        self.normaliser = Normaliser(signature)
        self.by_caption = {str(x["caption"]): x for x in items.values() if isinstance(x.get("caption"), str)}

    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        return [e for _, e in self.stream(captions)]

    def stream(self, captions: Sequence[str], ids: Sequence[str] | None = None) -> Iterator[tuple[int, Extraction]]:
        for i, caption in enumerate(captions):
            item = self.by_caption.get(caption) or (self.items.get(ids[i]) if ids is not None else None)
            if item is None:
                item = self.items.get(caption)
            if item is None:
                yield i, Extraction(caption, None, "rejected", "no recorded answer")
            else:
                yield i, laser_extraction(caption, item, self.signature, self.normaliser)


@extractors.register("laser")
def make_laser(names: Names, settings: Mapping[str, object]) -> SpecExtractor:
    """The extractor of a ``captions { extractor: "laser", file: "stage1.json" }`` block."""
    chosen = checked_settings("laser", settings, {"file": ""})
    if not chosen["file"]:
        raise DataError("the extractor `laser` needs a `file` of LASER's first stage", hint='file: "stage1.json"')
    return Laser(read_laser(Path(str(chosen["file"]))), signature_of(names))
