"""The memory as RDF: N-Triples and JSON-LD.

A stored triple is a statement with a time, which RDF says by reification: a node of type ``rdf:Statement`` with
subject, predicate, object, frames, seconds, confidence, video and source. Class membership is ``rdf:type``; a predicate
without object has the object ``true``. The plain triple is written too when its confidence is at least 1/2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nesy.errors import DataError, did_you_mean
from nesy.files import replacing
from nesy.memory.store import IS_A, Triple, TripleStore

BASE = "urn:nesy:"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"
CONTEXT = {
    "rdf": RDF, "xsd": XSD, "nesy": BASE,
    "subject": {"@id": "rdf:subject", "@type": "@id"}, "predicate": {"@id": "rdf:predicate", "@type": "@id"},
    "object": {"@id": "rdf:object"}, "video": {"@id": "nesy:video", "@type": "@id"},
    "startFrame": {"@id": "nesy:startFrame", "@type": "xsd:integer"},
    "endFrame": {"@id": "nesy:endFrame", "@type": "xsd:integer"},
    "startSecond": {"@id": "nesy:startSecond", "@type": "xsd:double"},
    "endSecond": {"@id": "nesy:endSecond", "@type": "xsd:double"},
    "confidence": {"@id": "nesy:confidence", "@type": "xsd:double"},
    "peak": {"@id": "nesy:peak", "@type": "xsd:double"}, "source": "nesy:source",
}  # fmt: skip


def entity(name: str) -> str:
    """The IRI of an object, a class or a video."""
    return BASE + quote(name, safe="/")


def relation(predicate: str) -> str:
    """The IRI of a predicate."""
    return RDF + "type" if predicate == IS_A else f"{BASE}predicate/{quote(predicate, safe='')}"


def n_triples(store: TripleStore) -> Iterator[str]:
    """One line a triple of RDF, each with its newline."""
    for i, t in enumerate(store.triples(), 1):
        node = f"<{BASE}statement/{i}>"
        subject, predicate = f"<{entity(t.subject)}>", f"<{relation(t.predicate)}>"
        value = _literal("true", "boolean") if t.object is None else f"<{entity(t.object)}>"
        if t.confidence >= 0.5:
            yield f"{subject} {predicate} {value} .\n"
        yield f"{node} <{RDF}type> <{RDF}Statement> .\n"
        yield f"{node} <{RDF}subject> {subject} .\n"
        yield f"{node} <{RDF}predicate> {predicate} .\n"
        yield f"{node} <{RDF}object> {value} .\n"
        yield f"{node} <{BASE}video> <{entity(t.video)}> .\n"
        for key, number, kind in _numbers(t):
            yield f"{node} <{BASE}{key}> {_literal(repr(number), kind)} .\n"
        if t.source:
            yield f"{node} <{BASE}source> {_quoted(t.source)} .\n"


def json_ld(store: TripleStore) -> Iterator[str]:
    """One JSON-LD document, in pieces."""
    yield '{"@context": ' + json.dumps(CONTEXT) + ',\n "@graph": ['
    for i, t in enumerate(store.triples(), 1):
        value: Any = True if t.object is None else {"@id": entity(t.object)}
        node: dict[str, Any] = {
            "@id": f"{BASE}statement/{i}", "@type": "rdf:Statement", "subject": entity(t.subject),
            "predicate": relation(t.predicate), "object": value, "video": entity(t.video),
        }  # fmt: skip
        node |= {key: repr(number) for key, number, _ in _numbers(t)}  # as text: the context gives the type
        if t.source:
            node["source"] = t.source
        items = [node]
        if t.confidence >= 0.5:
            plain: dict[str, Any] = {"@id": entity(t.subject)}
            plain["@type" if t.predicate == IS_A else relation(t.predicate)] = (
                entity(t.object) if t.predicate == IS_A and t.object is not None else value
            )
            items.append(plain)
        for item in items:
            yield ("" if i == 1 and item is node else ",") + "\n  " + json.dumps(item)
    yield "\n]}\n"


def _numbers(t: Triple) -> Iterator[tuple[str, int | float, str]]:
    yield "startFrame", t.start, "integer"
    yield "endFrame", t.end, "integer"
    if t.seconds is not None:
        yield "startSecond", t.seconds[0], "double"
        yield "endSecond", t.seconds[1], "double"
    yield "confidence", t.confidence, "double"
    if t.peak is not None:
        yield "peak", t.peak, "double"


def _literal(text: str, kind: str) -> str:
    return f'"{text}"^^<{XSD}{kind}>'


def _quoted(text: str) -> str:
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(raw, escaped)
    return f'"{text}"'


FORMATS: dict[str, Callable[[TripleStore], Iterator[str]]] = {"jsonld": json_ld, "ntriples": n_triples}


def export(store: TripleStore, path: Path, format: str) -> None:
    """Write the whole memory to a file, atomically.

    Raises:
        DataError: unknown format, or the file cannot be written.
    """
    pieces = writer(format)(store)
    with replacing(path) as part, part.open("w", encoding="utf-8") as out:
        out.writelines(pieces)


def writer(format: str) -> Callable[[TripleStore], Iterator[str]]:
    """The function that writes a format by its name."""
    if format not in FORMATS:
        raise DataError(f"no format `{format}`", expected=FORMATS, hint=did_you_mean(format, FORMATS))
    return FORMATS[format]
