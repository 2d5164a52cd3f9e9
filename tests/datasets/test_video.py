from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nesy.datasets.video import check_mp4, read_video, write_video
from nesy.errors import DataError


def clip(frames: int = 6, height: int = 48, width: int = 64) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x * 3, y * 4, (x + y) * 2], -1)
    return np.stack([np.clip(picture + 4 * t, 0, 255) for t in range(frames)]).astype(np.uint8)


def test_a_written_video_reads_back_nearly_the_same(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip(), 8)
    back = read_video(tmp_path / "a.mp4", expected_frames=6)
    assert back.dtype == np.uint8 and back.shape == (6, 48, 64, 3)
    assert np.abs(back.astype(int) - clip()).mean() < 4


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    red = np.zeros((3, 32, 32, 3), np.uint8)
    red[..., 0] = 220
    write_video(tmp_path / "a.mp4", red, 8)
    mean = read_video(tmp_path / "a.mp4").mean((0, 1, 2))
    assert mean[0] > 180 and mean[1] < 40 and mean[2] < 40


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    seen = set()
    for _ in range(20):
        _litter = noise.integers(0, 255, int(noise.integers(1, 100_000)))  # other bytes in freed memory each time
        write_video(tmp_path / "a.mp4", clip(24), 8)
        seen.add((tmp_path / "a.mp4").read_bytes())
    assert len(seen) == 1


def test_odd_sides_are_padded(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip(3, 33, 45), 8)
    assert read_video(tmp_path / "a.mp4").shape == (3, 34, 46, 3)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.9])
def test_a_cut_file_is_named_by_both_checks(tmp_path: Path, share: float) -> None:
    path = tmp_path / "cut.mp4"
    write_video(path, clip(), 8)
    check_mp4(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    for read in (read_video, check_mp4):
        with pytest.raises(DataError, match=r"cut\.mp4") as caught:
            read(path)
        assert caught.value.hint


def test_missing_files_wrong_counts_and_other_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_video(tmp_path / "none.mp4")
    write_video(tmp_path / "a.mp4", clip(), 8)
    with pytest.raises(DataError, match="6 frames, its metadata says 7"):
        read_video(tmp_path / "a.mp4", expected_frames=7)
    (tmp_path / "text.mp4").write_text("no video at all, only words" * 20)
    with pytest.raises(DataError, match=r"text\.mp4"):
        read_video(tmp_path / "text.mp4")
    with pytest.raises(DataError, match="uint8"):
        write_video(tmp_path / "b.mp4", np.zeros((0, 8, 8, 3), np.uint8), 8)
