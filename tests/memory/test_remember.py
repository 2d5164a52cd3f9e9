"""Scene graphs to interval triples and back, and formulas over everything remembered."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.dsl.parser import parse_formula
from nesy.errors import DataError, NesyError
from nesy.memory.formulas import ask_formula
from nesy.memory.intervals import Thresholds, intervals
from nesy.memory.remember import recall, remember, remember_file
from nesy.memory.store import IS_A, Pattern, StoreError, TripleStore
from nesy.reasoners.temporal.query import query
from nesy.scenegraph import GraphFile, SceneGraph, Vocabulary, write_graph
from nesy.scenegraph.file import parse_graph

probabilities = st.lists(st.sampled_from([0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0]), max_size=24)


@settings(max_examples=200, deadline=None)
@given(probabilities, st.integers(0, 3), st.integers(1, 3))
def test_intervals_match_a_frame_by_frame_definition(series: list[float], gap: int, shortest: int):
    """A frame belongs to an interval when a run of frames >= leave around it reaches enter, or when it fills a gap."""
    enter, leave = 0.5, 0.3
    inside = []
    for t in range(len(series)):
        a = b = t
        while a > 0 and series[a - 1] >= leave:
            a -= 1
        while b + 1 < len(series) and series[b + 1] >= leave:
            b += 1
        inside.append(series[t] >= leave and max(series[a : b + 1]) >= enter)
    filled = list(inside)
    for t in range(len(series)):
        before = [i for i in range(t) if inside[i]]
        after = [i for i in range(t + 1, len(series)) if inside[i]]
        filled[t] |= bool(before and after) and after[0] - before[-1] - 1 <= gap
    found = intervals(np.array(series, float), Thresholds(enter, leave, gap, shortest))
    expected = [False] * len(series)
    for t in range(len(series)):
        a = b = t
        while filled[t] and a > 0 and filled[a - 1]:
            a -= 1
        while filled[t] and b + 1 < len(series) and filled[b + 1]:
            b += 1
        expected[t] = filled[t] and b - a + 1 >= shortest
    covered = [any(i.start <= t < i.end for i in found) for t in range(len(series))]
    assert covered == expected
    assert all(x.end < y.start for x, y in pairwise(found))
    for i in found:
        assert i.peak == max(series[i.start : i.end]) >= enter
        assert i.mean == pytest.approx(sum(series[i.start : i.end]) / (i.end - i.start))


@pytest.mark.parametrize("wrong", [{"enter": 0.1}, {"leave": 0.0}, {"gap": -1}, {"shortest": 0}, {"membership": 0.0}])
def test_wrong_thresholds_are_named(wrong: dict[str, float]):
    with pytest.raises(DataError, match=r"thresholds: .*\n  expected"):
        raise_it = Thresholds(**wrong)  # type: ignore[arg-type]
        raise AssertionError(raise_it)


def small(seed: int = 0, frames: int = 5, names: tuple[str, ...] = ("jumping",), fps: float | None = 8.0) -> GraphFile:
    """Two objects, one of which is away in the first frame."""
    rng = np.random.default_rng(seed)
    vocabulary = Vocabulary(("cat", "snail"), names, ("chasing",))
    present = torch.ones(frames, 2, dtype=torch.bool)
    present[:1, 1] = False
    classes = torch.tensor([[0.9, 0.1], [0.0, 0.75]], dtype=torch.float64)
    unary = torch.from_numpy(rng.random((frames, 2, len(names))))
    binary = torch.from_numpy(rng.random((frames, 2, 2, 1)))
    graph = SceneGraph.from_probabilities(vocabulary, classes, unary, binary, present, fps)
    return GraphFile(graph, ("a", "b"), torch.ones(frames, 2, 4))


def test_triples_of_a_graph(tmp_path: Path):
    file = small()
    with TripleStore.open(tmp_path) as store:
        count = remember(file, store, video="clip", source="test", thresholds=Thresholds(0.5, 0.5, 0))
        found = list(store.triples())
        assert len(found) == count
        assert {(t.subject, t.object, round(t.confidence, 9), t.start) for t in found if t.predicate == IS_A} == {
            ("clip/a", "cat", 0.9, 0),
            ("clip/a", "snail", 0.1, 0),
            ("clip/b", "snail", 0.75, 1),
        }
        g = file.graph
        for t in range(5):
            for s, subject in enumerate("ab"):
                p = float(g.unary[0, t, s, 0].sigmoid()) if g.present[0, t, s] else 0.0
                told = store.match(Pattern(f"clip/{subject}", "jumping", frames=(t, t + 1)))
                assert len(told) == (p >= 0.5)
                for o, other in enumerate("ab"):
                    both = bool(g.present[0, t, s] and g.present[0, t, o])
                    p = float(g.binary[0, t, s, o, 0].sigmoid()) if both else 0.0
                    told = store.match(Pattern(f"clip/{subject}", "chasing", f"clip/{other}", frames=(t, t + 1)))
                    assert len(told) == (p >= 0.5)
        assert all((t.video, t.fps, t.source) == ("clip", 8.0, "test") for t in found)
        back = recall(store, "clip")
        assert back.ids == file.ids
        assert torch.allclose(back.graph.classes.exp(), g.classes.exp(), atol=1e-6)
        seen = g.present[..., None]
        assert torch.allclose(back.graph.unary.sigmoid(), g.unary.sigmoid() * seen, atol=1e-6)


def test_names_that_were_never_true_are_known_all_the_same(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        remember(small(names=("jumping", "sleeping"), frames=0), store, video="empty")
        assert store.count() == 0
        assert store.vocabulary() == {
            "classes": ["cat", "snail"], "unary": ["jumping", "sleeping"], "binary": ["chasing"]
        }  # fmt: skip


def test_a_graph_without_objects_and_classes(tmp_path: Path):
    empty = parse_graph({"nesy": "scene-graph/1", "fps": 8, "frames": 0, "objects": [], "unary": [], "binary": []})
    with TripleStore.open(tmp_path) as store:
        assert remember(empty, store, video="v") == 0
        assert (recall(store, "v").ids, store.videos()[0].frames) == ((), 0)


def test_files_are_named_by_their_stem(tmp_path: Path):
    write_graph(small(), tmp_path / "walk.json")
    with TripleStore.open(tmp_path / "s") as store:
        assert remember_file(tmp_path / "walk.json", store) > 0
        assert [(v.name, v.frames, v.fps, v.graph) for v in store.videos()] == [("walk", 5, 8.0, True)]
        with pytest.raises(StoreError, match="`walk` is remembered already"):
            remember_file(tmp_path / "walk.json", store)
        before = store.count()
        assert remember_file(tmp_path / "walk.json", store, replace=True) == before == store.count()
        assert store.match(Pattern())[0].triple.source == "walk.json"


FORMULA = "exists c: cat, s: snail { eventually jumping(c) then chasing(s, c) }"


def test_a_formula_over_everything_is_that_of_each_clip_best_first(tmp_path: Path):
    files = {f"v{i}": small(i) for i in range(4)}
    with TripleStore.open(tmp_path) as store:
        for name, file in files.items():
            remember(file, store, video=name)
        found = ask_formula(FORMULA, store)
        chosen = ask_formula(FORMULA, store, videos=["v2"])
    for answer in found:
        expected = query(parse_formula(FORMULA), files[answer.video].graph).probability
        assert answer.probability == pytest.approx(expected, abs=1e-4)
        assert answer.objects["c"] == f"{answer.video}/a"
        assert answer.frames
    assert sorted(a.video for a in found) == sorted(files)
    values = [a.probability for a in found]
    assert values == sorted(values, reverse=True)
    assert [a.video for a in chosen] == ["v2"]


def test_clips_with_different_names_and_without_frame_rate(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        remember(small(0, names=("jumping",)), store, video="v0")
        remember(small(1, names=("sleeping", "jumping"), fps=None), store, video="v1")
        found = {a.video: a for a in ask_formula("exists x { eventually sleeping(x) }", store)}
        assert found["v0"].probability == 0.0
        assert found["v1"].probability > 0.5
        found = {a.video: a for a in ask_formula("exists x { eventually[0s, 1s] jumping(x) }", store)}
        assert found["v0"].error is None
        assert (found["v1"].error is not None and "fps" in found["v1"].error) or "frame" in str(found["v1"].error)
        with pytest.raises(NesyError, match="did you mean `sleeping`"):
            ask_formula("exists x { eventually sleping(x) }", store)


def test_nothing_remembered_and_a_damaged_graph(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        with pytest.raises(DataError, match="no scene graph is kept"):
            ask_formula(FORMULA, store)
        remember(small(), store, video="v", keep_graph=False)
        with pytest.raises(StoreError, match="no scene graph of `v`"):
            recall(store, "v")
        store.add_episode("w", [], graph=json.dumps({"nesy": "scene-graph/7"}).encode())
        with pytest.raises(StoreError, match="scene graph of `w` is damaged"):
            recall(store, "w")
        store.connection.execute("UPDATE videos SET graph = x'00' WHERE graph IS NOT NULL")
        with pytest.raises(StoreError, match="scene graph of `w` is damaged"):
            recall(store, "w")
