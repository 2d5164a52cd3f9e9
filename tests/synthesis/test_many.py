"""Captions by the million, here by the dozen: parts, workers of which one dies, what is kept, what is made again."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from nesy import jobs
from nesy.cli.app import run
from nesy.errors import DataError, NesyError
from nesy.synthesis.captions import read_captions
from nesy.synthesis.choice import Choice
from nesy.synthesis.extraction import Summary, extract
from nesy.synthesis.many import extract_many

DOMAIN = "class cat, dog\nunary sleeping, running // on its feet\nbinary chasing\n"
TEXTS = ["A cat sleeps.", "A dog runs and then sleeps.", "A dog chases a cat.", "It rains."]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A domain, and a folder with 23 captions in one file, 4 in another, none in a third, and a broken file."""
    monkeypatch.setattr(jobs, "on_ray", lambda: False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "domain.dsl").write_text(DOMAIN, "utf-8")
    below = tmp_path / "captions" / "more [1]"
    below.mkdir(parents=True)
    write(below / "long.jsonl", 23)
    write(tmp_path / "captions" / "short.jsonl", 4)
    (tmp_path / "captions" / "none.jsonl").write_text("", "utf-8")
    (tmp_path / "captions" / "broken.jsonl").write_text('{"id": "1", "caption": "A cat sleeps."}\n{"id": ', "utf-8")
    return tmp_path


def write(path: Path, count: int) -> None:
    rows = [{"id": f"{path.stem}-{i}", "caption": f"{TEXTS[i % 4]}"} for i in range(count)]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")


def many(place: Path, **more: object):
    arguments: dict = {"part": 5, "workers": 2} | more
    return extract_many(place / "captions", place / "specs", place / "domain.dsl", **arguments)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def check(place: Path) -> None:
    """What the folder's results should be: those of each file by itself, and the broken file in the list."""
    choice = Choice.of(place / "domain.dsl")
    for name, count in (("more [1]/long.jsonl", 23), ("short.jsonl", 4), ("none.jsonl", 0)):
        one = extract(choice.make(), read_captions(place / "captions" / name), choice.domain)
        assert len(one) == count
        rows = [json.loads(x) for x in (place / "specs" / name).read_text("utf-8").splitlines()]
        assert rows == [r.to_json() for r in one]
    (failure,) = [json.loads(x) for x in (place / "specs" / "failures.jsonl").read_text("utf-8").splitlines()]
    assert failure["captions"].endswith("broken.jsonl") and "line 2: not JSON" in failure["reason"]
    names = {"failures.jsonl", "job.json", "more [1]/long.jsonl", "none.jsonl", "short.jsonl"}
    assert set(files(place / "specs")) == names  # nothing else is left behind


def test_a_folder_has_the_results_of_its_files(place: Path):
    steps: list[tuple[int, int]] = []
    outcome = many(place, told=lambda done, total: steps.append((done, total)))
    assert (outcome.made, outcome.kept, len(outcome.failed)) == (3, 0, 1)
    assert steps == [(5, 27), (10, 27), (15, 27), (20, 27), (23, 27), (27, 27)]
    check(place)
    summary = Summary.of(outcome.read())
    assert (summary.accepted, summary.rejected) == (21, 6)
    before = files(place / "specs")
    again = many(place, before=refuse)
    assert (again.made, again.kept, len(again.failed)) == (0, 3, 1) and files(place / "specs") == before


def refuse(item: str) -> None:
    raise AssertionError(f"{item} is done again")


