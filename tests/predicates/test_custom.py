from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import nesy
from nesy.cli.app import run
from nesy.datasets import open_dataset
from nesy.errors import DataError, NesyError, SpecTypeError
from nesy.perception import backends, batch_views
from nesy.predicates import WithPredicates, declare, load_predicates
from nesy.training import run as runs
from nesy.training.task import read_task

TASK = """
domain small
class mugen, coin, gem, crate, ladder, snail, worm, mouse, frog, slime, bee, bat
unary walking, jumping
binary touching, above
predicate close(a, b)
predicate moving(a)
constraint always (touching(x, y) -> close(x, y))
rule reached(x) :- mugen(x), coin(y), close(x, y).
spec met: exists m: mugen {{ eventually reached(m) }}
data "platformer" {{ clips: {clips}, seed: 6 }}
perception "tiny" {{ }}
train {{ epochs: 1, batch: 8 }}
"""
MINE = """
import torch
import nesy

@nesy.predicate("close(a: object, b: object)")
def close(boxes):
    c = (boxes[..., :2] + boxes[..., 2:]) / 2
    return 20 * (0.25 - (c[:, :, :, None] - c[:, :, None]).square().sum(-1).add(1e-6).sqrt())
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "small.dsl").write_text(TASK.format(clips=24))
    (tmp_path / "my_predicates.py").write_text(MINE)
    return tmp_path / "small.dsl", tmp_path / "my_predicates.py"


def batch(vocabulary: nesy.datasets.Vocabulary, tmp_path: Path, model: WithPredicates):  # type: ignore[no-untyped-def]
    clips = open_dataset("platformer", {"clips": 12, "seed": 5}, tmp_path).splits["train"][:3]
    views = [model.look(c.frames(), c.tracks.boxes, c.tracks.present) for c in clips]
    return batch_views(views, [c.fps for c in clips]), clips


def test_code_takes_the_place_of_the_column(files: tuple[Path, Path], tmp_path: Path) -> None:
    load_predicates(files[1])
    task = read_task(files[0])
    assert task.vocabulary.unary == ("walking", "jumping", "moving")
    assert task.vocabulary.binary == ("touching", "above", "close")
    model = task.model()
    assert isinstance(model, WithPredicates) and model.inner.vocabulary.binary == ("touching", "above")
    views, clips = batch(task.vocabulary, tmp_path, model)
    with torch.no_grad():
        graph, inner = model.perceive(views), model.inner.perceive(views)
    assert graph.vocabulary == task.vocabulary
    assert torch.equal(graph.binary[..., :2], inner.binary) and torch.equal(graph.unary[..., :2], inner.unary)
    for i, clip in enumerate(clips):  # against a plain loop
        size = np.array([*clip.size, *clip.size])
        for t in range(0, clip.length, 7):
            for a in range(len(clip.tracks.ids)):
                for b in range(len(clip.tracks.ids)):
                    got = float(graph.binary[i, t, a, b, 2])
                    if a == b or not clip.tracks.present[t, [a, b]].all():
                        assert got == -30
                        continue
                    one, two = (clip.tracks.boxes[t, k] / size for k in (a, b))
                    apart = np.linalg.norm((one[:2] + one[2:] - two[:2] - two[2:]) / 2)
                    assert got == pytest.approx(20 * (0.25 - apart), abs=0.05)


def test_a_users_predicate_in_rule_and_constraint_trains_and_predicts(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    out, code = tmp_path / "run", str(files[1])
    assert run(["train", str(files[0]), "--out", str(out), "--predicates", code]) == 0
    losses = json.loads((out / "log.jsonl").read_text().splitlines()[-1])["losses"]
    assert np.isfinite(losses["total"]) and losses["total"] > 0
    declare._known.pop("close")
    assert run(["eval", str(out)]) == 2  # the run does not hold the code
    assert "--predicates FILE.py" in capsys.readouterr().err
    assert run(["eval", str(out), "--predicates", code, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["per_predicate"]["touching"]["ap"] >= 0
    assert rows[0]["per_predicate"]["close"]["ap"] is None  # no labels of it: not scored
    clip = next((tmp_path / "cache").glob("platformer-*/videos/*.mp4"))
    graph = tmp_path / "graph.json"
    assert run(["predict", str(out), str(clip), "-o", str(graph), "--predicates", code]) == 0
    capsys.readouterr()
    assert run(["query", "exists m: mugen, c: coin { eventually close(m, c) }", str(graph)]) in (0, 1)  # likely or not
    assert "close(" in capsys.readouterr().out.partition("frame")[2]
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / clip.name).write_bytes(clip.read_bytes())
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / f"{clip.stem}.json").write_bytes(graph.read_bytes())
    tracks = ["--tracks", str(tmp_path / "tracks")]
    for command in (  # every other one that opens a run
        ["report", str(out)],
        ["memory", "add", str(out), "--clips", "1", "--store", str(tmp_path / "memory")],
        ["predict", str(out), str(videos), "-o", str(tmp_path / "graphs"), *tracks],
        ["eval", str(out), "--baselines", "1%-labels,multiple-instance", "--jobs", "2"],
    ):
        declare._known.pop("close", None)
        assert run(command) in (1, 2) and "--predicates FILE.py" in told(capsys, tmp_path), command
        assert run([*command, "--predicates", code]) == 0, (command, capsys.readouterr().err)


def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> str:
    """What a command said, or listed as failures."""
    listed = tmp_path / "graphs" / "failures.jsonl"
    return capsys.readouterr().err + (listed.read_text() if listed.is_file() else "")


COMPONENT = """
from nesy.dsl.builder import eventually, exists, predicates, variables
from nesy.synthesis.base import Extraction, SpecExtractor, extractors

