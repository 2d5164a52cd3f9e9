from __future__ import annotations

from pathlib import Path

import pytest

from nesy.datasets import describe, open_dataset
from nesy.errors import DataError


def test_platformer_is_made_once_for_each_choice_of_settings(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    settings: dict[str, object] = {"clips": 6, "frames": 12}
    first = open_dataset("platformer", settings, tmp_path, lambda a, b: calls.append((a, b)))
    assert calls == [(k, 6) for k in range(1, 7)]
    calls.clear()
    again = open_dataset("platformer", settings, tmp_path, lambda a, b: calls.append((a, b)))
    assert calls == [(6, 6)] and [c.captions for c in again.clips] == [c.captions for c in first.clips]
    other = open_dataset("platformer", {**settings, "seed": 5}, tmp_path)
    assert [c.captions for c in other.clips] != [c.captions for c in first.clips]
    assert len(list(tmp_path.iterdir())) == 2
    assert first.name == "platformer" and first.clips[0].tracks.present.shape[0] == 12


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"clps": 5}, "unknown data setting `clps`", "did you mean `clips`?"),
        ({"clips": "many"}, "cannot be 'many'", None),
        ({"clips": True}, "cannot be True", None),
        ({"clips": 2.5}, "cannot be 2.5", None),
        ({"difficulty": "harder"}, "`difficulty` cannot be 'harder'", "did you mean `hard`?"),
        ({"clips": 0}, "`clips` cannot be 0", None),
        ({"clips": float("inf")}, "`clips` cannot be inf", None),
        ({"clips": float("nan")}, "`clips` cannot be nan", None),
        ({"fps": 30}, "`fps` cannot be 30", None),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, settings: dict[str, object], message: str, hint: str | None) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_dataset("platformer", settings, tmp_path)
    assert caught.value.hint == hint


def test_paths_and_names(made: Path, tmp_path: Path) -> None:
    assert open_dataset(str(made), {}, tmp_path).report.read == 30
    with pytest.raises(DataError, match="unknown dataset `plattformer`") as caught:
        open_dataset("plattformer", {}, tmp_path)
    assert caught.value.hint == "did you mean `platformer`?"
    with pytest.raises(DataError, match="unknown data setting"):
        open_dataset(str(made), {"clips": 3}, tmp_path)


def test_describe_counts_what_a_loop_counts(made: Path, tmp_path: Path) -> None:
    dataset = open_dataset(str(made), {}, tmp_path)
    told = describe(dataset)
    assert told["clips"] == {"train": 22, "val": 4, "test": 4} and told["frames"] == 30 * 24
    column = dataset.vocabulary.unary.index("climbing")
    truths = [c.truth for c in dataset.clips if c.truth is not None]
    in_clips = sum(bool(t.unary[:, :, column].any()) for t in truths) / 30
    in_frames = sum(bool(t.unary[f, :, column].any()) for t in truths for f in range(24)) / (30 * 24)
    assert told["unary"]["climbing"] == pytest.approx((in_clips, in_frames))
    assert sum(told["classes"].values()) == sum(len(c.tracks.ids) for c in dataset.clips)
    assert set(told["captions"]) == {"auto", "manual"} and told["captions"]["auto"] == 30
