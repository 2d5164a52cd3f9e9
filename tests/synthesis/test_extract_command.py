"""``nesy extract`` and what stands behind it: captions in, checked specs out, every caption accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.cli.app import run
from nesy.dsl.check import check_module
from nesy.dsl.parser import load, parse_formula
from nesy.dsl.signature import Signature
from nesy.errors import DataError
from nesy.synthesis.captions import Caption, read_captions
from nesy.synthesis.extraction import Summary, extract
from nesy.synthesis.replay import Replay
from nesy.synthesis.specfile import spec_file, spec_names
from nesy.synthesis.validation import Fault, spec_of_answer, validate

DOMAIN = """class cat, dog
unary asleep, running
binary near
define busy(x) = running(x) and not asleep(x)
"""
SIGNATURE = Signature.of(classes=["cat", "dog"], unary=["asleep", "running"], binary=["near"])
LINES = [
    {"id": "a", "caption": "A cat sleeps."},
    {"id": 7, "caption": "A cat runs,\nthen a dog."},
    {"id": "a b", "caption": "Nothing known."},
]
ANSWERS = [
    {"caption": LINES[0]["caption"], "raw": "exists c: cat { F asleep(c) }"},
    {"id": 7, "raw": '```json\n{"spec": "exists c: cat, d: dog { busy(c) then running(d) }"}\n```'},
    {"id": "a b", "raw": "exists c: cow { eventually asleep(c) }"},
]


def write(path: Path, lines: list[dict]) -> Path:
    path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "domain.dsl").write_text(DOMAIN)
    captions = write(tmp_path / "captions.jsonl", LINES)
    answers = write(tmp_path / "answers.jsonl", ANSWERS)
    return [
        "extract", str(captions), "--spec", str(tmp_path / "domain.dsl"), "--extractor", "replay", "--set",
        f"file={answers}",
    ]  # fmt: skip


def test_json_has_one_object_a_caption_in_their_order(files: list[str], capsys):
    assert run([*files, "--json"]) == 0
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert [r["id"] for r in rows] == ["a", "7", "a b"]
    assert [r["status"] for r in rows] == ["accepted", "accepted", "rejected"]
    assert rows[0]["spec"] == "exists c: cat { eventually asleep(c) }"  # the canonical text
    assert rows[2]["spec"] is None and rows[2]["reason"] == "an unknown class" and "cow" in rows[2]["raw"]
    assert "2 accepted, 0 repaired, 1 rejected" in captured.err and "1 rejected: an unknown class" in captured.err


def test_the_spec_file_checks_and_says_the_same(files: list[str], tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    assert run([*files, "-o", str(folder / "specs.dsl")]) == 0
    checked = check_module(load(folder / "specs.dsl"))
    assert list(checked.specs) == ["a", "spec_7"]
    assert [p.name for p in folder.iterdir()] == ["specs.dsl"]
    assert "// rejected: an unknown class" in (folder / "specs.dsl").read_text()


def test_results_can_be_replayed(files: list[str], tmp_path: Path, capsys):
    results = tmp_path / "results.jsonl"
    assert run([*files, "-o", str(results)]) == 0
    capsys.readouterr()
    assert run([*files[:-1], f"file={results}", "--json"]) == 0
    again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    before = [json.loads(line) for line in results.read_text().splitlines()]
    assert [r["spec"] for r in again] == [r["spec"] for r in before]


def test_the_captions_block_of_the_domain_chooses_the_extractor(files: list[str], tmp_path: Path, capsys):
    domain = tmp_path / "domain.dsl"
    block = f'captions {{ extractor: "replay", file: {json.dumps(str(tmp_path / "answers.jsonl"))} }}\n'
    domain.write_text(DOMAIN + block)
    assert run(["extract", files[1], "--spec", str(domain), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["status"] == "accepted"


def test_exit_code_1_when_no_caption_has_a_spec(files: list[str], tmp_path: Path, capsys):
    write(tmp_path / "captions.jsonl", LINES[2:])
    assert run([*files, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "rejected"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "a"}\n', "has no `caption`"),
        ('{"caption": "x"}\n', "no `id`"),
        ('{"id": "a", "caption": "x"}\n{"id": "a", "caption": "y"}\n', "line 2: the id `a` is already that of line 1"),
        ('{"id": "a", "caption": "x"\n', "line 1: not JSON"),
        ("[1]\n", "a list, not an object"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_broken_caption_files(files: list[str], tmp_path: Path, capsys, text: str, said: str):
    (tmp_path / "captions.jsonl").write_text(text)
    assert run(files) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error and "captions.jsonl" in error


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (7, "file", "cannot understand the setting"),
        (7, "fil=x", "did you mean `file`?"),
        (7, "file=missing.jsonl", "missing.jsonl: no such file"),
        (7, "file=3", "cannot be 3"),
        (5, "replai", "did you mean `replay`?"),
        (3, "missing.dsl", "missing.dsl: no such file"),
        (1, "missing.jsonl", "missing.jsonl: no such file"),
    ],
)
def test_wrong_arguments(files: list[str], capsys, place: int, value: str, said: str):
    files[place] = value
    assert run(files) == 2
    assert said in capsys.readouterr().err


def test_read_captions_keeps_the_text(tmp_path: Path):
    assert read_captions(write(tmp_path / "c.jsonl", LINES))[1] == Caption("7", "A cat runs,\nthen a dog.")
    with pytest.raises(DataError):
        read_captions(tmp_path / "none")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=6), unique=True, max_size=6))
def test_spec_names_are_different_names_of_the_language(ids: list[str]):
    names = spec_names(ids)
    assert len(set(names)) == len(ids)
    for name in names:
        assert parse_formula(f"{name}(x)")


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=30))
def test_a_caption_cannot_leave_its_comment(caption: str):
    replay = Replay(SIGNATURE, {caption: "exists c: cat { eventually asleep(c) }"})
    results = extract(replay, [Caption("a", caption)], SIGNATURE)
    from nesy.dsl.parser import parse_module

    module = parse_module(spec_file(results, declarations=DOMAIN))
    assert list(check_module(module).specs) == ["a"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "an empty answer"),
        ("``` \n```", "an empty answer"),
        ('{"spec": ', "an answer that is not JSON"),
        ('{"formula": "true"}', "an answer without `spec`"),
        ('{"spec": 3}', "an answer without `spec`"),
        ("x" * 30_000, "an answer that is too long"),
        ("Sure! Here is it: eventually", "it does not parse"),
        ("exists c: cat { eventually c.running }", "it does not parse"),
        ("exists c: cat { eventually near(c) }", "a wrong number of arguments"),
        ("eventually running(c)", "a variable that no quantifier binds"),
        ("eventually " * 1500 + "true", "it does not parse: a formula, or settings, nested deeper than the limit"),
        ("exists c: cat { eventually purring(c) }", "an unknown predicate"),
        ("__import__('os').system('true')", "it does not parse"),
    ],
)
def test_what_is_no_spec_is_refused_with_a_reason(raw: str, reason: str):
    text = spec_of_answer(raw)
    fault = text if isinstance(text, Fault) else validate(text, SIGNATURE)
    assert isinstance(fault, Fault) and fault.reason.startswith(reason) and fault.diagnostic


def test_the_summary_counts_by_reason():
    replay = Replay(SIGNATURE, {"x": "nonsense(", "y": "exists c: cat { eventually asleep(c) }"})
    summary = Summary.of(extract(replay, [Caption(str(i), c) for i, c in enumerate("xyzz")], SIGNATURE))
    assert (summary.accepted, summary.rejected) == (1, 3)
    assert next(iter(summary.rejections.items())) == ("no recorded answer", 2)
