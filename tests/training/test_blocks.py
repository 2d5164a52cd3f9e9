"""`nesy check` and `nesy train` find the same mistakes in the blocks of a task, all at once and each with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nesy.cli.app import run
from nesy.errors import ErrorGroup
from nesy.training.task import read_task

BAD = """class ball
unary rolling
data "folder" { root: 7, fsp: 2, limit: 0 }
captions from data { extractor: 5 }
perception "tiny" { width: 10, crp: 3, proposals: 3 }
train { epoch: 8, batch: "8", loss: { aligment: 2 } }
"""
FOUND = [
    ("E091", 3, "data setting `root` cannot be 7", None),
    ("E091", 3, "unknown data setting `fsp`", "did you mean `fps`?"),
    ("E091", 3, "data setting `limit` cannot be 0", None),
    ("E091", 4, "captions.extractor is 5, expected a text in quotes", None),
    ("E091", 5, "perception.width is 10, expected a multiple of 4 from 8 on", None),
    ("E091", 5, 'perception "tiny" has no setting `crp`', "did you mean `crop`?"),
    ("E091", 5, "perception.proposals is 3, expected true or false", None),
    ("E091", 6, "`train` has no setting `epoch`", "did you mean `epochs`?"),
    ("E091", 6, "train.batch is '8', expected a whole number", None),
    ("E091", 6, "`train.loss` has no setting `aligment`", "did you mean `alignment`?"),
]


def test_check_finds_what_train_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = tmp_path / "t.dsl"
    task.write_text(BAD)
    assert run(["check", str(task), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(d["code"], d["place"]["line"], d["message"], d["help"]) for d in found] == FOUND
    with pytest.raises(ErrorGroup) as caught:
        read_task(task)
    assert sorted(e.message for e in caught.value.errors) == sorted(message for _, _, message, _ in FOUND)
    assert str(task) in str(caught.value)


def test_names_that_are_not_registered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = tmp_path / "t.dsl"
    task.write_text('class ball\ndata "foldr" { }\ncaptions from data { extractor: "ruls" }\nperception "tinny" { }\n')
    assert run(["check", str(task)]) == 1
    told = capsys.readouterr().err
    for line, name, hint in ((2, "foldr", "folder"), (3, "ruls", "rules"), (4, "tinny", "tiny")):
        assert f"{task}:{line}:" in told and f"`{name}`" in told and f"did you mean `{hint}`?" in told


def test_what_is_not_there_yet_is_no_mistake_of_the_file(tmp_path: Path) -> None:
    task = tmp_path / "t.dsl"
    for data in ('"data/nowhere" { }', '"folder" { root: "nowhere" }'):
        task.write_text(
            f"class ball\nunary rolling\ndata {data}\n"
            'captions from data { extractor: "replay", file: "none.jsonl" }\n'
            'perception "clip" { checkpoint: "nowhere" }\n'
        )
        assert run(["check", str(task)]) == 0


def test_names_of_ones_own_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task, mine = tmp_path / "t.dsl", tmp_path / "mine.py"
    task.write_text('class ball\npredicate shut(a)\ndata "platformer" { }\nperception "checked-model" { width: 1 }\n')
    mine.write_text(
        "import nesy\nfrom nesy.perception.base import backends\n"
        'nesy.predicate("shut(a)")(lambda present: present)\n'
        '@backends.register("checked-model")\ndef make(vocabulary, settings):\n    return None\n'
    )
    assert run(["check", str(task)]) == 1
    assert "--predicates FILE.py" in capsys.readouterr().err
    assert run(["check", str(task), "--predicates", str(mine)]) == 0
    assert "1 predicates with code" in capsys.readouterr().out
    task.write_text('class ball\npredicate shut(a, b)\npredicate shutt(a)\ndata "platformer" { }\n')
    assert run(["check", str(task), "--predicates", str(mine)]) == 1
    told = capsys.readouterr().err
    assert "declared with other parameters" in told and f"{task}:3:1" in told and "did you mean `shut`?" in told