class Break:
    """Breaks the job off before the given part, as control-C does."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, item: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def test_a_job_that_was_broken_off_goes_on_with_its_parts(place: Path):
    with pytest.raises(KeyboardInterrupt):
        many(place, before=Break(3))
    assert not list((place / "specs").rglob("long.jsonl"))  # not half of it
    done: list[str] = []
    outcome = many(place, before=done.append)
    assert (len(done), outcome.made, outcome.kept) == (3, 2, 1)  # two parts of the long file, the short, the empty
    check(place)


def test_parts_of_other_captions_are_not_used(place: Path):
    with pytest.raises(KeyboardInterrupt):
        many(place, before=Break(3))
    write(place / "captions" / "more [1]" / "long.jsonl", 23)  # the same again
    with (place / "captions" / "more [1]" / "long.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "last", "caption": "A cat runs."}\n')
    outcome = many(place)
    rows = [r for r in outcome.read() if r.id == "last"]
    assert [r.spec for r in rows] == ["exists c: cat { eventually running(c) }"]
    assert not list((place / "specs").rglob("*.parts"))


def test_newer_captions_are_translated_again(place: Path):
    many(place)
    later = (place / "specs" / "short.jsonl").stat().st_mtime + 10
    os.utime(place / "captions" / "short.jsonl", (later, later))
    outcome = many(place)
    assert (outcome.made, outcome.kept) == (1, 2)


def test_what_was_made_otherwise_is_not_kept_as_ones_own(place: Path):
    many(place)
    before = files(place / "specs")
    for change, what in (
        ({"settings": {"hints": True}}, "settings: {}, not {'hints': True}"),
        ({"extractor": "replay", "settings": {"file": "captions/short.jsonl"}}, "neither `spec` nor"),
    ):
        with pytest.raises(DataError) as told:
            many(place, **change)
        assert what in str(told.value)
    (place / "domain.dsl").write_text(DOMAIN.replace("feet", "paws"), "utf-8")  # a model would be told so
    with pytest.raises(DataError, match=r"holds the files of another job .domain: "):
        many(place)
    assert files(place / "specs") == before


def test_a_setting_that_is_wrong_is_told_before_any_work(place: Path):
    with pytest.raises(NesyError, match="has no setting `hint`"):
        many(place, settings={"hint": True})
    assert not (place / "specs").exists()


def test_a_part_that_fails_is_listed_and_tried_again(place: Path, monkeypatch: pytest.MonkeyPatch):
    """Here the disk refuses one part; a server that is away has the same end."""
    from nesy.synthesis import many as module

    whole = module.write_whole

    def full(path: str, text: str) -> object:
        if str(path).endswith("0000002.jsonl"):
            raise DataError(f"{path}: cannot write it (No space left on device)")
        return whole(path, text)

    monkeypatch.setattr(module, "write_whole", full)
    outcome = many(place)
    assert outcome.made == 2 and len(outcome.failed) == 2
    assert any(k.endswith("long.jsonl, captions 11 to 15") for k in outcome.failed)
    monkeypatch.setattr(module, "write_whole", whole)
    done: list[str] = []
    assert many(place, before=done.append).made == 1 and len(done) == 1
    check(place)


@pytest.mark.parametrize(
    ("captions", "out", "what"),
    [
        ("nowhere", "specs", "no such file"),
        ("empty", "specs", "no file of captions below"),
        ("captions", "captions", "cannot lie in the folder of the captions"),
        ("captions", "domain.dsl", "is no folder"),
    ],
)
def test_places_that_will_not_do(place: Path, captions: str, out: str, what: str):
    (place / "empty").mkdir()
    with pytest.raises(DataError, match=what):
        extract_many(place / captions, place / out, place / "domain.dsl")


def test_results_below_the_captions_are_no_captions(place: Path):
    out = place / "captions" / "specs"
    first = extract_many(place / "captions", out, place / "domain.dsl")
    again = extract_many(place / "captions", out, place / "domain.dsl")
    assert (first.made, again.made, again.kept) == (3, 0, 3)


def test_the_command(place: Path, capsys: pytest.CaptureFixture[str]):
    command = ["extract", "captions", "--spec", "domain.dsl"]
    assert run([*command, "-o", "specs", "--json"]) == 1  # because of the broken file
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert (told["made"], told["kept"], told["accepted"], told["rejected"]) == (3, 0, 21, 6)
    assert "what failed, and why: specs/failures.jsonl" in captured.err and "nesy[ray]" in captured.err
    (place / "captions" / "broken.jsonl").unlink()
    assert run([*command, "-o", "specs"]) == 0
    assert "0 files of results made, 3 kept, 0 failures" in capsys.readouterr().err
    assert (place / "specs" / "failures.jsonl").read_text("utf-8") == ""
    one = ["extract", "captions/short.jsonl", "--spec", "domain.dsl", "--workers", "2", "-o"]
    assert run([*one, "one.jsonl"]) == 0
    assert (place / "one.jsonl").read_bytes() == (place / "specs" / "short.jsonl").read_bytes()
    for wrong, what in (
        ([*one, "one.dsl"], "-o results.jsonl"),
        (command, "-o a folder"),
        (["extract", "captions", "--open", "1", "-o", "specs"], "a folder needs a domain"),
        ([*command, "-o", "specs", "--set", "hints=true"], "holds the files of another job"),
    ):
        capsys.readouterr()
        assert run(wrong) == 2
        assert what in " ".join(capsys.readouterr().err.split())


def test_a_folder_of_results_is_replayed(place: Path, capsys: pytest.CaptureFixture[str]):
    many(place)
    capsys.readouterr()
    replay = ["extract", "captions/short.jsonl", "--spec", "domain.dsl", "--extractor", "replay", "--set", "file=specs"]
    assert run([*replay, "--json"]) == 0
    rows = [json.loads(x)["spec"] for x in capsys.readouterr().out.splitlines()]
    assert rows == [json.loads(x)["spec"] for x in (place / "specs" / "short.jsonl").read_text("utf-8").splitlines()]


class DieOnce:
    """Kills the worker that comes to the second part of the long file first; a file remembers that it has happened."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __call__(self, item: str) -> None:
        if "0000001.jsonl" in item and not os.path.exists(self.mark):
            Path(self.mark).write_text("died", "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_two_workers_one_of_which_dies(place: Path, monkeypatch: pytest.MonkeyPatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(jobs, "on_ray", lambda: True)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    mark = place / "died"
    try:
        outcome = many(place, before=DieOnce(mark))
        assert mark.exists() and outcome.made == 3
        check(place)
    finally:
        ray.shutdown()
