"""The same store on a PostgreSQL server (shipped by the package pgserver): what SQLite answers, it answers too."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.cli.app import run
from nesy.dsl.parser import parse_formula
from nesy.errors import DataError
from nesy.memory.occurrences import occurrences, story
from nesy.memory.store import IS_A, RELATIONS, Pattern, Policy, StoreError, Triple, TripleStore
from nesy.memory.store.walk import Walker
from tests.memory.test_memory_cli import graph
from tests.memory.test_store import CLASSES, a_triple, memberships, patterns

pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL server: pip install pgserver")
psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'nesy[postgres]'")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = pgserver.get_server(tmp_path_factory.mktemp("server"))
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def address(server: str) -> Iterator[str]:
    """A schema of its own for each test."""
    with psycopg.connect(server, autocommit=True) as link:
        link.execute("CREATE EXTENSION IF NOT EXISTS vector")
        link.execute("CREATE SCHEMA test")
    yield f"{server}{'&' if '?' in server else '?'}options={quote('-csearch_path=test,public')}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute("DROP SCHEMA test CASCADE")


def facts(members: dict[tuple[str, str], float]) -> list[Triple]:
    return [Triple(o, IS_A, c, o.split("/")[0], 0, 9, p) for (o, c), p in members.items()]


def empty(store: TripleStore) -> None:
    for table in ("vectors", "triples", "videos", "vocabulary"):
        store.connection.execute(f"DELETE FROM {table}")


def test_both_engines_answer_alike(address: str, tmp_path: Path):
    with TripleStore.open(tmp_path) as file, TripleStore.open(address) as kept:

        @settings(max_examples=60, deadline=None)
        @given(st.lists(a_triple(), max_size=12), memberships, st.lists(patterns, min_size=2, max_size=4))
        def check(triples: list[Triple], members: dict[tuple[str, str], float], asked: list[Pattern]) -> None:
            for store in (file, kept):
                empty(store)
                store.add([*facts(members), *triples])
            assert list(kept.triples()) == list(file.triples())
            for pattern in asked:
                assert kept.count(pattern) == file.count(pattern)
                one, two = ([(m.triple, m.confidence) for m in s.match(pattern)] for s in (kept, file))
                assert one == two
            for name in RELATIONS:
                one, two = (
                    [(a.triple, b.triple) for a, b in s.related(asked[0], name, asked[1], limit=7)]
                    for s in (kept, file)
                )
                assert one == two
            assert kept.vocabulary() == file.vocabulary() and kept.classes() == file.classes()
            assert kept.predicates() == file.predicates()
            spec = parse_formula("exists x: cat, y { chasing(x, y) and above(x, y) then jumping(y) }")
            told = story(spec, tuple(CLASSES))
            one, two = (
                [(o.video, o.objects, o.events, o.confidence) for o in occurrences(told, s)] for s in (kept, file)
            )
            assert one == two

        check()


def test_episodes_vectors_and_forgetting(address: str, tmp_path: Path):
    rng = np.random.default_rng(0)
    found = []
    for place in (str(tmp_path), address):
        rng = np.random.default_rng(0)
        with TripleStore.open(place) as store:
            for v in range(6):
                name = f"clip{v}"
                triples = [
                    Triple(f"{name}/a", p, f"{name}/b", name, i, i + 2, float(rng.random()), None, 8.0)
                    for i, p in enumerate(("near", "chasing", "near", "above"))
                ]
                vectors = {"looks": {name: rng.normal(size=5).astype(np.float32)}}
                words = {"classes": ["cat"], "unary": ["jumping"], "binary": ["near"]}
                store.add_episode(
                    name, triples, frames=9, fps=8.0, graph=b'{"a": 1}' * 50, vectors=vectors, vocabulary=words
                )
            store.put_vectors("looks", {"nothing": np.zeros(5, np.float32)})
            with pytest.raises(StoreError, match="remembered already"):
                store.add_episode("clip1", [])
            with pytest.raises(DataError, match="length 5, not 4"):
                store.put_vectors("looks", {"cat": np.ones(4, np.float32)})
            assert store.count() == 24 and store.graph("clip2") == b'{"a": 1}' * 50
            store.add_episode("clip1", [Triple("clip1/a", "near", None, "clip1", 0, 1)], replace=True)
            near = store.nearest(np.ones(5, np.float32), "looks", 7)
            walker = Walker(store)
            walked = walker.walk(["clip0/a"], top=99)
            forgotten = store.forget(Policy(budget=10))
            store.check()
            assert store.size() > 1000 and store.count() == 10
            found.append(
                (
                    near,
                    dict(walked.videos + walked.concepts),
                    forgotten,
                    list(store.triples()),
                    store.known(),
                    store.occurs("clip0/b"),
                )
            )
    (near, steps, *one), (far, others, *two) = found
    assert steps == pytest.approx(others, abs=1e-9)  # sums of the same numbers in another order
    assert one == two and [n for n, _ in near] == [n for n, _ in far]
    assert np.allclose([c for _, c in near], [c for _, c in far], atol=1e-6) and near[-1] != ("nothing", 1.0)


def test_writers_wait_for_each_other_and_a_failed_transaction_leaves_nothing(address: str):
    def write(name: str) -> None:
        with TripleStore.open(address) as store:
            for i in range(20):
                clip = f"{name}{i}"
                store.add_episode(clip, [Triple(f"{clip}/a", "p", None, clip, k, k + 1) for k in range(10)])

    TripleStore.open(address).close()
    threads = [threading.Thread(target=write, args=(n,)) for n in "xyz"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with TripleStore.open(address, create=False) as store:
        assert store.count() == 600 and len(store.videos()) == 60

        def broken() -> Iterator[Triple]:
            yield Triple("new/a", "p", None, "new", 0, 1)
            raise RuntimeError("the source failed")

        before = store.state()
        with pytest.raises(RuntimeError):
            store.add(broken())
        assert store.count() == 600 and not store.occurs("new/a") and store.state() == before
        with pytest.raises(DataError, match="cannot hold"):
            store.add([Triple("nul\0", "p", None, "v", 0, 1)])
        assert store.count() == 600


def test_a_killed_writer_leaves_no_half_episode(address: str):
    code = (
        "import sys\nfrom nesy.memory.store import Triple, TripleStore\n"
        "store = TripleStore.open(sys.argv[1])\n"
        "for i in range(10_000):\n"
        "    store.add_episode(f'v{i}', [Triple(f'v{i}/a', 'p', None, f'v{i}', k, k + 1) for k in range(40)])\n"
        "    print(i, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, address], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [writer.stdout.readline() for _ in range(5)]
    writer.kill()
    told += writer.stdout.read().splitlines()
    writer.wait()
    with TripleStore.open(address, create=False) as store:
        videos = store.videos()
        assert len(told) <= len(videos) <= len(told) + 1 and all(v.triples == 40 for v in videos)


def test_what_cannot_be_opened_is_named(server: str, address: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(StoreError, match="no memory there"):
        TripleStore.open(address, create=False)
    with psycopg.connect(address, autocommit=True) as link:
        link.execute("CREATE TABLE names (x INT)")
    with pytest.raises(StoreError, match="tables of other programs"):
        TripleStore.open(address)
    assert run(["memory", "show", "--store", "postgresql://me:secret@localhost:1/none"]) == 2
    said = capsys.readouterr().err
    assert "postgresql://localhost/none" in said and "secret" not in said and "Traceback" not in said


def test_the_commands_work_on_a_server(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path, answers = graph(tmp_path / "graph.json"), []
    asked = ["who jumped?"], ["(?, killing, ?)"], ["exists m: mugen { eventually jumping(m) }"]
    for place in (str(tmp_path / "file"), address):
        assert run(["memory", "add", str(path), "--store", place]) == 0
        assert run(["memory", "show", "--store", place, "--check", "--json"]) == 0
        capsys.readouterr()
        for words in asked:
            assert run(["memory", "ask", *words, "--store", place, "--json"]) == 0, capsys.readouterr().err
            answers.append(json.loads(capsys.readouterr().out))
    assert answers[:3] == answers[3:]
