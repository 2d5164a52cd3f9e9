from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nesy.errors import DataError, NesyError
from nesy.scenegraph import GraphFile, read_graph
from nesy.scenegraph.export import (
    FORMATS,
    export_graph,
    from_networkx,
    from_pvsg,
    import_graph,
    to_jsonld,
    to_networkx,
    to_ntriples,
    to_pvsg,
)
from nesy.scenegraph.file import graph_to_json, parse_graph


def example(near: list[float] | None = None, name: str = 'the "o1"\n') -> GraphFile:
    """A man and a dog; the dog is absent in the last frame."""
    return parse_graph(
        {
            "nesy": "scene-graph/1",
            "fps": 8,
            "frames": 4,
            "vocabulary": {"classes": ["man", "dog", "cat"], "unary": ["walking"], "binary": ["near", "in front of"]},
            "objects": [
                {"id": name, "class": {"man": 0.75, "dog": 0.25}, "boxes": [[0, 0, 4, 8]] * 4},
                {"id": "o2", "class": {"dog": 1.0}, "boxes": [[k, 0, k + 4.5, 8] for k in range(3)] + [None]},
            ],
            "unary": [{"predicate": "walking", "object": "o2", "prob": [0.25, 0.75, 1.0, 0.0]}],
            "binary": [
                {"predicate": "near", "subject": name, "object": "o2", "prob": [*(near or [0.75, 0.25, 0.5]), 0.0]}
            ],
        }
    )


def same(a: GraphFile, b: GraphFile) -> bool:
    return graph_to_json(a) == graph_to_json(b)


def test_networkx_keeps_everything() -> None:
    graph = to_networkx(example())
    assert isinstance(graph, nx.MultiDiGraph) and graph.nodes["o2"]["label"] == "dog"
    assert graph.edges['the "o1"\n', "o2", "near"]["prob"] == [0.75, 0.25, 0.5, 0.0]
    assert graph.nodes["o2"]["facts"] == {"walking": [0.25, 0.75, 1.0, 0.0]}
    assert same(from_networkx(graph), example())


@given(st.lists(st.integers(0, 1000).map(lambda k: k / 1000), min_size=3, max_size=3))
def test_networkx_round_trip_of_any_probabilities(near: list[float]) -> None:
    file = example(near)
    assert same(from_networkx(to_networkx(file)), file)


def test_pvsg_entry_by_hand() -> None:
    entry = to_pvsg(example(), "0001")
    assert entry["objects"][0]["object_id"] == 1 and entry["objects"][0]["category"] == "man"
    assert entry["relations"] == [[1, 2, "near", [[0, 0], [2, 2]]]] and entry["scores"] == [0.75]
    assert entry["states"] == [[2, "walking", [[1, 2]]]]
    back = from_pvsg(json.loads(json.dumps(entry)))
    assert back.graph.binary[0, :, 0, 1, 0].sigmoid().tolist() == [1, 0, 1, 0]
    assert back.graph.present[0, :, 1].tolist() == [True, True, True, False]
    assert back.ids == example().ids and back.graph.vocabulary == example().graph.vocabulary


def test_an_entry_of_the_dataset_itself() -> None:
    entry = {
        "video_id": "x",
        "meta": {"num_frames": 5, "fps": 5, "height": 10, "width": 10},
        "objects": [{"object_id": 3, "category": "dog"}, {"object_id": 7, "category": "ball"}],
        "relations": [[3, 7, "on", [[0, 1]]], [3, 7, "on", [[4, 9]]]],  # listed twice, and beyond the end
    }
    file = from_pvsg(entry)
    assert file.ids == ("o3", "o7") and file.graph.binary[0, :, 0, 1, 0].sigmoid().tolist() == [1, 1, 0, 0, 1]
    with pytest.raises(DataError, match="no entry of OpenPVSG's form"):
        from_pvsg({"objects": []})


def test_ntriples_say_what_the_graph_says() -> None:
    rdflib = pytest.importorskip("rdflib")
    graph = rdflib.Graph().parse(data=to_ntriples(example()), format="nt")
    answers = graph.query(
        """PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
        SELECT ?first ?last ?p WHERE { ?f rdf:predicate <urn:nesy:binary:near> ; <urn:nesy:ns:firstFrame> ?first ;
        <urn:nesy:ns:lastFrame> ?last ; <urn:nesy:ns:probability> ?p . ?f rdf:object ?o .
        ?o a <urn:nesy:class:dog> } ORDER BY ?first"""
    )
    assert [tuple(x.toPython() for x in row) for row in answers] == [(0, 0, 0.75), (2, 2, 0.5)]


def test_jsonld_and_ntriples_are_the_same_statements() -> None:
    rdflib = pytest.importorskip("rdflib")
    from rdflib.compare import isomorphic

    one = rdflib.Graph().parse(data=to_ntriples(example()), format="nt")
    two = rdflib.Graph().parse(data=json.dumps(to_jsonld(example())), format="json-ld")
    assert isomorphic(one, two) and len(one) > 30


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_comes_back(tmp_path: Path, form: str) -> None:
    file = example([0.75, 0.0, 0.5], name='o1 ünïcode\t"x"\\')
    export_graph(file, tmp_path / "graph", form)
    back = import_graph(tmp_path / "graph", form)
    assert back.ids == file.ids and back.graph.vocabulary == file.graph.vocabulary and back.graph.fps == (8,)
    assert torch.equal(back.graph.present, file.graph.present) and torch.equal(back.boxes, file.boxes)
    probability = back.graph.binary[0, :, 0, 1, 0].sigmoid()
    assert ((probability >= 0.5) == torch.tensor([True, False, True, False])).all()
    if form not in ("pvsg",):
        assert probability.tolist() == pytest.approx([0.75, 0.0, 0.5, 0.0])
        assert torch.allclose(back.graph.classes.exp(), file.graph.classes.exp())
    assert [p.name for p in tmp_path.iterdir()] == ["graph"]


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(NesyError, match="unknown format `ntripels`") as caught:
        export_graph(example(), tmp_path / "x", "ntripels")
    assert caught.value.hint == "did you mean `ntriples`?"
    (tmp_path / "x").write_text("<a> <b> c .\n")
    with pytest.raises(DataError, match="line 1 is no N-Triple"):
        import_graph(tmp_path / "x", "ntriples")
    (tmp_path / "x").write_text("{}")
    for form in ("networkx", "pvsg", "jsonld", "nesy"):
        with pytest.raises(DataError):
            import_graph(tmp_path / "x", form)
    with pytest.raises(DataError, match="cannot write"):
        export_graph(example(), tmp_path / "x" / "below", "pvsg")
    with pytest.raises(DataError):
        read_graph(tmp_path / "missing")
