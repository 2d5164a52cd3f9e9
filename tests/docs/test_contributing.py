"""The recipes of CONTRIBUTING.md run as they stand, and what they add works; they are short, and each has its test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nesy.datasets import open_dataset
from nesy.datasets.video import write_video
from nesy.dsl.printer import to_text
from nesy.perception import batch_views
from nesy.predicates import declare
from nesy.scenegraph import Vocabulary
from nesy.synthesis.base import Domain, extractors
from nesy.training import run as runs
from nesy.training.task import read_task
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "CONTRIBUTING.md"
RECIPES = {b.value("recipe"): b for b in blocks(PAGE) if b.language == "python"}


def follow(name: str) -> dict[str, Any]:
    block, names = RECIPES[name], {"__name__": "recipe"}
    exec(compile(block.text, f"{PAGE.name}:{block.line}", "exec"), names)
    return names


def test_every_recipe_has_its_test_and_is_short() -> None:
    assert set(RECIPES) == {"predicate", "backend", "extractor", "provenance", "dataset"}
    for name, block in RECIPES.items():
        lines = [x for x in block.text.split("\n") if x.strip() and not x.startswith(("import ", "from "))]
        assert len(lines) <= 22, name
        assert max(map(len, block.text.split("\n"))) <= 120


def test_predicate() -> None:
    beside = follow("predicate")["beside"]
    boxes = torch.tensor([[0.1, 0.4, 0.2, 0.6], [0.3, 0.4, 0.4, 0.6], [0.8, 0.0, 0.9, 0.2]])[None, None]
    near = beside(boxes)[0, 0] > 0
    assert near.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    assert declare.registered()["beside"].signature() == "beside(a: object, b: object)"


def test_backend(tmp_path: Path) -> None:
    """It trains on a generated dataset, from a task file, and its scene graphs have the right shapes."""
    follow("backend")
    spec = tmp_path / "t.dsl"
    spec.write_text(
        "class mugen, coin, gem, crate, ladder, snail, worm, mouse, frog, slime, bee, bat\n"
        'unary walking, jumping\nbinary above, touching\ndata "platformer" { clips: 10, seed: 4 }\n'
        'perception "colours" { }\ntrain { epochs: 1, batch: 4 }\n'
    )
    task = read_task(spec)
    model = task.model()
    assert type(model).__name__ == "Colours"
    clips = open_dataset("platformer", {"clips": 10, "seed": 4}, tmp_path).splits["train"][:3]
    views = [model.look(c.frames(), c.tracks.boxes, c.tracks.present) for c in clips]
    graph = model(batch_views(views, [c.fps for c in clips]))
    assert graph.binary.shape[-1] == 2 and graph.classes.exp().sum(-1).allclose(torch.ones(()))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    data = runs.prepare(task, ("train",)).splits["train"]
    after = runs.fit(task, data).state_dict()
    assert any(not torch.equal(after[k], before[k]) for k in before) and all(x.isfinite().all() for x in after.values())


def test_extractor() -> None:
    follow("extractor")
    made = extractors["keywords"](Domain((), ("jumping", "walking"), ()), {})
    good, bad = made.extract(["Somebody is jumping.", "Nothing."])
    assert good.formula is not None and to_text(good.formula) == "exists x { eventually jumping(x) }"
    assert (bad.status, bad.formula) == ("rejected", None)


def test_provenance(capsys: pytest.CaptureFixture[str]) -> None:
    follow("provenance")
    assert capsys.readouterr().out.strip() == "{(0, 1): 1, (0, 2): 1, (0, 3): 2, (1, 2): 1, (1, 3): 2, (2, 3): 1}"


def test_dataset(tmp_path: Path) -> None:
    follow("dataset")
    frames = np.zeros((10, 48, 64, 3), np.uint8)
    for k in range(2):
        write_video(tmp_path / f"v{k}.mp4", frames + 40 * k, 8.0)
        (tmp_path / f"v{k}.txt").write_text(f"Video {k}.\n")
    found = open_dataset("texts", {"root": str(tmp_path)}, tmp_path / "cache")
    assert [c.captions[0].text for c in found.splits["train"]] == ["Video 0.", "Video 1."]
    assert found.splits["train"][1].frames().shape == (10, 48, 64, 3) and found.vocabulary == Vocabulary((), (), ())
