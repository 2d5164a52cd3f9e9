"""The scene-graph file ``graph.json``, version ``scene-graph/1``: the only module that reads or writes it.

    {"nesy": "scene-graph/1", "fps": 8, "frames": T,
     "objects": [{"id": "o1", "class": {"mugen": 0.9, "coin": 0.1}, "boxes": [[x0, y0, x1, y1] or null, ... T]}],
     "unary":   [{"predicate": "walking", "object": "o1", "prob": [... T]}],
     "binary":  [{"predicate": "above", "subject": "o1", "object": "o2", "prob": [... T]}]}

A predicate that is not listed for an object has probability 0; a null box means that the object is absent in that
frame; ``boxes`` may be left out (present throughout). An optional ``"vocabulary": {"classes": [...], "unary": [...],
"binary": [...]}`` names predicates that occur nowhere in the file. Class probabilities of an object sum to at most 1.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nesy.errors import DataError
from nesy.files import write_whole
from nesy.scenegraph.tensors import SceneGraph
from nesy.scenegraph.vocabulary import Vocabulary

VERSION = "scene-graph/1"
MAX_BYTES = 512 * 2**20
MAX_FACTS = 200_000_000  # T * N * N * R of one file: a graph beyond it would not fit in memory


@dataclass(frozen=True)
class GraphFile:
    """What a file holds.

    graph: B = 1.  ids: the name of each object.  boxes: [T, N, 4], zeros where absent.
    declared: whether the file states its vocabulary; otherwise only the names that occur in it are known.
    """

    graph: SceneGraph
    ids: tuple[str, ...]
    boxes: Tensor
    declared: bool = True


def read_graph(path: Path | str) -> GraphFile:
    """Read a scene-graph file.

    Raises:
        DataError: missing or unreadable file, wrong version, wrong shapes, probabilities outside [0, 1].
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", hint="`nesy predict RUN VIDEO -o graph.json` writes one") from None
    except UnicodeDecodeError:
        hint = "a video? first: nesy predict RUN VIDEO -o graph.json"
        raise DataError(f"{path}: no scene-graph file, it holds no text", hint=hint) from None
    except (OSError, ValueError, RecursionError) as e:
        raise DataError(f"{path}: not readable as JSON ({type(e).__name__}: {str(e)[:120]})") from None
    try:
        return parse_graph(data)
    except DataError as e:
        raise DataError(f"{path}: {e.message}", hint=e.hint) from None


def parse_graph(data: Any) -> GraphFile:
    """The same for an already decoded JSON value."""
    if not isinstance(data, dict) or data.get("nesy") != VERSION:
        found = data.get("nesy") if isinstance(data, dict) else None
        raise DataError(f'not a scene-graph file: "nesy" is {found!r}', hint=f'it must say "nesy": "{VERSION}"')
    frames = data.get("frames")
    if not isinstance(frames, int) or isinstance(frames, bool) or frames < 0:
        raise DataError(f'"frames" is {frames!r}, expected a number of frames')
    fps = data.get("fps")
    if fps is not None and not (_is_number(fps) and fps > 0):
        raise DataError(f'"fps" is {fps!r}, expected a positive number or null')
    objects = _list(data, "objects")
    ids = tuple(str(_get(o, "id", "objects", i)) for i, o in enumerate(objects))
    index = {name: i for i, name in enumerate(ids)}
    if len(index) != len(ids):
        raise DataError("two objects have the same id")

    unary, binary = _list(data, "unary"), _list(data, "binary")
    vocabulary = _vocabulary(data, objects, unary, binary)
    n, (c, u, r) = len(ids), vocabulary.sizes()
    if frames * n * max(n * r, u, 4) > MAX_FACTS:
        raise DataError(f"{frames} frames of {n} objects are more than this version can hold")
    classes = torch.zeros(n, c, dtype=torch.float64)
    present = torch.ones(frames, n, dtype=torch.bool)
    boxes = torch.zeros(frames, n, 4, dtype=torch.float64)
    for i, o in enumerate(objects):
        for name, p in _dict(o, "class", f"objects[{i}]").items():
            classes[i, vocabulary.classes.index(name)] = _probability(p, f"objects[{i}].class.{name}")
        if float(classes[i].sum()) > 1 + 1e-6:
            raise DataError(f'the class probabilities of object "{ids[i]}" sum to {float(classes[i].sum()):.4f}',
                            hint="classes of one object exclude each other: their sum is at most 1")  # fmt: skip
        if "boxes" in o:
            boxes[:, i], present[:, i] = _boxes(o["boxes"], frames, f"objects[{i}].boxes")
    unary_p = torch.zeros(frames, n, u, dtype=torch.float64)
    binary_p = torch.zeros(frames, n, n, r, dtype=torch.float64)
    for i, row in enumerate(unary):
        place = f"unary[{i}]"
        o = _object(index, _get(row, "object", "unary", i), place)
        unary_p[:, o, vocabulary.unary.index(row["predicate"])] = _series(row, frames, place)
    for i, row in enumerate(binary):
        place = f"binary[{i}]"
        s = _object(index, _get(row, "subject", "binary", i), place)
        o = _object(index, _get(row, "object", "binary", i), place)
        binary_p[:, s, o, vocabulary.binary.index(row["predicate"])] = _series(row, frames, place)
    graph = SceneGraph.from_probabilities(
        vocabulary, classes, unary_p, binary_p, present, None if fps is None else float(fps)
    )
    return GraphFile(graph, ids, boxes, "vocabulary" in data)


