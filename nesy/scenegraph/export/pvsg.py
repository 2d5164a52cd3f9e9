"""A scene graph as one entry of OpenPVSG's ``data`` list: objects of one category, relations in stretches.

Kept beyond that format, under keys of their own: boxes, the score of each relation (its largest probability), and unary
facts as ``states``. Probabilities a frame are not kept: a fact holds where it is at least as likely as not.
"""

from __future__ import annotations

from typing import Any

from nesy.errors import DataError
from nesy.scenegraph.export.plain import stretches
from nesy.scenegraph.file import GraphFile, graph_to_json, parse_graph


def to_pvsg(file: GraphFile, video_id: str = "", threshold: float = 0.5) -> dict[str, Any]:
    """The entry of one clip; stretches are inclusive at both ends, as in the dataset.

    Objects are numbered from 1 (0 is "no object" in its masks); ``name`` keeps their ids.
    """
    data = graph_to_json(file, 6)
    number = {o["id"]: i + 1 for i, o in enumerate(data["objects"])}
    relations, scores, states = [], [], []
    for row in data["binary"]:
        if spans := stretches(row["prob"], threshold):
            relations.append(
                [number[row["subject"]], number[row["object"]], row["predicate"], [list(s) for s in spans]]
            )
            scores.append(max(row["prob"]))
    for row in data["unary"]:
        if spans := stretches(row["prob"], threshold):
            states.append([number[row["object"]], row["predicate"], [list(s) for s in spans]])
    objects = [
        {
            "object_id": number[o["id"]],
            "name": o["id"],
            "category": max(o["class"], key=o["class"].get) if o["class"] else None,
            "boxes": o["boxes"],
        }
        for o in data["objects"]
    ]
    return {
        "video_id": video_id,
        "meta": {"num_frames": data["frames"], "fps": data["fps"]},
        "objects": objects,
        "relations": relations,
        "scores": scores,
        "states": states,
        "vocabulary": data["vocabulary"],
    }


def from_pvsg(entry: dict[str, Any]) -> GraphFile:
    """The graph of such an entry, or of one of the dataset itself (no boxes: present throughout); facts are certain.

    Raises:
        DataError: no such entry.
    """
    try:
        frames = int(entry["meta"]["num_frames"])
        ids = {int(o["object_id"]): str(o.get("name") or f"o{o['object_id']}") for o in entry["objects"]}
        binary = [
            {"predicate": str(name), "subject": ids[int(s)], "object": ids[int(o)], "prob": _series(spans, frames)}
            for s, o, name, spans in _merged(entry["relations"], 3)
        ]
        unary = [
            {"predicate": str(name), "object": ids[int(o)], "prob": _series(spans, frames)}
            for o, name, spans in _merged(entry.get("states", []), 2)
        ]
        objects = []
        for o in entry["objects"]:
            one: dict[str, Any] = {"id": ids[int(o["object_id"])]}
            if o.get("category") is not None:
                one["class"] = {str(o["category"]): 1.0}
            if o.get("boxes") is not None:
                one["boxes"] = o["boxes"]
            objects.append(one)
        fps = entry["meta"].get("fps")
        data = {"nesy": "scene-graph/1", "fps": fps, "frames": frames, "objects": objects, "unary": unary}
        if "vocabulary" in entry:
            data["vocabulary"] = entry["vocabulary"]
        return parse_graph({**data, "binary": binary})
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise DataError(
            f"no entry of OpenPVSG's form: {type(e).__name__} {e}", expected=["meta", "objects", "relations"]
        ) from e


def _series(spans: list[list[int]], frames: int) -> list[float]:
    out = [0.0] * frames
    for first, last in spans:
        for t in range(max(0, int(first)), min(frames, int(last) + 1)):
            out[t] = 1.0
    return out


def _merged(rows: list[list[Any]], keys: int) -> list[list[Any]]:
    """Rows with the same first ``keys`` fields joined: the dataset lists some relations twice."""
    out: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        out.setdefault(tuple(row[:keys]), []).extend(row[keys])
    return [[*key, spans] for key, spans in out.items()]
