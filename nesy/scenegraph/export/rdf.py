"""A scene graph as RDF: N-Triples, and the same statements as JSON-LD.

    <clip>  ns:frames 24 ; ns:fps 8.0 ; ns:declaresClass <class/coin> ; ns:declaresUnary ... ; ns:declaresBinary ...
    <clip#o1>  rdf:type ns:Object ; ns:name "o1" ; ns:boxes "[[4, 30, 12, 44], null, ...]"
    <clip#o1>  <binary/near> <clip#o2>                     holds at some time
    <clip#f7>  rdf:type rdf:Statement ; rdf:subject <clip#o1> ; rdf:predicate <binary/near> ; rdf:object <clip#o2> ;
               ns:firstFrame 3 ; ns:lastFrame 9 ; ns:probability 0.93          holds in frames 3 to 9

A fact is stated for each stretch of frames in which it is at least as likely as not, with its mean probability there;
states (unary) and classes are stated with the predicates ns:state and rdf:type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from nesy.errors import DataError
from nesy.scenegraph.export.plain import mean, stretches
from nesy.scenegraph.file import GraphFile, graph_to_json, parse_graph

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"
NS = "urn:nesy:ns:"
CLASS, UNARY, BINARY = "urn:nesy:class:", "urn:nesy:unary:", "urn:nesy:binary:"
CLIP = "urn:nesy:clip"


@dataclass(frozen=True)
class Iri:
    """The name of a thing."""

    text: str


Value = Iri | str | int | float
Triple = tuple[str, str, Value]


def triples(file: GraphFile, threshold: float = 0.5) -> list[Triple]:
    """The statements about one clip."""
    data = graph_to_json(file, 6)
    out: list[Triple] = [(CLIP, NS + "frames", data["frames"])]
    if data["fps"] is not None:
        out.append((CLIP, NS + "fps", float(data["fps"])))
    for key, word, base in (("classes", "Class", CLASS), ("unary", "Unary", UNARY), ("binary", "Binary", BINARY)):
        out += [(CLIP, f"{NS}declares{word}", _iri(base, name)) for name in data["vocabulary"][key]]
    thing = {o["id"]: f"{CLIP}#o{i + 1}" for i, o in enumerate(data["objects"])}
    facts = 0

    def state(s: str, p: str, o: Iri, probability: float, span: tuple[int, int] | None) -> None:
        nonlocal facts
        facts += 1
        node = f"{CLIP}#f{facts}"
        out.extend([(node, RDF + "type", Iri(RDF + "Statement")), (node, RDF + "subject", Iri(s))])
        out.extend([(node, RDF + "predicate", Iri(p)), (node, RDF + "object", o)])
        if span is not None:
            out.extend([(node, NS + "firstFrame", span[0]), (node, NS + "lastFrame", span[1])])
        out.append((node, NS + "probability", float(probability)))

    for o in data["objects"]:
        node = thing[o["id"]]
        out += [(node, RDF + "type", Iri(NS + "Object")), (node, NS + "name", str(o["id"]))]
        out.append((node, NS + "boxes", json.dumps(o["boxes"])))
        for name, p in o["class"].items():
            if p >= threshold:
                out.append((node, RDF + "type", _iri(CLASS, name)))
            state(node, RDF + "type", _iri(CLASS, name), p, None)
    for row in data["unary"]:
        for first, last in stretches(row["prob"], threshold):
            value = mean(row["prob"], first, last)
            state(thing[row["object"]], NS + "state", _iri(UNARY, row["predicate"]), value, (first, last))
    for row in data["binary"]:
        spans = stretches(row["prob"], threshold)
        s, p, other = thing[row["subject"]], _iri(BINARY, row["predicate"]).text, Iri(thing[row["object"]])
        if spans:
            out.append((s, p, other))
        for first, last in spans:
            state(s, p, other, mean(row["prob"], first, last), (first, last))
    return out


def graph_of_triples(statements: Iterable[Triple]) -> GraphFile:
    """The graph that such statements describe; a stretch's mean probability holds in each of its frames.

    Raises:
        DataError: they describe no clip.
    """
    by_node: dict[str, dict[str, list[Value]]] = {}
    for s, p, o in statements:
        by_node.setdefault(s, {}).setdefault(p, []).append(o)
    if CLIP not in by_node:
        raise DataError("no clip is described", expected=[f"<{CLIP}> <{NS}frames> ..."])
    clip = by_node[CLIP]
    frames = int(_one(clip, NS + "frames"))  # type: ignore[arg-type]
    vocabulary = {
        key: [_name(x, base) for x in clip.get(f"{NS}declares{word}", [])]
        for key, word, base in (("classes", "Class", CLASS), ("unary", "Unary", UNARY), ("binary", "Binary", BINARY))
    }
    objects: dict[str, dict[str, Any]] = {}
    for node, about in by_node.items():
        if Iri(NS + "Object") in about.get(RDF + "type", []):
            boxes = json.loads(str(_one(about, NS + "boxes")))
            objects[node] = {"id": str(_one(about, NS + "name")), "class": {}, "boxes": boxes}
    facts: dict[tuple[str, ...], list[float]] = {}
    for about in by_node.values():
        if Iri(RDF + "Statement") not in about.get(RDF + "type", []):
            continue
        subject, predicate = (_text(_one(about, RDF + k)) for k in ("subject", "predicate"))
        other = _one(about, RDF + "object")
        chance = float(_one(about, NS + "probability"))  # type: ignore[arg-type]
        if predicate == RDF + "type":
            objects[subject]["class"][_name(other, CLASS)] = chance
            continue
        if predicate == NS + "state":
            key: tuple[str, ...] = (_name(other, UNARY), objects[subject]["id"])
        else:
            key = (_name(Iri(predicate), BINARY), objects[subject]["id"], objects[_text(other)]["id"])
        first, last = (int(_one(about, NS + k)) for k in ("firstFrame", "lastFrame"))  # type: ignore[arg-type]
        values = facts.setdefault(key, [0.0] * frames)
        for t in range(max(0, first), min(frames, last + 1)):
            values[t] = chance
    return parse_graph(
        {
            "nesy": "scene-graph/1",
            "fps": clip[NS + "fps"][0] if NS + "fps" in clip else None,
            "frames": frames,
            "vocabulary": vocabulary,
            "objects": list(objects.values()),
            "unary": [{"predicate": k[0], "object": k[1], "prob": p} for k, p in facts.items() if len(k) == 2],
            "binary": [
                {"predicate": k[0], "subject": k[1], "object": k[2], "prob": p} for k, p in facts.items() if len(k) == 3
            ],
        }
    )


def to_ntriples(file: GraphFile, threshold: float = 0.5) -> str:
    """The statements as N-Triples (RDF 1.1), one a line."""
    return "".join(f"<{s}> <{p}> {_written(o)} .\n" for s, p, o in triples(file, threshold))


def from_ntriples(text: str) -> GraphFile:
    """The graph of N-Triples that :func:`to_ntriples` wrote, in any order of the lines.

    Raises:
        DataError: a line that is no triple, with its number.
    """
    out: list[Triple] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise DataError(f"line {number} is no N-Triple: {line[:80]!r}")
        out.append((match["s"], match["p"], _read(match)))
    return graph_of_triples(out)


LINE = re.compile(
    r"<(?P<s>[^<>\s]+)>\s*<(?P<p>[^<>\s]+)>\s*"
    r'(?:<(?P<iri>[^<>\s]+)>|"(?P<text>(?:[^"\\]|\\.)*)"(?:\^\^<(?P<type>[^<>\s]+)>|@[\w-]+)?)\s*\.'
)


def to_jsonld(file: GraphFile, threshold: float = 0.5) -> dict[str, Any]:
    """The statements as JSON-LD 1.1, one node object a thing."""
    nodes: dict[str, dict[str, Any]] = {}
    for s, p, o in triples(file, threshold):
        node = nodes.setdefault(s, {"@id": s})
        if p == RDF + "type" and isinstance(o, Iri):
            node.setdefault("@type", []).append(_short(o.text))
        elif isinstance(o, Iri):
            node.setdefault(_short(p), []).append({"@id": o.text})
        elif isinstance(o, float):
            node.setdefault(_short(p), []).append({"@value": repr(o), "@type": "xsd:double"})
        else:
            node.setdefault(_short(p), []).append(o)
    return {"@context": dict(PREFIXES), "@graph": list(nodes.values())}


def from_jsonld(data: dict[str, Any]) -> GraphFile:
    """The graph of JSON-LD as :func:`to_jsonld` writes it (not of every way to write the same in JSON-LD).

    Raises:
        DataError: of another form.
    """
    out: list[Triple] = []
    try:
        for node in data["@graph"]:
            s = str(node["@id"])
            out += [(s, RDF + "type", Iri(_long(t))) for t in node.get("@type", [])]
            for key, values in node.items():
                if key.startswith("@"):
                    continue
                for value in values if isinstance(values, list) else [values]:
                    if isinstance(value, dict) and "@id" in value:
                        out.append((s, _long(key), Iri(str(value["@id"]))))
                    else:
                        out.append((s, _long(key), float(value["@value"]) if isinstance(value, dict) else value))
    except (KeyError, TypeError, AttributeError, ValueError) as e:
        raise DataError(f"not JSON-LD of this form: {type(e).__name__} {e}", expected=["@context", "@graph"]) from e
    return graph_of_triples(out)


PREFIXES = (("rdf", RDF), ("xsd", XSD), ("ns", NS), ("class", CLASS), ("unary", UNARY), ("binary", BINARY))


def _short(iri: str) -> str:
    return next((f"{p}:{iri.removeprefix(base)}" for p, base in PREFIXES if iri.startswith(base)), iri)


def _long(name: str) -> str:
    prefix, _, rest = name.partition(":")
    return dict(PREFIXES).get(prefix, prefix + ":") + rest


def _iri(base: str, name: str) -> Iri:
    return Iri(base + quote(name, safe=""))


def _name(value: Value, base: str) -> str:
    text = _text(value)
    if not text.startswith(base):
        raise DataError(f"<{text}> is not a name under <{base}>")
    return unquote(text.removeprefix(base))


def _text(value: Value) -> str:
    if not isinstance(value, Iri):
        raise DataError(f"{value!r} stands where the name of a thing is expected")
    return value.text


def _one(about: dict[str, list[Value]], key: str) -> Value:
    values = about.get(key, [])
    if len(values) != 1:
        raise DataError(f"<{key}> is stated {len(values)} times of one thing, expected once")
    return values[0]


ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _written(value: Value) -> str:
    if isinstance(value, Iri):
        return f"<{value.text}>"
    if isinstance(value, str):
        return '"' + "".join(ESCAPES.get(c, c) for c in value) + '"'
    kind = "integer" if isinstance(value, int) else "double"
    return f'"{value!r}"^^<{XSD}{kind}>'


def _read(match: re.Match[str]) -> Value:
    if match["iri"] is not None:
        return Iri(match["iri"])
    back = {v[1]: k for k, v in ESCAPES.items()}
    text = re.sub(
        r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))",
        lambda m: back.get(m[3], m[3]) if m[3] else chr(int(m[1] or m[2], 16)),
        match["text"],
    )
    if match["type"] == XSD + "integer":
        return int(text)
    return float(text) if match["type"] in (XSD + "double", XSD + "decimal", XSD + "float") else text
