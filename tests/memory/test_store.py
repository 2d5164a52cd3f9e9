"""The triple store against plain Python over a list of triples."""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.errors import DataError
from nesy.memory.store import IS_A, RELATIONS, Match, Pattern, Policy, StoreError, Triple, TripleStore, relation

OBJECTS = ["v0/a", "v0/b", "v1/a", "v1/b"]
CLASSES = ["cat", "snail"]
PREDICATES = ["jumping", "chasing", "above"]


@st.composite
def a_triple(draw: st.DrawFn) -> Triple:
    video = draw(st.sampled_from(["v0", "v1"]))
    mine = [o for o in OBJECTS if o.startswith(video)]
    start = draw(st.integers(0, 5))
    return Triple(
        draw(st.sampled_from(mine)), draw(st.sampled_from(PREDICATES)), draw(st.sampled_from([None, *mine])), video,
        start, start + draw(st.integers(1, 4)), draw(st.sampled_from([0.125, 0.5, 0.75, 1.0])), None, 8.0,
        draw(st.sampled_from(["run", ""])),
    )  # fmt: skip


memberships = st.dictionaries(
    st.tuples(st.sampled_from(OBJECTS), st.sampled_from(CLASSES)), st.sampled_from([0.25, 0.5, 1.0]), max_size=4
)
patterns = st.builds(
    Pattern,
    subject=st.sampled_from([None, *OBJECTS, *CLASSES, "nobody"]),
    predicate=st.sampled_from([None, *PREDICATES, IS_A]),
    object=st.sampled_from([None, *OBJECTS, *CLASSES]),
    video=st.sampled_from([None, "v0", "v1"]),
    confidence=st.sampled_from([0.0, 0.3, 0.6]),
    frames=st.sampled_from([None, (0, 2), (3, 4)]),
    seconds=st.sampled_from([None, (0.0, 0.3), (0.5, 9.0)]),
    source=st.sampled_from([None, "run"]),
    unary=st.sampled_from([None, True, False]),
    exact=st.booleans(),
)


def by_hand(triples: list[Triple], pattern: Pattern) -> list[tuple[Triple, float]]:
    """The definition of a match, one triple after the other."""
    members: dict[tuple[str, str], float] = {}
    for t in triples:
        if t.predicate == IS_A and t.object is not None:
            members[t.subject, t.object] = max(members.get((t.subject, t.object), 0), t.confidence)
    classes = {c for _, c in members}
    found = []
    for t in triples:
        p = t.confidence
        for slot, value in ((pattern.subject, t.subject), (pattern.object, t.object)):
            if slot is None:
                continue
            if slot in classes and not pattern.exact and pattern.predicate != IS_A:
                p *= members.get((value or "", slot), 0.0)
            elif slot != value:
                p = 0.0
        fits = (
            p > 0
            and p >= pattern.confidence
            and pattern.predicate in (None, t.predicate)
            and pattern.video in (None, t.video)
            and pattern.source in (None, t.source)
            and pattern.unary in (None, t.object is None)
        )
        if pattern.frames is not None:
            fits = fits and bool(set(range(t.start, t.end)) & set(range(*pattern.frames)))
        if pattern.seconds is not None:
            fits = fits and t.start / 8 < pattern.seconds[1] and t.end / 8 > pattern.seconds[0]
        if fits:
            found.append((t, p))
    return found


def key(pairs: list[tuple[Triple, float]]) -> list[str]:
    return sorted(f"{t!r} {p:.9f}" for t, p in pairs)


def stored(folder: str, triples: list[Triple], members: dict[tuple[str, str], float]) -> list[Triple]:
    everything = triples + [Triple(o, IS_A, c, o[:2], 0, 9, p, None, 8.0, "run") for (o, c), p in members.items()]
    # The frame rate belongs to the video and the peak is filled in, which the plain list must say too.
    everything = [Triple(*(getattr(t, f) for f in Triple.__slots__)) for t in everything]
    with TripleStore.open(folder) as store:
        store.add(everything)
        kept = list(store.triples())
    assert len(kept) == len(everything)
    return kept


