from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nesy.datasets.mugen import load_mugen
from nesy.datasets.mugen_state import derive_scene
from nesy.datasets.platformer.level import DIFFICULTIES
from nesy.datasets.platformer.simulate import simulate
from nesy.datasets.platformer.truth import observe
from nesy.datasets.video import write_video
from nesy.errors import DataError


def test_what_was_written_is_what_is_read(made: Path) -> None:
    dataset = load_mugen(made)
    assert dataset.report.read == 30 and not dataset.report.skipped
    by_id = {c.id: c for c in dataset.clips}
    for k in range(0, 30, 7):
        key = f"3/{k // 2}/{k % 2}"
        clip = by_id[f"platformer_seed_3_level_{k // 2:05d}_clip_{k % 2}"]
        _, record = simulate(f"3/{k // 2}", key, DIFFICULTIES["normal"], 24, 8)
        tracks, truth, _ = observe(record, 64, key)
        assert clip.truth is not None
        assert clip.tracks.ids == tracks.ids
        np.testing.assert_array_equal(clip.tracks.boxes, tracks.boxes)
        np.testing.assert_array_equal(clip.tracks.present, tracks.present)
        np.testing.assert_array_equal(clip.truth.classes, truth.classes)
        np.testing.assert_array_equal(clip.truth.unary, truth.unary)
        np.testing.assert_array_equal(clip.truth.binary, truth.binary)
        assert clip.frames().shape == (24, 64, 64, 3)


def test_the_layout_is_mugens(made: Path) -> None:
    index = json.loads((made / "train.json").read_text())
    assert set(index) == {"metadata", "data"} and "data_folder" in index["metadata"]
    entry = index["data"][0]
    assert {"json_file", "video_file", "num_frames"} <= set(entry["video"])
    assert [a["type"] for a in entry["annotations"]][:2] == ["auto", "manual"]
    game = json.loads((made / entry["video"]["json_file"]).read_text())
    assert len(game["maze"]) == game["maze_h"] and {len(row) for row in game["maze"]} == {game["maze_w"]}
    assert set(game["monster_names"]) == {"ground", "walking", "flying"}
    assert [f["frame_id"] for f in game["frames"]] == list(range(24))
    assert {"x", "y", "vx", "vy", "ladder", "is_killed", "power_up_mode", "pose"} <= set(game["frames"][0]["agent"])


def edit(root: Path, number: int, change: Callable[[dict[str, Any], Path, Path], None]) -> None:
    index = json.loads((root / "train.json").read_text())
    entry = index["data"][number]
    change(entry, root / entry["video"]["json_file"], root / entry["video"]["video_file"])
    (root / "train.json").write_text(json.dumps(index))


def rewrite(path: Path, **new: Any) -> None:
    game = json.loads(path.read_text())
    game["nesy"].update(new)
    path.write_text(json.dumps(game))


BREAKAGES: dict[str, Callable[[dict[str, Any], Path, Path], object]] = {
    "truncated video": lambda e, j, v: v.write_bytes(v.read_bytes()[:900]),
    "missing video": lambda e, j, v: v.unlink(),
    "missing game file": lambda e, j, v: j.unlink(),
    "unreadable game file": lambda e, j, v: j.write_text('{"frames": [tru'),
    "no caption": lambda e, j, v: e.update(annotations=[{"type": "auto", "text": "  "}]),
    "one-frame clip": lambda e, j, v: e["video"].update(num_frames=1),
    "no objects": lambda e, j, v: rewrite(j, tracks=[], unary={}, binary={}),
    "inconsistent game file": lambda e, j, v: rewrite(j, unary={"walking": {"o1": [[3, 99]]}}),
    "malformed index entry": lambda e, j, v: e.pop("video"),
}


def test_every_broken_sample_is_counted_and_costs_nothing_else(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(made, root)
    for number, change in enumerate(BREAKAGES.values()):
        edit(root, number, change)  # type: ignore[arg-type]
    dataset = load_mugen(root)
    assert dataset.report.skipped == dict.fromkeys(BREAKAGES, 1)
    assert set(dataset.report.examples) == set(BREAKAGES)
    assert dataset.report.read == len(dataset.clips) == 30 - len(BREAKAGES)
    for reason in set(BREAKAGES) - {"malformed index entry"}:
        assert str(root) in dataset.report.examples[reason]


@pytest.mark.parametrize("reason", sorted(set(BREAKAGES)))
def test_nothing_but_broken_samples_is_one_clear_error(made: Path, tmp_path: Path, reason: str) -> None:
    root = tmp_path / "data"
    shutil.copytree(made, root)
    (root / "val.json").unlink()
    (root / "test.json").unlink()
    index = json.loads((root / "train.json").read_text())
    index["data"] = index["data"][:1]
    (root / "train.json").write_text(json.dumps(index))
    edit(root, 0, BREAKAGES[reason])  # type: ignore[arg-type]
    with pytest.raises(DataError, match=reason):
        load_mugen(root)


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"metadata": {}}', '{"metadata": {}, "data": 3}', "[" * 100_000])
def test_a_broken_index_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(DataError, match=r"train\.json"):
        load_mugen(tmp_path)


def test_a_folder_without_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no MUGEN dataset") as caught:
        load_mugen(tmp_path)
    assert "nesy data make" in (caught.value.hint or "")


def test_limit(made: Path) -> None:
    assert {s: len(c) for s, c in load_mugen(made, limit=2).splits.items()} == {"train": 2, "val": 2, "test": 2}


