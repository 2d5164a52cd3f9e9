"""The scene-graph file: what is written comes back, and what cannot be read is told in one error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nesy.errors import DataError
from nesy.scenegraph import read_graph, write_graph
from nesy.scenegraph.export import FORMATS, export_graph, from_networkx, import_graph
from nesy.scenegraph.file import graph_to_json, parse_graph

HEAD = {"nesy": "scene-graph/1", "frames": 2}
TWO = {**HEAD, "objects": [{"id": "a"}, {"id": "b", "boxes": [[0, 0, 4, 4], None]}]}


@pytest.mark.parametrize("form", FORMATS)
def test_objects_without_any_class_are_written_and_come_back(tmp_path: Path, form: str) -> None:
    file = parse_graph(TWO)
    export_graph(file, tmp_path / "g", form)
    back = import_graph(tmp_path / "g", form)
    assert back.ids == ("a", "b") and back.graph.present.tolist() == file.graph.present.tolist()


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=4).filter(lambda ks: sum(ks) <= 10_000))
def test_a_file_that_is_read_and_written_again_stays_as_it_is(ks: list[int]) -> None:
    said = {**HEAD, "objects": [{"id": "a", "class": {f"c{i}": k / 10_000 for i, k in enumerate(ks)}}]}
    (first,) = graph_to_json(parse_graph(said))["objects"]
    assert first["class"] == {f"c{i}": k / 10_000 for i, k in enumerate(ks) if k}


HUGE = 10**400


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({**HEAD, "fps": HUGE}, '"fps" is'),
        ({**HEAD, "frames": 10**30}, "more than this version can hold"),
        ({**HEAD, "frames": 10**10}, "more than this version can hold"),
        ({**HEAD, "objects": [{"id": "a", "boxes": [[0, 0, HUGE, 1], None]}]}, "expected [x0, y0, x1, y1]"),
        ({**HEAD, "objects": [{"id": "a", "class": {"c": HUGE}}]}, "is not a probability"),
        (
            {**TWO, "unary": [{"predicate": "up", "object": "a", "prob": p} for p in ([1, 0], [0, 1])]},
            "unary[1] lists `up` of the same objects again",
        ),
        (
            {**TWO, "binary": [{"predicate": "on", "subject": "a", "object": "b", "prob": [k, 0]} for k in (0, 1)]},
            "binary[1] lists `on` of the same objects again",
        ),
    ],
)
def test_what_cannot_be_held_is_an_error_of_the_file(tmp_path: Path, data: dict[str, Any], words: str) -> None:
    path = tmp_path / "g.json"
    path.write_text(json.dumps(data))
    with pytest.raises(DataError) as told:
        read_graph(path)
    assert words in str(told.value)


def test_a_pair_may_have_a_fact_in_both_directions(tmp_path: Path) -> None:
    rows = [{"predicate": "on", "subject": s, "object": o, "prob": [1, 0]} for s, o in ("ab", "ba")]
    write_graph(parse_graph({**TWO, "binary": rows}), tmp_path / "g.json")
    assert int((read_graph(tmp_path / "g.json").graph.binary > 0).sum()) == 2


def test_another_multigraph_is_no_scene_graph() -> None:
    graph = nx.MultiDiGraph(fps=1, frames=1, vocabulary={})
    graph.add_node("a")
    for other in (nx.MultiDiGraph(), graph):
        with pytest.raises(DataError, match="no multigraph of a scene graph"):
            from_networkx(other)