@settings(max_examples=60, deadline=None)
@given(st.lists(a_triple(), max_size=8), memberships, st.lists(patterns, min_size=1, max_size=8))
def test_patterns_match_the_definition(triples, members, asked):
    with tempfile.TemporaryDirectory() as folder:
        everything = stored(folder, triples, members)
        with TripleStore.open(folder, create=False) as store:
            for pattern in asked:
                expected = by_hand(everything, pattern)
                found = store.match(pattern)
                assert key([(m.triple, m.confidence) for m in found]) == key(expected), pattern
                assert [m.confidence for m in found] == sorted((m.confidence for m in found), reverse=True)
                assert store.count(pattern) == len(expected)
                assert store.match(pattern, limit=2) == found[:2]


@settings(max_examples=40, deadline=None)
@given(st.lists(a_triple(), max_size=8), memberships, patterns, patterns, st.sets(st.sampled_from(sorted(RELATIONS))))
def test_related_pairs_match_the_definition(triples, members, first, second, relations):
    with tempfile.TemporaryDirectory() as folder:
        stored(folder, triples, members)
        with TripleStore.open(folder) as store:
            expected = {
                (a.id, b.id)
                for a, b in product(store.match(first), store.match(second))
                if a.id != b.id and a.triple.video == b.triple.video and holds(a, b) in relations
            }
            found = store.related(first, relations or {"before"}, second) if relations else []
            assert {(a.id, b.id) for a, b in found} == expected
            assert len(found) == len(expected)


def holds(a: Match, b: Match) -> str:
    return relation((a.triple.start, a.triple.end), (b.triple.start, b.triple.end))


def test_the_thirteen_relations_exclude_each_other_and_cover_everything(tmp_path: Path):
    """Every pair of intervals within six frames: SQL, comparison of ends and sets of frames agree."""
    intervals = [(i, j) for i in range(6) for j in range(i + 1, 7)]
    with TripleStore.open(tmp_path) as store:
        store.add(Triple("v/a", "p", None, "v", i, j) for i, j in intervals)
        store.add(Triple("v/a", "q", None, "v", i, j) for i, j in intervals)
        seen: dict[tuple[tuple[int, int], tuple[int, int]], list[str]] = {}
        for name in RELATIONS:
            for a, b in store.related(Pattern(predicate="p"), name, Pattern(predicate="q")):
                seen.setdefault(((a.triple.start, a.triple.end), (b.triple.start, b.triple.end)), []).append(name)
    assert len(seen) == len(intervals) ** 2
    assert {n for names in seen.values() for n in names} == set(RELATIONS)
    for (a, b), names in seen.items():
        assert names == [relation(a, b)]
        x, y = set(range(*a)), set(range(*b))
        assert (names[0] in ("before", "meets", "after", "met_by")) == (not x & y)
        assert (names[0] in ("during", "starts", "finishes")) == (x < y)


def test_unknown_relation_is_named(tmp_path: Path):
    with TripleStore.open(tmp_path) as store, pytest.raises(DataError, match="no interval relation `durng`"):
        store.related(Pattern(), "durng", Pattern())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 8))
def test_nearest_is_the_exact_cosine_order(seed: int, count: int, top: int):
    rng = np.random.default_rng(seed)
    rows = {f"n{i}": rng.standard_normal(5).astype(np.float32) for i in range(count)}
    rows["zero"] = np.zeros(5, np.float32)
    query = rng.standard_normal(5).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, TripleStore.open(folder) as store:
        store.put_vectors("concept", rows)
        found = store.nearest(query, "concept", top)
        assert all(np.array_equal(v, rows[n]) for n, v in store.vectors("concept").items())

    def cosine(v: np.ndarray) -> float:
        n = float(np.linalg.norm(v) * np.linalg.norm(query))
        return float(v.astype(float) @ query.astype(float)) / n if n else 0.0

    best = sorted((cosine(v) for v in rows.values()), reverse=True)[:top]
    assert np.allclose([p for _, p in found], best, atol=1e-5)
    assert all(abs(cosine(rows[n]) - p) < 1e-5 for n, p in found)