@extractors.register("{name}")
class First{base}:
    def __init__(self, domain, settings):
        self.domain = domain

    def extract(self, captions):
        x, p = variables("x")[0], predicates(self.domain.unary[0])[0]
        return [Extraction(c, exists(x)(eventually(p(x))).node, "accepted") for c in captions]
"""


@pytest.mark.parametrize("many", [False, True])
def test_a_file_may_register_components(many: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"first{many}"
    (tmp_path / "mine.py").write_text(COMPONENT.format(name=name, base="(SpecExtractor)"))
    (tmp_path / "d.dsl").write_text("class dog\nunary barking\n")
    (tmp_path / "c.jsonl").write_text('{"id": "1", "caption": "Anything."}\n')
    command = ["extract", str(tmp_path / "c.jsonl"), "--spec", str(tmp_path / "d.dsl"), "--extractor", name]
    (tmp_path / "no.py").write_text(COMPONENT.format(name=f"no{name}", base=""))
    assert run([*command[:-1], f"no{name}", "--predicates", str(tmp_path / "no.py")]) == 2
    assert "is no SpecExtractor" in capsys.readouterr().err
    assert run(command) == 2 and "unknown extractor" in capsys.readouterr().err
    command += ["--predicates", str(tmp_path / "mine.py"), "-o", str(tmp_path / "out.jsonl")]
    for _ in range(2):  # it is run once: a name can be registered only once
        assert run([*command, *(["--workers", "2"] if many else [])]) == 0
    assert "eventually barking(x)" in (tmp_path / "out.jsonl").read_text()


class Learned(nn.Module):
    """Two weights on the height of the box."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.shift = nn.Parameter(torch.tensor(-1.0))

    def forward(self, boxes: torch.Tensor) -> torch.Tensor:
        return self.scale * (boxes[..., 3] - boxes[..., 1]) + self.shift


def test_a_module_is_trained_saved_and_loaded(files: tuple[Path, Path], tmp_path: Path) -> None:
    load_predicates(files[1])
    nesy.predicate("moving(a: object)")(Learned)  # in the place of the standard one
    task = read_task(files[0])
    data = runs.prepare(task, ("train",))
    (tmp_path / "run").mkdir()
    model = runs.fit(task, data.splits["train"], tmp_path / "run")
    state = model.state_dict()
    assert "modules_of_code.moving.scale" in state
    again = runs.load_model(tmp_path / "run", task)
    assert torch.equal(again.state_dict()["modules_of_code.moving.scale"], state["modules_of_code.moving.scale"])
    fresh = task.model()
    views, _ = batch(task.vocabulary, tmp_path, fresh)
    fresh.perceive(views).unary[..., 2].sum().backward()
    gradient = dict(fresh.named_parameters())["modules_of_code.moving.scale"].grad
    assert gradient is not None and gradient.abs() > 0
    one = Learned()
    nesy.predicate("moving(a: object)")(one)  # an instance: each model has its own copy
    (a, b) = (task.model() for _ in range(2))
    with torch.no_grad():
        dict(a.named_parameters())["modules_of_code.moving.scale"].fill_(9)
    assert float(dict(b.named_parameters())["modules_of_code.moving.scale"]) == 2 == float(one.scale)


