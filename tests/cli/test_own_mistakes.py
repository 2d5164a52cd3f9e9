"""Whatever somebody's own file raises, in whichever command and process, is told as a mistake in that file."""

from __future__ import annotations

from pathlib import Path

import pytest

from nesy.cli.app import run

TASK = """
class mugen, coin
unary walking
binary touching
predicate close(a, b)
data "{data}" {{ {settings} }}
captions from data {{ extractor: "{extractor}" }}
perception "{backend}" {{ }}
train {{ epochs: 1, batch: 8 }}
"""
GOOD = """
import nesy

@nesy.predicate("close(a: object, b: object)")
def close(boxes):
    return boxes[:, :, :, None, 0] - boxes[:, :, None, :, 0]
"""
BAD = GOOD.replace("- boxes", "- boxs")
PARTS = """
import nesy
from nesy.datasets.base import Format, datasets
from nesy.perception.base import PredicateModel, backends
from nesy.synthesis.base import SpecExtractor, extractors

def broken(*anything):
    return {}["nothing"]

datasets.register("broken-data")(Format("none", {}, broken))

@extractors.register("broken-extractor")
class Extractor(SpecExtractor):
    def __init__(self, domain, settings):
        pass
    def extract(self, captions):
        return {}["nothing"]

@backends.register("narrow-model")
class Narrow(PredicateModel):
    pass

@backends.register("broken-model")
class Model(PredicateModel):
    def __init__(self, vocabulary, settings):
        super().__init__(vocabulary)
    def look(self, frames, boxes, present):
        return {}["nothing"]
    def perceive(self, batch):
        pass
"""


def write(folder: Path, data: str = "platformer", extractor: str = "rules", backend: str = "tiny") -> str:
    settings = "clips: 24, seed: 6" if data == "platformer" else ""
    (folder / "t.dsl").write_text(TASK.format(data=data, settings=settings, extractor=extractor, backend=backend))
    return str(folder / "t.dsl")


def test_a_predicate_is_told_with_its_name_and_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, out = tmp_path / "mine.py", tmp_path / "run"
    task = write(tmp_path)
    mine.write_text(BAD)
    assert run(["train", task, "--out", str(out), "--predicates", str(mine)]) == 2
    told = capsys.readouterr().err
    assert f"{mine}:6: the code of predicate `close` fails: NameError: name 'boxs' is not defined" in told
    assert "nesy, not" not in told and not out.exists()  # the folder of a run that never began is not left behind
    mine.write_text(GOOD.replace("[:, :, None, :, 0]", "[:, :, None, :]"))
    assert run(["train", task, "--out", str(out), "--predicates", str(mine)]) == 2
    assert f"{mine}:6: the code of predicate `close` " in capsys.readouterr().err
    mine.write_text(GOOD.replace("[:, :, None, :, 0]", "[:, :, None, :, :1]"))
    assert run(["train", task, "--out", str(out), "--predicates", str(mine)]) == 2
    assert f"{mine}:" in capsys.readouterr().err


def test_every_command_and_process_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, out = tmp_path / "mine.py", tmp_path / "run"
    task = write(tmp_path)
    mine.write_text(GOOD)
    assert run(["train", task, "--out", str(out), "--predicates", str(mine)]) == 0
    mine.write_text(BAD)
    for command in (
        ["eval", str(out)],
        ["report", str(out)],
        ["memory", "add", str(out), "--clips", "1", "--store", str(tmp_path / "memory")],
    ):
        capsys.readouterr()
        assert run([*command, "--predicates", str(mine)]) == 2
        assert f"{mine}:6: the code of predicate `close` fails" in capsys.readouterr().err


def test_components_are_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, out = tmp_path / "parts.py", tmp_path / "run"
    mine.write_text(PARTS + GOOD)
    own = ["--predicates", str(mine)]
    parts = {"data": ("broken-data", 8), "backend": ("broken-model", 28), "extractor": ("broken-extractor", 17)}
    assert run(["train", write(tmp_path, backend="narrow-model"), "--out", str(out), *own]) == 2
    assert f"{mine}:19: `Narrow` cannot be called: TypeError" in capsys.readouterr().err
    for kind, (name, line) in parts.items():
        assert run(["train", write(tmp_path, **{kind: name}), "--out", str(out), *own]) == 2
        told = capsys.readouterr().err
        assert f"{mine}:{line}: `" in told and "fails with KeyError: 'nothing'" in told and not out.exists()
    (tmp_path / "c.jsonl").write_text('{"id": "1", "caption": "A coin."}')
    command = ["extract", str(tmp_path / "c.jsonl"), "--spec", str(tmp_path / "t.dsl"), *own]
    assert run(command) == 2
    assert f"{mine}:17: `" in capsys.readouterr().err
    assert run([*command, "--workers", "1", "-o", str(tmp_path / "o.jsonl")]) == 1  # in workers too
    assert f"{mine}:17: `" in capsys.readouterr().err


def test_a_file_that_fails_when_it_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.py").write_text("def f():\n    return 1 / 0\nf()\n")
    assert run(["train", write(tmp_path), "--predicates", str(tmp_path / "x.py")]) == 2
    assert f"{tmp_path / 'x.py'}:2: `f` fails with ZeroDivisionError: division by zero" in capsys.readouterr().err
