from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nesy.datasets import Dataset, open_dataset
from nesy.datasets.integrity import check_dataset
from nesy.dsl.parser import parse_formula
from nesy.errors import DataError
from nesy.reasoners.temporal.lifted import align
from nesy.scenegraph import SceneGraph

pytest.importorskip("minigrid")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    cache = tmp_path_factory.mktemp("cache")
    return open_dataset("babyai", {"clips": 30, "specs": True, "seed": 1}, cache)


def test_clips_are_whole_and_in_splits(played: Dataset, tmp_path: Path) -> None:
    found = check_dataset(played, decode=True)
    assert not found.problems and found.clips == 30
    assert all(2 <= c.length <= 48 for c in played.clips)
    again = open_dataset("babyai", {"clips": 5, "specs": True, "seed": 1}, tmp_path)
    ids = {c.id: c for c in played.clips}
    for clip in again.clips:  # the same seed plays the same game
        assert np.array_equal(clip.tracks.boxes, ids[clip.id].tracks.boxes) and clip.captions == ids[clip.id].captions


def test_the_formula_of_a_mission_is_true_of_the_run_that_fulfilled_it(played: Dataset) -> None:
    """And false of the run's first frame alone: what the formula demands is what the bot did."""
    for clip in played.clips:
        assert clip.truth is not None
        said = {c.kind: c.text for c in clip.captions}
        classes = torch.nn.functional.one_hot(torch.from_numpy(clip.truth.classes), 5).float()
        unary, binary = (
            torch.from_numpy(x).float().clamp(1e-6, 1 - 1e-6) for x in (clip.truth.unary, clip.truth.binary)
        )
        present = torch.from_numpy(clip.tracks.present)
        for frames, least, most in ((clip.length, 0.99, 1.0), (1, 0.0, 0.01)):
            graph = SceneGraph.from_probabilities(
                played.vocabulary, classes, unary[:frames], binary[:frames], present[:frames]
            )
            out = align([parse_formula(said["spec"])], graph, clips=[0])
            assert least <= float(out.log_prob.exp()) <= most, (clip.id, said, frames)


def test_the_state_is_what_the_pictures_show(played: Dataset) -> None:
    """The agent is drawn in red: its box holds the red triangle, unless it stands in a red door."""
    seen = 0
    for clip in played.clips[:10]:
        frames = clip.frames()
        for t in range(0, clip.length, 4):
            x0, y0, x1, y1 = clip.tracks.boxes[t, clip.tracks.ids.index("agent")].astype(int)
            cell = frames[t, y0:y1, x0:x1].astype(int)
            seen += 1
            assert (cell[..., 0] - cell[..., 1:].max(-1)).max() > 60, (clip.id, t)
    assert seen > 20


def test_facts_keep_their_meaning(played: Dataset) -> None:
    v = played.vocabulary
    for clip in played.clips:
        assert clip.truth is not None
        column = {name: clip.truth.binary[..., k] for k, name in enumerate(v.binary)}
        assert (column["next_to"] == column["next_to"].swapaxes(1, 2)).all()
        assert not (column["ahead_of"] & column["behind"]).any() and not (column["to_left"] & column["to_right"]).any()
        me = clip.tracks.ids.index("agent")
        assert not column["facing"][:, [i for i in range(len(clip.tracks.ids)) if i != me]].any()
        carried = clip.truth.unary[..., v.unary.index("carried")]
        assert (column["carrying"][:, me] == carried).all() and (carried.sum(1) <= 1).all()
        doors = clip.truth.classes == v.classes.index("door")
        states = sum(clip.truth.unary[..., v.unary.index(s)].astype(int) for s in ("open", "closed", "locked"))
        assert (states[:, doors] == clip.tracks.present[:, doors]).all() and not states[:, ~doors].any()


def test_unknown_levels_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no BabyAI level `BabyAI-Nothing-v0`"):
        open_dataset("babyai", {"levels": "BabyAI-Nothing-v0"}, tmp_path)
    assert not [p for p in tmp_path.iterdir() if not p.name.startswith(".")]  # nothing that looks finished
