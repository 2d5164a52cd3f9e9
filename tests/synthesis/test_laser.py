"""LASER's first-stage JSON: read with negation, `or` and identity kept, and written so that it reads back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.cli.app import run
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import DataError, NesyError
from nesy.synthesis.laser import laser_extraction, read_laser
from nesy.synthesis.laser_clauses import parse_clause
from nesy.synthesis.laser_writer import laser_item

KITCHEN = Signature.of(
    classes=["person", "lid", "soup", "table"], unary=["hot", "red"], binary=["picking_up", "stirring", "on", "near"]
)
CHEF = {
    "video_id": "vid_0042",
    "sequential descriptions": ["chef A lifts lid B", "chef A stirs soup C"],
    "time stamps": {
        "1": {
            "description": ["chef A lifts lid B"],
            "programmatic": ["name(A, chef)", "name(B, lid)", "lifting(A, B)"],
            "duration": "short", "duration precise": "1/3",
            "video location": "early", "video location precise": "[0, 1/3]",
        },
        "2": {
            "description": ["chef A stirs soup C"],
            "programmatic": ["name(C, soup)", "stirring(A, C)", "hot(C)"],
            "duration": "medium", "duration precise": "",
            "video location": "late", "video location precise": "",
        },
    },
}  # fmt: skip


def event(*clauses: str, **more: str) -> dict:
    return {"video_id": "v", "time stamps": {"1": {"programmatic": list(clauses), **more}}}


def test_the_order_identity_and_hints_of_an_item():
    found = laser_extraction("", CHEF, KITCHEN)
    assert to_text(found.formula) == (
        "exists a: person, b: lid, c: soup "
        "{ picking_up(a, b) @ [0%, 1/3] 1/3 then (stirring(a, c) and hot(c)) @ late medium }"
    )
    assert found.status == "repaired" and "`chef` was read as `person` (wider word)" in found.notes
    assert json.loads(found.raw) == CHEF


@pytest.mark.parametrize(
    ("clauses", "spec"),
    [
        (["name(A, lid)", "not on(A, B)", "name(B, table)"], "exists a: lid, b: table { eventually not on(a, b) }"),
        (["not(on(A, B))"], "exists a, b { eventually not on(a, b) }"),
        (["neq(A, B)", "on(A, B)"], "exists a, b { eventually (a != b and on(a, b)) }"),
        (["A != B"], "exists a, b { eventually a != b }"),
        (["on(A,B) or near(A,B)"], "exists a, b { eventually (on(a, b) or near(a, b)) }"),
        (["or(on(A,B), near(A,B))"], "exists a, b { eventually (on(a, b) or near(a, b)) }"),
        (["and(on(A,B), or(near(A,B), hot(A)))"], "exists a, b { eventually (on(a, b) and (near(a, b) or hot(a))) }"),
        (["color(A, red)"], "exists a { eventually red(a) }"),
        (["on(A, table), near(B, table)"], "exists a, b, t: table { eventually (on(a, t) and near(b, t)) }"),
        (["on(A, table)", "hot(T)"], "exists a, t, t1: table { eventually (on(a, t1) and hot(t)) }"),
        (["is on(A, B)"], "exists a, b { eventually on(a, b) }"),
        (["pour(A,B,C)", "hot(A)"], "exists a { eventually hot(a) }"),
        (["flies(A)", "hot(A)"], "exists a { eventually hot(a) }"),
        (["flies(A) or hot(A)", "red(A)"], "exists a { eventually red(a) }"),  # half of an `or` would say more
        (["name(A, spaceship)", "hot(A)"], "exists a { eventually hot(a) }"),
        (["name(A, lid)", "name(A, soup)", "hot(A)"], "exists a: lid { eventually hot(a) }"),
        (["hot(A"], None),
        (["flies(A)"], None),
        ([], None),
    ],
)
def test_clauses(clauses: list[str], spec: str | None):
    found = laser_extraction("", event(*clauses), KITCHEN)
    if spec is None:
        assert found.formula is None and found.reason == "no event that the domain can say"
        return
    assert found.formula is not None and to_text(found.formula) == spec


@pytest.mark.parametrize(
    "item",
    [
        {}, {"time stamps": {}}, {"time stamps": 3}, {"time stamps": {"1": "hot(A)"}},
        {"time stamps": {"1": {"programmatic": 7}}},
    ],
)  # fmt: skip
def test_a_broken_item_is_rejected_not_raised(item: dict):
    assert laser_extraction("", item, KITCHEN).status == "rejected"


def test_a_misspelt_key_does_not_matter():
    item = {"time_stamps": [{"decription": ["x"], "programmatic": "hot(A)", "location": "mid", "event length": "mid"}]}
    assert to_text(laser_extraction("", item, KITCHEN).formula) == "exists a { eventually (hot(a) @ mid medium) }"


def test_time_stamps_are_sorted_as_numbers():
    stamps = {str(i): {"programmatic": ["hot(A)" if i == 10 else "red(A)"]} for i in (10, 9)}
    spec = laser_extraction("", {"time stamps": stamps}, KITCHEN).formula
    assert to_text(spec) == "exists a { red(a) then hot(a) }"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"vid_0042": CHEF}),
        json.dumps(CHEF),
        json.dumps([CHEF]),
        json.dumps({"vid_0042": CHEF}) + "\n" + json.dumps({"w": event("hot(A)")}),
        json.dumps({"actions": {"vid_0042": CHEF}}),
    ],
)
def test_every_wrapping_is_read(tmp_path: Path, text: str):
    path = tmp_path / "stage1.json"
    path.write_text(text)
    assert read_laser(path)["vid_0042"]["time stamps"] == CHEF["time stamps"]


@pytest.mark.parametrize(
    "text", ["{", "[1, 2]", '{"a": 1}', '[{"time stamps": {}}]', "[" * 100_000, "[" * 900 + "1" + "]" * 900]
)
def test_a_broken_file_is_one_error(tmp_path: Path, text: str):
    path = tmp_path / "stage1.json"
    path.write_text(text)
    with pytest.raises(DataError):
        read_laser(path)


@pytest.mark.parametrize(
    "spec",
    [
        "exists a: person, b: lid { picking_up(a, b) @ [0%, 1/3] 1/3 then (hot(b) and not on(b, a)) @ late }",
        "exists a: person { eventually hot(a) }",
        "exists a: lid, b: lid { a != b and on(a, b) then on(b, a) or near(a, b) then not (hot(a) or red(a)) }",
    ],
)
def test_what_is_written_reads_back(spec: str):
    formula = parse_formula(spec)
    item = json.loads(json.dumps(laser_item("v", formula)))
    assert laser_extraction("", item, KITCHEN).formula == formula
    assert len(item["sequential descriptions"]) == len(item["time stamps"])


@pytest.mark.parametrize("spec", ["forall a { always hot(a) }", "exists a { hot(a) until red(a) }", "always true"])
def test_what_laser_cannot_say_is_an_error(spec: str):
    with pytest.raises(NesyError):
        laser_item("v", parse_formula(spec))


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="not(A,B)or and!=;|& \"'red", max_size=40))
def test_no_text_breaks_the_reader(text: str):
    clause = parse_clause(text)
    if not isinstance(clause, str):
        assert parse_clause(str(clause)) is not None


def test_the_command_imports_a_file(tmp_path: Path, capsys):
    (tmp_path / "k.dsl").write_text("class person, lid, soup unary hot binary picking_up, stirring")
    (tmp_path / "stage1.json").write_text(json.dumps({"vid_0042": CHEF}))
    (tmp_path / "c.jsonl").write_text('{"id": "vid_0042", "caption": "A chef lifts a lid and stirs the soup."}\n')
    arguments = ["extract", str(tmp_path / "c.jsonl"), "--spec", str(tmp_path / "k.dsl"), "--json"]
    assert run([*arguments, "--extractor", "laser", "--set", f"file={tmp_path / 'stage1.json'}"]) == 0
    spec = json.loads(capsys.readouterr().out)["spec"]
    assert spec.startswith("exists a: person")
    written = tmp_path / "out.laser.json"  # and back: what is written can be imported
    assert (
        run([*arguments, "--extractor", "laser", "--set", f"file={tmp_path / 'stage1.json'}", "-o", str(written)]) == 0
    )
    capsys.readouterr()
    assert run([*arguments, "--extractor", "laser", "--set", f"file={written}"]) == 0
    assert json.loads(capsys.readouterr().out)["spec"] == spec