def test_ones_own_code_replaces_a_learned_predicate_but_the_standard_library_does_not(tmp_path: Path) -> None:
    (tmp_path / "t.dsl").write_text('class mugen\nunary walking\nbinary near, above\ndata "platformer" { clips: 10 }\n')
    assert not isinstance(read_task(tmp_path / "t.dsl").model(), WithPredicates)  # near is learned here

    @nesy.predicate("near(a, b)")
    def near(present: torch.Tensor, fps: torch.Tensor, crops: torch.Tensor) -> torch.Tensor:
        assert fps.shape == (3,) and crops.shape[3:] == (3, 16, 16) and float(crops.max()) <= 1
        return present[..., None] & present[..., None, :]

    model = read_task(tmp_path / "t.dsl").model()
    assert isinstance(model, WithPredicates)
    views, _ = batch(model.vocabulary, tmp_path, model)
    got = model.perceive(views).binary[..., 0]
    assert set(got.unique().tolist()) == {-30.0, 12.0}  # certain where both are present


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("near", "no signature"),
        ("near()", "no signature"),
        ("f(a, b, c)", "no signature"),
        ("f(a, a)", "same name"),
    ],
)
def test_bad_signatures(signature: str, message: str) -> None:
    with pytest.raises(SpecTypeError, match=message):
        nesy.predicate(signature)


def test_mistakes_in_code_are_told(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SpecTypeError, match="asks for `boxs`") as caught:
        nesy.predicate("f(a)")(lambda boxs: boxs)
    assert caught.value.hint == "did you mean `boxes`?"
    with pytest.raises(SpecTypeError, match="no code for it is known"):
        read_task(files[0])
    nesy.predicate("close(a)")(lambda boxes: boxes[..., 0])
    with pytest.raises(SpecTypeError, match="declared with other parameters"):
        read_task(files[0])
    for code, message in (
        (lambda boxes: boxes, "gives .*expected .B, T, N, N."),
        (lambda boxes: boxes.no, "fails: AttributeError"),
        (lambda present: (present[..., None] & present[..., None, :]) * float("nan"), "no numbers"),
        (lambda features: features, "asks for features"),
    ):
        nesy.predicate("close(a, b)")(code)
        model = read_task(files[0]).model()
        assert isinstance(model, WithPredicates)
        views, _ = batch(model.vocabulary, tmp_path, model)
        with pytest.raises(DataError, match=message):
            model.perceive(views)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(NesyError, match="no such file"):
        load_predicates(tmp_path / "x.py")
    (tmp_path / "x.py").write_text("a = 1\nb = a / 0\n")
    with pytest.raises(NesyError, match=r"x.py:2: the file fails with ZeroDivisionError"):
        load_predicates(tmp_path / "x.py")
    (tmp_path / "x.py").write_text("a = 1\nb = (\n")
    with pytest.raises(NesyError, match=r"x.py:2: the file fails with SyntaxError"):
        load_predicates(tmp_path / "x.py")
    (tmp_path / "x.py").write_text("a = 1\n")
    with pytest.raises(NesyError, match="declares no predicate and registers no component"):
        load_predicates(tmp_path / "x.py")


def test_a_model_without_learned_relations(tmp_path: Path) -> None:
    (tmp_path / "t.dsl").write_text(
        'class mugen\nunary walking\npredicate near(a, b)\ndata "platformer" { clips: 10 }\n'
    )
    model = read_task(tmp_path / "t.dsl").model()
    assert isinstance(model, WithPredicates) and model.inner.vocabulary.binary == ()
    views, _ = batch(model.vocabulary, tmp_path, model)
    assert model(views).binary.shape[-1] == 1 and "tiny" in backends