def real_game() -> dict[str, Any]:
    """Twelve frames in the real release's fields: walk right, eat a coin, climb, be killed by a snail."""
    maze = ["S" * 64] + ["." * 64 for _ in range(12)]
    maze[1] = maze[1][:12] + "=" + maze[1][13:20] + "#" + maze[1][21:]
    maze[2] = maze[2][:12] + "=" + maze[2][13:]
    maze[1] = maze[1][:11] + "2" + maze[1][12:]
    agent = {
        "vx": 0.2, "vy": 0.0, "ladder": False, "spring": 0, "is_killed": False, "is_facing_right": True,
        "killed_monster": False, "power_up_mode": False,
    }  # fmt: skip
    frames = []
    for f in range(12):
        a = dict(agent, x=10.0 + 0.2 * min(f, 6), y=1.0)
        if 6 <= f < 9:
            a.update(x=12.0, y=1.0 + 0.2 * (f - 5), ladder=True, vx=0.0)
        if f >= 9:
            a.update(x=12.0, y=1.6, is_killed=True, vx=0.0)
        monsters = [
            {"m_id": 0, "x": 13.5, "y": 1.6, "vx": -0.1, "theme": 1, "is_dead": False},
            {"m_id": 1, "x": 14.0, "y": 1.0, "vx": -0.1, "theme": 0, "is_dead": False},
        ]
        # the coin at (10, 1) is a space in the cut file's maze, because it is eaten by the end of the clip
        frames.append({"frame_id": f, "coins_eaten": [[10, 1]] if f >= 2 else [], "agent": a, "monsters": monsters})
    return {
        "game_id": 0, "level_seed": 7, "zoom": 5.5, "maze_w": 64, "maze_h": 13, "maze": maze, "frames": frames,
        "monster_names": {"ground": ["sawHalf"], "walking": ["snail"], "flying": ["bee"]},
    }  # fmt: skip


def test_real_game_files_give_tracks_and_facts() -> None:
    tracks, truth, fps, size = derive_scene(real_game(), 12, 256)
    names = [truth.vocabulary.classes[c] for c in truth.classes]
    assert sorted(names) == ["coin", "gem", "ladder", "mugen", "snail"]  # the saw has no name here, the crate is far
    assert (fps, size) == (30.0, (256, 256))
    me, coin, ladder, snail = (names.index(n) for n in ("mugen", "coin", "ladder", "snail"))

    def holds(name: str, *who: int) -> list[bool]:
        if len(who) == 1:
            return truth.unary[:, who[0], truth.vocabulary.unary.index(name)].tolist()
        return truth.binary[:, who[0], who[1], truth.vocabulary.binary.index(name)].tolist()

    assert holds("walking", me) == [f < 6 for f in range(12)]
    assert holds("climbing", me) == [6 <= f < 9 for f in range(12)]
    assert holds("on", me, ladder) == holds("climbing", me)
    assert holds("dead", me) == [f >= 9 for f in range(12)]
    assert holds("collecting", me, coin) == [2 <= f < 11 for f in range(12)]  # 0.3 s
    assert tracks.present[:, coin].tolist() == [f < 11 for f in range(12)]
    assert holds("killing", snail, me) == [f >= 9 for f in range(12)]
    assert holds("facing_right", me) == [f < 9 for f in range(12)]
    # 22 pixels a cell; x: half a cell left of the middle, 127; y: 256 - 127 + 6 cells is y = 0, feet one up
    np.testing.assert_allclose(tracks.boxes[0, me], [116, 195, 138, 239], atol=0.01)


def test_a_folder_of_the_real_layout_loads_through_its_data_folder(tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "a.json").write_text(json.dumps(real_game()))
    write_video(tmp_path / "release" / "a.mp4", np.zeros((12, 256, 256, 3), np.uint8), 30)
    index = {
        "metadata": {"data_folder": "/somewhere/else/release"},
        "data": [
            {
                "video": {"json_file": "a.json", "video_file": "a.mp4", "num_frames": 12},
                "annotations": [{"type": "auto", "text": "Mugen walks to the right."}],
            }
        ],
    }
    (tmp_path / "train.json").write_text(json.dumps(index))
    dataset = load_mugen(tmp_path)
    (clip,) = dataset.splits["train"]
    assert clip.frames().shape[0] == 12 and clip.group == "level 7"
    broken = real_game()
    del broken["frames"][3]["agent"]["ladder"]
    (tmp_path / "release" / "a.json").write_text(json.dumps(broken))
    with pytest.raises(DataError, match="inconsistent game file"):
        load_mugen(tmp_path)


@pytest.mark.parametrize("change", ["one box for all frames", "one id for two tracks"])
def test_tracks_that_cannot_be_laid_out_are_inconsistent(made: Path, tmp_path: Path, change: str) -> None:
    root = shutil.copytree(made, tmp_path / "data")

    def spoil(entry: dict[str, Any], game: Path, video: Path) -> None:
        scene = json.loads(game.read_text())
        tracks = scene["nesy"]["tracks"]
        if change == "one box for all frames":
            longest = max(tracks, key=lambda t: len(t["boxes"]))
            longest["boxes"] = longest["boxes"][:1]
        else:
            tracks.append(tracks[0])
        game.write_text(json.dumps(scene))

    edit(root, 0, spoil)
    dataset = load_mugen(root)
    assert dict(dataset.report.skipped) == {"inconsistent game file": 1} and dataset.report.read == 29
