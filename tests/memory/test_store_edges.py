"""The store at its edges: odd numbers, odd text, two frame rates, videos without triples, a reader beside a writer."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from nesy.errors import DataError
from nesy.memory.store import Pattern, Policy, Triple, TripleStore


@pytest.fixture
def store(tmp_path: Path):
    with TripleStore.open(tmp_path) as opened:
        yield opened


def fact(start: int = 0, end: int = 2, *, video: str = "v", fps: float | None = None, subject: str = "v/a") -> Triple:
    return Triple(subject, "jumping", None, video, start, end, 0.5, fps=fps)


def test_numbers_of_numpy_are_stored_as_numbers(store: TripleStore):
    """SQLite keeps a numpy integer as bytes: the file could not be read any more."""
    store.add([Triple("v/a", "p", None, "v", np.int64(1), np.int32(4), np.float32(0.5), fps=np.float32(8))])  # type: ignore[arg-type]
    (only,) = store.triples()
    assert (only.start, only.end, only.confidence, only.fps) == (1, 4, 0.5, 8.0)
    with pytest.raises(DataError, match="whole number"):
        store.add([Triple("v/a", "p", None, "v", 0.5, 1.5)])  # type: ignore[arg-type]


def test_one_video_has_one_frame_rate(store: TripleStore):
    store.add([fact()])
    store.add([fact(3, 4, fps=8.0), fact(5, 6)])  # known from now on
    assert [t.fps for t in store.triples()] == [8.0, 8.0, 8.0]
    with pytest.raises(DataError, match="10"):
        store.add([fact(7, 8, fps=10.0)])
    assert store.count() == 3
    with pytest.raises(DataError, match="frames a second"):  # frame 2 would come at an infinite time
        fact(fps=1e-320)
    for wrong in ({"fps": 0.0}, {"fps": float("nan")}, {"frames": -1}, {"frames": 2**70}):
        with pytest.raises(DataError, match="frames"):
            store.add_episode("w", [fact(video="w")], **wrong)  # type: ignore[arg-type]


def test_seconds_are_those_of_the_triples(store: TripleStore):
    """0.29 s at 100 frames a second is frame 29, though 0.29 * 100 is less."""
    store.add([fact(28, 29, fps=100.0), fact(29, 30, fps=100.0)])
    assert [m.triple.start for m in store.match(Pattern(seconds=(0.29, 1.0)))] == [29]
    for window in range(1, 100):
        found = {m.triple.start for m in store.match(Pattern(seconds=(0.0, window / 100)))}
        assert found == {f for f in (28, 29) if f / 100 < window / 100}


@pytest.mark.parametrize("window", [(5, 5), (5, 2), (float("nan"), 2.0)])
def test_a_time_that_holds_nothing_is_refused(window):
    with pytest.raises(DataError, match="hold nothing"):
        Pattern(seconds=window)
    with pytest.raises(DataError, match="hold nothing"):
        Pattern(frames=window)


def test_numbers_too_large_for_a_database(store: TripleStore):
    store.add([fact()])
    assert len(store.match(Pattern(frames=(-(2**80), 2**80)), limit=10**30)) == 1
    assert store.related(Pattern(), "before", Pattern(), limit=10**30) == []
    assert store.forget(Policy(budget=10**30)) == 0


def test_text_that_is_no_unicode(store: TripleStore):
    store.add([fact()])
    assert store.match(Pattern(subject="\ud800")) == []
    with pytest.raises(DataError, match="Unicode"):
        store.add_episode("w", [fact(video="w")], vocabulary={"unary": ["\ud800"]})
    assert store.known() == {"v": False}


def test_a_video_in_which_nothing_was_seen_is_not_forgotten_with_another(store: TripleStore):
    store.add_episode("v", [fact()])
    store.add_episode("blank", [], graph=b"{}")
    store.forget(Policy(video="v"))
    assert list(store.known()) == ["blank"]
    store.forget(Policy(older_than=0.0))
    assert not store.known()


def test_nothing_is_left_of_what_was_replaced(tmp_path: Path):
    with TripleStore.open(tmp_path) as store:
        one = np.ones(3, np.float32)
        vectors = {"looks": {"v/secret": one, "elsewhere": one}}
        store.add_episode("v", [fact(subject="v/secret")], vectors=vectors)
        store.add_episode("v", [fact(subject="v/b")], vectors={"looks": {"v/b": one}}, replace=True)
        assert sorted(store.vectors("looks")) == ["elsewhere", "v/b"]
        store.forget(Policy(below=0.1))
        assert b"v/secret" not in (tmp_path / "memory.sqlite").read_bytes()


@pytest.mark.filterwarnings("error")
def test_cosines_of_very_long_and_very_short_vectors(store: TripleStore):
    sizes = {"long": 1e30, "plain": 1.0, "short": 1e-30}
    store.put_vectors("s", {n: np.array([x, 0, 0, x], np.float32) for n, x in sizes.items()})
    for x in sizes.values():
        found = dict(store.nearest(np.array([x, x, x, x], np.float32), "s"))
        assert found == pytest.approx(dict.fromkeys(sizes, 0.5**0.5), abs=1e-6)
    with pytest.raises(DataError, match="finite"):
        store.nearest(np.full(4, np.nan, np.float32), "s")


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path):
    """Not when it opens the file, not when it reads, not when it closes it."""
    TripleStore.open(tmp_path).close()
    writing, done = threading.Event(), threading.Event()

    def slowly():
        yield fact()
        writing.set()
        done.wait(30)

    def write() -> None:
        with TripleStore.open(tmp_path) as store:
            store.add(slowly())

    def read() -> None:
        with TripleStore.open(tmp_path, create=False) as store:
            seen.append(store.count())

    seen: list[int] = []
    writer, reader = threading.Thread(target=write), threading.Thread(target=read)
    writer.start()
    try:
        assert writing.wait(30)
        reader.start()
        reader.join(20)
        assert seen == [0]
        assert not reader.is_alive()
    finally:
        done.set()
        writer.join()
        reader.join()


def test_a_name_has_one_role_in_all_videos(store: TripleStore):
    """Else "did X jump" is "no" of every video as soon as one graph has a class `jumping`."""
    words = {"classes": ["cat"], "unary": ["jumping"], "binary": ["near"]}
    store.add_episode("v", [fact()], vocabulary=words)
    store.add_episode("w", [fact(video="w")], vocabulary={"classes": ["dog"], "binary": ["jumping"]})
    for new in ({"classes": ["jumping"]}, {"unary": ["cat"]}, {"unary": ["is_a"]}):
        with pytest.raises(DataError, match="video `x`"):
            store.add_episode("x", [fact(video="x")], vocabulary=new)
    assert list(store.known()) == ["v", "w"]
    store.forget(Policy(budget=0))
    store.add_episode("x", [fact(video="x")], vocabulary={"classes": ["jumping"]})
    assert store.vocabulary()["classes"] == ["jumping"]
    store.add_episode("x", [fact(video="x")], vocabulary={"unary": ["jumping"]}, replace=True)
    assert store.vocabulary() == {"classes": [], "unary": ["jumping"], "binary": []}