def test_vectors_of_one_space_have_one_length(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        store.put_vectors("x", {"a": np.ones(3, np.float32)})
        with pytest.raises(DataError, match="length 3, not 4"):
            store.put_vectors("x", {"b": np.ones(4, np.float32)})
        with pytest.raises(DataError, match="finite"):
            store.put_vectors("y", {"b": np.array([np.nan], np.float32)})
        assert store.nearest(np.ones(3, np.float32), "x") == [("a", pytest.approx(1.0))]
        assert store.nearest(np.ones(3, np.float32), "nothing") == []


def episode(store: TripleStore, video: str, *confidences: float, graph: bytes | None = None) -> None:
    store.add_episode(
        video, [Triple(f"{video}/a", "p", None, video, i, i + 1, c) for i, c in enumerate(confidences)], graph=graph
    )


def test_an_episode_is_replaced_only_on_request(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        episode(store, "v", 0.5, 0.6, graph=b"first")
        with pytest.raises(StoreError, match="remembered already"):
            episode(store, "v", 0.7)
        assert (store.count(), store.graph("v")) == (2, b"first")
        store.add_episode("v", [Triple("v/a", "q", None, "v", 0, 1)], graph=b"second", replace=True)
        assert (store.count(), store.graph("v"), store.graph("w")) == (1, b"second", None)


def test_a_bad_triple_in_the_middle_leaves_nothing_behind(tmp_path: Path):
    def triples():
        yield Triple("v/a", "p", None, "v", 0, 1)
        yield Triple("v/a", "p", None, "v", 3, 3)

    with TripleStore.open(tmp_path) as store:
        with pytest.raises(DataError, match="not an interval"):
            store.add_episode("v", triples())
        assert store.count() == 0
        assert store.videos() == []
        with pytest.raises(DataError, match="Unicode"):
            store.add([Triple("v/\ud800", "p", None, "v", 0, 1)])


@settings(max_examples=25, deadline=None)
@given(st.lists(a_triple(), max_size=8), memberships)
def test_the_names_that_occur(triples, members):
    with tempfile.TemporaryDirectory() as folder:
        everything = stored(folder, triples, members)
        with TripleStore.open(folder) as store:
            facts = [t for t in everything if t.predicate != IS_A]
            assert store.vocabulary() == {
                "classes": sorted({c for _, c in members}),
                "unary": sorted({t.predicate for t in facts if t.object is None}),
                "binary": sorted({t.predicate for t in facts if t.object is not None}),
            }
            for name in [*OBJECTS, *CLASSES, *PREDICATES]:
                assert store.occurs(name) == any(name in (t.subject, t.predicate, t.object) for t in everything)
            assert list(store.known()) == [v.name for v in store.videos()]


def test_forgetting(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        episode(store, "old", 0.9, 0.2, graph=b"{}")
        store.connection.execute("UPDATE videos SET added = added - 1000")
        episode(store, "new", 0.1, 0.8, 0.7)
        store.add([Triple("new/a", IS_A, "cat", "new", 0, 3, 0.05)])
        assert store.forget(Policy(below=0.04)) == 0
        assert store.forget(Policy(budget=3)) == 3
        assert sorted(m.confidence for m in store.match(Pattern())) == [0.05, 0.8, 0.9]
        assert store.forget(Policy(older_than=500)) == 1
        assert [v.name for v in store.videos()] == ["new"]
        assert store.graph("old") is None
        with pytest.raises(StoreError, match="no video `old`"):
            store.forget(Policy(video="old"))
        assert store.forget(Policy(video="new")) == 2
        names = [row[0] for row in store.connection.execute("SELECT name FROM names")]
        assert names == [IS_A]  # not even a name is left of what was forgotten
        store.check()
    with pytest.raises(DataError, match="nothing to forget"):
        Policy()


def test_what_is_forgotten_is_not_in_the_file_any_more(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        episode(store, "kept", 0.5)
        store.add_episode("secretvideo", [Triple("secretvideo/thing", "p", None, "secretvideo", 0, 1)], graph=b"x")
        store.put_vectors("text", {"secretvideo": np.full(3, 7.25, np.float32), "cat": np.ones(3, np.float32)})
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert b"secretvideo" in Path(store.where).read_bytes()
        store.forget(Policy(video="secretvideo"))
        files = list(tmp_path.iterdir())
        assert not any(b"secretvideo" in f.read_bytes() for f in files)
        assert not any(np.full(3, 7.25, "<f4").tobytes() in f.read_bytes() for f in files)
        assert store.count() == 1
        assert list(store.vectors("text")) == ["cat"]  # of which no triple ever spoke