def write_graph(file: GraphFile, path: Path | str, digits: int = 4) -> None:
    """Write a scene-graph file, atomically; probabilities are rounded to ``digits`` and all-zero facts left out."""
    write_whole(path, json.dumps(graph_to_json(file, digits), separators=(",", ":")))


def graph_to_json(file: GraphFile, digits: int = 4) -> dict[str, Any]:
    """The JSON value of a graph."""
    g = file.graph.clip(0)
    v = g.vocabulary
    frames, n = g.present.shape[1:]
    present = g.present[0]
    classes = g.classes[0].exp().double()
    unary = torch.where(present[..., None], g.unary[0].sigmoid().double(), 0)
    both = present[:, :, None] & present[:, None, :]
    binary = torch.where(both[..., None], g.binary[0].sigmoid().double(), 0)
    # Round down the class probabilities' sum to at most 1, which the reader demands. 1e-6 of a digit is the error of a
    # logarithm and back: a file that is read and written again stays as it is.
    rounded_classes = (classes * 10**digits + 1e-6).floor() / 10**digits if digits < 15 else classes
    one_hot = (classes > 1 - 0.5 * 10**-digits).any(-1)
    rounded_classes[one_hot] = (classes[one_hot] > 0.5).double()

    def series(x: Tensor) -> list[float]:
        return [round(float(p), digits) for p in x]

    def shown(x: Tensor) -> bool:
        return bool((x >= 0.5 * 10**-digits).any())

    return {
        "nesy": VERSION,
        "fps": g.fps[0],
        "frames": frames,
        "vocabulary": {"classes": list(v.classes), "unary": list(v.unary), "binary": list(v.binary)},
        "objects": [
            {
                "id": file.ids[o],
                "class": {c: p for c, p in zip(v.classes, series(rounded_classes[o]), strict=True) if p > 0},
                "boxes": [
                    [round(float(x), 2) for x in file.boxes[t, o]] if present[t, o] else None for t in range(frames)
                ],
            }
            for o in range(n)
        ],
        "unary": [
            {"predicate": name, "object": file.ids[o], "prob": series(unary[:, o, k])}
            for o in range(n)
            for k, name in enumerate(v.unary)
            if shown(unary[:, o, k])
        ],
        "binary": [
            {"predicate": name, "subject": file.ids[s], "object": file.ids[o], "prob": series(binary[:, s, o, k])}
            for s in range(n)
            for o in range(n)
            for k, name in enumerate(v.binary)
            if shown(binary[:, s, o, k])
        ],
    }


# --------------------------------------------------------------------------------------------------------------------


def _vocabulary(data: dict[str, Any], objects: list[Any], unary: list[Any], binary: list[Any]) -> Vocabulary:
    stated = data.get("vocabulary", {})
    if not isinstance(stated, dict):
        raise DataError('"vocabulary" is not an object')

    def names(key: str, used: list[Any]) -> tuple[str, ...]:
        listed = stated.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(x, str) for x in [*listed, *used]):
            raise DataError(f"the names of {key} predicates must be strings")
        return tuple(dict.fromkeys([*listed, *used]))

    return Vocabulary(
        names("classes", [c for i, o in enumerate(objects) for c in _dict(o, "class", f"objects[{i}]")]),
        names("unary", [_get(x, "predicate", "unary", i) for i, x in enumerate(unary)]),
        names("binary", [_get(x, "predicate", "binary", i) for i, x in enumerate(binary)]),
    )


def _is_number(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def _probability(x: object, place: str) -> float:
    if not _is_number(x) or not 0 <= x <= 1:  # type: ignore[operator]
        raise DataError(f"{place}: {x!r} is not a probability", hint="probabilities are numbers from 0 to 1")
    return float(x)  # type: ignore[arg-type]


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
        raise DataError(f'"{key}" must be a list of objects')
    return value


def _dict(data: dict[str, Any], key: str, place: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise DataError(f"{place}.{key} must be an object of class probabilities")
    return value


def _get(row: dict[str, Any], key: str, group: str, i: int) -> Any:
    if key not in row:
        raise DataError(f'{group}[{i}] has no "{key}"')
    return row[key]


def _object(index: dict[str, int], name: object, place: str) -> int:
    if str(name) not in index:
        raise DataError(f'{place}: object "{name}" is not listed in "objects"')
    return index[str(name)]


def _series(row: dict[str, Any], frames: int, place: str) -> Tensor:
    values = row.get("prob")
    if not isinstance(values, list) or len(values) != frames:
        count = len(values) if isinstance(values, list) else "no"
        raise DataError(f"{place}.prob has {count} values, expected {frames} (one a frame)")
    return torch.tensor([_probability(p, f"{place}.prob[{t}]") for t, p in enumerate(values)], dtype=torch.float64)


def _boxes(value: object, frames: int, place: str) -> tuple[Tensor, Tensor]:
    if not isinstance(value, list) or len(value) != frames:
        count = len(value) if isinstance(value, list) else "no"
        raise DataError(f"{place} has {count} entries, expected {frames} (a box or null a frame)")
    for t, box in enumerate(value):
        if box is not None and not (isinstance(box, list) and len(box) == 4 and all(_is_number(x) for x in box)):
            raise DataError(f"{place}[{t}] is {box!r}, expected [x0, y0, x1, y1] or null")
    there = torch.tensor([box is not None for box in value], dtype=torch.bool)
    return torch.tensor([box or [0.0] * 4 for box in value], dtype=torch.float64).reshape(frames, 4), there
