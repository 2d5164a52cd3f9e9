from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from nesy.datasets.mugen import load_mugen
from nesy.datasets.platformer import make_platformer
from nesy.datasets.platformer.make import split_levels
from nesy.errors import DataError


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_equal_arguments_give_equal_bytes_and_another_seed_other_clips(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_platformer(tmp_path / name, 6, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    texts = [
        {
            a["text"]
            for s in ("train", "val", "test")
            for d in json.loads((tmp_path / n / f"{s}.json").read_text())["data"]
            for a in d["annotations"]
        }
        for n in "ac"
    ]
    assert texts[0] != texts[1]


def test_an_interrupted_making_leaves_nothing_and_goes_on(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, of: int) -> None:
        assert of == 8
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        make_platformer(tmp_path / "data", 8, progress=stop)
    assert not (tmp_path / "data").exists()
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / ".data.partial" / "videos").iterdir()}
    assert len(kept) == 5
    seen: list[int] = []
    make_platformer(tmp_path / "data", 8, progress=lambda done, of: seen.append(done))
    assert seen == list(range(1, 9))
    assert not (tmp_path / ".data.partial").exists()
    assert all((tmp_path / "data" / "videos" / p.name).stat().st_mtime_ns == t for p, t in kept.items()), "made twice"
    make_platformer(tmp_path / "whole", 8)
    assert contents(tmp_path / "data") == contents(tmp_path / "whole")


def test_a_partial_folder_of_other_arguments_is_not_mixed_in(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_platformer(tmp_path / "data", 4, seed=9, progress=stop)
    make_platformer(tmp_path / "data", 4, seed=1)
    make_platformer(tmp_path / "fresh", 4, seed=1)
    assert contents(tmp_path / "data") == contents(tmp_path / "fresh")


def test_making_again_leaves_the_dataset_alone_and_never_overwrites_another(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()  # an empty folder may be filled
    make_platformer(tmp_path / "data", 4)
    before = (tmp_path / "data" / "train.json").stat().st_mtime_ns
    make_platformer(tmp_path / "data", 4)
    assert (tmp_path / "data" / "train.json").stat().st_mtime_ns == before
    with pytest.raises(DataError, match="something else"):
        make_platformer(tmp_path / "data", 5)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="something else"):
        make_platformer(tmp_path / "mine", 4)
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize(
    "wrong",
    [{"clips": 0}, {"frames": 1}, {"fps": 2}, {"fps": 60}, {"size": 63}, {"size": 8}, {"difficulty": "nromal"}],
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {"clips": 2, **wrong}
    with pytest.raises(DataError) as caught:
        make_platformer(tmp_path / "data", **arguments)  # type: ignore[arg-type]
    assert caught.value.expected
    if "difficulty" in wrong:
        assert caught.value.hint == "did you mean `normal`?"
    assert not list(tmp_path.iterdir())


def test_splits_share_no_level(made: Path) -> None:
    dataset = load_mugen(made)
    groups = {split: {c.group for c in clips} for split, clips in dataset.splits.items()}
    assert all(groups.values())
    for a, b in combinations(groups, 2):
        assert not groups[a] & groups[b]
    sizes = {split: len(clips) for split, clips in dataset.splits.items()}
    assert sizes == {"train": 22, "val": 4, "test": 4}


def test_split_shares_are_70_15_15() -> None:
    split_of = split_levels(2000, seed=0)
    assert len(split_of) == 1000
    assert [split_of.count(s) for s in ("train", "val", "test")] == [700, 150, 150]


def test_other_rates_and_sizes(tmp_path: Path) -> None:
    make_platformer(tmp_path / "data", 3, frames=30, fps=10, size=128, difficulty="hard")
    for clip in load_mugen(tmp_path / "data").clips:
        assert clip.frames().shape == (30, 128, 128, 3)
        assert (clip.fps, clip.size) == (10.0, (128, 128))


def test_two_processes_may_make_the_same_dataset_at_once(tmp_path: Path) -> None:
    out = str(tmp_path / "data")
    code = f"from pathlib import Path; from nesy.datasets.platformer import make_platformer as m; m(Path({out!r}), 12)"
    running = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    make_platformer(tmp_path / "alone", 12)
    assert contents(tmp_path / "data") == contents(tmp_path / "alone")


def test_an_unwritable_place_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError):
        make_platformer(tmp_path / "file" / "data", 2)
